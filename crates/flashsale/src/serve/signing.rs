//! The keys that sign cookies and challenges: those of the shop's own file, which may change while the server
//! sells, or the one that was made for the sale and lies with the ledger.

use std::path::Path;
use std::sync::Arc;

use flashsale_api::signing_keys::{self, FILE_BYTES_MAX, SigningKeys};
use tokio::task::JoinSet;

use super::watched_file::{Contents, WatchedFile};
use crate::failure::Failure;

/// The shop's file, and what was in it at the start.
pub(super) struct KeyFile {
    file: WatchedFile,
    keys: Vec<Vec<u8>>,
}

/// Reads the file, if there is one, or tells in one sentence what is wrong with it.
pub(super) fn read(path: Option<&Path>) -> Result<Option<KeyFile>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let mut file = WatchedFile::new(path, FILE_BYTES_MAX);
    let contents = file.look().expect("it was not looked at before");
    let keys = parse(path, contents);
    let keys = keys.map_err(|reason| Failure::refused(format!("SIGNING_KEYS: {reason}")))?;
    tell(&file, &keys);
    Ok(Some(KeyFile { file, keys }))
}

/// Begins to follow the file, for as long as the set of tasks is there; `kept` is the key of the ledger.
pub(super) fn begin(file: Option<KeyFile>, kept: &[u8]) -> (Arc<SigningKeys>, JoinSet<()>) {
    let mut keeper = JoinSet::new();
    let Some(KeyFile { file, keys }) = file else {
        return (Arc::new(SigningKeys::new(&[kept])), keeper);
    };
    let in_use = Arc::new(SigningKeys::new(&keys));
    let followed = Arc::clone(&in_use);
    keeper.spawn(
        file.keep_up(move |file, contents| match parse(file.path(), contents) {
            Ok(keys) => {
                followed.replace(&keys);
                tell(file, &keys);
            }
            Err(reason) => tracing::warn!(
                reason,
                "the new SIGNING_KEYS cannot be used, so the ones before stay in use"
            ),
        }),
    );
    (in_use, keeper)
}

fn parse(path: &Path, contents: Contents) -> Result<Vec<Vec<u8>>, String> {
    let keys = signing_keys::parse(&contents?);
    keys.map_err(|reason| format!("the file {} {reason}", path.display()))
}

fn tell(file: &WatchedFile, keys: &[Vec<u8>]) {
    tracing::info!(keys = keys.len(), "the keys of SIGNING_KEYS are in use");
    if file.is_open_to_others() {
        tracing::warn!(
            file = %file.path().display(),
            "others can read the file of SIGNING_KEYS, and so make passes and tokens: take their rights away (chmod 600)"
        );
    }
}
