//! Cargo's helpers, in the one version that is asked for: another one may judge differently.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{Failure, cargo, output, run, tools_dir};

/// A program from crates.io.
pub(crate) struct Pinned {
    name: &'static str,
    version: &'static str,
}

/// Checks licences, duplicates and sources of all dependencies.
pub(crate) const DENY: Pinned = Pinned {
    name: "cargo-deny",
    version: "0.20.2",
};
/// Finds dependencies that nothing uses.
pub(crate) const MACHETE: Pinned = Pinned {
    name: "cargo-machete",
    version: "0.9.2",
};

impl Pinned {
    /// Where the program lies. If it is not on `PATH` in the right version, it is built once, into a
    /// folder beside the other builds.
    pub(crate) fn provide(&self) -> Result<PathBuf, Failure> {
        let own_root = tools_dir()?;
        let own = own_root.join("bin").join(self.name);
        let on_path = PathBuf::from(self.name);
        for program in [on_path, own.clone()] {
            let answer = output(Command::new(&program).arg("--version"));
            if answer.is_some_and(|answer| self.is_version(&answer)) {
                return Ok(program);
            }
        }
        let root = own_root
            .to_str()
            .ok_or_else(|| Failure::new("the path of the target folder is not UTF-8"))?;
        let package = format!("{}@{}", self.name, self.version);
        run(&mut cargo(&[
            "install", "--locked", "--root", root, &package,
        ]))?;
        Ok(own)
    }

    /// Some say `cargo-deny 0.20.2`, some only `0.9.2`.
    fn is_version(&self, answer: &str) -> bool {
        answer.split_whitespace().next_back() == Some(self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_that_is_asked_for_will_do() {
        assert!(DENY.is_version("cargo-deny 0.20.2"));
        assert!(MACHETE.is_version("0.9.2\n"));
        assert!(!DENY.is_version("cargo-deny 0.20.20"));
        assert!(!DENY.is_version(""));
    }
}
