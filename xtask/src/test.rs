//! `cargo xtask test`: what has to be there, then every test.

use std::path::PathBuf;

use crate::page::{self, npm};
use crate::schemathesis;
use crate::servers;
use crate::step::{self, Failure, Steps, cargo, release_dir};
use crate::tools::{self, CHROMIUM};

/// The test-only build in which a check can be switched off.
const SABOTAGED: &str = "flashsale-sabotaged";
/// The variable by which the tests of `crates/flashsale` find that build.
const SABOTAGED_VARIABLE: &str = "FLASHSALE_SABOTAGED";

/// What the names of those tests begin with that compare how much a loaded machine gets done. Beside others they
/// would measure those as well, so they run after them, one at a time.
const OVERLOAD: &str = "row_28_";

/// What the tests need besides the source.
pub(crate) struct Prepared {
    chromium: PathBuf,
    redis: PathBuf,
    valkey: PathBuf,
    schemathesis: PathBuf,
}

pub(crate) fn run(steps: &mut Steps) -> Result<(), Failure> {
    let prepared = prepare(steps)?;
    run_prepared(steps, &prepared)
}

pub(crate) fn prepare(steps: &mut Steps) -> Result<Prepared, Failure> {
    steps.run("tools", tools::check)?;
    let chromium = steps.run("browser", || {
        let chromium = CHROMIUM.provide()?;
        println!("{}", chromium.display());
        Ok(chromium)
    })?;
    let redis = steps.run("Redis", servers::redis)?;
    let valkey = steps.run("Valkey", servers::valkey)?;
    let schemathesis = steps.run("Schemathesis", schemathesis::provide)?;
    steps.run("packages of the page", page::install_packages)?;
    steps.run("packages of the peer", page::install_packages_of_peer)?;
    Ok(Prepared {
        chromium,
        redis,
        valkey,
        schemathesis,
    })
}

pub(crate) fn run_prepared(steps: &mut Steps, prepared: &Prepared) -> Result<(), Failure> {
    let release = release_dir()?;
    steps.run("build", || step::run(&mut cargo(&["build", "--release"])))?;
    steps.run("build of the negative control", || {
        let build = ["build", "--release", "--package", "flashsale"];
        step::run(cargo(&build).args(["--features", "sabotage", "--bin", SABOTAGED]))
    })?;
    steps.run("unit tests of the page", || step::run(&mut npm(&["test"])))?;
    // Before the tests in Rust: those build the program again, with what their own dependencies ask
    // of the libraries, and the browser is to meet the one that users build.
    steps.run("browser tests", || {
        let program = release.join("flashsale");
        let environment = [
            ("FLASHSALE_BIN", &program),
            ("CHROMIUM", &prepared.chromium),
            ("REDIS_SERVER", &prepared.redis),
        ];
        step::run(npm(&["run", "e2e"]).envs(environment))
    })?;
    steps.run("the rules, broken on purpose", || {
        let test = ["test", "--release", "--package", "flashsale-sale"];
        step::run(cargo(&test).args(["--features", "sabotage", "--test", "invariants"]))
    })?;
    let sabotaged = release.join(SABOTAGED);
    let run_tests = |arguments: &[&str]| {
        let test = ["test", "--release", "--workspace", "--no-fail-fast", "--"];
        let environment = [
            (SABOTAGED_VARIABLE, &sabotaged),
            ("REDIS_SERVER", &prepared.redis),
            ("VALKEY_SERVER", &prepared.valkey),
            (schemathesis::VARIABLE, &prepared.schemathesis),
        ];
        step::run(cargo(&test).args(arguments).envs(environment))
    };
    steps.run("tests in Rust", || run_tests(&["--skip", OVERLOAD]))?;
    steps.run("tests in Rust of overload, one at a time", || {
        run_tests(&[OVERLOAD, "--test-threads=1"])
    })
}
