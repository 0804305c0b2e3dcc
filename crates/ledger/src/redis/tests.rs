//! The contract on real servers: each program, strategy and topology, and what is special to Redis.
//!
//! The time of these tests comes from a key instead of the server's `TIME`; all else is what users run.
//! The tests of the program (`crates/flashsale/tests/it`) run by the server's own clock.

mod closed;
mod connections;
mod limits;
mod servers;

use std::sync::atomic::{AtomicU64, Ordering};

use flashsale_sale::Sale;
use flashsale_testkit::{Cluster, FaultProxy, Program, RedisServer};
use tempfile::TempDir;

use super::*;
use crate::audit::Finding;
use crate::contract::{self, ENDS_AT, Engine, STARTS_AT, TestClock, attempt, sale};

/// Holds the time as `TIME` would give it: seconds and microseconds. In the slot of the tests' sale.
pub(super) const CLOCK_KEY: &str = "{test}:clock";

/// So rarely exceeded that nobody is told so, but everybody is counted.
const COUNTED: &str = "1000000/24h";

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
        rates: Rates {
            address: Some(COUNTED.parse().unwrap()),
            user: Some(COUNTED.parse().unwrap()),
        },
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

    async fn set_brake(&self, pulled: bool) -> Result<Brake, CommitError> {
        let mut connection = self.ledger.node.dialer.connect().await.unwrap();
        write_clock(&mut connection, &self.clock).await;
        self.ledger.set_brake(pulled).await
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
