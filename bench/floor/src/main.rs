//! The floor that the server is measured against: bare hyper on the same runtime and allocator. It
//! reads the same requests (head and JSON body) and writes the same answers, head and body, and does
//! nothing in between: no rules, no middleware, no ledger. To it, every sale is sold out.
//!
//! It answers all that a load tester asks for, so that one can be run against it.
//!
//! `flashsale-floor [PORT]` listens on 127.0.0.1, by default on port 4100.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");
// The answers of the real server, byte for byte as long.
const ID: &str = "00000000000000000000000000000000";
const SOLD_OUT: &str = r#"{"status":"sold_out","message":"Every unit is sold.","correlationId":"00000000000000000000000000000000"}"#;
const BAD_REQUEST: &str = r#"{"error":"bad_request"}"#;
const NOT_FOUND: &str = r#"{"error":"not_found"}"#;
const STATUS: &str = r#"{"status":"sold_out","startsAt":1795406579457,"endsAt":1795410179457,"stock":0,"sold":0,"productId":"AL-042","productDescription":"Alba Stacking Dishes, Vermilion","serverTime":1795406580484}"#;
const STATUS_TAG: &str = "W/\"1a2067db481-1a206b4a301-0-sold_out\"";
const NOT_BOUGHT: &str = r#"{"purchased":false,"orderId":null}"#;
const TOKEN: &str = r#"{"csrfToken":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
const COOKIE: &str = "csrfToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Max-Age=7200; SameSite=Lax";

#[derive(Deserialize)]
struct Purchase<'a> {
    #[serde(rename = "userId")]
    user_id: &'a str,
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    Ok(match *request.method() {
        Method::POST if path == "/api/purchase" => {
            if is_purchase(request.into_body()).await {
                with(StatusCode::GONE, SOLD_OUT, "no-store")
            } else {
                with(StatusCode::BAD_REQUEST, BAD_REQUEST, "no-store")
            }
        }
        Method::GET if path == "/api/status" => {
            let mut response = with(StatusCode::OK, STATUS, "public, max-age=1");
            let headers = response.headers_mut();
            headers.insert(ETAG, HeaderValue::from_static(STATUS_TAG));
            response
        }
        Method::GET if path == "/api/csrf" => {
            let mut response = with(StatusCode::OK, TOKEN, "no-store");
            let headers = response.headers_mut();
            headers.insert(SET_COOKIE, HeaderValue::from_static(COOKIE));
            response
        }
        Method::GET if path.starts_with("/api/purchase/") => {
            with(StatusCode::OK, NOT_BOUGHT, "no-store")
        }
        _ => with(StatusCode::NOT_FOUND, NOT_FOUND, "no-store"),
    })
}

async fn is_purchase(body: Incoming) -> bool {
    match body.collect().await {
        Ok(body) => serde_json::from_slice::<Purchase<'_>>(&body.to_bytes())
            .is_ok_and(|purchase| !purchase.user_id.is_empty()),
        Err(_) => false,
    }
}

/// An answer with the head that every answer of the real server has. Length and date are hyper's.
fn with(status: StatusCode, body: &'static str, cache: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CORRELATION_ID, HeaderValue::from_static(ID));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("frame-ancestors 'none'"),
    );
    response
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(4100);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)),
        );
    }
}
