//! Test-only: the program with a check that can be switched off, for the negative controls.

use std::process::ExitCode;

fn main() -> ExitCode {
    flashsale::run_sabotaged()
}
