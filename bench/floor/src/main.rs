//! The floor that the server is measured against: bare hyper on the same runtime and allocator. It
//! reads the same request (head and JSON body) and writes an answer of the same size, and does nothing
//! in between: no rules, no routes, no middleware, no ledger.
//!
//! `flashsale-floor [PORT]` listens on 127.0.0.1, by default on port 4100.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As long as a real answer, correlation id included.
const REFUSED: &[u8] = br#"{"status":"sold_out","message":"Every unit is sold.","correlationId":"00000000000000000000000000000000"}"#;
const STATUS: &[u8] = br#"{"status":"active","startsAt":1795406579457,"endsAt":1795410179457,"stock":2,"sold":0,"productId":"AL-042","productDescription":"Alba Stacking Dishes, Vermilion","serverTime":1795406580484}"#;

#[derive(Deserialize)]
struct Purchase<'a> {
    #[serde(rename = "userId")]
    user_id: &'a str,
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = if request.method() == Method::POST {
        let is_read = match request.into_body().collect().await {
            Ok(body) => serde_json::from_slice::<Purchase<'_>>(&body.to_bytes())
                .is_ok_and(|purchase| !purchase.user_id.is_empty()),
            Err(_) => false,
        };
        if is_read {
            (StatusCode::GONE, REFUSED)
        } else {
            (StatusCode::BAD_REQUEST, REFUSED)
        }
    } else {
        (StatusCode::OK, STATUS)
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
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
