//! Every outcome and error, and the status code it becomes. What is neither, the status of the sale,
//! the health and the page, has its plain 200, 304 or 503 in its handler.
//!
//! A handler returns an [`Answer`]; the outermost middleware writes it down, because it knows the
//! correlation id that belongs into each body.

mod reasons;

use std::borrow::Cow;

use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use flashsale_limits::RateLimited;
use flashsale_sale::{InvalidUserId, Order, OrderId, Outcome, Phase};
use http_body_util::{Either, Full};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bots::{CheckReason, PassReason};
use crate::middleware::correlation::CorrelationId;
use crate::{App, Busy, limits};

/// The body of a response: one piece, or whatever the router's handlers make.
pub(crate) type Body = Either<Full<Bytes>, axum::body::Body>;

/// What a handler leaves to the outermost middleware: a response, and the answer that is still to be
/// written into it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Response<Body>,
    pub(crate) answer: Option<Answer>,
}

/// What a request comes to, if that is not a plain page or a status.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The unit is the buyer's.
    Purchased(Order),
    /// The buyer had one already.
    AlreadyPurchased(Order),
    /// None is left.
    SoldOut,
    /// The sale is not open.
    NotActive(Phase),
    /// The sale is open, and the shop has stopped it for now.
    Paused,
    /// The sale has not decided on the request.
    Refused(Refusal),
}

/// Why a request was refused without a decision of the sale, or could not be answered.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// It may have been forged. The token is a new one, to try again with.
    Csrf {
        /// What was wrong with the old one.
        reason: CsrfReason,
        /// A new one.
        token: String,
    },
    /// The user id is missing, is no text, or is not valid.
    InvalidUser(Option<InvalidUserId>),
    /// It cannot be understood; the sentence says where.
    BadRequest(&'static str),
    /// The body ended too early, or its framing cannot be understood.
    BrokenBody,
    /// The body is over the limit.
    PayloadTooLarge,
    /// The body is not JSON in UTF-8.
    UnsupportedMediaType,
    /// The body did not arrive in time.
    RequestTimeout,
    /// Who buys has not shown a token of the shop that is good.
    NoIdentity(TokenReason),
    /// The body names somebody else than the token.
    OtherUser,
    /// There is a check before the sale, and the buyer shows no pass that is good.
    PassRequired(PassReason),
    /// The check is not passed.
    CheckFailed(CheckReason),
    /// The service that checks does not answer. The text, for the log, says why.
    CheckUnavailable(String),
    /// The check of this sale is another one.
    OtherCheck,
    /// Who asks has not shown the token of the console.
    Unauthorized,
    /// Another site made the browser of somebody who is signed in send it.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// Something is there, but not for this method.
    MethodNotAllowed,
    /// Too many requests came from one address, or for one user.
    RateLimited(RateLimited),
    /// There is no answer to a purchase now; the same request later gets one, at the time that is told.
    Busy(Busy),
    /// The same for who only looks. The text, for the log, says why.
    Crowded(String),
    /// The server is at fault. The text is for the log, never for the client.
    Internal(String),
}

/// Why a request may be forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CsrfReason {
    /// The browser says that another site made it.
    CrossSite,
    /// There is no cookie.
    MissingCookie,
    /// There is no header.
    MissingHeader,
    /// The header is not the cookie.
    Mismatch,
    /// They agree, but the token is not ours, or too old.
    Invalid,
}

/// What is wrong with the token of a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenReason {
    /// There is none.
    Missing,
    /// It was good until a while ago.
    Expired,
    /// It will be good in a while.
    NotYetValid,
    /// It is none of the shop's, or not for this server, or does not say who buys.
    Invalid,
}

/// Why a request was refused, where there are several reasons.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Reason {
    Csrf(CsrfReason),
    Token(TokenReason),
    Pass(PassReason),
    Check(CheckReason),
}

/// The body of an answer: what is absent is not written.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
}

impl Answer {
    /// Writes status, headers and body. Headers that are there already stay.
    pub(crate) fn write(&self, response: &mut Response<Body>, id: &CorrelationId, app: &App) {
        let retry_after_ms = match self {
            Self::Refused(Refusal::Busy(_)) => Some(app.return_ms()),
            Self::Refused(Refusal::Crowded(_) | Refusal::CheckUnavailable(_)) => {
                Some(app.retry_after_ms())
            }
            Self::Refused(Refusal::RateLimited(limited)) => Some(limited.retry_after_ms()),
            _ => None,
        };
        let (status, wire) = self.wire();
        let correlation_id = wire.message.is_some().then(|| id.as_str());
        let body = serde_json::to_vec(&Wire {
            retry_after_ms,
            correlation_id,
            ..wire
        })
        .expect("strings and numbers always serialise");
        *response.status_mut() = status;
        *response.body_mut() = Body::Left(body.into());

        let headers = response.headers_mut();
        // It may be there already, for the empty body that this one replaces.
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(ms) = retry_after_ms {
            headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        match self {
            Self::Refused(Refusal::Csrf { token, .. }) => {
                let cookie = HeaderValue::try_from(app.csrf.cookie(token));
                headers.insert(SET_COOKIE, cookie.expect("a token is plain ASCII"));
            }
            // The body was not read to its end, so nothing else can follow on this connection.
            Self::Refused(
                Refusal::BrokenBody | Refusal::PayloadTooLarge | Refusal::RequestTimeout,
            ) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Refused(Refusal::RateLimited(limited)) => {
                limits::write_headers(*limited, headers);
            }
            Self::Refused(Refusal::Unauthorized) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Refused(Refusal::NoIdentity(reason)) => {
                let challenge = HeaderValue::from_static(reason.challenge());
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
    }

    fn wire(&self) -> (StatusCode, Wire<'_>) {
        match self {
            Self::Purchased(order) => {
                let order_id = Some(order_id(order.id));
                (
                    StatusCode::OK,
                    Wire {
                        status: Some("purchased"),
                        order_id,
                        ..Wire::default()
                    },
                )
            }
            Self::AlreadyPurchased(order) => {
                let wire = outcome("already_purchased", "This user has an order already.");
                (
                    StatusCode::CONFLICT,
                    Wire {
                        order_id: Some(order_id(order.id)),
                        ..wire
                    },
                )
            }
            Self::SoldOut => (StatusCode::GONE, outcome("sold_out", "Every unit is sold.")),
            Self::NotActive(phase) => {
                let message = match phase {
                    Phase::Upcoming => "The sale has not started yet.",
                    _ => "The sale is over.",
                };
                let wire = outcome("not_active", message);
                (
                    StatusCode::FORBIDDEN,
                    Wire {
                        phase: Some(phase_name(*phase)),
                        ..wire
                    },
                )
            }
            Self::Paused => {
                let message = "The shop has paused the sale. It may go on at any moment.";
                let wire = outcome("not_active", message);
                (
                    StatusCode::FORBIDDEN,
                    Wire {
                        phase: Some("paused"),
                        ..wire
                    },
                )
            }
            Self::Refused(refusal) => refusal.wire(),
        }
    }
}

impl Refusal {
    fn wire(&self) -> (StatusCode, Wire<'_>) {
        match self {
            Self::Csrf { reason, token } => {
                let wire = error("csrf", reason.message());
                let csrf_token = Some(token.as_str());
                (
                    StatusCode::FORBIDDEN,
                    Wire {
                        reason: Some(Reason::Csrf(*reason)),
                        csrf_token,
                        ..wire
                    },
                )
            }
            Self::InvalidUser(reason) => {
                let message = match reason {
                    Some(reason) => format!("The user id {reason}."),
                    None => "The user id must be given as text in \"userId\".".to_owned(),
                };
                (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    error("invalid_user", message),
                )
            }
            Self::BadRequest(sentence) => bad_request(sentence),
            Self::BrokenBody => bad_request("the body ended too early or was not framed rightly"),
            Self::PayloadTooLarge => {
                let message = "The request body is too large.";
                (
                    StatusCode::PAYLOAD_TOO_LARGE,
                    error("payload_too_large", message),
                )
            }
            Self::UnsupportedMediaType => {
                let message = "The request body must be application/json in UTF-8, not compressed.";
                (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    error("unsupported_media_type", message),
                )
            }
            Self::RequestTimeout => {
                let message = "The request body did not arrive in time.";
                (
                    StatusCode::REQUEST_TIMEOUT,
                    error("request_timeout", message),
                )
            }
            Self::NoIdentity(reason) => {
                let wire = error("unauthorized", reason.message());
                let reason = Some(Reason::Token(*reason));
                (StatusCode::UNAUTHORIZED, Wire { reason, ..wire })
            }
            Self::OtherUser => {
                let message = "The body names another user than the token. Leave \"userId\" out.";
                (StatusCode::FORBIDDEN, error("other_user", message))
            }
            Self::PassRequired(reason) => pass_required(*reason),
            Self::CheckFailed(reason) => check_failed(*reason),
            Self::CheckUnavailable(_) => check_unavailable(),
            Self::OtherCheck => other_check(),
            Self::Unauthorized => {
                let message =
                    "Sign in with the token of the console, or send it as a bearer token.";
                (StatusCode::UNAUTHORIZED, error("unauthorized", message))
            }
            Self::Forbidden => {
                let message = "The browser says that another site made this request.";
                (StatusCode::FORBIDDEN, error("forbidden", message))
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                error("not_found", "There is nothing at this address."),
            ),
            Self::MethodNotAllowed => {
                let message = "This address does not take this method; see the header Allow.";
                (
                    StatusCode::METHOD_NOT_ALLOWED,
                    error("method_not_allowed", message),
                )
            }
            Self::RateLimited(limited) => {
                let wire = error("rate_limited", reasons::too_often(limited.who));
                (StatusCode::TOO_MANY_REQUESTS, wire)
            }
            Self::Busy(_) | Self::Crowded(_) => {
                let message = "Too busy to answer now. Send the same request again in a moment.";
                (StatusCode::SERVICE_UNAVAILABLE, outcome("busy", message))
            }
            Self::Internal(_) => {
                let message = "The server failed. The correlation id finds the reason in its log.";
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    error("internal", message),
                )
            }
        }
    }
}

/// The word for a phase, in every body that has one.
pub(crate) fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Upcoming => "upcoming",
        Phase::Active => "active",
        Phase::SoldOut => "sold_out",
        Phase::Ended => "ended",
    }
}

pub(crate) fn order_id(id: OrderId) -> String {
    id.to_string()
}

fn bad_request(sentence: &str) -> (StatusCode, Wire<'static>) {
    let message = format!("The request cannot be understood: {sentence}.");
    (StatusCode::BAD_REQUEST, error("bad_request", message))
}

fn pass_required(reason: PassReason) -> (StatusCode, Wire<'static>) {
    let wire = error("pass_required", reason.message());
    let reason = Some(Reason::Pass(reason));
    (StatusCode::FORBIDDEN, Wire { reason, ..wire })
}

fn check_failed(reason: CheckReason) -> (StatusCode, Wire<'static>) {
    let wire = error("check_failed", reason.message());
    let reason = Some(Reason::Check(reason));
    (StatusCode::FORBIDDEN, Wire { reason, ..wire })
}

fn check_unavailable() -> (StatusCode, Wire<'static>) {
    let message = "The check cannot be made now. Try again in a moment.";
    (
        StatusCode::SERVICE_UNAVAILABLE,
        error("check_unavailable", message),
    )
}

fn other_check() -> (StatusCode, Wire<'static>) {
    let message = "The check of this sale is another one: GET /api/check says which.";
    (StatusCode::CONFLICT, error("other_check", message))
}

fn outcome(status: &'static str, message: &'static str) -> Wire<'static> {
    Wire {
        status: Some(status),
        message: Some(message.into()),
        ..Wire::default()
    }
}

fn error<'a>(error: &'static str, message: impl Into<Cow<'a, str>>) -> Wire<'a> {
    Wire {
        error: Some(error),
        message: Some(message.into()),
        ..Wire::default()
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Purchased(order) => Self::Purchased(order),
            Outcome::AlreadyPurchased(order) => Self::AlreadyPurchased(order),
            Outcome::SoldOut => Self::SoldOut,
            Outcome::NotActive(phase) => Self::NotActive(phase),
            Outcome::Paused => Self::Paused,
            Outcome::TooOften(limited) => Self::Refused(Refusal::RateLimited(limited)),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Self::Busy(busy)
    }
}

impl From<Busy> for Answer {
    fn from(busy: Busy) -> Self {
        Self::Refused(busy.into())
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Answer::from(refusal).into()
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let mut response = Response::new(Body::Left(Full::default()));
        // Until it is written down it must not pass for a success: the router leaves `Allow` out there.
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Self {
            response,
            answer: Some(answer),
        }
    }
}

/// With what the router brings, the answer comes in the response's extensions.
impl From<axum::response::Response> for Reply {
    fn from(mut response: axum::response::Response) -> Self {
        let answer = response.extensions_mut().remove().flatten();
        Self {
            response: response.map(Body::Right),
            answer,
        }
    }
}

impl From<Response<Full<Bytes>>> for Reply {
    fn from(response: Response<Full<Bytes>>) -> Self {
        Self {
            response: response.map(Body::Left),
            answer: None,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        Reply::from(self).into_response()
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> axum::response::Response {
        let Self { response, answer } = self;
        let mut response = response.map(axum::body::Body::new);
        response.extensions_mut().insert(answer);
        response
    }
}
