//! Which server program, and where it lies.

use std::path::PathBuf;

/// A server that speaks the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Redis: the program that `REDIS_SERVER` names, else `redis-server` on `PATH`.
    Redis,
    /// Valkey: the program that `VALKEY_SERVER` names, else `valkey-server` on `PATH`.
    Valkey,
}

impl Program {
    /// The program's file. A test that finds none fails: one that is passed over proves nothing.
    pub(crate) fn path(self) -> PathBuf {
        let (variable, name) = match self {
            Self::Redis => ("REDIS_SERVER", "redis-server"),
            Self::Valkey => ("VALKEY_SERVER", "valkey-server"),
        };
        let found = environment(variable).or_else(|| {
            let path = environment("PATH")?;
            std::env::split_paths(&path)
                .map(|folder| folder.join(name))
                .find(|file| file.is_file())
        });
        found.unwrap_or_else(|| {
            panic!(
                "there is no {name}: `cargo xtask test` provides it, or {variable} says where it is"
            )
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says where the servers are"
)]
fn environment(variable: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(PathBuf::from(value))
}
