//! Several nodes that share one sale in Redis.

use std::slice;
use std::time::Duration;

use flashsale_testkit::{Cluster, Program, RedisServer, Reply};

use crate::support::checks::{assert_none, books_agree, doors, kept_over_http, rush, storm};
use crate::support::client::{Answer, Client};
use crate::support::faults::Word;
use crate::support::load;
use crate::support::server::{Home, Setup, TestServer};
use crate::support::{machine_alone, now_ms};

/// The clocks of three nodes, in milliseconds beside the right one.
const CLOCKS_MS: [i64; 3] = [-5_000, 0, 5_000];
pub(crate) const STRATEGIES: [&str; 2] = ["function", "watch"];

const USERS: usize = 20_000;
const CONNECTIONS: usize = 600;
const STOCK: usize = 500;
/// How long the nodes are left alone, to see what they ask by themselves.
const IDLE_MS: u64 = 2_000;

/// Nodes on one Redis, each with a home of its own and a clock that is wrong by so much.
pub(crate) async fn start_nodes(setup: &Setup, clocks_ms: &[i64]) -> Vec<TestServer> {
    let mut nodes = Vec::new();
    for shift in clocks_ms {
        let setup = setup.clone().at(Home::new()).with_faults();
        setup.faults().set(Word::ClockShiftMs, *shift);
        nodes.push(setup.start().await);
    }
    nodes
}

fn on(url: &str, strategy: &str, stock: usize) -> Setup {
    TestServer::setup()
        .on_redis(url)
        .env("REDIS_STRATEGY", strategy)
        .stock(stock as u64)
}

async fn check_rush(url: &str, strategy: &str, users: usize) {
    let nodes = start_nodes(&on(url, strategy, STOCK), &CLOCKS_MS).await;
    let found = rush(&nodes, users, CONNECTIONS, STOCK)
        .await
        .expect("every request is answered");
    assert_none(&found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_three_nodes_with_the_function_sell_exactly_the_stock_to_twenty_thousand() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    check_rush(&redis.url(), "function", USERS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_three_nodes_with_watch_sell_exactly_the_stock_to_twenty_thousand() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    check_rush(&redis.url(), "watch", USERS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_three_nodes_sell_exactly_the_stock_on_valkey_and_on_a_cluster() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let valkey = RedisServer::setup(Program::Valkey).start().await;
        check_rush(&valkey.url(), strategy, 5_000).await;
        let cluster = Cluster::setup(Program::Redis).masters(3).start().await;
        check_rush(&cluster.url(), strategy, 5_000).await;
    }
}

/// Nodes with different strategies keep to the same books.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_nodes_of_both_strategies_share_a_sale() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = on(&redis.url(), "function", STOCK);
    let mut nodes = start_nodes(&setup, &[0; 2]).await;
    nodes.extend(start_nodes(&setup.env("REDIS_STRATEGY", "watch"), &[0; 2]).await);
    let found = rush(&nodes, 5_000, CONNECTIONS, STOCK)
        .await
        .expect("every request is answered");
    assert_none(&found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_one_user_a_thousand_times_over_three_nodes_gets_one_order() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let setup = on(&redis.url(), strategy, STOCK);
        let nodes = start_nodes(&setup, &CLOCKS_MS).await;
        let found = storm(&nodes, "impatient", 1_000)
            .await
            .expect("every request is answered");
        assert_none(&found);
    }
}

/// Small sales are over within their first batches, where a race between nodes would be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_small_sales_over_three_nodes_sell_exactly_their_stock() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        for _ in 0..15 {
            let redis = RedisServer::setup(Program::Redis).start().await;
            let nodes = start_nodes(&on(&redis.url(), strategy, 10), &[0; 3]).await;
            let found = rush(&nodes, 45, 45, 10)
                .await
                .expect("every request is answered");
            assert_none(&found);
        }
    }
}

/// Everybody presses the button all the time, from before the start until after the end. Whatever a node's
/// own clock says, the start and the end are those of the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_the_window_is_that_of_the_servers_clock_on_every_node() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let (start, end) = (now_ms() + 2_500, now_ms() + 4_500);
        let setup = on(&redis.url(), strategy, 1_000_000).window(start, end);
        let nodes = start_nodes(&setup, &CLOCKS_MS).await;
        let mut tasks = Vec::new();
        for (number, door) in doors(&nodes).await.into_iter().enumerate() {
            tasks.push(tokio::spawn(async move {
                let mut client = Client::open(&door).await.expect("a connection");
                let mut told = Vec::new();
                for user in 0.. {
                    let user = format!("early-{number}-{user}");
                    let asked_at = now_ms();
                    let answer = client.buy(&user).await;
                    told.push((asked_at, answer, now_ms()));
                    if asked_at > end + 1_000 {
                        return told;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                told
            }));
        }
        for task in tasks {
            let told = task.await.expect("a buyer does not panic");
            let mut sold = 0;
            for (asked_at, answer, answered_at) in &told {
                match answer {
                    Answer::Purchased(_) => {
                        sold += 1;
                        assert!(
                            *answered_at >= start && *asked_at < end,
                            "{asked_at} {start} {end}"
                        );
                    }
                    Answer::NotActive => {
                        // The two clocks are one here, and an answer takes a moment.
                        let may_refuse = *asked_at < start || *answered_at >= end;
                        assert!(may_refuse, "refused at {asked_at}, from {start} to {end}");
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(sold > 50, "{sold} of {} were sold", told.len());
        }
        for node in &nodes {
            let status = node.client().await.status().await;
            assert_eq!(status["status"], "ended", "{status}");
        }
        let orders = nodes[0].orders().await;
        let within = |at: i64| (start..end).contains(&at);
        assert!(orders.iter().all(|order| within(order.ordered_at)));
        assert!(orders.is_sorted_by_key(|order| order.ordered_at));
    }
}

/// Nothing is asked of Redis for a refusal that is settled, on no node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_sold_out_a_refusal_costs_redis_nothing() {
    let _machine = machine_alone().await;
    for strategy in STRATEGIES {
        let redis = RedisServer::setup(Program::Redis).start().await;
        let nodes = start_nodes(&on(&redis.url(), strategy, 20), &[0; 3]).await;
        let found = rush(&nodes, 100, 60, 20).await.expect("answers");
        assert_none(&found);
        let doors = doors(&nodes).await;

        // What nodes ask by themselves: some commands a second, however many buyers come.
        let idle = commands_in(&redis, tokio::time::sleep(Duration::from_millis(IDLE_MS))).await;
        let names = (0..30_000).map(|number| format!("late-{number}")).collect();
        let started_at = std::time::Instant::now();
        let storm = async {
            let answers = load::once_each(&doors, names, 90).await.expect("answers");
            assert!(answers.iter().all(|(_, answer)| *answer == Answer::SoldOut));
            // Nor for a look-up of somebody who has no order.
            for door in &doors {
                let mut client = Client::open(door).await.expect("a connection");
                for user in 0..100 {
                    assert_eq!(client.lookup(&format!("late-{user}")).await, None);
                }
            }
        };
        let busy = commands_in(&redis, storm).await;
        // Half as much again as in the same time without buyers, and a second more for both ends.
        let ms = u64::try_from(started_at.elapsed().as_millis()).expect("a short time");
        let allowed = idle * (ms + 1_000) * 3 / (IDLE_MS * 2);
        println!("{strategy}: {idle} commands idle, {busy} in {ms} ms of 30,300 refusals");
        assert!(busy < allowed, "{busy} commands, {allowed} allowed");
    }
}

/// How many commands Redis has carried out meanwhile.
async fn commands_in<F: Future>(redis: &RedisServer, during: F) -> u64 {
    let count = || async {
        let stats = redis.command(&["INFO", "commandstats"]).await.text();
        stats
            .lines()
            .filter_map(|line| {
                line.split_once("calls=")?
                    .1
                    .split(',')
                    .next()?
                    .parse::<u64>()
                    .ok()
            })
            .sum::<u64>()
    };
    let before = count().await;
    during.await;
    count().await - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_sells_another_shows_within_a_second() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let nodes = start_nodes(&on(&redis.url(), "function", 100), &[0; 3]).await;
    let doors = doors(&nodes).await;
    let mut clients = Vec::new();
    for door in &doors {
        clients.push(Client::open(door).await.expect("a connection"));
    }
    for (sold, user) in (1..=20).zip(0..) {
        let user = format!("buyer-{user}");
        let seller = sold % 3;
        let id = clients[seller].buy(&user).await.purchased();
        let sold_at = std::time::Instant::now();
        for client in &mut clients {
            while client.status().await["sold"] != sold {
                assert!(sold_at.elapsed() < Duration::from_secs(1), "not shown");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(client.lookup(&user).await, Some(id.clone()));
            // Asked at another node, it is the same order.
            assert_eq!(client.buy(&user).await.order_id(), Some(&*id));
        }
    }
}

/// Who was told an order is shown it by another node at once, before the list has come there.
#[tokio::test]
async fn a_look_up_at_another_node_finds_an_order_at_once() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let nodes = start_nodes(&on(&redis.url(), "function", 1_000), &[0; 2]).await;
    let doors = doors(&nodes).await;
    let mut seller = Client::open(&doors[0]).await.expect("a connection");
    let mut other = Client::open(&doors[1]).await.expect("a connection");
    for user in 0..300 {
        let user = format!("buyer-{user}");
        let id = seller.buy(&user).await.purchased();
        assert_eq!(other.lookup(&user).await, Some(id));
    }
}

/// A token of one node is good for all, and so is an idempotency key.
#[tokio::test]
async fn a_token_and_a_key_hold_on_every_node() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let nodes = start_nodes(&on(&redis.url(), "function", 10), &CLOCKS_MS).await;
    let mut door = nodes[0].door().await;
    let mut ids = Vec::new();
    for node in &nodes {
        door.address = node.address();
        let mut client = Client::open(&door).await.expect("a connection");
        ids.push(client.buy_with_key("ada", "key-1").await.purchased());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

/// A restart and a node that comes later have every order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_later_has_every_order() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let node = on(&redis.url(), "function", 5_000).start().await;
    let names = (0..3_000).map(|number| format!("buyer-{number}")).collect();
    let door = node.door().await;
    let answers = load::once_each(slice::from_ref(&door), names, 50).await;
    let confirmed = answers
        .expect("answers")
        .into_iter()
        .map(|(user, answer)| (user, answer.purchased()))
        .collect();
    let (setup, exit) = node.stop().await;
    assert_eq!(exit.code, Some(0), "{}", exit.said());
    let elsewhere = setup.clone().at(Home::new()).env("REDIS_STRATEGY", "watch");
    for later in [setup.start().await, elsewhere.start().await] {
        let mut client = later.client().await;
        assert_none(&kept_over_http(&mut client, &confirmed).await);
        assert_none(&books_agree(&*later.books(), &confirmed).await);
    }
}

/// What Redis stores is as the documentation says, to the letter.
#[tokio::test]
async fn the_keys_of_a_sale_are_those_of_the_documentation() {
    let redis = RedisServer::setup(Program::Redis).start().await;
    let node = on(&redis.url(), "function", 10).start().await;
    let mut client = node.client().await;
    let id = client
        .buy_with_key("Ada@Example.com", "key 1")
        .await
        .purchased();
    let at = node.orders().await[0].ordered_at;
    let receipt = redis.command(&["GET", "{drop}:user:ada@example.com"]).await;
    assert_eq!(receipt.text(), format!("{at}-1 {id} key 1"));
    assert_eq!(redis.command(&["GET", "{drop}:stock"]).await.text(), "9");
    let entries = redis.command(&["XRANGE", "{drop}:orders", "-", "+"]).await;
    let entry = &entries.items()[0].items();
    assert_eq!(entry[0].text(), format!("{at}-1"));
    let fields: Vec<_> = entry[1].items().iter().map(Reply::text).collect();
    assert_eq!(
        fields,
        ["order", &id, "user", "ada@example.com", "key", "key 1"]
    );
}
