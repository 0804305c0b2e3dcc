//! The commands and every setting: a flag, else an environment variable, else a line of `.env`, else
//! the default.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

pub(crate) mod access;
pub(crate) mod bots;
pub(crate) mod entrance;
pub(crate) mod identity;
pub(crate) mod loadtest;
pub(crate) mod shop;
pub(crate) mod token;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::{NonZeroU8, NonZeroU32};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use flashsale_ledger::redis::{Address, Durability};

use crate::dot_env;
use crate::failure::Failure;
use crate::moment::Moment;
use access::AccessSettings;
use bots::BotSettings;
use entrance::EntranceSettings;
use identity::IdentitySettings;
use loadtest::LoadtestArguments;
use shop::ShopSettings;
use token::TokenArguments;

/// Sells a limited stock of one product, in a set window, to everybody at once.
#[derive(Debug, Parser)]
#[command(name = "flashsale", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sell: serve the API and the page (what happens without a command)
    Serve(Box<ServeSettings>),
    /// Print or export what was sold, also while a server sells
    Orders(OrdersArguments),
    /// Check the books, also while a server sells: exit code 0 when clean, 1 when not, 2 if unknown
    Audit(LedgerArguments),
    /// Buy over HTTP as a crowd would, measure it, and check the books: exit code 0 when they are in order,
    /// 1 when not, 2 if unknown
    Loadtest(Box<LoadtestArguments>),
    /// Make keys and tokens, to try a sale where buyers show who they are (IDENTITY=token)
    Token(TokenArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ServeSettings {
    /// Address or host name to listen on
    #[arg(long, env, default_value = "127.0.0.1", value_parser = parse_host)]
    pub(crate) host: String,
    /// Port to listen on; 0 takes any free one
    #[arg(long, env, default_value_t = 4000)]
    pub(crate) port: u16,
    /// Folder of the ledgers; with REDIS_URL, of what this node remembers of its sales
    #[arg(long, env, default_value = "./data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) sale: SaleSettings,
    #[command(flatten)]
    pub(crate) identity: IdentitySettings,
    #[command(flatten)]
    pub(crate) bots: BotSettings,
    #[command(flatten)]
    pub(crate) shop: ShopSettings,
    #[command(flatten)]
    pub(crate) redis: RedisSettings,
    #[command(flatten)]
    pub(crate) entrance: EntranceSettings,
    #[command(flatten)]
    pub(crate) access: AccessSettings,
    #[command(flatten)]
    pub(crate) bounds: BoundSettings,
    #[command(flatten)]
    pub(crate) admin: AdminSettings,
    /// File with the keys that sign tokens against forged requests, passes and challenges, one a line: the
    /// first signs, all are good. It is read again when it changes [default: a key that is made for the sale
    /// and kept with its ledger]
    #[arg(long, env)]
    pub(crate) signing_keys: Option<PathBuf>,
    /// Mark cookies for HTTPS alone: set it to true behind a proxy that speaks HTTPS. With TLS_CERT it
    /// always is
    #[arg(long, env, default_value_t = false, action = clap::ArgAction::Set)]
    pub(crate) secure_cookies: bool,
    /// What to log: error, warn, info or debug, also by module (info,flashsale_api=debug)
    #[arg(long, env, default_value = "info")]
    pub(crate) log: String,
    /// How to log; auto is text on a terminal and JSON elsewhere
    #[arg(long, env, default_value = "auto")]
    pub(crate) log_format: LogFormat,
    /// Every setting that has a value and is no secret, by its name: for people to look at.
    #[arg(skip)]
    pub(crate) in_force: Vec<(String, String)>,
}

/// The console for whoever answers for the sale, and the metrics.
#[derive(Clone, Args)]
#[command(next_help_heading = "Behind the counter")]
#[expect(
    clippy::struct_field_names,
    reason = "they are the names of the settings"
)]
pub(crate) struct AdminSettings {
    /// Address or host name on which the console and /metrics listen
    #[arg(long, env, default_value = "127.0.0.1", value_parser = parse_host)]
    pub(crate) admin_host: String,
    /// Their port; 0 takes any free one, off does without them [default: PORT + 1]
    #[arg(long, env)]
    pub(crate) admin_port: Option<AdminPort>,
    /// What signs in there: at least 16 characters that nobody can guess [default: one that is made and
    /// kept in DATA_DIR/admin-token]
    #[arg(long, env, hide_env_values = true, hide_default_value = true)]
    pub(crate) admin_token: Option<String>,
}

impl std::fmt::Debug for AdminSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminSettings(hidden)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdminPort {
    Off,
    At(u16),
}

impl FromStr for AdminPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|_| "write a port (0 to 65535), or off"),
        }
    }
}

/// The sale. What is stored holds: a setting that contradicts it is refused at start.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The sale")]
pub(crate) struct SaleSettings {
    /// Name of the sale and its ledger [default: the product id; without SALE_START and SALE_END a
    /// demo sale with a name of its own]
    #[arg(long, env)]
    pub(crate) sale_id: Option<String>,
    /// The shop's own name for the product [default: AL-042]
    #[arg(long, env)]
    pub(crate) product_id: Option<String>,
    /// What the buyers read [default: Alba Stacking Dishes, Vermilion]
    #[arg(long, env)]
    pub(crate) product_description: Option<String>,
    /// Units for sale, at most 10000000 [default: 1000]
    #[arg(long, env, allow_negative_numbers = true)]
    pub(crate) sale_stock: Option<u32>,
    /// First moment of the sale: 2026-12-01T12:00:00+01:00, epoch seconds or milliseconds, or 30s,
    /// 5m, 1h from now [default: 10s]
    #[arg(long, env, allow_hyphen_values = true)]
    pub(crate) sale_start: Option<Moment>,
    /// First moment after the sale, written alike [default: an hour after the start]
    #[arg(long, env, allow_hyphen_values = true)]
    pub(crate) sale_end: Option<Moment>,
}

/// Many nodes: where the ledger is, and how it is used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many nodes")]
pub(crate) struct RedisSettings {
    #[command(flatten)]
    pub(crate) place: RedisPlace,
    /// What a confirmed purchase stands for: memory, fsync, replicas=N or fsync+replicas=N
    #[arg(long, env, default_value = "fsync")]
    pub(crate) redis_durability: Durability,
    /// How Redis decides: by a function of its own, or guarded by WATCH where no script may run
    #[arg(long, env, default_value = "function")]
    pub(crate) redis_strategy: RedisStrategy,
    /// Connections for purchases, and so the batches that may be under way at once
    #[arg(long, env, default_value = "8")]
    pub(crate) redis_tx_pool: NonZeroU8,
    /// Tries after the first when other nodes were quicker (watch)
    #[arg(long, env, default_value = "20")]
    pub(crate) purchase_max_retries: u32,
    /// Longest pause before the first of them, in milliseconds; it doubles each time (watch)
    #[arg(long, env, default_value = "5")]
    pub(crate) purchase_retry_backoff_ms: NonZeroU32,
    /// Make a sale in Redis that is not there although its start has passed: whatever was sold from
    /// it before would be sold again
    #[arg(long, env, default_value_t = false, action = clap::ArgAction::Set)]
    pub(crate) redis_create_late: bool,
}

/// Which Redis.
#[derive(Clone, Args)]
pub(crate) struct RedisPlace {
    /// Redis or Valkey that holds the ledger: redis://host:6379,
    /// redis-sentinel://host:26379,host:26379?master=name, redis-cluster://host:6379,host:6379, or
    /// each with rediss for TLS [default: none, the ledger is a file]
    #[arg(long, env, hide_env_values = true, hide_default_value = true)]
    pub(crate) redis_url: Option<String>,
    /// File with the certificates, in PEM, that the certificate of Redis must lead to [default: those
    /// of the system]
    #[arg(long, env)]
    pub(crate) redis_tls_ca: Option<PathBuf>,
}

impl std::fmt::Debug for RedisPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisPlace(hidden)")
    }
}

impl RedisPlace {
    /// Where it is, if it is used. Read here, because a mistake in an option is shown with its value, and
    /// this one may hold a password.
    pub(crate) fn address(&self) -> Result<Option<Address>, Failure> {
        let address = self.redis_url.as_deref().map(Address::parse).transpose();
        address.map_err(|error| Failure::refused(format!("REDIS_URL: {error}")))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedisStrategy {
    /// A function in Redis decides, in one round trip
    Function,
    /// The node decides, and Redis stores it if nothing has changed meanwhile
    Watch,
}

/// The limits. Each of these times is in milliseconds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct BoundSettings {
    /// Open connections; when all are taken, those that have been idle for 2 s are closed for who comes
    #[arg(long, env, default_value = "16384")]
    pub(crate) connections_max: NonZeroU32,
    /// Live streams among them, but at most three quarters of them; whoever comes later asks now and then
    #[arg(long, env, default_value = "12288")]
    pub(crate) streams_max: NonZeroU32,
    /// Purchases that wait for the ledger; more are told to come back
    #[arg(long, env, default_value = "16384")]
    pub(crate) purchase_queue_max: NonZeroU32,
    /// Purchases stored with one sync of the disk, or one call of Redis
    #[arg(long, env, default_value = "256")]
    pub(crate) purchase_batch_max: NonZeroU32,
    /// Time from a purchase's arrival to its answer
    #[arg(long, env, default_value = "5000")]
    pub(crate) purchase_deadline_ms: NonZeroU32,
    /// Time for a request's head, and for what comes before the first one: TLS, and the PROXY protocol
    #[arg(long, env, default_value = "10000")]
    pub(crate) header_timeout_ms: NonZeroU32,
    /// Time for a request's body, and for a client to take the next part of an answer
    #[arg(long, env, default_value = "10000")]
    pub(crate) body_timeout_ms: NonZeroU32,
    /// Time that a connection may stay open without a request
    #[arg(long, env, default_value = "60000")]
    pub(crate) idle_timeout_ms: NonZeroU32,
    /// Time for the requests under way when the server is told to stop
    #[arg(long, env, default_value = "10000")]
    pub(crate) shutdown_grace_ms: NonZeroU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON elsewhere
    Auto,
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

/// Which ledger to read.
#[derive(Debug, Args)]
pub(crate) struct LedgerArguments {
    /// The ledger's file [default: the one of SALE_ID in DATA_DIR, or the only one there]
    #[arg(conflicts_with = "redis_url")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) redis: RedisPlace,
    /// Folder of the ledgers
    #[arg(long, env, default_value = "./data")]
    pub(crate) data_dir: PathBuf,
    /// Name of the sale
    #[arg(long, env)]
    pub(crate) sale_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OrdersArguments {
    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,
    /// How to write them
    #[arg(long, default_value = "table")]
    pub(crate) format: OrdersFormat,
    /// File to write to [default: standard output]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrdersFormat {
    /// Columns for a terminal
    Table,
    /// For a spreadsheet: a text that it would take for a formula gets a leading apostrophe
    Csv,
    /// One JSON object a line, every text exactly as stored
    Jsonl,
}

/// Reads the command line, the environment and `.env`. A mistake in the flags, and a question for
/// help, end the program here.
pub(crate) fn parse() -> Result<Command, Failure> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let names_command = arguments.get(1).is_some_and(|first| {
        let first = first.to_string_lossy();
        !first.starts_with('-') || matches!(&*first, "-h" | "--help" | "-V" | "--version")
    });
    if !names_command {
        arguments.insert(1, "serve".into());
    }
    let matches = with_defaults(Cli::command(), &dot_env::read(&known_variables())?)
        .get_matches_from(arguments);
    let mut cli = Cli::from_arg_matches(&matches).map_err(Failure::refused)?;
    if let (Command::Serve(settings), Some((_, given))) = (&mut cli.command, matches.subcommand()) {
        settings.in_force = in_force(given);
    }
    Ok(cli.command)
}

/// The settings of a server as they are, but for those that may hold a secret.
fn in_force(given: &clap::ArgMatches) -> Vec<(String, String)> {
    let command = Cli::command();
    let serve = command.find_subcommand("serve");
    let arguments = serve.into_iter().flat_map(clap::Command::get_arguments);
    let public = arguments.filter(|argument| !argument.is_hide_env_values_set());
    public
        .filter_map(|argument| {
            let name = argument.get_env()?.to_string_lossy().into_owned();
            let values = given.get_raw(argument.get_id().as_str())?;
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            Some((name, values.join(",")))
        })
        .collect()
}

/// What is certainly no name is refused here, where nobody has to be asked about it.
fn parse_host(text: &str) -> Result<String, &'static str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || ".-_:%".contains(c);
    if !text.is_empty() && text.chars().all(in_name) {
        Ok(text.to_owned())
    } else {
        Err("write an address (127.0.0.1, ::1) or the name of a host (localhost)")
    }
}

fn known_variables() -> Vec<String> {
    let command = Cli::command();
    let arguments = command
        .get_subcommands()
        .flat_map(clap::Command::get_arguments);
    let mut names: Vec<_> = arguments
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Makes the lines of `.env` the defaults, so that the environment and flags go before them.
fn with_defaults(command: clap::Command, values: &BTreeMap<String, String>) -> clap::Command {
    let names: Vec<_> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| {
            subcommand.mut_args(|argument| {
                let variable = argument
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned());
                match variable.and_then(|name| values.get(&name)) {
                    Some(value) => argument.default_value(value.clone()),
                    None => argument,
                }
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_example_file_names_every_setting_with_its_default() {
        let example = include_str!("../../../.env.example");
        for name in known_variables() {
            assert!(
                example
                    .lines()
                    .any(|line| line.starts_with(&format!("# {name}="))),
                "{name} is missing in .env.example"
            );
        }
    }

    /// The description that a file with this one line sets, or why it is refused.
    #[test]
    fn a_host_is_an_address_or_a_name() {
        for host in [
            "127.0.0.1",
            "::1",
            "fe80::1%eth0",
            "localhost",
            "shop_1.example",
        ] {
            assert_eq!(parse_host(host).as_deref(), Ok(host));
        }
        for host in ["", "two words", "http://localhost", "[::1]"] {
            assert!(parse_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn a_line_of_the_file_is_a_default() {
        let values = BTreeMap::from([("PORT".to_owned(), "4711".to_owned())]);
        let port = |arguments: &[&str]| {
            let command = with_defaults(Cli::command(), &values);
            let matches = command.try_get_matches_from(arguments).unwrap();
            match Cli::from_arg_matches(&matches).unwrap().command {
                Command::Serve(settings) => settings.port,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(port(&["flashsale", "serve"]), 4711);
        assert_eq!(port(&["flashsale", "serve", "--port", "1"]), 1);
    }
}
