//! Refuses who asks too often from one address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;
use crate::answer::{Answer, Refusal};

/// The other end of the connection, for the routes that the router has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// One more request from this address.
pub(crate) fn check(app: &App, peer: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
    let client = || app.proxies.client(peer, headers);
    app.limits.take_address(client).map_err(|limited| {
        app.proxies.warn_of_stranger(peer, headers);
        Refusal::RateLimited(limited)
    })
}

/// The same as a layer of a route.
pub(crate) async fn by_address(
    State(app): State<Arc<App>>,
    request: Request<axum::body::Body>,
    next: Next,
) -> Result<Response, Answer> {
    // The server puts it there; without it nobody could be counted.
    let peer = request.extensions().get::<Peer>().copied();
    let Peer(peer) =
        peer.ok_or_else(|| Refusal::Internal("a request without a peer".to_owned()))?;
    check(&app, peer, request.headers())?;
    Ok(next.run(request).await)
}
