//! Clients that hang up, that are slow, and that are too many.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use crate::support::checks::{assert_none, assert_sells, books_agree};
use crate::support::client::{Answer, CSRF_HEADER, Client, Door};
use crate::support::contract::{assert_csrf, assert_error};
use crate::support::faults::Word;
use crate::support::http::{Connection, Request, Response};
use crate::support::load::key_of;
use crate::support::server::TestServer;

/// The deadlines that these tests set, and how much later a busy machine may notice.
const DEADLINE_MS: u64 = 700;
const DEADLINE: Duration = Duration::from_millis(DEADLINE_MS);
const NOTICED_MAX: Duration = Duration::from_secs(6);

/// Half of them close in order, half reset the connection; some before the body is complete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_30_a_client_that_hangs_up_leaves_the_books_right() {
    const CLIENTS: usize = 120;
    let server = TestServer::setup().stock(1_000).with_faults().start().await;
    let door = server.door().await;
    server.faults().set(Word::StallSyncMs, 20);
    for number in 0..CLIENTS {
        let user = format!("gone-{number}");
        let request = door
            .purchase(&user)
            .header("idempotency-key", key_of(&user))
            .bytes("localhost");
        let whole = number % 3 != 0;
        let sent = if whole {
            request.len()
        } else {
            request.len() - 5
        };
        let mut stream = TcpStream::connect(door.address)
            .await
            .expect("a connection");
        stream
            .write_all(&request[..sent])
            .await
            .expect("a request is sent");
        if number % 2 == 0 {
            stream
                .set_zero_linger()
                .expect("a reset instead of a close");
        }
        // A few of them wait a moment, so that the purchase is under way when they go.
        if number % 4 < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    server.faults().set(Word::StallSyncMs, 0);

    let mut client = Client::open(&door).await.expect("a connection");
    let mut all = std::collections::BTreeMap::new();
    for number in 0..CLIENTS {
        let user = format!("gone-{number}");
        let order_id = client.buy_with_key(&user, &key_of(&user)).await.purchased();
        assert_eq!(
            client.buy(&user).await,
            Answer::AlreadyPurchased(order_id.clone())
        );
        all.insert(user, order_id);
    }
    assert_none(&books_agree(&server.home().ledger(), &all).await);
}

/// A request that was cut off inside its body is never carried out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_30_half_a_request_buys_nothing() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    for cut in 1..40 {
        let request = door.purchase("half-a-buyer").bytes("localhost");
        let mut stream = TcpStream::connect(door.address)
            .await
            .expect("a connection");
        stream
            .write_all(&request[..request.len() - cut])
            .await
            .expect("half a request is sent");
    }
    let mut client = Client::open(&door).await.expect("a connection");
    assert_eq!(client.lookup("half-a-buyer").await, None);
    assert_eq!(client.status().await["sold"], 0);
}

/// Sends a byte at a time until the server has closed the connection; returns how long it took.
async fn drip(address: SocketAddr, head: &[u8], drops: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head).await.expect("the beginning is sent");
    let start = Instant::now();
    let mut answer = [0; 1024];
    for byte in drops.iter().cycle() {
        assert!(
            start.elapsed() < DEADLINE + NOTICED_MAX,
            "still open after {:?}",
            start.elapsed()
        );
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        // An answer such as 408 may come first; the close follows.
        if let Ok(Ok(0) | Err(_)) =
            timeout(Duration::from_millis(20), stream.read(&mut answer)).await
        {
            break;
        }
    }
    start.elapsed()
}

fn assert_at_the_deadline(took: Duration, what: &str) {
    assert!(
        took >= DEADLINE / 2,
        "{what}: cut off after {took:?}, long before the deadline"
    );
    assert!(
        took < DEADLINE + NOTICED_MAX,
        "{what}: closed only after {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_slow_headers_are_closed_at_the_deadline() {
    let server = TestServer::setup()
        .env("HEADER_TIMEOUT_MS", DEADLINE_MS)
        .start()
        .await;
    let took = drip(
        server.address(),
        b"GET /api/status HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
        b"a",
    )
    .await;
    assert_at_the_deadline(took, "slow headers");
    let took = drip(server.address(), b"", b"G").await;
    assert_at_the_deadline(took, "a slow request line");
    assert_sells(&server.door().await, "after-the-slow").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_slow_body_is_closed_at_the_deadline() {
    let server = TestServer::setup()
        .env("BODY_TIMEOUT_MS", DEADLINE_MS)
        .start()
        .await;
    let door = server.door().await;
    let request = door
        .purchase("a-slow-buyer")
        .header("content-length", "4000")
        .bytes("localhost");
    let took = drip(server.address(), &request, b" ").await;
    assert_at_the_deadline(took, "a slow body");

    // One that stops altogether is told why, where it still listens.
    let request = door
        .purchase_body("{")
        .header("content-length", "4000")
        .bytes("localhost");
    let mut silent = Connection::open(door.address).await.expect("a connection");
    silent.write(&request).await.expect("the beginning is sent");
    let said = silent
        .until_closed(DEADLINE + NOTICED_MAX)
        .await
        .expect("it is closed at the deadline");
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.is_empty() || said.contains("request_timeout"),
        "{said}"
    );
    let mut client = Client::open(&door).await.expect("a connection");
    assert_eq!(client.lookup("a-slow-buyer").await, None);
}

/// A reader that asks and asks and takes no answer: once the buffers between are full, the server
/// waits for it, and gives it up at the deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_slow_reader_is_closed_at_the_deadline() {
    const ASKED_MAX: usize = 64 * 1024 * 1024;
    let server = TestServer::setup()
        .env("BODY_TIMEOUT_MS", DEADLINE_MS)
        .start()
        .await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket
        .connect(server.address())
        .await
        .expect("a connection");
    let requests = b"GET /api/status HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);

    // Asks until the server takes no more requests, because it cannot get rid of its answers.
    let mut asked = 0;
    while let Ok(Ok(sent)) = timeout(Duration::from_millis(300), stream.write(&requests)).await {
        asked += sent;
        assert!(
            asked < ASKED_MAX,
            "the server takes requests without end while nobody reads its answers"
        );
    }

    // It has closed when the socket says so, without a byte having been read.
    let start = Instant::now();
    while start.elapsed() < DEADLINE + NOTICED_MAX {
        let ready = stream
            .ready(Interest::WRITABLE | Interest::ERROR)
            .await
            .expect("the state of a socket");
        if ready.is_error() || ready.is_write_closed() {
            break;
        }
        if stream
            .try_write(b"G")
            .is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        start.elapsed() < DEADLINE + NOTICED_MAX,
        "open for {:?} without a reader",
        start.elapsed()
    );
    assert_sells(&server.door().await, "after-the-slow").await;
}

/// Far more connections than the cap: the server holds no more than that, and when the idle ones have
/// timed out it serves again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_a_flood_of_idle_connections_is_bounded_and_passes() {
    const CAP: usize = 30;
    const FLOOD: usize = 200;
    let setup = TestServer::setup()
        .env("CONNECTIONS_MAX", CAP)
        .env("IDLE_TIMEOUT_MS", DEADLINE_MS);
    let mut server = setup.env("HEADER_TIMEOUT_MS", DEADLINE_MS).start().await;
    let door = server.door().await;
    let before = open_files(&mut server);
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        flood.push(
            TcpStream::connect(door.address)
                .await
                .expect("the kernel's backlog takes it"),
        );
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let during = open_files(&mut server);
    assert!(
        during <= before + CAP + 2,
        "{during} files open, {before} before, at most {CAP} connections"
    );
    // While the flood is still there and nobody of it has ever sent a byte.
    let mut client = Client::open(&door).await.expect("a connection");
    client.buy("behind-the-flood").await.purchased();
    drop(flood);
    assert_sells(&door, "after-the-flood").await;
}

/// No descriptors left: it goes on with those it has, does not end, and takes new ones when it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_without_file_descriptors_it_recovers() {
    let mut server = TestServer::setup().start().await;
    let door = server.door().await;
    let mut client = Client::open(&door).await.expect("a connection");
    client.buy("before").await.purchased();
    let pid = server.process().pid();
    let few = u64::try_from(open_files(&mut server) + 10).expect("a small number");
    // A child has its parent's upper limit, which is left as it is.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limited = prlimit(
        Some(pid),
        Resource::Nofile,
        Rlimit {
            current: Some(few),
            maximum,
        },
    );
    let old = limited.expect("the limit of a child can be set");
    let mut flood = Vec::new();
    for _ in 0..60 {
        flood.push(
            TcpStream::connect(door.address)
                .await
                .expect("the kernel's backlog takes it"),
        );
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.buy("during").await.purchased();
    assert!(server.process().is_running(), "{}", server.stderr());
    drop(flood);
    // The accept loop may pause after the error; then new connections are taken again.
    assert_sells(&door, "after").await;
    prlimit(Some(pid), Resource::Nofile, old).expect("the old limit");
    assert_none(
        &crate::support::checks::books_keep(
            &server.home().ledger(),
            &std::collections::BTreeMap::new(),
        )
        .await,
    );
}

/// Sends the head, and a moment later the body, as a client does that makes two packets of them.
async fn send_in_two(connection: &mut Connection, request: &Request) -> Response {
    const BETWEEN: Duration = Duration::from_millis(20);
    let bytes = request.bytes("localhost");
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = bytes.split_at(head.expect("a head ends") + 4);
    connection.write(head).await.expect("the head is sent");
    tokio::time::sleep(BETWEEN).await;
    connection.write(body).await.expect("the body is sent");
    connection.answer(true).await.expect("an answer")
}

/// A refusal that needs no body still takes it in: the client hears it, and uses the connection again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_before_the_body_leaves_the_connection_usable() {
    const TIMES: usize = 50;
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    for number in 0..TIMES {
        let mut connection = Connection::open(door.address).await.expect("a connection");
        let user = format!("buyer-{number}");
        let old = Door {
            csrf_token: "an-old-token".to_owned(),
            ..door.clone()
        };
        let refused = send_in_two(&mut connection, &old.purchase(&user)).await;
        let fresh = Door {
            csrf_token: assert_csrf(&refused, "invalid"),
            ..old
        };
        let plain = fresh.purchase(&user).without("content-type");
        let plain = plain.header("content-type", "text/plain");
        let refused = send_in_two(&mut connection, &plain).await;
        assert_error(&refused, 415, "unsupported_media_type", &[]);
        let odd = fresh.purchase(&user).header("idempotency-key", "\t");
        let refused = send_in_two(&mut connection, &odd).await;
        assert_error(&refused, 400, "bad_request", &[]);
        let twice = fresh.purchase(&user).header(CSRF_HEADER, "another");
        let refused = send_in_two(&mut connection, &twice).await;
        assert_error(&refused, 400, "bad_request", &[]);

        let bought = send_in_two(&mut connection, &fresh.purchase(&user)).await;
        Answer::of(&bought).purchased();
    }
}

/// Where the body is too long or does not come, the refusal says that the connection ends.
#[tokio::test]
async fn a_refusal_before_an_unending_body_closes_the_connection() {
    let server = TestServer::setup()
        .env("BODY_TIMEOUT_MS", DEADLINE_MS)
        .start()
        .await;
    let door = server.door().await;
    let purchase = door.purchase("ada").without(CSRF_HEADER);
    let too_long = purchase.clone().header("content-length", "1000000000000");
    let too_slow = purchase.clone().header("content-length", "1000");
    let broken = purchase.header("transfer-encoding", "chunked");
    for request in [too_long, too_slow, broken] {
        let mut connection = Connection::open(door.address).await.expect("a connection");
        let response = connection.send(&request).await.expect("an answer");
        assert_csrf(&response, "missing_header");
        assert_eq!(response.header("connection"), Some("close"), "{request:?}");
        let rest = connection.until_closed(NOTICED_MAX).await;
        assert_eq!(rest, Some(Vec::new()), "{request:?}");
    }
}

/// Nobody can tell whether the rest of a head will ever come; the stop does not wait to find out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_request_head_does_not_hold_up_the_stop() {
    const STOPPED_MAX: Duration = Duration::from_secs(3);
    let server = TestServer::setup().start().await;
    let address = server.address();
    let idle = Connection::open(address).await.expect("a connection");
    let mut half = Connection::open(address).await.expect("a connection");
    let head = b"GET /api/status HTTP/1.1\r\nhost: loc";
    half.write(head).await.expect("half a head is sent");
    let mut used = Connection::open(address).await.expect("a connection");
    let status = used.send(&Request::get("/api/status")).await;
    assert_eq!(status.expect("an answer").status, 200);
    used.write(head).await.expect("half a head is sent");
    tokio::time::sleep(Duration::from_millis(50)).await;

    let start = Instant::now();
    let (_, exit) = server.stop().await;
    let took = start.elapsed();
    assert_eq!(exit.code, Some(0), "{}", exit.said());
    assert!(took < STOPPED_MAX, "ended only after {took:?}");
    drop((idle, half, used));
}

/// How many descriptors the server has open.
fn open_files(server: &mut TestServer) -> usize {
    let directory = format!("/proc/{}/fd", server.process().pid().as_raw_nonzero());
    std::fs::read_dir(directory)
        .expect("the descriptors of a child")
        .count()
}
