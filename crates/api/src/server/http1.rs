//! HTTP/1.1 on one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};

use super::timed_io::Stage;
use super::{HEAD_BYTES_MAX, Site, tls};

/// Answers one request after the other. `is_secure` says whether nobody on the way can read them.
pub(super) fn connection(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    is_secure: bool,
    peer: SocketAddr,
    stage: Arc<Stage>,
    site: Arc<impl Site>,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request| {
        stage.request_began();
        let (site, stage) = (Arc::clone(&site), Arc::clone(&stage));
        // In a box, so that a connection between two requests has no room for one.
        Box::pin(async move {
            let mut answer = site.answer(request, peer).await;
            if is_secure {
                tls::insist(&mut answer);
            }
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
