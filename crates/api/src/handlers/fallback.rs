//! What is not there.

use axum::http::HeaderValue;
use axum::http::header::ALLOW;
use axum::response::{IntoResponse as _, Response};

use crate::answer::{Answer, Refusal};

/// No such address under `/api`.
pub(crate) async fn not_found() -> Answer {
    Refusal::NotFound.into()
}

/// Such an address, but not for this method. The router adds the header `Allow`.
pub(crate) async fn method_not_allowed() -> Answer {
    Refusal::MethodNotAllowed.into()
}

/// The same for an address whose methods the router does not know.
pub(crate) fn only(methods: &'static str) -> Response {
    let mut response = Answer::from(Refusal::MethodNotAllowed).into_response();
    let methods = HeaderValue::from_static(methods);
    response.headers_mut().insert(ALLOW, methods);
    response
}
