//! HTTP/1.1 on one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::Either;
use hyper::body::{Bytes, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};

use super::stage::Stage;
use super::{HEAD_BYTES_MAX, Site, tls};
use crate::answer::Body;

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
            Ok::<_, Infallible>(answer.map(|body| sent(body, stage)))
        })
    });
    http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        // An answer is short: copied behind its head it goes out as one piece.
        .writev(false)
        .serve_connection(TokioIo::new(io), service)
}

/// A request is under way until its answer is: one in a single piece goes out at once, a live stream may go on for
/// hours.
fn sent(body: Body, stage: Arc<Stage>) -> Body {
    match body {
        Either::Left(_) => {
            stage.request_ended();
            body
        }
        Either::Right(body) => Either::Right(axum::body::Body::new(Sent { body, stage })),
    }
}

/// A body that tells when it is over.
struct Sent {
    body: axum::body::Body,
    stage: Arc<Stage>,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.stage.request_ended();
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
