//! Row 60: clients that use HTTP/2 against the server. Each is closed or bounded, a buyer is served
//! meanwhile, and the memory that it has cost comes back.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::support::http2::{
    CONTINUATION, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, Http2, PING, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, frame, head_of_get,
};
use crate::support::machine_alone;
use crate::support::server::TestServer;
use crate::support::tls::{Certificate, SecureClient, secure};

const MIB: u64 = 1024 * 1024;
/// What a flood may leave behind: the allocator keeps some of what was used.
const LEFT_MAX: u64 = 24 * MIB;
const CLOSED_MAX: Duration = Duration::from_secs(15);

const SETTINGS_INITIAL_WINDOW_SIZE: u16 = 4;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Fails unless a buyer is served now, and the server has not grown.
async fn assert_unharmed(server: &TestServer, certificate: &Certificate, before: u64, user: &str) {
    let mut client = SecureClient::open(server, certificate).await;
    let start = Instant::now();
    client.buy(user).await;
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    let after = server.resident_bytes();
    assert!(
        after < before + LEFT_MAX,
        "{} MiB before, {} MiB after",
        before / MIB,
        after / MIB
    );
}

async fn begin() -> (TestServer, Certificate, u64) {
    let setup = TestServer::setup()
        .env("BODY_TIMEOUT_MS", 1_000)
        .env("IDLE_TIMEOUT_MS", 2_000);
    let (server, certificate) = secure(setup).await;
    SecureClient::open(&server, &certificate)
        .await
        .buy("first")
        .await;
    let before = server.resident_bytes();
    (server, certificate, before)
}

/// Sends until the server has closed, and returns how many bytes it has taken.
async fn send_until_closed(frames: &mut Frames, bytes: &[u8], bytes_max: usize) -> Option<usize> {
    let mut sent = 0;
    while sent < bytes_max {
        if frames.send(bytes).await.is_err() {
            return Some(sent);
        }
        sent += bytes.len();
    }
    None
}

fn get(stream: u32) -> Vec<u8> {
    let head = head_of_get("/api/status");
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
}

/// CVE-2023-44487: requests that are taken back at once, so that none of them counts as open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_60_requests_taken_back_without_a_pause_end_the_connection() {
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let mut ended = 0;
    for _ in 0..10 {
        let mut frames = Frames::open(server.address(), &certificate, &[]).await;
        let mut flood = Vec::new();
        for number in 0..500_u32 {
            let stream = 2 * number + 1;
            flood.extend(get(stream));
            flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        }
        frames.send(&flood).await.ok();
        let told = frames.until_closed(CLOSED_MAX).await.expect("it is closed");
        let goaway = told.iter().find(|frame| frame.kind == GOAWAY);
        ended += usize::from(goaway.is_some_and(|frame| frame.reason() == ENHANCE_YOUR_CALM));
    }
    assert!(ended > 0, "no connection was ended for it");
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// CVE-2024-27316: a head that never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_60_a_head_without_an_end_ends_the_connection() {
    const SENT_MAX: usize = 64 * 1024 * 1024;
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    for piece in [&[][..], &[0x40, 1, b'a', 1, b'b'], &[0; 16 * 1024]] {
        let mut frames = Frames::open(server.address(), &certificate, &[]).await;
        let head = head_of_get("/api/status");
        let begun = frame(HEADERS, END_STREAM, 1, &head);
        frames.send(&begun).await.expect("the beginning is sent");
        let more = frame(CONTINUATION, 0, 1, piece).repeat(1 + 10_000 / (1 + piece.len()));
        let sent = send_until_closed(&mut frames, &more, SENT_MAX).await;
        assert!(
            sent.is_some(),
            "pieces of {} bytes without end",
            piece.len()
        );
    }
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// A head that is short until it is unpacked: one long field, and then a byte for each time it is meant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_60_a_head_that_unpacks_to_megabytes_is_refused() {
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let mut frames = Frames::open(server.address(), &certificate, &[]).await;
    let mut head = head_of_get("/api/status");
    // `x: aaa…` of 4,000 bytes goes into the table (length 4,000 in RFC 7541, 5.1), and 62 is its place.
    head.extend_from_slice(b"\x40\x01x\x7f\xa1\x1e");
    head.extend_from_slice(&[b'a'; 4_000]);
    head.extend_from_slice(&[0xbe; 12_000]);
    let bomb = frame(HEADERS, END_HEADERS | END_STREAM, 1, &head);
    assert!(bomb.len() < 16 * 1024 + 9);
    frames.send(&bomb).await.expect("it is sent");
    let grown = server.resident_bytes();
    let answer = timeout(CLOSED_MAX, async {
        loop {
            match frames.next().await {
                // `:status: 200` has the index 8 in the static table.
                Ok(frame) if frame.kind == HEADERS => break !frame.payload.contains(&0x88),
                Ok(frame) if matches!(frame.kind, RST_STREAM | GOAWAY) => break true,
                Ok(_) => {}
                Err(_) => break true,
            }
        }
    });
    assert!(
        answer.await.expect("it is told"),
        "it was taken for a request"
    );
    assert!(grown < before + LEFT_MAX, "{} MiB", grown / MIB);
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// Frames that must be answered, sent without reading any answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_60_pings_and_settings_without_end_are_bounded() {
    const SENT_MAX: usize = 256 * 1024 * 1024;
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let ping = frame(PING, 0, 0, b"answer !");
    let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]);
    for one in [ping, settings] {
        let mut frames = Frames::open(server.address(), &certificate, &[]).await;
        let begun = Instant::now();
        let many = one.repeat(1_000);
        let sending = timeout(CLOSED_MAX, send_until_closed(&mut frames, &many, SENT_MAX));
        // It is closed once it takes no answers for the time that it has, and at the latest as idle.
        let sent = sending.await.expect("it is closed in time");
        assert!(
            sent.is_some(),
            "all of it was taken, in {:?}",
            begun.elapsed()
        );
        assert!(server.resident_bytes() < before + LEFT_MAX);
    }
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// A client that opens no window gets nothing, and holds what is for it no longer than any slow reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_reader_without_a_window_is_given_up_at_the_deadline() {
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let no_window = [(SETTINGS_INITIAL_WINDOW_SIZE, 0)];
    let mut frames = Frames::open(server.address(), &certificate, &no_window).await;
    let start = Instant::now();
    for number in 0..50 {
        let asked = get(2 * number + 1);
        frames.send(&asked).await.expect("a request is sent");
    }
    let events = frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        201,
        &head_of_get("/api/events"),
    );
    frames.send(&events).await.expect("a request is sent");
    // Whatever else it says is no sign that it reads.
    let ping = frame(PING, 0, 0, b"still on");
    let window = frame(WINDOW_UPDATE, 0, 0, &1_000_u32.to_be_bytes());
    let (mut taken_back, mut taken_back_at) = (0, None);
    let closed = timeout(CLOSED_MAX, async {
        loop {
            frames.send(&ping).await.ok();
            frames.send(&window).await.ok();
            let read = timeout(Duration::from_millis(100), async {
                loop {
                    match frames.next().await {
                        Ok(frame) if frame.kind == RST_STREAM => {
                            taken_back += 1;
                            taken_back_at.get_or_insert(start.elapsed());
                        }
                        Ok(_) => {}
                        Err(_) => return,
                    }
                }
            });
            if read.await.is_ok() {
                return;
            }
        }
    });
    closed
        .await
        .expect("then the connection is idle, and closed");
    assert_eq!(taken_back, 51);
    let at = taken_back_at.expect("a moment");
    assert!(
        at >= Duration::from_millis(900),
        "after {at:?}, before the deadline"
    );
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// A client that reads nothing at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_reader_over_http2_that_takes_nothing_is_given_up() {
    const SENT_MAX: usize = 64 * 1024 * 1024;
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let large = [(SETTINGS_INITIAL_WINDOW_SIZE, 0x7fff_ffff)];
    let mut frames = Frames::open(server.address(), &certificate, &large).await;
    let window = frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes());
    frames.send(&window).await.expect("a window is sent");
    let sending = timeout(CLOSED_MAX, async {
        let mut sent = 0;
        for number in 0.. {
            let asked = get(2 * number + 1);
            if frames.send(&asked).await.is_err() {
                break;
            }
            sent += asked.len();
            assert!(sent < SENT_MAX, "requests are taken without end");
        }
    });
    sending.await.expect("it is closed in time");
    assert_unharmed(&server, &certificate, before, "second").await;
}

/// More connections at once than one client should have, each with as many requests as it may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_60_requests_beyond_the_limit_of_a_connection_are_refused() {
    let _machine = machine_alone().await;
    let (server, certificate, before) = begin().await;
    let mut frames = Frames::open(server.address(), &certificate, &[]).await;
    let mut flood = Vec::new();
    for number in 0..120_u32 {
        let head = head_of_get("/api/events");
        flood.extend(frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            2 * number + 1,
            &head,
        ));
    }
    frames.send(&flood).await.expect("requests are sent");
    let (mut answered, mut refused) = (0, 0);
    let all = timeout(CLOSED_MAX, async {
        while answered + refused < 120 {
            match frames.next().await.expect("the connection goes on").kind {
                HEADERS => answered += 1,
                RST_STREAM => refused += 1,
                _ => {}
            }
        }
    });
    all.await.expect("each is answered or refused");
    assert_eq!((answered, refused), (100, 20));
    // The streams end with their connection.
    drop(frames);
    assert_unharmed(&server, &certificate, before, "second").await;
    let (client, _driver) = Http2::open(server.address(), &certificate).await;
    let (head, _) = client
        .begin(&crate::support::http::Request::get("/api/events"))
        .await
        .expect("a stream");
    assert_eq!(head.status, 200);
}
