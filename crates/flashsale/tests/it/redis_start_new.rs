//! A sale that is made in Redis: once, by whichever node is first, and not when it may have been there before.

use std::time::Duration;

use flashsale_testkit::{Program, RedisServer};
use serde_json::Value;

use crate::redis_start::{assert_refused, config, keys};
use crate::support::books;
use crate::support::client::{Answer, Client};
use crate::support::machine_alone;
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, Home, Setup, TestServer};

/// Each round is another race; in one alone the first process might always be the quickest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_that_start_at_once_make_one_sale() {
    const ROUNDS: usize = 6;
    // Three agree.
    const STOCKS: [u64; 5] = [100, 200, 100, 300, 100];
    let _machine = machine_alone().await;
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        for round in 0..ROUNDS {
            redis.command(&["FLUSHALL"]).await.assert_ok();
            let window = TestServer::setup().on_redis(&redis.url());
            let mut starts = Vec::new();
            for number in 0..STOCKS.len() {
                let stock = STOCKS[(number + round) % STOCKS.len()];
                let setup = window.clone().at(Home::new()).stock(stock);
                starts.push((stock, tokio::spawn(setup.try_start())));
            }
            let mut nodes = Vec::new();
            let mut refusals = Vec::new();
            for (stock, start) in starts {
                match start.await.expect("a start does not panic") {
                    Ok(node) => nodes.push((stock, node)),
                    Err((_, exit)) => refusals.push((stock, exit)),
                }
            }
            let made: u64 = config(&redis, "stock").await.parse().expect("a number");
            let agreeing = STOCKS.iter().filter(|stock| **stock == made).count();
            assert_eq!(nodes.len(), agreeing, "{made} was made; {refusals:?}");
            for (stock, exit) in &refusals {
                assert_ne!(*stock, made, "{exit:?}");
                let both = [format!("is {stock},"), format!("with {made}.")];
                assert_refused(exit, 2, &["SALE_STOCK", &both[0], &both[1]]);
            }
            // It is one sale, whoever is asked.
            let left = redis.command(&["GET", "{drop}:stock"]).await.text();
            assert_eq!(left, made.to_string());
            for (number, (stock, node)) in nodes.iter().enumerate() {
                assert_eq!(*stock, made);
                let mut client = node.client().await;
                client.buy(&format!("buyer-{number}")).await.purchased();
            }
            let rows = nodes[0].1.orders().await;
            assert_eq!(rows.len(), nodes.len());
            assert_token_is_taken_by_all(&nodes).await;
            books::assert_clean(&*nodes[0].1.books()).await;
        }
    }
}

/// A token of the first node is good at each of the others: they share one key.
async fn assert_token_is_taken_by_all(nodes: &[(u64, TestServer)]) {
    let mut door = nodes[0].1.door().await;
    for (_, node) in nodes {
        door.address = node.address();
        let mut client = Client::open(&door).await.expect("a connection");
        let again = client.buy("buyer-0").await;
        assert!(matches!(again, Answer::AlreadyPurchased(_)), "{again:?}");
    }
}

/// A sale whose start has passed may have been sold from, and lost.
#[tokio::test]
async fn a_sale_under_way_that_is_not_there_is_made_only_when_that_is_said() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().on_redis(&redis.url());
    for late in [
        setup.clone().without("REDIS_CREATE_LATE"),
        setup.clone().env("REDIS_CREATE_LATE", false),
    ] {
        let refusal = late.refused().await;
        let words = ["REDIS_CREATE_LATE=true", "SALE_START", "drop"];
        assert_refused(&refusal, 2, &words);
        assert_eq!(keys(&redis).await, 0, "nothing was written");
    }
    let now = now_ms();
    let setup = setup.without("REDIS_CREATE_LATE");
    // What cannot have begun before is made: a start that is counted from now, and one that is to come.
    for (start, end, status) in [
        ("0s".to_owned(), "1h".to_owned(), "active"),
        ("30s".to_owned(), "1h".to_owned(), "upcoming"),
        (
            (now + HOUR_MS).to_string(),
            (now + 2 * HOUR_MS).to_string(),
            "upcoming",
        ),
    ] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        let made = setup
            .clone()
            .at(Home::new())
            .env("SALE_START", &start)
            .env("SALE_END", &end)
            .start()
            .await;
        assert_eq!(made.client().await.status().await["status"], status);
        // And what is there needs no leave.
        let other = made.setup_again().at(Home::new()).start().await;
        assert_eq!(other.client().await.status().await["status"], status);
    }
}

/// The first command that a newcomer runs, twice: both nodes mean the same sale.
#[tokio::test]
async fn two_nodes_without_settings_start_the_same_demo() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let demo = || {
        Setup::bare()
            .env("REDIS_URL", redis.url())
            .env("REDIS_DURABILITY", "memory")
    };
    let (first, second) = tokio::join!(demo().try_start(), demo().try_start());
    let first = first.unwrap_or_else(|(_, exit)| panic!("{exit:?}"));
    let second = second.unwrap_or_else(|(_, exit)| panic!("{exit:?}"));
    let status = first.client().await.status().await;
    assert_eq!(status["status"], "upcoming");
    let window = |status: &Value| (status["startsAt"].clone(), status["endsAt"].clone());
    let begun = window(&status);
    assert_eq!(window(&second.client().await.status().await), begun);

    let starts_at = status["startsAt"].as_i64().expect("a time");
    let wait = u64::try_from(starts_at - now_ms()).expect("it has not begun");
    assert!(wait <= 10_000, "{status}");
    tokio::time::sleep(Duration::from_millis(wait + 100)).await;
    let order_id = first.client().await.buy("ada").await.purchased();
    assert_eq!(
        second.client().await.lookup("ada").await,
        Some(order_id.clone())
    );

    // A restart goes on with it, and so does a third node that comes later.
    let (setup, exit) = first.stop().await;
    assert!(exit.stdout.contains("demo-"), "{exit:?}");
    for setup in [setup, demo()] {
        let node = setup.start().await;
        let mut client = node.client().await;
        let status = client.status().await;
        assert_eq!(
            (window(&status), &status["sold"]),
            (begun.clone(), &1.into())
        );
        let again = client.buy("ada").await;
        assert_eq!(again, Answer::AlreadyPurchased(order_id.clone()));
        let (_, exit) = node.stop().await;
        assert!(exit.stdout.contains("gone on with"), "{exit:?}");
    }
    // All of them have meant one sale.
    let configs = redis.command(&["KEYS", "*:config"]).await;
    assert_eq!(configs.items().len(), 1, "{configs:?}");
}
