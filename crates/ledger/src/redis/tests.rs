//! The contract on real servers: each program, strategy and topology, and what is special to Redis.
//!
//! The time of these tests comes from a key instead of the server's `TIME`; all else is what users run.
//! The tests of the program (`crates/flashsale/tests/it`) run by the server's own clock.

use std::sync::atomic::{AtomicU64, Ordering};

use flashsale_sale::Sale;
use flashsale_testkit::{Cluster, FaultProxy, Program, RedisServer};
use tempfile::TempDir;

use super::*;
use crate::audit::Finding;
use crate::contract::{self, ENDS_AT, Engine, STARTS_AT, TestClock, attempt, sale};

/// Holds the time as `TIME` would give it: seconds and microseconds. In the slot of the tests' sale.
pub(super) const CLOCK_KEY: &str = "{test}:clock";

/// A server or a Cluster, and how a node uses it.
struct Place {
    servers: Servers,
    settings: Settings,
}

enum Servers {
    One(RedisServer),
    Cluster(Cluster),
}

impl Place {
    fn servers(&self) -> Vec<&RedisServer> {
        match &self.servers {
            Servers::One(server) => vec![server],
            Servers::Cluster(cluster) => cluster.nodes().collect(),
        }
    }

    /// Changes a value behind the node's back.
    async fn command(&self, words: &[&str]) {
        for server in self.servers() {
            let reply = server.command(words).await;
            if reply
                .error()
                .is_none_or(|error| !error.starts_with("MOVED"))
            {
                assert_eq!(reply.error(), None, "{words:?}");
            }
        }
    }
}

fn random(bytes: &mut [u8]) {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    bytes.fill(COUNTER.fetch_add(0x9D, Ordering::Relaxed).to_le_bytes()[0]);
}

fn settings(url: &str, strategy: Strategy) -> Settings {
    Settings {
        address: Address::parse(url).unwrap(),
        authorities: None,
        strategy,
        durability: "memory".parse().unwrap(),
        connections_max: 8,
        retries: Retries {
            retries_max: 50,
            pause_max: Duration::from_millis(2),
            random,
        },
    }
}

async fn one(program: Program, strategy: Strategy) -> Place {
    // DEBUG gives digests of values.
    let setup = RedisServer::setup(program).option("enable-debug-command", "yes");
    let server = setup.start().await;
    Place {
        settings: settings(&server.url(), strategy),
        servers: Servers::One(server),
    }
}

async fn cluster(program: Program, strategy: Strategy) -> Place {
    let cluster = Cluster::setup(program).masters(3).start().await;
    Place {
        settings: settings(&cluster.url(), strategy),
        servers: Servers::Cluster(cluster),
    }
}

/// The sale at a place that was emptied for it, and a node's folder.
struct Kept {
    settings: Settings,
    sale: Sale,
    data_dir: TempDir,
}

impl Kept {
    async fn try_open(&self) -> Result<RedisLedger, OpenError> {
        let id = self.sale.id().clone();
        let mut found = RedisSale::connect(self.settings.clone(), id, self.data_dir.path()).await?;
        if found.stored().is_none() {
            let new = NewSale {
                sale: self.sale.clone(),
                epoch: [1; 16],
                csrf_key: [2; 32],
            };
            found.create(new).await?;
        }
        found.open().await
    }

    async fn reader(&self) -> Reader {
        let address = self.settings.address.clone();
        Reader::open(address, None, self.sale.id()).await.unwrap()
    }

    async fn set_clock(&self, clock: &TestClock) {
        let dialer = dialer::Dialer::new(
            self.settings.address.clone(),
            None,
            CLOCK_KEY.to_owned(),
            None,
        );
        write_clock(&mut dialer.connect().await.unwrap(), clock).await;
    }
}

async fn write_clock(connection: &mut connection::Connection, clock: &TestClock) {
    let ms = clock.clock()().0;
    let mut pipeline = ::redis::Pipeline::new();
    pipeline.cmd("DEL").arg(CLOCK_KEY);
    pipeline
        .cmd("RPUSH")
        .arg(CLOCK_KEY)
        .arg(ms / 1000)
        .arg(ms % 1000 * 1000);
    connection.all(pipeline.atomic()).await.unwrap();
}

/// A node whose server's clock stands where the test has set it at each batch.
struct Timed {
    ledger: RedisLedger,
    clock: TestClock,
}

impl Ledger for Timed {
    fn view(&self) -> &Arc<View> {
        self.ledger.view()
    }

    fn csrf_key(&self) -> &CsrfKey {
        self.ledger.csrf_key()
    }

    fn clock(&self) -> Clock {
        self.ledger.clock()
    }

    fn clock_margin(&self) -> Duration {
        self.ledger.clock_margin()
    }

    fn batches_max(&self) -> usize {
        self.ledger.batches_max()
    }

    async fn commit(&self, batch: Arc<[Attempt]>) -> Result<Vec<Outcome>, CommitError> {
        let mut connection = self.ledger.node.dialer.connect().await.unwrap();
        write_clock(&mut connection, &self.clock).await;
        self.ledger.commit(batch).await
    }

    async fn find(&self, user: &UserId) -> Result<Option<Order>, Unavailable> {
        self.ledger.find(user).await
    }

    fn ready(&self) -> Result<(), String> {
        self.ledger.ready()
    }

    async fn close(self) {
        self.ledger.close().await;
    }
}

impl Engine for Kept {
    type Place = Place;
    type Ledger = Timed;

    async fn new(place: &Place, sale: Sale) -> Self {
        for server in place.servers() {
            server.command(&["FLUSHALL"]).await.assert_ok();
        }
        Self {
            settings: place.settings.clone(),
            sale,
            data_dir: TempDir::new().unwrap(),
        }
    }

    async fn open(&self, clock: TestClock) -> Timed {
        self.set_clock(&clock).await;
        let ledger = self.try_open().await.unwrap();
        Timed { ledger, clock }
    }

    async fn stored(&self) -> Vec<Order> {
        let mut orders = Vec::new();
        let each = |order| {
            orders.push(order);
            Ok::<_, ()>(())
        };
        self.reader().await.for_each_order(each).await.unwrap();
        orders
    }

    async fn audit(&self) -> Vec<Finding> {
        self.reader().await.audit().await.unwrap().1
    }
}

/// The whole contract at one place, then random sequences compared with `decide`.
fn check_contract<P: Future<Output = Place>>(place: P, cases: u32) {
    let runtime = contract::runtime();
    let place = runtime.block_on(place);
    runtime.block_on(contract::check_all::<Kept>(&place));
    contract::check_random_batches::<Kept>(&runtime, &place, cases);
}

#[test]
fn the_contract_on_redis_7_with_the_function() {
    check_contract(one(Program::Redis, Strategy::Function), 60);
}

#[test]
fn the_contract_on_redis_7_with_watch() {
    check_contract(one(Program::Redis, Strategy::Watch), 60);
}

#[test]
fn the_contract_on_valkey_with_the_function() {
    check_contract(one(Program::Valkey, Strategy::Function), 60);
}

#[test]
fn the_contract_on_valkey_with_watch() {
    check_contract(one(Program::Valkey, Strategy::Watch), 60);
}

#[test]
fn the_contract_on_a_cluster_of_redis_7_with_the_function() {
    check_contract(cluster(Program::Redis, Strategy::Function), 20);
}

#[test]
fn the_contract_on_a_cluster_of_redis_7_with_watch() {
    check_contract(cluster(Program::Redis, Strategy::Watch), 20);
}

#[test]
fn the_contract_on_a_cluster_of_valkey_with_the_function() {
    check_contract(cluster(Program::Valkey, Strategy::Function), 20);
}

#[test]
fn the_contract_on_a_cluster_of_valkey_with_watch() {
    check_contract(cluster(Program::Valkey, Strategy::Watch), 20);
}

/// A server that takes scripts and no functions, as those before Redis 7.
#[test]
fn the_contract_with_a_script_where_there_are_no_functions() {
    let place = async {
        let setup = RedisServer::setup(Program::Redis).option("rename-command", "FUNCTION \"\"");
        let server = setup.start().await;
        Place {
            settings: settings(&server.url(), Strategy::Function),
            servers: Servers::One(server),
        }
    };
    check_contract(place, 20);
}

/// A place with a sale of ten units in which user 1 has bought unit 1.
async fn begun(strategy: Strategy) -> (Place, Kept, Timed) {
    let place = one(Program::Redis, strategy).await;
    let kept = Kept::new(&place, sale(10)).await;
    let ledger = kept.open(TestClock::at(STARTS_AT)).await;
    ledger.commit([attempt(1, 1)].into()).await.unwrap();
    (place, kept, ledger)
}

const BOTH: [Strategy; 2] = [Strategy::Function, Strategy::Watch];

async fn refused(ledger: &Timed, user: u32) -> String {
    match ledger.commit([attempt(user, user.into())].into()).await {
        Err(CommitError::NotApplied(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Breaks one thing, and expects that the node sells nothing, says why, and writes nothing.
async fn check_closed(strategy: Strategy, commands: &[&[&str]], words: &str) {
    let (place, kept, ledger) = begun(strategy).await;
    for command in commands {
        place.command(command).await;
    }
    let dump = || async {
        let server = place.servers()[0];
        let mut keys: Vec<_> = server
            .command(&["KEYS", "{test}:*"])
            .await
            .items()
            .iter()
            .map(|key| key.text())
            .collect();
        keys.retain(|key| key != CLOCK_KEY && !key.ends_with(":open"));
        keys.sort();
        let mut all = Vec::new();
        for key in keys {
            all.push((
                key.clone(),
                server
                    .command(&["DEBUG", "DIGEST-VALUE", &key])
                    .await
                    .items()[0]
                    .text(),
            ));
        }
        all
    };
    let before = dump().await;
    let reason = refused(&ledger, 2).await;
    assert!(reason.contains(words), "{reason}");
    assert!(ledger.ready().unwrap_err().contains(words));
    assert_eq!(dump().await, before, "nothing is written");
    // What is settled stays settled.
    assert!(ledger.view().order_of(&attempt(1, 1).user).is_some());
    // A node that starts now refuses as well, and makes nothing anew.
    let error = kept.try_open().await.unwrap_err();
    assert_eq!(dump().await, before, "{error}");
}

#[tokio::test]
async fn row_19_a_missing_key_closes_the_sale() {
    for strategy in BOTH {
        check_closed(strategy, &[&["DEL", "{test}:stock"]], "counter").await;
        check_closed(strategy, &[&["DEL", "{test}:config"]], "holds nothing").await;
        // A removed entry leaves its id behind, below which the list takes no other.
        let removed: [&[&str]; 2] = [
            &["XADD", "{test}:orders", "9999-9", "x", "y"],
            &["XDEL", "{test}:orders", "9999-9"],
        ];
        check_closed(strategy, &removed, "removed the last entry").await;
        check_closed(
            strategy,
            &[&["DEL", "{test}:orders"]],
            "orders that this node has seen are gone",
        )
        .await;
    }
}

#[tokio::test]
async fn row_20_a_key_of_the_wrong_type_closes_the_sale_and_nothing_is_half_written() {
    for strategy in BOTH {
        for key in ["stock", "config", "orders"] {
            let key = &format!("{{test}}:{key}");
            check_closed(strategy, &[&["DEL", key], &["SADD", key, "x"]], "type").await;
        }
        // A receipt, in the middle of a batch.
        let (place, _kept, ledger) = begun(strategy).await;
        place.command(&["SADD", "{test}:user:user-3", "x"]).await;
        let batch: Vec<_> = (2..5).map(|user| attempt(user, user.into())).collect();
        let result = ledger.commit(batch.into()).await;
        assert!(
            matches!(&result, Err(CommitError::NotApplied(reason)) if reason.contains("receipt")),
            "{result:?}"
        );
        let server = place.servers()[0];
        assert_eq!(server.command(&["GET", "{test}:stock"]).await.text(), "9");
        assert_eq!(server.command(&["XLEN", "{test}:orders"]).await.int(), 1);
        assert_eq!(
            server
                .command(&["EXISTS", "{test}:user:user-2"])
                .await
                .int(),
            0
        );
    }
}

#[tokio::test]
async fn row_21_an_emptied_or_replaced_redis_closes_the_sale() {
    for strategy in BOTH {
        check_closed(strategy, &[&["FLUSHALL"]], "holds nothing").await;
        let other = ["HSET", "{test}:config", "epoch", "0123"];
        check_closed(strategy, &[&other], "another sale").await;
        // An older copy, in which everything adds up: one order is gone, and its unit is back.
        let older: [&[&str]; 3] = [
            &["DEL", "{test}:orders"],
            &["DEL", "{test}:user:user-1"],
            &["SET", "{test}:stock", "10"],
        ];
        check_closed_later(strategy, &older).await;
        // The same with another order in the place of the one that is gone.
        let order = "f".repeat(32);
        let receipt = format!("1000-1 {order}");
        let replaced: [&[&str]; 4] = [
            &["DEL", "{test}:orders"],
            &["DEL", "{test}:user:user-1"],
            &[
                "XADD",
                "{test}:orders",
                "1000-1",
                "order",
                &order,
                "user",
                "user-9",
                "key",
                "",
            ],
            &["SET", "{test}:user:user-9", &receipt],
        ];
        check_closed_later(strategy, &replaced).await;
    }
}

/// As [`check_closed`], where a node that starts afresh sees nothing wrong: only who has seen the orders
/// knows that they are gone.
async fn check_closed_later(strategy: Strategy, commands: &[&[&str]]) {
    let (place, _kept, ledger) = begun(strategy).await;
    for command in commands {
        place.command(command).await;
    }
    let reason = refused(&ledger, 2).await;
    assert!(
        reason.contains("orders that this node has seen are gone"),
        "{reason}"
    );
}

#[tokio::test]
async fn row_16_a_forgotten_function_is_loaded_again() {
    for renamed in [false, true] {
        let mut setup = RedisServer::setup(Program::Redis);
        if renamed {
            setup = setup
                .option("rename-command", "FCALL \"\"")
                .option("rename-command", "FUNCTION \"\"");
        }
        let server = setup.start().await;
        let place = Place {
            settings: settings(&server.url(), Strategy::Function),
            servers: Servers::One(server),
        };
        let kept = Kept::new(&place, sale(10)).await;
        let ledger = kept.open(TestClock::at(STARTS_AT)).await;
        for user in 1..4 {
            let forget: &[&str] = if renamed {
                &["SCRIPT", "FLUSH"]
            } else {
                &["FUNCTION", "FLUSH"]
            };
            place.command(forget).await;
            ledger
                .commit([attempt(user, user.into())].into())
                .await
                .unwrap();
        }
        assert_eq!(kept.stored().await.len(), 3);
        assert_eq!(kept.audit().await, []);
    }
}

#[tokio::test]
async fn row_24_an_exhausted_pool_fails_fast() {
    for strategy in BOTH {
        let (_place, _kept, ledger) = begun(strategy).await;
        let pool = &ledger.ledger.node.pool;
        let mut held = Vec::new();
        for _ in 0..8 + open::SPARE_CONNECTIONS {
            held.push(pool.lease().await.unwrap());
        }
        let started_at = tokio::time::Instant::now();
        let reason = refused(&ledger, 2).await;
        assert!(reason.contains("REDIS_TX_POOL"), "{reason}");
        assert!(started_at.elapsed() < Duration::from_millis(500));
        // It sells as fast as it can, so nobody has to be sent elsewhere.
        assert_eq!(ledger.ready(), Ok(()));
        held.pop();
        ledger.commit([attempt(2, 2)].into()).await.unwrap();
    }
}

/// A counter that Redis could not count down is found before anything is written.
#[tokio::test]
async fn row_20_a_counter_that_is_no_plain_number_closes_the_sale() {
    for strategy in BOTH {
        for counter in ["9\n", " 9", "9.0", "09", "0x9", "+9", "x", ""] {
            let set: &[&str] = &["SET", "{test}:stock", counter];
            check_closed(strategy, &[set], "is no number").await;
        }
        let set: &[&str] = &["SET", "{test}:stock", "-1"];
        check_closed(strategy, &[set], "do not add up").await;
        let unreadable = ["SET", "{test}:user:user-2", "whatever"];
        check_refused(strategy, &unreadable, "receipt").await;
    }
}

/// As [`check_closed`], where a node that starts is not hindered.
async fn check_refused(strategy: Strategy, command: &[&str], words: &str) {
    let (place, kept, ledger) = begun(strategy).await;
    place.command(command).await;
    let batch: Vec<_> = (2..5).map(|user| attempt(user, user.into())).collect();
    let result = ledger.commit(batch.into()).await;
    let is_told = matches!(&result, Err(CommitError::NotApplied(reason)) if reason.contains(words));
    assert!(is_told, "{result:?}");
    assert_eq!(kept.stored().await.len(), 1, "nothing is written");
}

/// The gap before a node's own orders hides nothing: what it has confirmed must still be there.
#[tokio::test]
async fn row_21_a_confirmed_order_behind_a_gap_is_missed_as_well() {
    let (place, kept, ledger) = begun(Strategy::Function).await;
    // The list cannot be followed, so orders of the other node do not come here.
    let stopped = &ledger.ledger.running[0];
    stopped.abort();
    let other = Timed {
        ledger: kept.try_open().await.unwrap(),
        clock: TestClock::at(STARTS_AT),
    };
    other.commit([attempt(2, 2)].into()).await.unwrap();
    ledger.commit([attempt(3, 3)].into()).await.unwrap();
    // A server that has only the first two takes over.
    for (unit, kept) in [(1_u32, true), (2, true), (3, false)] {
        if unit == 1 {
            place.command(&["DEL", "{test}:orders"]).await;
        }
        if kept {
            let (id, user) = (
                attempt(unit, unit.into()).order_id.to_string(),
                format!("user-{unit}"),
            );
            let place_in_list = format!("1000-{unit}");
            let entry = [
                "XADD",
                "{test}:orders",
                &place_in_list,
                "order",
                &id,
                "user",
                &user,
                "key",
                "",
            ];
            place.command(&entry).await;
        }
    }
    place.command(&["DEL", "{test}:user:user-3"]).await;
    place.command(&["INCR", "{test}:stock"]).await;
    let reason = refused(&ledger, 4).await;
    assert!(
        reason.contains("orders that this node has seen are gone"),
        "{reason}"
    );
}

/// Hosts that are silent hold up nobody who looks for the sale.
#[tokio::test]
async fn silent_nodes_of_a_cluster_do_not_hide_the_one_that_has_the_sale() {
    let cluster = Cluster::setup(Program::Redis).masters(3).start().await;
    let owner = cluster.owner_of("{test}:config").await;
    let mut others: Vec<_> = (0..3).filter(|node| *node != owner).collect();
    others.push(owner);
    let hosts: Vec<_> = others
        .iter()
        .map(|node| cluster.node(*node).address().to_string())
        .collect();
    let url = format!("redis-cluster://{}", hosts.join(","));
    let dialer = dialer::Dialer::new(
        Address::parse(&url).unwrap(),
        None,
        "{test}:config".to_owned(),
        None,
    );
    cluster.node(others[0]).freeze();
    cluster.node(others[1]).freeze();
    let started_at = tokio::time::Instant::now();
    let connection = dialer.connect().await.unwrap();
    assert_eq!(connection.place(), hosts[2]);
    assert!(started_at.elapsed() < Duration::from_secs(1));
    for node in &others[..2] {
        cluster.node(*node).thaw();
    }
}

/// A type that can be copied would make `is_clone` ambiguous, so this does not compile if one of those
/// that may watch can be shared.
#[test]
fn row_26_a_connection_that_may_watch_cannot_be_shared() {
    trait IsClone<Proof> {
        fn is_clone() {}
    }
    impl<T> IsClone<()> for T {}
    impl<T: Clone> IsClone<u8> for T {}
    <connection::Connection as IsClone<_>>::is_clone();
    <connection::Lease as IsClone<_>>::is_clone();
    <connection::Watched as IsClone<_>>::is_clone();
}

#[tokio::test]
async fn row_26_a_lease_comes_back_without_its_guard_or_not_at_all() {
    let place = one(Program::Redis, Strategy::Watch).await;
    let kept = Kept::new(&place, sale(10)).await;
    kept.set_clock(&TestClock::at(STARTS_AT)).await;
    let dialer = Arc::new(dialer::Dialer::new(
        kept.settings.address.clone(),
        None,
        "x".to_owned(),
        None,
    ));
    let pool = connection::Pool::new(dialer, 1);
    let mut watch = ::redis::Pipeline::new();
    watch.cmd("WATCH").arg("x");
    let client_id = || async {
        let mut lease = pool.lease().await.unwrap();
        record::number(
            &lease
                .command(::redis::cmd("CLIENT").arg("ID"))
                .await
                .unwrap(),
        )
        .unwrap()
    };
    let first = client_id().await;
    assert_eq!(client_id().await, first, "a clean connection is used again");
    let (watched, _) = pool.lease().await.unwrap().watch(&watch).await.unwrap();
    drop(watched.unwatch().await.unwrap());
    assert_eq!(client_id().await, first);
    let (watched, _) = pool.lease().await.unwrap().watch(&watch).await.unwrap();
    drop(watched);
    let second = client_id().await;
    assert_ne!(second, first, "one that still watches is thrown away");
    // A caller that goes away in the middle leaves an answer behind.
    let mut lease = pool.lease().await.unwrap();
    let mut slow = ::redis::cmd("BLPOP");
    slow.arg("nothing").arg(1);
    tokio::select! {
        _ = lease.command(&slow) => panic!("it blocks"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    drop(lease);
    assert_ne!(client_id().await, second);
}

/// FAULTS 44 where the node decides: what was read before the end is not written after it.
#[tokio::test]
async fn row_44_a_transaction_begun_before_the_end_is_not_stored_after_it() {
    let place = one(Program::Redis, Strategy::Watch).await;
    let server = place.servers()[0];
    let time = server.command(&["TIME"]).await;
    let now = time.items()[0].text().parse::<u64>().unwrap() * 1000 + 1000;
    let window = flashsale_sale::Window::new(Timestamp(now - 10_000), Timestamp(now + 1_500));
    let id = sale(1).id().clone();
    let real = Sale::new(id, "p".into(), String::new(), 10, window.unwrap()).unwrap();
    let direct = Kept::new(&place, real).await;
    // The key that stands for the server's clock says that the sale is on, for ever.
    direct.set_clock(&TestClock::at(now)).await;
    let proxy = FaultProxy::before(server.address()).await;
    let mut by_proxy = settings(&proxy.url(), Strategy::Watch);
    by_proxy.retries.retries_max = 0;
    let slow = Kept {
        settings: by_proxy,
        sale: direct.sale.clone(),
        data_dir: TempDir::new().unwrap(),
    };
    let ledger = slow.try_open().await.unwrap();
    ledger.commit([attempt(1, 1)].into()).await.unwrap();
    // The question comes there before the end by the server's real clock, and the transaction after it.
    proxy.delay(Duration::from_millis(900)).await;
    let result = ledger.commit([attempt(2, 2)].into()).await;
    let end = Timestamp(now + 1_500);
    assert!(ledger.clock()() > end);
    assert!(
        matches!(result, Err(CommitError::NotApplied(_))),
        "{result:?}"
    );
    assert_eq!(direct.stored().await.len(), 1);
}

#[tokio::test]
async fn the_end_can_be_seen_by_a_node_that_never_sold() {
    let place = one(Program::Redis, Strategy::Function).await;
    let kept = Kept::new(&place, sale(10)).await;
    let first = kept.open(TestClock::at(STARTS_AT)).await;
    let second = kept.open(TestClock::at(ENDS_AT)).await;
    assert_eq!(second.view().status(Timestamp(0)).phase, Phase::Ended);
    // The other one learns it by looking, within a second or so.
    for _ in 0..30 {
        if first.view().status(Timestamp(0)).phase == Phase::Ended {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it was not noticed");
}

/// A node that starts again knows what it had seen, also where all that is left adds up.
#[tokio::test]
async fn row_21_a_node_that_starts_again_notices_that_orders_are_gone() {
    let (place, kept, ledger) = begun(Strategy::Function).await;
    ledger.commit([attempt(2, 2)].into()).await.unwrap();
    ledger.close().await;
    kept.try_open().await.unwrap().close().await;
    // An older copy of the data.
    let first = attempt(1, 1).order_id.to_string();
    place.command(&["DEL", "{test}:orders"]).await;
    let entry = [
        "XADD",
        "{test}:orders",
        "1000-1",
        "order",
        &first,
        "user",
        "user-1",
        "key",
        "",
    ];
    place.command(&entry).await;
    place.command(&["DEL", "{test}:user:user-2"]).await;
    place.command(&["INCR", "{test}:stock"]).await;
    let error = kept.try_open().await.unwrap_err();
    assert!(
        matches!(error, OpenError::OrdersLost { unit: 2, .. }),
        "{error}"
    );
    // Whoever gives up the order says so by removing the node's memory.
    let OpenError::OrdersLost { path, .. } = error else {
        unreachable!()
    };
    std::fs::remove_file(path).unwrap();
    let ledger = kept.try_open().await.unwrap();
    ledger.commit([attempt(3, 3)].into()).await.unwrap();
    assert_eq!(kept.audit().await, []);
}

/// A user who may run some of the writes and not all must not store half a batch.
#[tokio::test]
async fn a_user_without_all_rights_stores_nothing() {
    for (strategy, has_functions) in [
        (Strategy::Function, true),
        (Strategy::Function, false),
        (Strategy::Watch, true),
    ] {
        for missing in ["-xadd", "-decrby"] {
            let mut setup = RedisServer::setup(Program::Redis);
            if !has_functions {
                setup = setup.option("rename-command", "FUNCTION \"\"");
            }
            let server = setup.start().await;
            let all = ["ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@all"];
            server.command(&all).await.assert_ok();
            let url = format!("redis://shop:secret@{}", server.address());
            let place = Place {
                settings: settings(&url, strategy),
                servers: Servers::One(server),
            };
            let kept = Kept::new(&place, sale(10)).await;
            let ledger = kept.open(TestClock::at(STARTS_AT)).await;
            ledger.commit([attempt(1, 1)].into()).await.unwrap();
            place.command(&["ACL", "SETUSER", "shop", missing]).await;
            let reason = refused(&ledger, 2).await;
            assert!(
                reason.contains("NOPERM") || reason.contains("no permissions"),
                "{reason}"
            );
            assert_eq!(kept.stored().await.len(), 1);
            assert_eq!(kept.audit().await, [], "{strategy:?} {missing}");
            place.command(&["ACL", "SETUSER", "shop", "+@all"]).await;
            ledger.commit([attempt(2, 2)].into()).await.unwrap();
        }
    }
}

/// What an audit must find, each by itself.
#[tokio::test]
async fn an_audit_finds_what_does_not_agree() {
    let order = "f".repeat(32);
    let receipt = format!("1000-1 {order}");
    let beyond = format!("1000-5 {order}");
    let cases: [(&[&str], &str); 7] = [
        (&["INCR", "{test}:stock"], "do not add up"),
        (&["DEL", "{test}:user:user-1"], "receipt of unit 1"),
        (
            &["SET", "{test}:user:user-1", &receipt],
            "says something else",
        ),
        (&["SET", "{test}:user:user-7", &receipt], "without an order"),
        (
            &["SET", "{test}:user:user-8", &beyond],
            "receipt of unit 5 without an order",
        ),
        (&["SADD", "{test}:user:user-7", "x"], "cannot be read"),
        (
            &[
                "XADD",
                "{test}:orders",
                "1000-2",
                "order",
                &order,
                "user",
                "user-1",
                "key",
                "",
            ],
            "the same user",
        ),
    ];
    for (command, words) in cases {
        let (place, kept, _ledger) = begun(Strategy::Function).await;
        assert_eq!(kept.audit().await, []);
        place.command(command).await;
        let findings = kept.audit().await;
        assert!(
            findings.iter().any(|finding| finding.0.contains(words)),
            "{command:?}: {findings:?}"
        );
    }
}
