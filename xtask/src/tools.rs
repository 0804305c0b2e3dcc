//! Finds the programs that are needed, and Chromium. A tool that is missing is a failure with a
//! sentence, never a test that is passed over in silence.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, output, run};

/// The oldest Node.js that the page's tools run on: major and minor version.
const NODE_MIN: (u32, u32) = (20, 19);
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const CHROMIUM_PACKAGE: &str = "chromium";

/// Checks the programs that cargo does not bring along.
pub(crate) fn check() -> Result<(), Failure> {
    output(Command::new("cc").arg("--version")).ok_or_else(|| {
        Failure::new(
            "there is no C compiler `cc`; SQLite and a part of the tests are built with it \
             (Debian and Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install)",
        )
    })?;
    let (major, minor) = NODE_MIN;
    let needed =
        format!("Node.js {major}.{minor} or later with npm is needed (https://nodejs.org)");
    let node = output(Command::new("node").arg("--version"))
        .ok_or_else(|| Failure::new(format!("{needed}, and there is no `node`")))?;
    if version(&node).is_none_or(|version| version < NODE_MIN) {
        return Err(Failure::new(format!("{needed}, and this is {node}")));
    }
    let npm = output(Command::new("npm").arg("--version"))
        .ok_or_else(|| Failure::new(format!("{needed}, and there is no `npm`")))?;
    println!("cc, node {node} and npm {npm} are there");
    Ok(())
}

/// The browser for the browser tests. Installs it where that may be done, and says how where not.
pub(crate) fn chromium() -> Result<PathBuf, Failure> {
    if let Some(chosen) = variable("CHROMIUM") {
        return on_path(Path::new(&chosen)).ok_or_else(|| {
            Failure::new(format!(
                "CHROMIUM is {}, which is no program",
                chosen.display()
            ))
        });
    }
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    if on_path(Path::new("apt-get")).is_none() {
        return Err(Failure::new(
            "the browser tests need Chromium or Chrome, and none is there. Install one and run:\n  \
             CHROMIUM=/path/to/it cargo xtask test",
        ));
    }
    if output(Command::new("id").arg("-u")).as_deref() != Some("0") {
        return Err(Failure::new(format!(
            "the browser tests need Chromium, and none is there. Run:\n  \
             sudo apt-get install --yes --no-install-recommends {CHROMIUM_PACKAGE}"
        )));
    }
    run(apt_get().arg("update"))?;
    run(apt_get().args([
        "install",
        "--yes",
        "--no-install-recommends",
        CHROMIUM_PACKAGE,
    ]))?;
    find_chromium().ok_or_else(|| {
        Failure::new(format!(
            "the system's package {CHROMIUM_PACKAGE} brought no browser. Install Chromium or Chrome \
             and run:\n  CHROMIUM=/path/to/it cargo xtask test"
        ))
    })
}

fn find_chromium() -> Option<PathBuf> {
    CHROMIUM_NAMES
        .iter()
        .find_map(|name| on_path(Path::new(name)))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Where a program lies: the path itself if it has a folder in it, else the first on `PATH`.
fn on_path(program: &Path) -> Option<PathBuf> {
    let file = if program.components().count() > 1 {
        program.to_owned()
    } else {
        let path = variable("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())?
    };
    // It is run from another folder.
    file.is_file().then(|| std::path::absolute(file).ok())?
}

/// Major and minor version in a text like `v20.19.4`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the person who runs the tests says where tools are"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("v20.19.4"), Some((20, 19)));
        assert!(version("v20.9.0").is_some_and(|version| version < NODE_MIN));
        assert!(version("v100.0.0").is_some_and(|version| version > NODE_MIN));
        assert_eq!(version("node"), None);
    }

    #[test]
    fn programs_are_found_by_name_and_by_path() {
        let cargo = on_path(Path::new("cargo")).unwrap();
        assert_eq!(on_path(&cargo), Some(cargo));
        assert_eq!(on_path(Path::new("no-such-program")), None);
        assert_eq!(on_path(Path::new("./no-such-program")), None);
    }
}
