//! What the sale is doing.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use flashsale_sale::Status;
use http_body_util::Full;
use serde::Serialize;

use crate::answer::phase_name;
use crate::{App, etag};

/// Short enough that a buyer hardly notices, long enough that a CDN takes nearly all of the load.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=1");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    status: &'static str,
    starts_at: u64,
    ends_at: u64,
    stock: u32,
    sold: u32,
    product_id: &'a str,
    product_description: &'a str,
    server_time: u64,
}

/// `GET /api/status`.
pub(crate) fn show(app: &App, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let sale = app.view.sale();
    let status = app.view.status(app.now());
    let tag = tag(app, &status);
    let is_known = etag::is_known(headers, &tag);
    let mut response = Response::default();
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, CACHE);
    head.insert(
        ETAG,
        HeaderValue::try_from(tag).expect("a tag is plain ASCII"),
    );
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    head.insert(CONTENT_TYPE, JSON);
    let wire = Wire {
        status: phase_name(status.phase),
        starts_at: sale.window().starts_at().0,
        ends_at: sale.window().ends_at().0,
        stock: status.remaining,
        sold: status.sold,
        product_id: sale.product_id(),
        product_description: sale.product_description(),
        server_time: status.now.0,
    };
    let body = serde_json::to_vec(&wire).expect("strings and numbers always serialise");
    *response.body_mut() = body.into();
    response
}

/// Names everything in the answer but the time, hence weak. The window tells one sale from the next.
fn tag(app: &App, status: &Status) -> String {
    let window = app.view.sale().window();
    format!(
        "W/\"{:x}-{:x}-{:x}-{}\"",
        window.starts_at().0,
        window.ends_at().0,
        status.sold,
        phase_name(status.phase)
    )
}
