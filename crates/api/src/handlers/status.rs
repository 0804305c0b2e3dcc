//! What the sale is doing.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use flashsale_sale::{Sale, Status};
use http_body_util::Full;
use serde::Serialize;

use crate::answer::phase_name;
use crate::{App, etag};

/// Short enough that a buyer hardly notices, long enough that a CDN takes nearly all of the load.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=1");
/// Room for a status with a product of usual length.
const STATUS_BYTES: usize = 512;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    status: &'static str,
    paused: bool,
    ready: bool,
    identity: &'static str,
    starts_at: u64,
    ends_at: u64,
    stock: u32,
    sold: u32,
    product_id: &'a str,
    product_description: &'a str,
    server_time: u64,
}

/// The sale as buyers see it at one moment.
pub(crate) struct Shown<'a> {
    sale: &'a Sale,
    status: Status,
    /// Whether this node can take orders now.
    ready: bool,
    /// How buyers show who they are. It stays the same for the life of the process.
    identity: &'static str,
}

impl<'a> Shown<'a> {
    /// The sale now.
    pub(crate) fn of(app: &'a App) -> Self {
        Self {
            sale: app.view.sale(),
            status: app.view.status(app.now()),
            ready: app.orders.ready().is_ok(),
            identity: app.identity.name(),
        }
    }

    /// Whether more has changed than the time.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        let at_one_time = Status {
            now: other.status.now,
            ..self.status
        };
        (at_one_time, self.ready) != (other.status, other.ready)
    }

    /// Writes it as JSON.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        let (sale, status) = (self.sale, &self.status);
        let wire = Wire {
            status: phase_name(status.phase),
            paused: status.paused_at.is_some(),
            ready: self.ready,
            identity: self.identity,
            starts_at: sale.window().starts_at().0,
            ends_at: sale.window().ends_at().0,
            stock: status.remaining,
            sold: status.sold,
            product_id: sale.product_id(),
            product_description: sale.product_description(),
            server_time: status.now.0,
        };
        serde_json::to_writer(into, &wire).expect("strings and numbers always serialise");
    }

    /// Names everything but the time, hence weak. The window tells one sale from the next.
    fn tag(&self) -> String {
        let window = self.sale.window();
        format!(
            "W/\"{:x}-{:x}-{:x}-{}-{}{}{}\"",
            window.starts_at().0,
            window.ends_at().0,
            self.status.sold,
            phase_name(self.status.phase),
            self.identity,
            if self.status.paused_at.is_some() {
                "-paused"
            } else {
                ""
            },
            if self.ready { "" } else { "-unready" },
        )
    }
}

/// `GET /api/status`.
pub(crate) fn show(app: &App, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let shown = Shown::of(app);
    let tag = shown.tag();
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
    let mut body = Vec::with_capacity(STATUS_BYTES);
    shown.write(&mut body);
    *response.body_mut() = body.into();
    response
}
