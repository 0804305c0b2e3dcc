//! The HTTP API of a flash sale, the only crate that knows HTTP and JSON.
//!
//! In reading order:
//! - [`mod@router`]: every route, in one list;
//! - [`middleware`]: everything that happens to a request around its handler, in one list;
//! - `handlers`: one file for each thing that can be asked;
//! - [`answer`]: every outcome and error, and the status code it becomes;
//! - [`live`]: the status, pushed to everybody who watches;
//! - [`load`]: how long requests wait, and what gives way then;
//! - [`meters`]: what is counted;
//! - [`export`]: orders as the lines of a file;
//! - [`admin`]: behind the counter, on a listener of its own;
//! - [`identity`]: who buys, and the tokens of the shop that say so;
//! - [`client`]: who asks, and [`limits`]: how often they may;
//! - [`bots`]: a check before the sale is asked;
//! - [`csrf`]: the tokens against forged requests; `signed`: how they are signed, and
//!   [`signing_keys`]: with what;
//! - [`page`]: the files of the web page, and [`shop`], what the shop has made of it;
//! - `etag`: the tags by which a client says what it has already;
//! - `openapi`: the contract as a document, for clients and tests;
//! - `unread`: refusals that come before the body was read;
//! - [`server`]: the accept loop, its deadlines and its orderly end.
//!
//! `fuzzing`, with the feature of that name, is for `fuzz/`.
//!
//! It does not know where orders are kept: [`Orders`] is what it asks of whoever does. The clock and
//! the random bytes are passed in.

pub mod admin;
pub mod answer;
pub mod bots;
pub mod client;
pub mod csrf;
mod etag;
pub mod export;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handlers;
pub mod identity;
pub mod limits;
pub mod live;
pub mod load;
pub mod meters;
pub mod middleware;
mod openapi;
pub mod page;
pub mod router;
pub mod server;
pub mod shop;
mod signed;
pub mod signing_keys;
mod unread;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use flashsale_meters::Counts;
use flashsale_sale::{Attempt, Brake, Order, OrderId, Outcome, Timestamp, UserId, View};

pub use router::Routes;

/// Reads the clock that the ledger decides by, as well as this node knows it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Fills a buffer with bytes that nobody can guess.
pub type Random = fn(&mut [u8]);

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the API asks of whoever keeps the orders.
pub trait Orders: Send + Sync + 'static {
    /// Takes an attempt that the view could not settle, and returns what came of it. If it is patient, it may wait
    /// for longer than the ledger needs for those before it.
    fn purchase(&self, attempt: Attempt, is_patient: bool) -> BoxFuture<'_, Result<Outcome, Busy>>;

    /// The order of a user whom the view has not seen buying.
    fn find<'a>(&'a self, user: &'a UserId) -> BoxFuture<'a, Result<Option<Order>, Busy>>;

    /// Pulls the emergency brake or lets it go, and returns how it is once that is stored.
    fn set_brake(&self, pulled: bool) -> BoxFuture<'_, Result<Brake, Busy>>;

    /// What can be seen of the purchases on their way to the ledger.
    fn backlog(&self) -> Backlog;

    /// The most purchases that have waited at once since the last call.
    fn take_queue_peak(&self) -> usize;

    /// Whether this node can sell, or a sentence that says why it cannot.
    fn ready(&self) -> Result<(), String>;
}

/// The purchases on their way to the ledger.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// How many wait.
    pub queue: usize,
    /// How many may wait.
    pub queue_max: usize,
    /// How many were decided together, in each batch so far.
    pub batch_entries: Counts,
    /// What the ledger took for each batch, in microseconds.
    pub commit_us: Counts,
}

/// There is no answer now; the same request later gets one. The text, for the log, says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy(pub String);

/// Everything that the handlers need, made once for the process.
pub struct App {
    /// The picture of the sale, which answers most requests.
    pub view: Arc<View>,
    /// Whoever keeps the orders.
    pub orders: Arc<dyn Orders>,
    /// The time.
    pub clock: Clock,
    /// How much later than `clock` says the ledger's own clock may be.
    pub clock_margin: Duration,
    /// Bytes for order ids, tokens, correlation ids and the spread of retries.
    pub random: Random,
    /// Who is believed to buy.
    pub identity: identity::Identity,
    /// Makes and checks the tokens against forged requests.
    pub csrf: csrf::Csrf,
    /// What a buyer must pass before he buys.
    pub bots: bots::Bots,
    /// The proxies that are believed.
    pub proxies: client::Proxies,
    /// How often somebody may ask.
    pub limits: limits::Limits,
    /// The origins whose pages may use the API.
    pub origins: middleware::cors::Origins,
    /// How long requests wait.
    pub load: load::Load,
    /// The live streams.
    pub live: live::Live,
    /// What is counted.
    pub meters: meters::Meters,
    /// The files of the web page.
    pub page: page::Page,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
}

impl App {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The latest that the ledger's clock can read at this moment.
    fn latest(&self) -> Timestamp {
        let margin_ms = u64::try_from(self.clock_margin.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.now().0.saturating_add(margin_ms))
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    fn order_id(&self) -> OrderId {
        OrderId(self.bytes())
    }

    /// When to come back for a look, in milliseconds: spread out, so that everybody who is sent away at
    /// one moment does not return at one moment.
    fn retry_after_ms(&self) -> u64 {
        const MIN_MS: u64 = 1_000;
        const SPREAD_MS: u64 = 2_000;
        MIN_MS + u64::from(u16::from_le_bytes(self.bytes())) * SPREAD_MS / 65_536
    }

    /// When to come back for a purchase, in milliseconds.
    fn return_ms(&self) -> u64 {
        self.load.return_ms(u16::from_le_bytes(self.bytes()))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("sale", self.view.sale().id())
            .finish_non_exhaustive()
    }
}
