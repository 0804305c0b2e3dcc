//! `cargo xtask ci`: the checks of the source, then every test, and some fuzzing. What is quick comes first.

use std::process::Command;

use crate::faults;
use crate::fuzz;
use crate::page::{self, npm};
use crate::pinned::{DENY, MACHETE, Pinned};
use crate::step::{self, Failure, Steps, cargo, root};
use crate::test;

/// The sets of features that must be clean. Code for one of them is not seen with the others.
const FEATURE_SETS: [(&str, &[&str]); 3] = [
    ("as users build it", &["--workspace"]),
    (
        "with the negative control",
        &["--workspace", "--all-features"],
    ),
    (
        "without the page",
        &["--package", "flashsale", "--no-default-features"],
    ),
];

pub(crate) fn run(steps: &mut Steps) -> Result<(), Failure> {
    let prepared = test::prepare(steps)?;
    steps.run("format", || {
        step::run(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    steps.run("lock files of npm", page::check_lock_files)?;
    steps.run("table of faults", faults::check)?;
    steps.run("types, lints and format of the page", || {
        step::run(&mut npm(&["run", "check"]))
    })?;
    steps.run("licences, duplicates and sources of dependencies", || {
        step::run(helper(&DENY)?.args(["--all-features", "check", "bans", "licenses", "sources"]))
    })?;
    steps.run("unused dependencies", || step::run(&mut helper(&MACHETE)?))?;
    for (name, features) in FEATURE_SETS {
        steps.run(&format!("lints, {name}"), || lint(features))?;
    }
    steps.run("documentation", document)?;
    test::run_prepared(steps, &prepared)?;
    steps.run("build of the fuzzer", fuzz::build)?;
    steps.run("fuzzing", fuzz::fuzz_in_ci)
}

/// In the profile of the tests, so that what is built for one serves the other.
fn lint(features: &[&str]) -> Result<(), Failure> {
    let mut clippy = cargo(&["clippy", "--release", "--all-targets"]);
    step::run(clippy.args(features).args(["--", "-D", "warnings"]))
}

/// With the private items, for whoever works on the program: there are no other readers, so a link from
/// a public item to a private one is in order.
fn document() -> Result<(), Failure> {
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    let all = ["--workspace", "--no-deps", "--document-private-items"];
    let mut doc = cargo(&["doc", "--release"]);
    step::run(doc.args(all).env("RUSTDOCFLAGS", flags))
}

fn helper(tool: &Pinned) -> Result<Command, Failure> {
    let mut command = Command::new(tool.provide()?);
    command.current_dir(root());
    Ok(command)
}
