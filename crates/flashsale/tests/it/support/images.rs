//! What a power loss may have left of a ledger, built from what was certainly on the disk and what
//! the process had written since.
//!
//! A disk writes sectors, in any order. So of each file that was not synced, any mixture of old and
//! new sectors may be found, and any length in between; a sector that the file had grown by may hold
//! zeros. Killing the process alone never shows this: the kernel keeps what was written.

use std::fs;
use std::path::{Path, PathBuf};

use super::chance::Chance;
use super::server::Home;

const SECTOR_BYTES: usize = 512;

/// One way in which the power loss may have gone: a new home with the files as they would be found.
///
/// `images` holds every file as of its last sync, and an empty one for a file of which only the name
/// was synced, with its directory. Everything else in the data directory (the lock,
/// keys) is taken as it is.
pub(crate) fn after_power_loss(home: &Home, images: &Path, chance: &mut Chance) -> Home {
    let lost = home.copy();
    for path in ledger_files(home) {
        let name = path.file_name().expect("a file has a name");
        let target = lost.data().join(name);
        if name.to_string_lossy().ends_with("-shm") {
            lose_shared_memory(&target, chance);
            continue;
        }
        let current = fs::read(&path).expect("a ledger file");
        match fs::read(images.join(name)) {
            Ok(durable) => fs::write(&target, mixture(&durable, &current, chance))
                .expect("a file of the variant"),
            // Neither it nor its directory was synced: not even its name is certain to be there.
            Err(_) if chance.once_in(3) => {
                fs::remove_file(&target).expect("the copy can be removed");
            }
            Err(_) => {
                fs::write(&target, mixture(&[], &current, chance)).expect("a file of the variant");
            }
        }
    }
    lost
}

/// The database's files in a home's data directory.
pub(crate) fn ledger_files(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.data()).expect("the data directory");
    let paths = entries.map(|entry| entry.expect("an entry of the data directory").path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().contains(".sqlite3"))
        .collect();
    files.sort();
    files
}

/// Overwrites one to eight random bytes with other values; returns where.
pub(crate) fn flip_bytes(path: &Path, chance: &mut Chance) -> Vec<usize> {
    let mut bytes = fs::read(path).expect("the file to damage");
    let mut places = Vec::new();
    for _ in 0..chance.between(1, 8) {
        let at = chance.index(bytes.len());
        let change = u8::try_from(chance.between(1, 255)).expect("one byte");
        bytes[at] ^= change;
        places.push(at);
    }
    fs::write(path, bytes).expect("the damaged file");
    places
}

/// Each sector as it was at the last sync or as it was written since; never anything else but zeros
/// where the file has grown.
fn mixture(durable: &[u8], current: &[u8], chance: &mut Chance) -> Vec<u8> {
    let (shorter, longer) = (
        durable.len().min(current.len()),
        durable.len().max(current.len()),
    );
    let length = match chance.between(0, 3) {
        0 => durable.len(),
        1 => current.len(),
        _ => usize::try_from(chance.between(shorter as u64, longer as u64))
            .expect("a length of this machine"),
    };
    // From "nothing of it arrived" over mixtures to "all of it did".
    let percent_written = [0, 10, 50, 90, 100][chance.index(5)];
    let mut bytes = vec![0; length];
    for (index, sector) in bytes.chunks_mut(SECTOR_BYTES).enumerate() {
        let written = chance.between(1, 100) <= percent_written;
        let source = if written { current } else { durable };
        let from = (index * SECTOR_BYTES).min(source.len());
        let end = (from + sector.len()).min(source.len());
        sector[..end - from].copy_from_slice(&source[from..end]);
    }
    bytes
}

/// The index beside the write-ahead log is never synced; it may be gone, old, or anything.
fn lose_shared_memory(path: &Path, chance: &mut Chance) {
    match chance.between(0, 2) {
        0 => fs::remove_file(path).expect("the copy can be removed"),
        1 => {
            flip_bytes(path, chance);
        }
        _ => {}
    }
}

/// A home in which the write that was under way is torn: of every file, the bytes up to a random
/// place among the unsynced ones are as written, and all behind it is as it was at the last sync.
pub(crate) fn tear(home: &Home, images: &Path, chance: &mut Chance) -> Home {
    let torn = home.copy();
    for path in ledger_files(home) {
        let name = path.file_name().expect("a file has a name");
        let Ok(durable) = fs::read(images.join(name)) else {
            continue;
        };
        let mut bytes = fs::read(&path).expect("a ledger file");
        let same = durable
            .iter()
            .zip(&bytes)
            .take_while(|(old, new)| old == new)
            .count();
        let cut = usize::try_from(chance.between(same as u64, bytes.len().max(same) as u64));
        bytes.truncate(cut.expect("a length of this machine"));
        bytes.extend_from_slice(durable.get(bytes.len()..).unwrap_or_default());
        fs::write(torn.data().join(name), bytes).expect("a torn file");
    }
    torn
}
