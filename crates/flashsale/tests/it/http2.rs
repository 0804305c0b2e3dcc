//! HTTP/2: the same answers, limits and deadlines as over HTTP/1.1, for many requests on one connection.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::support::client::{Answer, CSRF_HEADER};
use crate::support::contract::{assert_csrf_with, assert_error};
use crate::support::http::Request;
use crate::support::http2::{
    ACK, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, Http2, PING, RST_STREAM, frame,
    head_of_get,
};
use crate::support::server::{Setup, TestServer};
use crate::support::tls::{Certificate, SECURE_COOKIE, secure};

const DEADLINE_MS: u64 = 700;
const DEADLINE: Duration = Duration::from_millis(DEADLINE_MS);
/// How much later a busy machine may notice a deadline.
const NOTICED_MAX: Duration = Duration::from_secs(6);

async fn open(setup: Setup) -> (TestServer, Certificate, Http2) {
    let (server, certificate) = secure(setup).await;
    let (client, _driver) = Http2::open(server.address(), &certificate).await;
    (server, certificate, client)
}

#[tokio::test]
async fn a_purchase_over_http2_is_one_over_http1() {
    let (_server, _, client) = open(TestServer::setup()).await;
    let response = client.send(&Request::get("/api/csrf")).await;
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with(&format!("{SECURE_COOKIE}=")), "{cookie}");
    let promise = response.header("strict-transport-security");
    assert_eq!(promise, Some("max-age=31536000"));
    let csrf_token = client.csrf_token().await;
    let purchase = client.purchase(&csrf_token, "ada");
    let order_id = Answer::of(&client.send(&purchase).await).purchased();
    let again = Answer::of(&client.send(&purchase).await);
    assert_eq!(again, Answer::AlreadyPurchased(order_id.clone()));
    let found = client.send(&Request::get("/api/purchase/ada")).await;
    assert_eq!(found.json()["orderId"], order_id);

    let without = client.send(&purchase.clone().without(CSRF_HEADER)).await;
    assert_csrf_with(SECURE_COOKIE, &without, "missing_header");
    // A browser sends each cookie by itself here (RFC 9113, 8.2.3).
    let crumbs = client.purchase(&csrf_token, "bob").without("cookie");
    let crumbs = crumbs.header("cookie", "theme=dark");
    let crumbs = crumbs.header("cookie", format!("{SECURE_COOKIE}={csrf_token}"));
    Answer::of(&client.send(&crumbs).await).purchased();

    let unknown = client.send(&Request::get("/api/nothing")).await;
    assert_error(&unknown, 404, "not_found", &[]);
    let wrong = client.send(&Request::new("DELETE", "/api/status")).await;
    assert_error(&wrong, 405, "method_not_allowed", &[]);
    assert!(wrong.header("allow").is_some());
    let head = client.send(&Request::new("HEAD", "/api/status")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let status = client.send(&Request::get("/api/status")).await;
    let length = status.body.len().to_string();
    assert_eq!(head.header("content-length"), Some(&*length));
}

/// What HTTP/1.1 has in `Host` has another place in HTTP/2, and an old browser is judged by it.
#[tokio::test]
async fn row_49_the_origin_is_compared_with_the_authority() {
    let (server, _, client) = open(TestServer::setup()).await;
    let csrf_token = client.csrf_token().await;
    let purchase = |user: &str| client.purchase(&csrf_token, user);
    let own = format!("https://{}", server.address());
    let bought = client.send(&purchase("ada").header("origin", own)).await;
    Answer::of(&bought).purchased();
    let foreign = purchase("bob").header("origin", "https://evil.example");
    let refused = client.send(&foreign).await;
    assert_csrf_with(SECURE_COOKIE, &refused, "cross_site");
}

#[tokio::test]
async fn row_33_a_body_over_the_limit_ends_its_request_alone() {
    let (_server, _, client) = open(TestServer::setup()).await;
    let csrf_token = client.csrf_token().await;
    let long = client.purchase(&csrf_token, "ada").body(vec![b' '; 60_000]);
    let refused = client.send(&long).await;
    assert_error(&refused, 413, "payload_too_large", &[]);
    let far_too_long = long.body(vec![b' '; 3_000_000]);
    // The answer may come before all of it is sent, and the rest is not taken.
    if let Ok(refused) = client.try_send(&far_too_long).await {
        assert_error(&refused, 413, "payload_too_large", &[]);
    }
    let bought = client.send(&client.purchase(&csrf_token, "ada")).await;
    Answer::of(&bought).purchased();
}

#[tokio::test]
async fn a_hundred_requests_at_once_are_answered_on_one_connection() {
    let (_server, _, client) = open(TestServer::setup().stock(500)).await;
    let csrf_token = client.csrf_token().await;
    let mut requests = JoinSet::new();
    for number in 0..300 {
        let client = client.clone();
        let purchase = client.purchase(&csrf_token, &format!("buyer-{number}"));
        requests.spawn(async move { Answer::of(&client.send(&purchase).await).purchased() });
    }
    let mut orders = std::collections::BTreeSet::new();
    while let Some(order_id) = requests.join_next().await {
        orders.insert(order_id.expect("a buyer does not panic"));
    }
    assert_eq!(orders.len(), 300);
}

#[tokio::test]
async fn row_31_a_slow_body_over_http2_is_told_so_at_the_deadline() {
    let setup = TestServer::setup().env("BODY_TIMEOUT_MS", DEADLINE_MS);
    let (_server, _, client) = open(setup).await;
    let csrf_token = client.csrf_token().await;
    let start = Instant::now();
    let half = client
        .purchase(&csrf_token, "ada")
        .header("content-length", "4000");
    let refused = client.send_half(&half).await;
    assert_error(&refused, 408, "request_timeout", &[]);
    assert!(start.elapsed() >= DEADLINE, "{:?}", start.elapsed());
    // Others on the connection never noticed.
    let bought = client.send(&client.purchase(&csrf_token, "bob")).await;
    Answer::of(&bought).purchased();
}

/// A connection on which nothing is asked ends at the idle deadline, however much else is sent on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_an_idle_http2_connection_ends_whatever_it_sends() {
    let setup = TestServer::setup().env("IDLE_TIMEOUT_MS", DEADLINE_MS * 2);
    let (server, certificate) = secure(setup).await;
    let idle_timeout = DEADLINE * 2;

    let (client, driver) = Http2::open(server.address(), &certificate).await;
    let start = Instant::now();
    for _ in 0..10 {
        assert_eq!(client.send(&Request::get("/api/status")).await.status, 200);
        tokio::time::sleep(DEADLINE / 2).await;
    }
    let used_for = start.elapsed();
    assert!(used_for > idle_timeout * 2, "it was in use all the time");
    let ended = timeout(idle_timeout + NOTICED_MAX, driver).await;
    ended
        .expect("it ends when it is idle")
        .expect("no panic")
        .ok();
    assert!(start.elapsed() >= used_for + idle_timeout / 4);

    let mut frames = Frames::open(server.address(), &certificate, &[]).await;
    let start = Instant::now();
    let ping = crate::support::http2::frame(PING, 0, 0, b"still on");
    while frames.send(&ping).await.is_ok() {
        assert!(start.elapsed() < idle_timeout + NOTICED_MAX, "still open");
        let read = timeout(Duration::from_millis(50), async {
            while frames.next().await.is_ok() {}
        });
        if read.await.is_ok() {
            break;
        }
    }
    assert!(
        start.elapsed() >= idle_timeout.mul_f32(0.9),
        "{:?}",
        start.elapsed()
    );
}

/// A live stream is no idle connection, and each of many on one connection brings every change.
#[tokio::test]
async fn live_streams_share_a_connection() {
    let setup = TestServer::setup().env("IDLE_TIMEOUT_MS", 1_000);
    let (_server, _, client) = open(setup).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let (head, body) = client
            .begin(&Request::get("/api/events"))
            .await
            .expect("a stream");
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        streams.push(body);
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let csrf_token = client.csrf_token().await;
    let bought = client.send(&client.purchase(&csrf_token, "ada")).await;
    Answer::of(&bought).purchased();
    for body in &mut streams {
        timeout(NOTICED_MAX, async {
            let mut text = Vec::new();
            while !String::from_utf8_lossy(&text).contains("\"sold\":1") {
                let chunk = body.data().await.expect("it goes on").expect("an event");
                body.flow_control()
                    .release_capacity(chunk.len())
                    .expect("a window");
                text.extend_from_slice(&chunk);
            }
        })
        .await
        .expect("the change is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_ends_streams_and_connections_in_order() {
    let (server, certificate) = secure(TestServer::setup()).await;
    let (client, driver) = Http2::open(server.address(), &certificate).await;
    let (_, mut body) = client
        .begin(&Request::get("/api/events"))
        .await
        .expect("a stream");
    let first = body.data().await.expect("it goes on").expect("an event");
    assert!(first.starts_with(b"retry: "), "{first:?}");
    let (_idle, idle_driver) = Http2::open(server.address(), &certificate).await;
    // One that does not answer any more is not waited for.
    let mut silent = Frames::open(server.address(), &certificate, &[]).await;
    silent.next().await.expect("the settings of the server");

    let start = Instant::now();
    let (stopped, last) = tokio::join!(server.stop(), async {
        let mut last = Some(Ok(Bytes::new()));
        while let Some(chunk) = last.take() {
            chunk.expect("an event, or the end");
            last = body.data().await;
        }
        body.is_end_stream()
    });
    assert!(last, "the stream ends, and is not cut off");
    assert_eq!(stopped.1.code, Some(0), "{:?}", stopped.1);
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    driver
        .await
        .expect("no panic")
        .expect("the connection ends in order");
    idle_driver
        .await
        .expect("no panic")
        .expect("and so does an idle one");
    let frames = silent
        .until_closed(NOTICED_MAX)
        .await
        .expect("it is closed");
    let goaway = frames.iter().find(|frame| frame.kind == GOAWAY);
    assert_eq!(goaway.expect("it is told").reason(), 0, "{frames:?}");
    assert!(
        frames
            .iter()
            .all(|frame| frame.kind != PING || frame.flags & ACK == 0)
    );
}

/// A purchase that is under way at the stop gets its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_11_a_stop_waits_for_requests_over_http2() {
    use crate::support::faults::Word;
    let (server, _, client) = open(TestServer::setup().with_faults()).await;
    let csrf_token = client.csrf_token().await;
    server.faults().set(Word::StallSyncMs, 500);
    let purchase = client.purchase(&csrf_token, "ada");
    let buying = tokio::spawn(async move { Answer::of(&client.send(&purchase).await) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (_, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{}", exit.said());
    buying.await.expect("no panic").purchased();
}

/// A library would write down a path that it cannot read, with whoever's id is in it.
#[tokio::test]
async fn row_52_a_path_that_is_none_is_in_no_line_of_the_log() {
    for format in ["json", "text"] {
        let setup = TestServer::setup().env("LOG", "trace");
        let (server, certificate) = secure(setup.env("LOG_FORMAT", format)).await;
        let mut frames = Frames::open(server.address(), &certificate, &[]).await;
        let head = head_of_get("/api/purchase/ada.lovelace@example.com<");
        let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &head);
        frames.send(&request).await.expect("a request is sent");
        let refusal = loop {
            let frame = frames.next().await.expect("an answer");
            if [RST_STREAM, GOAWAY, HEADERS].contains(&frame.kind) {
                break frame;
            }
        };
        assert_eq!(refusal.kind, RST_STREAM, "{refusal:?}");
        let (_, exit) = server.stop().await;
        assert!(exit.stderr.lines().count() > 3, "{}", exit.stderr);
        assert!(!exit.stderr.contains("lovelace"), "{}", exit.stderr);
    }
}
