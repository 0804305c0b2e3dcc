use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits = Limits {
    connections_max: 1,
    header_timeout: Duration::from_millis(100),
    idle_timeout: Duration::from_millis(300),
    write_timeout: Duration::from_millis(200),
    shutdown_grace: Duration::ZERO,
};

async fn pair() -> (TimedIo, Arc<Stage>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let stage = Arc::new(Stage::new(Stop::default()));
    let stream = listener.accept().await.unwrap().0;
    (
        TimedIo::new(stream, Arc::clone(&stage), LIMITS),
        stage,
        client,
    )
}

async fn time_until_timeout(io: &mut TimedIo) -> Duration {
    let started_at = Instant::now();
    let mut buffer = [0; 64];
    loop {
        match io.read(&mut buffer).await {
            Ok(0) => panic!("closed"),
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                return started_at.elapsed();
            }
        }
    }
}

#[tokio::test]
async fn row_31_a_silent_connection_ends_at_the_idle_deadline() {
    let (mut io, _stage, _client) = pair().await;
    assert!(time_until_timeout(&mut io).await >= LIMITS.idle_timeout);
}

#[tokio::test]
async fn row_31_a_trickling_head_ends_at_its_own_deadline() {
    let (mut io, _stage, mut client) = pair().await;
    let trickle = tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let time = time_until_timeout(&mut io).await;
    assert!(
        time >= LIMITS.header_timeout && time < LIMITS.idle_timeout,
        "{time:?}"
    );
    drop(io);
    trickle.await.unwrap();
}

#[tokio::test]
async fn nothing_is_expected_while_the_handler_works() {
    let (mut io, stage, mut client) = pair().await;
    client.write_all(b"head").await.unwrap();
    io.read_exact(&mut [0; 4]).await.unwrap();
    stage.request_began();
    let mut buffer = [0; 1];
    let wait = tokio::time::timeout(LIMITS.idle_timeout * 2, io.read(&mut buffer));
    assert!(wait.await.is_err(), "the read must still be pending");
    // The answer goes out; from then on the idle deadline counts, not the head's.
    stage.request_ended();
    io.write_all(b"answer").await.unwrap();
    assert!(time_until_timeout(&mut io).await >= LIMITS.idle_timeout);
}

#[tokio::test]
async fn row_31_a_reader_that_takes_nothing_is_given_up() {
    let (mut io, stage, _client) = pair().await;
    stage.request_began();
    let block = vec![0; 1 << 20];
    let started_at = Instant::now();
    let error = loop {
        if let Err(error) = io.write_all(&block).await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(started_at.elapsed() >= LIMITS.write_timeout);
}

/// HTTP/2 says much that is no request: it does not make an idle connection a busy one.
#[tokio::test]
async fn row_31_bytes_that_are_no_request_do_not_extend_the_time_of_http2() {
    let (mut io, stage, mut client) = pair().await;
    io.begin_http2();
    let trickle = tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let time = time_until_timeout(&mut io).await;
    assert!(time >= LIMITS.idle_timeout, "{time:?}");
    assert!(time < LIMITS.idle_timeout * 2, "{time:?}");

    // While a request is under way there is no deadline, and afterwards the time begins anew.
    stage.request_began();
    stage.request_began();
    stage.request_ended();
    let wait = tokio::time::timeout(LIMITS.idle_timeout * 2, time_until_timeout(&mut io));
    assert!(wait.await.is_err(), "the read must still be pending");
    stage.request_ended();
    let time = time_until_timeout(&mut io).await;
    assert!(time >= LIMITS.idle_timeout, "{time:?}");
    drop(io);
    trickle.await.unwrap();
}

#[tokio::test]
async fn bytes_that_were_read_before_come_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let stream = listener.accept().await.unwrap().0;
    let stage = Arc::new(Stage::new(Stop::default()));
    let mut io = TimedIo::after(b"early".to_vec(), stream, stage, LIMITS);
    client.write_all(b", late").await.unwrap();
    let mut all = [0; 11];
    for bytes in all.chunks_mut(3) {
        io.read_exact(bytes).await.unwrap();
    }
    assert_eq!(&all, b"early, late");
}

/// Asks a connection to leave while it waits for bytes. Says whether it has rested, and whether it ends.
async fn asked_to_leave(io: &mut TimedIo, stage: &Stage) -> (bool, bool) {
    let mut buffer = [0; 64];
    let mut reading = std::pin::pin!(io.read(&mut buffer));
    let wait = Duration::from_millis(20);
    let waited = tokio::time::timeout(wait, &mut reading).await;
    assert!(waited.is_err(), "there is nothing to read");
    let rested = stage.rests_since().is_some();
    stage.leave();
    let left = tokio::time::timeout(wait, reading).await;
    (rested, left.is_ok_and(|read| read.is_err()))
}

#[tokio::test]
async fn row_32_only_who_rests_leaves_when_asked_to() {
    for is_http2 in [false, true] {
        let (mut io, stage, _client) = pair().await;
        if is_http2 {
            io.begin_http2();
        }
        assert_eq!(asked_to_leave(&mut io, &stage).await, (true, true));

        // While a request is under way it does not, and it does afterwards.
        let (mut io, stage, _client) = pair().await;
        if is_http2 {
            io.begin_http2();
        }
        stage.request_began();
        assert_eq!(asked_to_leave(&mut io, &stage).await, (false, false));
        stage.request_ended();
        io.write_all(b"answer").await.ok();
        assert!(io.read(&mut [0; 1]).await.is_err(), "it has not forgotten");
    }
}

#[tokio::test]
async fn row_32_half_a_head_is_no_rest() {
    let (mut io, stage, mut client) = pair().await;
    client.write_all(b"GET / HT").await.unwrap();
    io.read_exact(&mut [0; 8]).await.unwrap();
    assert_eq!(asked_to_leave(&mut io, &stage).await, (false, false));
    // What comes in the meantime is a reason to stay.
    client.write_all(b"TP/1.1").await.unwrap();
    io.read_exact(&mut [0; 6]).await.unwrap();
    stage.request_began();
    stage.request_ended();
    io.write_all(b"answer").await.unwrap();
    let began_at = Instant::now();
    assert!(io.read(&mut [0; 1]).await.is_err());
    assert!(began_at.elapsed() >= LIMITS.idle_timeout / 2);
}

/// hyper reads while a request is under way, and not again after the answer.
#[tokio::test]
async fn row_32_after_an_answer_the_idle_deadline_counts_although_nobody_reads_again() {
    let (mut io, stage, _client) = pair().await;
    stage.request_began();
    let mut buffer = [0; 1];
    let context = &mut Context::from_waker(std::task::Waker::noop());
    let read = Pin::new(&mut io).poll_read(context, &mut ReadBuf::new(&mut buffer));
    assert!(read.is_pending() && io.reading.is_off());
    stage.request_ended();
    io.write_all(b"answer").await.unwrap();
    assert!(!io.reading.is_off());
    assert!(stage.rests_since().is_some());
}
