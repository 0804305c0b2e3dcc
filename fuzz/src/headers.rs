//! What clients say of what they have and take, and which pages may ask.

use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flashsale_api::fuzzing;
use flashsale_api::middleware::cors::Origins;

/// One header for each line of the input that a header can carry.
pub(crate) fn headers(name: &HeaderName, input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        // A map holds 32,768 at most, and a head that is read far fewer.
        if let Ok(value) = HeaderValue::from_bytes(line)
            && headers.len() < 100
        {
            headers.append(name, value);
        }
    }
    headers
}

/// A coding is sent only where it is there, and not to whoever refuses it.
pub(crate) fn accept_encoding(input: &[u8]) {
    let mut asked = headers(&ACCEPT_ENCODING, input);
    assert_eq!(fuzzing::best_encoding(&asked, false, false), None);
    let gzip = fuzzing::best_encoding(&asked, false, true);
    assert!(gzip.is_none_or(|name| name == "gzip"), "{gzip:?}");
    let brotli = fuzzing::best_encoding(&asked, true, false);
    assert!(brotli.is_none_or(|name| name == "br"), "{brotli:?}");
    let best = fuzzing::best_encoding(&asked, true, true);
    assert_eq!(best.is_some(), gzip.or(brotli).is_some());
    let refused = HeaderValue::from_static("gzip;q=0, br;q=0");
    asked.append(ACCEPT_ENCODING, refused);
    assert_eq!(fuzzing::best_encoding(&asked, true, true), None);
}

/// A list that has the tag has it in whatever place, and only then.
pub(crate) fn if_none_match(input: &[u8]) {
    const TAG: &str = "W/\"0123456789abcdef\"";
    const OPAQUE: &[u8] = b"\"0123456789abcdef\"";
    let mut known = headers(&IF_NONE_MATCH, input);
    if fuzzing::is_known(&known, TAG) {
        let is_there = |part: &[u8]| input.windows(part.len()).any(|window| window == part);
        assert!(is_there(OPAQUE) || is_there(b"*"));
    }
    for line in input.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(&[OPAQUE, b" ,", line].concat()) {
            assert!(fuzzing::is_known(
                &HeaderMap::from_iter([(IF_NONE_MATCH, value)]),
                TAG
            ));
        }
    }
    known.append(IF_NONE_MATCH, HeaderValue::from_static(TAG));
    assert!(fuzzing::is_known(&known, TAG));
}

/// The name that is answered can stand anywhere, and is the client's own if that one can.
pub(crate) fn correlation_id(input: &[u8]) {
    let name = HeaderName::from_static("correlation-id");
    let given = headers(&name, input);
    let answered = fuzzing::correlation_id(&given);
    let is_plain = |text: &[u8]| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        (1..=128).contains(&text.len()) && text.iter().all(plain)
    };
    assert!(is_plain(answered.as_bytes()), "{answered:?}");
    let first = given.get(&name).map(HeaderValue::as_bytes);
    match first.filter(|first| is_plain(first)) {
        Some(first) => assert_eq!(answered.as_bytes(), first),
        None => assert_eq!(answered, "0".repeat(32)),
    }
    // The same bytes as a type: what is read as JSON says so.
    let kind = headers(&CONTENT_TYPE, input);
    if fuzzing::is_json(&kind) {
        assert_eq!(kind.len(), 1);
        let text = kind[CONTENT_TYPE].as_bytes().to_ascii_lowercase();
        assert!(text.trim_ascii_start().starts_with(b"application/json"));
    }
}

/// What is taken for an origin is a scheme and an authority as browsers write them, and nothing else.
pub(crate) fn origin(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    if Origins::default().add(text).is_err() {
        return;
    }
    let (scheme, authority) = text.split_once("://").expect("with a scheme");
    assert!(matches!(scheme, "http" | "https"));
    assert!(!authority.is_empty());
    let is_written = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    assert!(authority.bytes().all(is_written));
    assert!(!authority.contains(['@', '/', '\\', '?', '#', '*']));
    // As browsers write a port: in plain digits, and not the usual one.
    let behind_address = authority.rsplit(']').next().unwrap_or_default();
    if let Some((_, port)) = behind_address.rsplit_once(':') {
        let number: u16 = port.parse().expect("a port is a number");
        assert_eq!(port, number.to_string());
        assert_ne!(number, if scheme == "https" { 443 } else { 80 });
    }
}
