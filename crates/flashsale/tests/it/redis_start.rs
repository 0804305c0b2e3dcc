//! A node that starts: on a Redis that is not there, that is not whole, or that is not the one it knows.
//!
//! Whatever it finds, it says so in one sentence and ends. It never sells a default, and it never fills up
//! what was sold before.

use std::time::{Duration, Instant};

use flashsale_testkit::{FaultProxy, Program, RedisServer, Reply, Resp, free_port};
use tokio::net::TcpListener;

use crate::support::books;
use crate::support::client::Answer;
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

/// A sale of which a few units are sold, by a node that was stopped in order; returns what the node keeps.
pub(crate) async fn sold(redis: &RedisServer) -> Home {
    let node = TestServer::setup().on_redis(&redis.url()).start().await;
    let mut client = node.client().await;
    for number in 1..=SOLD {
        client.buy(&format!("buyer-{number}")).await.purchased();
    }
    let (setup, exit) = node.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    setup.home().clone()
}

/// The number of keys, whosever they are.
pub(crate) async fn keys(redis: &RedisServer) -> i64 {
    redis.command(&["DBSIZE"]).await.int()
}

async fn config(redis: &RedisServer, field: &str) -> String {
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
    for command in ["INFO", "HGETALL", "EXEC", "XREAD", "FCALL"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        proxy.pass().await;
        let setup = TestServer::setup().on_redis(&proxy.url());
        proxy.cut_after_request_with(command.as_bytes(), u64::MAX);
        let refusal = setup.clone().refused().await;
        assert_refused(&refusal, 1, &["Redis"]);
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
    let home = sold(&redis).await;
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

    let setup = TestServer::setup().on_redis(&redis.url()).at(home);
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
pub(crate) async fn until(bound: Duration, holds: impl AsyncFn() -> bool) {
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
                assert_eq!(
                    client.status().await["productDescription"].is_string(),
                    true
                );
                client.buy(&format!("buyer-{number}")).await.purchased();
            }
            let rows = nodes[0].1.orders().await;
            assert_eq!(rows.len(), nodes.len());
            let tokens = token_is_taken_by_all(&nodes).await;
            assert!(tokens, "the nodes share one key for tokens");
            books::assert_clean(&*nodes[0].1.books()).await;
        }
    }
}

/// Whether a token of the first node is good at each of the others.
async fn token_is_taken_by_all(nodes: &[(u64, TestServer)]) -> bool {
    let mut door = nodes[0].1.door().await;
    for (_, node) in nodes {
        door.address = node.address();
        let mut client = crate::support::client::Client::open(&door)
            .await
            .expect("a connection");
        if !matches!(client.buy("buyer-0").await, Answer::AlreadyPurchased(_)) {
            return false;
        }
    }
    true
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
    // What cannot have begun before this start is made; that it has begun may be by a moment.
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

#[tokio::test]
async fn row_21_a_node_that_has_sold_refuses_a_redis_that_is_empty() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let home = sold(&redis).await;
        redis.command(&["FLUSHALL"]).await.assert_ok();
        // It is told that a late sale may be made, and yet knows better.
        let setup = TestServer::setup().on_redis(&redis.url()).at(home.clone());
        for _ in 0..2 {
            let refusal = setup.clone().refused().await;
            let address = redis.address().to_string();
            assert_refused(&refusal, 1, &["data/drop.redis-epoch", "drop", &address]);
            assert_eq!(keys(&redis).await, 0, "nothing was filled up");
        }
        // The way out that the sentence names: to give up what was sold.
        std::fs::remove_file(home.data().join("drop.redis-epoch")).expect("the memory is a file");
        let node = setup.start().await;
        assert_eq!(node.client().await.status().await["sold"], 0);
    }
}

#[tokio::test]
async fn row_21_a_node_that_has_sold_refuses_a_sale_that_somebody_else_made() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let home = sold(&redis).await;
    let first = config(&redis, "epoch").await;
    redis.command(&["FLUSHALL"]).await.assert_ok();
    let other = TestServer::setup().on_redis(&redis.url()).start().await;
    other.client().await.buy("ada").await.purchased();
    let second = config(&redis, "epoch").await;
    assert_ne!(first, second);

    let setup = TestServer::setup().on_redis(&redis.url()).at(home);
    let refusal = setup.refused().await;
    let path = "data/drop.redis-epoch";
    assert_refused(&refusal, 1, &[path, &first, &second]);
    // Whoever knows the new one goes on with it.
    other.client().await.buy("bob").await.purchased();
    let (setup, _) = other.stop().await;
    let other = setup.start().await;
    assert_eq!(other.client().await.status().await["sold"], 2);
}

#[tokio::test]
async fn what_a_node_cannot_remember_it_does_not_sell() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().on_redis(&redis.url());
    std::fs::write(setup.home().data(), "no folder").expect("a file");
    assert_refused(&setup.refused().await, 1, &["data/drop.redis-epoch"]);
    assert_eq!(keys(&redis).await, 0, "nothing was written");
}

/// Damages a sale of which a few units are sold, and returns what a start said: exit code 1, why, and
/// with nothing repaired.
async fn check_damage(redis: &RedisServer, damage: &[&[&str]], words: &[&str]) {
    for strategy in ["function", "watch"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        let home = sold(redis).await;
        for command in damage {
            let reply = redis.command(command).await;
            assert_eq!(reply.error(), None, "{command:?}");
        }
        let before = digests(redis).await;
        // With the memory of the sale and without it.
        for home in [home, Home::new()] {
            let setup = TestServer::setup().on_redis(&redis.url()).at(home);
            let refusal = setup.env("REDIS_STRATEGY", strategy).refused().await;
            assert_refused(&refusal, 1, words);
        }
        assert_eq!(digests(redis).await, before, "{damage:?} was not touched");
    }
}

/// What stands for the contents of the sale's keys, and of one receipt.
async fn digests(redis: &RedisServer) -> Reply {
    let names = ["config", "stock", "orders", "user:buyer-1"];
    let keys = names.map(|name| format!("{{drop}}:{name}"));
    let mut command = vec!["DEBUG", "DIGEST-VALUE"];
    command.extend(keys.iter().map(String::as_str));
    let reply = redis.command(&command).await;
    assert_eq!(reply.items().len(), names.len());
    reply
}

async fn debuggable() -> RedisServer {
    let setup = RedisServer::setup(Program::Redis);
    setup.option("enable-debug-command", "yes").start().await
}

#[tokio::test]
async fn row_19_a_sale_of_which_a_part_is_missing_is_not_opened() {
    let redis = debuggable().await;
    let (config, stock, orders) = ("{drop}:config", "{drop}:stock", "{drop}:orders");
    check_damage(&redis, &[&["DEL", stock]], &["counter", "gone"]).await;
    check_damage(&redis, &[&["DEL", orders]], &["do not add up"]).await;
    check_damage(&redis, &[&["DEL", config]], &["without its configuration"]).await;
    check_damage(&redis, &[&["DEL", config, orders]], &["without its"]).await;
    check_damage(&redis, &[&["DEL", config, stock]], &["without its"]).await;
    check_damage(&redis, &[&["XTRIM", orders, "MAXLEN", "2"]], &["unit 2"]).await;
    for field in [
        "version",
        "saleId",
        "epoch",
        "csrfKey",
        "productId",
        "productDescription",
        "stock",
        "startsAt",
        "endsAt",
    ] {
        let words = ["configuration of drop", field, "missing"];
        check_damage(&redis, &[&["HDEL", config, field]], &words).await;
    }
}

#[tokio::test]
async fn row_19_a_sale_whose_numbers_disagree_is_not_opened() {
    let redis = debuggable().await;
    let (config, stock) = ("{drop}:config", "{drop}:stock");
    for number in ["1000", "996", "0", "-3"] {
        check_damage(&redis, &[&["SET", stock, number]], &["do not add up"]).await;
    }
    check_damage(
        &redis,
        &[&["HSET", config, "stock", "2000"]],
        &["do not add up"],
    )
    .await;
    let later = (now_ms() + HOUR_MS / 2).to_string();
    check_damage(
        &redis,
        &[&["HSET", config, "startsAt", &later]],
        &["unit 1", "window", "flashsale audit"],
    )
    .await;
    check_damage(&redis, &[&["HSET", config, "version", "2"]], &["version 2"]).await;
    check_damage(&redis, &[&["HSET", config, "saleId", "other"]], &["other"]).await;
}

#[tokio::test]
async fn row_20_a_sale_with_a_key_of_the_wrong_type_is_not_opened() {
    let redis = debuggable().await;
    for key in ["{drop}:config", "{drop}:stock", "{drop}:orders"] {
        let damage: [&[&str]; 2] = [&["DEL", key], &["SADD", key, "x"]];
        check_damage(&redis, &damage, &["not of the type it must be"]).await;
    }
}

#[tokio::test]
async fn row_20_a_text_that_is_not_the_number_it_must_be_is_not_opened() {
    let redis = debuggable().await;
    let (config, stock) = ("{drop}:config", "{drop}:stock");
    for field in ["stock", "startsAt", "endsAt"] {
        let damage: &[&str] = &["HSET", config, field, "many"];
        check_damage(&redis, &[damage], &["configuration of drop", field, "many"]).await;
    }
    check_damage(&redis, &[&["HSET", config, "csrfKey", "zz"]], &["csrfKey"]).await;
    check_damage(
        &redis,
        &[&["HSET", config, "endedAt", "many"]],
        &["endedAt"],
    )
    .await;
    // Redis itself counts down only what is written as it writes numbers. If that were left to the first
    // purchase, an order would be half written when Redis refuses.
    for number in ["many", "0997", "997.0", " 997", "9.97e2", "0x3e5", ""] {
        check_damage(&redis, &[&["SET", stock, number]], &["the sale is closed"]).await;
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
    let window =
        |status: &serde_json::Value| (status["startsAt"].clone(), status["endsAt"].clone());
    assert_eq!(
        window(&second.client().await.status().await),
        window(&status)
    );

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
        let mut node = setup.start().await;
        let banner = node.process().stdout();
        assert!(banner.contains("gone on with"), "{banner}");
        let mut client = node.client().await;
        let status = client.status().await;
        assert_eq!(
            (window(&status), &status["sold"]),
            (window(&status), &1.into())
        );
        let again = client.buy("ada").await;
        assert_eq!(again, Answer::AlreadyPurchased(order_id.clone()));
    }
    // After the demo there is still nothing but the one sale.
    let mut resp: Resp = redis.connect().await;
    let configs = resp.command(&["KEYS", "*:config"]).await;
    assert_eq!(configs.items().len(), 1, "{configs:?}");
}
