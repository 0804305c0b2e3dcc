//! A node that starts on books in Redis that are not whole: it says what is wrong, and leaves it as it is.

use flashsale_testkit::{Program, RedisServer, Reply};

use crate::redis_start::{assert_refused, sold};
use crate::support::books;
use crate::support::client::Answer;
use crate::support::now_ms;
use crate::support::server::{HOUR_MS, Home, TestServer};

/// Damages a sale of which a few units are sold. A start says so with these words and exit code 1, and
/// repairs nothing.
async fn check_damage(redis: &RedisServer, damage: &[&[&str]], words: &[&str]) {
    check_damage_by_memory(redis, damage, words, words).await;
}

/// The same where a node says something else if it remembers the sale than if it does not.
async fn check_damage_by_memory(
    redis: &RedisServer,
    damage: &[&[&str]],
    with_memory: &[&str],
    without_memory: &[&str],
) {
    for strategy in ["function", "watch"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        // Only the name is given, so that no setting contradicts what is stored before that is looked at.
        let setup = sold(redis).await.env("REDIS_STRATEGY", strategy);
        let setup = setup
            .without("SALE_STOCK")
            .without("SALE_START")
            .without("SALE_END");
        for command in damage {
            let reply = redis.command(command).await;
            assert_eq!(reply.error(), None, "{command:?}");
        }
        let before = digests(redis).await;
        let refusal = setup.clone().refused().await;
        assert_refused(&refusal, 1, with_memory);
        let refusal = setup.at(Home::new()).refused().await;
        assert_refused(&refusal, 1, without_memory);
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
    let seen = ["unit 3", "data/drop.redis-epoch"];
    let gone: &[&str] = &["DEL", orders];
    check_damage_by_memory(&redis, &[gone], &seen, &["do not add up"]).await;
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
    check_damage(&redis, &[&["HSET", config, "version", "3"]], &["version 3"]).await;
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

/// Everything that can fail comes before the first write, also with a counter that looks like a number and
/// that Redis does not count down.
#[tokio::test]
async fn row_20_a_counter_that_cannot_be_counted_down_never_leaves_half_an_order() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let (stock, orders, receipt) = ("{drop}:stock", "{drop}:orders", "{drop}:user:ada");
    for strategy in ["function", "watch"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        let setup = TestServer::setup().on_redis(&redis.url());
        let node = setup.env("REDIS_STRATEGY", strategy).start().await;
        let mut client = node.client().await;
        for odd in ["01000", "+1000", "1000.0", "1e3", "0x3e8", " 1000", "1000 "] {
            redis.command(&["SET", stock, odd]).await.assert_ok();
            assert_eq!(client.buy("ada").await, Answer::Busy, "{strategy}, {odd:?}");
            assert_eq!(redis.command(&["XLEN", orders]).await.int(), 0);
            assert_eq!(redis.command(&["EXISTS", receipt]).await.int(), 0);
            assert_eq!(redis.command(&["GET", stock]).await.text(), odd);
        }
        // As soon as it fits again, it sells.
        redis.command(&["SET", stock, "1000"]).await.assert_ok();
        client.buy("ada").await.purchased();
        books::assert_clean(&*node.books()).await;
    }
}
