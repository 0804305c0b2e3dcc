//! The emergency brake over several nodes: pulled at one, obeyed by all.

use std::collections::BTreeMap;

use flashsale_testkit::{Program, RedisServer};

use crate::brake::check_presses;
use crate::redis_nodes::{STRATEGIES, start_nodes};
use crate::support::checks::{assert_none, books_agree};
use crate::support::client::Answer;
use crate::support::contract::assert_outcome;
use crate::support::events::EventStream;
use crate::support::machine_alone;
use crate::support::server::{Home, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_obeys_it_at_once_and_so_does_a_new_one() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let setup = TestServer::setup()
            .on_redis(&redis.url())
            .env("REDIS_STRATEGY", strategy);
        let nodes = start_nodes(&setup, &[0; 3]).await;
        let mut confirmed = BTreeMap::new();
        let mut streams = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let user = format!("early-{number}");
            let order = node.client().await.buy(&user).await.purchased();
            confirmed.insert(user, order);
            streams.push(EventStream::open(node.address()).await.expect("a stream"));
        }
        for round in 0..3 {
            nodes[round].console().set_brake(true).await;
            for (number, node) in nodes.iter().enumerate() {
                let mut client = node.client().await;
                let late = format!("late-{round}-{number}");
                assert_eq!(client.buy(&late).await, Answer::Paused, "{strategy}");
                let order = confirmed["early-0"].clone();
                assert_eq!(client.buy("early-0").await, Answer::AlreadyPurchased(order));
            }
            for stream in &mut streams {
                stream.until(|status| status["paused"] == true).await;
            }
            let newcomer = setup.clone().at(Home::new()).start().await;
            assert_eq!(
                newcomer.client().await.buy("newcomer").await,
                Answer::Paused
            );
            assert_eq!(newcomer.client().await.status().await["paused"], true);

            // Let go at another node than the one that pulled it.
            nodes[(round + 1) % 3].console().set_brake(false).await;
            for (number, node) in nodes.iter().enumerate() {
                let user = format!("after-{round}-{number}");
                let order = node.client().await.buy(&user).await.purchased();
                confirmed.insert(user, order);
            }
            for stream in &mut streams {
                stream.until(|status| status["paused"] == false).await;
            }
        }
        assert_none(&books_agree(&*nodes[0].books(), &confirmed).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_purchase_is_made_on_any_node_after_the_answer_to_the_brake() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let setup = TestServer::setup().on_redis(&redis.url()).stock(1_000_000);
        let nodes = start_nodes(&setup.env("REDIS_STRATEGY", strategy), &[0; 3]).await;
        check_presses(&nodes).await;
    }
}

#[tokio::test]
async fn without_redis_it_is_not_known_to_be_pulled() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let node = TestServer::setup().on_redis(&redis.url()).start().await;
    let console = node.console();
    redis.freeze();
    let refused = console.ask(&console.brake(true)).await;
    assert_outcome(&refused, 503, "busy", &["retryAfterMs"]);
    redis.thaw();
    // Pressed again it holds, whatever became of the first try.
    console.set_brake(true).await;
    assert_eq!(node.client().await.buy("ada").await, Answer::Paused);
}
