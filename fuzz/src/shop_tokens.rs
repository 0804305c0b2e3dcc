//! The token of a shop that names the buyer: where it is looked for, who can have made it, and what it must say.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use flashsale_api::fuzzing;
use flashsale_api::identity::algorithm::Algorithm;
use flashsale_api::identity::keys::Keys;
use flashsale_api::identity::verifier::Verifier;
use flashsale_sale::{Timestamp, UserId};
use serde_json::Value;

use crate::headers::headers;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// The same, in seconds.
const NOW_S: f64 = 1_800_000_000.0;
const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";
/// The same, and its name.
const KEYS: &[u8] =
    br#"{"keys":[{"kty":"oct","kid":"one","k":"YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcywgb2s"}]}"#;
const HEAD: &[u8] = br#"{"alg":"HS256","kid":"one"}"#;
const CLAIMS: &[u8] = br#"{"sub":"ada","aud":"shop","iss":"https://shop","exp":1800000600}"#;
const COOKIE_NAME: &str = "shopToken";
/// What a token may be off, and how far ahead it may end, in seconds.
const LEEWAY_S: f64 = 30.0;
const LIFETIME_S: f64 = 604_800.0;
/// How long a token can be good: that, with what it may be off at both ends, in milliseconds.
const LONGEST_MS: u64 = 604_860_000;

fn buyer(token: &[u8], now: Timestamp) -> Option<UserId> {
    let keys = Keys::parse(KEYS, &Algorithm::ALL).expect("a key");
    let verifier = Verifier::new(keys, "shop".to_owned(), Some("https://shop".to_owned()));
    fuzzing::buyer(&verifier, token, now)
}

/// The token is a part of what was sent, and with one more it is not known which.
pub(crate) fn bearer(input: &[u8]) {
    for name in [AUTHORIZATION, COOKIE] {
        let sent = headers(&name, input);
        let found = fuzzing::only_token(&sent, Some(COOKIE_NAME));
        if let Ok(Some(token)) = found {
            let mut lines = sent.values().map(HeaderValue::as_bytes);
            let is_in = |line: &[u8]| token.is_empty() || contains(line, token);
            assert!(lines.any(is_in));
        }
        let more = [(AUTHORIZATION, "Bearer x"), (COOKIE, "y=1; shopToken=x")];
        for (name, value) in more {
            let mut longer: HeaderMap = sent.clone();
            longer.append(name, HeaderValue::from_static(value));
            let both = fuzzing::only_token(&longer, Some(COOKIE_NAME));
            match found {
                Ok(None) => assert_eq!(both, Ok(Some(&b"x"[..]))),
                Ok(Some(_)) | Err(_) => assert!(both.is_err()),
            }
        }
    }
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// Only what the key has signed is good; the corpus has one.
pub(crate) fn token(input: &[u8]) {
    if buyer(input, NOW).is_some() {
        let text = str::from_utf8(input).expect("a token is text");
        let (message, _) = text.rsplit_once('.').expect("a token has parts");
        assert_eq!(fuzzing::sign(message, SECRET), text);
    }
    // Neither is one with the input in the place of any of its bytes.
    let good = fuzzing::token(HEAD, CLAIMS, SECRET).into_bytes();
    assert!(buyer(&good, NOW).is_some());
    for (at, byte) in input.iter().enumerate().take(good.len()) {
        let mut changed = good.clone();
        changed[at] = *byte;
        assert_eq!(buyer(&changed, NOW).is_some(), changed == good);
    }
}

/// A head that is signed is good only for the algorithm of the key, and for nothing that must be understood.
pub(crate) fn token_head(input: &[u8]) {
    let token = fuzzing::token(input, CLAIMS, SECRET);
    let Some(buyer) = buyer(token.as_bytes(), NOW) else {
        return;
    };
    assert_eq!(buyer.as_str(), "ada");
    // Numbers that are too large for a double are passed over where nobody asks for them.
    if let Ok(head) = serde_json::from_slice::<Value>(input) {
        assert_eq!(head["alg"], "HS256");
        assert!(head["crit"].is_null());
        assert!(head["kid"].is_null() || head["kid"] == "one");
    }
}

/// Claims that are signed are good only for this server and this shop, in their time, for whom another reader finds
/// in them.
pub(crate) fn token_claims(input: &[u8]) {
    let token = fuzzing::token(HEAD, input, SECRET);
    let Some(found) = buyer(token.as_bytes(), NOW) else {
        return;
    };
    let latest = Timestamp(NOW.0 + LONGEST_MS);
    assert_eq!(buyer(token.as_bytes(), latest), None, "good for ever");
    let Ok(claims) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let named = claims["sub"].as_str().map(UserId::parse);
    assert_eq!(named, Some(Ok(found)));
    let audience = &claims["aud"];
    let all = audience.as_array();
    assert!(audience == "shop" || all.is_some_and(|all| all.iter().any(|one| one == "shop")));
    assert_eq!(claims["iss"], "https://shop");
    let ends = claims["exp"].as_f64().expect("it ends");
    assert!(ends > NOW_S - LEEWAY_S && ends < NOW_S + LIFETIME_S + LEEWAY_S + 0.001);
    let begins = claims.get("nbf").map(|nbf| nbf.as_f64().expect("a time"));
    assert!(begins.is_none_or(|begins| begins < NOW_S + LEEWAY_S + 0.001));
}
