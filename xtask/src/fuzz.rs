//! `cargo xtask fuzz`: gives the targets of `fuzz/` to libFuzzer, all of them for a few seconds, or one for
//! as long as somebody wants.
//!
//! Only our own crates are compiled for the fuzzer, so that it looks for ways through them, and so that the
//! dependencies are those of the ordinary build. For that, this program stands between cargo and the
//! compiler (`RUSTC_WORKSPACE_WRAPPER`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::step::{self, Failure, Steps, cargo, release_dir, root};

const PACKAGE: &str = "flashsale-fuzz";
/// How long each target runs where nothing else is said, in seconds.
const SECONDS: u32 = 5;
/// Where chance begins in CI, so that what fails there fails for what was changed; libFuzzer takes 0 for a seed
/// of its own.
const SEED_IN_CI: u32 = 1;
const SEED_BY_CHANCE: u32 = 0;
/// The longest input, in bytes. A log has a page of 4 KiB in each frame.
const INPUT_BYTES_MAX: u32 = 20_000;
/// What one input may take, in seconds and in MiB, before it counts as a finding.
const INPUT_SECONDS_MAX: u32 = 10;
const INPUT_MIB_MAX: u32 = 2_048;

/// How LLVM counts what was run, as libFuzzer reads it.
const INSTRUMENTATION: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
];

/// All targets, a few seconds each; or the one that is named, for so many seconds.
pub(crate) fn run(steps: &mut Steps, rest: &[&str]) -> Result<(), Failure> {
    let one = match *rest {
        [] => None,
        [target] => Some((target, SECONDS)),
        [target, seconds] => {
            let seconds = seconds.parse();
            let wrong = |_| Failure::new("the time is a number of seconds");
            Some((target, seconds.map_err(wrong)?))
        }
        _ => return Err(Failure::new("there may be a target, and a time in seconds")),
    };
    steps.run("build of the fuzzer", build)?;
    match one {
        Some((target, seconds)) => steps.run(target, || fuzz(target, seconds, SEED_BY_CHANCE)),
        None => steps.run("fuzzing", || fuzz_all(SEED_BY_CHANCE)),
    }
}

pub(crate) fn build() -> Result<(), Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot tell where this program lies: {error}")))?;
    let build = ["build", "--release", "--package", PACKAGE];
    let mut build = cargo(&build);
    build.args(["--features", "libfuzzer"]);
    step::run(build.env("RUSTC_WORKSPACE_WRAPPER", own))
}

pub(crate) fn fuzz_in_ci() -> Result<(), Failure> {
    fuzz_all(SEED_IN_CI)
}

/// The targets are those that have a folder in the corpus; a test holds the two together.
fn fuzz_all(seed: u32) -> Result<(), Failure> {
    let corpus = corpus();
    let entries = in_folder(&corpus, fs::read_dir(&corpus))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names.iter().try_for_each(|name| fuzz(name, SECONDS, seed))
}

fn fuzz(target: &str, seconds: u32, seed: u32) -> Result<(), Failure> {
    let seeds = corpus().join(target);
    if !seeds.is_dir() {
        return Err(Failure::new(format!("{} is not there", seeds.display())));
    }
    // What the fuzzer adds goes beside the builds, not into the repository.
    let found = findings()?.join("corpus").join(target);
    let crashes = findings()?.join("crashes").join(target);
    for folder in [&found, &crashes] {
        in_folder(folder, fs::create_dir_all(folder))?;
    }
    let mut fuzzer = Command::new(release_dir()?.join(PACKAGE));
    fuzzer.env("FUZZ_TARGET", target);
    fuzzer.args([
        format!("-max_total_time={seconds}"),
        format!("-seed={seed}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-rss_limit_mb={INPUT_MIB_MAX}"),
        format!("-artifact_prefix={}/", crashes.display()),
    ]);
    fuzzer.args(["-print_final_stats=1", "-use_value_profile=1"]);
    fuzzer.arg(&found).arg(&seeds);
    let output = fuzzer
        .output()
        .map_err(|error| Failure::new(format!("cannot run the fuzzer: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{said}");
        return Err(Failure::new(format!(
            "{target} does not hold for an input. It lies in {}; copy it to {}, where the tests will give \
             it to the target, and mend the reader",
            crashes.display(),
            seeds.display()
        )));
    }
    let Some(executions) = executions(&said) else {
        eprintln!("{said}");
        return Err(Failure::new(format!(
            "the fuzzer does not say how many inputs {target} had, so it may have had none"
        )));
    };
    println!("{target}: {executions} inputs");
    Ok(())
}

fn executions(said: &str) -> Option<&str> {
    let mut lines = said.lines();
    lines
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map(str::trim)
}

fn corpus() -> PathBuf {
    root().join("fuzz/corpus")
}

fn findings() -> Result<PathBuf, Failure> {
    Ok(release_dir()?.with_file_name("fuzz"))
}

fn in_folder<T>(folder: &Path, result: std::io::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}

/// Whether cargo has started this program in the place of its compiler.
pub(crate) fn is_compiler(program: &str) -> bool {
    Path::new(program)
        .file_stem()
        .is_some_and(|name| name == "rustc")
}

/// Compiles what cargo wants to have compiled, a library in such a way that the fuzzer sees what is run. Programs
/// are left as they are: they have nothing of their own, and LLVM would treat what is linked to them again.
pub(crate) fn compile(compiler: &str, arguments: &[&str]) -> ExitCode {
    let is_library = arguments
        .windows(2)
        .any(|pair| pair == ["--crate-type", "lib"]);
    let mut compile = Command::new(compiler);
    compile.args(arguments);
    if is_library {
        compile.args(INSTRUMENTATION);
    }
    match compile.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot run {compiler}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_compiler_is_taken_for_it() {
        assert!(is_compiler("/usr/lib/rust/bin/rustc"));
        assert!(is_compiler("rustc"));
        assert!(!is_compiler("ci"));
    }

    #[test]
    fn the_number_of_inputs_is_found() {
        let said = "Done 7 runs\nstat::number_of_executed_units: 1234\nstat::new_units_added: 2\n";
        assert_eq!(executions(said), Some("1234"));
        assert_eq!(executions(""), None);
    }
}
