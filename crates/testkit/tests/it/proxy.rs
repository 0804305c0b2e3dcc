//! The proxy: each fault, on connections that exist and on new ones.

use std::io::ErrorKind;
use std::time::Duration;

use flashsale_testkit::{FaultProxy, Program, RedisServer, Reply, Resp};
use tokio::time::{Instant, timeout};

use crate::bulk;

/// Long enough for an answer on one machine; a test that expects none waits for so long.
const A_WHILE: Duration = Duration::from_millis(300);

async fn server_and_proxy() -> (RedisServer, FaultProxy) {
    let server = RedisServer::setup(Program::Redis).start().await;
    let proxy = FaultProxy::before(server.address()).await;
    (server, proxy)
}

async fn connect(proxy: &FaultProxy) -> Resp {
    let resp = Resp::connect(proxy.address()).await;
    resp.expect("the proxy takes connections")
}

/// A command whose answer does not come, though the connection stays open.
async fn assert_silent(resp: &mut Resp, words: &[&str]) {
    let answer = timeout(A_WHILE, resp.try_command(words)).await;
    assert!(answer.is_err(), "{answer:?}");
}

/// A connection that the other side has closed.
async fn assert_cut(resp: &mut Resp) {
    let answer = resp.try_command(&["PING"]).await;
    let error = answer.expect_err("a connection that is cut");
    assert_ne!(error.kind(), ErrorKind::TimedOut);
}

/// A listener that is not there, as a connection to it meets it.
async fn assert_refused(proxy: &FaultProxy) {
    let refused = Resp::connect(proxy.address()).await;
    let error = refused.expect_err("nobody listens");
    // One that meets the end of the listener is reset.
    let kinds = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
    assert!(kinds.contains(&error.kind()), "{error}");
}

#[tokio::test]
async fn what_passes_arrives_unchanged() {
    let (_server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    let long = "x".repeat(3 << 20);
    resp.command(&["SET", "k", &long]).await.assert_ok();
    assert_eq!(resp.command(&["GET", "k"]).await, bulk(&long));
    // A pipeline is cut into requests, and put together again.
    for _ in 0..1_000 {
        resp.send(&[b"INCR", b"n"]).await.unwrap();
    }
    for number in 1..=1_000 {
        assert_eq!(resp.receive().await.unwrap(), Reply::Int(number));
    }
    assert_eq!(proxy.connections(), 1);
    connect(&proxy).await.command(&["PING"]).await;
    assert_eq!((proxy.connections(), proxy.cuts()), (2, 0));
    assert_eq!(proxy.url(), format!("redis://{}", proxy.address()));
}

#[tokio::test]
async fn a_delay_is_one_each_way_and_does_not_add_up() {
    let (_server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    resp.command(&["PING"]).await;
    proxy.delay(Duration::from_millis(100)).await;
    let began_at = Instant::now();
    resp.command(&["PING"]).await;
    assert!(began_at.elapsed() >= Duration::from_millis(200));

    let began_at = Instant::now();
    for _ in 0..50 {
        resp.send(&[b"PING"]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for _ in 0..50 {
        resp.receive().await.unwrap();
    }
    assert!(began_at.elapsed() < Duration::from_secs(2));
    proxy.pass().await;
    let began_at = Instant::now();
    resp.command(&["PING"]).await;
    assert!(began_at.elapsed() < Duration::from_millis(100));
}

#[tokio::test]
async fn what_was_held_arrives_after_all() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.hold().await;
    resp.send(&[b"SET", b"k", b"v"]).await.unwrap();
    let mut later = connect(&proxy).await;
    assert_silent(&mut later, &["INCR", "n"]).await;
    assert_eq!(server.command(&["EXISTS", "k", "n"]).await.int(), 0);
    proxy.pass().await;
    resp.receive().await.unwrap().assert_ok();
    assert_eq!(later.receive().await.unwrap().int(), 1);
}

#[tokio::test]
async fn a_request_that_was_held_arrives_though_its_client_is_gone() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.hold().await;
    resp.send(&[b"SET", b"k", b"v"]).await.unwrap();
    drop(resp);
    proxy.pass().await;
    let arrived = async { while server.command(&["EXISTS", "k"]).await.int() == 0 {} };
    timeout(Duration::from_secs(10), arrived).await.unwrap();
}

#[tokio::test]
async fn a_black_hole_swallows_for_good() {
    let (server, proxy) = server_and_proxy().await;
    let mut unused = connect(&proxy).await;
    unused.command(&["PING"]).await;
    let mut resp = connect(&proxy).await;
    proxy.black_hole().await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    let mut new = connect(&proxy).await;
    assert_silent(&mut new, &["INCR", "n"]).await;
    proxy.pass().await;
    // What has lost bytes would pair answers with the wrong requests.
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_silent(&mut new, &["INCR", "n"]).await;
    // What has lost none is as before.
    assert_eq!(unused.command(&["INCR", "n"]).await.int(), 1);
    assert_eq!(connect(&proxy).await.command(&["INCR", "n"]).await.int(), 2);
    assert_eq!(server.command(&["GET", "n"]).await, bulk("2"));
}

#[tokio::test]
async fn answers_are_dropped_and_requests_are_not() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.drop_answers().await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_eq!(server.command(&["GET", "n"]).await, bulk("2"));
    proxy.pass().await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_eq!(server.command(&["GET", "n"]).await, bulk("2"));
    assert_eq!(connect(&proxy).await.command(&["INCR", "n"]).await.int(), 3);
}

#[tokio::test]
async fn a_half_open_connection_stays_dead_when_new_ones_live() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.half_open().await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_refused(&proxy).await;
    proxy.pass().await;
    assert_silent(&mut resp, &["INCR", "n"]).await;
    assert_eq!(connect(&proxy).await.command(&["INCR", "n"]).await.int(), 1);
    proxy.cut().await;
    assert_cut(&mut resp).await;
    assert_eq!(server.command(&["GET", "n"]).await, bulk("1"));
}

#[tokio::test]
async fn who_is_refused_meets_no_listener() {
    let (_server, proxy) = server_and_proxy().await;
    for _ in 0..20 {
        let mut resp = connect(&proxy).await;
        proxy.refuse().await;
        assert_cut(&mut resp).await;
        assert_refused(&proxy).await;
        proxy.pass().await;
        assert_eq!(
            connect(&proxy).await.command(&["PING"]).await.text(),
            "PONG"
        );
    }
}

#[tokio::test]
async fn a_cut_is_for_those_that_exist() {
    let (_server, proxy) = server_and_proxy().await;
    let mut used = connect(&proxy).await;
    used.command(&["PING"]).await;
    let mut unused = connect(&proxy).await;
    proxy.cut().await;
    assert_cut(&mut used).await;
    assert_cut(&mut unused).await;
    assert_eq!(
        connect(&proxy).await.command(&["PING"]).await.text(),
        "PONG"
    );
}

#[tokio::test]
async fn a_request_is_carried_out_before_its_connection_is_cut() {
    let (server, proxy) = server_and_proxy().await;
    proxy.cut_after_request(2);
    for count in 1..=2 {
        let mut resp = connect(&proxy).await;
        resp.try_command(&["INCR", "n"]).await.unwrap_err();
        assert_eq!(
            server.command(&["GET", "n"]).await,
            bulk(&count.to_string())
        );
        assert_eq!(proxy.cuts(), count);
    }
    assert_eq!(connect(&proxy).await.command(&["INCR", "n"]).await.int(), 3);
    assert_eq!(proxy.cuts(), 2);
}

#[tokio::test]
async fn only_requests_with_the_bytes_are_cut() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.cut_after_request_with(b"needle", 1);
    resp.command(&["SET", "k", "hay"]).await.assert_ok();
    // Long enough to come in many pieces, with the bytes in the first of them.
    let long = "x".repeat(5 << 20);
    let cut = resp.try_command(&["SET", "needle", &long]).await;
    cut.unwrap_err();
    assert_eq!(server.command(&["STRLEN", "needle"]).await.int(), 5 << 20);
    assert_eq!(proxy.cuts(), 1);
    let mut resp = connect(&proxy).await;
    resp.command(&["SET", "needle", "1"]).await.assert_ok();
}

#[tokio::test]
async fn a_pipeline_is_carried_out_up_to_the_cut() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.cut_after_request_with(b"EXEC", 1);
    let pipeline = ["MULTI", "INCR n", "EXEC", "INCR n"];
    for words in pipeline {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        // The connection may be cut while this still sends.
        let _ = resp.send(&words).await;
    }
    while resp.receive().await.is_ok() {}
    assert_eq!(server.command(&["GET", "n"]).await, bulk("1"));
}

#[tokio::test]
async fn a_request_can_be_cut_before_it_arrives() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    proxy.cut_before_request_with(b"INCR", 1);
    resp.command(&["PING"]).await;
    resp.try_command(&["INCR", "n"]).await.unwrap_err();
    assert_eq!(server.command(&["GET", "n"]).await, Reply::Bulk(None));
    assert_eq!(proxy.cuts(), 1);
    proxy.cut_before_request_with(b"INCR", 1);
    proxy.pass().await;
    assert_eq!(connect(&proxy).await.command(&["INCR", "n"]).await.int(), 1);
}

#[tokio::test]
async fn a_server_that_is_gone_costs_the_connection() {
    let (server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    resp.command(&["PING"]).await;
    server.kill();
    assert_cut(&mut resp).await;
    assert_cut(&mut connect(&proxy).await).await;
    server.restart().await;
    assert_eq!(
        connect(&proxy).await.command(&["PING"]).await.text(),
        "PONG"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_proxy_closes_its_connections() {
    let (_server, proxy) = server_and_proxy().await;
    let mut resp = connect(&proxy).await;
    resp.command(&["PING"]).await;
    let address = proxy.address();
    drop(proxy);
    assert_cut(&mut resp).await;
    // The listener is closed by a task, which the call above does not wait for.
    let gone = async { while Resp::connect(address).await.is_ok() {} };
    timeout(Duration::from_secs(10), gone).await.unwrap();
}
