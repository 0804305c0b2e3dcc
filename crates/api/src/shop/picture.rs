//! The picture of the product. What it is, its first bytes say, not its name.

use std::fmt;

use bytes::Bytes;

/// The largest picture, in bytes: every buyer loads it at the same moment.
pub const PICTURE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How far into a text the element `svg` may begin, in bytes.
const SVG_HEAD_BYTES_MAX: usize = 4 * 1024;

/// A picture that browsers can show.
#[derive(Debug, Clone)]
pub struct Picture {
    pub(crate) body: Bytes,
    pub(crate) kind: Kind,
}

/// The kinds that every browser of today can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Svg,
    Png,
    Jpeg,
    Webp,
    Avif,
}

/// These bytes are not the picture of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidPicture {
    /// More than [`PICTURE_BYTES_MAX`].
    TooLarge,
    /// None of the kinds.
    UnknownKind,
}

impl fmt::Display for InvalidPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "is larger than 2 MiB",
            Self::UnknownKind => "is no SVG, PNG, JPEG, WebP or AVIF",
        })
    }
}

impl std::error::Error for InvalidPicture {}

impl Picture {
    /// Takes the contents of a file.
    pub fn new(contents: Vec<u8>) -> Result<Self, InvalidPicture> {
        if contents.len() > PICTURE_BYTES_MAX {
            return Err(InvalidPicture::TooLarge);
        }
        let kind = Kind::of(&contents).ok_or(InvalidPicture::UnknownKind)?;
        Ok(Self {
            body: contents.into(),
            kind,
        })
    }
}

impl Kind {
    fn of(contents: &[u8]) -> Option<Self> {
        match contents {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            [
                _,
                _,
                _,
                _,
                b'f',
                b't',
                b'y',
                b'p',
                b'a',
                b'v',
                b'i',
                b'f' | b's',
                ..,
            ] => Some(Self::Avif),
            text if is_svg(text) => Some(Self::Svg),
            _ => None,
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Avif => "avif",
        }
    }
}

/// A text in UTF-8 that begins with an element `svg`, but for what XML lets stand before it.
fn is_svg(contents: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(contents) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = ["<svg", "<?xml", "<!--", "<!DOCTYPE svg"];
    begins.iter().any(|begin| text.starts_with(begin))
        && text.find("<svg").is_some_and(|at| at < SVG_HEAD_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_kind() {
        let check = |contents: &[u8], expected: Option<Kind>| {
            assert_eq!(Kind::of(contents), expected, "{contents:?}");
        };
        check(b"\x89PNG\r\n\x1a\n....", Some(Kind::Png));
        check(b"\xff\xd8\xff\xe0....", Some(Kind::Jpeg));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", Some(Kind::Webp));
        check(b"\0\0\0\x20ftypavif....", Some(Kind::Avif));
        check(b"\0\0\0\x20ftypavis....", Some(Kind::Avif));
        check(
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            Some(Kind::Svg),
        );
        check(
            b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- a --><svg/>",
            Some(Kind::Svg),
        );
        for none in [
            &b""[..],
            b"\x89PNG",
            b"GIF89a....",
            b"\0\0\0\x20ftypisom....",
            b"RIFF\x10\0\0\0WAVEfmt ",
            b"<html><svg/></html>",
            b"<?xml version='1.0'?><rss/>",
            b"<svg \xff/>",
        ] {
            check(none, None);
        }
    }

    #[test]
    fn a_picture_has_a_largest_size() {
        let mut contents = b"\xff\xd8\xff".to_vec();
        contents.resize(PICTURE_BYTES_MAX, 0);
        assert!(Picture::new(contents.clone()).is_ok());
        contents.push(0);
        let told = Picture::new(contents).err();
        assert_eq!(told, Some(InvalidPicture::TooLarge));
    }
}
