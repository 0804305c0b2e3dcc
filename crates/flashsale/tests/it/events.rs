//! The live stream: what it brings, how often, and how it ends.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::client::Answer;
use crate::support::contract::assert_outcome;
use crate::support::events::EventStream;
use crate::support::faults::Word;
use crate::support::http::Request;
use crate::support::server::{HOUR_MS, TestServer};
use crate::support::{machine_alone, now_ms};

const ENOSPC: i64 = 28;

async fn follow(server: &TestServer) -> EventStream {
    let stream = EventStream::open(server.address()).await.expect("a stream");
    assert_eq!(stream.head.status, 200, "{}", stream.head.text());
    stream
}

fn without_time(status: &Value) -> Value {
    let mut status = status.clone();
    status["serverTime"].take();
    status
}

#[tokio::test]
async fn the_first_event_comes_at_once_and_each_change_follows() {
    let server = TestServer::setup().stock(2).start().await;
    let mut client = server.client().await;
    let mut stream = follow(&server).await;
    let head = &stream.head;
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(head.header("x-accel-buffering"), Some("no"));
    assert!(head.header("correlation-id").is_some());

    let first = stream.next().await.expect("an event");
    let status = client.status().await;
    assert_eq!(without_time(&first.status), without_time(&status));
    assert_eq!(first.status["ready"], true);
    let retry_ms = first.retry_ms.expect("how long to wait before a reconnect");
    assert!((1_000..3_001).contains(&retry_ms), "{retry_ms}");

    client.buy("ada").await.purchased();
    let next = stream.next().await.expect("an event");
    assert_eq!(
        (&next.status["sold"], &next.status["stock"]),
        (&1.into(), &1.into())
    );
    assert_eq!(next.retry_ms, None);
    client.buy("bob").await.purchased();
    let last = stream.next().await.expect("an event");
    assert_eq!(
        (&last.status["status"], &last.status["sold"]),
        (&"sold_out".into(), &2.into())
    );
    assert!(last.status["serverTime"].as_u64() >= next.status["serverTime"].as_u64());
}

#[tokio::test]
async fn the_start_is_told_although_nobody_buys() {
    let now = now_ms();
    let server = TestServer::setup()
        .window(now + 1_500, now + HOUR_MS)
        .start()
        .await;
    let mut stream = follow(&server).await;
    let first = stream.next().await.expect("an event");
    assert_eq!(first.status["status"], "upcoming");
    let started = stream.next().await.expect("an event");
    assert_eq!(started.status["status"], "active");
    let late_ms = now_ms() - (now + 1_500);
    assert!(
        (0..1_000).contains(&late_ms),
        "{late_ms} ms after the start"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_come_fast_are_told_together() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(100_000).start().await;
    let mut stream = follow(&server).await;
    let mut client = server.client().await;
    let began = Instant::now();
    let mut bought = 0_u64;
    let buying = async {
        while began.elapsed() < Duration::from_secs(3) {
            client.buy(&format!("user-{bought}")).await.purchased();
            bought += 1;
        }
        bought
    };
    let watching = async {
        let mut events = Vec::new();
        while began.elapsed() < Duration::from_secs(3) {
            events.push(stream.next().await.expect("an event").status);
        }
        events
    };
    let (bought, events) = tokio::join!(buying, watching);
    assert!(
        bought > 300,
        "{bought} purchases are too few to show anything"
    );
    // Five a second, the first one, and the one that ended the loop.
    assert!((8..=17).contains(&events.len()), "{} events", events.len());
    let sold: Vec<_> = events
        .iter()
        .map(|status| status["sold"].as_u64())
        .collect();
    assert!(sold.is_sorted(), "{sold:?}");
    // The last change is told as well, however fast it came.
    if sold.last() != Some(&Some(bought)) {
        stream.until(|status| status["sold"] == bought).await;
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_a_stream_alive_beyond_the_time_for_idle_connections() {
    let server = TestServer::setup()
        .env("IDLE_TIMEOUT_MS", 1_000)
        .start()
        .await;
    let mut stream = follow(&server).await;
    let began = Instant::now();
    let mut last = 0;
    for _ in 0..6 {
        let status = stream.next().await.expect("an event").status;
        let time = status["serverTime"].as_u64().expect("a time");
        assert!(time > last, "{time} after {last}");
        last = time;
    }
    assert!(
        began.elapsed() > Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_ends_every_stream_in_order() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().start().await;
    let mut streams = Vec::new();
    for _ in 0..500 {
        streams.push(follow(&server).await);
    }
    let began = Instant::now();
    let (stopped, ends) = tokio::join!(server.stop(), async {
        let mut ends = 0;
        for stream in &mut streams {
            while stream.next().await.is_some() {}
            ends += 1;
        }
        ends
    });
    assert_eq!(stopped.1.code, Some(0), "{:?}", stopped.1);
    assert_eq!(ends, 500);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn more_streams_than_there_may_be_are_told_to_come_back() {
    let server = TestServer::setup().env("STREAMS_MAX", 2).start().await;
    let first = follow(&server).await;
    let _second = follow(&server).await;
    let refused = server.ask(&Request::get("/api/events")).await;
    assert_outcome(&refused, 503, "busy", &["retryAfterMs"]);
    assert!(refused.header("retry-after").is_some());
    // A buyer is served all the same.
    server.client().await.buy("ada").await.purchased();

    drop(first);
    let deadline = Instant::now() + Duration::from_secs(5);
    while EventStream::open(server.address())
        .await
        .expect("an answer")
        .head
        .status
        != 200
    {
        assert!(Instant::now() < deadline, "the place is not free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn streams_never_take_more_than_three_quarters_of_the_connections() {
    let server = TestServer::setup().env("CONNECTIONS_MAX", 8).start().await;
    let mut streams = Vec::new();
    for _ in 0..6 {
        streams.push(follow(&server).await);
    }
    let refused = server.ask(&Request::get("/api/events")).await;
    assert_outcome(&refused, 503, "busy", &["retryAfterMs"]);
    server.client().await.buy("ada").await.purchased();
}

/// Row 7, for those who watch: a node that cannot take orders says so, and that it can again.
#[tokio::test]
async fn a_node_that_cannot_sell_tells_it() {
    let server = TestServer::setup().with_faults().start().await;
    let mut stream = follow(&server).await;
    let mut client = server.client().await;
    let faults = server.faults();
    faults.set(Word::FailWriteFrom, faults.get(Word::Writes) + 1);
    faults.set(Word::WriteErrno, ENOSPC);
    assert_eq!(client.buy("ada").await, Answer::Busy);
    let told = stream.until(|status| status["ready"] == false).await;
    assert_eq!(told["status"], "active");
    assert_eq!(client.status().await["ready"], false);
    faults.set(Word::WriteErrno, 0);
    client.buy("ada").await.purchased();
    stream.until(|status| status["ready"] == true).await;
}
