//! What an answer of the API means.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;

use crate::exchange::{Reply, Trouble};

/// What one purchase heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `200 purchased`, with the order's id.
    Purchased(Box<str>),
    /// `409 already_purchased`, with the order's id.
    AlreadyPurchased(Box<str>),
    /// `410 sold_out`.
    SoldOut,
    /// `403 not_active`.
    NotActive,
    /// `503 busy`, and when to come back.
    Busy(Duration),
    /// `429`, and when to come back.
    RateLimited(Duration),
    /// `403 csrf`, with a fresh token.
    Csrf(String),
    /// Another refusal that the contract knows: 400, 408, 413, 415, 422.
    Refused(u16),
    /// The server failed: 500 and above, but for `busy`.
    Failed(u16),
    /// Nothing in time.
    TimedOut,
    /// No connection, or one that ended too early.
    Lost(String),
    /// Something that the contract does not know.
    OffContract(String),
}

/// The kinds of answers, as reports count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Purchased,
    AlreadyPurchased,
    SoldOut,
    NotActive,
    Busy,
    RateLimited,
    Csrf,
    Refused,
    Failed,
    TimedOut,
    Lost,
    OffContract,
}

/// Every kind, in the order of reports.
pub(crate) const KINDS: [Kind; 12] = [
    Kind::Purchased,
    Kind::AlreadyPurchased,
    Kind::SoldOut,
    Kind::NotActive,
    Kind::Busy,
    Kind::RateLimited,
    Kind::Csrf,
    Kind::Refused,
    Kind::Failed,
    Kind::TimedOut,
    Kind::Lost,
    Kind::OffContract,
];

/// What the status says. Stock may be below zero: a server that oversells may say so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    #[serde(rename = "status")]
    pub(crate) phase: String,
    pub(crate) starts_at: u64,
    pub(crate) ends_at: u64,
    pub(crate) stock: i64,
    pub(crate) sold: i64,
    pub(crate) product_id: String,
    pub(crate) product_description: String,
    pub(crate) server_time: u64,
}

/// What a look-up says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LookUp {
    pub(crate) purchased: bool,
    pub(crate) order_id: Option<Box<str>>,
}

/// The body of an answer to a purchase: what is not there is not looked for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wire<'a> {
    #[serde(borrow)]
    status: Option<&'a str>,
    error: Option<&'a str>,
    order_id: Option<Box<str>>,
    csrf_token: Option<String>,
    retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireToken {
    csrf_token: String,
}

impl Answer {
    /// Reads what a purchase has heard.
    pub(crate) fn read(result: Result<&Reply, &Trouble>) -> Self {
        match result {
            Ok(reply) => Self::of_reply(reply),
            Err(Trouble::TimedOut) => Self::TimedOut,
            Err(Trouble::Connect(reason)) => Self::Lost(format!("no connection: {reason}")),
            Err(Trouble::Broken(reason)) => Self::Lost(reason.clone()),
            Err(Trouble::NotSent) => Self::Lost("closed before the request was sent".to_owned()),
        }
    }

    fn of_reply(reply: &Reply) -> Self {
        const DEFAULT_PAUSE_MS: u64 = 1_000;
        let wire: Wire<'_> = serde_json::from_slice(&reply.body).unwrap_or_default();
        let pause = Duration::from_millis(wire.retry_after_ms.unwrap_or(DEFAULT_PAUSE_MS));
        match (
            reply.status,
            wire.status,
            wire.error,
            wire.order_id,
            wire.csrf_token,
        ) {
            (StatusCode::OK, Some("purchased"), _, Some(id), _) => Self::Purchased(id),
            (StatusCode::CONFLICT, Some("already_purchased"), _, Some(id), _) => {
                Self::AlreadyPurchased(id)
            }
            (StatusCode::GONE, Some("sold_out"), ..) => Self::SoldOut,
            (StatusCode::FORBIDDEN, Some("not_active"), ..) => Self::NotActive,
            (StatusCode::FORBIDDEN, _, Some("csrf"), _, Some(token)) => Self::Csrf(token),
            (StatusCode::SERVICE_UNAVAILABLE, Some("busy"), ..) => Self::Busy(pause),
            (StatusCode::TOO_MANY_REQUESTS, ..) => Self::RateLimited(pause),
            (status, _, Some(_), ..) if matches!(status.as_u16(), 400 | 408 | 413 | 415 | 422) => {
                Self::Refused(status.as_u16())
            }
            (status, ..) if status.is_server_error() => Self::Failed(status.as_u16()),
            (status, ..) => Self::OffContract(format!(
                "{status}: {}",
                String::from_utf8_lossy(&reply.body)
                    .chars()
                    .take(200)
                    .collect::<String>()
            )),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Purchased(_) => Kind::Purchased,
            Self::AlreadyPurchased(_) => Kind::AlreadyPurchased,
            Self::SoldOut => Kind::SoldOut,
            Self::NotActive => Kind::NotActive,
            Self::Busy(_) => Kind::Busy,
            Self::RateLimited(_) => Kind::RateLimited,
            Self::Csrf(_) => Kind::Csrf,
            Self::Refused(_) => Kind::Refused,
            Self::Failed(_) => Kind::Failed,
            Self::TimedOut => Kind::TimedOut,
            Self::Lost(_) => Kind::Lost,
            Self::OffContract(_) => Kind::OffContract,
        }
    }
}

impl Kind {
    /// As in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::AlreadyPurchased => "already_purchased",
            Self::SoldOut => "sold_out",
            Self::NotActive => "not_active",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::Csrf => "csrf",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Lost => "connection_lost",
            Self::OffContract => "off_contract",
        }
    }

    /// As a person reads it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::AlreadyPurchased => "already purchased",
            Self::SoldOut => "sold out",
            Self::NotActive => "not active",
            Self::Busy => "busy",
            Self::RateLimited => "rate limited",
            Self::Csrf => "token refused",
            Self::Refused => "refused as invalid",
            Self::Failed => "server failed",
            Self::TimedOut => "timed out",
            Self::Lost => "connection lost",
            Self::OffContract => "not understood",
        }
    }

    /// Whether somebody should look at it: in a sound run there is none.
    pub(crate) fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Failed | Self::TimedOut | Self::Lost | Self::OffContract
        )
    }
}

/// Reads a body that has one shape only.
pub(crate) fn read<'a, T: Deserialize<'a>>(reply: &'a Reply) -> Result<T, String> {
    if reply.status != StatusCode::OK {
        return Err(format!("answered {}", reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|error| format!("sent an unreadable body: {error}"))
}

/// The token of an answer to `GET /api/csrf`. A server without such a route has no tokens.
pub(crate) fn read_token(reply: &Reply) -> Result<Option<String>, String> {
    if reply.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    read::<WireToken>(reply).map(|wire| Some(wire.csrf_token))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &'static str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[track_caller]
    fn check(status: u16, body: &'static str, expected: &Answer) {
        assert_eq!(
            &Answer::read(Ok(&reply(status, body))),
            expected,
            "{status} {body}"
        );
    }

    #[test]
    fn every_answer_of_the_contract_is_understood() {
        check(
            200,
            r#"{"status":"purchased","orderId":"7f"}"#,
            &Answer::Purchased("7f".into()),
        );
        let second = r#"{"status":"already_purchased","orderId":"7f","message":"A \"text\"."}"#;
        check(409, second, &Answer::AlreadyPurchased("7f".into()));
        check(410, r#"{"status":"sold_out"}"#, &Answer::SoldOut);
        check(
            403,
            r#"{"status":"not_active","phase":"ended"}"#,
            &Answer::NotActive,
        );
        let busy = r#"{"status":"busy","retryAfterMs":1500}"#;
        check(503, busy, &Answer::Busy(Duration::from_millis(1500)));
        let limited = r#"{"error":"rate_limited","retryAfterMs":20}"#;
        check(
            429,
            limited,
            &Answer::RateLimited(Duration::from_millis(20)),
        );
        check(429, "", &Answer::RateLimited(Duration::from_secs(1)));
        let csrf = r#"{"error":"csrf","reason":"invalid","csrfToken":"t"}"#;
        check(403, csrf, &Answer::Csrf("t".to_owned()));
        check(422, r#"{"error":"invalid_user"}"#, &Answer::Refused(422));
        check(500, r#"{"error":"internal"}"#, &Answer::Failed(500));
        check(502, "<html>", &Answer::Failed(502));
    }

    #[test]
    fn what_the_contract_does_not_know_is_named() {
        for (status, body) in [
            (200, r#"{"status":"purchased"}"#),
            (200, r#"{"status":"sold_out"}"#),
            (409, r#"{"status":"already_purchased"}"#),
            (200, "<html>"),
            (403, "Forbidden"),
            (404, ""),
            (302, ""),
        ] {
            let answer = Answer::read(Ok(&reply(status, body)));
            assert_eq!(answer.kind(), Kind::OffContract, "{status} {body}");
        }
    }

    #[test]
    fn a_server_without_tokens_needs_none() {
        assert_eq!(read_token(&reply(404, "")), Ok(None));
        let token = reply(200, r#"{"csrfToken":"t"}"#);
        assert_eq!(read_token(&token), Ok(Some("t".to_owned())));
        assert!(read_token(&reply(500, "")).is_err());
        assert!(read_token(&reply(200, "{}")).is_err());
    }

    #[test]
    fn each_kind_stands_at_its_own_place() {
        for (position, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, position, "{}", kind.name());
        }
    }
}
