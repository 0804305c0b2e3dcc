//! The project's own commands: `cargo xtask test`, `ci`, `fuzz` and `bench`.
//!
//! In reading order:
//! - [`test`](mod@test): what has to be there, then every test;
//! - [`ci`]: the checks of the source, then the same tests;
//! - [`fuzz`]: looks for inputs that a reader does not expect;
//! - [`bench`](mod@bench): builds what is measured, and measures it;
//! - [`tools`]: finds the programs that are needed, and installs those that the system has;
//! - [`servers`]: the Redis and the Valkey that the tests start;
//! - [`schemathesis`]: fetches the program that makes requests of the API's documents;
//! - [`pinned`]: cargo's helpers, in the one version that is asked for;
//! - [`page`]: the packages and scripts of `web/`;
//! - [`faults`]: holds a table of the documentation to the tests;
//! - [`step`]: runs one thing after the other and tells how long each took.
//!
//! It has no dependencies, so that it starts fast, and it goes through no shell.

mod bench;
mod ci;
mod faults;
mod fuzz;
mod page;
mod pinned;
mod schemathesis;
mod servers;
mod step;
mod test;
mod tools;

use std::process::ExitCode;

use step::{Failure, Steps};

const HELP: &str = "\
The project's own commands:

  cargo xtask test   set up what the tests need, build everything, run all tests
  cargo xtask ci     check format, lints, documentation, dependencies and the page, then do `test`,
                     and fuzz each reader of what comes from outside for some seconds
  cargo xtask fuzz   the same fuzzing alone; `cargo xtask fuzz user_id 600` is one reader for ten minutes
  cargo xtask bench  measure the server beside the floor and the peers, and write bench/RESULTS.md;
                     what follows is handed on, as in `cargo xtask bench --only SQLite --rounds 1`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["test"] => perform("test", test::run),
        ["ci"] => perform("ci", ci::run),
        ["fuzz", ref rest @ ..] => perform("fuzz", |steps| fuzz::run(steps, rest)),
        [program, ref rest @ ..] if fuzz::is_compiler(program) => fuzz::compile(program, rest),
        ["bench", ref rest @ ..] => perform("bench", |steps| bench::run(steps, rest)),
        _ => {
            eprint!("{HELP}");
            ExitCode::from(2)
        }
    }
}

fn perform(name: &str, command: impl FnOnce(&mut Steps) -> Result<(), Failure>) -> ExitCode {
    let mut steps = Steps::begin();
    match command(&mut steps) {
        Ok(()) => {
            println!("\ncargo xtask {name}: {}", steps.summary());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("\ncargo xtask {name} failed: {}", failure.sentence);
            ExitCode::from(failure.code)
        }
    }
}
