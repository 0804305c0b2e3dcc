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
mod wal;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::{Attempt, Order, Outcome, UserId, View};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use files::{Contents, SaleFiles};
pub use open_error::OpenError;
pub use reader::Reader;
use writer::Job;

use crate::{CommitError, Ledger, Unavailable};

/// A key kept with the ledger for signing CSRF tokens, so that they outlive a restart.
pub type CsrfKey = [u8; 32];

/// The ledger of one sale in one file, open for selling. Dropping it ends the writer thread.
#[derive(Debug)]
pub struct SqliteLedger {
    view: Arc<View>,
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

impl SqliteLedger {
    /// The key for CSRF tokens that is stored in this ledger.
    pub fn csrf_key(&self) -> &CsrfKey {
        &self.csrf_key
    }

    /// Waits for the writer to finish, and closes the file: the log is copied into the database and
    /// removed. Blocks; the batch under way is stored first.
    pub fn close(mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.jobs, closed));
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the ledger's writer panicked; the next start recovers what is stored");
        }
    }
}

impl Ledger for SqliteLedger {
    fn view(&self) -> &Arc<View> {
        &self.view
    }

    async fn commit(&self, batch: Arc<[Attempt]>) -> Result<Vec<Outcome>, CommitError> {
        let (answer, outcomes) = oneshot::channel();
        let stopped = || CommitError::Lost("the writer has stopped".to_owned());
        self.jobs
            .send(Job { batch, answer })
            .await
            .map_err(|_| stopped())?;
        outcomes.await.map_err(|_| stopped())?
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
}

#[cfg(test)]
mod tests;
