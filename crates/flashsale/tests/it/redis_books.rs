//! `flashsale orders` and `flashsale audit` on a sale in Redis, also while nodes sell from it.

use std::time::{Duration, Instant};

use flashsale_testkit::{FaultProxy, Program, RedisServer};
use tokio::net::TcpListener;

use crate::support::books::{self, InRedis, Place, Row};
use crate::support::client::Answer;
use crate::support::machine_alone;
use crate::support::now_ms;
use crate::support::process::Exit;
use crate::support::server::{Home, SALE_ID, Setup, TestServer};

const FORMATS: [&str; 3] = ["table", "csv", "jsonl"];
/// How long a command may take to say that Redis does not answer.
const TOLD_MAX: Duration = Duration::from_secs(6);

/// Buyers and their keys: what a spreadsheet would run, what CSV must quote, and what a careless store
/// would take for one of its own names, for a pattern, or for somebody else.
const BUYERS: [(&str, Option<&str>); 33] = [
    ("ada@example.com", Some("key-1")),
    ("plain", None),
    ("comma,semicolon;tab", Some("a,b")),
    ("\"quoted\" 'twice'", Some("\"q\"")),
    ("=1+1", Some("=HYPERLINK(\"http://evil.example\",\"x\")")),
    ("+491234567", Some("+1")),
    ("-2+3", Some("-1")),
    ("@sum(a1:a9)", Some("@sum(a1)")),
    ("späte käuferin \u{1f600}", None),
    ("'=already text", Some("two  words")),
    ("{drop}:stock", None),
    ("{drop}:user:plain", Some("{drop}:orders")),
    ("drop}:config", None),
    ("{}{}", Some("{}")),
    ("}}{{", None),
    ("***", Some("*")),
    ("*:user:*", None),
    ("[a-z]", Some("[!-~]")),
    ("a?c", None),
    ("a\\*c", Some("\\")),
    ("a:b", None),
    ("a:b:", Some(":")),
    (":::", None),
    ("user 1-1 abc", Some("1-1 00000000000000000000000000000000")),
    ("%20%00", Some("%")),
    ("$5\\r\\n", None),
    ("*1 $4", Some("$1")),
    ("café", None),
    ("cafe\u{301}", None),
    ("ＦＵＬＬ width", None),
    ("\u{202e}abc", None),
    ("ab\u{200b}c", None),
    ("\u{10ffff}\u{e000}\u{0301}", None),
];

/// Any sale in a Redis.
pub(crate) struct Named {
    pub(crate) url: String,
    pub(crate) sale: String,
}

impl Place for Named {
    fn arguments(&self) -> Vec<String> {
        ["--redis-url", &self.url, "--sale-id", &self.sale]
            .map(str::to_owned)
            .to_vec()
    }
}

/// A node that has sold to all of them, and what each was told.
pub(crate) async fn sold(setup: Setup) -> (TestServer, Vec<(String, Option<String>, String)>) {
    let node = setup.start().await;
    let mut client = node.client().await;
    let mut told = Vec::new();
    for (user, key) in BUYERS {
        let answer = match key {
            Some(key) => client.buy_with_key(user, key).await,
            None => client.buy(user).await,
        };
        told.push((user.to_owned(), key.map(str::to_owned), answer.purchased()));
    }
    (node, told)
}

async fn print(place: &(impl Place + ?Sized), format: &str) -> String {
    let exit = books::read("orders", place, &["--format", format]).await;
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:?}");
    exit.stdout
}

pub(crate) fn as_told(rows: &[Row]) -> Vec<(String, Option<String>, String)> {
    let told = |row: &Row| {
        let row = row.clone();
        (row.user_id, row.idempotency_key, row.order_id)
    };
    rows.iter().map(told).collect()
}

#[tokio::test]
async fn the_orders_are_what_the_buyers_were_told_however_odd_their_ids() {
    for (program, strategy) in [
        (Program::Redis, "function"),
        (Program::Redis, "watch"),
        (Program::Valkey, "function"),
        (Program::Valkey, "watch"),
    ] {
        let redis = RedisServer::setup(program).start().await;
        let setup = TestServer::setup().on_redis(&redis.url());
        let before = now_ms();
        let (node, told) = sold(setup.env("REDIS_STRATEGY", strategy)).await;
        let rows = node.orders().await;
        assert_eq!(as_told(&rows), told);
        let units: Vec<u64> = rows.iter().map(|row| row.unit).collect();
        assert_eq!(units, (1..=BUYERS.len() as u64).collect::<Vec<_>>());
        let times: Vec<i64> = rows.iter().map(|row| row.ordered_at).collect();
        assert!(times.is_sorted(), "{times:?}");
        let in_time = times.iter().all(|time| (before..=now_ms()).contains(time));
        assert!(in_time, "{times:?}");
        books::assert_clean(&*node.books()).await;

        // Another node knows each of them, and nobody else.
        let other = node.setup_again().at(Home::new()).start().await;
        let mut client = other.client().await;
        for (user, key, order_id) in &told {
            assert_eq!(client.lookup(user).await.as_ref(), Some(order_id));
            let again = match key {
                Some(key) => client.buy_with_key(user, key).await,
                None => client.buy(user).await,
            };
            let expected = match key {
                Some(_) => Answer::Purchased(order_id.clone()),
                None => Answer::AlreadyPurchased(order_id.clone()),
            };
            assert_eq!(again, expected, "{user}");
        }
        for user in ["stock", "config", "user:plain", "a*c", "abc", "CAFÉ"] {
            assert_eq!(client.lookup(user).await, None, "{user}");
        }
        assert_eq!(client.status().await["sold"], BUYERS.len());
    }
}

#[tokio::test]
async fn every_format_tells_the_same_orders() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let (node, told) = sold(TestServer::setup().on_redis(&redis.url())).await;
    let place = node.books();
    let rows = node.orders().await;

    let text = print(&*place, "csv").await;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header");
    let columns = [
        "unit",
        "order_id",
        "user_id",
        "ordered_at",
        "idempotency_key",
    ];
    assert_eq!(header, &csv::StringRecord::from(&columns[..]));
    let records: Vec<_> = reader
        .records()
        .map(|record| record.expect("a record"))
        .collect();
    assert_eq!(records.len(), rows.len());
    let as_text = |stored: &str| match stored.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{stored}"),
        _ => stored.to_owned(),
    };
    for (record, row) in records.iter().zip(&rows) {
        let key = row.idempotency_key.as_deref().unwrap_or_default();
        assert_eq!(record[0], row.unit.to_string());
        assert_eq!(record[1], row.order_id);
        assert_eq!(record[2], as_text(&row.user_id));
        assert_eq!(record[4], as_text(key));
        let milliseconds = format!(".{:03}Z", row.ordered_at % 1000);
        assert!(record[3].ends_with(&milliseconds), "{record:?}");
    }

    let table = print(&*place, "table").await;
    let mut lines = table.lines();
    let header = lines.next().expect("a header");
    for column in ["UNIT", "ORDER", "ORDERED AT", "USER"] {
        assert!(header.contains(column), "{header}");
    }
    for (unit, (user, _, order_id)) in (1..).zip(&told) {
        let line = lines.next().expect("a line for each");
        let fields: Vec<&str> = line.split_whitespace().collect();
        let unit = unit.to_string();
        assert_eq!(
            (fields[0], fields[1]),
            (&*unit, order_id.as_str()),
            "{line}"
        );
        assert!(line.ends_with(user.as_str()), "{line}");
    }
    assert_eq!(lines.next(), None);
    let default = books::read("orders", &*place, &[]).await;
    assert_eq!(default.stdout, table, "a table is what comes unasked");
}

#[tokio::test]
async fn a_file_holds_what_would_be_printed() {
    let redis = RedisServer::setup(Program::Valkey).start().await;
    let (node, _) = sold(TestServer::setup().on_redis(&redis.url())).await;
    let (place, folder) = (node.books(), Home::new());
    let path = folder.path().join("orders.out");
    std::fs::write(&path, "x".repeat(100_000)).expect("an older, longer file");
    for format in FORMATS {
        let target = path.to_str().expect("temporary paths are plain text");
        let more = ["--format", format, "--output", target];
        let exit = books::read("orders", &*place, &more).await;
        assert_eq!((exit.code, exit.said().trim()), (Some(0), ""), "{exit:?}");
        let written = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(written, print(&*place, format).await, "{format}");
    }
    let nowhere = folder.path().join("no-such-folder/orders.csv");
    for target in [nowhere.to_str().expect("plain text"), "/dev/full"] {
        let exit = books::read("orders", &*place, &["--output", target]).await;
        assert_eq!(exit.code, Some(1), "{exit:?}");
        assert!(!exit.stderr.trim().is_empty(), "{exit:?}");
    }
}

#[tokio::test]
async fn the_commands_are_told_where_by_the_environment_as_the_nodes_are() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let node = TestServer::setup().on_redis(&redis.url()).start().await;
    let order_id = node.client().await.buy("ada").await.purchased();
    for command in ["orders", "audit"] {
        // The very settings of a node.
        let setup = node.setup_again().arguments(&[command]);
        let exit = setup.refused().await;
        assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:?}");
        match command {
            "orders" => exit.assert_line_with(&["1", &order_id, "ada"]),
            _ => exit.assert_line_with(&["clean"]),
        }
    }
    let exit = books::audit(&*node.books()).await;
    exit.assert_line_with(&["ledger", &redis.url()]);
    exit.assert_line_with(&["sale", SALE_ID]);
    exit.assert_line_with(&["orders", "1 of 1000 units"]);
}

/// Nothing is printed but this sentence.
#[track_caller]
pub(crate) fn assert_not_read(exit: &Exit, code: i32, words: &[&str]) {
    assert_eq!(
        (exit.code, exit.stdout.as_str()),
        (Some(code), ""),
        "{exit:?}"
    );
    let lines: Vec<&str> = exit.stderr.lines().collect();
    let [told] = lines[..] else {
        panic!("one sentence is told: {exit:?}");
    };
    for word in words {
        assert!(told.contains(word), "{word:?} is not in: {told}");
    }
}

#[tokio::test]
async fn a_sale_that_is_not_there_or_not_named_is_exit_code_2() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let (node, _) = sold(TestServer::setup().on_redis(&redis.url())).await;
    let (url, home) = (redis.url(), node.home().path());
    let address = redis.address().to_string();
    for command in ["orders", "audit"] {
        let exit = books::run(home, &[command, "--redis-url", &url]).await;
        assert_not_read(&exit, 2, &["--sale-id", "which sale"]);
        for name in ["other", "Drop", "drop-2"] {
            let (url, sale) = (url.clone(), name.to_owned());
            let exit = books::read(command, &Named { url, sale }, &[]).await;
            assert_not_read(&exit, 2, &["no sale", name, &address]);
        }
        // What is no name is no pattern either.
        for name in ["dr*p", "", "{drop}", "drop:config"] {
            let (url, sale) = (url.clone(), name.to_owned());
            let exit = books::read(command, &Named { url, sale }, &[]).await;
            assert_not_read(&exit, 2, &["flashsale: "]);
        }
        // The numbered databases of one server are apart.
        let (url, sale) = (format!("{url}/1"), SALE_ID.to_owned());
        let exit = books::read(command, &Named { url, sale }, &[]).await;
        assert_not_read(&exit, 2, &["no sale", SALE_ID, &format!("{address}/1")]);
    }
    let keys = redis.command(&["DBSIZE"]).await.int();
    // A configuration, a counter, a list, and a receipt for each: looking has made nothing.
    assert_eq!(keys, 3 + i64::try_from(BUYERS.len()).expect("a few"));
}

#[tokio::test]
async fn redis_that_does_not_answer_is_exit_code_2() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let node = TestServer::setup().on_redis(&redis.url()).start().await;
    node.client().await.buy("ada").await.purchased();
    let check = async |url: String, address: String| {
        for command in ["orders", "audit"] {
            let begun = Instant::now();
            let exit = books::read(command, &InRedis(url.clone()), &[]).await;
            assert!(begun.elapsed() < TOLD_MAX, "{url}: {:?}", begun.elapsed());
            assert_not_read(&exit, 2, &[&address]);
        }
    };
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mute_address = mute.local_addr().expect("an address").to_string();
    check(format!("redis://{mute_address}"), mute_address).await;
    let proxy = FaultProxy::before(redis.address()).await;
    proxy.black_hole().await;
    check(proxy.url(), proxy.address().to_string()).await;
    redis.freeze();
    check(redis.url(), redis.address().to_string()).await;
    redis.thaw();
    books::assert_clean(&*node.books()).await;
    redis.kill();
    check(redis.url(), redis.address().to_string()).await;
    let url = format!("redis-cluster://{}", redis.address());
    check(url, redis.address().to_string()).await;
}
