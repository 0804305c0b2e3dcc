//! What can be asked behind the counter, and every answer to it. The functions carry the descriptions and
//! are never called; the bodies are the very types that the handlers send.

#![expect(dead_code, reason = "these functions describe what the handlers do")]

use utoipa::Modify;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};

use super::Everywhere;
use super::schemas::{
    BadRequest, Busy, Forbidden, Internal, MethodNotAllowed, NotFound, PayloadTooLarge,
    RequestTimeout, Unauthorized, UnsupportedMediaType,
};
use crate::admin::orders::{file, table};
use crate::admin::{about, brake, live as live_state, session};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "flashsale, behind the counter",
        description = "What the person who answers for a sale sees and does, on a listener of its own.\n\n\
            Every time is in epoch milliseconds, of the ledger's clock. A program sends the token of the \
            console with each request, as `Authorization: Bearer`; a browser signs in once and gets a \
            cookie. Whoever does neither is answered with `Unauthorized` (401), and a change that another \
            site made the browser send with `Forbidden` (403). An address that is not listed here is \
            answered with `NotFound` (404), another method with `MethodNotAllowed` (405) and the header \
            `Allow`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "The listener of ADMIN_HOST and ADMIN_PORT")),
    tags(
        (name = "session", description = "Coming in, and leaving"),
        (name = "sale", description = "How the sale goes, and stopping it"),
        (name = "orders", description = "The orders, as this node has seen them"),
        (name = "documentation", description = "The API as a document")
    ),
    paths(sign_in, sign_out, sale, live, set_brake, orders, orders_csv, orders_jsonl, metrics, openapi),
    components(schemas(NotFound, MethodNotAllowed)),
    modifiers(&Everywhere, &Inside)
)]
pub(super) struct Api;

/// The two ways in, and the refusal of who has taken neither: for all but the session's own address.
struct Inside;

impl Modify for Inside {
    fn modify(&self, document: &mut Document) {
        if let Some(components) = &mut document.components {
            let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
            components.add_security_scheme("token", bearer);
            let cookie =
                ApiKeyValue::with_description("flashsaleAdmin", "Of `POST /admin/session`.");
            components
                .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        }
        let none: [&str; 0] = [];
        document.security = Some(vec![
            SecurityRequirement::new("token", none),
            SecurityRequirement::new("session", none),
        ]);
    }
}

/// Sign in with a browser
#[utoipa::path(
    post,
    path = "/admin/session",
    operation_id = "signIn",
    tag = "session",
    request_body(content = session::Key, description = "At most 4 KiB."),
    security(()),
    responses(
        (
            status = 204, description = "The browser is in, for twelve hours.",
            headers(("Set-Cookie" = String, description = "`flashsaleAdmin`, which scripts cannot read."))
        ),
        (status = 400, description = "The body is not the JSON object that is asked for.", body = BadRequest),
        (status = 401, description = "This is not the token.", body = Unauthorized),
        (status = 403, description = "Another site made this request.", body = Forbidden),
        (status = 408, description = "The body did not arrive in time.", body = RequestTimeout),
        (status = 413, description = "The body is over 4 KiB.", body = PayloadTooLarge),
        (status = 415, description = "The body is not JSON.", body = UnsupportedMediaType),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn sign_in() {}

/// Sign out
#[utoipa::path(
    delete,
    path = "/admin/session",
    operation_id = "signOut",
    tag = "session",
    security(()),
    responses(
        (
            status = 204, description = "The browser has forgotten its cookie.",
            headers(("Set-Cookie" = String, description = "An empty one."))
        ),
        (status = 403, description = "Another site made this request.", body = Forbidden),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn sign_out() {}

/// What is sold, from where, and by which settings
///
/// It does not change while the node runs.
#[utoipa::path(
    get,
    path = "/admin/sale",
    operation_id = "getSale",
    tag = "sale",
    responses(
        (status = 200, description = "The sale and the node.", body = about::Wire<'_>),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn sale() {}

/// How the sale goes at this moment
///
/// With the samples of each second since the last look.
#[utoipa::path(
    get,
    path = "/admin/live",
    operation_id = "getLive",
    tag = "sale",
    params(live_state::Wanted),
    responses(
        (status = 200, description = "The state, and the samples.", body = live_state::Wire<'_>),
        (status = 400, description = "`after` is no number.", body = BadRequest),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn live() {}

/// Stop selling, or go on
///
/// It is answered once the ledger has stored it: every decision after that obeys it, on every node and
/// after a restart.
#[utoipa::path(
    put,
    path = "/admin/brake",
    operation_id = "setBrake",
    tag = "sale",
    request_body(content = brake::Wanted, description = "At most 4 KiB."),
    responses(
        (status = 200, description = "It is stored.", body = brake::Wire),
        (status = 400, description = "The body is not the JSON object that is asked for.", body = BadRequest),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 403, description = "Another site made this request.", body = Forbidden),
        (status = 408, description = "The body did not arrive in time.", body = RequestTimeout),
        (status = 413, description = "The body is over 4 KiB.", body = PayloadTooLarge),
        (status = 415, description = "The body is not JSON.", body = UnsupportedMediaType),
        (
            status = 503, description = "It is not known whether it is stored. Send it again.", body = Busy,
            headers(("Retry-After" = u64, description = "`retryAfterMs` in seconds, rounded up."))
        ),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn set_brake() {}

/// The orders, page by page
#[utoipa::path(
    get,
    path = "/admin/orders",
    operation_id = "getOrders",
    tag = "orders",
    params(table::Wanted),
    responses(
        (status = 200, description = "A page of them.", body = table::Wire),
        (status = 400, description = "What to search for, or a number, cannot be read.", body = BadRequest),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn orders() {}

/// The orders as comma-separated values
///
/// The first line names the columns. A text that a spreadsheet would take for a formula gets a leading
/// apostrophe.
#[utoipa::path(
    get,
    path = "/admin/orders.csv",
    operation_id = "downloadOrdersCsv",
    tag = "orders",
    params(file::Wanted),
    responses(
        (
            status = 200, description = "The file, made while it is sent.", body = String,
            content_type = "text/csv; charset=utf-8",
            headers(("Content-Disposition" = String, description = "Names the file."))
        ),
        (status = 400, description = "What to search for cannot be read.", body = BadRequest),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn orders_csv() {}

/// The orders as JSON lines
///
/// Each line is an `Order`, every text exactly as stored.
#[utoipa::path(
    get,
    path = "/admin/orders.jsonl",
    operation_id = "downloadOrdersJsonl",
    tag = "orders",
    params(file::Wanted),
    responses(
        (
            status = 200, description = "The file, made while it is sent.", body = String,
            content_type = "application/jsonl",
            headers(("Content-Disposition" = String, description = "Names the file."))
        ),
        (status = 400, description = "What to search for cannot be read.", body = BadRequest),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn orders_jsonl() {}

/// Measurements for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "sale",
    responses(
        (
            status = 200, description = "In the text format of OpenMetrics.", body = String,
            content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        ),
        (status = 401, description = "No token came with the request.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn metrics() {}

/// This document
#[utoipa::path(
    get,
    path = "/admin/openapi.json",
    operation_id = "getOpenApi",
    tag = "documentation",
    params(super::paths::Known),
    responses(
        (
            status = 200, description = "An OpenAPI 3.1 document.", body = Object,
            headers(("ETag" = String, description = "Names these very bytes."))
        ),
        (status = 304, description = "It is the same as before."),
        (status = 401, description = "Not signed in.", body = Unauthorized),
        (status = 500, description = "The server is at fault.", body = Internal)
    )
)]
fn openapi() {}
