//! How often one user may try, over several nodes.

use flashsale_testkit::{Program, RedisServer};

use crate::http_rate_limits::assert_limited;
use crate::redis_nodes::start_nodes;
use crate::support::client::Answer;
use crate::support::server::{Setup, TestServer};

const NODES: usize = 3;

fn setup(url: &str) -> Setup {
    TestServer::setup()
        .on_redis(url)
        .env("RATE_LIMIT", "6/1h")
        .env("RATE_LIMIT_ADDRESS", "off")
}

/// How many of a user's attempts are not refused for being too many, over all nodes; those that are hear all they
/// should. While the sale is paused, every attempt goes to the ledger.
async fn passed(nodes: &[TestServer], user: &str) -> usize {
    let mut passed = 0;
    for node in nodes {
        let mut client = node.client().await;
        for _ in 0..10 {
            let purchase = client.door().purchase(user);
            let response = client.send(&purchase).await.expect("an answer");
            match Answer::of(&response) {
                Answer::Paused => passed += 1,
                _ => {
                    assert_limited(&response, "user", 6, 3_600);
                }
            }
        }
    }
    passed
}

#[tokio::test]
async fn all_nodes_count_together() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = setup(&redis.url());
    let nodes = start_nodes(&setup, &[0; NODES]).await;
    nodes[0].console().set_brake(true).await;
    assert_eq!(passed(&nodes, "ada").await, 6);
    // On the last node none of hers passed, so all were refused by what the others had counted.
    let metrics = nodes[NODES - 1].console().get("/metrics").await.text();
    let refused = r#"flashsale_purchases_total{outcome="rate_limited"} 10"#;
    assert!(metrics.lines().any(|line| line == refused), "{metrics}");
    assert_eq!(passed(&nodes, "bob").await, 6);
    check_addresses(&setup).await;
    // Where no script may run, each node counts alone.
    let setup = setup.env("REDIS_STRATEGY", "watch");
    let nodes = start_nodes(&setup, &[0; NODES]).await;
    assert_eq!(passed(&nodes, "eve").await, 6 * NODES);
}

/// An address has one share of the attempts on all nodes. Tokens and look-ups are counted by each node.
async fn check_addresses(setup: &Setup) {
    const SHARE: usize = 20;
    let setup = setup
        .clone()
        .env("RATE_LIMIT_ADDRESS", format!("{SHARE}/1h"));
    let nodes = start_nodes(&setup, &[0; NODES]).await;
    let mut passed = 0;
    for (node, server) in nodes.iter().enumerate() {
        let mut client = server.client().await;
        for buyer in 0..SHARE / 2 {
            let purchase = client.door().purchase(&format!("buyer-{node}-{buyer}"));
            let response = client.send(&purchase).await.expect("an answer");
            match Answer::of(&response) {
                Answer::Paused => passed += 1,
                _ => {
                    assert_limited(&response, "address", SHARE as u64, 3_600);
                }
            }
        }
    }
    assert_eq!(passed, SHARE);
}
