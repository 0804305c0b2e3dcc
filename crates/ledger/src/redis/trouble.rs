//! What goes wrong between a node and Redis, sorted by what it says about a batch.

use std::fmt;

use redis::{RedisError, Value};
use thiserror::Error;

use super::address::Host;
use crate::CommitError;

/// Why Redis gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Trouble {
    /// Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// Something was sent, and its fate is not known.
    #[error("no answer from Redis: {0}")]
    NoAnswer(String),
    /// It is stored, and not yet as durable as it has to be.
    #[error("stored in Redis, but not durable yet: {0}")]
    NotDurable(String),
    /// This server would lose orders.
    #[error("{0}")]
    Unsafe(String),
    /// Every connection of the pool is in use. That says nothing about Redis.
    #[error("all {0} connections to Redis (REDIS_TX_POOL) are in use")]
    Exhausted(usize),
    /// Redis refused, and did nothing.
    #[error("Redis refused: {code} {text}")]
    Refused {
        /// The first word of the answer, by which its cause is known.
        code: String,
        /// The rest.
        text: String,
    },
    /// Other nodes were quicker, again and again. Nothing was stored.
    #[error("other nodes changed the list {0} times in a row while this one wanted to add to it")]
    Outrun(u32),
    /// What Redis holds cannot be sold from.
    #[error("the sale is closed: {0}")]
    Closed(Fault),
}

/// Why a list in Redis is closed. The function names these by their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    ConfigMissing,
    ForeignEpoch,
    StockMissing,
    CountsDisagree,
    OrdersLost,
    EntryRemoved,
    WrongType(String),
    /// Something stored cannot be read, or contradicts what this node has seen.
    Unsound(String),
}

/// Where a sale may be that is not where it was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// The server named another one.
    At(Host),
    /// It has to be looked for.
    Unknown,
}

impl Fault {
    /// The fault with this code, as the function reports it.
    fn of_code(code: &str) -> Self {
        match code {
            "config_missing" => Self::ConfigMissing,
            "foreign_epoch" => Self::ForeignEpoch,
            "stock_missing" => Self::StockMissing,
            "counts_disagree" => Self::CountsDisagree,
            "orders_lost" => Self::OrdersLost,
            "entry_removed" => Self::EntryRemoved,
            "receipt_unsound" => Self::Unsound("a receipt in Redis cannot be read".to_owned()),
            "config_unsound" => Self::Unsound("its settings in Redis are not numbers".to_owned()),
            "brake_unsound" => Self::Unsound("the brake in Redis cannot be read".to_owned()),
            "receipt_type" => Self::WrongType("the receipt of a user".to_owned()),
            other => Self::Unsound(other.to_owned()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfigMissing => {
                "Redis holds nothing of it any more. Put back the data of that Redis; it is never \
                 begun anew by itself"
            }
            Self::ForeignEpoch => {
                "Redis holds another sale of the same name, begun after this node had started"
            }
            Self::StockMissing => "the counter of units left is gone from Redis, or is no number",
            Self::CountsDisagree => {
                "the units left and the orders in Redis do not add up to the stock; `flashsale \
                 audit` says more"
            }
            Self::OrdersLost => {
                "orders that this node has seen are gone from Redis, as after a failover or with an \
                 older copy of the data. Going on would sell their units again"
            }
            Self::EntryRemoved => {
                "somebody has removed the last entry of the list of orders in Redis, or moved its end"
            }
            Self::WrongType(key) => return write!(f, "{key} in Redis is not of the type it must be"),
            Self::Unsound(reason) => reason,
        })
    }
}

impl Trouble {
    /// Sorts what the client library said about something that was sent.
    pub(super) fn after_sending(error: &RedisError) -> Self {
        let Some(code) = error.code() else {
            return Self::NoAnswer(error.to_string());
        };
        let whole = error.to_string();
        let text = error.detail().unwrap_or(&whole);
        // What follows may be a buyer's id.
        let text = text.split(", with args").next().unwrap_or_default();
        // Where a script hands on an error, its own name is the first word.
        let is_of_script = code.starts_with("@user_")
            || code == "ERR" && (text.contains("@user_function") || text.contains("@user_script"));
        let code = match code {
            // Before Redis 7 the reason is somewhere in what it says.
            _ if is_of_script => match code_within(text) {
                Some(code) => code,
                // It broke off somewhere, which nothing that is checked beforehand explains.
                None => return Self::NoAnswer(text.to_owned()),
            },
            code => code,
        };
        match code {
            "CLOSED" => Self::Closed(Fault::of_code(text.split_whitespace().next().unwrap_or(""))),
            "WRONGTYPE" => Self::Closed(Fault::WrongType("a key of the sale".to_owned())),
            code => Self::Refused {
                code: code.to_owned(),
                text: text.to_owned(),
            },
        }
    }

    /// An answer, or the error that it is.
    pub(crate) fn of(answer: Value) -> Result<Value, Self> {
        answer
            .extract_error()
            .map_err(|error| Self::after_sending(&error))
    }

    /// The same when connecting, where nothing of ours was sent.
    pub(super) fn when_connecting(place: &impl fmt::Display, error: &RedisError) -> Self {
        let error = error.to_string();
        let words: Vec<&str> = error.split_whitespace().collect();
        Self::Unreachable(format!(
            "cannot connect to Redis at {place}: {}",
            words.join(" ")
        ))
    }

    /// Something that Redis holds cannot be right.
    pub(super) fn unsound(reason: impl Into<String>) -> Self {
        Self::Closed(Fault::Unsound(reason.into()))
    }

    /// The sale is in another server, so nothing was done in this one.
    ///
    /// `ASK` is not among these. While a slot moves, a batch with a new buyer or a new count is refused on both sides
    /// (`TRYAGAIN`), because a part of its keys is on neither; it has to wait for the end of the move.
    pub(crate) fn elsewhere(&self) -> Option<Whereabouts> {
        match self {
            Self::Refused { code, text } if code == "MOVED" => {
                let host = text.split_whitespace().nth(1).and_then(Host::in_answer);
                Some(host.map_or(Whereabouts::Unknown, Whereabouts::At))
            }
            Self::Refused { code, .. }
                if ["READONLY", "MASTERDOWN", "UNBLOCKED"].contains(&code.as_str()) =>
            {
                Some(Whereabouts::Unknown)
            }
            _ => None,
        }
    }

    /// As [`elsewhere`](Self::elsewhere), and where nobody answers the sale may be in another server, too.
    pub(super) fn may_be_elsewhere(&self) -> Option<Whereabouts> {
        match self {
            Self::NoAnswer(_) => Some(Whereabouts::Unknown),
            other => other.elsewhere(),
        }
    }

    /// The function or script is not there, as after a restart, a failover or `FUNCTION FLUSH`.
    pub(super) fn is_forgotten(&self) -> bool {
        match self {
            Self::Refused { code, text } => {
                code == "NOSCRIPT"
                    || text.contains("Function not found")
                    // As after a failover to a server that has no functions.
                    || text.starts_with("unknown command 'FCALL'")
            }
            _ => false,
        }
    }

    /// The server does not know this command, or may not be asked for it.
    pub(super) fn is_unknown_command(&self) -> bool {
        match self {
            Self::Refused { code, text } => {
                code == "NOPERM"
                    || text.starts_with("unknown command")
                    || text.starts_with("unknown subcommand")
            }
            _ => false,
        }
    }
}

/// The code in a text like `Error running script (…): @user_script: 12: -READONLY You can't write …`.
fn code_within(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    words.find_map(|word| {
        let code = word.strip_prefix('-')?;
        let is_code = code.len() >= 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        is_code.then_some(code)
    })
}

impl From<Trouble> for CommitError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoAnswer(_) | Trouble::NotDurable(_) => Self::Unknown(trouble.to_string()),
            _ => Self::NotApplied(trouble.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::parse_redis_value;

    use super::*;

    fn of(answer: &str) -> Trouble {
        let value = parse_redis_value(format!("-{answer}\r\n").as_bytes()).unwrap();
        Trouble::of(value).unwrap_err()
    }

    #[track_caller]
    fn check(answer: &str, expected: &Trouble) {
        assert_eq!(&of(answer), expected);
    }

    fn refused(code: &str, text: &str) -> Trouble {
        Trouble::Refused {
            code: code.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn errors_of_the_server_are_sorted_by_what_they_say_about_a_batch() {
        check("CLOSED orders_lost", &Trouble::Closed(Fault::OrdersLost));
        let moved = refused("MOVED", "12 host:7001");
        check("MOVED 12 host:7001", &moved);
        let host = Host {
            name: "host".to_owned(),
            port: 7001,
        };
        assert_eq!(moved.elsewhere(), Some(Whereabouts::At(host)));
        assert_eq!(refused("ASK", "12 host:7001").elsewhere(), None);
        // Before Redis 7.
        let old = "Error running script (call to f_1): @user_script:9: -READONLY You can't write";
        let readonly = refused("READONLY", old);
        check(&format!("ERR {old}"), &readonly);
        assert_eq!(readonly.elsewhere(), Some(Whereabouts::Unknown));
        let handed_on = "@user_script: 85: -READONLY You can't write";
        let Trouble::Refused { code, .. } = of(handed_on) else {
            panic!("{:?}", of(handed_on));
        };
        assert_eq!(code, "READONLY");
        // It may have begun to write.
        let broken = "value is no integer script: f, on @user_function:89.";
        check(
            &format!("ERR {broken}"),
            &Trouble::NoAnswer(broken.to_owned()),
        );
        // No buyer's id goes any further.
        let unknown = "unknown command 'MGET'";
        check(
            &format!("ERR {unknown}, with args beginning with: '{{s}}:user:ada'"),
            &refused("ERR", unknown),
        );
    }
}
