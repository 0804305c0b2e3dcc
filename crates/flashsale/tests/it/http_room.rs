//! Every place for a connection is taken: whoever rests makes room, whoever is served stays.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::client::{Answer, Client};
use crate::support::events::EventStream;
use crate::support::faults::Word;
use crate::support::http::{Connection, Request};
use crate::support::http2::Http2;
use crate::support::server::{Home, Setup, TestServer};
use crate::support::tls::{SecureClient, secure};

/// How long a connection must have been idle to be closed for another.
const RESTED_MIN: Duration = Duration::from_secs(2);
const NOTICED_MAX: Duration = Duration::from_secs(8);
const CAP: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_idle_connections_make_room_and_no_others() {
    let server = TestServer::setup()
        .env("CONNECTIONS_MAX", CAP)
        .with_faults()
        .start()
        .await;
    let door = server.door().await;
    let mut stream = EventStream::open(door.address).await.expect("a stream");
    stream.next().await.expect("the first event");
    let mut silent = Connection::open(door.address).await.expect("a connection");
    let mut used = Connection::open(door.address).await.expect("a connection");
    let status = used.send(&Request::get("/api/status")).await;
    assert_eq!(status.expect("an answer").status, 200);
    // Half a head is the beginning of a request; a purchase waits for the disk.
    let mut half = Connection::open(door.address).await.expect("a connection");
    let request = door.purchase("half").bytes("localhost");
    let (first, second) = request.split_at(20);
    half.write(first).await.expect("half a head is sent");
    server.faults().set(Word::StallSyncMs, 4_000);
    let mut buying = Client::open(&door).await.expect("a connection");
    let buying = tokio::spawn(async move { buying.buy("ada").await });
    tokio::time::sleep(Duration::from_millis(100)).await;

    // Two come for whom there is no place, until the two have rested.
    let came_at = Instant::now();
    let status = Request::get("/api/status");
    let mut late = Vec::new();
    for _ in 0..2 {
        let mut one = Connection::open(door.address)
            .await
            .expect("the backlog takes it");
        let status = status.clone();
        late.push(tokio::spawn(async move {
            one.send(&status).await.map(|answer| (one, answer))
        }));
    }
    for one in late {
        let one = timeout(NOTICED_MAX, one)
            .await
            .expect("there is room in time");
        let (_, answer) = one.expect("no panic").expect("an answer");
        assert_eq!(answer.status, 200);
    }
    assert!(
        came_at.elapsed() >= RESTED_MIN / 2,
        "{:?}",
        came_at.elapsed()
    );
    for idle in [&mut silent, &mut used] {
        assert_eq!(idle.until_closed(NOTICED_MAX).await, Some(Vec::new()));
    }
    server.faults().set(Word::StallSyncMs, 0);
    buying.await.expect("no panic").purchased();
    half.write(second).await.expect("the rest is sent");
    Answer::of(&half.answer(true).await.expect("an answer")).purchased();
    stream.until(|status| status["sold"] == 2).await;
}

/// What is sent before the server has looked at a connection is read without a wait, and hyper looks for the next
/// request while the first is under way, and not again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_who_has_asked_at_once_is_idle_like_others() {
    const IDLE_MS: u64 = 700;
    let server = TestServer::setup()
        .env("PROXY_PROTOCOL", true)
        .env("TRUSTED_PROXIES", "127.0.0.2")
        .env("IDLE_TIMEOUT_MS", IDLE_MS)
        .with_faults()
        .start()
        .await;
    let door = server.door().await;
    // The purchase takes a while, so that it is under way when hyper looks.
    server.faults().set(Word::StallSyncMs, 100);
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    let proxy = "127.0.0.2:0".parse().expect("an address");
    socket.bind(proxy).expect("an address of this machine");
    let mut stream: TcpStream = socket.connect(door.address).await.expect("a connection");
    let request = door.purchase("at-once").bytes("localhost");
    let at_once = [
        &b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"[..],
        &request,
    ]
    .concat();
    stream.write_all(&at_once).await.expect("all is sent");
    let mut connection = Connection::over(stream, "localhost");
    Answer::of(&connection.answer(true).await.expect("an answer")).purchased();
    let answered_at = Instant::now();
    let rest = connection.until_closed(NOTICED_MAX).await;
    assert_eq!(rest, Some(Vec::new()), "it stays open for ever");
    let open = answered_at.elapsed();
    assert!(
        open >= Duration::from_millis(IDLE_MS / 2),
        "closed after {open:?}"
    );
}

/// The largest picture that a shop may have, no two stretches of it alike.
fn picture() -> Vec<u8> {
    let noise = (0_u32..).flat_map(|number| number.wrapping_mul(0x9E37_79B9).to_be_bytes());
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(noise.take(2 * 1024 * 1024 - bytes.len()));
    bytes
}

/// A shop with this picture and so many places.
fn with_picture(home: &Home, picture: &[u8], places: usize) -> Setup {
    let path = home.path().join("picture.png");
    std::fs::write(&path, picture).expect("a file");
    TestServer::setup()
        .env("PRODUCT_PICTURE", path.display())
        .env("CONNECTIONS_MAX", places)
        .env("BODY_TIMEOUT_MS", 20_000)
}

/// The picture's path, from the page.
fn path_in(page: &str) -> String {
    let at = page.find("/shop/picture-").expect("a picture");
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "/-._".contains(c));
    let path = page[at..].split(is_end).next();
    path.expect("a path").to_owned()
}

/// A phone whose radio is silent for a while has its answer afterwards, whoever waits for a place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_who_has_not_taken_its_whole_answer_yet_is_not_idle() {
    // How much the system takes for a reader is not known. With one more picture each, the last one of some reader
    // is the one that does not find room.
    const READERS: usize = 4;
    let (home, picture) = (Home::new(), picture());
    let server = with_picture(&home, &picture, READERS + 1).start().await;
    let path = path_in(&server.client().await.get("/").await.text());
    let request = Request::get(&path).bytes("localhost");
    let mut readers = Vec::new();
    for asked in 1..=READERS {
        let mut stream = TcpStream::connect(server.address()).await.expect("a place");
        let requests = request.repeat(asked);
        stream.write_all(&requests).await.expect("all is sent");
        stream.readable().await.expect("the answers begin");
        readers.push((asked, stream));
    }
    let mut idle = Connection::open(server.address()).await.expect("a place");
    tokio::time::sleep(RESTED_MIN + Duration::from_secs(1)).await;

    let mut late = Connection::open(server.address())
        .await
        .expect("the backlog takes it");
    let status = late.send(&Request::get("/api/status")).await;
    assert_eq!(status.expect("an answer").status, 200);
    assert_eq!(idle.until_closed(NOTICED_MAX).await, Some(Vec::new()));
    for (asked, stream) in readers {
        let mut reader = Connection::over(stream, "localhost");
        for number in 1..=asked {
            let answer = reader.answer(true).await;
            let answer = answer.unwrap_or_else(|error| panic!("{number} of {asked}: {error}"));
            assert!(answer.body == picture, "{number} of {asked} is another");
        }
    }
}

/// What waits for the window of HTTP/2 has been written by nobody, and its request is over for the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_who_has_not_opened_the_window_yet_is_not_idle() {
    let (home, picture) = (Home::new(), picture());
    let (server, certificate) = secure(with_picture(&home, &picture, 2)).await;
    let (client, _driver) = Http2::open(server.address(), &certificate).await;
    let path = path_in(&client.send(&Request::get("/")).await.text());
    let asked = client.begin(&Request::get(&path)).await;
    let (_, mut body) = asked.expect("the head of an answer");
    let mut idle = Connection::open(server.address()).await.expect("a place");
    tokio::time::sleep(RESTED_MIN + Duration::from_secs(1)).await;

    let mut late = SecureClient::open(&server, &certificate).await;
    late.buy("late").await;
    assert_eq!(idle.until_closed(NOTICED_MAX).await, Some(Vec::new()));
    let mut taken = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.expect("the answer goes on");
        taken.extend_from_slice(&chunk);
        let window = body.flow_control().release_capacity(chunk.len());
        window.expect("the window is opened");
    }
    assert!(taken == picture, "{} bytes, or others", taken.len());
}
