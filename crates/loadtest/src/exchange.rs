//! One connection: one request after the other, each with a deadline.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::Target;
use crate::target::Stream;

/// The longest body of an answer that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// An open connection. It is driven by whoever waits for an answer, so that no second task is woken for it.
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    driver: Pin<Box<Driver>>,
    /// Moved only when it rings too early, so that an answer in time costs nothing for it.
    timer: Pin<Box<Sleep>>,
}

/// Moves the bytes of one connection.
type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No connection.
    Connect(String),
    /// Nothing in time.
    TimedOut,
    /// The connection was closed before the request was sent.
    NotSent,
    /// The connection ended before the answer did, or what came is no HTTP.
    Broken(String),
}

impl Connection {
    pub(crate) async fn open(target: &Target, timeout_after: Duration) -> Result<Self, Trouble> {
        let opening = async {
            let stream = target.connect().await.map_err(|error| error.to_string())?;
            http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| error.to_string())
        };
        let opened = timeout(timeout_after, opening).await;
        let (requests, driver) = opened
            .map_err(|_| Trouble::TimedOut)?
            .map_err(Trouble::Connect)?;
        Ok(Self {
            requests,
            driver: Box::pin(driver),
            timer: Box::pin(sleep_until(Instant::now() + timeout_after)),
        })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        timeout_after: Duration,
    ) -> Result<Reply, Trouble> {
        let deadline = Instant::now() + timeout_after;
        let requests = &mut self.requests;
        let mut exchange = pin!(async {
            requests.ready().await?;
            let (head, body) = requests.send_request(request).await?.into_parts();
            Ok((head, read(body).await))
        });
        let (driver, timer) = (&mut self.driver, &mut self.timer);
        let result = poll_fn(|context| {
            // Twice: the driver sends what the exchange has written, and brings what it waits for.
            if let Poll::Ready(result) = exchange.as_mut().poll(context) {
                return Poll::Ready(Ok(result));
            }
            let is_over = driver.as_mut().poll(context).is_ready();
            match exchange.as_mut().poll(context) {
                Poll::Ready(result) => Poll::Ready(Ok(result)),
                Poll::Pending if is_over => {
                    Poll::Ready(Err(Trouble::Broken("the connection has ended".to_owned())))
                }
                Poll::Pending => {
                    poll_deadline(timer, deadline, context).map(|()| Err(Trouble::TimedOut))
                }
            }
        });
        match result.await? {
            Ok((head, Ok(body))) => Ok(Reply {
                status: head.status,
                headers: head.headers,
                body,
            }),
            Ok((_, Err(reason))) => Err(Trouble::Broken(reason)),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// Sends a request and hands over its answer, whose body comes as long as [`Connection::drive`] is polled.
    pub(crate) async fn open_stream(
        &mut self,
        request: Request<Full<Bytes>>,
        timeout_after: Duration,
    ) -> Result<Response<Incoming>, Trouble> {
        let requests = &mut self.requests;
        let exchange = async {
            requests.ready().await?;
            requests.send_request(request).await
        };
        tokio::select! {
            result = exchange => result.map_err(|error| trouble(&error)),
            _ = &mut self.driver => Err(Trouble::Broken("the connection has ended".to_owned())),
            () = tokio::time::sleep(timeout_after) => Err(Trouble::TimedOut),
        }
    }

    /// Moves bytes until the connection ends.
    pub(crate) async fn drive(&mut self) {
        // How it ended shows in the body that it carried.
        drop((&mut self.driver).await);
    }
}

async fn read(body: Incoming) -> Result<Bytes, String> {
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    body.map(Collected::to_bytes)
        .map_err(|error| error.to_string())
}

fn poll_deadline(
    timer: &mut Pin<Box<Sleep>>,
    deadline: Instant,
    context: &mut Context<'_>,
) -> Poll<()> {
    while timer.as_mut().poll(context).is_ready() {
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        timer.as_mut().reset(deadline);
    }
    if deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
        return timer.as_mut().poll(context);
    }
    Poll::Pending
}

fn trouble(error: &hyper::Error) -> Trouble {
    if error.is_canceled() {
        Trouble::NotSent
    } else {
        Trouble::Broken(error.to_string())
    }
}
