//! `X-Forwarded-For` and `Forwarded` (RFC 7239), read from their end: the last hop was written by the proxy
//! that is nearest.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The hops of `X-Forwarded-For`, the last one first; none for one that cannot be read.
pub(super) fn in_x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let hops = lines(headers, X_FORWARDED_FOR).flat_map(|line| line.rsplit(','));
    hops.map(|hop| address(hop.trim()))
}

/// The same of `Forwarded`. A quote that the client left open hides hops behind it; then they cannot be read, and
/// nothing before them is believed, nor anything that stands beside it.
pub(super) fn in_forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let hops = lines(headers, FORWARDED).flat_map(|line| {
        let mut hops: Vec<_> = Pieces::of(line, b',').collect();
        hops.reverse();
        hops
    });
    hops.map(|hop| hop_of_pairs(hop?))
}

/// The last line first. What is no plain text is an empty line: it has no hop that could be believed.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name);
    lines
        .into_iter()
        .rev()
        .map(|line| line.to_str().unwrap_or_default())
}

/// Pairs, of which `for` names the hop.
fn hop_of_pairs(text: &str) -> Option<IpAddr> {
    let mut hops = Pieces::of(text, b';').filter_map(|pair| {
        let (name, value) = pair?.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then_some(value.trim())
    });
    let (Some(hop), None) = (hops.next(), hops.next()) else {
        return None;
    };
    match hop.strip_prefix('"') {
        Some(quoted) => address(quoted.strip_suffix('"')?),
        None => address(hop),
    }
}

/// An address, in the forms in which proxies write one: alone, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok().or_else(|| {
        let with_port = text.parse().ok().map(|address: SocketAddr| address.ip());
        with_port.or_else(|| {
            let inside = text.strip_prefix('[')?.strip_suffix(']')?;
            inside.parse().ok().map(IpAddr::V6)
        })
    });
    address.map(|address| address.to_canonical())
}

/// The pieces of a text between separators that are not in quotes; none for one whose quote is never closed.
struct Pieces<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str, separator: u8) -> Self {
        let rest = Some(text);
        Self { rest, separator }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Option<&'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.take()?;
        let (mut is_quoted, mut is_escaped) = (false, false);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_quoted => is_escaped = true,
                b'"' => is_quoted = !is_quoted,
                _ if byte == self.separator && !is_quoted => {
                    self.rest = Some(&text[index + 1..]);
                    return Some(Some(&text[..index]));
                }
                _ => {}
            }
        }
        Some((!is_quoted).then_some(text))
    }
}
