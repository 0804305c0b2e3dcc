//! HTTPS: what is spoken, what is refused, and clients that are slow before they have said anything.

use std::time::Duration;

use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::client::Answer;
use crate::support::contract::{assert_csrf_with, assert_error};
use crate::support::http::{Connection, Request};
use crate::support::server::TestServer;
use crate::support::tls::{SECURE_COOKIE, SecureClient, connect, http1, secure};

const DEADLINE_MS: u64 = 700;
const DEADLINE: Duration = Duration::from_millis(DEADLINE_MS);
/// How much later a busy machine may notice a deadline.
const NOTICED_MAX: Duration = Duration::from_secs(6);

/// The beginning of a handshake of TLS 1.1 (RFC 4346): a hello with one cipher suite and one signature that
/// were common.
const HELLO_OF_TLS_1_1: &[u8] = b"\x16\x03\x01\x00\x37\x01\x00\x00\x33\x03\x02\
    0123456789abcdef0123456789abcdef\x00\x00\x02\x00\x2f\x01\x00\
    \x00\x08\x00\x0d\x00\x04\x00\x02\x04\x03";

#[tokio::test]
async fn a_purchase_over_https_is_one_over_http_but_for_cookie_and_promise() {
    let (server, certificate) = secure(TestServer::setup()).await;
    let origin = format!("listening on https://{}", server.address());
    assert!(server.stdout().contains(&origin), "{}", server.stdout());
    assert!(
        !server.stdout().contains("plain HTTP"),
        "{}",
        server.stdout()
    );

    let mut client = SecureClient::open(&server, &certificate).await;
    let response = client.connection.send(&Request::get("/api/csrf")).await;
    let response = response.expect("an answer");
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with(&format!("{SECURE_COOKIE}=")), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    assert_eq!(
        response.header("strict-transport-security"),
        Some("max-age=31536000")
    );

    let order_id = client.buy("ada").await;
    let again = client.connection.send(&client.purchase("ada")).await;
    let again = again.expect("an answer");
    assert_eq!(Answer::of(&again), Answer::AlreadyPurchased(order_id));
    assert!(again.header("strict-transport-security").is_some());
    let plain_cookie = client.purchase("bob").without("cookie");
    let plain_cookie = plain_cookie.header("cookie", format!("csrfToken={}", client.csrf_token));
    let refused = client.connection.send(&plain_cookie).await;
    assert_csrf_with(
        SECURE_COOKIE,
        &refused.expect("an answer"),
        "missing_cookie",
    );
}

#[tokio::test]
async fn without_a_certificate_nothing_is_promised() {
    let server = TestServer::setup().start().await;
    let response = server.ask(&Request::get("/api/status")).await;
    assert_eq!(response.header("strict-transport-security"), None);
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_1_1_is_not() {
    let (server, certificate) = secure(TestServer::setup()).await;
    for version in [&TLS12, &TLS13] {
        let client = certificate.client_of(&[version], &[]);
        let mut connection = http1(server.address(), client).await.expect("a handshake");
        let response = connection.send(&Request::get("/api/status")).await;
        assert_eq!(response.expect("an answer").status, 200);
    }
    let mut old = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    old.write_all(HELLO_OF_TLS_1_1)
        .await
        .expect("a hello is sent");
    let mut answer = Vec::new();
    timeout(NOTICED_MAX, old.read_to_end(&mut answer))
        .await
        .expect("it is closed at once")
        .expect("and in order");
    // A fatal alert: protocol_version (RFC 8446, 6).
    assert_eq!(
        (answer.first(), answer.last()),
        (Some(&21), Some(&70)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn who_offers_protocols_gets_one_of_them_or_none() {
    let (server, certificate) = secure(TestServer::setup()).await;
    for (offered, chosen) in [
        (&["http/1.1", "h2"][..], Some(&b"h2"[..])),
        (&["http/1.1"], Some(b"http/1.1")),
        (&["spdy/3", "h2"], Some(b"h2")),
        (&[], None),
    ] {
        let stream = connect(server.address(), certificate.client(offered)).await;
        let stream = stream.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen, "{offered:?}");
    }
    let refused = connect(server.address(), certificate.client(&["spdy/3"])).await;
    let error = refused
        .expect_err("there is nothing to talk in")
        .to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn who_comes_back_needs_no_whole_handshake() {
    let (server, certificate) = secure(TestServer::setup()).await;
    for version in [&TLS12, &TLS13] {
        let client = certificate.client_of(&[version], &["http/1.1"]);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let stream = connect(server.address(), client.clone()).await;
            let mut stream = stream.expect("a handshake");
            assert_eq!(
                stream.get_ref().1.handshake_kind(),
                Some(kind),
                "{version:?}"
            );
            // The ticket comes with the first answer at the latest.
            let request = Request::get("/livez").header("connection", "close");
            let request = request.bytes("localhost");
            stream.write_all(&request).await.expect("a request is sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("an answer");
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn plain_http_is_closed_in_order() {
    let (server, certificate) = secure(TestServer::setup()).await;
    let mut plain = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let request = Request::get("/api/status").bytes("localhost");
    plain.write_all(&request).await.expect("a request is sent");
    let mut answer = Vec::new();
    timeout(NOTICED_MAX, plain.read_to_end(&mut answer))
        .await
        .expect("it is closed at once")
        .expect("and not reset");
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    SecureClient::open(&server, &certificate)
        .await
        .buy("ada")
        .await;
}

/// The console stays as it is where only this machine reaches it; elsewhere its token is hidden, too.
#[tokio::test]
async fn the_console_is_hidden_where_others_can_reach_it() {
    let (server, _) = secure(TestServer::setup()).await;
    let console = server.console();
    let mut plain = Connection::open(console.address)
        .await
        .expect("a connection");
    let response = plain.begin(&Request::get("/admin/sale")).await;
    assert_eq!(response.expect("an answer").status, 401);

    let setup = TestServer::setup().env("ADMIN_HOST", "0.0.0.0");
    let (server, certificate) = secure(setup).await;
    let banner = server.stdout();
    let (_, port) = banner
        .split_once("console  https://0.0.0.0:")
        .unwrap_or_else(|| panic!("no console over HTTPS: {banner}"));
    let port = port
        .split(',')
        .next()
        .expect("a port")
        .parse()
        .expect("a port");
    let address = (std::net::Ipv4Addr::LOCALHOST, port).into();
    let token = std::fs::read_to_string(server.home().data().join("admin-token"));
    let token = token.expect("a token");
    let mut secure = http1(address, certificate.client(&["http/1.1"]))
        .await
        .expect("a handshake");
    let sign_in = Request::post("/admin/session")
        .header("content-type", "application/json")
        .body(format!("{{\"token\":\"{}\"}}", token.trim()));
    let response = secure.begin(&sign_in).await.expect("an answer");
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-flashsaleAdmin="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let inside = Request::get("/admin/sale").header("cookie", cookie);
    let response = secure.begin(&inside).await.expect("an answer");
    assert_eq!(response.status, 200, "{}", response.text());
}

/// Half a handshake, byte by byte: what trickles in does not extend the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_slow_handshake_is_closed_at_the_deadline() {
    let setup = TestServer::setup().env("HEADER_TIMEOUT_MS", DEADLINE_MS);
    let (server, certificate) = secure(setup).await;
    for hello in [&b""[..], &HELLO_OF_TLS_1_1[..30]] {
        let start = Instant::now();
        let mut slow = TcpStream::connect(server.address())
            .await
            .expect("a connection");
        let mut sent = hello.iter();
        let mut answer = [0; 64];
        let took = loop {
            assert!(start.elapsed() < DEADLINE + NOTICED_MAX, "still open");
            if let Some(byte) = sent.next() {
                slow.write_all(&[*byte]).await.ok();
            }
            let read = timeout(Duration::from_millis(25), slow.read(&mut answer)).await;
            if let Ok(Ok(0) | Err(_)) = read {
                break start.elapsed();
            }
        };
        assert!(
            took >= DEADLINE,
            "closed after {took:?}, before the deadline"
        );
    }
    SecureClient::open(&server, &certificate)
        .await
        .buy("ada")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_inside_of_tls_the_deadlines_are_the_same() {
    let setup = TestServer::setup()
        .env("HEADER_TIMEOUT_MS", DEADLINE_MS)
        .env("BODY_TIMEOUT_MS", DEADLINE_MS)
        .env("IDLE_TIMEOUT_MS", DEADLINE_MS * 3);
    let (server, certificate) = secure(setup).await;
    let head = b"GET /api/status HTTP/1.1\r\nhost: loc";
    for version in [&TLS12, &TLS13] {
        let client = certificate.client_of(&[version], &["http/1.1"]);
        for (sent, at_least, what) in [
            (&b""[..], DEADLINE * 3, "an idle connection"),
            (head, DEADLINE, "half a head"),
        ] {
            // Once fresh, and once come back with a ticket: the client has the last word there.
            for _ in 0..2 {
                let mut connection = http1(server.address(), client.clone())
                    .await
                    .expect("a handshake");
                let start = Instant::now();
                connection.write(sent).await.expect("it is sent");
                let closed = connection.until_closed(DEADLINE * 3 + NOTICED_MAX).await;
                let took = start.elapsed();
                assert!(closed.is_some(), "{what}: still open after {took:?}");
                assert!(
                    took >= at_least.mul_f32(0.9) && took < at_least + NOTICED_MAX,
                    "{what}: closed after {took:?}"
                );
            }
        }
    }
    let mut client = SecureClient::open(&server, &certificate).await;
    let slow = client.purchase("ada").header("content-length", "4000");
    let response = client.connection.send(&slow).await.expect("an answer");
    assert_error(&response, 408, "request_timeout", &[]);
}

/// Handshakes that never end are counted among the connections; they pass, and meanwhile nobody is kept out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_half_handshakes_keep_no_buyer_out() {
    const FLOOD: usize = 200;
    let (server, certificate) = secure(TestServer::setup()).await;
    let mut flood = Vec::new();
    for number in 0..FLOOD {
        let mut half = TcpStream::connect(server.address())
            .await
            .expect("a connection");
        let sent = &HELLO_OF_TLS_1_1[..number % 40];
        half.write_all(sent).await.expect("half a hello is sent");
        flood.push(half);
    }
    let start = Instant::now();
    SecureClient::open(&server, &certificate)
        .await
        .buy("among")
        .await;
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    drop(flood);

    // Where they take every place, the next one comes in at the deadline.
    let setup = TestServer::setup()
        .env("CONNECTIONS_MAX", 20)
        .env("HEADER_TIMEOUT_MS", 200);
    let (server, certificate) = secure(setup).await;
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        flood.push(
            TcpStream::connect(server.address())
                .await
                .expect("the backlog takes it"),
        );
    }
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.process_id().as_raw_nonzero()));
    let files = files.expect("the files of a child").count();
    assert!(files < 20 + 60, "{files} files are open");
    SecureClient::open(&server, &certificate)
        .await
        .buy("behind")
        .await;
}

#[tokio::test]
async fn half_a_handshake_does_not_hold_up_the_stop() {
    let (server, certificate) = secure(TestServer::setup()).await;
    let mut half = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    half.write_all(&HELLO_OF_TLS_1_1[..20])
        .await
        .expect("half a hello is sent");
    let idle = SecureClient::open(&server, &certificate).await;
    let start = Instant::now();
    let (_, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{}", exit.said());
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    drop((half, idle));
}
