//! What was sold, read from a file or from Redis: what `orders` and `audit` stand on.

use std::fs;
use std::path::{Path, PathBuf};

use flashsale_ledger::audit::Finding;
use flashsale_ledger::sqlite::{Reader, files};
use flashsale_ledger::{redis, sqlite};
use flashsale_sale::{Order, Sale, SaleId};
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::chosen_sale::redis::authorities;
use crate::cli::LedgerArguments;
use crate::failure::Failure;

/// A ledger opened for reading.
pub(crate) enum Stored {
    File {
        path: PathBuf,
        reader: Box<Reader>,
    },
    /// With what its connection runs on. Nothing else goes on in these commands.
    Redis {
        reader: Box<redis::Reader>,
        runtime: Runtime,
    },
}

/// Why the orders could not all be handed over.
#[derive(Debug, Error)]
pub(crate) enum ReadError<E> {
    /// The ledger is damaged, or cannot be read on.
    #[error("{0}")]
    Ledger(String),
    /// The caller's function failed.
    #[error("{0}")]
    Caller(E),
}

impl Stored {
    /// The ledger that was asked for.
    pub(crate) fn open(arguments: &LedgerArguments) -> Result<Self, Failure> {
        let id = arguments.sale_id.as_deref().map(SaleId::parse);
        let id = id.transpose().map_err(Failure::refused)?;
        if let Some(address) = arguments.redis.address()? {
            let id = id.ok_or_else(|| {
                Failure::refused("which sale? Redis may hold several; name one with --sale-id")
            })?;
            let authorities = authorities(&arguments.redis)?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Failure::failed)?;
            let reader = runtime.block_on(redis::Reader::open(address, authorities, &id));
            let reader = Box::new(reader.map_err(Failure::refused)?);
            return Ok(Self::Redis { reader, runtime });
        }
        let path = match (&arguments.file, id) {
            (Some(file), _) => file.clone(),
            (None, Some(id)) => files::database_path(&arguments.data_dir, &id),
            (None, None) => only_one(&arguments.data_dir)?,
        };
        let reader = Box::new(Reader::open(&path).map_err(Failure::refused)?);
        Ok(Self::File { path, reader })
    }

    /// The settings of the sale.
    pub(crate) fn sale(&self) -> &Sale {
        match self {
            Self::File { reader, .. } => reader.sale(),
            Self::Redis { reader, .. } => reader.sale(),
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Redis { reader, .. } => reader.address().to_string(),
        }
    }

    /// Its file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            Self::Redis { .. } => None,
        }
    }

    /// Hands every order over, in order of unit. Damage ends it with an error.
    pub(crate) fn for_each_order<E: std::fmt::Display>(
        &self,
        each: impl FnMut(Order) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        match self {
            Self::File { reader, .. } => reader.for_each_order(each).map_err(|error| match error {
                sqlite::reader::ReadError::Caller(error) => ReadError::Caller(error),
                other => ReadError::Ledger(other.to_string()),
            }),
            Self::Redis { reader, runtime } => {
                let reading = reader.for_each_order(each);
                runtime.block_on(reading).map_err(|error| match error {
                    redis::reader::ReadError::Caller(error) => ReadError::Caller(error),
                    redis::reader::ReadError::Redis(reason) => ReadError::Ledger(reason),
                })
            }
        }
    }

    /// Checks everything, and returns how many orders there are and all that is wrong.
    pub(crate) fn audit(&self) -> Result<(u64, Vec<Finding>), Failure> {
        match self {
            Self::File { reader, .. } => Ok(reader.audit()),
            Self::Redis { reader, runtime } => {
                runtime.block_on(reader.audit()).map_err(Failure::refused)
            }
        }
    }
}

fn only_one(data_dir: &Path) -> Result<PathBuf, Failure> {
    let ids = sales(data_dir)?;
    let folder = data_dir.display();
    match &ids[..] {
        [] => Err(Failure::refused(format!("there is no ledger in {folder}"))),
        [id] => Ok(files::database_path(data_dir, id)),
        several => {
            let names: Vec<_> = several.iter().map(SaleId::as_str).collect();
            let names = names.join(", ");
            Err(Failure::refused(format!(
                "there are several ledgers in {folder}; name one with --sale-id: {names}"
            )))
        }
    }
}

/// The names of the sales in a folder, sorted. A folder that is not there holds none.
pub(crate) fn sales(data_dir: &Path) -> Result<Vec<SaleId>, Failure> {
    let failed = |error| Failure::failed(format!("{}: {error}", data_dir.display()));
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".sqlite3"));
        ids.extend(id.and_then(|id| SaleId::parse(id).ok()));
    }
    ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    Ok(ids)
}
