//! The first command that a newcomer runs: no settings at all.

use std::fs;

use crate::support::books;
use crate::support::client::Answer;
use crate::support::faults::Word;
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, Home, Setup, TestServer};

const DAY_MS: i64 = 24 * HOUR_MS;
/// How long the demo waits before it starts, and a little for the machine.
const START_MAX_MS: i64 = 10_000;

/// No settings but a free port; the clock is in the test's hand.
fn demo() -> Setup {
    Setup::bare().with_faults()
}

/// The names of the sales in the data directory, sorted.
fn sales(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.data()).expect("the data directory");
    let names = entries.map(|entry| {
        entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned()
    });
    let mut sales: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".sqlite3").map(str::to_owned))
        .collect();
    sales.sort();
    sales
}

/// Shifts the clock; from then on everything is that much later.
fn shift(server: &TestServer, ms: i64) {
    server.faults().set(Word::ClockShiftMs, ms);
}

async fn buyers(home: &Home, sale: &str) -> Vec<String> {
    let ledger = home.data().join(format!("{sale}.sqlite3"));
    books::assert_clean(&ledger).await;
    books::orders(&ledger)
        .await
        .into_iter()
        .map(|row| row.user_id)
        .collect()
}

#[tokio::test]
async fn without_settings_a_demo_starts_within_seconds() {
    let before = now_ms();
    let server = demo().start().await;
    let mut client = server.client().await;
    let status = client.status().await;
    assert_eq!(status["status"], "upcoming", "{status}");
    let starts_at = status["startsAt"].as_i64().expect("a time");
    assert!(
        (before..=now_ms() + START_MAX_MS).contains(&starts_at),
        "{status}"
    );
    assert_eq!(status["endsAt"], starts_at + HOUR_MS);
    assert!(
        status["stock"].as_i64().is_some_and(|stock| stock > 0),
        "{status}"
    );
    assert_eq!(client.buy("ada").await, Answer::NotActive);

    shift(&server, START_MAX_MS);
    assert_eq!(client.status().await["status"], "active");
    let order_id = client.buy("ada").await.purchased();
    assert_eq!(client.lookup("ada").await, Some(order_id));
    let sales = sales(server.home());
    assert_eq!(sales.len(), 1, "{sales:?}");
    let (stamp, digits) = sales[0].split_at("demo-".len());
    assert_eq!(stamp, "demo-");
    assert!(
        digits.len() == "YYYYMMDD-HHMMSS".len()
            && digits.chars().all(|c| c.is_ascii_digit() || c == '-'),
        "{digits}"
    );
}

#[tokio::test]
async fn a_restart_goes_on_with_the_same_demo() {
    let server = demo().start().await;
    let first = server.client().await.status().await;
    shift(&server, START_MAX_MS);
    let order_id = server.client().await.buy("ada").await.purchased();
    let mut setup = server.kill().await;
    for later in [START_MAX_MS, HOUR_MS / 2, HOUR_MS] {
        setup.faults().set(Word::ClockShiftMs, later);
        let server = setup.start().await;
        let mut client = server.client().await;
        let status = client.status().await;
        assert_eq!(
            (&status["startsAt"], &status["endsAt"]),
            (&first["startsAt"], &first["endsAt"])
        );
        assert_eq!(
            (&status["status"], &status["sold"]),
            (&"active".into(), &1.into()),
            "{status}"
        );
        assert_eq!(
            client.buy("ada").await,
            Answer::AlreadyPurchased(order_id.clone())
        );
        assert_eq!(sales(server.home()).len(), 1);
        setup = server.stop().await.0;
    }
}

#[tokio::test]
async fn started_again_tomorrow_it_is_a_live_sale_again() {
    let server = demo().start().await;
    let home = server.home().clone();
    shift(&server, START_MAX_MS);
    server.client().await.buy("ada").await.purchased();
    let mut setup = server.stop().await.0;
    let first = sales(&home);

    for day in 1..=2 {
        setup.faults().set(Word::ClockShiftMs, day * DAY_MS);
        let server = setup.start().await;
        let mut client = server.client().await;
        let status = client.status().await;
        assert_eq!(
            (&status["status"], &status["sold"]),
            (&"upcoming".into(), &0.into()),
            "{status}"
        );
        assert_eq!(client.lookup("ada").await, None, "it is another sale");
        shift(&server, day * DAY_MS + START_MAX_MS);
        client.buy("ada").await.purchased();
        client.buy("bob").await.purchased();
        setup = server.stop().await.0;

        let all = sales(&home);
        assert_eq!(
            all.len(),
            first.len() + usize::try_from(day).expect("a small number"),
            "{all:?}"
        );
        assert_eq!(all[..1], first[..], "names sort by time");
        assert_eq!(
            buyers(&home, &all[0]).await,
            ["ada"],
            "nobody's order was deleted"
        );
        assert_eq!(
            buyers(&home, all.last().expect("a sale")).await,
            ["ada", "bob"]
        );
    }
}

/// The demo that is over has been seen to be over: a clock set back does not open it again.
#[tokio::test]
async fn a_clock_set_back_does_not_reopen_a_demo_that_is_over() {
    let server = demo().start().await;
    let home = server.home().clone();
    shift(&server, START_MAX_MS);
    server.client().await.buy("ada").await.purchased();
    shift(&server, DAY_MS);
    assert_eq!(server.client().await.buy("late").await, Answer::NotActive);
    let setup = server.kill().await;
    setup.faults().set(Word::ClockShiftMs, START_MAX_MS);
    let server = setup.start().await;
    let mut client = server.client().await;
    assert_eq!(
        client.status().await["status"],
        "upcoming",
        "a new one, not the old one"
    );
    assert_eq!(client.lookup("ada").await, None);
    let all = sales(&home);
    assert_eq!(all.len(), 2, "{all:?}");
}

#[tokio::test]
async fn the_banner_says_where_to_look_and_what_is_not_safe() {
    let setup = demo();
    setup.faults().set(Word::ClockFrozenAtMs, now_ms());
    let mut server = setup.start().await;
    let banner = server.process().stdout();
    let sale = sales(server.home()).remove(0);
    let status = server.client().await.status().await;
    let product = status["productDescription"]
        .as_str()
        .expect("a text")
        .to_owned();
    let wanted = [
        format!("listening on http://{}", server.address()),
        sale.clone(),
        product,
        format!("{} units", status["stock"]),
        format!("{sale}.sqlite3"),
        "demo".to_owned(),
        "not safe".to_owned(),
        // Each of the things that a demo leaves open.
        "user id is believed".to_owned(),
        "plain HTTP".to_owned(),
    ];
    for text in wanted {
        assert!(banner.contains(&text), "{text:?} is missing:\n{banner}");
    }
    // The window is told as a calendar time and as a distance.
    assert!(banner.contains("(in 10 s)"), "{banner}");
    let (_, exit) = server.stop().await;
    for line in exit.stderr.lines() {
        assert!(
            line.starts_with('{'),
            "stderr is the log's, stdout is the person's: {line}"
        );
    }
}

#[tokio::test]
async fn the_banner_of_a_real_sale_does_not_call_it_a_demo() {
    let server = TestServer::setup().stock(7).start().await;
    server.client().await.buy("ada").await.purchased();
    let (setup, exit) = server.stop().await;
    assert!(!exit.stdout.contains("demo"), "{}", exit.stdout);
    assert!(
        exit.stdout.contains("user id is believed"),
        "what is open is said of every sale: {}",
        exit.stdout
    );
    let mut server = setup.start().await;
    let banner = server.process().stdout();
    assert!(banner.contains("7 units, 1 sold"), "{banner}");
}
