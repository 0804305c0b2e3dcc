//! Refuses a request whose body nobody has begun to read.
//!
//! A server that answers and closes while the client still writes makes the client's system throw the
//! answer away, and with it a fresh token. So the body is taken in first, bounded in length and time,
//! and the connection can be used again.

use std::error::Error;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Body;
use tokio::time::timeout;

use crate::App;
use crate::answer::{Answer, Refusal, Reply};

/// The longest body that is taken in only to be thrown away, in bytes: somewhat longer than any that is
/// read, because a client that is over one limit should still hear that its token is old.
const UNREAD_BYTES_MAX: u32 = 64 * 1024;

/// The refusal, once the body is in. Where it is too long, too slow or broken, nothing else can follow
/// on this connection, and the answer says so.
pub(crate) async fn refuse(
    refusal: Refusal,
    body: impl Body<Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
    app: &App,
) -> Reply {
    // It is rare, and every connection has room for what is not in a box.
    Box::pin(refuse_within(app.body_timeout, refusal, body)).await
}

async fn refuse_within(
    body_timeout: Duration,
    refusal: Refusal,
    body: impl Body<Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
) -> Reply {
    let ended = timeout(body_timeout, comes_to_its_end(body)).await;
    let mut reply = Reply::from(Answer::Refused(refusal));
    if ended != Ok(true) {
        let close = HeaderValue::from_static("close");
        reply.response.headers_mut().insert(CONNECTION, close);
    }
    reply
}

async fn comes_to_its_end(
    body: impl Body<Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
) -> bool {
    // What is announced as too long is not waited for.
    if body.size_hint().lower() > UNREAD_BYTES_MAX.into() {
        return false;
    }
    let mut body = Limited::new(body, UNREAD_BYTES_MAX as usize);
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;
    use std::time::Duration;

    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    async fn check(body: Body, kept: bool) {
        let body_timeout = Duration::from_millis(50);
        let reply = refuse_within(body_timeout, Refusal::UnsupportedMediaType, body).await;
        let close = reply.response.headers().get(CONNECTION);
        assert_eq!(close.is_none(), kept, "{close:?}");
        assert!(reply.answer.is_some());
    }

    #[tokio::test]
    async fn only_after_a_whole_body_can_a_request_follow() {
        check(Body::empty(), true).await;
        let longest = vec![b' '; UNREAD_BYTES_MAX as usize];
        check(Body::from(longest.clone()), true).await;
        check(Body::from([&longest[..], b" "].concat()), false).await;
        let chunks = stream::iter([Ok::<_, Infallible>(longest), Ok(b" ".to_vec())]);
        check(Body::from_stream(chunks), false).await;
        let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
        let silent = futures_util::StreamExt::chain(begun, stream::pending());
        check(Body::from_stream(silent), false).await;
        let broken = stream::iter([Err::<Bytes, _>(io::Error::other("reset"))]);
        check(Body::from_stream(broken), false).await;
    }
}
