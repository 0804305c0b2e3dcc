//! The check before the sale: which it is, what there is to work on, and the pass for whoever has passed it.
//!
//! Nothing here is counted for the user, whom the client may have made up: it would keep the real one from buying.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use flashsale_sale::UserId;
use serde::Serialize;

use super::{pass_body, purchase_body};
use crate::answer::{Refusal, Reply};
use crate::{App, etag, middleware, unread};

/// As short as that of the status: a setting may be changed.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=1");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Work {
    challenge: String,
    bits: u8,
    expires_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pass {
    expires_at: u64,
}

/// `GET /api/check`.
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let told = &app.bots.told;
    let tag = told.etag.to_str().expect("a tag is plain ASCII");
    let mut response = if etag::is_known(&headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(CONTENT_TYPE, "application/json")];
        (json, told.body.clone()).into_response()
    };
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, CACHE);
    head.insert(ETAG, told.etag.clone());
    response
}

/// `POST /api/check`: something to work on.
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    request: Request<Body>,
) -> Result<Response, Reply> {
    let (buyer, body) = admitted(&app, request).await?;
    let user = purchase_body::read(body, app.body_timeout, buyer).await?;
    let (granted, bits) = app.bots.challenge(app.now(), app.bytes(), &user)?;
    let body = Json(Work {
        challenge: granted.text,
        bits,
        expires_at: granted.expires_at.0,
    });
    Ok(([(CACHE_CONTROL, NO_STORE)], body).into_response())
}

/// `POST /api/pass`: a pass for good evidence.
pub(crate) async fn pass(
    State(app): State<Arc<App>>,
    request: Request<Body>,
) -> Result<Response, Reply> {
    let (buyer, body) = admitted(&app, request).await?;
    let (user, evidence) = pass_body::read(body, app.body_timeout, buyer).await?;
    let granted = app.bots.pass(app.now(), &user, &evidence).await?;
    let cookie = HeaderValue::try_from(granted.text).expect("a pass is plain ASCII");
    let body = Json(Pass {
        expires_at: granted.expires_at.0,
    });
    let head = [(SET_COOKIE, cookie), (CACHE_CONTROL, NO_STORE)];
    Ok((head, body).into_response())
}

/// Who asks, where that is known, and the body, if nothing is to be refused before it is read.
async fn admitted(app: &App, request: Request<Body>) -> Result<(Option<UserId>, Body), Reply> {
    let (head, body) = request.into_parts();
    match admit(app, &head) {
        Ok(buyer) => Ok((buyer, body)),
        Err(refusal) => Err(unread::refuse(refusal, body, app).await),
    }
}

fn admit(app: &App, head: &Parts) -> Result<Option<UserId>, Refusal> {
    let buyer = middleware::admit(app, &head.headers)?;
    if !purchase_body::is_json(&head.headers) {
        return Err(Refusal::UnsupportedMediaType);
    }
    Ok(buyer)
}
