//! kill -9 under load, again and again on one sale.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::chance::Chance;
use crate::support::checks::{assert_none, assert_sells, books_keep, kept_over_http};
use crate::support::client::{Answer, Client};
use crate::support::load::{self, key_of};
use crate::support::machine_alone;
use crate::support::server::TestServer;

const ROUNDS: usize = 30;
const CONNECTIONS: usize = 32;

/// A round ends somewhere in here: before the first confirmation as well as after thousands.
const LOAD_MS: (u64, u64) = (1, 250);

/// Rows 1 and 2 at random moments; the exact moments are in `crash_points`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_under_load_lose_no_confirmed_order() {
    let _machine = machine_alone().await;
    let mut chance = Chance::announced("thirty kills");
    let mut server = TestServer::setup().stock(10_000_000).start().await;
    let mut confirmed = BTreeMap::new();
    let mut unanswered = 0;
    for round in 0..ROUNDS {
        let load =
            load::until_cut(&server.door().await, CONNECTIONS, &format!("round-{round}")).await;
        tokio::time::sleep(Duration::from_millis(chance.between(LOAD_MS.0, LOAD_MS.1))).await;
        let setup = server.kill().await;
        let told = load.join().await;
        assert!(
            told.others.is_empty(),
            "an open sale refused: {:?}",
            told.others
        );

        server = setup.start().await;
        let door = server.door().await;
        let mut client = Client::open(&door).await.expect("a connection");
        assert_none(&kept_over_http(&mut client, &told.confirmed).await);
        confirmed.extend(told.confirmed);
        // Nobody knows whether these went through; asking again must give one answer for ever.
        unanswered += told.in_doubt.len();
        for user in told.in_doubt {
            let order_id = client.buy_with_key(&user, &key_of(&user)).await.purchased();
            assert_eq!(
                client.buy(&user).await,
                Answer::AlreadyPurchased(order_id.clone())
            );
            confirmed.insert(user, order_id);
        }
        assert_none(&books_keep(&server.home().ledger(), &confirmed).await);
        assert_sells(&door, &format!("after-round-{round}")).await;
    }
    println!(
        "{ROUNDS} kills: {} orders kept, {unanswered} attempts without an answer resolved",
        confirmed.len()
    );
    let mut client = server.client().await;
    assert_none(&kept_over_http(&mut client, &confirmed).await);
    assert!(
        confirmed.len() > ROUNDS * CONNECTIONS,
        "the load confirmed too little to show anything"
    );
    assert!(unanswered > 0, "no kill met a purchase under way");
}
