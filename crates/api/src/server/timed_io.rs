//! The deadlines of one connection.
//!
//! They lie under the HTTP code, because only here is it seen when bytes come and go. What a
//! connection may wait for depends on its stage: the time between two requests is not the time for a
//! request head, and while the handler works, nothing is expected of the client at all.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// How long a request head that is half there may still take once the server is told to stop. The
/// rest of it is on its way, or never comes.
const HEAD_AFTER_STOP: Duration = Duration::from_secs(1);

/// When the server was told to stop, if it was: one for all its connections.
pub(super) type Stop = Arc<OnceLock<Instant>>;

/// Whether a handler is at work on a request of this connection. The service tells, the stream reads.
#[derive(Debug)]
pub(super) struct Stage {
    in_request: AtomicBool,
    stop: Stop,
}

impl Stage {
    pub(super) fn new(stop: Stop) -> Self {
        Self {
            in_request: AtomicBool::new(false),
            stop,
        }
    }

    pub(super) fn request_began(&self) {
        self.in_request.store(true, Ordering::Relaxed);
    }

    pub(super) fn request_ended(&self) {
        self.in_request.store(false, Ordering::Relaxed);
    }
}

/// A stream that gives up on a client that is too slow.
#[derive(Debug)]
pub(super) struct TimedIo {
    stream: TcpStream,
    stage: Arc<Stage>,
    limits: Limits,
    /// When the last byte came in or went out.
    active_at: Instant,
    /// When the head that is coming in began, if one is.
    head_began_at: Option<Instant>,
    reading: Timer,
    writing: Timer,
}

impl TimedIo {
    pub(super) fn new(stream: TcpStream, stage: Arc<Stage>, limits: Limits) -> Self {
        let active_at = Instant::now();
        let (reading, writing) = (Timer::default(), Timer::default());
        Self {
            stream,
            stage,
            limits,
            active_at,
            head_began_at: None,
            reading,
            writing,
        }
    }

    /// Until when the client must send something.
    fn read_deadline(&self) -> Option<Instant> {
        if self.stage.in_request.load(Ordering::Relaxed) {
            // The handler has its own deadline for the body.
            return None;
        }
        Some(match self.head_began_at {
            Some(began_at) => {
                let deadline = began_at + self.limits.header_timeout;
                // A stop polls every connection, so that the earlier deadline is seen at once.
                match self.stage.stop.get() {
                    Some(&stopped_at) => deadline.min(stopped_at + HEAD_AFTER_STOP),
                    None => deadline,
                }
            }
            None => self.active_at + self.limits.idle_timeout,
        })
    }

    /// Bytes came in: outside of a request they are the head of the next one.
    fn received(&mut self) {
        self.active_at = Instant::now();
        if self.stage.in_request.load(Ordering::Relaxed) {
            self.head_began_at = None;
        } else {
            self.head_began_at.get_or_insert(self.active_at);
        }
    }

    /// Passes on the result of a write, and watches over one that does not move.
    fn after_write(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        if result.is_ready() {
            self.active_at = Instant::now();
            self.head_began_at = None;
            self.writing.stop();
            return result;
        }
        let deadline = self.active_at + self.limits.write_timeout;
        self.writing
            .poll(context, deadline)
            .map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for TimedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let filled_before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if result.is_ready() {
            if buffer.filled().len() > filled_before {
                self.received();
            }
            return result;
        }
        match self.read_deadline() {
            Some(deadline) => self
                .reading
                .poll(context, deadline)
                .map(|()| Err(Error::from(ErrorKind::TimedOut))),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for TimedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.after_write(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.after_write(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A timer that costs nothing while a connection is quick: it is made at the first wait, and moved
/// only when it rings too early.
#[derive(Debug, Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Ready at the deadline; until then the task is woken in time to look again.
    fn poll(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn stop(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const LIMITS: Limits = Limits {
        connections_max: 1,
        header_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(200),
        shutdown_grace: Duration::ZERO,
    };

    async fn pair() -> (TimedIo, Arc<Stage>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let stage = Arc::new(Stage::new(Stop::default()));
        let stream = listener.accept().await.unwrap().0;
        (
            TimedIo::new(stream, Arc::clone(&stage), LIMITS),
            stage,
            client,
        )
    }

    async fn time_until_timeout(io: &mut TimedIo) -> Duration {
        let started_at = Instant::now();
        let mut buffer = [0; 64];
        loop {
            match io.read(&mut buffer).await {
                Ok(0) => panic!("closed"),
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    return started_at.elapsed();
                }
            }
        }
    }

    #[tokio::test]
    async fn row_31_a_silent_connection_ends_at_the_idle_deadline() {
        let (mut io, _stage, _client) = pair().await;
        assert!(time_until_timeout(&mut io).await >= LIMITS.idle_timeout);
    }

    #[tokio::test]
    async fn row_31_a_trickling_head_ends_at_its_own_deadline() {
        let (mut io, _stage, mut client) = pair().await;
        let trickle = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let time = time_until_timeout(&mut io).await;
        assert!(
            time >= LIMITS.header_timeout && time < LIMITS.idle_timeout,
            "{time:?}"
        );
        drop(io);
        trickle.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_expected_while_the_handler_works() {
        let (mut io, stage, mut client) = pair().await;
        client.write_all(b"head").await.unwrap();
        io.read_exact(&mut [0; 4]).await.unwrap();
        stage.request_began();
        let mut buffer = [0; 1];
        let wait = tokio::time::timeout(LIMITS.idle_timeout * 2, io.read(&mut buffer));
        assert!(wait.await.is_err(), "the read must still be pending");
        // The answer goes out; from then on the idle deadline counts, not the head's.
        stage.request_ended();
        io.write_all(b"answer").await.unwrap();
        assert!(time_until_timeout(&mut io).await >= LIMITS.idle_timeout);
    }

    #[tokio::test]
    async fn row_31_a_reader_that_takes_nothing_is_given_up() {
        let (mut io, stage, _client) = pair().await;
        stage.request_began();
        let block = vec![0; 1 << 20];
        let started_at = Instant::now();
        let error = loop {
            if let Err(error) = io.write_all(&block).await {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(started_at.elapsed() >= LIMITS.write_timeout);
    }
}
