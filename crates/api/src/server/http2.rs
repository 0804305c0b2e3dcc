//! HTTP/2 on one connection, and what keeps one client from using up the server with it.
//!
//! The requests of a connection are served in its own task: they end with it, and whoever sends many has
//! no more of the processor than one who sends them over HTTP/1.1.
//!
//! An answer that is ready waits until the client opens its window, which no deadline of the connection
//! sees: other requests may go on. So each [`Stream`] has the time that a reader has elsewhere. What is left of an
//! answer by then h2 holds, and each [`Part`] tells when it has gone.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::header::{CONTENT_LENGTH, HOST};
use axum::http::{HeaderValue, Method, Request, Response};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::Full;
use hyper::body::{Body as _, Buf, Bytes, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::stage::Stage;
use super::timer::Timer;
use super::{HEAD_BYTES_MAX, Limits, Site, tls};
use crate::answer::Body;

/// Requests that may be under way on one connection: what RFC 9113 (6.5.2) recommends at least.
const STREAMS_MAX: u32 = 100;
/// Requests that the client has taken back before the server has looked at them. One more ends the
/// connection: asking and taking back without a pause is an attack (CVE-2023-44487).
const TAKEN_BACK_MAX: usize = 20;
/// Requests that the server has refused for breaking the protocol, or as too many at once. One more ends
/// the connection.
const REFUSED_MAX: usize = 256;
/// The longest head, in bytes, unpacked and counted as RFC 9113 (6.5.2) says. A longer one is answered with
/// 431. From this and the next follows how many CONTINUATION frames one may come in (CVE-2024-27316).
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
const _: () = assert!(HEADER_LIST_BYTES_MAX as usize == HEAD_BYTES_MAX);
/// The longest frame, in bytes: the least that the protocol allows.
const FRAME_BYTES_MAX: u32 = 16 * 1024;
/// What a client may send of one body, in bytes, before somebody reads it.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// The same for all bodies of a connection: the most that it buffers of them.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// What is taken of one answer, in bytes, before the client takes it.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// The table with which the client shortens its headers, in bytes: what the protocol begins with.
const HEADER_TABLE_BYTES: u32 = 4096;
/// How often a client must show that it is still there. Behind a live stream it would not be missed.
const PING_PERIOD: Duration = Duration::from_secs(30);

/// Answers many requests at once.
pub(super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    stage: Arc<Stage>,
    limits: Limits,
    site: Arc<impl Site>,
    watcher: Watcher,
) -> hyper::Result<()> {
    let inbox = Inbox::new(stage, limits.write_timeout);
    let turns = inbox.clone();
    let service = service_fn(move |mut request| {
        name_host(&mut request);
        let (site, turn) = (Arc::clone(&site), turns.next_turn());
        let stage = Arc::clone(&turns.stage);
        let is_head = request.method() == Method::HEAD;
        async move {
            let mut answer = site.answer(request, peer).await;
            if is_head {
                take_body(&mut answer);
            }
            tls::insist(&mut answer);
            turn.is_now(Whose::Clients);
            Ok::<_, Infallible>(answer.map(|body| Sent { body, turn, stage }))
        }
    });
    let connection = http2::Builder::new(inbox.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(TAKEN_BACK_MAX)
        .max_local_error_reset_streams(REFUSED_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .header_table_size(HEADER_TABLE_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(UNSENT_BYTES_MAX)
        .keep_alive_interval(PING_PERIOD)
        .keep_alive_timeout(limits.write_timeout)
        .serve_connection(TokioIo::new(io), service);

    let mut connection = pin!(watcher.watch(connection));
    let mut streams = FuturesUnordered::new();
    poll_fn(|context| {
        let ended = connection.as_mut().poll(context);
        streams.extend(inbox.lock().new.drain(..));
        // A stream that has something to send wakes the connection.
        while let Poll::Ready(Some(())) = streams.poll_next_unpin(context) {}
        ended
    })
    .await
}

/// What HTTP/1.1 has in `Host` stands beside the path here. Handlers read it in one place.
fn name_host(request: &mut Request<Incoming>) {
    let Some(authority) = request.uri().authority() else {
        return;
    };
    let authority = HeaderValue::try_from(authority.as_str());
    if let (Ok(authority), false) = (authority, request.headers().contains_key(HOST)) {
        request.headers_mut().insert(HOST, authority);
    }
}

/// The answer to `HEAD` has the head of another and no body. For HTTP/1.1 hyper sees to that.
fn take_body(answer: &mut Response<Body>) {
    let body = std::mem::replace(answer.body_mut(), Body::Left(Full::default()));
    if let Some(length @ 1..) = body.size_hint().exact() {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
}

/// Where hyper puts what it wants to have run.
#[derive(Clone)]
struct Inbox {
    waiting: Arc<Mutex<Waiting>>,
    stage: Arc<Stage>,
    write_timeout: Duration,
}

#[derive(Default)]
struct Waiting {
    /// Of the request that the service was asked for last. hyper puts its stream here right afterwards.
    turn: Option<Arc<Turn>>,
    new: Vec<Stream>,
}

impl Inbox {
    fn new(stage: Arc<Stage>, write_timeout: Duration) -> Self {
        Self {
            waiting: Arc::default(),
            stage,
            write_timeout,
        }
    }

    fn next_turn(&self) -> Arc<Turn> {
        let turn = Arc::new(Turn::default());
        self.lock().turn = Some(Arc::clone(&turn));
        turn
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Inbox {
    fn execute(&self, future: F) {
        self.stage.request_began();
        let mut waiting = self.lock();
        let stream = Stream {
            future: Box::pin(future),
            turn: waiting.turn.take().unwrap_or_default(),
            deadline: Timer::default(),
            stage: Arc::clone(&self.stage),
            write_timeout: self.write_timeout,
        };
        waiting.new.push(stream);
    }
}

/// A request and its answer. Dropped before its end, it is taken back by the server.
struct Stream {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    turn: Arc<Turn>,
    deadline: Timer,
    stage: Arc<Stage>,
    write_timeout: Duration,
}

impl Future for Stream {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if let Some(since) = self.turn.clients_since() {
            let deadline = since + self.write_timeout;
            self.deadline.poll(context, deadline)
        } else {
            self.deadline.stop();
            Poll::Pending
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stage.request_ended();
    }
}

/// Since when the client could take what is ready for it; nothing while the server is at work.
#[derive(Default)]
struct Turn(Mutex<Option<Instant>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Servers,
    Clients,
}

impl Turn {
    fn is_now(&self, whose: Whose) {
        let since = (whose == Whose::Clients).then(Instant::now);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn clients_since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that says whose turn it is: asked for more, it has got rid of what it had.
struct Sent {
    body: Body,
    turn: Arc<Turn>,
    stage: Arc<Stage>,
}

impl hyper::body::Body for Sent {
    type Data = Part;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.turn.is_now(match &frame {
            Poll::Ready(_) => Whose::Clients,
            Poll::Pending => Whose::Servers,
        });
        let stage = &self.stage;
        frame.map_ok(|frame| frame.map_data(|bytes| Part::new(bytes, Arc::clone(stage))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A piece of an answer, from when h2 has it until all of it has gone out. A connection that holds one does not rest.
struct Part {
    bytes: Bytes,
    stage: Arc<Stage>,
}

impl Part {
    fn new(bytes: Bytes, stage: Arc<Stage>) -> Self {
        stage.part_waits();
        Self { bytes, stage }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.stage.part_went();
    }
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}
