//! Hands out the tokens against forged requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use flashsale_sale::UserId;
use serde::Serialize;

use crate::answer::Answer;
use crate::signed::COOKIES_TRIED_MAX;
use crate::{App, identity};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    csrf_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// `GET /api/csrf`. A browser whose token is still fresh gets the same again, so that its second tab
/// does not take the cookie away from its first; otherwise the token is a new one. Where buyers show who they
/// are, it is for the one who asks, and the answer says who that is.
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let buyer = identity::buyer(&app, &headers)?;
    let buyer = buyer.as_ref();
    let now = app.now();
    let kept = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| app.csrf.tokens_in(line.as_bytes()))
        .take(COOKIES_TRIED_MAX)
        .find(|token| app.csrf.is_fresh(token, now, buyer))
        .and_then(|token| String::from_utf8(token.to_owned()).ok());
    let csrf_token = kept.unwrap_or_else(|| app.csrf.issue(now, app.bytes(), buyer));
    let head = [
        (SET_COOKIE, app.csrf.cookie(&csrf_token)),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let body = Json(Wire {
        csrf_token,
        user_id: buyer.map(UserId::as_str),
    });
    Ok((head, body).into_response())
}
