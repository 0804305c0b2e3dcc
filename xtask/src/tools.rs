//! Finds the programs that are needed, and installs those that the system has a package for. A tool
//! that is missing is a failure with a sentence, never a test that is passed over in silence.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, output, run};

/// The oldest Node.js that the page's tools run on: major and minor version.
const NODE_MIN: (u32, u32) = (20, 19);

/// The browser for the browser tests.
pub(crate) const CHROMIUM: Packaged = Packaged {
    what: "Chromium or Chrome",
    needed_by: "the browser tests",
    variable: "CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome"],
    package: "chromium",
};

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

/// A program that a package of Debian and Ubuntu brings.
pub(crate) struct Packaged {
    pub(crate) what: &'static str,
    pub(crate) needed_by: &'static str,
    /// The variable by which a person says where it is.
    pub(crate) variable: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) package: &'static str,
}

impl Packaged {
    /// Where the program lies. Installs it where that may be done, and says how where not.
    pub(crate) fn provide(&self) -> Result<PathBuf, Failure> {
        if let Some(chosen) = chosen(self.variable)? {
            return Ok(chosen);
        }
        if let Some(found) = self.find() {
            return Ok(found);
        }
        let missing = format!("{} need {}", self.needed_by, self.what);
        let by_hand = format!(
            "Install it and run:\n  {}=/path/to/it cargo xtask test",
            self.variable
        );
        if on_path(Path::new("apt-get")).is_none() {
            return Err(Failure::new(format!(
                "{missing}, which is not there. {by_hand}"
            )));
        }
        let install = ["install", "--yes", "--no-install-recommends", self.package];
        if output(Command::new("id").arg("-u")).as_deref() != Some("0") {
            return Err(Failure::new(format!(
                "{missing}, which is not there. Run:\n  sudo apt-get {}",
                install.join(" ")
            )));
        }
        run(apt_get().arg("update"))?;
        run(apt_get().args(install))?;
        self.find().ok_or_else(|| {
            let package = self.package;
            Failure::new(format!(
                "{missing}, and the system's package {package} does not bring it. {by_hand}"
            ))
        })
    }

    fn find(&self) -> Option<PathBuf> {
        self.names.iter().find_map(|name| on_path(Path::new(name)))
    }
}

/// The program that a variable names, if it is set.
pub(crate) fn chosen(variable: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(value) = self::variable(variable) else {
        return Ok(None);
    };
    let program = on_path(Path::new(&value));
    program.map(Some).ok_or_else(|| {
        let value = value.display();
        Failure::new(format!("{variable} is {value}, which is no program"))
    })
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Where a program lies: the path itself if it has a folder in it, else the first on `PATH`.
pub(crate) fn on_path(program: &Path) -> Option<PathBuf> {
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
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
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

    #[test]
    fn a_program_that_is_there_is_not_installed() {
        let shell = Packaged {
            what: "a shell",
            needed_by: "these tests",
            variable: "NO_SUCH_VARIABLE",
            names: &["no-such-program", "sh"],
            package: "no-such-package",
        };
        assert_eq!(shell.provide(), Ok(on_path(Path::new("sh")).unwrap()));
    }
}
