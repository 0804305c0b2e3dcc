//! The durable list of orders behind one trait, and the group commit in front of it.
//!
//! In reading order:
//! - [`Ledger`]: what every engine must do;
//! - [`committer`]: collects what waits into batches and sends them to the ledger;
//! - [`sqlite`]: the engine in a file, for one machine;
//! - [`mod@redis`]: the engine in Redis, for many nodes;
//! - [`audit`]: checks a list of orders against the invariants.
//!
//! `contract`, compiled for tests, holds the checks that every engine must pass. `fuzzing`, with the feature
//! of that name, is for `fuzz/`.
//!
//! This crate knows no HTTP and no command line. The wall clock is passed in as a [`Clock`]; only
//! deadlines use tokio's own clock.

pub mod audit;
pub mod committer;
#[cfg(test)]
mod contract;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod redis;
pub mod sqlite;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::{Attempt, Brake, Order, Outcome, Timestamp, UserId, View};
use thiserror::Error;

pub use committer::{Bounds, Busy, Committer, CommitterMeters};

/// Reads the wall clock. It may jump; an engine makes sure that its own time never runs backwards.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A key kept with the ledger for signing CSRF tokens, so that they outlive a restart and hold on all nodes.
pub type CsrfKey = [u8; 32];

/// The durable list of the orders of one sale.
///
/// An engine may be one of several that share a list: other nodes' orders reach the view as well.
pub trait Ledger: Send + Sync + 'static {
    /// The view that this engine feeds. Before [`commit`](Self::commit) returns, every order in its
    /// outcomes is in the view; the orders of other nodes follow on their own.
    fn view(&self) -> &Arc<View>;

    /// The key for CSRF tokens that is stored in this ledger.
    fn csrf_key(&self) -> &CsrfKey;

    /// Reads the clock by which this ledger decides, as well as this node knows it.
    fn clock(&self) -> Clock;

    /// How much later than [`clock`](Self::clock) says the ledger's clock may be. "Not yet" is certain only
    /// if it holds so much later, too.
    fn clock_margin(&self) -> Duration;

    /// How many batches may be under way at once; one more is not begun.
    fn batches_max(&self) -> usize;

    /// Decides a batch and stores it, all or nothing, and returns when the result is durable: one
    /// outcome for each attempt, in their order.
    ///
    /// The engine's own clock decides, read once for the batch, never before an earlier reading. An
    /// attempt may be sent again at any time and gets the same answer; a ledger that counts how often somebody tries
    /// counts it once more then, unless it is sent [`again`](Attempt::again). An empty batch stores no
    /// order, but once the end has come it makes that durable, so that the sale stays ended.
    fn commit(
        &self,
        batch: Arc<[Attempt]>,
    ) -> impl Future<Output = Result<Vec<Outcome>, CommitError>> + Send;

    /// Pulls the emergency brake or lets it go, and returns when that is durable: how it is now, also where it
    /// was so already. Whatever is decided after that, on any node, obeys it. An error says as much as that of
    /// a batch, and it may be done again at any time.
    fn set_brake(&self, pulled: bool) -> impl Future<Output = Result<Brake, CommitError>> + Send;

    /// The order of a user, also one that the view has not seen yet.
    fn find(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<Order>, Unavailable>> + Send;

    /// Whether this node can sell, or a sentence that says why it cannot.
    fn ready(&self) -> Result<(), String>;

    /// Ends the use of the ledger in order.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A batch has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    /// Nothing of the batch is stored, and nothing will be.
    #[error("not stored: {0}")]
    NotApplied(String),
    /// The batch may be stored, now or later. Sending it again resolves it.
    #[error("not known whether stored: {0}")]
    Unknown(String),
    /// As unknown, and this process cannot find out: it must confirm nothing more and end. The next
    /// start recovers what is stored.
    #[error("the ledger is lost to this process: {0}")]
    Lost(String),
}

/// The ledger cannot be asked right now; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the ledger cannot be read: {0}")]
pub struct Unavailable(pub String);
