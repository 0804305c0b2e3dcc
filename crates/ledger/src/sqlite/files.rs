//! The files of a sale, who may open them, and how a ledger is created and opened.
//!
//! For the sale `drop` there are, in the data directory:
//! - `drop.sqlite3`, the ledger, with SQLite's `-wal` and `-shm` beside it while it is open;
//! - `drop.lock`, locked by the server that sells. It also remembers which ledger belongs to the
//!   sale, so that one that has gone missing is noticed and never silently replaced, and whether it
//!   was left open, so that the same holds for a log with the last orders in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use flashsale_sale::{Sale, SaleId, Timestamp, View};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::mpsc;

use super::schema::{self, Epoch, Head};
use super::writer::Writer;
use super::{OpenError, SqliteLedger, Trouble, reader, rows, wal};
use crate::audit::Sequence;
use crate::{Clock, CsrfKey};

/// How long a statement waits for somebody else's lock on the database. Nobody but this server has a
/// reason to write, so this only bridges a glance with another tool.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// The files of one sale, locked: no other server opens them while this value, or the ledger made
/// from it, lives.
#[derive(Debug)]
pub struct SaleFiles {
    id: SaleId,
    directory: PathBuf,
    database: PathBuf,
    lock_path: PathBuf,
    lock: File,
}

/// What the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// The sale has never been opened here.
    Nothing,
    /// There is a ledger, sound or not.
    Ledger,
}

/// The second line of the lock file while a server has the ledger open.
const OPEN: &str = "open";

/// What a lock file remembers: which ledger belongs to the sale, and whether it was left open.
struct Memory {
    epoch: Option<String>,
    is_open: bool,
}

/// How a ledger is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The last orders are in the log.
    Open,
    /// Everything is in the database.
    Closed,
}

/// Which files a ledger was opened from, so that a swap under the running server is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    database: (u64, u64),
    wal: (u64, u64),
}

/// The path of a sale's ledger.
pub fn database_path(data_dir: &Path, id: &SaleId) -> PathBuf {
    data_dir.join(format!("{id}.sqlite3"))
}

impl SaleFiles {
    /// Locks the files of a sale, and makes the data directory if there is none.
    pub fn lock(data_dir: &Path, id: &SaleId) -> Result<Self, OpenError> {
        fs::create_dir_all(data_dir).map_err(OpenError::io(data_dir))?;
        let lock_path = data_dir.join(format!("{id}.lock"));
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(OpenError::io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                id: id.clone(),
                directory: data_dir.to_owned(),
                database: database_path(data_dir, id),
                lock_path,
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked(database_path(data_dir, id))),
            Err(TryLockError::Error(source)) => Err(OpenError::Io {
                path: lock_path,
                source,
            }),
        }
    }

    /// Looks what is there. A ledger that was there and is gone is an error.
    pub fn contents(&mut self) -> Result<Contents, OpenError> {
        let exists = |path: &Path| path.try_exists().map_err(OpenError::io(path));
        let log = wal::path_of(&self.database);
        if exists(&self.database)? {
            if self.read_memory()?.is_open && !exists(&log)? {
                return Err(OpenError::MissingLog {
                    log,
                    lock: self.lock_path.clone(),
                });
            }
            return Ok(Contents::Ledger);
        }
        if self.read_memory()?.epoch.is_some() || exists(&log)? {
            return Err(OpenError::Missing(
                self.database.clone(),
                self.lock_path.clone(),
            ));
        }
        Ok(Contents::Nothing)
    }

    /// Makes the ledger of a new sale. After a crash in the middle there is either no ledger or a
    /// whole one: it is built under another name and renamed when it is durable.
    pub fn create(&mut self, sale: Sale, epoch: Epoch, csrf_key: CsrfKey) -> Result<(), OpenError> {
        assert_eq!(*sale.id(), self.id, "the files of another sale");
        let draft = self.database.with_extension("sqlite3-new");
        let io = || OpenError::io(&draft);
        let sqlite = |source| OpenError::from_sqlite(&draft, source);
        if draft.try_exists().map_err(io())? {
            // A crash left it half made. Nothing was ever sold from it.
            fs::remove_file(&draft).map_err(io())?;
        }
        // It holds a key and buyers' addresses; SQLite gives its other files the same mode.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(io())?;
        let mut connection = Connection::open(&draft).map_err(sqlite)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(sqlite)?;
        schema::create(
            &mut connection,
            &Head {
                sale,
                epoch,
                csrf_key,
            },
        )
        .map_err(sqlite)?;
        connection.close().map_err(|(_, source)| sqlite(source))?;
        File::open(&draft)
            .and_then(|file| file.sync_all())
            .map_err(io())?;
        fs::rename(&draft, &self.database).map_err(io())?;
        self.sync_directory()?;
        self.remember(epoch, Left::Closed)
    }

    /// Opens the ledger for selling: recovers what a crash left, checks every page, row and rule, and
    /// starts the writer. Reads the whole file, so it takes time in proportion to the orders.
    pub fn open(mut self, clock: Clock) -> Result<SqliteLedger, OpenError> {
        let path = self.database.clone();
        let sqlite = |source| OpenError::from_sqlite(&path, source);
        wal::check(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(sqlite)?;
        // On Apple's systems a plain fsync does not reach the disk; elsewhere these do nothing.
        connection
            .pragma_update(None, "fullfsync", true)
            .map_err(sqlite)?;
        connection
            .pragma_update(None, "checkpoint_fullfsync", true)
            .map_err(sqlite)?;

        let head = schema::read(&connection, &path)?;
        let epoch = head.epoch;
        self.check_belongs(&head)?;
        if let Some(problem) = reader::page_problems(&connection).map_err(sqlite)?.first() {
            return Err(OpenError::damaged(&path, problem));
        }
        if let Some(problem) = schema::changed_tables(&connection, &head.sale)
            .map_err(sqlite)?
            .first()
        {
            return Err(OpenError::damaged(&path, problem));
        }
        let view = Arc::new(View::new(Arc::new(head.sale)));
        load(&connection, &view, &path)?;

        // Copies what a crash left in the log and empties it, so that nothing stale stays behind.
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(sqlite)?;
        let wal_pages = Arc::new(AtomicI32::new(0));
        let pages = Arc::clone(&wal_pages);
        let count_pages = move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(count, Ordering::Relaxed);
            Ok(())
        };
        // Replaces SQLite's own checkpoints, which would keep a failed sync to themselves.
        connection.wal_hook(Some(count_pages)).map_err(sqlite)?;
        let identity = Identity::of(&path).map_err(OpenError::io(&path))?;
        self.sync_directory()?;
        // From here on the log is there for certain, and has to be at the next start.
        self.remember(epoch, Left::Open)?;

        let trouble = Arc::new(Mutex::new(Trouble::None));
        let mut writer = Writer {
            connection,
            path: path.clone(),
            identity,
            view: Arc::clone(&view),
            clock: Arc::clone(&clock),
            wal_pages,
            trouble: Arc::clone(&trouble),
        };
        writer
            .look_at_clock()
            .map_err(|reason| OpenError::Unwritable(reason.to_string()))?;
        let (jobs, queue) = mpsc::channel(1);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || {
                // The lock is held until the file is closed.
                writer.run(queue, || self.remember(epoch, Left::Closed));
            })
            .map_err(OpenError::io(&path))?;
        Ok(SqliteLedger {
            view,
            clock,
            csrf_key: head.csrf_key,
            jobs,
            trouble,
            writer: Some(thread),
        })
    }

    /// The ledger must be the one that was made for this sale, not a copy of another one.
    fn check_belongs(&mut self, head: &Head) -> Result<(), OpenError> {
        if *head.sale.id() != self.id {
            let reason = format!("it holds the sale {}", head.sale.id());
            return Err(OpenError::foreign(&self.database, reason));
        }
        match self.read_memory()?.epoch {
            Some(known) if known != hex(head.epoch) => {
                let reason = format!(
                    "it was made as {}, but {} remembers {known}",
                    hex(head.epoch),
                    self.lock_path.display()
                );
                Err(OpenError::foreign(&self.database, reason))
            }
            // None: a crash came between making the ledger and noting it down, or it was moved here.
            Some(_) | None => Ok(()),
        }
    }

    /// What the lock file remembers.
    fn read_memory(&mut self) -> Result<Memory, OpenError> {
        let mut text = String::new();
        self.lock
            .rewind()
            .and_then(|()| self.lock.read_to_string(&mut text))
            .map_err(OpenError::io(&self.lock_path))?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let epoch = lines.next().map(str::to_owned);
        Ok(Memory {
            epoch,
            is_open: lines.next() == Some(OPEN),
        })
    }

    pub(super) fn remember(&mut self, epoch: Epoch, left: Left) -> Result<(), OpenError> {
        let text = match left {
            Left::Open => format!("{}\n{OPEN}\n", hex(epoch)),
            Left::Closed => format!("{}\n", hex(epoch)),
        };
        // Written over the old text and then cut, so that the epoch is there at every moment.
        self.lock
            .rewind()
            .and_then(|()| self.lock.write_all(text.as_bytes()))
            .and_then(|()| self.lock.set_len(text.len() as u64))
            .and_then(|()| self.lock.sync_all())
            .map_err(OpenError::io(&self.lock_path))?;
        self.sync_directory()
    }

    fn sync_directory(&self) -> Result<(), OpenError> {
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(OpenError::io(&self.directory))
    }
}

/// Reads every order into the view, and the end of the sale if it has come.
fn load(connection: &Connection, view: &View, path: &Path) -> Result<(), OpenError> {
    let mut sequence = Sequence::new(view.sale());
    let mut last_time = Timestamp(0);
    rows::for_each(connection, |order| {
        let order = order.map_err(Problem::Row)?;
        let mut problem = None;
        sequence.check(&order, |sentence| problem = Some(Problem::Row(sentence)));
        last_time = order.ordered_at;
        view.record([order])
            .map_err(|contradiction| Problem::Row(contradiction.to_string()))?;
        problem.map_or(Ok(()), Err)
    })
    .map_err(|problem| match problem {
        Problem::Row(reason) => OpenError::damaged(path, reason),
        Problem::Sqlite(source) => OpenError::from_sqlite(path, source),
    })?;
    view.observe(last_time);

    let seen_at: Option<Timestamp> = connection
        .query_row("SELECT seen_at FROM ending", [], |row| {
            row.get(0).map(schema::from_sql)
        })
        .optional()
        .map_err(|source| OpenError::from_sqlite(path, source))?;
    if let Some(seen_at) = seen_at {
        view.observe(seen_at);
    }
    let changes =
        schema::brake_changes(connection).map_err(|source| OpenError::from_sqlite(path, source))?;
    if let Some(brake) = changes.last() {
        view.observe(brake.changed_at());
        view.observe_brake(*brake);
    }
    Ok(())
}

enum Problem {
    Row(String),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Identity {
    fn of(database: &Path) -> std::io::Result<Self> {
        let inode = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
        Ok(Self {
            database: inode(database)?,
            wal: inode(&wal::path_of(database))?,
        })
    }

    /// Fails when the paths no longer lead to the files that were opened.
    pub(super) fn check(self, database: &Path) -> Result<(), String> {
        match Self::of(database) {
            Ok(found) if found == self => Ok(()),
            Ok(_) => Err("the file or its log was replaced while the server sold".to_owned()),
            Err(error) => Err(format!("the file or its log is gone: {error}")),
        }
    }
}

fn hex(epoch: Epoch) -> String {
    format!("{:032x}", u128::from_be_bytes(epoch))
}
