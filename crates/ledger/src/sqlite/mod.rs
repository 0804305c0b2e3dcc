//! The engine in a file: SQLite in WAL mode, one writer, one transaction for each batch.
//!
//! In reading order:
//! - [`files`]: the files of a sale, who may open them, and how a ledger is created and opened;
//! - [`schema`]: the tables, which themselves refuse what must not happen, and the sale's settings;
//! - [`rows`]: orders as rows, each with a checksum;
//! - [`wal`]: finds damage in the write-ahead log that SQLite would pass over in silence;
//! - [`writer`]: the thread that decides and stores batches;
//! - [`reader`]: reading and auditing a ledger, also while a server sells.
//!
//! `synchronous=FULL` makes SQLite sync the log before `COMMIT` returns, and outcomes leave only
//! after that. After a failed sync nobody knows what the disk holds, and trying again can report
//! success for data that is gone, so it is never tried again: the writer stops for good, and the next
//! start finds out what is there.

pub mod files;
mod open_error;
pub mod reader;
mod rows;
mod schema;
pub(crate) mod wal;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::{Attempt, Brake, Order, Outcome, UserId, View};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use files::{Contents, SaleFiles};
pub use open_error::OpenError;
pub use reader::Reader;
use writer::Job;

use crate::{Clock, CommitError, CsrfKey, Ledger, Unavailable};

/// The ledger of one sale in one file, open for selling. Dropping it ends the writer thread.
pub struct SqliteLedger {
    view: Arc<View>,
    clock: Clock,
    csrf_key: CsrfKey,
    /// To the writer thread. Room for one: the committer has one batch under way at a time.
    jobs: mpsc::Sender<Job>,
    /// Written by the writer thread after each batch, read by readiness checks.
    trouble: Arc<Mutex<Trouble>>,
    /// The writer thread, joined at the end so that the file is closed in order.
    writer: Option<std::thread::JoinHandle<()>>,
}

/// Why nothing can be sold, as the last batch left it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    None,
    /// The last batch, at this time, could not be stored; the next may be.
    Passing(Instant, String),
    /// Nothing will be stored any more.
    Final(String),
}

/// How long a batch that could not be stored makes the node look unready. Then it shows itself again:
/// without buyers it would never find out that there is room on the disk again.
const TROUBLE_SHOWN: Duration = Duration::from_secs(5);

impl std::fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sale = self.view.sale().id();
        f.debug_struct("SqliteLedger")
            .field("sale", sale)
            .finish_non_exhaustive()
    }
}

impl Ledger for SqliteLedger {
    fn view(&self) -> &Arc<View> {
        &self.view
    }

    fn csrf_key(&self) -> &CsrfKey {
        &self.csrf_key
    }

    fn clock(&self) -> Clock {
        Arc::clone(&self.clock)
    }

    /// It is the very clock by which the writer decides.
    fn clock_margin(&self) -> Duration {
        Duration::ZERO
    }

    /// The writer thread stores one after the other.
    fn batches_max(&self) -> usize {
        1
    }

    async fn commit(&self, batch: Arc<[Attempt]>) -> Result<Vec<Outcome>, CommitError> {
        self.ask(|answer| Job::Batch { batch, answer }).await
    }

    async fn set_brake(&self, pulled: bool) -> Result<Brake, CommitError> {
        self.ask(|answer| Job::Brake { pulled, answer }).await
    }

    /// The view is fed by the only writer there is, so it knows every order.
    async fn find(&self, user: &UserId) -> Result<Option<Order>, Unavailable> {
        Ok(self.view.order_of(user))
    }

    fn ready(&self) -> Result<(), String> {
        match &*self.trouble.lock() {
            Trouble::Final(reason) => Err(reason.clone()),
            Trouble::Passing(at, reason) if at.elapsed() < TROUBLE_SHOWN => Err(reason.clone()),
            Trouble::Passing(..) | Trouble::None => Ok(()),
        }
    }

    async fn close(self) {
        // A panic of the writer was reported; nothing else can go wrong here.
        drop(tokio::task::spawn_blocking(|| self.close_blocking()).await);
    }
}

impl SqliteLedger {
    /// Gives the writer something to do, and waits for its answer.
    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, CommitError>>) -> Job,
    ) -> Result<T, CommitError> {
        let stopped = || CommitError::Lost("the writer has stopped".to_owned());
        let (answer, result) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }

    /// Waits for the writer to finish, and closes the file: the log is copied into the database and
    /// removed. The batch under way is stored first.
    fn close_blocking(mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.jobs, closed));
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the ledger's writer panicked; the next start recovers what is stored");
        }
    }
}

#[cfg(test)]
mod tests;
