//! The contract as a document, for buyers and for behind the counter.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::etag;
use crate::openapi::{ADMIN, PUBLIC, Served};

/// `GET /api/openapi.json`.
pub(crate) async fn public(headers: HeaderMap) -> Response {
    show(&PUBLIC, &headers)
}

/// `GET /admin/openapi.json`.
pub(crate) async fn admin(headers: HeaderMap) -> Response {
    show(&ADMIN, &headers)
}

fn show(served: &Served, headers: &HeaderMap) -> Response {
    let tag = served.etag.to_str().expect("a tag is plain ASCII");
    let mut response = if etag::is_known(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(CONTENT_TYPE, "application/json")];
        (json, served.body.clone()).into_response()
    };
    let head = response.headers_mut();
    // It changes with the program alone, but then at once.
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    head.insert(ETAG, served.etag.clone());
    response
}
