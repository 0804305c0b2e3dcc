//! The one token of a request: in the header `Authorization`, or in a cookie that the shop has set.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderValue};

use crate::answer::{Refusal, TokenReason};
use crate::signed::{bearer_token, cookies_in};

/// A second token may be planted, by a sibling site that sets a cookie or by a careless front, and then
/// nobody can tell whose request it is (RFC 6750, 2 and 3.1).
const TWICE: Refusal = Refusal::BadRequest(
    "the token must be sent once, in one header Authorization or in one cookie",
);

/// The token, in its own bytes. Other schemes than `Bearer` are passed over: a front may use them.
pub(crate) fn only_token<'a>(
    headers: &'a HeaderMap,
    cookie: Option<&'a str>,
) -> Result<&'a [u8], Refusal> {
    let bearers = headers.get_all(AUTHORIZATION).iter();
    let bearers = bearers.filter_map(|value| bearer_token(value.as_bytes()));
    let cookies = cookie.into_iter().flat_map(|name| {
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        lines.flat_map(move |line| cookies_in(line, name))
    });
    let mut tokens = bearers.chain(cookies);
    let token = tokens
        .next()
        .ok_or(Refusal::NoIdentity(TokenReason::Missing))?;
    match tokens.next() {
        None => Ok(token),
        Some(_) => Err(TWICE),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn check(lines: &[(HeaderName, &'static str)], expected: Result<&str, &str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        let found = match only_token(&headers, Some("shopToken")) {
            Ok(token) => Ok(std::str::from_utf8(token).unwrap()),
            Err(Refusal::NoIdentity(TokenReason::Missing)) => Err("missing"),
            Err(Refusal::BadRequest(_)) => Err("twice"),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{lines:?}");
    }

    #[test]
    fn row_51_there_is_one_token_or_none_is_taken() {
        check(&[], Err("missing"));
        check(&[(AUTHORIZATION, "Bearer a.b.c")], Ok("a.b.c"));
        check(&[(AUTHORIZATION, "bEARER   a.b.c")], Ok("a.b.c"));
        check(&[(AUTHORIZATION, "Basic YTpi")], Err("missing"));
        check(&[(AUTHORIZATION, "Bearer")], Err("missing"));
        check(&[(COOKIE, "shopToken=a.b.c; x=1")], Ok("a.b.c"));
        check(&[(COOKIE, "shoptoken=a.b.c")], Err("missing"));
        check(&[(COOKIE, "shopToken=")], Err("missing"));
        check(
            &[(AUTHORIZATION, "Basic YTpi"), (COOKIE, "shopToken=a.b.c")],
            Ok("a.b.c"),
        );
        for twice in [
            [(AUTHORIZATION, "Bearer a"), (AUTHORIZATION, "Bearer a")],
            [(AUTHORIZATION, "Bearer a"), (COOKIE, "shopToken=a")],
            [(COOKIE, "shopToken=a"), (COOKIE, "x=1; shopToken=a")],
        ] {
            check(&twice, Err("twice"));
        }
        check(&[(COOKIE, "shopToken=a; shopToken=b")], Err("twice"));
    }

    #[test]
    fn without_a_name_no_cookie_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("shopToken=a; =b"));
        assert!(only_token(&headers, None).is_err());
    }
}
