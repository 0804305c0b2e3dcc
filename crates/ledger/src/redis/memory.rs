//! What a node remembers of a sale in Redis, in a file of its own.
//!
//! A Redis that comes back empty looks like one in which the sale was never begun. A node that has sold
//! from it must not begin it anew, so it keeps the sale's epoch on its own disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flashsale_sale::SaleId;

/// The file of one sale: `<sale>.redis-epoch` in the data directory.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) path: PathBuf,
}

impl Memory {
    pub(super) fn of(data_dir: &Path, id: &SaleId) -> Self {
        Self {
            path: data_dir.join(format!("{id}.redis-epoch")),
        }
    }

    /// The epoch that this node has sold from, if it has.
    pub(super) fn epoch(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps the epoch, durably.
    pub(super) fn remember(&self, epoch: &str) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        // Nodes on one machine may share the folder, and all write the same.
        let draft = self
            .path
            .with_extension(format!("redis-epoch-{}", std::process::id()));
        let mut file = File::create(&draft)?;
        file.write_all(format!("{epoch}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        File::open(directory)?.sync_all()
    }
}
