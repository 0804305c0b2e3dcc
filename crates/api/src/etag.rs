//! The tags by which a client says what it has already (RFC 9110, 13.1.2).

use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

/// Names these very bytes.
pub(crate) fn strong(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(format!("\"{}\"", hash(bytes))).expect("a tag is plain ASCII")
}

/// Tells contents apart, in 16 hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let start = digest[..8].try_into().expect("eight of 32 bytes");
    format!("{:016x}", u64::from_be_bytes(start))
}

/// Whether the client's list of tags has this one, compared weakly.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH);
    lists
        .iter()
        .any(|known| matches(known.as_bytes(), tag.as_bytes()))
}

fn matches(known: &[u8], tag: &[u8]) -> bool {
    known.trim_ascii() == b"*"
        || known
            .split(|byte| *byte == b',')
            .any(|known| opaque(known.trim_ascii()) == opaque(tag))
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_every_form_of_the_list() {
        let check = |known: &str, expected: bool| {
            assert_eq!(matches(known.as_bytes(), b"W/\"a\""), expected, "{known}");
        };
        for known in [
            "W/\"a\"",
            "\"a\"",
            "*",
            " * ",
            "\"b\", W/\"a\"",
            "\"b\",\"a\" ",
        ] {
            check(known, true);
        }
        for other in ["", "a", "\"b\"", "\"ab\"", "W/", "\"*\""] {
            check(other, false);
        }
    }
}
