//! The accept loop: every connection is bounded in number, in time and in memory, and all end in
//! order.
//!
//! In reading order: `opening` is what comes before HTTP, that is [`proxy_protocol`] and [`tls`]; `http1` and
//! `http2` answer requests; `timed_io` holds the deadlines of one connection, and `stage` what it is at; `room` closes idle ones when there are
//! too many.

mod http1;
mod http2;
mod opening;
pub mod proxy_protocol;
mod room;
mod stage;
mod timed_io;
mod timer;
pub mod tls;

use std::fmt::Display;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::answer::Body;
use opening::Accepted;
use proxy_protocol::ProxyProtocol;
use room::Room;
use stage::{Stage, Stop};
use timed_io::TimedIo;
use tls::Tls;

/// The longest request head, in bytes. It is also the most that one connection buffers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long the loop rests when the system has no resources for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The limits of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections may be open. More wait until one ends, or an idle one is closed for them: the first
    /// is accepted already, the others are in the listener's backlog.
    pub connections_max: usize,
    /// How long a request head may take, from its first byte; the same for what comes before the first
    /// one, from the connection on.
    pub header_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub idle_timeout: Duration,
    /// How long a client may take no byte of an answer that is ready.
    pub write_timeout: Duration,
    /// How long requests under way may take once the server is told to stop.
    pub shutdown_grace: Duration,
}

/// How connections come in.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// The limits.
    pub limits: Limits,
    /// What they are hidden in: with it, clients may also choose HTTP/2.
    pub tls: Option<Tls>,
    /// Whether proxies say first for whom they speak.
    pub proxy_protocol: Option<ProxyProtocol>,
}

/// What is served.
pub trait Site: Send + Sync + 'static {
    /// Answers a request that came from this address.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// Notes that a connection was accepted.
    fn connected(&self) {}

    /// Notes that one has ended.
    fn disconnected(&self) {}

    /// The server stops: answers that would go on for ever must end.
    fn stopping(&self) {}
}

/// Serves until `shutdown` resolves, then lets the requests under way finish. Connections without one
/// end at once, or very soon if the head of one is half there.
///
/// When it returns, every connection is closed and nothing of `site` is in use.
pub async fn serve(
    listener: TcpListener,
    site: Arc<impl Site>,
    entrance: Entrance,
    shutdown: impl Future<Output = ()>,
) {
    let limits = entrance.limits;
    let mut room = Room::new(limits.connections_max);
    let graceful = GracefulShutdown::new();
    let stop = Stop::default();
    let (opening_ends, stopping) = watch::channel(());
    let mut connections = JoinSet::new();

    let accept = async {
        loop {
            let (stream, peer) = next(&listener).await;
            let slot = room.place().await;
            site.connected();
            let stage = Arc::new(Stage::new(Arc::clone(&stop)));
            room.enter(&stage, connections.len() + 1);
            // Two kinds of tasks, so that a plain connection has no room for what it does not need.
            if entrance.is_plain(peer) {
                let io = TimedIo::new(stream, Arc::clone(&stage), limits);
                let connection = http1::connection(io, false, peer, stage, Arc::clone(&site));
                let connection = graceful.watch(connection);
                connections.spawn(to_its_end(connection, Arc::clone(&site), slot));
            } else {
                let accepted = Accepted {
                    stream,
                    peer,
                    stage,
                    watcher: graceful.watcher(),
                    stopping: stopping.clone(),
                };
                let connection = opening::serve(accepted, entrance.clone(), Arc::clone(&site));
                connections.spawn(to_its_end(connection, Arc::clone(&site), slot));
            }
            while connections.try_join_next().is_some() {}
        }
    };
    tokio::select! {
        () = accept => {}
        () = shutdown => {}
    }
    site.stopping();
    drop((listener, site));
    // Before the connections are woken, because they look at it then.
    stop.get_or_init(Instant::now);
    drop(opening_ends);
    if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "cut off after the time for finishing"
        );
    }
    connections.shutdown().await;
}

impl Entrance {
    /// Whether the first byte of a connection is one of HTTP/1.1.
    fn is_plain(&self, peer: SocketAddr) -> bool {
        let proxy_protocol = self.proxy_protocol.as_ref();
        let has_header = proxy_protocol.is_some_and(|proxies| proxies.trusts(peer.ip()));
        self.tls.is_none() && !has_header
    }
}

/// Serves a connection, and gives back what it held.
async fn to_its_end(
    connection: impl Future<Output = Result<(), impl Display>>,
    site: Arc<impl Site>,
    slot: OwnedSemaphorePermit,
) {
    // A client that breaks off or breaks the protocol is no event for the log's reader.
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection broke");
    }
    site.disconnected();
    drop(slot);
}

/// The next connection.
async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await.and_then(|(stream, peer)| {
            // An answer is one small write; it must not wait for the client's acknowledgement.
            stream.set_nodelay(true)?;
            Ok((stream, peer))
        }) {
            Ok(accepted) => return accepted,
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; trying again");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// The client was gone before it was accepted; Linux also tells here what the network has said of it.
fn concerns_one_connection(error: &Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, InvalidInput,
        NetworkDown, NetworkUnreachable, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | InvalidInput
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
    )
}

#[cfg(test)]
mod tests;
