//! The packages of npm: those of `web/` with its scripts, and those of the peer in `bench/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, root, run};

/// Installs the page's packages. The build script of `flashsale` does the same, but only when the page's
/// sources have changed.
pub(crate) fn install_packages() -> Result<(), Failure> {
    install(&folder())
}

/// Installs the packages of the peer that is measured and tested beside the server.
pub(crate) fn install_packages_of_peer() -> Result<(), Failure> {
    install(&root().join("bench/peer"))
}

/// Installs the packages that a folder's lock file names, unless that is what is installed.
fn install(folder: &Path) -> Result<(), Failure> {
    let lock = folder.join("package-lock.json");
    let wanted =
        fs::read(&lock).map_err(|error| Failure::new(format!("{}: {error}", lock.display())))?;
    // For the page, the build script leaves this copy, and reads it as well.
    let stamp = folder.join("node_modules/.installed-package-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("they are installed already");
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]);
    run(npm.current_dir(folder))?;
    fs::write(&stamp, wanted).map_err(|error| Failure::new(format!("{}: {error}", stamp.display())))
}

/// `npm` with these arguments, in the folder of the page.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder());
    command
}

/// The lock files must not name a registry: everybody installs from the one that their npm is set to.
/// What is installed is the same, because they hold a hash of each package.
pub(crate) fn check_lock_files() -> Result<(), Failure> {
    for name in ["web/package-lock.json", "bench/peer/package-lock.json"] {
        let text = fs::read_to_string(root().join(name))
            .map_err(|error| Failure::new(format!("{name}: {error}")))?;
        if let Some(line) = line_with_host(&text) {
            return Err(Failure::new(format!(
                "{name}, line {line}, names the host of a registry. Write it anew with: \
                 npm install --package-lock-only --omit-lockfile-registry-resolved"
            )));
        }
    }
    Ok(())
}

fn line_with_host(lock: &str) -> Option<usize> {
    let names_host = |line: &str| line.trim_start().starts_with("\"resolved\": \"http");
    lock.lines().position(names_host).map(|index| index + 1)
}

fn folder() -> PathBuf {
    root().join("web")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_in_the_lock_file_is_found_by_its_line() {
        let with =
            "{\n  \"version\": \"1.0.0\",\n  \"resolved\": \"https://registry.example/a.tgz\"\n}";
        assert_eq!(line_with_host(with), Some(3));
        assert_eq!(line_with_host("{\n  \"version\": \"1.0.0\"\n}"), None);
    }
}
