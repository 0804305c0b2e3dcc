//! Whether the process lives, and whether it can sell.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::App;

#[derive(Serialize)]
struct Wire {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

/// `GET /livez`: the process answers.
pub(crate) async fn live() -> Response {
    answer(StatusCode::OK, "live", Vec::new())
}

/// `GET /readyz`: the ledger takes orders, or the reasons why it does not.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.orders.ready() {
        Ok(()) => answer(StatusCode::OK, "ready", Vec::new()),
        Err(reason) => answer(StatusCode::SERVICE_UNAVAILABLE, "not_ready", vec![reason]),
    }
}

fn answer(code: StatusCode, status: &'static str, reasons: Vec<String>) -> Response {
    (
        code,
        [(CACHE_CONTROL, "no-store")],
        Json(Wire { status, reasons }),
    )
        .into_response()
}
