//! What a confirmation stands for, and how it is waited for.
//!
//! A batch is confirmed on the connection that stored it, after what [`Durability`] asks for. What is
//! stored already may have been stored by an earlier try whose wait was cut off, or by another node that
//! still waits. And servers from 7.2 on wait only for what the same connection has written. So before
//! each wait something is written (the `fence`): who waits for that has waited for all that came before it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use redis::{Pipeline, Value};

use super::connection::{Connection, RESPONSE_TIMEOUT};
use super::keys::Keys;
use super::record;
use super::trouble::Trouble;

/// What must have happened to an order before it is confirmed (`REDIS_DURABILITY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durability {
    /// It is in the server's append-only file, and that is synced.
    pub is_synced: bool,
    /// So many replicas have it; with `is_synced`, in their synced files.
    pub replicas: u32,
}

/// The text does not name a durability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write memory, fsync, replicas=1 or fsync+replicas=1, with the number that is wanted")]
pub struct InvalidDurability;

/// More replicas than anybody has.
const REPLICAS_MAX: u32 = 100;

impl FromStr for Durability {
    type Err = InvalidDurability;

    fn from_str(text: &str) -> Result<Self, InvalidDurability> {
        let (is_synced, rest) = match text.strip_prefix("fsync") {
            Some("") => {
                return Ok(Self {
                    is_synced: true,
                    replicas: 0,
                });
            }
            Some(rest) => (true, rest.strip_prefix('+').ok_or(InvalidDurability)?),
            None if text == "memory" => {
                return Ok(Self {
                    is_synced: false,
                    replicas: 0,
                });
            }
            None => (false, text),
        };
        let number = rest.strip_prefix("replicas=").ok_or(InvalidDurability)?;
        match number.parse() {
            Ok(replicas @ 1..=REPLICAS_MAX) => Ok(Self {
                is_synced,
                replicas,
            }),
            _ => Err(InvalidDurability),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_synced, self.replicas) {
            (false, 0) => f.write_str("memory"),
            (true, 0) => f.write_str("fsync"),
            (false, replicas) => write!(f, "replicas={replicas}"),
            (true, replicas) => write!(f, "fsync+replicas={replicas}"),
        }
    }
}

/// How this server is made to keep the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barrier {
    /// Its answer to a write says all that was asked for.
    Answer,
    /// `WAIT` for so many replicas.
    Wait(u32),
    /// `WAITAOF` for the server's own file and those of so many replicas.
    WaitAof(u32),
}

/// How long the server is asked to wait. Its answer must still come in time.
const WAIT_MAX: Duration = Duration::from_millis(1_500);
const _: () = assert!(WAIT_MAX.as_millis() < RESPONSE_TIMEOUT.as_millis());

impl Barrier {
    /// Returns when everything that the server has stored so far is as durable as was asked for. Whatever
    /// goes wrong, what was stored is stored, and only its durability is not known.
    pub(super) async fn pass(
        self,
        connection: &mut Connection,
        keys: &Keys,
    ) -> Result<(), Trouble> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("INCR").arg(&keys.fence);
        let ms = u64::try_from(WAIT_MAX.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Answer => return Ok(()),
            _ if is_sabotaged() => return Ok(()),
            Self::Wait(replicas) => pipeline.cmd("WAIT").arg(replicas).arg(ms),
            Self::WaitAof(replicas) => pipeline.cmd("WAITAOF").arg(1).arg(replicas).arg(ms),
        };
        let answers = match connection.all(&pipeline).await {
            Err(lost @ Trouble::NoAnswer(_)) => return Err(lost),
            // It is stored all the same.
            Err(trouble) => return Err(Trouble::NotDurable(trouble.to_string())),
            Ok(answers) => answers,
        };
        let (synced, replicas) = match answers.last() {
            Some(Value::Array(both)) => {
                let number = |at: usize| both.get(at).and_then(record::number);
                (number(0), number(1))
            }
            other => (None, other.and_then(record::number)),
        };
        let wanted = match self {
            Self::WaitAof(_) if synced < Some(1) => {
                return Err(Trouble::NotDurable(format!(
                    "its file was not synced within {ms} ms"
                )));
            }
            Self::Wait(wanted) | Self::WaitAof(wanted) => wanted,
            Self::Answer => 0,
        };
        if replicas >= Some(i64::from(wanted)) {
            Ok(())
        } else {
            let reached = replicas.unwrap_or(0);
            Err(Trouble::NotDurable(format!(
                "{reached} of {wanted} replicas had it within {ms} ms"
            )))
        }
    }
}

#[cfg(not(feature = "sabotage"))]
fn is_sabotaged() -> bool {
    false
}

#[cfg(feature = "sabotage")]
fn is_sabotaged() -> bool {
    flashsale_sale::sabotage::is_chosen(flashsale_sale::sabotage::Sabotage::Durability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durability_is_read_as_it_is_shown() {
        for text in [
            "memory",
            "fsync",
            "replicas=1",
            "replicas=3",
            "fsync+replicas=2",
        ] {
            assert_eq!(
                text.parse::<Durability>().map(|d| d.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            "fsync+",
            "fsync=1",
            "replicas",
            "replicas=0",
            "replicas=-1",
            "Memory",
            "fsync+memory",
            "replicas=101",
        ] {
            assert_eq!(text.parse::<Durability>(), Err(InvalidDurability), "{text}");
        }
    }
}
