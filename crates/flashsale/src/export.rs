//! The file of an export. It is written beside its place and moved there when it is whole, so that a
//! failed export leaves an earlier one as it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that is being written. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Export {
    file: File,
    target: PathBuf,
    /// Where it is written until it is whole; none for a device or a pipe, which takes what comes.
    draft: Option<PathBuf>,
}

impl Export {
    /// Begins to write to this path. The files of the ledger that is read are refused: it may be the
    /// only record of what was sold, and a server may be selling from it.
    pub(crate) fn begin(path: &Path, ledger: Option<&Path>) -> Result<Self, Failure> {
        if let Some(ledger) = ledger
            && is_of_ledger(path, ledger)
        {
            return Err(Failure::refused(format!(
                "--output {} is a file of the ledger {}, which an export must not replace; choose \
                 another file",
                path.display(),
                ledger.display()
            )));
        }
        Self::open(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let existing = match fs::metadata(path) {
            Ok(existing) => Some(existing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if existing.as_ref().is_some_and(|found| !found.is_file()) {
            return Ok(Self {
                file: OpenOptions::new().write(true).open(path)?,
                target: path.to_owned(),
                draft: None,
            });
        }
        // What a link leads to is replaced, and not the link.
        let target = match existing {
            Some(_) => fs::canonicalize(path)?,
            None => path.to_owned(),
        };
        let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut draft_name = OsString::from(".");
        draft_name.push(name);
        // Two exports to one place must not write to one draft.
        draft_name.push(format!(".{}.part", std::process::id()));
        let draft = target.with_file_name(draft_name);
        let export = Self {
            file: File::create_new(&draft)?,
            target,
            draft: Some(draft),
        };
        if let Some(existing) = existing {
            // Whoever kept the earlier one from others' eyes means this one, too.
            export.file.set_permissions(existing.permissions())?;
        }
        Ok(export)
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Puts it in its place. After a power cut there is either the earlier file or this one, whole.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if let Some(draft) = &self.draft {
            self.file.sync_all()?;
            fs::rename(draft, &self.target)?;
            self.draft = None;
        }
        Ok(())
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            // Whoever drops it tells why; that a part of it stays behind would not be the reason.
            drop(fs::remove_file(draft));
        }
    }
}

/// Whether a path leads to the ledger or to one of the files beside it, by whatever name. Those that
/// are not there now count by their name: SQLite would read what it finds there.
fn is_of_ledger(path: &Path, ledger: &Path) -> bool {
    let mut ledgers = vec![ledger.to_owned()];
    // SQLite keeps its files beside the one that a link leads to.
    ledgers.extend(fs::canonicalize(ledger));
    ledgers.iter().any(|ledger| {
        let beside = |suffix: &str| {
            let mut name = ledger.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let files = [
            ledger.clone(),
            beside("-wal"),
            beside("-shm"),
            ledger.with_extension("lock"),
        ];
        files.iter().any(|file| is_same_file(path, file))
    })
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    if let (Ok(a), Ok(b)) = (identity(a), identity(b)) {
        return a == b;
    }
    let place = |path: &Path| {
        let name = path.file_name()?.to_owned();
        let folder = path.parent()?;
        let here = folder.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { folder };
        Some((fs::canonicalize(folder).ok()?, name))
    };
    place(a).is_some_and(|a| place(b) == Some(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_the_ledger_are_known_also_while_they_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("drop.1.sqlite3");
        fs::write(&ledger, "a ledger").unwrap();
        let around = folder
            .path()
            .join("..")
            .join(folder.path().file_name().unwrap());
        for name in [
            "drop.1.sqlite3",
            "drop.1.sqlite3-wal",
            "drop.1.sqlite3-shm",
            "drop.1.lock",
        ] {
            assert!(is_of_ledger(&around.join(name), &ledger), "{name}");
        }
        for name in ["drop.1.csv", "drop.lock", "no-such-folder/drop.1.lock"] {
            assert!(!is_of_ledger(&around.join(name), &ledger), "{name}");
        }
    }

    #[test]
    fn an_export_that_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.csv");
        let ledger = folder.path().join("drop.sqlite3");
        let entries = || fs::read_dir(folder.path()).unwrap().count();
        let export = Export::begin(&path, Some(&ledger)).unwrap();
        assert!(!path.exists());
        assert_eq!(entries(), 1);
        drop(export);
        assert_eq!(entries(), 0);
        Export::begin(&path, Some(&ledger))
            .unwrap()
            .finish()
            .unwrap();
        assert!(path.exists());
        assert_eq!(entries(), 1);
    }
}
