//! The contract as a document.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::etag;
use crate::openapi::SERVED;

/// `GET /api/openapi.json`.
pub(crate) async fn show(headers: HeaderMap) -> Response {
    let tag = SERVED.etag.to_str().expect("a tag is plain ASCII");
    let mut response = if etag::is_known(&headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(CONTENT_TYPE, "application/json")];
        (json, SERVED.body.clone()).into_response()
    };
    let head = response.headers_mut();
    // It changes with the program alone, but then at once.
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    head.insert(ETAG, SERVED.etag.clone());
    response
}
