//! Sentinels that watch a server and its replicas.

use std::net::SocketAddr;
use std::time::Duration;

use crate::patience::Patience;
use crate::resp::{Reply, Resp};
use crate::server::RedisServer;

const ACQUAINTED_MAX: Duration = Duration::from_secs(20);
const FAILED_OVER_MAX: Duration = Duration::from_secs(30);
/// After so long without an answer a sentinel takes a server for dead.
const DOWN_AFTER_MS: &str = "1000";
/// A failover that has not come about within this time is tried again.
const FAILOVER_TIMEOUT_MS: &str = "3000";
/// How often sentinels ask the servers what they are, tell each other of themselves, and ask who is
/// alive. By default the first is ten seconds, and a master that comes back takes a quarter of a minute
/// to be a replica. The last must be far below the time after which a server is dead: a new master
/// counts as silent until it is asked for the first time, and would be replaced at once.
const PERIODS_MS: [&str; 6] = [
    "info-period",
    "500",
    "publish-period",
    "500",
    "ping-period",
    "200",
];

/// Sentinels of one master. Dropping them kills them.
pub struct Sentinels {
    nodes: Vec<RedisServer>,
    name: String,
}

impl Sentinels {
    /// Starts sentinels of the same program as the master, and returns when all know each other and
    /// every replica that the master has now. So many as `quorum` must agree that a master is dead.
    pub async fn start(master: &RedisServer, name: &str, count: usize, quorum: usize) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(
                RedisServer::setup(master.program())
                    .sentinel()
                    .start()
                    .await,
            );
        }
        let sentinels = Self {
            nodes,
            name: name.to_owned(),
        };
        for node in &sentinels.nodes {
            sentinels.watch(node, master, quorum).await;
        }
        sentinels.acquainted(master).await;
        sentinels
    }

    /// Tells one sentinel what to watch. It writes that into its own configuration.
    async fn watch(&self, node: &RedisServer, master: &RedisServer, quorum: usize) {
        let mut resp = node.connect().await;
        let periods = [&["DEBUG"][..], &PERIODS_MS].concat();
        sentinel(&mut resp, &periods).await.assert_ok();
        let (port, quorum) = (master.port().to_string(), quorum.to_string());
        let monitor = ["MONITOR", &self.name, "127.0.0.1", &port, &quorum];
        sentinel(&mut resp, &monitor).await.assert_ok();
        let mut settings = vec![
            ("down-after-milliseconds", DOWN_AFTER_MS),
            ("failover-timeout", FAILOVER_TIMEOUT_MS),
        ];
        settings.extend(master.password().map(|password| ("auth-pass", password)));
        for (setting, value) in settings {
            let set = ["SET", &self.name, setting, value];
            sentinel(&mut resp, &set).await.assert_ok();
        }
    }

    async fn acquainted(&self, master: &RedisServer) {
        let replicas = master.info("connected_slaves").await;
        let others = (self.nodes.len() - 1).to_string();
        let patience = Patience::of(ACQUAINTED_MAX);
        for node in &self.nodes {
            let mut resp = node.connect().await;
            loop {
                let view = sentinel(&mut resp, &["MASTER", &self.name]).await;
                let all = field(&view, "flags").as_deref() == Some("master")
                    && field(&view, "num-slaves") == replicas
                    && field(&view, "num-other-sentinels").as_ref() == Some(&others);
                if all {
                    break;
                }
                assert!(
                    patience.another_look().await,
                    "a sentinel does not know all after {ACQUAINTED_MAX:?}: {view:?}"
                );
            }
        }
    }

    /// The sentinels themselves, to kill or freeze one.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(RedisServer::address).collect()
    }

    /// `redis-sentinel://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/0?master=name`.
    pub fn url(&self) -> String {
        let addresses = self.addresses();
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        format!(
            "redis-sentinel://{}/0?master={}",
            addresses.join(","),
            self.name
        )
    }

    /// The master, as the first sentinel that is awake sees it.
    pub async fn master(&self) -> SocketAddr {
        let awake = self.nodes.iter().find(|node| node.is_awake());
        master_of(awake.expect("a sentinel is awake"), &self.name).await
    }

    /// Waits until every sentinel that is awake names another master than this one, and the same.
    pub async fn failed_over(&self, from: SocketAddr) -> SocketAddr {
        let patience = Patience::of(FAILED_OVER_MAX);
        loop {
            let master = self.master().await;
            if master != from && self.all_name(master).await {
                return master;
            }
            assert!(
                patience.another_look().await,
                "the master is still {from} after {FAILED_OVER_MAX:?}"
            );
        }
    }

    async fn all_name(&self, master: SocketAddr) -> bool {
        for node in self.nodes.iter().filter(|node| node.is_awake()) {
            if master_of(node, &self.name).await != master {
                return false;
            }
        }
        true
    }
}

async fn master_of(node: &RedisServer, name: &str) -> SocketAddr {
    let mut resp = node.connect().await;
    let reply = sentinel(&mut resp, &["GET-MASTER-ADDR-BY-NAME", name]).await;
    let [host, port] = reply.items() else {
        panic!("{reply:?} is no address");
    };
    let address = format!("{}:{}", host.text(), port.text());
    address
        .parse()
        .unwrap_or_else(|error| panic!("{address:?} is no address: {error}"))
}

async fn sentinel(resp: &mut Resp, words: &[&str]) -> Reply {
    resp.command(&[&["SENTINEL"], words].concat()).await
}

/// One of the fields that come as name, value, name, value.
fn field(view: &Reply, name: &str) -> Option<String> {
    let mut pairs = view.items().chunks_exact(2);
    let pair = pairs.find(|pair| pair[0].text() == name)?;
    Some(pair[1].text())
}
