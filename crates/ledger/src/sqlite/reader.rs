//! Reading and auditing a ledger, also while a server sells from it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use flashsale_sale::{Order, Sale};
use rusqlite::{Connection, OpenFlags};

use super::schema::{self, Head};
use super::{OpenError, rows, wal};
use crate::audit::{Audit, Finding};

/// A ledger opened for reading, as it was at one moment: orders that are stored later do not show.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    connection: Connection,
    head: Head,
    /// What is wrong with the log, so that orders may be missing.
    log_problem: Option<String>,
}

impl Reader {
    /// Opens a ledger. Fails when the file is not a flashsale ledger at all.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.try_exists().map_err(OpenError::io(path))? {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
            return Err(OpenError::Io {
                path: path.to_owned(),
                source,
            });
        }
        let sqlite = |source| OpenError::from_sqlite(path, source);
        let log_problem = log_problem(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
        // One transaction for everything that follows makes it one picture.
        connection.execute_batch("BEGIN").map_err(sqlite)?;
        let head = schema::read(&connection, path)?;
        let path = path.to_owned();
        Ok(Self {
            path,
            connection,
            head,
            log_problem,
        })
    }

    /// The settings of the sale.
    pub fn sale(&self) -> &Sale {
        &self.head.sale
    }

    /// Whether the ledger has seen the end of the sale, after which it never sells again.
    pub fn has_ended(&self) -> Result<bool, OpenError> {
        self.connection
            .query_row("SELECT EXISTS (SELECT 1 FROM ending)", [], |row| row.get(0))
            .map_err(|source| OpenError::from_sqlite(&self.path, source))
    }

    /// Hands every order over, in order of unit. A row or a log that is damaged ends it with an error.
    pub fn for_each_order<E>(
        &self,
        mut each: impl FnMut(Order) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        if let Some(problem) = &self.log_problem {
            return Err(ReadError::Damaged(problem.clone()));
        }
        rows::for_each(&self.connection, |order| {
            each(order.map_err(ReadError::Damaged)?).map_err(ReadError::Caller)
        })
    }

    /// Checks the file, its tables and every order, and returns how many orders there are and all
    /// that is wrong.
    pub fn audit(&self) -> (u64, Vec<Finding>) {
        let mut audit = Audit::new(&self.head.sale);
        if let Some(problem) = &self.log_problem {
            audit.find(format!("{problem}: orders are missing"));
        }
        match schema::brake_changes(&self.connection) {
            Ok(changes) => changes.into_iter().for_each(|change| audit.brake(change)),
            Err(error) => audit.find(error.to_string()),
        }
        let structure = structure_problems(&self.connection);
        let tables = schema::changed_tables(&self.connection, &self.head.sale);
        for problems in [structure, tables] {
            match problems {
                Ok(problems) => problems.into_iter().for_each(|problem| audit.find(problem)),
                Err(error) => audit.find(error.to_string()),
            }
        }
        let read = rows::for_each(&self.connection, |order| {
            match order {
                Ok(order) => audit.check(&order),
                Err(reason) => audit.find(reason),
            }
            Ok::<_, rusqlite::Error>(())
        });
        if let Err(error) = read {
            audit.find(format!(
                "the table 'orders' cannot be read to its end: {error}"
            ));
        }
        audit.finish()
    }
}

/// Looks at the log of a ledger that no server has open; a log in use changes under the eyes.
fn log_problem(path: &Path) -> Result<Option<String>, OpenError> {
    let is_in_use = match File::open(path.with_extension("lock")) {
        Ok(lock) => matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)),
        // A copy of a ledger comes without its lock.
        Err(_) => false,
    };
    if is_in_use {
        return Ok(None);
    }
    match wal::check(path) {
        Ok(()) => Ok(None),
        Err(OpenError::Damaged { path, reason }) => {
            Ok(Some(format!("{}: {reason}", path.display())))
        }
        Err(other) => Err(other),
    }
}

/// Why the orders could not all be handed over.
#[derive(Debug)]
pub enum ReadError<E> {
    /// A row is not what was written.
    Damaged(String),
    /// SQLite could not read on.
    Sqlite(rusqlite::Error),
    /// The caller's function failed.
    Caller(E),
}

impl<E> From<rusqlite::Error> for ReadError<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl<E: std::fmt::Display> std::fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(reason) => f.write_str(reason),
            Self::Sqlite(error) => error.fmt(f),
            Self::Caller(error) => error.fmt(f),
        }
    }
}

/// What SQLite's own check of pages, constraints and indexes finds; empty when the file is sound.
fn structure_problems(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    check_with(connection, "PRAGMA integrity_check(20)")
}

/// The part of it that a start can wait for, a tenth of the time: pages and constraints, and that the
/// index of the users has as many entries as there are orders.
pub(super) fn page_problems(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems = check_with(connection, "PRAGMA quick_check(20)")?;
    let count = |query| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let orders = count("SELECT count(*) FROM orders NOT INDEXED")?;
    let users = count(schema::COUNT_USERS)?;
    if orders != users {
        problems.push(format!(
            "{orders} orders are stored, and {users} users in their index"
        ));
    }
    Ok(problems)
}

fn check_with(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(pragma)?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let problems = lines.collect::<Result<Vec<_>, _>>()?;
    Ok(problems.into_iter().filter(|line| line != "ok").collect())
}
