//! Reads the body of a purchase, bounded in length and time, and checks that it says that it is JSON. Others
//! that name a user are read in the same way.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::{Bytes, BytesMut};
use flashsale_sale::UserId;
use flashsale_sale::user_id::USER_ID_CHARS_MAX;
use futures_util::future::poll_fn;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::answer::Refusal;

/// The longest body, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// A character written as two JSON escapes, `\uD83D\uDE00`: the longest way.
const ESCAPED_CHAR_BYTES_MAX: usize = 12;
// So a user id that is much too long is still told so, and not that the body is.
const _: () = assert!(3 * USER_ID_CHARS_MAX * ESCAPED_CHAR_BYTES_MAX < BODY_BYTES_MAX);

/// Who wants to buy. Where that is known already, the body need not say it, and may say nothing else.
pub(super) async fn read(
    body: impl Body<Data = Bytes> + Unpin,
    timeout: Duration,
    known: Option<UserId>,
) -> Result<UserId, Refusal> {
    buyer(known, parse(&collect_within(timeout, body).await?)?)
}

/// Who it is, by what is known of him and what a body says.
pub(super) fn buyer(known: Option<UserId>, named: Option<UserId>) -> Result<UserId, Refusal> {
    match (known, named) {
        (None, Some(user)) => Ok(user),
        (None, None) => Err(Refusal::InvalidUser(None)),
        (Some(buyer), Some(user)) if buyer != user => Err(Refusal::OtherUser),
        (Some(buyer), _) => Ok(buyer),
    }
}

pub(super) async fn collect_within(
    timeout: Duration,
    body: impl Body<Data = Bytes> + Unpin,
) -> Result<Bytes, Refusal> {
    let mut collecting = pin!(collect(body));
    // hyper hands a body over only after it was asked for. A short one came with its head, so it is
    // there the second time, and needs no timer.
    let mut is_asked_for = false;
    let at_once = poll_fn(|context| match collecting.as_mut().poll(context) {
        Poll::Ready(body) => Poll::Ready(Some(body)),
        Poll::Pending if is_asked_for => Poll::Ready(None),
        Poll::Pending => {
            is_asked_for = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    if let Some(body) = at_once.await {
        return body;
    }
    let body = Box::pin(tokio::time::timeout(timeout, collecting)).await;
    body.map_err(|_elapsed| Refusal::RequestTimeout)?
}

async fn collect(mut body: impl Body<Data = Bytes> + Unpin) -> Result<Bytes, Refusal> {
    let mut whole = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BrokenBody)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > BODY_BYTES_MAX {
            return Err(Refusal::PayloadTooLarge);
        }
        whole = if whole.is_empty() {
            data
        } else {
            // Nearly every body is one piece, and then nothing is copied.
            let mut longer = BytesMut::from(whole);
            longer.extend_from_slice(&data);
            longer.freeze()
        };
    }
    Ok(whole)
}

/// `application/json`, with no character set but UTF-8, said once, and not compressed.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = only.to_str() else {
        return false;
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameter = parameters.trim();
    essence.trim().eq_ignore_ascii_case("application/json")
        && (parameter.is_empty()
            || parameter.eq_ignore_ascii_case("charset=utf-8")
            || parameter.eq_ignore_ascii_case("charset=\"utf-8\""))
}

/// An object in which `userId` stands once at most. Other members are passed over, so that clients may send
/// more than this version knows.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "userId", default, borrow)]
    user_id: Option<Text<'a>>,
}

/// A member that should be a text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Text<'a> {
    Borrowed(&'a str),
    /// With escapes in it, so that the text is not the bytes of the body.
    Owned(String),
    Other(IgnoredAny),
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Borrowed(text) => Some(text),
            Self::Owned(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

pub(crate) fn parse(body: &[u8]) -> Result<Option<UserId>, Refusal> {
    let wire: Wire<'_> = object(body)?;
    user(wire.user_id.as_ref())
}

/// The members of an object.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    // A struct would also be read from an array; the contract says object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::BadRequest("the body must be a JSON object"));
    }
    serde_json::from_slice(body)
        .map_err(|_| Refusal::BadRequest("the body must be JSON, with each member once"))
}

/// Whom a body names, if it names anybody.
pub(super) fn user(named: Option<&Text<'_>>) -> Result<Option<UserId>, Refusal> {
    let Some(named) = named else { return Ok(None) };
    let text = named.as_str().ok_or(Refusal::InvalidUser(None))?;
    UserId::parse(text)
        .map(Some)
        .map_err(|reason| Refusal::InvalidUser(Some(reason)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Result<&str, &str>) {
        let parsed = match parse(body.as_bytes()) {
            Ok(Some(user)) => Ok(user.as_str().to_owned()),
            Ok(None) => Err("nobody"),
            Err(Refusal::BadRequest(_)) => Err("bad_request"),
            Err(Refusal::InvalidUser(_)) => Err("invalid_user"),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(parsed.as_deref().map_err(|e| *e), expected, "{body}");
    }

    #[test]
    fn row_35_every_body_has_its_answer() {
        check(r#"{"userId":"ada"}"#, Ok("ada"));
        check(r#" {"userId":"a\u0064a\"", "more": [1, {}]} "#, Ok("ada\""));
        check(r#"{"userId":"ada@X.org"}"#, Ok("ada@x.org"));
        for body in [
            "",
            "{",
            "null",
            "1",
            "\"ada\"",
            "[]",
            r#"["ada"]"#,
            r#"{"userId":"ada"}x"#,
        ] {
            check(body, Err("bad_request"));
        }
        check(r#"{"userId":"ada","userId":"bob"}"#, Err("bad_request"));
        check(r#"{"userId":"\ud800"}"#, Err("bad_request"));
        check("\u{FEFF}{\"userId\":\"ada\"}", Err("bad_request"));
        for body in [r#"{"userId":1}"#, r#"{"userId":["ada"]}"#] {
            check(body, Err("invalid_user"));
        }
        for body in [r"{}", r#"{"userId":null}"#] {
            check(body, Err("nobody"));
        }
        check(r#"{"userId":"a\u0000da"}"#, Err("invalid_user"));
        let deep = format!(
            r#"{{"userId":{}1{}}}"#,
            "[".repeat(4_000),
            "]".repeat(4_000)
        );
        assert!(parse(deep.as_bytes()).is_err());
        let deep = format!(
            r#"{{"more":{}1{},"userId":"ada"}}"#,
            "[".repeat(4_000),
            "]".repeat(4_000)
        );
        check(&deep, Ok("ada"));
    }

    #[test]
    fn row_34_only_json_in_utf_8_is_read() {
        let check = |values: &[&'static str], expected: bool| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(is_json(&headers), expected, "{values:?}");
        };
        check(&["application/json"], true);
        check(&["Application/JSON ; charset=UTF-8"], true);
        check(&["application/json; charset=\"utf-8\""], true);
        check(&[], false);
        check(&[""], false);
        check(&["application/json", "application/json"], false);
        check(&["application/json; charset=latin1"], false);
        check(&["application/jsonp"], false);
        check(&["text/plain"], false);
        check(&["application/x-www-form-urlencoded"], false);
    }
}
