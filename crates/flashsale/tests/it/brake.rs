//! The emergency brake: what it stops, what it leaves alone, and that it is kept.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::checks::{assert_none, books_agree, doors};
use crate::support::client::{Answer, Client, Door};
use crate::support::contract::assert_outcome;
use crate::support::events::EventStream;
use crate::support::faults::Word;
use crate::support::machine_alone;
use crate::support::server::TestServer;

const BUYERS: usize = 32;

#[tokio::test]
async fn while_it_is_pulled_nothing_is_sold_and_buyers_hear_of_it() {
    let server = TestServer::setup().start().await;
    let (console, mut client) = (server.console(), server.client().await);
    let order = client.buy("ada").await.purchased();
    let mut stream = EventStream::open(server.address()).await.expect("a stream");
    assert_eq!(
        stream.next().await.expect("an event").status["paused"],
        false
    );

    let pulled = console.set_brake(true).await;
    let refused = client
        .send(&client.door().purchase("bob"))
        .await
        .expect("an answer");
    let body = assert_outcome(&refused, 403, "not_active", &["phase"]);
    assert_eq!(body["phase"], "paused");
    stream.until(|status| status["paused"] == true).await;
    let status = client.status().await;
    assert_eq!(
        (&status["status"], &status["paused"]),
        (&"active".into(), &true.into())
    );
    // Who has an order hears of it, and finds it.
    assert_eq!(
        client.buy("ada").await,
        Answer::AlreadyPurchased(order.clone())
    );
    assert_eq!(client.lookup("ada").await, Some(order.clone()));
    // Pulled again it is pulled as before.
    assert_eq!(console.set_brake(true).await, pulled);

    console.set_brake(false).await;
    stream.until(|status| status["paused"] == false).await;
    let later = client.buy("bob").await.purchased();
    let confirmed = BTreeMap::from([("ada".to_owned(), order), ("bob".to_owned(), later)]);
    assert_none(&books_agree(&*server.books(), &confirmed).await);
}

#[tokio::test]
async fn it_is_kept_over_a_stop_and_a_crash() {
    let server = TestServer::setup().start().await;
    server.console().set_brake(true).await;
    let server = server.kill().await.start().await;
    assert_eq!(server.client().await.buy("ada").await, Answer::Paused);
    assert_eq!(server.client().await.status().await["paused"], true);
    let (setup, _) = server.stop().await;
    let server = setup.start().await;
    assert_eq!(server.client().await.buy("ada").await, Answer::Paused);
    server.console().set_brake(false).await;
    let server = server.kill().await.start().await;
    let order = server.client().await.buy("ada").await.purchased();
    let confirmed = BTreeMap::from([("ada".to_owned(), order)]);
    assert_none(&books_agree(&*server.books(), &confirmed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_purchase_is_made_after_the_answer_to_the_brake() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(1_000_000).start().await;
    check_presses(&[server]).await;
}

/// Buyers press all the time, at all nodes. Whoever presses after the answer to the brake gets nothing, and
/// the books say so as well.
pub(crate) async fn check_presses(nodes: &[TestServer]) {
    let doors = doors(nodes).await;
    let mut confirmed = BTreeMap::new();
    for round in 0..5 {
        let began = Instant::now();
        let buyers: Vec<_> = (0..BUYERS)
            .map(|buyer| {
                let door = doors[buyer % doors.len()].clone();
                tokio::spawn(press(door, format!("{round}-{buyer}"), began))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let console = nodes[round % nodes.len()].console();
        console.set_brake(true).await;
        let answered_at = began.elapsed();
        let mut sold = 0;
        for buyer in buyers {
            for (sent_at, user, order) in buyer.await.expect("a buyer") {
                sold += 1;
                confirmed.insert(user, order);
                assert!(
                    sent_at < answered_at,
                    "sold at {sent_at:?}, paused at {answered_at:?}"
                );
            }
        }
        assert!(sold > 100, "{sold} purchases are too few to show anything");
        assert_none(&books_agree(&*nodes[0].books(), &confirmed).await);
        console.set_brake(false).await;
    }
}

/// Buys again and again as somebody else, and returns what was bought, and when each purchase was sent.
async fn press(door: Door, name: String, began: Instant) -> Vec<(Duration, String, String)> {
    let mut client = Client::open(&door).await.expect("a connection");
    let mut sold = Vec::new();
    for purchase in 0.. {
        let sent_at = began.elapsed();
        if sent_at > Duration::from_millis(600) {
            break;
        }
        let user = format!("{name}-{purchase}");
        match client.buy(&user).await {
            Answer::Purchased(order) => sold.push((sent_at, user, order)),
            Answer::Paused => {}
            other => panic!("{other:?}"),
        }
    }
    sold
}

/// Row 7: where it cannot be stored it is not pulled, and whoever pressed is told.
#[tokio::test]
async fn a_full_disk_refuses_it() {
    const ENOSPC: i64 = 28;
    let server = TestServer::setup().with_faults().start().await;
    let (console, faults) = (server.console(), server.faults());
    faults.set(Word::FailWriteFrom, faults.get(Word::Writes) + 1);
    faults.set(Word::WriteErrno, ENOSPC);
    let refused = console.ask(&console.brake(true)).await;
    assert_outcome(&refused, 503, "busy", &["retryAfterMs"]);
    assert_eq!(server.client().await.status().await["paused"], false);
    faults.set(Word::WriteErrno, 0);
    server.client().await.buy("ada").await.purchased();
    console.set_brake(true).await;
    assert_eq!(server.client().await.buy("bob").await, Answer::Paused);
}
