//! Steers the shim `tests/shim/fault_shim.c`, which stands between a server and its disk and clock.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// The words of the control page. Their order is given to the shim when it is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    // What the shim counts.
    Operations,
    Writes,
    WritesRefused,
    Syncs,
    SyncsDone,
    SyncsFailed,
    // What it is told.
    /// The process dies right before the operation of that number: write, sync, truncation, unlink.
    DieAtOperation,
    /// It dies right before the sync of that number.
    DieBeforeSync,
    /// It dies right after it, before the server learns that it is done.
    DieAfterSync,
    /// Of the write of that number only a part reaches the file, and the process dies.
    TearWrite,
    TornPerMille,
    /// Writes fail with that error, from the write of the next word's number on.
    WriteErrno,
    FailWriteFrom,
    /// Syncs of these numbers fail with `EIO`.
    FailSyncFrom,
    FailSyncTo,
    /// Every sync takes so long, or until the word is taken back.
    StallSyncMs,
    /// Syncs do nothing and claim success.
    LieAboutSyncs,
    /// Whether a copy of each file is kept as of its last sync.
    KeepImages,
    ClockShiftMs,
    /// The wall clock stands still there; zero lets it run.
    ClockFrozenAtMs,
}

const WORDS: [(Word, &str); 20] = [
    (Word::Operations, "OPERATIONS"),
    (Word::Writes, "WRITES"),
    (Word::WritesRefused, "WRITES_REFUSED"),
    (Word::Syncs, "SYNCS"),
    (Word::SyncsDone, "SYNCS_DONE"),
    (Word::SyncsFailed, "SYNCS_FAILED"),
    (Word::DieAtOperation, "DIE_AT_OPERATION"),
    (Word::DieBeforeSync, "DIE_BEFORE_SYNC"),
    (Word::DieAfterSync, "DIE_AFTER_SYNC"),
    (Word::TearWrite, "TEAR_WRITE"),
    (Word::TornPerMille, "TORN_PER_MILLE"),
    (Word::WriteErrno, "WRITE_ERRNO"),
    (Word::FailWriteFrom, "FAIL_WRITE_FROM"),
    (Word::FailSyncFrom, "FAIL_SYNC_FROM"),
    (Word::FailSyncTo, "FAIL_SYNC_TO"),
    (Word::StallSyncMs, "STALL_SYNC_MS"),
    (Word::LieAboutSyncs, "LIE_ABOUT_SYNCS"),
    (Word::KeepImages, "KEEP_IMAGES"),
    (Word::ClockShiftMs, "CLOCK_SHIFT_MS"),
    (Word::ClockFrozenAtMs, "CLOCK_FROZEN_AT_MS"),
];

const CONTROL_BYTES: usize = 4096;
const WORD_BYTES: usize = 8;

/// Longer than any stall that a test asks for.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// No space left on device, as Linux numbers it.
pub(crate) const ENOSPC: i64 = 28;

/// The shim of one server. Clones steer the same one.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Control>);

struct Control {
    page: File,
    path: PathBuf,
    images: PathBuf,
}

impl Faults {
    /// A shim that does nothing yet, with its files in `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("fault-control");
        let page = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path);
        let page = page.expect("a control file");
        page.set_len(CONTROL_BYTES as u64)
            .expect("a control file of its full length");
        let images = directory.join("durable-images");
        std::fs::create_dir_all(&images).expect("a directory for images");
        Self(Arc::new(Control { page, path, images }))
    }

    /// What puts the shim into a process.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("LD_PRELOAD", LIBRARY.clone()),
            ("FAULT_CONTROL", self.0.path.clone()),
            ("FAULT_IMAGES", self.0.images.clone()),
        ]
    }

    /// Where the files lie as of their last sync.
    pub(crate) fn images(&self) -> &Path {
        &self.0.images
    }

    pub(crate) fn set(&self, word: Word, value: i64) {
        let written = self
            .0
            .page
            .write_all_at(&value.to_ne_bytes(), word as u64 * WORD_BYTES as u64);
        written.expect("the control file can be written");
    }

    pub(crate) fn get(&self, word: Word) -> i64 {
        let mut bytes = [0; WORD_BYTES];
        self.0
            .page
            .read_exact_at(&mut bytes, word as u64 * WORD_BYTES as u64)
            .expect("the control file can be read");
        i64::from_ne_bytes(bytes)
    }

    /// Forgets all counts and orders, for the next start on the same files.
    pub(crate) fn reset(&self) {
        self.0
            .page
            .write_all_at(&[0; CONTROL_BYTES], 0)
            .expect("the control file can be written");
    }

    /// Waits until a count has reached `value`.
    pub(crate) async fn reached(&self, word: Word, value: i64) {
        let deadline = Instant::now() + WAIT_MAX;
        while self.get(word) < value {
            assert!(
                Instant::now() < deadline,
                "{word:?} is {} after {WAIT_MAX:?}, not {value}",
                self.get(word)
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The compiled shim. A C compiler is on every machine that has built this workspace: the embedded
/// database is compiled by it, too.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/fault_shim.c");
    let library = directory.join("fault_shim.so");
    // Under a name of its own first: another test run may be loading the old one at this moment.
    let fresh = directory.join(format!("fault_shim.{}.so", std::process::id()));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut command = Command::new(&compiler);
    command
        .args([
            "-std=gnu11",
            "-O1",
            "-Wall",
            "-Werror",
            "-shared",
            "-fPIC",
            "-o",
        ])
        .arg(&fresh)
        .arg(&source);
    command
        .args(WORDS.map(|(word, name)| format!("-D{name}={}", word as u64)))
        .arg("-ldl");
    let output = command.output().unwrap_or_else(|error| {
        panic!("the fault tests need a C compiler and `{compiler}` does not run ({error}): install gcc or set CC")
    });
    assert!(
        output.status.success(),
        "`{compiler}` cannot compile {}: {}",
        source.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::rename(&fresh, &library).expect("the library gets its name");
    library
});
