//! The sale moves to another server while nodes sell: a failover by Sentinel, a slot that moves.

use std::time::Duration;

use flashsale_testkit::{Cluster, Program, RedisServer, Sentinels};

use crate::redis_nodes::{STRATEGIES, start_nodes};
use crate::support::books::InRedis;
use crate::support::machine_alone;
use crate::support::server::{Setup, TestServer};
use crate::support::shop::Shop;

fn setup(url: &str, strategy: &str) -> Setup {
    TestServer::setup()
        .on_redis(url)
        .env("REDIS_STRATEGY", strategy)
        .stock(1_000_000)
}

async fn shop(setup: &Setup, url: &str) -> Shop {
    let nodes = start_nodes(setup, &[0; 3]).await;
    Shop::of(nodes, Vec::new(), InRedis(url.to_owned())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_22_a_failover_by_sentinel_keeps_every_order_that_a_replica_had() {
    let _machine = machine_alone().await;
    for (program, strategy) in [
        (Program::Redis, "function"),
        (Program::Redis, "watch"),
        (Program::Valkey, "watch"),
    ] {
        let master = RedisServer::setup(program).start().await;
        let mut replicas = Vec::new();
        for _ in 0..2 {
            let replica = RedisServer::setup(program).replica_of(master.address());
            let replica = replica.start().await;
            replica.in_sync().await;
            replicas.push(replica);
        }
        let sentinels = Sentinels::start(&master, "shop", 3, 2).await;
        let url = sentinels.url();
        // Both replicas must have an order before it is confirmed, so whichever takes over has it.
        let setup = setup(&url, strategy).env("REDIS_DURABILITY", "replicas=2");
        let shop = shop(&setup, &url).await;
        let rush = shop.begin().await;
        master.kill();
        let new_master = sentinels.failed_over(master.address()).await;
        assert_ne!(new_master, master.address());
        // The old one comes back as a replica, and there are two again.
        master.restart().await;
        rush.end().await;
        let log: String = shop.nodes.iter().map(TestServer::stderr).collect();
        assert!(log.contains("is sent again"), "the fault was felt");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_23_a_slot_that_moves_is_followed() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let cluster = Cluster::setup(Program::Redis).masters(3).start().await;
        let url = cluster.url();
        let shop = shop(&setup(&url, strategy), &url).await;
        let rush = shop.begin().await;
        let slot = cluster.slot_of("{drop}:config").await;
        for _ in 0..2 {
            let to = (cluster.owner_of_slot(slot).await + 1) % 3;
            let moving = cluster.begin_move(slot, to).await;
            cluster.move_keys(moving, 100).await;
            // Half of it is here, half of it there, for a while.
            tokio::time::sleep(Duration::from_millis(800)).await;
            while cluster.move_keys(moving, 500).await > 0 {}
            tokio::time::sleep(Duration::from_millis(300)).await;
            cluster.finish_move(moving).await;
            assert_eq!(cluster.owner_of_slot(slot).await, to);
            shop.until_ready().await;
            rush.goes_on(100).await;
        }
        rush.end().await;
    }
}
