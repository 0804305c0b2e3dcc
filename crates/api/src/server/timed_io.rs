//! The deadlines of one connection.
//!
//! They lie under the HTTP code, and under TLS, because only here is it seen when bytes come and go. What
//! a connection may wait for depends on its stage: the time between two requests is not the time for a
//! request head, and while a handler works, nothing is expected of the client at all. What TLS says for
//! itself counts as no request, so it keeps no connection open.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Limits;
use super::stage::{Mark, Stage};
use super::timer::Timer;

/// How long a request head that is half there may still take once the server is told to stop. The
/// rest of it is on its way, or never comes. A client of HTTP/2 has as long to agree to the end.
const HEAD_AFTER_STOP: Duration = Duration::from_secs(1);

/// What comes over a connection, and so what bytes mean that belong to no request under way.
#[derive(Debug)]
enum Talk {
    /// They are the head of the next request.
    Http1 {
        /// When the last byte came in or went out.
        active_at: Instant,
        /// When the head that is coming in began, if one is.
        head: Option<Mark>,
    },
    /// They may be anything, and prove nothing.
    Http2 {
        /// When the last request ended.
        idle: Option<Mark>,
        /// When the last byte came in, perhaps one of a request that is not whole yet.
        received_at: Instant,
    },
}

/// A stream that gives up on a client that is too slow.
#[derive(Debug)]
pub(super) struct TimedIo {
    stream: TcpStream,
    stage: Arc<Stage>,
    limits: Limits,
    talk: Talk,
    /// Bytes that were read already, before anything of this was known.
    early: Vec<u8>,
    /// Whether nobody waits for the next request: the last read had to, and had no deadline.
    is_unwatched: bool,
    /// Since when the client takes nothing, if something is ready for it.
    stalled_since: Option<Instant>,
    reading: Timer,
    writing: Timer,
}

impl TimedIo {
    pub(super) fn new(stream: TcpStream, stage: Arc<Stage>, limits: Limits) -> Self {
        let (reading, writing) = (Timer::default(), Timer::default());
        Self {
            stream,
            stage,
            limits,
            talk: Talk::http1(),
            early: Vec::new(),
            is_unwatched: false,
            stalled_since: None,
            reading,
            writing,
        }
    }

    /// The same, where the beginning was read already.
    pub(super) fn after(
        early: Vec<u8>,
        stream: TcpStream,
        stage: Arc<Stage>,
        limits: Limits,
    ) -> Self {
        Self {
            early,
            ..Self::new(stream, stage, limits)
        }
    }

    /// What was exchanged so far was no HTTP/1.1; from now on it is.
    pub(super) fn begin_http1(&mut self) {
        self.talk = Talk::http1();
    }

    /// What was exchanged so far was no HTTP/2; from now on it is.
    pub(super) fn begin_http2(&mut self) {
        self.talk = Talk::Http2 {
            idle: None,
            received_at: Instant::now(),
        };
    }

    /// Until when the client must send something, or for HTTP/2 a whole request.
    fn read_deadline(&mut self) -> Option<Instant> {
        if self.stage.in_request() {
            // The handler has its own deadline for the body.
            return None;
        }
        let begun = self.stage.begun();
        let stopped_at = self.stage.stop.get().copied();
        Some(match &mut self.talk {
            Talk::Http1 { active_at, head } => match head {
                Some(head) if head.begun == begun => {
                    let deadline = head.at + self.limits.header_timeout;
                    // A stop polls every connection, so that the earlier deadline is seen at once.
                    match stopped_at {
                        Some(stopped_at) => deadline.min(stopped_at + HEAD_AFTER_STOP),
                        None => deadline,
                    }
                }
                _ => *active_at + self.limits.idle_timeout,
            },
            Talk::Http2 { idle, .. } => {
                let since = idle.filter(|idle| idle.begun == begun);
                let since = *idle.insert(since.unwrap_or_else(|| Mark::now(begun)));
                let deadline = since.at + self.limits.idle_timeout;
                match stopped_at {
                    Some(stopped_at) => deadline.min(since.at.max(stopped_at) + HEAD_AFTER_STOP),
                    None => deadline,
                }
            }
        })
    }

    /// Since when the connection has waited for a request, if it does. While the client takes no more of an answer it
    /// does not: the answer counts as sent when it was handed to hyper.
    fn rests_since(&self) -> Option<Mark> {
        if self.stalled_since.is_some() {
            return None;
        }
        let begun = self.stage.begun();
        match &self.talk {
            Talk::Http1 { active_at, head } => {
                let has_begun = head.is_some_and(|head| head.begun == begun);
                let at = *active_at;
                (!has_begun).then_some(Mark { at, begun })
            }
            Talk::Http2 { idle, received_at } => {
                let idle = idle.filter(|idle| idle.begun == begun)?;
                let at = idle.at.max(*received_at);
                Some(Mark { at, begun })
            }
        }
    }

    /// Nothing can be read now: waits, but not for ever. Ready when the client has been given up.
    fn wait_for_bytes(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let deadline = self.read_deadline();
        self.is_unwatched = deadline.is_none();
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        match self.rests_since() {
            Some(mark) if self.stage.rest_since(mark, context) => {
                return Poll::Ready(ErrorKind::TimedOut.into());
            }
            Some(_) => {}
            None => self.stage.no_rest(),
        }
        self.reading
            .poll(context, deadline)
            .map(|()| ErrorKind::TimedOut.into())
    }

    /// Bytes came in.
    fn received(&mut self) -> Result<()> {
        self.stage.no_rest();
        match &mut self.talk {
            Talk::Http1 { active_at, head } => {
                *active_at = Instant::now();
                if self.stage.in_request() {
                    *head = None;
                } else {
                    let begun = self.stage.begun();
                    let at = *active_at;
                    let began = head.filter(|head| head.begun == begun);
                    *head = Some(began.unwrap_or(Mark { at, begun }));
                }
                Ok(())
            }
            // Whoever sends without a pause what is no request is told here that the time is over.
            Talk::Http2 { received_at, .. } => {
                let now = Instant::now();
                *received_at = now;
                match self.read_deadline() {
                    Some(deadline) if deadline <= now => Err(ErrorKind::TimedOut.into()),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Hands over what was read before.
    fn take_early(&mut self, buffer: &mut ReadBuf<'_>) {
        let taken = self.early.len().min(buffer.remaining());
        buffer.put_slice(&self.early[..taken]);
        self.early.drain(..taken);
        self.early.shrink_to_fit();
    }

    /// Passes on the result of a write, and watches over one that does not move.
    fn after_write(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        if result.is_ready() {
            if let Talk::Http1 { active_at, .. } = &mut self.talk {
                *active_at = Instant::now();
            }
            let had_stalled = self.stalled_since.take().is_some();
            self.writing.stop();
            // hyper has asked for the next request while this one was under way, and does not ask again.
            if (self.is_unwatched || had_stalled)
                && let Poll::Ready(error) = self.wait_for_bytes(context)
            {
                return Poll::Ready(Err(error));
            }
            return result;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        self.stage.no_rest();
        self.writing
            .poll(context, since + self.limits.write_timeout)
            .map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl Talk {
    fn http1() -> Self {
        Self::Http1 {
            active_at: Instant::now(),
            head: None,
        }
    }
}

impl AsyncRead for TimedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let filled_before = buffer.filled().len();
        let result = if self.early.is_empty() {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        } else {
            self.take_early(buffer);
            Poll::Ready(Ok(()))
        };
        if result.is_ready() {
            if buffer.filled().len() > filled_before {
                return Poll::Ready(self.received());
            }
            return result;
        }
        self.wait_for_bytes(context).map(Err)
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

#[cfg(test)]
mod tests;
