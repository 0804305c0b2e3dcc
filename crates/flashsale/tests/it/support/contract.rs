//! The shapes of the HTTP contract, held to the letter: these fields, of these types, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::client::CSRF_COOKIE;
use super::http::Response;

/// What every answer has, whatever it says. Returns its correlation id.
#[track_caller]
pub(crate) fn assert_common(response: &Response) -> &str {
    assert_eq!(
        response.header("x-content-type-options"),
        Some("nosniff"),
        "{response:?}"
    );
    let policy = response.header("content-security-policy");
    let policy = policy.unwrap_or_else(|| panic!("no policy: {response:?}"));
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let id = response.header("correlation-id");
    let id = id.unwrap_or_else(|| panic!("no correlation id: {response:?}"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    assert!(
        (1..=128).contains(&id.len()) && id.chars().all(plain),
        "correlation id {id:?}"
    );
    id
}

/// A JSON object with exactly these fields. Where there is a message, it is a sentence, and the
/// correlation id of the header stands beside it.
#[track_caller]
pub(crate) fn assert_json(response: &Response, status: u16, fields: &[&str]) -> Value {
    let text = response.text();
    assert_eq!(response.status, status, "{text}");
    let id = assert_common(response);
    assert_eq!(
        response.header("content-type"),
        Some("application/json"),
        "{text}"
    );
    let body = response.json();
    let object = body
        .as_object()
        .unwrap_or_else(|| panic!("no object: {text}"));
    let found: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(found, fields.iter().copied().collect(), "{text}");
    if let Some(message) = body.get("message") {
        let sentence = message
            .as_str()
            .is_some_and(|text| text.len() > 5 && text.ends_with('.'));
        assert!(sentence, "a sentence for a person: {text}");
        assert_eq!(body["correlationId"], id, "{text}");
    }
    body
}

/// An error: `error`, `message`, `correlationId` and what belongs to this one.
#[track_caller]
pub(crate) fn assert_error(response: &Response, status: u16, code: &str, more: &[&str]) -> Value {
    let fields = [&["error", "message", "correlationId"], more].concat();
    let body = assert_json(response, status, &fields);
    assert_eq!(body["error"], code, "{body}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{body}");
    body
}

/// What came of a purchase that did not become an order now: `status`, `message`, `correlationId`
/// and what belongs to this one.
#[track_caller]
pub(crate) fn assert_outcome(response: &Response, code: u16, status: &str, more: &[&str]) -> Value {
    let fields = [&["status", "message", "correlationId"], more].concat();
    let body = assert_json(response, code, &fields);
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{body}");
    body
}

/// Refused because it may be forged, for that reason. Returns the fresh token, which is in the body
/// and in the cookie.
#[track_caller]
pub(crate) fn assert_csrf(response: &Response, reason: &str) -> String {
    assert_csrf_with(CSRF_COOKIE, response, reason)
}

/// The same for a cookie of another name.
#[track_caller]
pub(crate) fn assert_csrf_with(cookie_name: &str, response: &Response, reason: &str) -> String {
    let body = assert_error(response, 403, "csrf", &["reason", "csrfToken"]);
    assert_eq!(body["reason"], reason, "{body}");
    let token = body["csrfToken"].as_str().expect("a token").to_owned();
    let cookie = response.header("set-cookie").expect("a cookie");
    let carried = cookie.starts_with(&format!("{cookie_name}={token}; "));
    assert!(carried, "{cookie} carries the token {token}");
    token
}

/// An order id: 32 lower-case hexadecimal digits.
#[track_caller]
pub(crate) fn assert_order_id(id: &Value) -> String {
    let text = id.as_str().unwrap_or_else(|| panic!("{id} is no text"));
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    assert!(
        text.len() == 32 && text.chars().all(hexadecimal),
        "{text:?} is no order id"
    );
    text.to_owned()
}
