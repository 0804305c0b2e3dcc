//! Finds the ledgers in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use flashsale_ledger::sqlite::{Reader, files};
use flashsale_sale::SaleId;

use crate::cli::LedgerArguments;
use crate::failure::Failure;

/// The ledger that was asked for, opened for reading.
pub(crate) fn open(arguments: &LedgerArguments) -> Result<(PathBuf, Reader), Failure> {
    let path = match (&arguments.file, &arguments.sale_id) {
        (Some(file), _) => file.clone(),
        (None, Some(id)) => {
            let id = SaleId::parse(id).map_err(Failure::refused)?;
            files::database_path(&arguments.data_dir, &id)
        }
        (None, None) => only_one(&arguments.data_dir)?,
    };
    let reader = Reader::open(&path).map_err(Failure::refused)?;
    Ok((path, reader))
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
