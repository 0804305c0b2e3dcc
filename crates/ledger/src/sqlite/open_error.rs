//! Why a ledger is not opened.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a ledger is not opened. Each message names the file and says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another server has it.
    #[error(
        "{0} is locked: another server is selling from this ledger. Stop it first, or use another SALE_ID or DATA_DIR"
    )]
    Locked(PathBuf),
    /// It was there once and is gone. A new one would sell everything again.
    #[error(
        "{0} is missing, but this sale has been opened before. Put the file back, with its -wal if there is one; an older copy would sell its later units again. To give up its orders and begin anew, remove {1} as well"
    )]
    Missing(PathBuf, PathBuf),
    /// The server was not stopped in order, and the log with its last orders is gone.
    #[error(
        "{log} is missing. The server was not stopped in order, so its last orders were in that file, \
         which belongs to the ledger. Put it back. If another SQLite tool has opened the ledger since, \
         the orders are in the ledger now: look with `flashsale audit`, then remove the line 'open' \
         from {lock}"
    )]
    MissingLog {
        /// The log.
        log: PathBuf,
        /// The lock file, which remembers how the ledger was left.
        lock: PathBuf,
    },
    /// A database, but not this sale's ledger.
    #[error(
        "{path} is not the ledger of this sale: {reason}. Nothing was changed; put the right file back or use another SALE_ID"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// What is stored cannot be right.
    #[error(
        "{path} is damaged: {reason}. Nothing was changed; restore it from a backup, or look at it with `flashsale audit`"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// It can be read, and not written.
    #[error("{0}. Look at the disk, then start again")]
    Unwritable(String),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused, and the file need not be damaged.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// Sorts what SQLite said into damage, a foreign file, and everything else.
    pub(super) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt) => Self::Damaged {
                path,
                reason: source.to_string(),
            },
            Some(NotADatabase) => Self::Foreign {
                path,
                reason: source.to_string(),
            },
            _ => Self::Sqlite { path, source },
        }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn foreign(path: &Path, reason: impl Into<String>) -> Self {
        Self::Foreign {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}
