//! A node that starts: on a Redis that is not there, that is set otherwise, or that is not the one it knows.
//!
//! Whatever it finds, it says so in one sentence and ends. It never sells a default, and it never fills up
//! what was sold before.

use std::time::{Duration, Instant};

use flashsale_testkit::{FaultProxy, Program, RedisServer, free_port};
use tokio::net::TcpListener;

use crate::support::books;
use crate::support::machine_alone;
use crate::support::now_ms;
use crate::support::process::Exit;
use crate::support::server::{HOUR_MS, Home, Setup, TestServer};

/// How long a start may take to say that Redis does not answer: its limits, and a little for the machine.
const TOLD_MAX: Duration = Duration::from_secs(6);
/// A server that loads takes about so long over it: longer than the start that is looked at.
const LOAD_MAX: Duration = Duration::from_secs(15);
const STOCK: u64 = 1_000;
const SOLD: u64 = 3;

/// The start ended with this exit code and one sentence, which has all of these words. Nobody was let in.
#[track_caller]
pub(crate) fn assert_refused(exit: &Exit, code: i32, words: &[&str]) {
    assert_eq!(exit.code, Some(code), "{exit:?}");
    assert!(!exit.said().contains("listening"), "{exit:?}");
    assert!(!exit.said().contains("panicked"), "{exit:?}");
    let is_log = |line: &str| line.starts_with('{');
    let told: Vec<&str> = exit.stderr.lines().filter(|line| !is_log(line)).collect();
    let [told] = told[..] else {
        panic!("one sentence is told: {exit:?}");
    };
    let sentence = told.strip_prefix("flashsale: ").unwrap_or_default();
    assert!(sentence.split(' ').count() >= 4, "a sentence: {told}");
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {told}");
    }
}

/// A sale of which a few units are sold, by a node that was stopped in order; returns how to start it again.
pub(crate) async fn sold(redis: &RedisServer) -> Setup {
    let node = TestServer::setup().on_redis(&redis.url()).start().await;
    let mut client = node.client().await;
    for number in 1..=SOLD {
        client.buy(&format!("buyer-{number}")).await.purchased();
    }
    let (setup, exit) = node.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    setup
}

/// The number of keys, whosever they are.
pub(crate) async fn keys(redis: &RedisServer) -> i64 {
    redis.command(&["DBSIZE"]).await.int()
}

/// A field of the configuration that is stored.
pub(crate) async fn config(redis: &RedisServer, field: &str) -> String {
    redis
        .command(&["HGET", "{drop}:config", field])
        .await
        .text()
}

/// Refused in bounded time, with a sentence that names where Redis should be.
async fn check_not_there(url: &str, address: &str) {
    let begun = Instant::now();
    let refusal = TestServer::setup().on_redis(url).refused().await;
    assert!(begun.elapsed() < TOLD_MAX, "{url}: {:?}", begun.elapsed());
    assert_refused(&refusal, 1, &[address]);
}

#[tokio::test]
async fn row_13_redis_that_is_down_is_told_at_the_start() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let address = redis.address().to_string();
    redis.stop().await;
    let other = free_port();
    for url in [
        redis.url(),
        format!("redis-cluster://127.0.0.1:{other},{address}"),
        format!("redis-sentinel://127.0.0.1:{other},{address}?master=shop"),
    ] {
        check_not_there(&url, &address).await;
    }
    check_not_there("redis://shop.invalid", "shop.invalid:6379").await;

    // Nothing is left of it: as soon as Redis is there the same start sells.
    let setup = TestServer::setup().on_redis(&redis.url());
    assert_refused(&setup.clone().refused().await, 1, &[&address]);
    redis.restart().await;
    let node = setup.start().await;
    let mut client = node.client().await;
    assert_eq!(client.status().await["stock"], STOCK);
    client.buy("ada").await.purchased();
}

#[tokio::test]
async fn row_13_redis_that_does_not_answer_is_told_at_the_start() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Valkey).start().await;
    let proxy = FaultProxy::before(redis.address()).await;
    proxy.black_hole().await;
    check_not_there(&proxy.url(), &proxy.address().to_string()).await;
    redis.freeze();
    check_not_there(&redis.url(), &redis.address().to_string()).await;
    redis.thaw();
    assert_eq!(keys(&redis).await, 0, "what was held back came to nothing");

    // In the middle of the start: everything before is answered, and from this command on nothing.
    let address = proxy.address().to_string();
    for command in ["INFO", "HGETALL", "EXEC", "XREAD", "FCALL"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        proxy.pass().await;
        let setup = TestServer::setup().on_redis(&proxy.url());
        let cuts = proxy.cuts();
        proxy.cut_after_request_with(command.as_bytes(), u64::MAX);
        let refusal = setup.clone().refused().await;
        assert!(proxy.cuts() > cuts, "{command} was sent");
        assert_refused(&refusal, 1, &[&address]);
        proxy.pass().await;
        // The sale may have been made before the answer was lost. If so it is gone on with.
        let node = setup.start().await;
        let status = node.client().await.status().await;
        assert_eq!(
            (&status["stock"], &status["sold"]),
            (&STOCK.into(), &0.into()),
            "{command}: {status}"
        );
        node.client().await.buy("ada").await.purchased();
        books::assert_clean(&*node.books()).await;
    }
}

/// Listens, and does with each connection what it is told.
async fn stranger(says: Option<&'static [u8]>) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let task = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            if let Some(bytes) = says {
                // A client that has gone already is none of ours.
                drop(stream.try_write(bytes));
            }
            kept.push(stream);
        }
    });
    (address, task)
}

#[tokio::test]
async fn row_13_a_port_on_which_something_else_listens_is_told_at_the_start() {
    let _machine = machine_alone().await;
    let shop = TestServer::setup().start().await;
    let shop_address = shop.address().to_string();
    check_not_there(&format!("redis://{shop_address}"), &shop_address).await;
    assert_eq!(shop.client().await.status().await["status"], "active");

    // Nothing at all, a greeting of another protocol, and what could be Redis but tells nothing.
    let greetings: [Option<&[u8]>; 4] = [
        None,
        Some(b"220 mail.example ESMTP\r\n"),
        Some(b"-ERR who are you\r\n"),
        Some(&[0; 64]),
    ];
    for greeting in greetings {
        let (address, task) = stranger(greeting).await;
        check_not_there(&format!("redis://{address}"), &address).await;
        task.abort();
    }
}

#[tokio::test]
async fn row_13_redis_that_loads_its_data_is_told_at_the_start() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis)
        .option("enable-debug-command", "yes")
        .option("loading-process-events-interval-bytes", "1024")
        .start()
        .await;
    let setup = sold(&redis).await;
    // Enough to load, slowly, for longer than a start takes.
    let fill = ["DEBUG", "POPULATE", "300", "{other}:key", "1000"];
    redis.command(&fill).await.assert_ok();
    let slow = ["CONFIG", "SET", "key-load-delay", "10000"];
    redis.command(&slow).await.assert_ok();
    let mut loading = redis.connect().await;
    loading
        .send(&[b"DEBUG", b"RELOAD"])
        .await
        .expect("a request");
    until(LOAD_MAX, async || {
        redis.info("loading").await.as_deref() == Some("1")
    })
    .await;

    let begun = Instant::now();
    let refusal = setup.clone().refused().await;
    assert!(begun.elapsed() < TOLD_MAX, "{:?}", begun.elapsed());
    assert_refused(&refusal, 1, &["LOADING", &redis.address().to_string()]);

    loading
        .receive()
        .await
        .expect("the end of loading")
        .assert_ok();
    let node = setup.start().await;
    assert_eq!(node.client().await.status().await["sold"], SOLD);
}

/// Waits until it holds; it must before the time is up.
async fn until(bound: Duration, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + bound;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {bound:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn row_10_settings_that_contradict_the_stored_ones_are_refused_with_both() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let now = now_ms();
    let setup = || TestServer::setup().on_redis(&redis.url());
    let first = setup()
        .window(now - HOUR_MS, now + HOUR_MS)
        .env("PRODUCT_ID", "cup")
        .start()
        .await;
    let agreeing = || {
        setup()
            .window(now - HOUR_MS, now + HOUR_MS)
            .env("PRODUCT_ID", "cup")
    };
    let stored = redis.command(&["HGETALL", "{drop}:config"]).await;
    let contradictions = [
        ("SALE_STOCK", "7".to_owned(), ["is 7,", "with 1000."]),
        ("SALE_STOCK", "1001".to_owned(), ["is 1001,", "with 1000."]),
        ("PRODUCT_ID", "plate".to_owned(), ["plate", "cup"]),
        (
            "PRODUCT_DESCRIPTION",
            "A plate".to_owned(),
            ["A plate", "Alba Stacking Dishes"],
        ),
        (
            "SALE_START",
            "2026-01-02T03:04:05.678Z".to_owned(),
            ["2026-01-02T03:04:05.678Z", &calendar_end(now - HOUR_MS)],
        ),
        (
            "SALE_END",
            "2099-01-02T03:04:05.678Z".to_owned(),
            ["2099-01-02T03:04:05.678Z", &calendar_end(now + HOUR_MS)],
        ),
    ];
    for (name, value, both) in contradictions {
        let refusal = agreeing().env(name, value).refused().await;
        assert_refused(&refusal, 2, &[name, "drop", both[0], both[1]]);
    }
    let found = redis.command(&["HGETALL", "{drop}:config"]).await;
    assert_eq!(found, stored, "what is stored holds");
    // What agrees, or says nothing, is let in.
    let second = agreeing().start().await;
    let third = agreeing()
        .without("SALE_STOCK")
        .without("PRODUCT_ID")
        .env("SALE_START", "30s")
        .without("SALE_END")
        .start()
        .await;
    let status = first.client().await.status().await;
    for node in [&second, &third] {
        let other = node.client().await.status().await;
        for field in ["stock", "startsAt", "endsAt", "productDescription"] {
            assert_eq!(other[field], status[field], "{field}");
        }
    }
}

/// How a time in milliseconds ends when it is written for people: its minutes, seconds and milliseconds.
fn calendar_end(ms: i64) -> String {
    let (minutes, seconds) = (ms / 60_000 % 60, ms / 1_000 % 60);
    format!(":{minutes:02}:{seconds:02}.{:03}Z", ms % 1_000)
}

#[tokio::test]
async fn row_21_a_node_that_has_sold_refuses_a_redis_that_is_empty() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let setup = sold(&redis).await;
        redis.command(&["FLUSHALL"]).await.assert_ok();
        // It is told that a late sale may be made, and yet knows better.
        for _ in 0..2 {
            let refusal = setup.clone().refused().await;
            let address = redis.address().to_string();
            assert_refused(&refusal, 1, &["data/drop.redis-epoch", "drop", &address]);
            assert_eq!(keys(&redis).await, 0, "nothing was filled up");
        }
        // The way out that the sentence names: to give up what was sold.
        let memory = setup.home().data().join("drop.redis-epoch");
        std::fs::remove_file(memory).expect("the memory is a file");
        let node = setup.start().await;
        assert_eq!(node.client().await.status().await["sold"], 0);
    }
}

#[tokio::test]
async fn row_21_a_node_that_has_sold_refuses_a_sale_that_somebody_else_made() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = sold(&redis).await;
    let first = config(&redis, "epoch").await;
    redis.command(&["FLUSHALL"]).await.assert_ok();
    let other = TestServer::setup().on_redis(&redis.url()).start().await;
    other.client().await.buy("ada").await.purchased();
    let second = config(&redis, "epoch").await;
    assert_ne!(first, second);

    let refusal = setup.refused().await;
    let path = "data/drop.redis-epoch";
    assert_refused(&refusal, 1, &[path, &first, &second]);
    // Whoever knows the new one goes on with it.
    other.client().await.buy("bob").await.purchased();
    let (setup, _) = other.stop().await;
    let other = setup.start().await;
    assert_eq!(other.client().await.status().await["sold"], 2);
}

/// The same sale, as it was before some of its orders.
#[tokio::test]
async fn row_21_a_node_that_has_sold_refuses_an_older_copy() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let setup = sold(&redis).await;
        redis.command(&["SAVE"]).await.assert_ok();
        let (data, copy) = (redis.folder().join("dump.rdb"), redis.folder().join("copy"));
        std::fs::copy(&data, &copy).expect("what was saved");
        let node = setup.start().await;
        let mut client = node.client().await;
        client.buy("ada").await.purchased();
        client.buy("bob").await.purchased();
        let (setup, exit) = node.stop().await;
        assert_eq!(exit.code, Some(0), "{exit:?}");

        redis.stop().await;
        std::fs::copy(&copy, &data).expect("the older copy is put back");
        redis.restart().await;
        let refusal = setup.clone().refused().await;
        let words = ["unit 5", "drop", "data/drop.redis-epoch"];
        assert_refused(&refusal, 1, &words);
        let left = redis.command(&["GET", "{drop}:stock"]).await.text();
        assert_eq!(left, (STOCK - SOLD).to_string(), "nothing was changed");
        // One that is new believes what it finds.
        let other = setup.at(Home::new()).start().await;
        assert_eq!(other.client().await.status().await["sold"], SOLD);
    }
}

#[tokio::test]
async fn what_a_node_cannot_remember_it_does_not_sell() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().on_redis(&redis.url());
    std::fs::write(setup.home().data(), "no folder").expect("a file");
    assert_refused(&setup.refused().await, 1, &["data/drop.redis-epoch"]);
    assert_eq!(keys(&redis).await, 0, "nothing was written");

    let setup = sold(&redis).await;
    let memory = setup.home().data().join("drop.redis-epoch");
    for text in ["", "\n", "an epoch of another kind\nand a place\n"] {
        std::fs::write(&memory, text).expect("a file");
        let refusal = setup.clone().refused().await;
        assert_eq!(refusal.code, Some(1), "{refusal:?}");
        assert!(
            refusal.stderr.contains("data/drop.redis-epoch"),
            "{refusal:?}"
        );
    }
}
