//! Looks whether a server is set up so that it keeps orders, before anything is sold from it, and again
//! after it may have become another one.
//!
//! What loses orders in spite of the durability that was asked for is refused. What that durability does
//! not cover is told as a warning. `docs/redis.md` has the rules for people.

use redis::{Cmd, Value};

use super::connection::Connection;
use super::durability::{Barrier, Durability};
use super::record;
use super::trouble::Trouble;

/// The oldest Redis that has all that is needed: `SET … PXAT` came with it.
const VERSION_MIN: (u32, u32) = (6, 2);

/// A server that may be sold from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) barrier: Barrier,
    /// The name and version of the server, for people.
    pub(super) server: String,
    /// What the durability that was asked for does not cover.
    pub(super) warnings: Vec<String>,
}

/// The server's append-only file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AppendOnlyFile {
    None,
    /// It is written for the first time; what is stored meanwhile is in none that a crash would leave.
    Begun,
    Kept,
}

/// What is asked of the server.
struct Facts {
    server: String,
    version: Option<(u32, u32)>,
    eviction: String,
    file: AppendOnlyFile,
    /// When the file is synced; none where the server does not tell.
    sync: Option<String>,
    syncs_during_rewrite: bool,
    replicas: u32,
    has_waitaof: bool,
}

/// Asks the server how it is set up, and judges that.
pub(super) async fn check(
    connection: &mut Connection,
    wanted: Durability,
) -> Result<Checked, Trouble> {
    let facts = ask(connection).await?;
    judge(&facts, wanted)
}

async fn ask(connection: &mut Connection) -> Result<Facts, Trouble> {
    // A server before version 7 takes one section at a time.
    let mut info = String::new();
    for section in ["server", "memory", "persistence", "replication"] {
        let answer = connection.command(redis::cmd("INFO").arg(section)).await?;
        let text = match &answer {
            Value::VerbatimString { text, .. } => Some(text.as_str()),
            other => record::text(other),
        };
        info.push_str(text.unwrap_or_default());
        info.push('\n');
    }
    let line = |name: &str| {
        let found = info
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.map_or("", str::trim)
    };
    let (name, version) = match line("valkey_version") {
        "" => ("Redis", line("redis_version")),
        version => ("Valkey", version),
    };
    let mut numbers = version.split('.').map(str::parse);
    let version_number = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    };
    let refused = |code: &str, text: &str| {
        Err(Trouble::Refused {
            code: code.to_owned(),
            text: format!("{name} {version} at {} {text}", connection.place()),
        })
    };
    if line("loading") == "1" {
        return refused("LOADING", "still reads what it has stored");
    }
    if line("role") != "master" {
        return refused("READONLY", "is a replica");
    }
    let wait = redis::cmd("WAITAOF").arg(0).arg(0).arg(1).to_owned();
    let has_waitaof = match connection.command(&wait).await {
        Ok(_) => true,
        Err(trouble) if trouble.is_unknown_command() => false,
        Err(trouble) => return Err(trouble),
    };
    let facts = Facts {
        server: format!("{name} {version} at {}", connection.place()),
        version: version_number,
        eviction: line("maxmemory_policy").to_owned(),
        file: match line("aof_enabled") {
            "1" if line("aof_rewrite_in_progress") == "1" && line("aof_base_size") == "0" => {
                AppendOnlyFile::Begun
            }
            "1" => AppendOnlyFile::Kept,
            _ => AppendOnlyFile::None,
        },
        replicas: line("connected_slaves").parse().unwrap_or(0),
        has_waitaof,
        sync: setting(connection, "appendfsync").await?,
        syncs_during_rewrite: setting(connection, "no-appendfsync-on-rewrite")
            .await?
            .as_deref()
            != Some("yes"),
    };
    Ok(facts)
}

/// A setting of the server, where it may be asked for. Rented servers often hide theirs.
async fn setting(connection: &mut Connection, name: &str) -> Result<Option<String>, Trouble> {
    let command: Cmd = redis::cmd("CONFIG").arg("GET").arg(name).to_owned();
    match connection.command(&command).await {
        Ok(Value::Array(pair)) => Ok(pair.get(1).and_then(record::text).map(str::to_owned)),
        Ok(Value::Map(pairs)) => Ok(pairs
            .first()
            .and_then(|(_, value)| record::text(value))
            .map(str::to_owned)),
        Err(trouble) if !trouble.is_unknown_command() => Err(trouble),
        Ok(_) | Err(_) => Ok(None),
    }
}

fn judge(facts: &Facts, wanted: Durability) -> Result<Checked, Trouble> {
    if wanted.is_synced && facts.file == AppendOnlyFile::Begun && !facts.has_waitaof {
        // That passes. It is not the same as a setting that is wrong.
        return Err(Trouble::Unreachable(format!(
            "{} has just begun to keep an append-only file, and what it stores until the first one is \
             whole would be lost in a crash. Wait until aof_rewrite_in_progress is 0 (INFO persistence)",
            facts.server
        )));
    }
    judge_settings(facts, wanted).map_err(Trouble::Unsafe)
}

fn judge_settings(facts: &Facts, wanted: Durability) -> Result<Checked, String> {
    let server = &facts.server;
    if facts.version.is_some_and(|version| version < VERSION_MIN) {
        let (major, minor) = VERSION_MIN;
        return Err(format!(
            "{server} is too old: {major}.{minor} or later is needed"
        ));
    }
    if facts.eviction != "noeviction" {
        return Err(format!(
            "{server} may drop orders when its memory is full: its maxmemory-policy is {:?}, and must be \
             noeviction (CONFIG SET maxmemory-policy noeviction)",
            facts.eviction
        ));
    }
    let barrier = barrier(facts, wanted)?;
    let mut warnings = Vec::new();
    if facts.file == AppendOnlyFile::None {
        warnings.push(format!(
            "{server} keeps no append-only file: if it restarts, its orders are gone (CONFIG SET \
             appendonly yes)"
        ));
    } else if !wanted.is_synced && facts.sync.as_deref() != Some("always") {
        warnings.push(format!(
            "{server} syncs its file now and then: if its machine fails, the confirmed orders of the last \
             second or more are gone"
        ));
    }
    Ok(Checked {
        barrier,
        server: server.clone(),
        warnings,
    })
}

fn barrier(facts: &Facts, wanted: Durability) -> Result<Barrier, String> {
    let (server, mode) = (&facts.server, wanted);
    if facts.replicas < wanted.replicas {
        return Err(format!(
            "REDIS_DURABILITY={mode} waits for {} replicas, and {server} has {}",
            wanted.replicas, facts.replicas
        ));
    }
    if !wanted.is_synced {
        return Ok(match wanted.replicas {
            0 => Barrier::Answer,
            replicas => Barrier::Wait(replicas),
        });
    }
    if facts.file == AppendOnlyFile::None {
        return Err(format!(
            "REDIS_DURABILITY={mode} needs an append-only file, and {server} keeps none (appendonly \
             yes and appendfsync always in its configuration). REDIS_DURABILITY=memory sells without it, and \
             loses orders when Redis stops"
        ));
    }
    let syncs_always = facts.sync.as_deref() == Some("always") && facts.syncs_during_rewrite;
    let answer_is_enough = syncs_always && facts.file == AppendOnlyFile::Kept;
    match (wanted.replicas, facts.has_waitaof) {
        (0, _) if answer_is_enough => Ok(Barrier::Answer),
        (replicas, true) => Ok(Barrier::WaitAof(replicas)),
        (0, false) => Err(format!(
            "REDIS_DURABILITY={mode} needs each write to be synced before its answer, and {server} does \
             not do that: appendfsync is {}, and must be always with no-appendfsync-on-rewrite no. Servers \
             that have WAITAOF (Redis 7.2, Valkey) may sync less often",
            facts.sync.as_deref().unwrap_or("hidden")
        )),
        (_, false) => Err(format!(
            "REDIS_DURABILITY={mode} needs WAITAOF, which {server} does not have (Redis 7.2, Valkey)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            server: "Redis 7.0.15 at here".to_owned(),
            version: Some((7, 0)),
            eviction: "noeviction".to_owned(),
            file: AppendOnlyFile::Kept,
            sync: Some("always".to_owned()),
            syncs_during_rewrite: true,
            replicas: 1,
            has_waitaof: false,
        }
    }

    #[track_caller]
    fn check(facts: &Facts, mode: &str, expected: Result<(Barrier, usize), &str>) {
        let judged = judge(facts, mode.parse().unwrap());
        match (&judged, expected) {
            (Ok(checked), Ok((barrier, warnings))) => {
                assert_eq!(
                    (checked.barrier, checked.warnings.len()),
                    (barrier, warnings),
                    "{judged:?}"
                );
            }
            (Err(trouble), Err(words)) => {
                assert!(trouble.to_string().contains(words), "{trouble}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn row_18_a_server_that_may_drop_keys_is_refused_in_every_mode() {
        for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random", ""] {
            for mode in ["memory", "fsync", "replicas=1"] {
                check(
                    &Facts {
                        eviction: policy.to_owned(),
                        ..facts()
                    },
                    mode,
                    Err("noeviction"),
                );
            }
        }
    }

    #[test]
    fn what_is_asked_for_must_be_there() {
        let everysec = || Facts {
            sync: Some("everysec".to_owned()),
            ..facts()
        };
        let newer = |facts| Facts {
            has_waitaof: true,
            ..facts
        };
        let no_file = || Facts {
            file: AppendOnlyFile::None,
            ..facts()
        };
        check(&facts(), "memory", Ok((Barrier::Answer, 0)));
        check(&everysec(), "memory", Ok((Barrier::Answer, 1)));
        check(&no_file(), "memory", Ok((Barrier::Answer, 1)));
        check(&facts(), "fsync", Ok((Barrier::Answer, 0)));
        check(&everysec(), "fsync", Err("appendfsync is everysec"));
        check(&newer(everysec()), "fsync", Ok((Barrier::WaitAof(0), 0)));
        check(&no_file(), "fsync", Err("append-only file"));
        check(&newer(no_file()), "fsync", Err("append-only file"));
        check(&facts(), "replicas=1", Ok((Barrier::Wait(1), 0)));
        check(&facts(), "replicas=2", Err("has 1"));
        check(&facts(), "fsync+replicas=1", Err("WAITAOF"));
        check(
            &newer(facts()),
            "fsync+replicas=1",
            Ok((Barrier::WaitAof(1), 0)),
        );
        // The first file is not whole yet.
        let begins = || Facts {
            file: AppendOnlyFile::Begun,
            ..facts()
        };
        check(&begins(), "fsync", Err("just begun"));
        check(&newer(begins()), "fsync", Ok((Barrier::WaitAof(0), 0)));
        // A rewrite of the file must not suspend the syncs, and what is hidden is not believed.
        let rewrite = || Facts {
            syncs_during_rewrite: false,
            ..facts()
        };
        check(&rewrite(), "fsync", Err("no-appendfsync-on-rewrite"));
        check(&newer(rewrite()), "fsync", Ok((Barrier::WaitAof(0), 0)));
        check(
            &Facts {
                sync: None,
                ..facts()
            },
            "fsync",
            Err("hidden"),
        );
        check(
            &Facts {
                version: Some((6, 0)),
                ..facts()
            },
            "memory",
            Err("too old"),
        );
    }
}
