//! The files of the web page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY,
    VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::answer::{Answer, Refusal};
use crate::page::{Accepted, File};
use crate::{App, etag};

/// No window of another site that has opened the page keeps a hold on it, no other site takes its files into its own
/// pages, and it needs nothing of the device.
const ALONE: [(HeaderName, HeaderValue); 3] = [
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-site"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

/// `GET` of anything that is not the API's.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    send(app.page.public(uri.path()), &uri, &headers)
}

/// `GET /api/docs`.
pub(crate) async fn documentation(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    send(app.page.documentation(), &uri, &headers)
}

/// `GET` behind the counter, of anything that is not the console's API.
pub(crate) async fn console(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    send(app.page.console(uri.path()), &uri, &headers)
}

fn send(file: Option<&File>, uri: &Uri, headers: &HeaderMap) -> Result<Response, Answer> {
    let file = file.ok_or(Refusal::NotFound)?;
    let (encoding, variant) = file.variant(Accepted::by(headers));
    let tag = variant.etag.to_str().expect("a tag is plain ASCII");
    let mut response = if etag::is_known(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        variant.body.clone().into_response()
    };
    let cache = if file.is_immutable(uri.query()) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let head = response.headers_mut();
    head.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    head.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    head.insert(ETAG, variant.etag.clone());
    head.insert(CONTENT_SECURITY_POLICY, file.policy.clone());
    head.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    head.extend(ALONE);
    if file.varies() {
        head.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if let Some(name) = encoding.name() {
        head.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}
