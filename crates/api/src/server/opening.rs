//! What comes before HTTP: the header of a proxy, and the handshake of TLS. Both together have the time
//! of a request head, so a client that does not come to the point holds its place no longer.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::proxy_protocol::{self, Named};
use super::stage::Stage;
use super::timed_io::TimedIo;
use super::{Entrance, Site, http1, http2, tls};

/// A connection as it was accepted.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) stage: Arc<Stage>,
    /// Waits for the end of the connection when the server stops.
    pub(super) watcher: Watcher,
    /// Closed when the server stops: whoever has not begun to ask then is not waited for.
    pub(super) stopping: watch::Receiver<()>,
}

/// Who is there, and how to talk.
struct Opened {
    client: SocketAddr,
    io: Io,
}

enum Io {
    Plain(Box<TimedIo>),
    Secure(Box<TlsStream<TimedIo>>),
}

/// Serves one connection from its first byte to its last.
pub(super) async fn serve(
    accepted: Accepted,
    entrance: Entrance,
    site: Arc<impl Site>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Accepted {
        stream,
        peer,
        stage,
        watcher,
        mut stopping,
    } = accepted;
    // In boxes, because a connection is at one of these at a time, and stays at the last.
    let opening = Box::pin(open(stream, peer, Arc::clone(&stage), &entrance));
    let Opened { client, io } = tokio::select! {
        opened = timeout(entrance.limits.header_timeout, opening) => opened??,
        _ = stopping.changed() => return Ok(()),
    };
    drop(stopping);
    match io {
        Io::Plain(io) => {
            let connection = http1::connection(io, false, client, stage, site);
            Box::pin(watcher.watch(connection)).await?;
        }
        Io::Secure(mut io) => {
            let (stream, connection) = io.get_mut();
            if connection.alpn_protocol() == Some(tls::HTTP2) {
                stream.begin_http2();
                let limits = entrance.limits;
                Box::pin(http2::serve(io, client, stage, limits, site, watcher)).await?;
            } else {
                stream.begin_http1();
                let connection = http1::connection(io, true, client, stage, site);
                Box::pin(watcher.watch(connection)).await?;
            }
        }
    }
    Ok(())
}

async fn open(
    mut stream: TcpStream,
    peer: SocketAddr,
    stage: Arc<Stage>,
    entrance: &Entrance,
) -> std::io::Result<Opened> {
    let Named { client, early } = match &entrance.proxy_protocol {
        Some(proxy_protocol) if proxy_protocol.trusts(peer.ip()) => {
            proxy_protocol::read(&mut stream, peer).await?
        }
        _ => Named {
            client: peer,
            early: Vec::new(),
        },
    };
    let io = TimedIo::after(early, stream, stage, entrance.limits);
    let io = match &entrance.tls {
        Some(tls) => Io::Secure(Box::new(tls.accept(io).await?)),
        None => Io::Plain(Box::new(io)),
    };
    Ok(Opened { client, io })
}
