//! The program: command line, configuration, start and stop. The only crate that knows all others,
//! and the only one that reads the clock, the environment and the system's random bytes.
//!
//! In reading order:
//! - [`cli`]: the commands and every setting; [`dot_env`]: the file that may hold settings;
//! - [`moment`]: how a time is written in a setting;
//! - [`chosen_sale`]: which sale a server sells, and whether the settings agree with the stored ones;
//! - [`serve`]: start, wiring and orderly stop;
//! - [`orders`] and [`audit`]: reading what was sold; [`export`]: the file of an export;
//! - [`loadtest`]: buying as a crowd would; [`token`]: keys and tokens to try a sale with;
//! - [`open_files`]: how many there may be; [`world`]: the clock and the random bytes.
//!
//! `fuzzing`, with the feature of that name, is for `fuzz/`.

mod audit;
mod chosen_sale;
mod cli;
mod dot_env;
mod export;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod loadtest;
mod logging;
mod moment;
mod open_files;
mod orders;
mod serve;
mod stored;
mod token;
mod world;

use std::process::ExitCode;

use cli::Command;

/// Parses, dispatches and returns the exit code: the whole program.
pub fn run() -> ExitCode {
    let result = cli::parse().and_then(|command| match command {
        Command::Serve(settings) => serve::run(*settings),
        Command::Orders(arguments) => orders::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Loadtest(arguments) => loadtest::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
    });
    result.unwrap_or_else(|failure| failure.report())
}

/// Test-only: as [`run`], with the check left out that `FLASHSALE_SABOTAGE` names.
#[cfg(feature = "sabotage")]
pub fn run_sabotaged() -> ExitCode {
    world::sabotage();
    run()
}
