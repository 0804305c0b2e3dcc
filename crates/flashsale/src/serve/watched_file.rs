//! A small file of keys or secrets that is read again when it changes.
//!
//! What is compared is the content: times may stay the same when a mount is switched, or a copy keeps them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// How often the file is looked at. A new key is good after two looks.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// A file, as it was last seen.
pub(super) struct WatchedFile {
    path: PathBuf,
    bytes_max: usize,
    seen: Option<Contents>,
}

/// What is in a file, or a sentence that says why it cannot be read.
pub(super) type Contents = Result<Vec<u8>, String>;

impl WatchedFile {
    /// A file that should not be longer than this. One that is is read just so far that it can be seen.
    pub(super) fn new(path: &Path, bytes_max: usize) -> Self {
        Self {
            path: path.to_owned(),
            bytes_max,
            seen: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it, if that is something else than last time.
    pub(super) fn look(&mut self) -> Option<Contents> {
        let path = self.path.display();
        let now = self.contents().map_err(|error| format!("{path}: {error}"));
        if self.seen.as_ref() == Some(&now) {
            return None;
        }
        self.seen = Some(now.clone());
        Some(now)
    }

    fn contents(&self) -> io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        let bytes_max = self.bytes_max as u64 + 1;
        let file = File::open(&self.path)?;
        file.take(bytes_max).read_to_end(&mut contents)?;
        Ok(contents)
    }

    /// Whether somebody else than the owner can read it.
    pub(super) fn is_open_to_others(&self) -> bool {
        let mode = self.path.metadata().map(|data| data.permissions().mode());
        mode.is_ok_and(|mode| mode & 0o077 != 0)
    }

    /// Follows it for ever, and hands over each new content once it has been the same at two looks: what is half
    /// written may be readable, and lack a key.
    pub(super) async fn keep_up(mut self, mut take: impl FnMut(&Self, Contents) + Send) {
        let mut changed = None;
        let mut looks = interval(LOOK_PERIOD);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            // The disk may be a slow one.
            let looked = tokio::task::spawn_blocking(move || (self.look(), self));
            let Ok((look, same)) = looked.await else {
                return;
            };
            self = same;
            if look.is_some() {
                changed = look;
            } else if let Some(contents) = changed.take() {
                take(&self, contents);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_handed_over_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let mut file = WatchedFile::new(&path, 4);
        assert!(file.look().unwrap().unwrap_err().contains("keys: "));
        assert!(file.look().is_none(), "it is still missing");
        for (text, seen) in [("one", "one"), ("two", "two"), ("too long", "too l")] {
            fs::write(&path, text).unwrap();
            assert_eq!(file.look(), Some(Ok(seen.as_bytes().to_vec())));
            assert!(file.look().is_none(), "nothing has changed");
        }
        fs::remove_file(&path).unwrap();
        assert!(file.look().unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_half_written_is_not_handed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "old").unwrap();
        let mut file = WatchedFile::new(&path, 100);
        file.look();
        let (handed_over, mut taken) = tokio::sync::mpsc::unbounded_channel();
        let keeper = tokio::spawn(file.keep_up(move |_, contents| {
            handed_over.send(contents).unwrap();
        }));
        tokio::time::sleep(LOOK_PERIOD / 2).await;
        for text in ["ne", "new"] {
            fs::write(&path, text).unwrap();
            tokio::time::sleep(LOOK_PERIOD).await;
        }
        tokio::time::sleep(LOOK_PERIOD * 3).await;
        keeper.abort();
        assert_eq!(taken.recv().await, Some(Ok(b"new".to_vec())));
        assert_eq!(taken.recv().await, None, "it is handed over once");
    }

    #[test]
    fn who_else_may_read_it_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "").unwrap();
        for (mode, expected) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(WatchedFile::new(&path, 1).is_open_to_others(), expected);
        }
    }
}
