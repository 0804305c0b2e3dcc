//! `flashsale serve`: start, wiring and orderly stop.

mod banner;
mod descriptors;
mod desk;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use flashsale_api::csrf::Csrf;
use flashsale_api::page::Page;
use flashsale_api::server::{self, Limits};
use flashsale_api::{App, router};
use flashsale_ledger::sqlite::SqliteLedger;
use flashsale_ledger::{Bounds, Clock, Committer, Ledger as _};
use tokio::net::{TcpListener, lookup_host};
use tokio::signal::unix::{SignalKind, signal};

use crate::chosen_sale::{self, ChosenSale};
use crate::cli::{BoundSettings, ServeSettings};
use crate::failure::Failure;
use crate::{logging, world};
use desk::Desk;

/// The page's files, as the build script left them; none if it was built without the page.
const PAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// How long the ledger may take to close in the end. A disk that stands still must not keep the
/// process alive: what it has not stored was not confirmed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Sells until a signal comes or the ledger is lost.
pub(crate) fn run(settings: ServeSettings) -> Result<ExitCode, Failure> {
    let _log = logging::start(&settings.log, settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(serve(settings));
    // Nothing is left to do, but a thread may hang on a disk that stands still.
    runtime.shutdown_background();
    result
}

async fn serve(settings: ServeSettings) -> Result<ExitCode, Failure> {
    let clock = world::clock();
    let (listener, address) = listen(&settings.host, settings.port).await?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;

    let ChosenSale {
        ledger,
        is_new,
        is_demo,
    } = open(&settings, &clock).await?;
    let ledger = Arc::new(ledger);
    let (committer, queue, loss) = Committer::new(bounds(&settings.bounds));
    let worker = tokio::spawn(queue.run(Arc::clone(&ledger), Arc::clone(&clock)));
    let app = Arc::new(App {
        view: Arc::clone(ledger.view()),
        csrf: Csrf::new(ledger.csrf_key(), settings.secure_cookies),
        orders: Arc::new(Desk {
            committer,
            ledger: Arc::clone(&ledger),
        }),
        clock: Arc::clone(&clock),
        random: world::random,
        page: Page::new(PAGE),
        body_timeout: milliseconds(settings.bounds.body_timeout_ms),
    });
    banner::print(&banner::Facts {
        address,
        data_dir: &settings.data_dir,
        status: app.view.status(clock()),
        sale: app.view.sale(),
        is_new,
        is_demo,
        has_page: !PAGE.is_empty(),
    });

    tracing::info!(%address, sale = %app.view.sale().id(), sold = app.view.sold(), "listening");

    let limits = descriptors::provide(limits(&settings.bounds));
    let mut loss_reason = None;
    let shutdown = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            reason = loss.reason() => loss_reason = Some(reason),
        }
        tracing::info!("stopping: requests under way are finished");
    };
    server::serve(listener, router(app), limits, shutdown).await;
    // With the last request the last committer is gone, so the queue runs dry and its task ends.
    let finished = tokio::time::timeout(CLOSE_TIMEOUT, async {
        worker.await.map_err(Failure::failed)?;
        close(ledger).await
    })
    .await;
    if let Some(reason) = loss_reason {
        return Err(Failure::failed(format!(
            "the ledger is lost to this process: {reason}. Nothing was confirmed that is not stored. \
             Look at the disk, then start again: the start recovers what is there"
        )));
    }
    finished.map_err(|_elapsed| {
        let seconds = CLOSE_TIMEOUT.as_secs();
        let sentence = "so the server ends without it. Every confirmed order is stored; the next start \
                        recovers the rest";
        Failure::failed(format!("the ledger did not close within {seconds} s, {sentence}"))
    })??;
    Ok(ExitCode::SUCCESS)
}

async fn listen(host: &str, port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port))
        .await
        .map_err(|error| Failure::refused(format!("HOST {host} has no address: {error}")))?
        .collect();
    let listener = TcpListener::bind(&addresses[..]).await;
    listener
        .and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        })
        .map_err(|error| {
            let tried: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
            let tried = tried.join(" or ");
            Failure::failed(format!(
                "cannot listen on {tried}: {error}. PORT and HOST choose another"
            ))
        })
}

/// Opening reads the whole file, so it is not done on a thread that serves.
async fn open(settings: &ServeSettings, clock: &Clock) -> Result<ChosenSale, Failure> {
    let (sale, data_dir) = (settings.sale.clone(), settings.data_dir.clone());
    let clock = Arc::clone(clock);
    tokio::task::spawn_blocking(move || chosen_sale::open(&sale, &data_dir, clock))
        .await
        .map_err(Failure::failed)?
}

async fn close(ledger: Arc<SqliteLedger>) -> Result<(), Failure> {
    match Arc::try_unwrap(ledger) {
        Ok(ledger) => tokio::task::spawn_blocking(|| ledger.close())
            .await
            .map_err(Failure::failed),
        Err(_in_use) => Err(Failure::failed(
            "a request kept the ledger open after the end",
        )),
    }
}

fn bounds(settings: &BoundSettings) -> Bounds {
    Bounds {
        queue_entries_max: settings.purchase_queue_max.get() as usize,
        batch_entries_max: settings.purchase_batch_max.get() as usize,
        attempt_timeout: milliseconds(settings.purchase_deadline_ms),
    }
}

fn limits(settings: &BoundSettings) -> Limits {
    Limits {
        connections_max: settings.connections_max.get() as usize,
        header_timeout: milliseconds(settings.header_timeout_ms),
        idle_timeout: milliseconds(settings.idle_timeout_ms),
        write_timeout: milliseconds(settings.body_timeout_ms),
        shutdown_grace: milliseconds(settings.shutdown_grace_ms),
    }
}

fn milliseconds(number: std::num::NonZeroU32) -> Duration {
    Duration::from_millis(number.get().into())
}
