//! Every input in `corpus/` is given to its target: without the fuzzer, and so in every run of the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use flashsale_fuzz::TARGETS;

/// All of them together, in bytes: they are for every clone of the repository.
const CORPUS_BYTES_MAX: u64 = 300_000;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry of the corpus").path())
        .collect();
    files.sort();
    files
}

#[test]
fn every_input_of_the_corpus_is_read_as_it_must_be() {
    for target in TARGETS {
        let files = files(&corpus().join(target.name));
        assert!(
            !files.is_empty(),
            "{} has no inputs to begin with",
            target.name
        );
        for file in files {
            let input = fs::read(&file).unwrap();
            let outcome = std::panic::catch_unwind(|| (target.check)(&input));
            assert!(outcome.is_ok(), "{}", file.display());
        }
    }
}

#[test]
fn the_corpus_is_small_and_of_targets_that_there_are() {
    let folders = files(&corpus());
    let names: BTreeSet<_> = folders
        .iter()
        .map(|folder| folder.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        TARGETS.iter().map(|target| target.name.into()).collect()
    );
    let all = folders.iter().flat_map(|folder| files(folder));
    let bytes: u64 = all.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes < CORPUS_BYTES_MAX, "{bytes} bytes");
}
