use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

/// The log of four transactions, copied while the database was open, and where its frames begin.
fn log() -> (Vec<u8>, Vec<usize>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.sqlite3");
    let connection = Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    connection
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    connection
        .execute_batch("INSERT INTO t VALUES (2)")
        .unwrap();
    connection
        .execute_batch("INSERT INTO t VALUES (zeroblob(20000))")
        .unwrap();
    let log = fs::read(path_of(&path)).unwrap();
    let frame_bytes = FRAME_HEADER_BYTES + 4096;
    let frames = (HEADER_BYTES..log.len()).step_by(frame_bytes).collect();
    (log, frames)
}

#[track_caller]
fn check(log: &[u8], damaged: bool) {
    assert_eq!(examine(log).unwrap().is_some(), damaged);
}

#[test]
fn a_sound_log_is_sound() {
    let (log, frames) = log();
    assert!(frames.len() > 6, "{frames:?}");
    check(&log, false);
    check(&[], false);
}

#[test]
fn row_04_a_torn_end_is_sound() {
    let (log, frames) = log();
    // The last transaction begins after the last commit but one.
    let commits: Vec<_> = frames
        .iter()
        .copied()
        .filter(|at| word(&log, at + 4) != 0)
        .collect();
    let last_begins = commits[commits.len() - 2] + FRAME_HEADER_BYTES + 4096;
    for length in (last_begins..log.len()).step_by(511) {
        check(&log[..length], false);
    }
    // Also when its frames reached the disk in another order, so that a hole came before the commit.
    for at in (last_begins..log.len()).step_by(499) {
        let mut torn = log.clone();
        torn[at..].iter_mut().take(512).for_each(|byte| *byte = 0);
        check(&torn, false);
    }
}

#[test]
fn row_05_damage_before_stored_transactions_is_found() {
    let (log, frames) = log();
    for at in [
        0,
        8,
        20,
        30,
        frames[0] + 20,
        frames[0] + 30,
        frames[1] + 100,
    ] {
        let mut damaged = log.clone();
        damaged[at] ^= 1;
        check(&damaged, true);
    }
}

#[test]
fn row_05_a_log_without_its_head_is_found() {
    let (mut log, _) = log();
    log[..HEADER_BYTES].fill(0);
    check(&log, true);
    log.fill(0);
    check(&log, false);
}

#[test]
fn a_log_that_was_begun_again_is_sound() {
    let folder = TempDir::new().unwrap();
    let path: PathBuf = folder.path().join("a.sqlite3");
    let connection = Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    connection
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(90000))")
        .unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
        .unwrap();
    connection
        .execute_batch("INSERT INTO t VALUES (1)")
        .unwrap();
    // One new frame, and behind it those of the time before.
    let log = fs::read(path_of(&path)).unwrap();
    assert!(log.len() > 20 * 4096);
    check(&log, false);
}
