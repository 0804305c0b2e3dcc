//! `flashsale orders`: a table, CSV and JSON lines, to a terminal, a file or a pipe.

use std::collections::BTreeSet;
use std::fs::{DirEntry, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::books::{self, Row};
use crate::support::load;
use crate::support::now_ms;
use crate::support::server::{SALE_ID, TestServer, flashsale};

const FORMATS: [&str; 3] = ["table", "csv", "jsonl"];

/// Buyers and their keys, among them what a spreadsheet would run and what CSV must quote.
const BUYERS: [(&str, Option<&str>); 10] = [
    ("ada@example.com", Some("key-1")),
    ("plain", None),
    ("comma,semicolon;tab", Some("a,b")),
    ("\"quoted\" 'twice'", Some("\"q\"")),
    ("=1+1", Some("=HYPERLINK(\"http://evil.example\",\"x\")")),
    ("+491234567", Some("+1")),
    ("-2+3", Some("-1")),
    ("@sum(a1:a9)", Some("@sum(a1)")),
    ("späte käuferin \u{1f600}", None),
    ("'=already text", None),
];

/// A server that has sold to all of them, and what each was told.
async fn sold() -> (TestServer, Vec<(String, Option<String>, String)>) {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let mut told = Vec::new();
    for (user, key) in BUYERS {
        let answer = match key {
            Some(key) => client.buy_with_key(user, key).await,
            None => client.buy(user).await,
        };
        told.push((user.to_owned(), key.map(str::to_owned), answer.purchased()));
    }
    (server, told)
}

async fn print(server: &TestServer, format: &str) -> String {
    let ledger = server.home().ledger();
    let exit = books::run(
        server.home().path(),
        &["orders", text(&ledger), "--format", format],
    )
    .await;
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:?}");
    exit.stdout
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are plain text")
}

#[tokio::test]
async fn json_lines_are_what_the_buyers_were_told() {
    let before = now_ms();
    let (server, told) = sold().await;
    let rows = server.orders().await;
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.user_id.clone(),
                row.idempotency_key.clone(),
                row.order_id.clone(),
            )
        })
        .collect();
    assert_eq!(found, told);
    let units: Vec<u64> = rows.iter().map(|row| row.unit).collect();
    assert_eq!(units, (1..=BUYERS.len() as u64).collect::<Vec<_>>());
    let times: Vec<i64> = rows.iter().map(|row| row.ordered_at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(
        times.iter().all(|time| (before..=now_ms()).contains(time)),
        "{times:?}"
    );

    let lines = print(&server, "jsonl").await;
    assert!(lines.ends_with('\n'));
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).expect("one object a line");
        let names: BTreeSet<&str> = row
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            ["idempotencyKey", "orderId", "orderedAt", "unit", "userId"].into(),
            "{line}"
        );
    }
}

#[tokio::test]
async fn csv_is_quoted_and_runs_nothing() {
    let (server, _) = sold().await;
    let rows = server.orders().await;
    let text = print(&server, "csv").await;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        header,
        [
            "unit",
            "order_id",
            "user_id",
            "ordered_at",
            "idempotency_key"
        ]
    );
    let records: Vec<csv::StringRecord> = reader
        .records()
        .map(|record| record.expect("a record"))
        .collect();
    assert_eq!(records.len(), rows.len());
    let as_text = |stored: &str| {
        let formula = stored.starts_with(['=', '+', '-', '@']);
        if formula {
            format!("'{stored}")
        } else {
            stored.to_owned()
        }
    };
    for (record, row) in records.iter().zip(&rows) {
        assert_eq!(record[0], row.unit.to_string());
        assert_eq!(&record[1], row.order_id.as_str());
        assert_eq!(record[2], as_text(&row.user_id));
        assert_eq!(
            record[4],
            as_text(row.idempotency_key.as_deref().unwrap_or_default())
        );
        // RFC 3339 in UTC: a spreadsheet and a person read the same moment.
        assert!(
            record[3].ends_with('Z') && record[3].len() == "2026-12-01T11:00:00.007Z".len(),
            "{record:?}"
        );
        let milliseconds = format!("{:03}Z", row.ordered_at % 1000);
        assert!(record[3].ends_with(&milliseconds), "{record:?}");
        for cell in record {
            assert!(
                !cell.starts_with(['=', '+', '-', '@']),
                "a spreadsheet runs {cell:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_table_has_a_line_for_each_order() {
    let (server, told) = sold().await;
    let table = print(&server, "table").await;
    let mut lines = table.lines();
    let header = lines.next().expect("a header");
    for column in ["UNIT", "ORDER", "ORDERED AT", "USER"] {
        assert!(header.contains(column), "{header}");
    }
    for (unit, (user, _, order_id)) in (1..).zip(&told) {
        let line = lines.next().expect("a line for each");
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            (fields[0], fields[1]),
            (unit.to_string().as_str(), order_id.as_str()),
            "{line}"
        );
        assert!(line.ends_with(user.as_str()), "{line}");
    }
    assert_eq!(lines.next(), None);
    let default = books::run(server.home().path(), &["orders"]).await;
    assert_eq!(
        default.stdout, table,
        "a table is what comes unasked, of the only ledger there is"
    );
}

#[tokio::test]
async fn a_file_holds_what_would_be_printed() {
    let (server, _) = sold().await;
    let home = server.home().path();
    let path = home.join("orders.out");
    std::fs::write(&path, "x".repeat(100_000)).expect("an older, longer file");
    for format in FORMATS {
        let arguments = [
            "orders",
            "--sale-id",
            SALE_ID,
            "--format",
            format,
            "--output",
            text(&path),
        ];
        let exit = books::run(home, &arguments).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit:?}");
        let written = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(written, print(&server, format).await, "{format}");
    }
    let exit = books::run(home, &["orders", "--output", "no-such-folder/orders.csv"]).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    assert!(
        exit.stderr.contains("no-such-folder/orders.csv"),
        "{exit:?}"
    );
    // No room for it is an error, too: half an export must not pass for a whole one.
    let exit = books::run(
        home,
        &["orders", "--format", "csv", "--output", "/dev/full"],
    )
    .await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<DirEntry>| entry.expect("an entry").file_name();
    entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect()
}

/// The books are the only record of what was sold. By whatever name, they are no place for an export.
#[tokio::test]
async fn the_ledger_itself_is_no_place_for_its_orders() {
    let (server, told) = sold().await;
    let home = server.home().path().to_owned();
    std::os::unix::fs::symlink("data/drop.sqlite3", home.join("link")).expect("a link");
    std::fs::hard_link(server.home().ledger(), home.join("hard-link")).expect("a link");
    let targets = [
        "data/drop.sqlite3",
        "data/../data/drop.sqlite3",
        "link",
        "hard-link",
        "data/drop.sqlite3-wal",
        "data/drop.sqlite3-shm",
        "data/drop.lock",
    ];
    let refused = async |ledger: &str, target: &str| {
        let exit = books::run(&home, &["orders", ledger, "--output", target]).await;
        assert_eq!(exit.code, Some(2), "{ledger} to {target}: {exit:?}");
        assert!(exit.stderr.contains(target), "{exit:?}");
    };
    for target in targets {
        refused("data/drop.sqlite3", target).await;
        refused("link", target).await;
    }
    assert_eq!(server.orders().await.len(), told.len());
    let mut client = server.client().await;
    client.buy("afterwards").await.purchased();
    let setup = server.stop().await.0;
    // SQLite has taken its log away, and would read what it finds in its place.
    assert!(!home.join("data/drop.sqlite3-wal").exists());
    for target in targets {
        refused("data/drop.sqlite3", target).await;
    }
    let mut found = names(&home.join("data")).into_iter();
    assert!(found.all(|name| !name.contains(".part")));
    let server = setup.start().await;
    assert_eq!(server.orders().await.len(), told.len() + 1);
    books::assert_clean(&server.home().ledger()).await;
}

/// No room for the new one, in the middle of it: the earlier one is still whole.
#[tokio::test]
async fn a_failed_export_leaves_the_earlier_one() {
    let (server, _) = sold().await;
    let home = server.home().path();
    let path = home.join("orders.jsonl");
    std::fs::write(&path, "an earlier export\n").expect("a file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    let before = names(home);
    let mut command = Command::new("sh");
    let limited =
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" orders --format jsonl --output orders.jsonl";
    command.args(["-c", limited]).arg(flashsale());
    let output = command.current_dir(home).env_clear().output().expect("sh");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("not all orders"), "{stderr}");
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text, "an earlier export\n");
    assert_eq!(names(home), before, "nothing half made stays behind");

    // A link stays a link, and what was for one person's eyes stays so.
    std::os::unix::fs::symlink("orders.jsonl", home.join("latest")).expect("a link");
    let arguments = ["orders", "--format", "jsonl", "--output", "latest"];
    let exit = books::run(home, &arguments).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(home.join("latest").is_symlink());
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text, print(&server, "jsonl").await);
    let mode = std::fs::metadata(&path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_orders_of_no_ledger_are_an_error() {
    let (server, _) = sold().await;
    let home = server.home().path();
    std::fs::write(
        home.join("notes.txt"),
        "not a ledger, but longer than its header is\n".repeat(50),
    )
    .expect("a file");
    let wrong: [&[&str]; 4] = [
        &["orders", "no-such-file.sqlite3"],
        &["orders", "--sale-id", "no-such-sale"],
        &["orders", "--data-dir", "no-such-folder"],
        &["orders", "notes.txt"],
    ];
    for arguments in wrong {
        let exit = books::run(home, arguments).await;
        assert_eq!(
            (exit.code, exit.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {exit:?}"
        );
        assert!(!exit.stderr.trim().is_empty(), "{arguments:?}");
    }
    assert!(
        !home.join("no-such-file.sqlite3").exists(),
        "a look makes no ledger"
    );
}

/// Whoever reads may stop reading: `head` has what it wants, and nothing went wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pipe_is_no_error() {
    // More than a pipe and two buffers hold, in each format.
    const ORDERS: usize = 4_000;
    let server = TestServer::setup().stock(ORDERS as u64).start().await;
    let users = (0..ORDERS)
        .map(|number| format!("buyer-{number}@example.com"))
        .collect();
    load::once_each(&[server.door().await], users, 64)
        .await
        .expect("every purchase is answered");
    let mut ends = Vec::new();
    for format in FORMATS {
        let mut command = Command::new(flashsale());
        command
            .args(["orders", "--format", format])
            .current_dir(server.home().path())
            .env_clear();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stdout =
            BufReader::with_capacity(64, child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a first line");
        assert!(line.ends_with('\n'), "{format}: {line:?}");
        drop(stdout);
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .expect("stderr is piped")
            .read_to_string(&mut stderr)
            .expect("text");
        ends.push((format, child.wait().expect("an end").code(), stderr));
    }
    assert_eq!(ends, FORMATS.map(|format| (format, Some(0), String::new())));
}

/// A picture of one moment each, never of half a batch, and the sale does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_are_read_while_the_server_sells() {
    let _machine = crate::support::machine_alone().await;
    let server = TestServer::setup().stock(10_000_000).start().await;
    let ledger = server.home().ledger();
    let selling = load::until_cut(&server.door().await, 8, "buyer").await;
    let mut last: Vec<Row> = Vec::new();
    for _ in 0..5 {
        let rows = books::orders(&ledger).await;
        assert!(
            rows.iter().zip(1..).all(|(row, unit)| row.unit == unit),
            "units have a gap"
        );
        assert!(
            rows.len() >= last.len() && rows[..last.len()] == last[..],
            "what was sold has changed"
        );
        books::assert_clean(&ledger).await;
        last = rows;
    }
    let (setup, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let told = selling.join().await;
    assert!(
        told.others.is_empty(),
        "the sale did not notice: {:?}",
        told.others
    );
    let rows = books::orders(&setup.home().ledger()).await;
    assert!(rows.len() > last.len(), "it was selling all the time");
    assert!(rows.len() >= told.confirmed.len());
}
