//! What a confirmation stands for, and the negative controls: one that comes too early, and a connection
//! that is shared while it watches, are found by the very checks that pass the real program.

use std::path::PathBuf;
use std::slice;
use std::time::Duration;

use flashsale_testkit::{FaultProxy, Program, RedisServer};

use crate::support::books::InRedis;
use crate::support::checks::{Promise, Violation, assert_none, books_keep, rush};
use crate::support::client::{Answer, Client};
use crate::support::machine_alone;
use crate::support::sabotaged::{SWITCH_VARIABLE, binary};
use crate::support::server::{Setup, TestServer};

/// A master, its only replica, and the network between them.
struct Pair {
    master: RedisServer,
    replica: RedisServer,
    link: FaultProxy,
}

impl Pair {
    async fn start(program: Program) -> Self {
        let setup = RedisServer::setup(program)
            .option("appendonly", "yes")
            .option("appendfsync", "everysec");
        let master = setup.clone().start().await;
        let link = FaultProxy::before(master.address()).await;
        let replica = setup.replica_of(link.address()).start().await;
        replica.in_sync().await;
        Self {
            master,
            replica,
            link,
        }
    }

    fn node(&self, durability: &str) -> Setup {
        TestServer::setup()
            .on_redis(&self.master.url())
            .env("REDIS_DURABILITY", durability)
    }

    /// The replica is cut off and buyers come; then the master is gone for ever, and the replica is all
    /// there is. Returns how many were told that they have an order, and what is wrong with the books.
    async fn loses_its_master(self, node: TestServer) -> (usize, Vec<Violation>) {
        let mut client = node.client().await;
        let mut confirmed = std::collections::BTreeMap::new();
        for user in 0..20 {
            let user = format!("early-{user}");
            confirmed.insert(user.clone(), client.buy(&user).await.purchased());
        }
        // Also without a wait for it, the replica has these by now.
        while self.replica.command(&["XLEN", "{drop}:orders"]).await.int() < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.link.black_hole().await;
        let doors = [node.door().await];
        let names = (0..10).map(|user| format!("late-{user}")).collect();
        let late = crate::support::load::once_each(&doors, names, 10).await;
        for (user, answer) in late.expect("answers") {
            if let Answer::Purchased(id) = answer {
                confirmed.insert(user, id);
            }
        }
        self.master.kill();
        self.replica
            .command(&["REPLICAOF", "NO", "ONE"])
            .await
            .assert_ok();
        let found = books_keep(&InRedis(self.replica.url()), &confirmed).await;
        (confirmed.len(), found)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_order_is_in_the_replica_that_was_waited_for() {
    let _machine = machine_alone().await;
    for (program, durability) in [
        (Program::Redis, "replicas=1"),
        (Program::Valkey, "replicas=1"),
        (Program::Valkey, "fsync+replicas=1"),
    ] {
        let pair = Pair::start(program).await;
        let node = pair.node(durability).start().await;
        let (confirmed, found) = pair.loses_its_master(node).await;
        assert_none(&found);
        assert_eq!(
            confirmed, 20,
            "nobody was confirmed while the replica was cut off"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_before_durability_is_found() {
    let _machine = machine_alone().await;
    let pair = Pair::start(Program::Redis).await;
    let node = pair.node("replicas=1").binary(binary());
    let node = node.env(SWITCH_VARIABLE, "durability").start().await;
    let (confirmed, found) = pair.loses_its_master(node).await;
    assert_eq!(confirmed, 30, "they were confirmed too early");
    let lost = |violation: &Violation| violation.promise == Promise::ConfirmedOrderIsKept;
    assert_eq!(
        found.iter().filter(|violation| lost(violation)).count(),
        10,
        "{found:#?}"
    );
}

/// While the replica is away an order is stored and not confirmed, also when it is asked for again, at
/// another node, or looked up. When the replica is back it is confirmed, under one id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_durable_yet_is_told_to_nobody() {
    let _machine = machine_alone().await;
    for program in [Program::Redis, Program::Valkey] {
        let pair = Pair::start(program).await;
        let setup = pair
            .node("replicas=1")
            .stock(1)
            .env("PURCHASE_DEADLINE_MS", 3_000);
        let nodes = crate::redis_nodes::start_nodes(&setup, &[0; 2]).await;
        pair.link.hold().await;
        let mut clients = Vec::new();
        for node in &nodes {
            clients.push(node.client().await);
        }
        for client in &mut clients {
            assert_eq!(client.buy("ada").await, Answer::Busy);
            // The only unit is taken, and even that is not certain yet.
            assert_eq!(client.buy("bob").await, Answer::Busy);
            assert_eq!(client.status().await["sold"], 0);
            let look_up = client.get("/api/purchase/ada").await;
            assert_eq!(look_up.status, 503, "{}", look_up.text());
        }
        pair.link.pass().await;
        let mut ids = Vec::new();
        for client in &mut clients {
            let answer = until_settled(client, "ada").await;
            ids.push(answer.order_id().expect("an order").to_owned());
            assert_eq!(until_settled(client, "bob").await, Answer::SoldOut);
        }
        assert_eq!(ids[0], ids[1]);
    }
}

async fn until_settled(client: &mut Client, user: &str) -> Answer {
    for _ in 0..100 {
        match client.buy(user).await {
            Answer::Busy => tokio::time::sleep(Duration::from_millis(100)).await,
            answer => return answer,
        }
    }
    panic!("{user} is busy for ever");
}

/// `WAITAOF`: the answer waits for a sync that comes once a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_valkey_fsync_waits_for_the_file_that_is_synced_now_and_then() {
    let _machine = machine_alone().await;
    let setup = RedisServer::setup(Program::Valkey).option("appendonly", "yes");
    let redis = setup.option("appendfsync", "everysec").start().await;
    let node = TestServer::setup().on_redis(&redis.url()).stock(1_000);
    let node = node.env("REDIS_DURABILITY", "fsync").start().await;
    let names = (0..600).map(|user| format!("buyer-{user}")).collect();
    let answers = crate::support::load::once_each(&[node.door().await], names, 200).await;
    let confirmed: std::collections::BTreeMap<_, _> = answers
        .expect("answers")
        .into_iter()
        .map(|(user, answer)| (user, answer.purchased()))
        .collect();
    assert_eq!(confirmed.len(), 600);
    redis.kill();
    redis.restart().await;
    assert_none(&books_keep(&*node.books(), &confirmed).await);
}

fn sharing(binary: Option<PathBuf>, redis: &RedisServer) -> Setup {
    let setup = TestServer::setup()
        .on_redis(&redis.url())
        .env("REDIS_STRATEGY", "watch")
        // Batches of one, so that several are under way at once.
        .env("PURCHASE_BATCH_MAX", 1)
        .stock(40);
    match binary {
        Some(path) => setup.binary(path).env(SWITCH_VARIABLE, "lease"),
        None => setup,
    }
}

/// How often the broken program may rush before it counts as not found.
const ROUNDS_MAX: usize = 5;

async fn rush_finds(setup: Setup) -> Vec<Violation> {
    let node = setup.start().await;
    rush(slice::from_ref(&node), 2_000, 200, 40)
        .await
        .expect("every request is answered")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_26_a_connection_shared_while_it_watches_is_found() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let mut found = rush_finds(sharing(None, &redis)).await;
    // With batches of one, a slow disk makes a queue that the node sends away in part: that is no broken sale.
    found.retain(|violation| violation.promise != Promise::AnswersAsInTheContract);
    assert_none(&found);

    // Whether two batches meet on the shared connection is a matter of luck: there are several rushes.
    let (mut is_audit_broken, mut is_stock_broken) = (false, false);
    for _ in 0..ROUNDS_MAX {
        redis.command(&["FLUSHALL"]).await.assert_ok();
        let found = rush_finds(sharing(Some(binary()), &redis)).await;
        let broken = |promise| found.iter().any(|violation| violation.promise == promise);
        is_audit_broken |= broken(Promise::AuditIsClean);
        is_stock_broken |= broken(Promise::ExactlyTheStock);
        if is_audit_broken && is_stock_broken {
            return;
        }
    }
    panic!("in {ROUNDS_MAX} rushes, audit: {is_audit_broken}, stock: {is_stock_broken}");
}
