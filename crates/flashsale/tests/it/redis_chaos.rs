//! Redis and the network fail while three nodes sell. Nobody gets a second order, no confirmed order is
//! lost, every unknown answer becomes one that stands, and the nodes recover by themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flashsale_testkit::{Program, RedisServer};

use crate::redis_nodes::STRATEGIES;
use crate::support::checks::assert_none;
use crate::support::client::{Answer, Client};
use crate::support::machine_alone;
use crate::support::server::{Setup, TestServer};
use crate::support::shop::Shop;

/// A server that keeps every confirmed order, also over kill -9.
async fn durable(program: Program) -> RedisServer {
    RedisServer::setup(program)
        .option("appendonly", "yes")
        .option("appendfsync", "always")
        .option("busy-reply-threshold", "100")
        .option("enable-debug-command", "yes")
        .option("enable-protected-configs", "yes")
        .start()
        .await
}

fn setup(strategy: &str) -> Setup {
    TestServer::setup()
        .on_redis("redis://127.0.0.1:1")
        .env("REDIS_STRATEGY", strategy)
        .env("REDIS_DURABILITY", "fsync")
        .stock(1_000_000)
}

/// The command that stores a batch.
fn storing(strategy: &str) -> &'static [u8] {
    if strategy == "function" {
        b"FCALL"
    } else {
        b"EXEC"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_14_redis_is_killed_in_mid_sale_and_comes_back_with_every_confirmed_order() {
    let _machine = machine_alone().await;
    for (program, strategy) in [
        (Program::Redis, "function"),
        (Program::Redis, "watch"),
        (Program::Valkey, "function"),
    ] {
        let redis = durable(program).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        for _ in 0..3 {
            redis.kill();
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert!(shop.readiness().await.iter().all(Result::is_err));
            redis.restart().await;
            shop.until_ready().await;
            rush.goes_on(100).await;
        }
        rush.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_14_a_connection_cut_after_the_request_was_sent_resolves_to_one_order() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        for proxy in &shop.proxies {
            proxy.cut_after_request_with(storing(strategy), 15);
        }
        rush.goes_on(400).await;
        for proxy in &shop.proxies {
            assert!(proxy.cuts() > 0, "connections were cut");
            proxy.cut_before_request_with(storing(strategy), 15);
        }
        rush.goes_on(400).await;
        for proxy in &shop.proxies {
            proxy.pass().await;
        }
        rush.end().await;
    }
}

/// Requests that nobody waits for any more come to Redis after all, behind those that were sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_15_a_batch_that_is_applied_late_makes_no_second_order() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        for _ in 0..2 {
            // Longer than a node waits for an answer.
            shop.proxies[0].hold().await;
            shop.proxies[1].drop_answers().await;
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            for proxy in &shop.proxies {
                proxy.pass().await;
            }
            shop.until_ready().await;
        }
        rush.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_25_a_frozen_redis_is_told_as_busy_in_time_and_sells_again() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        redis.freeze();
        let mut client = Client::open(&shop.doors[0]).await.expect("a connection");
        let asked_at = std::time::Instant::now();
        let answer = client.buy("patient").await;
        assert_eq!(answer, Answer::Busy);
        let waited = asked_at.elapsed();
        assert!(waited < Duration::from_secs(7), "told after {waited:?}");
        tokio::time::sleep(Duration::from_secs(10).saturating_sub(waited)).await;
        assert!(shop.readiness().await.iter().all(Result::is_err));
        redis.thaw();
        rush.end().await;
        // Whatever became of that attempt, asking again gives one answer.
        let first = client.buy("patient").await;
        let id = first.order_id().expect("an order").to_owned();
        assert_eq!(client.lookup("patient").await, Some(id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_25_a_half_open_network_and_a_black_hole_end_at_a_deadline() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        shop.proxies[0].half_open().await;
        shop.proxies[1].black_hole().await;
        shop.proxies[2].delay(Duration::from_millis(60)).await;
        // The node with the slow network still sells.
        rush.goes_on(50).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let readiness = shop.readiness().await;
        assert!(
            readiness[0].is_err() && readiness[1].is_err(),
            "{readiness:?}"
        );
        for proxy in &shop.proxies {
            proxy.pass().await;
        }
        rush.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_in_mid_batch_loses_and_doubles_nothing() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let mut shop = Shop::open(&setup(strategy), redis.address()).await;
        for _ in 0..3 {
            let rush = shop.begin().await;
            let victim = shop.nodes[0].process_id();
            crate::support::process::kill_by_id(victim);
            rush.goes_on(100).await;
            let settled = rush.abandon();
            let setup = shop.nodes.remove(0).kill().await;
            // It comes back on another port, so it is a door of its own.
            shop.nodes.insert(0, setup.start().await);
            shop.doors = crate::support::checks::doors(&shop.nodes).await;
            assert_none(&settled.judge(&shop.doors).await);
        }
        shop.begin().await.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_21_an_emptied_redis_closes_every_node_and_is_never_filled_again() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        redis.command(&["FLUSHALL"]).await.assert_ok();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        for reason in shop.readiness().await {
            let reason = reason.expect_err("it is closed");
            assert!(reason.contains("holds nothing"), "{reason}");
        }
        let settled = rush.abandon();
        let mut clients = Vec::new();
        for door in &shop.doors {
            let mut client = Client::open(door).await.expect("a connection");
            assert_eq!(client.buy("late").await, Answer::Busy);
            clients.push(client);
        }
        // What was confirmed stays true, at the node that confirmed it and at all that have heard of it.
        for (user, id) in &settled.confirmed {
            let mut shown = 0;
            for client in &mut clients {
                let look_up = client.get(&format!("/api/purchase/{user}")).await;
                if look_up.status == 200 {
                    assert_eq!(look_up.json()["orderId"], *id, "{user}");
                    shown += 1;
                }
            }
            assert!(shown > 0, "nobody knows the order of {user}");
        }
        for key in ["config", "stock", "orders"] {
            let reply = redis.command(&["EXISTS", &format!("{{drop}}:{key}")]).await;
            assert_eq!(reply.int(), 0, "{key} is there again");
        }
        // Nor does a node that comes new fill it, if its sale has begun.
        let new = setup(strategy)
            .env("REDIS_URL", redis.url())
            .env("REDIS_CREATE_LATE", false);
        let exit = new.refused().await;
        assert!(exit.said().contains("REDIS_CREATE_LATE"), "{}", exit.said());
    }
}

/// Redis takes no write for a while, for one reason or another: buyers are told `busy`, nothing changes,
/// and when the reason is gone it sells again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_17_a_redis_that_refuses_is_busy_and_sells_again_by_itself() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let setup = setup(strategy).env("REDIS_DURABILITY", "memory");
        let shop = Shop::open(&setup, redis.address()).await;
        let set = async |name: &str, value: &str| {
            redis
                .command(&["CONFIG", "SET", name, value])
                .await
                .assert_ok();
        };

        check_refusing(&shop, &redis, "OOM", async || set("maxmemory", "1").await).await;
        set("maxmemory", "0").await;
        check_selling(&shop).await;

        check_refusing(&shop, &redis, "NOREPLICAS", async || {
            set("min-replicas-to-write", "1").await;
        })
        .await;
        set("min-replicas-to-write", "0").await;
        check_selling(&shop).await;

        // A dump cannot be written, because a folder is in its place.
        std::fs::create_dir_all(redis.folder().join("taken/full")).expect("a folder");
        check_refusing(&shop, &redis, "MISCONF", async || {
            set("save", "3600 1").await;
            set("dbfilename", "taken").await;
            redis.command(&["BGSAVE"]).await;
            while redis.info("rdb_last_bgsave_status").await.as_deref() != Some("err") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        set("save", "").await;
        check_selling(&shop).await;

        // A replica of nobody that answers keeps its data, and takes no writes.
        check_refusing(&shop, &redis, "READONLY", async || {
            redis
                .command(&["REPLICAOF", "127.0.0.1", "1"])
                .await
                .assert_ok();
        })
        .await;
        redis.command(&["REPLICAOF", "NO", "ONE"]).await.assert_ok();
        check_selling(&shop).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_17_a_busy_and_a_loading_redis_are_waited_for() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = durable(Program::Redis).await;
        let shop = Shop::open(&setup(strategy), redis.address()).await;
        let rush = shop.begin().await;
        // Somebody else's script runs for ever, until it is ended.
        let mut other = redis.connect().await;
        other
            .send(&[b"EVAL", b"while true do end", b"0"])
            .await
            .expect("it is sent");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let reasons = shop.readiness().await;
        assert!(reasons.iter().all(Result::is_err), "{reasons:?}");
        redis.command(&["SCRIPT", "KILL"]).await.assert_ok();
        shop.until_ready().await;
        rush.goes_on(100).await;

        // It starts again, and takes some seconds to read what it has stored: one to five commands an order.
        let orders = redis.command(&["XLEN", "{drop}:orders"]).await.int();
        let delay_us = (4_000_000 / (3 * orders)).to_string();
        let set = ["CONFIG", "SET", "key-load-delay", &delay_us];
        redis.command(&set).await.assert_ok();
        redis.command(&["CONFIG", "REWRITE"]).await.assert_ok();
        redis.kill();
        let mut restart = std::pin::pin!(redis.restart());
        let mut reasons = Vec::new();
        loop {
            tokio::select! {
                () = &mut restart => break,
                () = tokio::time::sleep(Duration::from_millis(50)) => {
                    reasons.extend(shop.readiness().await.into_iter().filter_map(Result::err));
                }
            }
        }
        // While it reads, a server answers after every 1,024 commands alone: on a slow machine, which has sold
        // little by then, it is there again before a node has met it like that.
        let answers_meanwhile = orders >= 10_000;
        assert!(
            !answers_meanwhile || reasons.iter().any(|reason| reason.contains("LOADING")),
            "{reasons:?}"
        );
        let set = ["CONFIG", "SET", "key-load-delay", "0"];
        redis.command(&set).await.assert_ok();
        rush.end().await;
    }
}

async fn check_refusing(shop: &Shop, redis: &RedisServer, code: &str, fault: impl AsyncFnOnce()) {
    let counts = async || {
        let stock = redis.command(&["GET", "{drop}:stock"]).await.text();
        let orders = redis.command(&["XLEN", "{drop}:orders"]).await.int();
        (stock, orders)
    };
    fault().await;
    let before = counts().await;
    for (number, door) in shop.doors.iter().enumerate() {
        let mut client = Client::open(door).await.expect("a connection");
        let answer = client.buy(&format!("{code}-{number}-{}", before.1)).await;
        assert_eq!(answer, Answer::Busy, "{code}");
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for reason in shop.readiness().await {
        let reason = reason.expect_err("it does not sell");
        assert!(reason.contains(code), "{reason}");
    }
    assert_eq!(counts().await, before, "{code}: nothing changes");
}

/// Numbers users whom nobody has seen yet.
static NEXT_USER: AtomicU64 = AtomicU64::new(0);

async fn check_selling(shop: &Shop) {
    shop.until_ready().await;
    for door in &shop.doors {
        let mut client = Client::open(door).await.expect("a connection");
        let user = format!("after-{}", NEXT_USER.fetch_add(1, Ordering::Relaxed));
        client.buy(&user).await.purchased();
    }
    crate::support::books::assert_clean(&shop.books).await;
}
