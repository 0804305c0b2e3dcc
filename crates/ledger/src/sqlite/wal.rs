//! Finds damage in the write-ahead log that SQLite would pass over in silence.
//!
//! When SQLite recovers a log it stops at the first frame that does not check out and forgets what
//! follows. That is right for a write that was torn by a power cut, and wrong for a log in which
//! something was damaged later: confirmed orders would vanish. The two can mostly be told apart,
//! because each transaction is synced before the next one begins. So a torn log misses frames of one
//! transaction at most, and behind the first bad frame at most one frame can say "commit".
//!
//! What looks exactly like a torn write is not told apart: damage within the last transaction, damage
//! to the word "commit" of the last but one, and a log that was cut off at the end of a transaction.
//!
//! The format: <https://sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::OpenError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The sizes that a page can have, in bytes; each is a power of two.
const PAGE_BYTES: RangeInclusive<usize> = 512..=65_536;
/// The magic number without its last bit, which tells the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// The path of a database's log.
pub(super) fn path_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// Refuses a log in which more than the last, unfinished transaction is unreadable. Only for a
/// database that nobody has open.
pub(super) fn check(database: &Path) -> Result<(), OpenError> {
    let path = path_of(database);
    let log = match File::open(&path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    match examine(log) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(OpenError::Damaged { path, reason }),
        Err(source) => Err(OpenError::Io { path, source }),
    }
}

/// Returns what is damaged, if anything is.
pub(crate) fn examine(mut log: impl BufRead) -> std::io::Result<Option<String>> {
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut log, &mut header)? {
        // Empty, or cut off while it was begun: nothing was confirmed from it.
        return Ok(None);
    }
    if header == [0; HEADER_BYTES] {
        // SQLite syncs the head before it writes what follows.
        let follows = log.bytes().any(|byte| byte.is_ok_and(|byte| byte != 0));
        return Ok(follows.then(|| "the head is gone, and what followed it is not".to_owned()));
    }
    let big_endian = match word(&header, 0) {
        magic if magic & !1 == MAGIC => magic & 1 == 1,
        _ => return Ok(Some("the head is not that of a log".to_owned())),
    };
    let mut sum = Checksum {
        big_endian,
        sums: (0, 0),
    };
    sum.add(&header[..24]);
    if sum.sums != (word(&header, 24), word(&header, 28)) {
        return Ok(Some("the checksum of the head does not match".to_owned()));
    }
    let page_bytes = word(&header, 8) as usize;
    if !page_bytes.is_power_of_two() || !PAGE_BYTES.contains(&page_bytes) {
        return Ok(Some("the head names a size that no page has".to_owned()));
    }
    let salt = &header[16..24];

    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let mut bad_frame = None;
    let mut commits_after_bad_frame = 0;
    let mut number = 0_u64;
    while fill(&mut log, &mut frame)? {
        number += 1;
        if frame[8..16] != *salt {
            // From an earlier use of the file, whose contents are in the database already.
            bad_frame = bad_frame.or(Some(number));
            continue;
        }
        if bad_frame.is_none() {
            sum.add(&frame[..8]);
            sum.add(&frame[FRAME_HEADER_BYTES..]);
            if sum.sums == (word(&frame, 16), word(&frame, 20)) {
                continue;
            }
            bad_frame = Some(number);
        }
        let is_commit = word(&frame, 4) != 0;
        commits_after_bad_frame += u32::from(is_commit);
    }
    Ok(bad_frame.filter(|_| commits_after_bad_frame > 1).map(|bad_frame| {
        format!(
            "frame {bad_frame} of {number} is unreadable, and {commits_after_bad_frame} transactions \
             after it were stored"
        )
    }))
}

/// SQLite's rolling checksum over pairs of 32-bit words.
struct Checksum {
    big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sums;
        for pair in bytes.chunks_exact(8) {
            let read = |bytes: &[u8]| {
                let bytes = bytes.try_into().expect("four bytes");
                if self.big_endian {
                    u32::from_be_bytes(bytes)
                } else {
                    u32::from_le_bytes(bytes)
                }
            };
            first = first.wrapping_add(read(&pair[..4])).wrapping_add(second);
            second = second.wrapping_add(read(&pair[4..])).wrapping_add(first);
        }
        self.sums = (first, second);
    }
}

/// The numbers of the format are big-endian; only the checksum's input may differ.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Fills the buffer, or says that the rest is shorter.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
