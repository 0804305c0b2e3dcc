//! What the sale is doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flashsale_sale::Status;
use serde::Serialize;

use crate::App;
use crate::answer::phase_name;

/// Short enough that a buyer hardly notices, long enough that a CDN takes nearly all of the load.
const CACHE: &str = "public, max-age=1";

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
pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let sale = app.view.sale();
    let status = app.view.status(app.now());
    let tag = tag(&app, &status);
    let head = [(ETAG, tag.as_str()), (CACHE_CONTROL, CACHE)];
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| matches(known.as_bytes(), &tag))
    {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
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
    (head, Json(wire)).into_response()
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

/// Whether the client's list of tags has this one (RFC 9110, 13.1.2: compared weakly).
fn matches(known: &[u8], tag: &str) -> bool {
    let strong = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_owned();
    known.trim_ascii() == b"*"
        || known
            .split(|byte| *byte == b',')
            .any(|known| strong(known.trim_ascii()) == strong(tag.as_bytes()))
}
