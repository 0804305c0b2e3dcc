//! The servers that are measured.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{LOAD_CORE, Running, SERVER_CORE, free_port, output, pinned, start};
use crate::{Bench, Failure};

/// More than any run sells.
pub(crate) const STOCK_MAX: u64 = 10_000_000;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Bare hyper: reads the request, writes the answer.
    Floor,
    /// Ours, on a file.
    Sqlite,
    /// Ours, on Redis.
    Redis(Strategy, Persistence),
    /// Node.js, by one of its ways to purchase.
    Peer(Way, Persistence),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    Function,
    Watch,
}

/// Whether Redis writes to a disk before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    Off,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Transactions on so many leased connections.
    Watch(u32),
    Script,
}

/// A server under way, and its Redis.
pub(crate) struct Started {
    pub(crate) port: u16,
    pub(crate) server: Running,
    pub(crate) redis: Option<Running>,
    home: PathBuf,
}

impl Started {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Checks the books of a server on a file, and returns how many orders are in them.
    pub(crate) fn audit(&self, bench: &Bench) -> Result<u64, Failure> {
        let mut command = pinned(LOAD_CORE, &bench.arguments.flashsale);
        command
            .arg("audit")
            .arg("--data-dir")
            .arg(self.home.join("data"));
        let said = output(&mut command)?;
        let orders = said.lines().find_map(|line| line.strip_prefix("orders"));
        let orders = orders.and_then(|line| line.split_whitespace().next()?.parse().ok());
        orders.ok_or_else(|| format!("the audit said {said}"))
    }
}

impl Subject {
    pub(crate) fn name(self) -> String {
        let on = |persistence| match persistence {
            Persistence::Off => "no AOF",
            Persistence::Always => "AOF always",
        };
        match self {
            Self::Floor => "floor: bare hyper".to_owned(),
            Self::Sqlite => "flashsale, SQLite".to_owned(),
            Self::Redis(strategy, persistence) => {
                let strategy = match strategy {
                    Strategy::Function => "function",
                    Strategy::Watch => "watch",
                };
                format!("flashsale, Redis {strategy}, {}", on(persistence))
            }
            Self::Peer(Way::Watch(pool), persistence) => {
                format!("Fastify, watch on {pool}, {}", on(persistence))
            }
            Self::Peer(Way::Script, persistence) => format!("Fastify, script, {}", on(persistence)),
        }
    }

    /// Starts it with nothing sold yet, in a folder of its own.
    pub(crate) fn start(self, bench: &Bench, stock: u64) -> Result<Started, Failure> {
        self.start_with(bench, stock, &[])
    }

    /// The same, with other settings than those of the comparison.
    pub(crate) fn start_with(
        self,
        bench: &Bench,
        stock: u64,
        settings: &[(&str, &str)],
    ) -> Result<Started, Failure> {
        let home = tempfile::tempdir_in(bench.scratch())
            .map_err(|error| error.to_string())?
            .keep();
        self.launch(bench, stock, &home, settings)
    }

    /// Starts it in a folder that may hold what an earlier one has sold.
    pub(crate) fn start_at(
        self,
        bench: &Bench,
        stock: u64,
        home: &Path,
    ) -> Result<Started, Failure> {
        self.launch(bench, stock, home, &[])
    }

    fn launch(
        self,
        bench: &Bench,
        stock: u64,
        home: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Started, Failure> {
        let port = free_port()?;
        let (redis, redis_url) = match self {
            Self::Redis(_, persistence) | Self::Peer(_, persistence) => {
                let (redis, port) = start_redis(&bench.arguments.redis, persistence, home)?;
                (Some(redis), format!("redis://127.0.0.1:{port}"))
            }
            Self::Floor | Self::Sqlite => (None, String::new()),
        };
        let mut command = self.command(bench, stock);
        command.env("PORT", port.to_string()).current_dir(home);
        command.envs(settings.iter().copied());
        if self == Self::Floor {
            command.arg(port.to_string());
        }
        if redis.is_some() {
            command.env("REDIS_URL", redis_url);
        }
        let server = start(&mut command, port, &home.join("server.log"))?;
        Ok(Started {
            port,
            server,
            redis,
            home: home.to_owned(),
        })
    }

    fn command(self, bench: &Bench, stock: u64) -> Command {
        let program: PathBuf = match self {
            Self::Floor => bench.arguments.floor.clone(),
            Self::Sqlite | Self::Redis(..) => bench.arguments.flashsale.clone(),
            Self::Peer(..) => PathBuf::from("node"),
        };
        let mut command = pinned(SERVER_CORE, &program);
        command
            .env("SALE_ID", "bench")
            // Any free one: the next port may be somebody's.
            .env("ADMIN_PORT", "0")
            // Everybody is counted, and nobody is refused for it.
            .env("RATE_LIMIT", "1000000/1s")
            .env("RATE_LIMIT_ADDRESS", "1000000/1s")
            .env("SALE_STOCK", stock.to_string());
        match self {
            Self::Floor => {}
            Self::Sqlite => {
                command.envs([
                    ("SALE_START", "0s"),
                    ("SALE_END", "1h"),
                    ("CONNECTIONS_MAX", "14000"),
                ]);
            }
            Self::Redis(strategy, persistence) => {
                let strategy = match strategy {
                    Strategy::Function => "function",
                    Strategy::Watch => "watch",
                };
                let durability = match persistence {
                    Persistence::Off => "memory",
                    Persistence::Always => "fsync",
                };
                command.envs([
                    ("SALE_START", "0s"),
                    ("SALE_END", "1h"),
                    ("REDIS_STRATEGY", strategy),
                    ("REDIS_DURABILITY", durability),
                ]);
            }
            Self::Peer(way, _) => {
                let main = bench.arguments.peer.join("src/main.js");
                command
                    .arg("--max-semi-space-size=64")
                    .arg(main)
                    .env("NODE_ENV", "production");
                match way {
                    Way::Watch(pool) => command.arg("watch").env("REDIS_TX_POOL", pool.to_string()),
                    Way::Script => command.arg("script"),
                };
            }
        }
        command
    }
}

/// A Redis of its own, on the core of the server, and its port.
pub(crate) fn start_redis(
    program: &Path,
    persistence: Persistence,
    home: &Path,
) -> Result<(Running, u16), Failure> {
    let port = free_port()?;
    let mut command = pinned(SERVER_CORE, program);
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]);
    match persistence {
        Persistence::Off => command.args(["--appendonly", "no"]),
        Persistence::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
    };
    command.arg("--dir").arg(home);
    Ok((start(&mut command, port, &home.join("redis.log"))?, port))
}
