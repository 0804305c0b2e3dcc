//! Schemathesis, which makes requests of the API's documents.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::step::{Failure, root, run, tools_dir};
use crate::tools::chosen;

/// The variable by which the tests of `crates/flashsale` find it.
pub(crate) const VARIABLE: &str = "SCHEMATHESIS";
/// It and all that it needs, each in one version.
const REQUIREMENTS: &str = "crates/flashsale/tests/schemathesis/requirements.txt";

/// Where the program lies. It is fetched once, into an environment of Python's beside the builds.
pub(crate) fn provide() -> Result<PathBuf, Failure> {
    if let Some(chosen) = chosen(VARIABLE)? {
        return Ok(chosen);
    }
    let folder = tools_dir()?.join("schemathesis");
    let program = folder.join("bin/schemathesis");
    let requirements = root().join(REQUIREMENTS);
    let wanted = fs::read(&requirements)
        .map_err(|error| Failure::new(format!("{}: {error}", requirements.display())))?;
    // Written last, so that what a broken-off run has left is not taken for the whole.
    let stamp = folder.join("requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("{}", program.display());
        return Ok(program);
    }
    let failed = |failure: Failure| Failure {
        sentence: format!(
            "Schemathesis could not be fetched: {}. It needs Python 3.10 or later with venv and pip (Debian \
             and Ubuntu: apt-get install python3-venv). Or install what {REQUIREMENTS} lists and run:\n  \
             {VARIABLE}=/path/to/schemathesis cargo xtask test",
            failure.sentence
        ),
        ..failure
    };
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&folder);
    run(&mut environment).map_err(failed)?;
    let mut install = Command::new(folder.join("bin/python3"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary=:all:",
        "--requirement",
    ]);
    run(install.arg(&requirements)).map_err(failed)?;
    fs::write(&stamp, wanted)
        .map_err(|error| Failure::new(format!("{}: {error}", stamp.display())))?;
    Ok(program)
}
