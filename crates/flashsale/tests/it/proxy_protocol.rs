//! Row 62: the PROXY protocol. Whoever is trusted must say for whom it speaks; nobody else is heard.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::redis_start::assert_refused;
use crate::support::http::{Connection, Request};
use crate::support::http2::Http2;
use crate::support::server::{Setup, TestServer};
use crate::support::tls::{secure, shake_hands};

const DEADLINE_MS: u64 = 700;
const DEADLINE: Duration = Duration::from_millis(DEADLINE_MS);
const NOTICED_MAX: Duration = Duration::from_secs(6);

const VERSION_1: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\
    \xc0\0\x02\x07\xc0\0\x02\x01\x12\x67\x01\xbb";
const OF_ITSELF: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn behind(proxies: &str) -> Setup {
    TestServer::setup()
        .env("PROXY_PROTOCOL", true)
        .env("TRUSTED_PROXIES", proxies)
        .env("HEADER_TIMEOUT_MS", DEADLINE_MS)
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address())
        .await
        .expect("a connection")
}

/// Sends these pieces one after the other, and reads until the server closes.
async fn exchange(server: &TestServer, pieces: &[&[u8]]) -> String {
    let mut stream = connect(server).await;
    for piece in pieces {
        stream.write_all(piece).await.ok();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = Vec::new();
    timeout(DEADLINE + NOTICED_MAX, stream.read_to_end(&mut answer))
        .await
        .expect("it is closed in time")
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn request() -> Vec<u8> {
    let request = Request::get("/api/status").header("connection", "close");
    request.bytes("localhost")
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_speaks() {
    let server = behind("127.0.0.0/8,2001:db8::7").start().await;
    let request = request();
    for header in [VERSION_1, VERSION_2, OF_ITSELF, b"PROXY UNKNOWN\r\n"] {
        let at_once = [header, &request].concat();
        let (first, second) = header.split_at(header.len() / 2);
        for pieces in [
            &[&at_once[..]][..],
            &[header, &request],
            &[first, second, &request],
            &[&at_once[..header.len() + 5], &at_once[header.len() + 5..]],
        ] {
            let answer = exchange(&server, pieces).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
    }
    // What came with the header is not lost on the next request.
    let mut stream = connect(&server).await;
    let first = Request::get("/api/status").bytes("localhost");
    let both = [VERSION_1, &first].concat();
    stream.write_all(&both).await.expect("a request is sent");
    let mut connection = Connection::over(stream, "localhost");
    assert_eq!(
        connection.answer(true).await.expect("an answer").status,
        200
    );
    let again = connection.send(&Request::get("/api/status")).await;
    assert_eq!(again.expect("an answer").status, 200);
}

#[tokio::test]
async fn row_62_a_trusted_proxy_that_does_not_say_it_is_closed() {
    let server = behind("127.0.0.1").start().await;
    let request = request();
    let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 5_000]].concat();
    let endless = [&VERSION_2[..14], b"\xff\xff", &[0; 5_000]].concat();
    for odd in [
        &request[..],
        b"PROXY TCP4 nobody nowhere 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443 \r\n",
        &long,
        &endless,
    ] {
        let begun = Instant::now();
        let answer = exchange(&server, &[odd, &request]).await;
        assert_eq!(answer, "", "{}", String::from_utf8_lossy(odd));
        assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn row_62_a_header_that_does_not_come_is_waited_for_until_the_deadline() {
    let server = behind("127.0.0.1").start().await;
    for half in [&b""[..], &VERSION_1[..20], &VERSION_2[..20]] {
        let begun = Instant::now();
        assert_eq!(exchange(&server, &[half]).await, "");
        assert!(begun.elapsed() >= DEADLINE, "{:?}", begun.elapsed());
    }
    // Nor does one hold up the stop.
    let _half = connect(&server).await;
    let begun = Instant::now();
    let (_, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{}", exit.said());
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn row_62_from_elsewhere_a_header_is_a_malformed_request() {
    for setup in [behind("192.0.2.0/24"), TestServer::setup()] {
        let server = setup.start().await;
        let request = request();
        for header in [VERSION_1, VERSION_2] {
            let answer = exchange(&server, &[&[header, &request].concat()]).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
        server.client().await.buy("ada").await.purchased();
    }
}

#[tokio::test]
async fn tls_comes_behind_the_header() {
    let (server, certificate) = secure(behind("127.0.0.1")).await;
    for protocol in ["h2", "http/1.1"] {
        let mut stream = connect(&server).await;
        stream.write_all(VERSION_2).await.expect("a header is sent");
        let stream = shake_hands(stream, certificate.client(&[protocol]))
            .await
            .expect("a handshake");
        if protocol == "h2" {
            let client = Http2::over(stream, server.address()).await;
            assert_eq!(client.send(&Request::get("/api/status")).await.status, 200);
        } else {
            let mut connection = Connection::over(stream, "localhost");
            let response = connection.send(&Request::get("/api/status")).await;
            assert_eq!(response.expect("an answer").status, 200);
        }
    }
}

#[tokio::test]
async fn it_makes_no_sense_without_proxies() {
    let refusal = TestServer::setup()
        .env("PROXY_PROTOCOL", true)
        .refused()
        .await;
    assert_refused(&refusal, 2, &["PROXY_PROTOCOL", "TRUSTED_PROXIES"]);
    for proxies in ["proxy.example", "10.0.0.0/33"] {
        let refusal = behind(proxies).refused().await;
        assert_eq!(refusal.code, Some(2), "{refusal:?}");
        let said = refusal.said();
        assert!(
            said.contains("trusted-proxies") && said.contains(proxies),
            "{said}"
        );
    }
}
