//! The load tester against the peers of the benchmark, real servers that are not ours: two keep the contract,
//! and the one in which transactions share a connection is caught.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use flashsale_testkit::{Program, RedisServer};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::books;
use crate::support::machine_alone;
use crate::support::process::{Exit, Process};
use crate::support::server::Home;

const STOCK: &str = "100";
const START_MAX: Duration = Duration::from_secs(20);

/// A peer under way, its Redis, and where it listens.
struct Peer {
    process: Process,
    port: u16,
    _redis: RedisServer,
}

impl Peer {
    async fn start(way: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bench/peer");
        let packages = folder.join("node_modules");
        assert!(
            packages.is_dir(),
            "the peer lacks its packages; run `npm ci` in {}",
            folder.display()
        );
        let redis = RedisServer::setup(Program::Redis).start().await;
        // Below those that the system gives away by itself, so that nobody takes it in between.
        let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = (20_000..30_000).find(is_free).expect("a free port");
        let mut command = Command::new("node");
        command.arg(folder.join("src/main.js")).arg(way);
        command
            .env("NODE_ENV", "production")
            .env("PORT", port.to_string());
        command
            .env("REDIS_URL", redis.url())
            .env("SALE_STOCK", STOCK);
        let mut process = Process::spawn(&mut command);
        let starting = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(
                    process.is_running(),
                    "the peer does not start: {}",
                    process.stderr()
                );
                sleep(Duration::from_millis(20)).await;
            }
        };
        let started = tokio::time::timeout(START_MAX, starting).await;
        started.expect("the peer listens in time");
        Self {
            process,
            port,
            _redis: redis,
        }
    }

    async fn test(&self, arguments: &[&str]) -> Exit {
        let home = Home::new();
        let url = format!("http://127.0.0.1:{}", self.port);
        let all = [
            &["loadtest", "--concurrency", "64", "--url", &url],
            arguments,
        ]
        .concat();
        books::run(home.path(), &all).await
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.process.kill();
    }
}

#[tokio::test]
async fn the_sound_peers_are_found_in_order() {
    let _machine = machine_alone().await;
    for way in ["watch", "script"] {
        let peer = Peer::start(way).await;
        let exit = peer
            .test(&["--scenario", "storm", "--users", "5", "--attempts", "100"])
            .await;
        assert_eq!(exit.code, Some(0), "{way}: {exit:?}");
        exit.assert_line_with(&["5", "purchased"]);
        exit.assert_line_with(&["495", "already purchased"]);
        let exit = peer.test(&["--users", "2000"]).await;
        assert_eq!(exit.code, Some(0), "{way}: {exit:?}");
        exit.assert_line_with(&["95", "purchased"]);
    }
}

#[tokio::test]
async fn a_connection_shared_by_transactions_is_caught() {
    let _machine = machine_alone().await;
    let peer = Peer::start("shared").await;
    // Several requests of one user at the same time.
    let storm = ["--scenario", "storm", "--users", "20", "--attempts", "20"];
    let exit = peer.test(&storm).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    exit.assert_line_with(&["BROKEN", "every user has at most one order"]);
    exit.assert_line_with(&["load-", "@example.com has", "orders: "]);
    // Several users for the last units.
    let exit = peer.test(&["--users", "2000"]).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    exit.assert_line_with(&["BROKEN", "there are never more purchases than stock"]);
    exit.assert_line_with(&["orders were confirmed, of", "units that were left"]);
}
