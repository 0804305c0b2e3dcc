//! How much the live streams cost: their memory, and one change told to all of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::figures::Streams;
use crate::process::{allow_open_files, now};
use crate::subjects::Subject;
use crate::wire::{self, Client};
use crate::{Bench, Failure};

const STREAMS: u32 = 10_000;
const STOCK: u64 = 1_000;
const CHANGES: u32 = 30;
/// Between two changes: more than the shortest time between two events.
const PAUSE: Duration = Duration::from_millis(400);
/// How long anything may take.
const STEP_MAX: Duration = Duration::from_secs(20);

pub(crate) fn measure(bench: &Bench) -> Result<Streams, Failure> {
    let started = Subject::Sqlite.start(bench, STOCK)?;
    allow_open_files();
    let resident_before = started.server.resident()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let address = started.address();
        let (told, mut tidings) = mpsc::unbounded_channel();
        let told = Arc::new(told);
        for _ in 0..STREAMS {
            let stream = Stream::open(address).await.map_err(|error| error.to_string())?;
            tokio::spawn(stream.watch(Arc::clone(&told)));
        }
        wait_for_all(&mut tidings, 0).await?;
        sleep(PAUSE).await;
        let resident = started.server.resident()?;
        let mut buyer = Client::new(address, Ipv4Addr::LOCALHOST);
        let token = buyer.token().await.map_err(|error| error.to_string())?;
        let mut last_ms = Vec::new();
        let cpu_before = started.server.cpu()?;
        for sold in 1..=CHANGES {
            sleep(PAUSE).await;
            let request = wire::purchase(&token, &format!("buyer-{sold}"), "");
            let began_at = now();
            let reply = buyer.ask(&request).await.map_err(|error| error.to_string())?;
            if reply.status != 200 {
                return Err(format!("not sold: {}", reply.body));
            }
            wait_for_all(&mut tidings, sold).await?;
            last_ms.push(began_at.elapsed().as_secs_f64() * 1000.0);
        }
        let cpu = started.server.cpu()?.saturating_sub(cpu_before);
        let streams = Streams {
            open: STREAMS.into(),
            resident_before,
            resident,
            last_ms,
            event_us: cpu.as_secs_f64() * 1e6 / f64::from(STREAMS * CHANGES),
        };
        println!(
            "streams  {STREAMS}: {:.1} KiB each, the last of them {:.0} ms after a purchase was sent, {:.2} µs \
             an event",
            streams.each_kib(),
            crate::figures::median(streams.last_ms.iter().copied()),
            streams.event_us
        );
        Ok(streams)
    })
}

/// Returns when every stream has told of so many sold.
async fn wait_for_all(
    tidings: &mut mpsc::UnboundedReceiver<u32>,
    sold: u32,
) -> Result<(), Failure> {
    let mut missing = STREAMS;
    let waiting = async {
        while missing > 0 {
            match tidings.recv().await {
                Some(told) if told == sold => missing -= 1,
                // A heartbeat may tell the same once more.
                Some(_) => {}
                None => break,
            }
        }
    };
    let in_time = timeout(STEP_MAX, waiting).await.is_ok();
    if in_time && missing == 0 {
        return Ok(());
    }
    Err(format!("{missing} streams did not hear of {sold} sold"))
}

struct Stream {
    connection: TcpStream,
    text: Vec<u8>,
}

impl Stream {
    async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let mut connection = TcpStream::connect(address).await?;
        let request =
            "GET /api/events HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\n\r\n";
        connection.write_all(request.as_bytes()).await?;
        Ok(Self {
            connection,
            text: Vec::new(),
        })
    }

    /// Tells each number of units sold that is news, until the server ends it.
    async fn watch(mut self, told: Arc<mpsc::UnboundedSender<u32>>) {
        let mut last = None;
        let mut buffer = [0; 2_048];
        while let Ok(read @ 1..) = self.connection.read(&mut buffer).await {
            self.text.extend_from_slice(&buffer[..read]);
            while let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let sold = sold_in(&self.text[..end]);
                self.text.drain(..end + 2);
                if sold.is_some() && sold != last {
                    last = sold;
                    if told.send(sold.unwrap_or_default()).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// The number of units sold in the text of an event.
fn sold_in(event: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(event).ok()?;
    let (_, behind) = text.split_once("\"sold\":")?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
