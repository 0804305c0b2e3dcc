//! The accept loop: every connection is bounded in number, in time and in memory, and all end in
//! order.
//!
//! [`timed_io`] holds the deadlines of one connection.

mod timed_io;

use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::answer::Body;
use timed_io::{Stage, Stop, TimedIo};

/// The longest request head, in bytes. It is also the most that one connection buffers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long the loop rests when the system has no resources for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The limits of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections may be open. More wait in the listener's backlog.
    pub connections_max: usize,
    /// How long a request head may take, from its first byte.
    pub header_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub idle_timeout: Duration,
    /// How long a client may take no byte of an answer that is ready.
    pub write_timeout: Duration,
    /// How long requests under way may take once the server is told to stop.
    pub shutdown_grace: Duration,
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
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let stop = Stop::default();
    let mut connections = JoinSet::new();

    let accept = async {
        loop {
            let (stream, peer, slot) = next(&listener, &slots).await;
            site.connected();
            let connection = connection(stream, peer, Arc::clone(&site), limits, Arc::clone(&stop));
            let connection = graceful.watch(connection);
            let site = Arc::clone(&site);
            connections.spawn(async move {
                // A client that breaks off or breaks the protocol is no event for the log's reader.
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection broke");
                }
                site.disconnected();
                drop(slot);
            });
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

/// The next connection, as soon as there is a slot for it.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await.and_then(|(stream, peer)| {
            // An answer is one small write; it must not wait for the client's acknowledgement.
            stream.set_nodelay(true)?;
            Ok((stream, peer))
        }) {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; trying again");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// The client was gone before it was accepted.
fn concerns_one_connection(error: &Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected
    )
}

/// Speaks HTTP/1.1 on one connection.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    site: Arc<impl Site>,
    limits: Limits,
    stop: Stop,
) -> impl GracefulConnection<Error = hyper::Error> {
    let stage = Arc::new(Stage::new(stop));
    let io = TimedIo::new(stream, Arc::clone(&stage), limits);
    let service = service_fn(move |request| {
        stage.request_began();
        let (site, stage) = (Arc::clone(&site), Arc::clone(&stage));
        // In a box, so that a connection between two requests has no room for one.
        Box::pin(async move {
            let answer = site.answer(request, peer).await;
            stage.request_ended();
            Ok::<_, Infallible>(answer)
        })
    });
    http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        // An answer is short: copied behind its head it goes out as one piece.
        .writev(false)
        .serve_connection(TokioIo::new(io), service)
}
