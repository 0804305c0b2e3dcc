//! Gives a request its name, and sees to it that every answer is whole and logged once.
//!
//! Handlers do not log: they return what happened, and it is logged here, so that every line about a
//! request carries its correlation id. Addresses and ids of buyers never appear: the line shows the
//! route, not the path.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::correlation::{CORRELATION_ID, CorrelationId};
use crate::App;
use crate::answer::{Answer, Refusal};

const NOSNIFF: (HeaderName, HeaderValue) = (
    axum::http::header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started_at = Instant::now();
    let id = CorrelationId::of_request(request.headers(), app.random);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();

    let result = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = result.unwrap_or_else(|panic| {
        let reason = panic_text(&*panic).to_owned();
        Answer::Refused(Refusal::Internal(reason)).into()
    });
    let answer = response.extensions_mut().remove::<Answer>();
    if let Some(answer) = &answer {
        // The answer was waiting for the correlation id to be written down.
        answer.write(&mut response, &id, &app);
    }
    let headers = response.headers_mut();
    headers.insert(CORRELATION_ID, id.header_value());
    headers.insert(NOSNIFF.0, NOSNIFF.1);

    let line = Line {
        id: &id,
        method: method.as_str(),
        route: route.as_ref().map_or("-", MatchedPath::as_str),
        status: response.status(),
        answer: answer.as_ref(),
        took_us: u64::try_from(started_at.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    line.log();
    response
}

struct Line<'a> {
    id: &'a CorrelationId,
    method: &'a str,
    route: &'a str,
    status: StatusCode,
    answer: Option<&'a Answer>,
    took_us: u64,
}

impl Line<'_> {
    fn log(&self) {
        macro_rules! line {
            ($level:ident, $message:literal $(, $field:ident = $value:expr)*) => {
                tracing::$level!(
                    correlation_id = self.id.as_str(),
                    method = self.method,
                    route = self.route,
                    status = self.status.as_u16(),
                    took_us = self.took_us,
                    $($field = $value,)*
                    $message
                )
            };
        }
        match self.answer {
            Some(Answer::Refused(Refusal::Internal(reason))) => {
                line!(error, "a request failed", reason = reason.as_str());
            }
            Some(Answer::Refused(Refusal::Busy(busy))) => {
                line!(debug, "too busy for a request", reason = busy.0.as_str());
            }
            Some(Answer::Purchased(order)) => {
                line!(
                    info,
                    "a purchase is confirmed",
                    unit = order.unit,
                    order_id = tracing::field::display(order.id)
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
