//! Hands out the tokens against forged requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::App;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    csrf_token: String,
}

/// `GET /api/csrf`. A browser whose token is still fresh gets the same again, so that its second tab
/// does not take the cookie away from its first; otherwise the token is a new one.
pub(crate) async fn issue(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let now = app.now();
    let kept = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| app.csrf.tokens_in(line.as_bytes()))
        .find(|token| app.csrf.is_fresh(token, now))
        .and_then(|token| String::from_utf8(token.to_owned()).ok());
    let csrf_token = kept.unwrap_or_else(|| app.csrf.issue(now, app.bytes()));
    let head = [
        (SET_COOKIE, app.csrf.cookie(&csrf_token)),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (head, Json(Wire { csrf_token })).into_response()
}
