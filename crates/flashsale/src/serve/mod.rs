//! `flashsale serve`: start, wiring and orderly stop.

mod banner;
mod bots;
mod console;
mod descriptors;
mod desk;
mod identity;
mod shop;
mod signing;
mod tls;
mod watched_file;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use flashsale_api::admin::Admin;
use flashsale_api::admin::about::About;
use flashsale_api::admin::history::History;
use flashsale_api::admin::session::Sessions;
use flashsale_api::bots::Bots;
use flashsale_api::csrf::Csrf;
use flashsale_api::identity::Identity;
use flashsale_api::limits::Limits as NodeLimits;
use flashsale_api::live::Live;
use flashsale_api::load::Load;
use flashsale_api::load::probe::Probe;
use flashsale_api::meters::Meters;
use flashsale_api::page::Page;
use flashsale_api::server::proxy_protocol::ProxyProtocol;
use flashsale_api::server::tls::Tls;
use flashsale_api::server::{self, Entrance, Limits};
use flashsale_api::shop::Shop;
use flashsale_api::signing_keys::SigningKeys;
use flashsale_api::{App, Routes};
use flashsale_ledger::redis::ATTEMPTS_MAX;
use flashsale_ledger::sqlite::SqliteLedger;
use flashsale_ledger::{Bounds, Committer, Ledger};
use futures_util::FutureExt as _;
use tokio::net::{TcpListener, lookup_host};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::chosen_sale::{self, ChosenSale};
use crate::cli::entrance::EntranceSettings;
use crate::cli::{BoundSettings, ServeSettings};
use crate::failure::Failure;
use crate::{logging, world};
use bots::Gate;
use console::ConsoleDoor;
use desk::Desk;
use identity::Believed;

/// The page's files, as the build script left them; none if it was built without the page.
const PAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// How long the ledger may take to close in the end. A disk that stands still must not keep the
/// process alive: what it has not stored was not confirmed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Sells until a signal comes or the ledger is lost.
pub(crate) fn run(settings: ServeSettings) -> Result<ExitCode, Failure> {
    let _log = logging::start(&settings.log, settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .global_queue_interval(world::SHARED_QUEUE_INTERVAL)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(serve(settings));
    // Nothing is left to do, but a thread may hang on a disk that stands still.
    runtime.shutdown_background();
    result
}

async fn serve(settings: ServeSettings) -> Result<ExitCode, Failure> {
    let redis = settings.redis.place.address()?;
    let mut shop = shop::read(&settings.shop)?;
    shop.sign_in_url
        .clone_from(&settings.identity.shop_sign_in_url);
    let proxy_protocol = proxy_protocol(&settings.entrance)?;
    let files = tls::read(&settings.entrance)?;
    let gates = Gates {
        believed: identity::read(&settings.identity)?,
        bots: bots::read(&settings.bots)?,
        signing: signing::read(settings.signing_keys.as_deref())?,
    };
    let (listener, address) = listen(&settings.host, settings.port, ["HOST", "PORT"]).await?;
    let door = Door {
        listener,
        address,
        tls: files.as_ref().map(|files| files.tls.clone()),
        proxy_protocol,
        console: console::open(&settings).await?,
        interrupt: signal(SignalKind::interrupt()).map_err(Failure::failed)?,
        terminate: signal(SignalKind::terminate()).map_err(Failure::failed)?,
    };
    // It ends with the process: there is nothing to be tidied up.
    let _keeping_up = files.map(|files| tokio::spawn(files.keep_up()));
    match redis {
        None => {
            let chosen = open_file(&settings).await?;
            sell(door, &settings, &shop, gates, chosen).await
        }
        Some(redis) => {
            check_batch_size(&settings.bounds)?;
            let (sale, data_dir) = (&settings.sale, &settings.data_dir);
            let rates = settings.access.rates();
            let opening = chosen_sale::redis::open(sale, &settings.redis, &redis, rates, data_dir);
            sell(door, &settings, &shop, gates, opening.await?).await
        }
    }
}

/// What the settings say of who may buy.
struct Gates {
    believed: Believed,
    bots: Gate,
    signing: Option<signing::KeyFile>,
}

/// Where requests and signals come in.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    proxy_protocol: Option<ProxyProtocol>,
    console: Option<ConsoleDoor>,
    interrupt: Signal,
    terminate: Signal,
}

async fn sell<L: Ledger>(
    mut door: Door,
    settings: &ServeSettings,
    shop: &Shop,
    gates: Gates,
    chosen: ChosenSale<L>,
) -> Result<ExitCode, Failure> {
    let ledger = Arc::new(chosen.ledger);
    let clock = ledger.clock();
    let (committer, queue, loss) = Committer::new(bounds(&settings.bounds));
    let worker = tokio::spawn(queue.run(Arc::clone(&ledger), Arc::clone(&clock)));
    let limits = descriptors::provide(server_limits(&settings.bounds));
    let (identity, _key_keeper) = gates.believed.begin();
    let (signing_keys, _signing_keeper) = signing::begin(gates.signing, ledger.csrf_key());
    let asked = Asked {
        identity,
        bots: gates.bots,
        signing_keys,
        limits: NodeLimits::new(settings.access.rates()),
        is_secure: settings.secure_cookies || door.tls.is_some(),
    };
    let desk = Desk {
        committer,
        ledger: Arc::clone(&ledger),
    };
    let app = Arc::new(app(settings, shop, asked, desk, limits));
    let console = match door.console.take() {
        Some(console) => Some((
            console,
            console::token(&settings.admin, &settings.data_dir)?,
        )),
        None => None,
    };
    let address = door.address;
    let scheme = if door.tls.is_some() { "https" } else { "http" };
    let origin = format!("{scheme}://{address}");
    let console_tls = console
        .as_ref()
        .and_then(|(console, _)| console.tls(door.tls.as_ref()));
    banner::print(&banner::Facts {
        origin: &origin,
        console: console.as_ref().map(|(console, token)| banner::Console {
            address: console.address,
            token: &token.place,
            is_secure: console_tls.is_some(),
        }),
        place: &chosen.place,
        status: app.view.status(clock()),
        sale: app.view.sale(),
        is_new: chosen.is_new,
        is_demo: chosen.is_demo,
        has_page: !PAGE.is_empty(),
        rates: settings.access.rates(),
        identity: &app.identity,
    });
    tracing::info!(%address, sale = %app.view.sale().id(), sold = app.view.sold(), "listening");

    let mut loss_reason = None;
    let shutdown = async {
        tokio::select! {
            _ = door.interrupt.recv() => {}
            _ = door.terminate.recv() => {}
            reason = loss.reason() => loss_reason = Some(reason),
        }
        tracing::info!("stopping: requests under way are finished");
    };
    let about = About {
        engine: chosen.engine,
        place: chosen.place,
        version: env!("CARGO_PKG_VERSION"),
        node_started_at: clock(),
        address: origin,
        settings: settings.in_force.clone(),
        connections_max: limits.connections_max,
    };
    let live = tokio::spawn(Live::keep_up(Arc::clone(&app)));
    let probe = Probe::open().map_err(Failure::failed)?;
    let probe = tokio::spawn(probe.keep_up(Arc::clone(&app)));
    let stopped = shutdown.shared();
    let routes = Arc::new(Routes::new(Arc::clone(&app)));
    let entrance = Entrance {
        limits,
        tls: door.tls,
        proxy_protocol: door.proxy_protocol,
    };
    let serving = server::serve(door.listener, routes, entrance, stopped.clone());
    let behind_the_counter = async {
        if let Some((console, token)) = console {
            let admin = Admin {
                app,
                sessions: Sessions::new(&token.text, console_tls.is_some()),
                about,
                history: History::default(),
                process: console::process,
            };
            let (listener, admin) = (console.listener, Arc::new(admin));
            console::serve(listener, admin, limits, console_tls, stopped).await;
        }
    };
    tokio::join!(serving, behind_the_counter);
    // The last event has told it to end.
    live.await.map_err(Failure::failed)?;
    probe.await.map_err(Failure::failed)?;
    wind_up(worker, ledger, loss_reason).await
}

/// Who may ask, and how that is found out.
struct Asked {
    identity: Identity,
    bots: Gate,
    signing_keys: Arc<SigningKeys>,
    limits: NodeLimits,
    /// Whether buyers come by HTTPS.
    is_secure: bool,
}

fn app<L: Ledger>(
    settings: &ServeSettings,
    shop: &Shop,
    asked: Asked,
    desk: Desk<L>,
    limits: Limits,
) -> App {
    let ledger = Arc::clone(&desk.ledger);
    let keys = asked.signing_keys;
    let bots = Bots::new(
        asked.bots.check,
        &keys,
        asked.bots.lifetime,
        asked.is_secure,
    );
    App {
        view: Arc::clone(ledger.view()),
        identity: asked.identity,
        csrf: Csrf::new(keys, asked.is_secure),
        orders: Arc::new(desk),
        clock: ledger.clock(),
        clock_margin: ledger.clock_margin(),
        random: world::random,
        proxies: settings.entrance.proxies(),
        limits: asked.limits,
        origins: settings.access.origins(),
        load: Load::new(),
        live: Live::new(streams_max(&settings.bounds, limits), limits.idle_timeout),
        meters: Meters::default(),
        page: Page::new(
            PAGE,
            shop,
            ledger.view().sale().product_description(),
            bots.script_origin().as_deref(),
        ),
        bots,
        body_timeout: milliseconds(settings.bounds.body_timeout_ms),
    }
}

/// Waits until everything is stored that is under way, and tells how it ended.
async fn wind_up<L: Ledger>(
    worker: JoinHandle<()>,
    ledger: Arc<L>,
    loss_reason: Option<String>,
) -> Result<ExitCode, Failure> {
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

/// Whether proxies say first for whom they speak.
fn proxy_protocol(settings: &EntranceSettings) -> Result<Option<ProxyProtocol>, Failure> {
    if !settings.proxy_protocol {
        return Ok(None);
    }
    if settings.trusted_proxies.is_empty() {
        return Err(Failure::refused(
            "PROXY_PROTOCOL is true, so name the proxies with TRUSTED_PROXIES: nobody else is believed",
        ));
    }
    let trusted = settings.trusted_proxies.clone().into();
    Ok(Some(ProxyProtocol { trusted }))
}

/// The names are those of the settings.
async fn listen(
    host: &str,
    port: u16,
    [host_name, port_name]: [&str; 2],
) -> Result<(TcpListener, SocketAddr), Failure> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port))
        .await
        .map_err(|error| Failure::refused(format!("{host_name} {host} has no address: {error}")))?
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
                "cannot listen on {tried}: {error}. {port_name} and {host_name} choose another"
            ))
        })
}

/// Opening reads the whole file, so it is not done on a thread that serves.
async fn open_file(settings: &ServeSettings) -> Result<ChosenSale<SqliteLedger>, Failure> {
    let (sale, data_dir) = (settings.sale.clone(), settings.data_dir.clone());
    tokio::task::spawn_blocking(move || chosen_sale::file::open(&sale, &data_dir, world::clock()))
        .await
        .map_err(Failure::failed)?
}

fn check_batch_size(settings: &BoundSettings) -> Result<(), Failure> {
    let wanted = settings.purchase_batch_max.get() as usize;
    if wanted <= ATTEMPTS_MAX {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "PURCHASE_BATCH_MAX is {wanted}, but Redis takes at most {ATTEMPTS_MAX} purchases at once"
    )))
}

async fn close<L: Ledger>(ledger: Arc<L>) -> Result<(), Failure> {
    match Arc::try_unwrap(ledger) {
        Ok(ledger) => {
            ledger.close().await;
            Ok(())
        }
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

fn server_limits(settings: &BoundSettings) -> Limits {
    Limits {
        connections_max: settings.connections_max.get() as usize,
        header_timeout: milliseconds(settings.header_timeout_ms),
        idle_timeout: milliseconds(settings.idle_timeout_ms),
        write_timeout: milliseconds(settings.body_timeout_ms),
        shutdown_grace: milliseconds(settings.shutdown_grace_ms),
    }
}

/// The rest is for buyers, however many watch.
fn streams_max(settings: &BoundSettings, limits: Limits) -> usize {
    let share = limits.connections_max - limits.connections_max.div_ceil(4);
    (settings.streams_max.get() as usize).min(share)
}

fn milliseconds(number: std::num::NonZeroU32) -> Duration {
    Duration::from_millis(number.get().into())
}
