//! Whether a server keeps orders is looked at before anything is sold from it, and again while it sells.

use std::time::{Duration, Instant};

use flashsale_testkit::{Program, RedisServer};

use crate::redis_start::{assert_refused, keys};
use crate::support::client::{Answer, Client};
use crate::support::machine_alone;
use crate::support::server::{Setup, TestServer};

/// All that Redis has, and Valkey with it, but the one that drops nothing.
const POLICIES: [&str; 7] = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];
/// A setting that is changed is noticed within this time, and so is one that is put back.
const NOTICED_MAX: Duration = Duration::from_secs(7);

async fn set(redis: &RedisServer, name: &str, value: &str) {
    redis
        .command(&["CONFIG", "SET", name, value])
        .await
        .assert_ok();
}

/// Makes a server keep an append-only file, and waits until the first one is whole.
async fn begin_file(redis: &RedisServer) {
    set(redis, "appendonly", "yes").await;
    let deadline = Instant::now() + NOTICED_MAX;
    for field in ["aof_rewrite_scheduled", "aof_rewrite_in_progress"] {
        while redis.info(field).await.as_deref() != Some("0") {
            assert!(Instant::now() < deadline, "{field} after {NOTICED_MAX:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Sells from this server, in this mode.
fn node(redis: &RedisServer, durability: &str) -> Setup {
    let setup = TestServer::setup().on_redis(&redis.url());
    setup.env("REDIS_DURABILITY", durability)
}

/// Refused with exit code 2 before anything is written, in a sentence with all of these words.
async fn check_refused(redis: &RedisServer, durability: &str, words: &[&str]) {
    let refusal = node(redis, durability).refused().await;
    let address = redis.address().to_string();
    assert_refused(&refusal, 2, &[words, &[&address]].concat());
    assert_eq!(keys(redis).await, 0, "nothing was written");
}

/// Let in, and a purchase is confirmed. Returns the warnings that were logged.
async fn check_sells(redis: &RedisServer, durability: &str) -> Vec<String> {
    redis.command(&["FLUSHALL"]).await.assert_ok();
    let node = node(redis, durability).start().await;
    node.client().await.buy("ada").await.purchased();
    let (_, exit) = node.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let of_redis = |line: &&str| line.contains("WARN") && line.contains("flashsale_ledger::redis");
    let warnings = exit.stderr.lines().filter(of_redis);
    warnings.map(str::to_owned).collect()
}

#[tokio::test]
async fn row_18_a_server_that_may_drop_keys_is_refused_at_the_start() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        for policy in POLICIES {
            set(&redis, "maxmemory-policy", policy).await;
            let way_out = "CONFIG SET maxmemory-policy noeviction";
            check_refused(&redis, "memory", &[policy, "maxmemory-policy", way_out]).await;
        }
        // What the sentence says helps.
        set(&redis, "maxmemory-policy", "noeviction").await;
        check_sells(&redis, "memory").await;
    }
}

async fn readiness(client: &mut Client) -> (u16, String) {
    let response = client.get("/readyz").await;
    (response.status, response.text())
}

/// Waits until `/readyz` answers with this status, and returns why.
async fn until_ready_is(client: &mut Client, status: u16) -> String {
    let deadline = Instant::now() + NOTICED_MAX;
    loop {
        let (found, reasons) = readiness(client).await;
        if found == status {
            return reasons;
        }
        assert!(
            Instant::now() < deadline,
            "not {status} within {NOTICED_MAX:?}: {found} {reasons}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn row_18_a_policy_that_is_changed_while_selling_is_noticed_and_so_is_its_end() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let first = node(&redis, "memory").start().await;
    let second = node(&redis, "memory")
        .without("SALE_START")
        .without("SALE_END")
        .env("REDIS_STRATEGY", "watch")
        .start()
        .await;
    let mut clients = [first.client().await, second.client().await];
    let mut bought = Vec::new();
    for (number, client) in clients.iter_mut().enumerate() {
        let user = format!("early-{number}");
        bought.push((user.clone(), client.buy(&user).await.purchased()));
        assert_eq!(readiness(client).await.0, 200);
    }

    set(&redis, "maxmemory-policy", "allkeys-lru").await;
    for client in &mut clients {
        let reasons = until_ready_is(client, 503).await;
        let way_out = "CONFIG SET maxmemory-policy noeviction";
        for word in ["allkeys-lru", way_out] {
            assert!(reasons.contains(word), "{word:?} is not in {reasons}");
        }
        // It stays so, look after look, and nobody is sold anything.
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            assert_eq!(client.buy("late").await, Answer::Busy);
            let (status, reasons) = readiness(client).await;
            assert_eq!(status, 503, "{reasons}");
            assert!(reasons.contains("allkeys-lru"), "{reasons}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What is settled is still told.
        for (user, order_id) in &bought {
            assert_eq!(client.lookup(user).await.as_ref(), Some(order_id));
        }
    }
    let orders = redis.command(&["XLEN", "{drop}:orders"]).await.int();
    assert_eq!(orders, 2);

    set(&redis, "maxmemory-policy", "noeviction").await;
    for (number, client) in clients.iter_mut().enumerate() {
        until_ready_is(client, 200).await;
        client.buy(&format!("again-{number}")).await.purchased();
    }
    assert_eq!(first.orders().await.len(), 4);
}

#[tokio::test]
async fn fsync_without_an_append_only_file_is_refused_with_both_ways_out() {
    let ways_out = [
        "append-only file",
        "appendonly yes",
        "appendfsync always",
        "REDIS_DURABILITY=memory",
        "loses orders",
    ];
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        check_refused(&redis, "fsync", &ways_out).await;
        // It is what holds when nothing is said.
        let unasked = node(&redis, "fsync").without("REDIS_DURABILITY");
        assert_refused(&unasked.refused().await, 2, &ways_out);
        assert_eq!(keys(&redis).await, 0, "nothing was written");

        // Either way out helps.
        assert_eq!(check_sells(&redis, "memory").await.len(), 1);
        set(&redis, "appendfsync", "always").await;
        begin_file(&redis).await;
        assert_eq!(check_sells(&redis, "fsync").await, [""; 0]);
    }
}

#[tokio::test]
async fn fsync_needs_a_sync_before_the_answer_or_a_server_that_waits_for_it() {
    let file = |program| {
        let setup = RedisServer::setup(program).option("appendonly", "yes");
        setup.start()
    };
    let redis = file(Program::Redis).await;
    for (sync, during_rewrite, word) in [
        ("everysec", "no", "appendfsync is everysec"),
        ("no", "no", "appendfsync is no"),
        ("always", "yes", "no-appendfsync-on-rewrite no"),
    ] {
        set(&redis, "appendfsync", sync).await;
        set(&redis, "no-appendfsync-on-rewrite", during_rewrite).await;
        let words = [word, "must be always", "WAITAOF", "Valkey"];
        check_refused(&redis, "fsync", &words).await;
    }

    let valkey = file(Program::Valkey).await;
    set(&valkey, "appendfsync", "everysec").await;
    assert_eq!(check_sells(&valkey, "fsync").await, [""; 0]);
    let waits = valkey.info("cmdstat_waitaof").await;
    assert!(waits.is_some(), "the sync was waited for");
    // As often as something was waited for, the fence was counted up.
    let fence = valkey.command(&["GET", "{drop}:fence"]).await.text();
    assert!(fence.parse::<u64>().expect("a number") > 0);
}

#[tokio::test]
async fn replicas_that_are_waited_for_must_be_there() {
    for program in [Program::Redis, Program::Valkey] {
        let master = RedisServer::setup(program).start().await;
        let words = ["REDIS_DURABILITY=replicas=1", "waits for 1", "has 0"];
        check_refused(&master, "replicas=1", &words).await;
        let replica = RedisServer::setup(program).replica_of(master.address());
        let replica = replica.start().await;
        replica.in_sync().await;
        check_refused(&master, "replicas=2", &["waits for 2", "has 1"]).await;

        let node = node(&master, "replicas=1").start().await;
        let mut client = node.client().await;
        for number in 1..=20 {
            client.buy(&format!("buyer-{number}")).await.purchased();
            // At the moment of the answer it has the order.
            let orders = replica.command(&["XLEN", "{drop}:orders"]).await.int();
            assert_eq!(orders, number);
        }
        // While it stands still nothing is confirmed; afterwards what was stored meanwhile is.
        replica.freeze();
        assert_eq!(client.buy("late").await, Answer::Busy);
        replica.thaw();
        until_ready_is(&mut client, 200).await;
        let order_id = client.buy("late").await.order_id().map(str::to_owned);
        assert!(order_id.is_some());
        assert_eq!(client.lookup("late").await, order_id);
        assert_eq!(node.orders().await.len(), 21);
    }
}

#[tokio::test]
async fn fsync_on_replicas_needs_a_server_that_waits_for_it() {
    for program in [Program::Redis, Program::Valkey] {
        let file = RedisServer::setup(program)
            .option("appendonly", "yes")
            .option("appendfsync", "always");
        let master = file.clone().start().await;
        let replica = file.replica_of(master.address()).start().await;
        replica.in_sync().await;
        if program == Program::Redis {
            check_refused(
                &master,
                "fsync+replicas=1",
                &["WAITAOF", "Redis 7.2", "Valkey"],
            )
            .await;
        } else {
            check_refused(&master, "fsync+replicas=2", &["waits for 2", "has 1"]).await;
            assert_eq!(check_sells(&master, "fsync+replicas=1").await, [""; 0]);
            assert!(master.info("cmdstat_waitaof").await.is_some());
        }
    }
}

#[tokio::test]
async fn memory_sells_and_warns_of_what_it_does_not_cover() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let warnings = check_sells(&redis, "memory").await;
        // Once, and not with every connection.
        let [warning] = &warnings[..] else {
            panic!("one warning: {warnings:?}");
        };
        for word in ["no append-only file", &redis.address().to_string()] {
            assert!(warning.contains(word), "{warning}");
        }
        set(&redis, "appendfsync", "everysec").await;
        begin_file(&redis).await;
        let warnings = check_sells(&redis, "memory").await;
        let [warning] = &warnings[..] else {
            panic!("one warning: {warnings:?}");
        };
        assert!(warning.contains("now and then"), "{warning}");
        set(&redis, "appendfsync", "always").await;
        assert_eq!(check_sells(&redis, "memory").await, [""; 0]);
    }
}

#[tokio::test]
async fn a_durability_that_is_none_is_refused_with_those_that_are() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    for text in [
        "",
        "disk",
        "Memory",
        "replicas",
        "replicas=0",
        "fsync+memory",
    ] {
        let refusal = node(&redis, text).refused().await;
        assert_eq!(refusal.code, Some(2), "{text:?}: {refusal:?}");
        let sentence = refusal.stderr.lines().next().unwrap_or_default();
        for word in ["--redis-durability", "memory, fsync, replicas=1"] {
            assert!(sentence.contains(word), "{text:?}: {sentence}");
        }
    }
    // The way of deciding has a list as well.
    let refusal = node(&redis, "memory")
        .env("REDIS_STRATEGY", "lua")
        .refused()
        .await;
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    assert!(refusal.stderr.contains("function, watch"), "{refusal:?}");
    assert_eq!(keys(&redis).await, 0, "nothing was written");
}
