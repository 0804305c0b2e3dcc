//! Two servers on one ledger, a restart with other settings, and an orderly stop in mid-sale.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::support::checks::{assert_none, assert_sells, books_agree, books_keep, kept_over_http};
use crate::support::client::{Answer, Client};
use crate::support::faults::Word;
use crate::support::load::{self, key_of};
use crate::support::machine_alone;
use crate::support::server::{HOUR_MS, SALE_ID, Setup, TestServer};

#[tokio::test]
async fn row_08_a_second_server_on_the_same_ledger_refuses() {
    let first = TestServer::setup().stock(10).start().await;
    let mut client = first.client().await;
    let order_id = client.buy("early").await.purchased();

    let second = first.setup_again().refused().await;
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(
        second.stderr.contains(SALE_ID),
        "the message names the ledger: {}",
        second.stderr
    );

    // The first has not noticed, and what it holds is whole.
    assert_eq!(
        client.buy("early").await,
        Answer::AlreadyPurchased(order_id)
    );
    client.buy("later").await.purchased();
    let rows = first.orders().await;
    assert_eq!(rows.len(), 2, "{rows:?}");

    // Once it is gone, however it went, nothing keeps the next one out.
    let setup = first.kill().await;
    let next = setup.start().await;
    assert_sells(&next.door().await, "after-the-first").await;
}

#[tokio::test]
async fn row_08_another_sale_in_the_same_directory_is_no_conflict() {
    let first = TestServer::setup().stock(10).start().await;
    let second = first
        .setup_again()
        .env("SALE_ID", "other-drop")
        .stock(20)
        .start()
        .await;
    assert_sells(&first.door().await, "buyer").await;
    assert_sells(&second.door().await, "buyer").await;
    assert_eq!(second.client().await.status().await["stock"], 19);
}

/// Moments with a well-known text: the first and second day of 2020 and of 2100.
const START: i64 = 1_577_836_800_000;
const OTHER_START: i64 = 1_577_923_200_000;
const END: i64 = 4_102_444_800_000;
const OTHER_END: i64 = 4_102_531_200_000;

fn stored_sale() -> Setup {
    TestServer::setup()
        .stock(500)
        .window(START, END)
        .env("PRODUCT_ID", "sneaker-red")
}

/// A setting that contradicts the stored sale is refused, with both values; the message may tell a
/// time in milliseconds or as text. The ledger is left as it was.
async fn assert_contradiction(name: &str, value: &str, either: [[&str; 2]; 2]) {
    let server = stored_sale().start().await;
    let order_id = server.client().await.buy("early").await.purchased();
    let (stored, exit) = server.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");

    let refusal = stored.clone().env(name, value).refused().await;
    assert!(matches!(refusal.code, Some(1 | 2)), "{name}: {refusal:?}");
    for shown in either {
        let told = shown.iter().any(|text| refusal.stderr.contains(text));
        assert!(
            told,
            "{name}: one of {shown:?} is missing: {}",
            refusal.stderr
        );
    }

    let server = stored.start().await;
    let mut client = server.client().await;
    assert_eq!(client.lookup("early").await, Some(order_id));
    let status = client.status().await;
    assert_eq!(status["stock"], 499, "{status}");
    assert_eq!(status["startsAt"], START, "{status}");
    assert_eq!(status["endsAt"], END, "{status}");
}

#[tokio::test]
async fn row_10_another_stock_is_refused_with_both_values() {
    assert_contradiction("SALE_STOCK", "501", [["500"; 2], ["501"; 2]]).await;
}

#[tokio::test]
async fn row_10_another_start_is_refused_with_both_values() {
    let texts = [
        ["1577836800000", "2020-01-01"],
        ["1577923200000", "2020-01-02"],
    ];
    assert_contradiction("SALE_START", &OTHER_START.to_string(), texts).await;
}

#[tokio::test]
async fn row_10_another_end_is_refused_with_both_values() {
    let texts = [
        ["4102444800000", "2100-01-01"],
        ["4102531200000", "2100-01-02"],
    ];
    assert_contradiction("SALE_END", &OTHER_END.to_string(), texts).await;
}

#[tokio::test]
async fn row_10_another_product_is_refused_with_both_values() {
    assert_contradiction(
        "PRODUCT_ID",
        "sneaker-blue",
        [["sneaker-red"; 2], ["sneaker-blue"; 2]],
    )
    .await;
}

/// "In a second, for an hour" means: from the first start on. A restart does not move the window.
#[tokio::test]
async fn row_10_relative_times_are_not_counted_again() {
    let setup = TestServer::setup()
        .env("SALE_START", "1s")
        .env("SALE_END", "1h");
    let server = setup.start().await;
    let first = server.client().await.status().await;
    let (setup, _) = server.stop().await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let server = setup.start().await;
    let second = server.client().await.status().await;
    assert_eq!(second["startsAt"], first["startsAt"]);
    assert_eq!(second["endsAt"], first["endsAt"]);
    let length = second["endsAt"]
        .as_i64()
        .zip(second["startsAt"].as_i64())
        .map(|(end, start)| end - start);
    assert_eq!(length, Some(HOUR_MS - 1_000));
    assert_eq!(second["status"], "active", "{second}");
}

/// Stored settings hold by themselves: the sale's name is enough to go on.
#[tokio::test]
async fn row_10_a_stored_sale_needs_no_settings_but_its_name() {
    let server = stored_sale().start().await;
    let order_id = server.client().await.buy("early").await.purchased();
    let setup = server.kill().await;
    let setup = setup
        .without("SALE_STOCK")
        .without("SALE_START")
        .without("SALE_END")
        .without("PRODUCT_ID");
    let server = setup.start().await;
    let mut client = server.client().await;
    let status = client.status().await;
    assert_eq!(
        (&status["stock"], &status["productId"]),
        (&499.into(), &"sneaker-red".into()),
        "{status}"
    );
    assert_eq!(client.lookup("early").await, Some(order_id));
}

/// Attempts that wait for a slow disk when the stop comes: each gets its answer, and the answer holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_11_a_stop_answers_every_waiting_attempt() {
    const WAITING: usize = 60;
    let setup = TestServer::setup()
        .stock(1_000)
        .with_faults()
        .env("PURCHASE_BATCH_MAX", 16);
    let server = setup.start().await;
    let door = server.door().await;
    let clients = load::open_all(&door, WAITING).await.expect("connections");
    let faults = server.faults();
    let syncs = faults.get(Word::Syncs);
    faults.set(Word::StallSyncMs, 400);
    let mut buyers = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        buyers.spawn(async move {
            let user = format!("waiting-{number}");
            let answer = client.try_buy_with_key(&user, &key_of(&user)).await;
            (user, answer)
        });
    }
    // One batch is at the disk; the rest has been read by the server long before it is through.
    faults.reached(Word::Syncs, syncs + 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(server.stop());
    let mut confirmed = BTreeMap::new();
    let mut busy = Vec::new();
    for (user, answer) in buyers.join_all().await {
        match answer {
            Ok(Answer::Purchased(order_id)) => {
                confirmed.insert(user, order_id);
            }
            Ok(Answer::Busy) => busy.push(user),
            other => panic!("{user} waited when the stop came and was told {other:?}"),
        }
    }
    let (setup, exit) = stopping.await.expect("the stop does not panic");
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(!confirmed.is_empty(), "the batch at the disk was settled");

    let server = setup.without_faults().start().await;
    let mut client = server.client().await;
    assert_none(&kept_over_http(&mut client, &confirmed).await);
    for user in busy {
        let order_id = client.buy_with_key(&user, &key_of(&user)).await.purchased();
        confirmed.insert(user, order_id);
    }
    assert_none(&books_agree(&server.home().ledger(), &confirmed).await);
}

/// A stop under full load. A request may meet a connection that is being closed, and then it has no
/// answer; but every answer that was given holds, and every attempt without one can be repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_11_a_stop_under_load_loses_nothing() {
    let _machine = machine_alone().await;
    let mut server = TestServer::setup().stock(10_000_000).start().await;
    let mut confirmed = BTreeMap::new();
    for round in 0..5 {
        let load = load::until_cut(&server.door().await, 32, &format!("round-{round}")).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        let (setup, exit) = server.stop().await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        let told = load.join().await;
        assert!(
            told.others
                .iter()
                .all(|(_, answer)| *answer == Answer::Busy),
            "{:?}",
            told.others
        );
        assert!(!told.confirmed.is_empty(), "the load was under way");

        server = setup.start().await;
        let mut client = Client::open(&server.door().await)
            .await
            .expect("a connection");
        assert_none(&kept_over_http(&mut client, &told.confirmed).await);
        confirmed.extend(told.confirmed);
        for user in told.in_doubt {
            let order_id = client.buy_with_key(&user, &key_of(&user)).await.purchased();
            confirmed.insert(user, order_id);
        }
        assert_none(&books_keep(&server.home().ledger(), &confirmed).await);
    }
}
