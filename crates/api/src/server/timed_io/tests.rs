use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::stage::Stop;
use super::*;

const LIMITS: Limits = Limits {
    connections_max: 1,
    header_timeout: Duration::from_millis(100),
    idle_timeout: Duration::from_millis(300),
    write_timeout: Duration::from_millis(200),
    shutdown_grace: Duration::ZERO,
};

async fn pair() -> (TimedIo, Arc<Stage>, TcpStream) {
    pair_with(LIMITS).await
}

async fn pair_with(limits: Limits) -> (TimedIo, Arc<Stage>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let stage = Arc::new(Stage::new(Stop::default()));
    let stream = listener.accept().await.unwrap().0;
    (
        TimedIo::new(stream, Arc::clone(&stage), limits),
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

/// Whether a read has still nothing after a while.
async fn waits(io: &mut TimedIo) -> bool {
    let wait = Duration::from_millis(20);
    let read = tokio::time::timeout(wait, io.read(&mut [0; 64])).await;
    assert!(!matches!(read, Ok(Ok(_))), "there is nothing to read");
    read.is_err()
}

/// Asks a connection to leave if it rests. Says whether it has, and whether it ends.
async fn asked_to_leave(io: &mut TimedIo, stage: &Stage) -> (bool, bool) {
    let mut buffer = [0; 64];
    let mut reading = std::pin::pin!(io.read(&mut buffer));
    let wait = Duration::from_millis(20);
    let waited = tokio::time::timeout(wait, &mut reading).await;
    assert!(waited.is_err(), "there is nothing to read");
    let since = stage.rests_since();
    stage.leave(since.unwrap_or_else(Instant::now));
    let left = tokio::time::timeout(wait, reading).await;
    (since.is_some(), left.is_ok_and(|read| read.is_err()))
}

/// One that ends for no other reason within a test.
async fn pair_of(is_http2: bool) -> (TimedIo, Arc<Stage>, TcpStream) {
    let minute = Duration::from_mins(1);
    let (mut io, stage, client) = pair_with(Limits {
        header_timeout: minute,
        idle_timeout: minute,
        write_timeout: minute,
        ..LIMITS
    })
    .await;
    if is_http2 {
        io.begin_http2();
    }
    (io, stage, client)
}

#[tokio::test]
async fn row_32_only_who_rests_leaves_when_asked_to() {
    for is_http2 in [false, true] {
        let (mut io, stage, _client) = pair_of(is_http2).await;
        assert_eq!(asked_to_leave(&mut io, &stage).await, (true, true));

        // While a request is under way it does not, and it does afterwards.
        let (mut io, stage, _client) = pair_of(is_http2).await;
        stage.request_began();
        assert_eq!(asked_to_leave(&mut io, &stage).await, (false, false));
        stage.request_ended();
        io.write_all(b"answer").await.unwrap();
        assert_eq!(asked_to_leave(&mut io, &stage).await, (true, true));
    }
}

/// Between the look and the word a request may come, and its answer must go out.
#[tokio::test]
async fn row_32_who_was_seen_to_rest_and_has_asked_since_stays() {
    for is_http2 in [false, true] {
        for (comes, begins) in [(true, false), (true, true), (false, true)] {
            let (mut io, stage, mut client) = pair_of(is_http2).await;
            assert!(waits(&mut io).await);
            let seen = stage.rests_since().unwrap();
            if comes {
                client.write_all(b"request").await.unwrap();
                io.read_exact(&mut [0; 7]).await.unwrap();
            }
            if begins {
                stage.request_began();
            }
            stage.leave(seen);
            if begins {
                stage.request_ended();
            }
            // HTTP/2 reads once more before it writes.
            assert!(waits(&mut io).await, "{is_http2} {comes} {begins}");
            io.write_all(b"answer").await.unwrap();
        }
    }
}

/// Writes until the client takes no more.
fn fill(io: &mut TimedIo) {
    let context = &mut Context::from_waker(std::task::Waker::noop());
    let block = vec![0; 1 << 20];
    while Pin::new(&mut *io).poll_write(context, &block).is_ready() {}
}

/// An answer counts as over when hyper has it, and that is before the client does.
#[tokio::test]
async fn row_32_who_takes_an_answer_slowly_does_not_rest() {
    for is_http2 in [false, true] {
        for reads_before in [false, true] {
            let (mut io, stage, mut client) = pair_of(is_http2).await;
            stage.request_began();
            stage.request_ended();
            if reads_before {
                assert!(waits(&mut io).await);
            }
            let seen = stage.rests_since();
            assert_eq!(seen.is_some(), reads_before);
            // What the system takes may have become more in the meantime.
            while io.stalled_since.is_none() {
                fill(&mut io);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stage.leave(seen.unwrap_or_else(Instant::now));
            assert!(waits(&mut io).await);
            assert_eq!(stage.rests_since(), None);

            // It rests again once the client has taken all, although hyper does not read again.
            let taking = tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 20];
                while client.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            });
            io.write_all(b"the end").await.unwrap();
            assert!(stage.rests_since().is_some());
            assert_eq!(asked_to_leave(&mut io, &stage).await, (true, true));
            drop(io);
            taking.await.unwrap();
        }
    }
}

#[tokio::test]
async fn row_32_who_has_parts_of_an_answer_before_a_closed_window_does_not_rest() {
    let (mut io, stage, _client) = pair_of(true).await;
    stage.request_began();
    stage.part_waits();
    stage.request_ended();
    assert_eq!(asked_to_leave(&mut io, &stage).await, (false, false));
    stage.part_went();
    assert_eq!(asked_to_leave(&mut io, &stage).await, (true, true));
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
