//! One connection: two ways, each with a reader and a writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::requests::Requests;
use super::rules::{Cut, Mode, Rules, Shared};

const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long the server may take to close its side.
const CLOSE_MAX: Duration = Duration::from_secs(5);
const READ_BYTES_MAX: usize = 16 << 10;
/// How much may be under way in one direction, between reader and writer.
const PIECES_MAX: usize = 256;

/// Bytes under way: a whole request, or a part of an answer.
struct Piece {
    bytes: Vec<u8>,
    came_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Forward,
    Swallow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// One side has closed, or the connection is cut.
    Closed,
    /// The client must not learn of anything before the server has done what it was asked.
    AfterRequest,
}

/// What the ways of one connection share.
struct Link {
    number: u64,
    shared: Arc<Shared>,
    /// A way that has lost bytes carries none any more.
    lost_request: AtomicBool,
    lost_answer: AtomicBool,
}

/// Carries a connection to its end.
pub(crate) async fn run(mut client: TcpStream, number: u64, shared: Arc<Shared>) {
    let connected = timeout(CONNECT_MAX, TcpStream::connect(shared.target)).await;
    // A client whose server is not there loses its connection.
    let Ok(Ok(mut server)) = connected else {
        return;
    };
    // Without effect on a connection that has ended already, which the first read will tell.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let link = Link {
        number,
        shared,
        lost_request: AtomicBool::new(false),
        lost_answer: AtomicBool::new(false),
    };
    let end = link.carry(&mut client, &mut server).await;
    if end == End::Closed {
        drop(client);
        finish(server).await;
    } else {
        finish(server).await;
        drop(client);
    }
}

/// Lets the server do what it has got, and waits until it has closed. Closing at once could make it
/// forget requests that it has not read.
async fn finish(mut server: TcpStream) {
    let close = async {
        let mut bytes = vec![0; READ_BYTES_MAX];
        let _ = server.shutdown().await;
        while matches!(server.read(&mut bytes).await, Ok(read) if read > 0) {}
    };
    // A frozen server does not close. It keeps what it has got.
    let _ = timeout(CLOSE_MAX, close).await;
}

impl Link {
    async fn carry(&self, client: &mut TcpStream, server: &mut TcpStream) -> End {
        let (client_read, client_write) = client.split();
        let (server_read, server_write) = server.split();
        let mut rules = self.shared.rules.subscribe();
        tokio::select! {
            end = self.carry_requests(client_read, server_write) => end,
            () = self.carry_answers(server_read, client_write) => End::Closed,
            _ = rules.wait_for(|rules| self.number <= rules.cut) => End::Closed,
        }
    }

    async fn carry_requests(&self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> End {
        let (pieces, queued) = mpsc::channel(PIECES_MAX);
        let write = self.write_requests(queued, to);
        tokio::pin!(write);
        tokio::select! {
            end = &mut write => end,
            // What was sent before the end still comes through.
            () = read_requests(from, pieces) => write.await,
        }
    }

    async fn carry_answers(&self, from: ReadHalf<'_>, to: WriteHalf<'_>) {
        let (pieces, queued) = mpsc::channel(PIECES_MAX);
        let write = self.write_answers(queued, to);
        tokio::pin!(write);
        tokio::select! {
            () = &mut write => {}
            () = read_answers(from, pieces) => write.await,
        }
    }

    async fn write_requests(
        &self,
        mut pieces: mpsc::Receiver<Piece>,
        mut to: WriteHalf<'_>,
    ) -> End {
        let mut rules = self.shared.rules.subscribe();
        while let Some(piece) = pieces.recv().await {
            if self.fate(Way::Request, &piece, &mut rules).await == Fate::Swallow {
                self.lost_request.store(true, Ordering::SeqCst);
                continue;
            }
            let cut = self.shared.spring(&piece.bytes);
            if cut == Some(Cut::Before) || to.write_all(&piece.bytes).await.is_err() {
                return End::Closed;
            }
            if cut == Some(Cut::After) {
                return End::AfterRequest;
            }
        }
        End::Closed
    }

    async fn write_answers(&self, mut pieces: mpsc::Receiver<Piece>, mut to: WriteHalf<'_>) {
        let mut rules = self.shared.rules.subscribe();
        while let Some(piece) = pieces.recv().await {
            if self.fate(Way::Answer, &piece, &mut rules).await == Fate::Swallow {
                self.lost_answer.store(true, Ordering::SeqCst);
            } else if to.write_all(&piece.bytes).await.is_err() {
                return;
            }
        }
    }

    /// Waits as long as the rules keep the bytes back, and returns what becomes of them.
    async fn fate(&self, way: Way, piece: &Piece, rules: &mut watch::Receiver<Rules>) -> Fate {
        loop {
            let now = *rules.borrow_and_update();
            if self.number <= now.silent || self.has_lost(way, now.mode) {
                return Fate::Swallow;
            }
            let due = match now.mode {
                Mode::BlackHole => return Fate::Swallow,
                Mode::DropAnswers if way == Way::Answer => return Fate::Swallow,
                // Those that exist are cut or silent, and there are no new ones.
                Mode::Pass | Mode::DropAnswers | Mode::Refuse => return Fate::Forward,
                Mode::Delay(time) => Some(piece.came_at + time),
                Mode::Hold => None,
            };
            tokio::select! {
                changed = rules.changed() => changed.expect("this connection holds the sender"),
                () = reached(due) => return Fate::Forward,
            }
        }
    }

    fn has_lost(&self, way: Way, mode: Mode) -> bool {
        let lost_answer = self.lost_answer.load(Ordering::SeqCst);
        // As long as answers are dropped, the requests behind them still come through.
        let lost_answer = lost_answer && (way == Way::Answer || mode != Mode::DropAnswers);
        lost_answer || self.lost_request.load(Ordering::SeqCst)
    }
}

async fn reached(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn read_requests(mut from: ReadHalf<'_>, pieces: mpsc::Sender<Piece>) {
    let mut requests = Requests::default();
    let mut buffer = vec![0; READ_BYTES_MAX];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        requests.feed(&buffer[..read]);
        while let Some(bytes) = requests.next() {
            send(&pieces, bytes).await;
        }
    }
}

async fn read_answers(mut from: ReadHalf<'_>, pieces: mpsc::Sender<Piece>) {
    let mut buffer = vec![0; READ_BYTES_MAX];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        send(&pieces, buffer[..read].to_owned()).await;
    }
}

async fn send(pieces: &mpsc::Sender<Piece>, bytes: Vec<u8>) {
    let came_at = Instant::now();
    // The writer is gone only when the connection ends.
    let _ = pieces.send(Piece { bytes, came_at }).await;
}
