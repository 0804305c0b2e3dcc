//! `cargo xtask bench`: builds what is measured, and measures it.

use std::process::Command;

use crate::page;
use crate::servers;
use crate::step::{self, Failure, Steps, cargo, release_dir, root};
use crate::tools::{self, Packaged};

const WRK: Packaged = Packaged {
    what: "wrk",
    needed_by: "the measurements of the load tester",
    variable: "WRK",
    names: &["wrk"],
    package: "wrk",
};

/// What follows the name of the command goes to the program that measures.
pub(crate) fn run(steps: &mut Steps, rest: &[&str]) -> Result<(), Failure> {
    steps.run("tools", tools::check)?;
    let redis = steps.run("Redis", servers::redis)?;
    let wrk = steps.run("wrk", || WRK.provide())?;
    let peer = root().join("bench/peer");
    steps.run("packages of the peer", page::install_packages_of_peer)?;
    let programs = ["flashsale", "flashsale-floor", "flashsale-bench"];
    steps.run("build", || {
        let packages = programs.iter().flat_map(|name| ["--package", name]);
        step::run(cargo(&["build", "--release"]).args(packages))
    })?;
    let release = release_dir()?;
    steps.run("measurements", || {
        let mut bench = Command::new(release.join("flashsale-bench"));
        bench.arg("--flashsale").arg(release.join("flashsale"));
        bench.arg("--floor").arg(release.join("flashsale-floor"));
        bench
            .arg("--peer")
            .arg(&peer)
            .arg("--redis")
            .arg(&redis)
            .arg("--wrk")
            .arg(&wrk);
        step::run(bench.arg("--output").arg(root().join("bench")).args(rest))
    })
}
