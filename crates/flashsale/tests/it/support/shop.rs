//! Three nodes that sell from one Redis, with a network before each that fails on demand, and the whole
//! course of a fault: buyers come, it happens, it passes, and everything has to be right.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use flashsale_testkit::FaultProxy;

use super::books::InRedis;
use super::checks::{assert_none, books_keep, doors};
use super::client::Door;
use super::http::{Connection, Request};
use super::persistent::{Buyers, Settled};
use super::server::{Home, Setup, TestServer};

/// How many buyers are there at once.
const AT_ONCE: usize = 24;
/// How many must be served before a fault, and after it.
const SERVED: u64 = 200;
/// How long a node may take until it sells again after a fault has passed.
const RECOVERY_MAX: Duration = Duration::from_secs(15);

pub(crate) struct Shop {
    pub(crate) nodes: Vec<TestServer>,
    /// One before each node.
    pub(crate) proxies: Vec<FaultProxy>,
    pub(crate) doors: Vec<Door>,
    /// Where the books are read, past the proxies.
    pub(crate) books: InRedis,
}

/// Buyers under way in a shop.
pub(crate) struct Rush<'a> {
    shop: &'a Shop,
    buyers: Buyers,
}

impl Shop {
    /// Three nodes on the server at this address.
    pub(crate) async fn open(setup: &Setup, redis: SocketAddr) -> Self {
        let (mut nodes, mut proxies) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let proxy = FaultProxy::before(redis).await;
            let setup = setup.clone().at(Home::new()).env("REDIS_URL", proxy.url());
            nodes.push(setup.start().await);
            proxies.push(proxy);
        }
        Self::of(nodes, proxies, InRedis(format!("redis://{redis}"))).await
    }

    /// Nodes that were started in another way.
    pub(crate) async fn of(
        nodes: Vec<TestServer>,
        proxies: Vec<FaultProxy>,
        books: InRedis,
    ) -> Self {
        let doors = doors(&nodes).await;
        Self {
            nodes,
            proxies,
            doors,
            books,
        }
    }

    /// Buyers come, and the first of them have been served.
    pub(crate) async fn begin(&self) -> Rush<'_> {
        let buyers = Buyers::start(&self.doors, AT_ONCE, "buyer");
        buyers.until_more(SERVED).await;
        Rush { shop: self, buyers }
    }

    /// Whether each node says that it sells, and why not.
    pub(crate) async fn readiness(&self) -> Vec<Result<(), String>> {
        let mut all = Vec::new();
        for door in &self.doors {
            let response = match Connection::open(door.address).await {
                Ok(mut connection) => connection.send(&Request::get("/readyz")).await,
                Err(error) => Err(error),
            };
            all.push(match response {
                Ok(response) if response.status == 200 => Ok(()),
                Ok(response) => Err(response.text()),
                Err(error) => Err(error.to_string()),
            });
        }
        all
    }

    /// Waits until every node sells again, by itself.
    pub(crate) async fn until_ready(&self) {
        let deadline = Instant::now() + RECOVERY_MAX;
        loop {
            let readiness = self.readiness().await;
            if readiness.iter().all(Result::is_ok) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "not ready {RECOVERY_MAX:?} after the fault: {readiness:?}; {}",
                self.nodes[0].stderr()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Rush<'_> {
    /// Waits until that many more have been served.
    pub(crate) async fn goes_on(&self, users: u64) {
        self.buyers.until_more(users).await;
    }

    /// The fault has passed: the nodes recover, buyers are served again, and the books are right.
    pub(crate) async fn end(self) -> Settled {
        self.shop.until_ready().await;
        self.buyers.until_more(SERVED).await;
        let settled = self.buyers.stop().await;
        println!(
            "{} orders, {} times busy, {} connections without an answer",
            settled.confirmed.len(),
            settled.busy,
            settled.cut
        );
        let mut found = settled.judge(&self.shop.doors).await;
        found.extend(books_keep(&self.shop.books, &settled.confirmed).await);
        assert_none(&found);
        assert!(
            settled.confirmed.len() as u64 > SERVED,
            "buyers were served"
        );
        settled
    }

    /// Everybody is let out without looking at what came of them.
    pub(crate) fn abandon(self) -> Settled {
        self.buyers.abandon()
    }
}
