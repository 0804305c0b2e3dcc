//! Where Redis is and who asks it: addresses, passwords and rights. What is secret is never shown.

use std::time::{Duration, Instant};

use flashsale_testkit::{Program, RedisServer};

use crate::redis_start::{assert_refused, keys};
use crate::support::books;
use crate::support::client::Answer;
use crate::support::machine_alone;
use crate::support::now_ms;
use crate::support::process::Exit;
use crate::support::server::{HOUR_MS, Home, Setup, TestServer};

/// A password that an address must write in another form, and both forms.
const PASSWORD: &str = "p@ss:w%rd/1?";
const PASSWORD_IN_URL: &str = "p%40ss%3Aw%25rd%2F1%3F";
const WRONG_PASSWORD: &str = "wr0ng-s3cret";

/// How long a sale lasts of which the end is looked at: until two nodes have started and sold.
const SALE_MS: i64 = 5_000;
/// The end is stored within this time of it.
const ENDED_MAX: Duration = Duration::from_secs(10);

/// None of these is shown, in whatever stream.
#[track_caller]
fn assert_hidden(exit: &Exit, secrets: &[&str]) {
    for secret in secrets {
        assert!(!exit.said().contains(secret), "{secret} is shown: {exit:?}");
    }
}

fn with_password(redis: &RedisServer, login: &str) -> Setup {
    let url = format!("redis://{login}@{}", redis.address());
    TestServer::setup().on_redis(&url)
}

/// Sells with this login, however much is logged, and does not show it.
async fn check_let_in(redis: &RedisServer, login: &str, secrets: &[&str]) {
    for log in ["info", "debug", "trace"] {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        let node = with_password(redis, login).env("LOG", log).start().await;
        let mut client = node.client().await;
        client.buy("ada").await.purchased();
        assert_eq!(client.lookup("eve").await, None);
        books::assert_clean(&*node.books()).await;
        let (_, exit) = node.stop().await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        assert!(
            exit.stdout.contains(&redis.address().to_string()),
            "{exit:?}"
        );
        assert_hidden(&exit, secrets);
    }
}

/// Refused with this login, however much is logged, and does not show it.
async fn check_kept_out(redis: &RedisServer, login: &str, secrets: &[&str]) {
    for log in ["info", "debug", "trace"] {
        let setup = with_password(redis, login).env("LOG", log);
        let refusal = setup.refused().await;
        assert_refused(&refusal, 1, &[&redis.address().to_string()]);
        let lower = refusal.stderr.to_lowercase();
        assert!(lower.contains("authenticat"), "why: {refusal:?}");
        assert_hidden(&refusal, secrets);
    }
    let url = format!("redis://{login}@{}", redis.address());
    for command in ["audit", "orders"] {
        let exit = books::read(command, &books::InRedis(url.clone()), &[]).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit:?}");
        assert!(
            exit.stderr.to_lowercase().contains("authenticat"),
            "{exit:?}"
        );
        assert_hidden(&exit, secrets);
    }
}

#[tokio::test]
async fn a_password_in_the_address_lets_in_and_is_not_shown() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).password(PASSWORD).start().await;
        let secrets = [PASSWORD, PASSWORD_IN_URL];
        let login = format!(":{PASSWORD_IN_URL}");
        check_let_in(&redis, &login, &secrets).await;
        let login = format!("default:{PASSWORD_IN_URL}");
        check_let_in(&redis, &login, &secrets).await;

        let secrets = [PASSWORD, PASSWORD_IN_URL, WRONG_PASSWORD];
        check_kept_out(&redis, &format!(":{WRONG_PASSWORD}"), &secrets).await;
        check_kept_out(&redis, &format!("ada:{WRONG_PASSWORD}"), &secrets).await;
        // Without any it says what is missing.
        let none = format!("redis://{}", redis.address());
        let refusal = TestServer::setup().on_redis(&none).refused().await;
        assert_refused(&refusal, 1, &["NOAUTH", &redis.address().to_string()]);
    }
}

/// One who may do what selling needs, and nothing else.
#[tokio::test]
async fn a_user_of_its_own_lets_in_and_needs_no_more_than_the_keys_of_the_sale() {
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let password = format!(">{PASSWORD}");
        let rights = [
            "ACL",
            "SETUSER",
            "shop",
            "on",
            &password,
            "~{drop}:*",
            "resetchannels",
            "+@all",
            "-@dangerous",
            "-@admin",
            "+info",
        ];
        redis.command(&rights).await.assert_ok();
        let secrets = [PASSWORD, PASSWORD_IN_URL, WRONG_PASSWORD];
        let login = format!("shop:{PASSWORD_IN_URL}");
        for strategy in ["function", "watch"] {
            redis.command(&["FLUSHALL"]).await.assert_ok();
            let setup = with_password(&redis, &login).env("REDIS_STRATEGY", strategy);
            let node = setup.start().await;
            node.client().await.buy("ada").await.purchased();
            books::assert_clean(&*node.books()).await;
            assert_hidden(&node.stop().await.1, &secrets);
        }
        check_kept_out(&redis, &format!("shop:{WRONG_PASSWORD}"), &secrets).await;

        // One who may not touch the keys of the sale is told so.
        redis
            .command(&["ACL", "SETUSER", "shop", "resetkeys", "~other:*"])
            .await
            .assert_ok();
        let refusal = with_password(&redis, &login).refused().await;
        assert_refused(&refusal, 1, &["NOPERM"]);
        assert_hidden(&refusal, &secrets);
    }
}

/// Who runs nodes copies these from the page on Redis, so they must do.
#[tokio::test]
async fn the_rights_that_the_page_on_redis_names_are_enough() {
    const FUNCTION: &str = "+msetnx +fcall +function|load";
    let _machine = machine_alone().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redis.md");
    let page = std::fs::read_to_string(path).expect("the page on Redis");
    let rights = |user: &str| {
        let begin = format!("user {user} on >PASSWORD ");
        let mut lines = page.lines();
        let rights = lines.find_map(|line| line.strip_prefix(&begin));
        rights.expect("a line of rights").to_owned()
    };
    for row in [
        r"| `watch` | `+mset` in place of `+msetnx +fcall +function\|load` |",
        r"| `+evalsha +script\|load` in place of `+fcall +function\|load` |",
        "| also `+incr +waitaof` |",
        "| `replicas=N` | also `+incr +wait` |",
    ] {
        assert!(
            page.contains(row),
            "the page says something else than {row}"
        );
    }
    let (shop, books) = (&rights("shop"), &rights("books"));
    assert!(shop.contains(FUNCTION), "{shop}");
    let watch = shop.replace(FUNCTION, "+mset");
    let script = shop.replace("+fcall +function|load", "+evalsha +script|load");
    let synced = format!("{shop} +incr +waitaof");
    let copied = format!("{shop} +incr +wait");
    tokio::join!(
        check_rights(Program::Redis, "function", "memory", shop, books),
        check_rights(Program::Valkey, "function", "memory", shop, books),
        check_rights(Program::Redis, "watch", "memory", &watch, books),
        check_rights(Program::Redis, "function", "memory", &script, books),
        check_rights(Program::Valkey, "function", "fsync", &synced, books),
        check_rights(Program::Redis, "function", "replicas=1", &copied, books),
    );
}

/// A whole sale, from the first node to its end, by users who have these rights and no others.
async fn check_rights(program: Program, strategy: &str, durability: &str, shop: &str, books: &str) {
    let file = RedisServer::setup(program)
        .option("appendonly", "yes")
        .option("appendfsync", "everysec");
    let redis = file.clone().start().await;
    let replica = file.replica_of(redis.address()).start().await;
    replica.in_sync().await;
    for (user, rights) in [("shop", shop), ("books", books)] {
        let mut command = vec!["ACL", "SETUSER", user, "on", ">secret"];
        command.extend(rights.split(' '));
        redis.command(&command).await.assert_ok();
    }
    let now = now_ms();
    let setup = with_password(&redis, "shop:secret")
        .window(now - HOUR_MS, now + SALE_MS)
        .env("REDIS_STRATEGY", strategy)
        .env("REDIS_DURABILITY", durability)
        .env("RATE_LIMIT", "20/10s");
    let nodes = [
        setup.clone().start().await,
        setup.at(Home::new()).start().await,
    ];
    for (number, node) in nodes.iter().enumerate() {
        let mut client = node.client().await;
        client.buy(&format!("buyer-{number}")).await.purchased();
        let again = client.buy("buyer-0").await;
        assert!(matches!(again, Answer::AlreadyPurchased(_)), "{again:?}");
        assert_eq!(client.lookup("somebody-else").await, None);
    }
    let place = books::InRedis(format!("redis://books:secret@{}", redis.address()));
    books::assert_clean(&place).await;
    assert_eq!(books::orders(&place).await.len(), nodes.len());
    // One who may only look changes nothing.
    let mut reader = redis.connect().await;
    reader
        .command(&["AUTH", "books", "secret"])
        .await
        .assert_ok();
    let refusal = reader.command(&["DEL", "{drop}:stock"]).await;
    assert!(
        refusal
            .error()
            .is_some_and(|text| text.starts_with("NOPERM"))
    );

    let deadline = Instant::now() + ENDED_MAX;
    while redis
        .command(&["HEXISTS", "{drop}:config", "endedAt"])
        .await
        .int()
        == 0
    {
        assert!(Instant::now() < deadline, "the end is not stored");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for node in nodes {
        let mut client = node.client().await;
        assert_eq!(client.get("/readyz").await.status, 200, "{}", node.stderr());
        assert_eq!(client.status().await["status"], "ended");
    }
    books::assert_clean(&place).await;
}

#[tokio::test]
async fn the_help_does_not_show_the_address_that_is_set() {
    let url = format!("redis://shop:{PASSWORD_IN_URL}@127.0.0.1:6379");
    let shown = [PASSWORD, PASSWORD_IN_URL, "127.0.0.1:6379"];
    for arguments in [
        &["serve", "--help"][..],
        &["serve", "-h"],
        &["audit", "--help"],
        &["orders", "--help"],
        &["--help"],
        &["serve", "--redis-url", &url, "--help"],
        // A mistake elsewhere is no reason either.
        &["serve", "--sale-stock", "many"],
        &["serve", "--no-such-flag"],
    ] {
        let setup = Setup::bare().arguments(arguments);
        let exit = setup.clone().env("REDIS_URL", &url).refused().await;
        assert_hidden(&exit, &shown);
        let text = format!("REDIS_URL={url}\n");
        std::fs::write(setup.home().path().join(".env"), text).expect("a file of settings");
        let exit = setup.refused().await;
        assert!(!exit.said().trim().is_empty(), "{arguments:?}");
        assert_hidden(&exit, &shown);
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_the_forms_that_are() {
    const SECRET: &str = "s3cret";
    for url in [
        "",
        "localhost:6379",
        ":s3cret@localhost:6379",
        "http://:s3cret@localhost:6379",
        "redis://",
        "redis://:s3cret@",
        "redis://:s3cret@localhost:port",
        "redis://:s3cret@localhost:0",
        "redis://:s3cret@localhost:65536",
        "redis://:s3cret@localhost/first",
        "redis://:s3cret@localhost?database=1",
        "redis://:s3cret@one:1,two:2",
        "redis://:s3c%ffret@localhost/s3cret",
        "redis-sentinel://:s3cret@localhost:26379",
        "redis-sentinel://:s3cret@localhost:26379?master=",
        "redis-sentinel://localhost:26379?master=shop&password=s3cret",
        "redis-cluster://:s3cret@localhost:6379/1",
        "redis-ring://:s3cret@localhost:6379",
        "redis://:s3cret@local host",
    ] {
        let setup = TestServer::setup();
        let flag = ["serve", "--redis-url", url];
        for setup in [setup.clone().env("REDIS_URL", url), setup.arguments(&flag)] {
            let refusal = setup.refused().await;
            let forms = [
                "REDIS_URL",
                "redis://host:6379",
                "redis-sentinel://host:26379,host:26379?master=name",
                "redis-cluster://host:6379,host:6379",
                "rediss",
            ];
            assert_refused(&refusal, 2, &forms);
            assert_hidden(&refusal, &[SECRET]);
        }
    }
}

#[tokio::test]
async fn a_batch_that_redis_does_not_take_is_refused() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().on_redis(&redis.url());
    for size in [1_001, 100_000] {
        let refusal = setup
            .clone()
            .env("PURCHASE_BATCH_MAX", size)
            .refused()
            .await;
        let words = ["PURCHASE_BATCH_MAX", &size.to_string(), "1000"];
        assert_refused(&refusal, 2, &words);
        assert_eq!(keys(&redis).await, 0, "nothing was written");
    }
    let node = setup.env("PURCHASE_BATCH_MAX", 1_000).start().await;
    node.client().await.buy("ada").await.purchased();
    // A file takes more.
    let node = TestServer::setup()
        .env("PURCHASE_BATCH_MAX", 1_001)
        .start()
        .await;
    node.client().await.buy("ada").await.purchased();
}
