//! Why the program ends early, and with which exit code.

use std::fmt::Display;
use std::process::ExitCode;

use thiserror::Error;

/// One sentence for the person who started the program.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// What was asked for makes no sense, or is not there. Exit code 2.
    #[error("{0}")]
    Refused(String),
    /// It made sense and did not work. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    pub(crate) fn refused(reason: impl Display) -> Self {
        Self::Refused(reason.to_string())
    }

    pub(crate) fn failed(reason: impl Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// Tells the person, and the shell.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("flashsale: {self}");
        match self {
            Self::Refused(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}
