//! The thread that decides and stores batches.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use flashsale_sale::{Attempt, Brake, Outcome, Phase, View, decide};
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::files::Identity;
use super::schema::to_sql;
use super::{OpenError, Trouble, rows, schema};
use crate::{Clock, CommitError};

/// The log is copied into the database once it has this many pages, 16 MiB. Buyers come in no order, so
/// each writes to another page of the index, and of all that is copied, one page at a time, each is
/// copied once: the longer the log, the less often.
const WAL_PAGES_MAX: i32 = 4000;

/// What there is to do, and where its result goes.
#[derive(Debug)]
pub(super) enum Job {
    Batch {
        batch: Arc<[Attempt]>,
        answer: oneshot::Sender<Result<Vec<Outcome>, CommitError>>,
    },
    Brake {
        pulled: bool,
        answer: oneshot::Sender<Result<Brake, CommitError>>,
    },
}

/// The only one that writes to the file.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Which files these were when they were opened: selling into a file that somebody has moved
    /// away or deleted would lose every order at the end of the process.
    pub(super) identity: Identity,
    pub(super) view: Arc<View>,
    pub(super) clock: Clock,
    /// How many pages the log holds, as SQLite reports after each commit.
    pub(super) wal_pages: Arc<AtomicI32>,
    pub(super) trouble: Arc<Mutex<Trouble>>,
}

/// What goes wrong with one batch.
enum Failure {
    /// The transaction is rolled back and the file is as before.
    RolledBack(String),
    /// Nobody knows what the disk holds.
    Lost(String),
}

impl Writer {
    /// Works until the ledger is dropped. Once the file is lost it stores nothing more and says so.
    /// `note_closed` is called when everything is in the database, before the log is removed.
    pub(super) fn run(
        mut self,
        mut jobs: mpsc::Receiver<Job>,
        note_closed: impl FnOnce() -> Result<(), OpenError>,
    ) {
        let mut lost = None;
        while let Some(job) = jobs.blocking_recv() {
            match job {
                Job::Batch { batch, answer } => {
                    self.perform(&mut lost, answer, |writer| writer.commit(&batch));
                }
                Job::Brake { pulled, answer } => {
                    self.perform(&mut lost, answer, |writer| writer.set_brake(pulled));
                }
            }
            if lost.is_none() {
                lost = self.checkpoint().err();
            }
        }
        if lost.is_some() {
            // Closing would sync once more, and could make it look as if nothing had happened.
            std::mem::forget(self.connection);
        } else if let Err(reason) = self.close(note_closed) {
            tracing::warn!(
                reason,
                "the ledger was not closed in order; the next start recovers it"
            );
        }
    }

    /// Does one thing, unless the file is lost, and keeps what came of it.
    fn perform<T>(
        &mut self,
        lost: &mut Option<String>,
        answer: oneshot::Sender<Result<T, CommitError>>,
        act: impl FnOnce(&mut Self) -> Result<T, CommitError>,
    ) {
        let result = match lost {
            None => act(self),
            Some(reason) => Err(CommitError::Lost(reason.clone())),
        };
        *self.trouble.lock() = match &result {
            Ok(_) => Trouble::None,
            Err(error @ CommitError::Lost(_)) => Trouble::Final(error.to_string()),
            Err(error) => Trouble::Passing(Instant::now(), error.to_string()),
        };
        if let Err(CommitError::Lost(reason)) = &result {
            *lost = Some(reason.clone());
        }
        // Whoever asked may have given up; what is stored is in the view all the same.
        drop(answer.send(result));
    }

    /// Copies the log into the database, then notes that the log is not needed any more, and then lets
    /// SQLite remove it: whenever a crash comes, what is noted is true.
    fn close(self, note_closed: impl FnOnce() -> Result<(), OpenError>) -> Result<(), String> {
        let is_busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|error| error.to_string())?;
        if is_busy {
            return Err("somebody reads from it".to_owned());
        }
        note_closed().map_err(|error| error.to_string())?;
        self.connection
            .close()
            .map_err(|(_, error)| error.to_string())
    }

    /// Looks at the clock before anybody can ask, so that a sale that is over by then is over for everybody.
    /// Without room on the disk that is left to the first batch; reading goes on meanwhile.
    pub(super) fn look_at_clock(&mut self) -> Result<(), CommitError> {
        match self.commit(&[]) {
            Err(lost @ CommitError::Lost(_)) => Err(lost),
            Err(error) => {
                tracing::warn!(%error, "the end of the sale is not stored yet");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    fn commit(&mut self, batch: &[Attempt]) -> Result<Vec<Outcome>, CommitError> {
        let now = (self.clock)().max(self.view.ledger_time());
        let sale = self.view.sale();
        // This thread is the only writer and feeds the view, so the view is the list.
        let stored = |user: &_| self.view.order_of(user);
        let decision = decide(
            sale,
            self.view.sold(),
            stored,
            now,
            self.view.brake(),
            batch,
        );

        let phase = |time| sale.window().phase(time);
        let ends_now = phase(now) == Phase::Ended && phase(self.view.ledger_time()) != Phase::Ended;
        if !decision.orders.is_empty() || ends_now {
            self.store(|transaction| {
                rows::insert(transaction, &decision.orders)?;
                if ends_now {
                    let end = "INSERT OR IGNORE INTO ending VALUES (1, ?1)";
                    transaction.execute(end, [to_sql(now)])?;
                }
                Ok(())
            })?;
        }
        self.view.observe(now);
        self.view
            .record(decision.orders)
            .map_err(|e| CommitError::Lost(e.to_string()))?;
        Ok(decision.outcomes)
    }

    /// Pulls the brake or lets it go, if that is not how it is.
    fn set_brake(&mut self, pulled: bool) -> Result<Brake, CommitError> {
        let now = (self.clock)().max(self.view.ledger_time());
        let brake = self.view.brake();
        let Some(changed) = brake.changed(pulled, now) else {
            return Ok(brake);
        };
        self.store(|transaction| schema::insert_brake(transaction, changed))?;
        self.view.observe(now);
        self.view.observe_brake(changed);
        Ok(changed)
    }

    /// Writes in one durable transaction.
    fn store(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), CommitError> {
        self.try_to_store(write).map_err(|failure| {
            let named = |reason| format!("{}: {reason}", self.path.display());
            match failure {
                Failure::RolledBack(reason) => CommitError::NotApplied(named(reason)),
                Failure::Lost(reason) => CommitError::Lost(named(reason)),
            }
        })
    }

    fn try_to_store(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| before_commit(&error))?;
        write(&transaction).map_err(|error| before_commit(&error))?;
        transaction.commit().map_err(|error| at_commit(&error))?;
        self.identity.check(&self.path).map_err(Failure::Lost)
    }

    /// Copies the log into the database when it has grown long, after the batch was answered. Fails
    /// when the disk may hold less than SQLite believes.
    fn checkpoint(&self) -> Result<(), String> {
        if self.wal_pages.load(Ordering::Relaxed) < WAL_PAGES_MAX {
            return Ok(());
        }
        let result = self
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        match result {
            Ok(()) => Ok(()),
            Err(error) if may_be_rolled_back(&error) => {
                tracing::warn!(%error, "the log cannot be copied into the database yet");
                Ok(())
            }
            Err(error) => {
                let reason = format!("copying the log into {}: {error}", self.path.display());
                tracing::error!(reason, "the ledger is lost");
                *self.trouble.lock() = Trouble::Final(reason.clone());
                Err(reason)
            }
        }
    }
}

/// Nothing is synced before `COMMIT`, so up to there a lack of room or of a lock undoes nothing.
/// Anything else must not go on: if a row is refused, say, the tables and the rules disagree.
fn before_commit(error: &rusqlite::Error) -> Failure {
    if may_be_rolled_back(error) {
        Failure::RolledBack(error.to_string())
    } else {
        Failure::Lost(error.to_string())
    }
}

/// A full disk is met while the log is written, before its last frame and before the sync, so the
/// transaction is not in the log. Anything else at `COMMIT` may come from the sync.
fn at_commit(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Failure::RolledBack(error.to_string()),
        _ => Failure::Lost(error.to_string()),
    }
}

fn may_be_rolled_back(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
    matches!(
        error.sqlite_error_code(),
        Some(DiskFull | DatabaseBusy | DatabaseLocked)
    )
}
