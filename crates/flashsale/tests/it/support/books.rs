//! The sale's books, read by the commands that an operator would run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use super::process::{Exit, Process};
use super::server::{SALE_ID, flashsale};

const COMMAND_MAX: Duration = Duration::from_secs(30);

/// One order, as `flashsale orders --format jsonl` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) unit: u64,
    pub(crate) order_id: String,
    pub(crate) user_id: String,
    pub(crate) ordered_at: i64,
    pub(crate) idempotency_key: Option<String>,
}

impl Row {
    fn parse(line: &str) -> Self {
        let row: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        Self {
            unit: row["unit"]
                .as_u64()
                .unwrap_or_else(|| panic!("a unit in {line}")),
            order_id: text("orderId").unwrap_or_else(|| panic!("an order id in {line}")),
            user_id: text("userId").unwrap_or_else(|| panic!("a user id in {line}")),
            ordered_at: row["orderedAt"]
                .as_i64()
                .unwrap_or_else(|| panic!("a time in {line}")),
            idempotency_key: text("idempotencyKey"),
        }
    }
}

/// Where a sale's books are, as the commands are told.
pub(crate) trait Place {
    fn arguments(&self) -> Vec<String>;
}

impl Place for Path {
    fn arguments(&self) -> Vec<String> {
        vec![
            self.to_str()
                .expect("temporary paths are plain text")
                .to_owned(),
        ]
    }
}

impl Place for PathBuf {
    fn arguments(&self) -> Vec<String> {
        self.as_path().arguments()
    }
}

/// The tests' sale in a Redis.
#[derive(Debug, Clone)]
pub(crate) struct InRedis(pub(crate) String);

impl Place for InRedis {
    fn arguments(&self) -> Vec<String> {
        ["--redis-url", &self.0, "--sale-id", SALE_ID]
            .map(str::to_owned)
            .to_vec()
    }
}

/// Runs one of the commands that read books.
pub(crate) async fn read(command: &str, place: &(impl Place + ?Sized), more: &[&str]) -> Exit {
    let place = place.arguments();
    let mut arguments = vec![command];
    arguments.extend(place.iter().map(String::as_str));
    arguments.extend(more);
    run(&std::env::temp_dir(), &arguments).await
}

/// Runs the binary with these arguments, in an empty environment.
pub(crate) async fn run(directory: &Path, arguments: &[&str]) -> Exit {
    let mut command = Command::new(flashsale());
    command.args(arguments).current_dir(directory).env_clear();
    Process::spawn(&mut command).exit(COMMAND_MAX).await
}

/// `flashsale audit`: exit code 0, 1 or 2.
pub(crate) async fn audit(place: &(impl Place + ?Sized)) -> Exit {
    read("audit", place, &[]).await
}

/// Every order of a ledger in the order of units.
pub(crate) async fn orders(place: &(impl Place + ?Sized)) -> Vec<Row> {
    let exit = read("orders", place, &["--format", "jsonl"]).await;
    assert_eq!(exit.code, Some(0), "orders: {}", exit.stderr);
    exit.stdout.lines().map(Row::parse).collect()
}

/// The same as a file in this format, to the letter.
pub(crate) async fn export(place: &(impl Place + ?Sized), format: &str) -> String {
    let exit = read("orders", place, &["--format", format]).await;
    assert_eq!(exit.code, Some(0), "orders: {}", exit.stderr);
    exit.stdout
}

/// Fails unless the audit finds nothing.
pub(crate) async fn assert_clean(place: &(impl Place + ?Sized)) {
    let exit = audit(place).await;
    assert_eq!(
        exit.code,
        Some(0),
        "the audit is not clean: {}",
        exit.said()
    );
}

/// Does to a ledger what its schema forbids: without its triggers, which are there again afterwards,
/// so that only the rows can tell.
pub(crate) fn with_guards_lifted(database: &Connection, change: impl FnOnce(&Connection)) {
    let triggers = names(
        database,
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger'",
    );
    for name in names(
        database,
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
    ) {
        database
            .execute_batch(&format!("DROP TRIGGER \"{name}\""))
            .expect("a trigger can be dropped");
    }
    change(database);
    for definition in triggers {
        database
            .execute_batch(&definition)
            .expect("a trigger can be made again");
    }
}

/// The table that holds the orders: the one with a `unit`.
pub(crate) fn order_table(database: &Connection) -> String {
    let tables = names(
        database,
        "SELECT schema.name FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS info
         WHERE schema.type = 'table' AND info.name = 'unit'",
    );
    assert_eq!(tables.len(), 1, "one table has units: {tables:?}");
    tables.into_iter().next().expect("one table")
}

fn names(database: &Connection, query: &str) -> Vec<String> {
    let mut statement = database.prepare(query).expect("a query of the schema");
    let rows = statement.query_map([], |row| row.get(0)).expect("names");
    rows.map(|name| name.expect("a name")).collect()
}
