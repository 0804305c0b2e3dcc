//! Gives a request its name, and sees to it that every answer is whole, counted and logged once.
//!
//! Handlers do not log: they return what happened, and it is logged here, so that every line about a
//! request carries its correlation id. Addresses and ids of buyers never appear: the line shows the
//! route, not the path.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use axum::middleware::Next;
use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::correlation::{CORRELATION_ID, CorrelationId};
use crate::App;
use crate::answer::{Answer, Body, Refusal, Reply};

const NOSNIFF: (HeaderName, HeaderValue) = (
    axum::http::header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

/// Nothing is to be shown in a frame. The files of the page say so, and more, by a policy of their own.
const UNFRAMED: HeaderValue = HeaderValue::from_static("frame-ancestors 'none'");

/// What is told of a request, kept while it is answered.
pub(crate) struct Asked<'a> {
    id: CorrelationId,
    method: Method,
    route: &'a str,
    at: Instant,
}

impl<'a> Asked<'a> {
    /// A request has come in for this route.
    pub(crate) fn new<B>(app: &App, request: &Request<B>, route: &'a str) -> Self {
        Self {
            id: CorrelationId::of_request(request.headers(), app.random),
            method: request.method().clone(),
            route,
            at: Instant::now(),
        }
    }
}

/// Waits for the reply to a request, and makes a whole answer of it.
pub(crate) async fn observe(
    app: &App,
    asked: Asked<'_>,
    reply: impl Future<Output = Reply>,
) -> Response<Body> {
    let result = AssertUnwindSafe(reply).catch_unwind().await;
    let Reply {
        answer,
        mut response,
    } = result.unwrap_or_else(|panic| {
        let reason = panic_text(&*panic).to_owned();
        Answer::Refused(Refusal::Internal(reason)).into()
    });
    if let Some(answer) = &answer {
        // The answer was waiting for the correlation id to be written down.
        answer.write(&mut response, &asked.id, app);
    }
    let (status, answer) = (response.status(), answer.as_ref());
    let took = asked.at.elapsed();
    app.meters.answered(asked.route, status, answer, took);
    asked.log(status, answer, took);
    let headers = response.headers_mut();
    headers.insert(NOSNIFF.0, NOSNIFF.1);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(UNFRAMED);
    headers.insert(CORRELATION_ID, asked.id.into_header_value());
    response
}

/// The same as a layer of a router.
pub(super) async fn observe_routed(
    State(app): State<Arc<App>>,
    request: Request<axum::body::Body>,
    next: Next,
) -> Response<axum::body::Body> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let asked = Asked::new(&app, &request, route);
    let reply = async { Reply::from(next.run(request).await) };
    observe(&app, asked, reply).await.map(axum::body::Body::new)
}

impl Asked<'_> {
    fn log(&self, status: StatusCode, answer: Option<&Answer>, took: Duration) {
        macro_rules! line {
            ($level:ident, $message:literal $(, $field:ident = $value:expr)*) => {
                tracing::$level!(
                    correlation_id = self.id.as_str(),
                    method = self.method.as_str(),
                    route = self.route,
                    status = status.as_u16(),
                    took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                    $($field = $value,)*
                    $message
                )
            };
        }
        match answer {
            Some(Answer::Refused(Refusal::Internal(reason))) => {
                line!(error, "a request failed", reason = reason.as_str());
            }
            Some(Answer::Refused(Refusal::Busy(busy))) => {
                line!(debug, "too busy for a request", reason = busy.0.as_str());
            }
            Some(Answer::Refused(Refusal::Crowded(reason))) => {
                line!(debug, "too busy for a look", reason = reason.as_str());
            }
            Some(Answer::Refused(Refusal::CheckUnavailable(reason))) => {
                line!(
                    debug,
                    "the service that checks has not answered",
                    reason = reason.as_str()
                );
            }
            Some(Answer::Purchased(order)) => {
                line!(
                    info,
                    "a purchase is confirmed",
                    unit = order.unit,
                    order_id = order.id.to_string()
                );
            }
            _ => line!(debug, "a request is answered"),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}
