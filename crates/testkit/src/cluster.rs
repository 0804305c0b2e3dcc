//! Nodes that share the slots, and slots that move.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::patience::Patience;
use crate::port::free_port;
use crate::program::Program;
use crate::resp::{Reply, Resp};
use crate::server::{RedisServer, Setup};

const SLOTS: usize = 16_384;
/// After so long without an answer the nodes take one of them for dead.
const NODE_TIMEOUT_MS: &str = "1500";
const SETTLED_MAX: Duration = Duration::from_secs(30);
const MIGRATE_TIMEOUT_MS: &str = "5000";

/// How a cluster is to be started.
#[derive(Debug, Clone)]
pub struct ClusterSetup {
    masters: usize,
    replicas_per_master: usize,
    node: Setup,
}

impl ClusterSetup {
    /// How many nodes share the slots, evenly and in order: node 0 has the first slots.
    #[must_use]
    pub fn masters(mut self, count: usize) -> Self {
        self.masters = count;
        self
    }

    /// How many replicas each master has. With three masters, node 3 is the first replica of node 0.
    #[must_use]
    pub fn replicas_per_master(mut self, count: usize) -> Self {
        self.replicas_per_master = count;
        self
    }

    /// A line of the configuration of every node.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.node = self.node.option(name, value);
        self
    }

    /// Starts the nodes, and returns when all of them agree on who has what.
    pub async fn start(self) -> Cluster {
        let mut nodes = Vec::new();
        for _ in 0..self.masters * (1 + self.replicas_per_master) {
            let bus_port = free_port();
            let setup = self.node.clone();
            let setup = setup.option("cluster-port", &bus_port.to_string());
            let server = setup.start().await;
            let id = server.command(&["CLUSTER", "MYID"]).await.text();
            nodes.push(Node {
                server,
                id,
                bus_port,
            });
        }
        let cluster = Cluster { nodes };
        cluster.share_slots(self.masters).await;
        cluster.meet().await;
        cluster.add_replicas(self.masters).await;
        cluster.settled().await;
        cluster
    }
}

struct Node {
    server: RedisServer,
    id: String,
    bus_port: u16,
}

/// A cluster on 127.0.0.1. Dropping it kills its nodes.
pub struct Cluster {
    nodes: Vec<Node>,
}

/// A slot on its way from one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotMove {
    /// The slot.
    pub slot: u16,
    /// The index of the node that has it.
    pub from: usize,
    /// The index of the node that gets it.
    pub to: usize,
}

impl Cluster {
    /// Three masters without replicas, keeping nothing on the disk.
    pub fn setup(program: Program) -> ClusterSetup {
        let options = [
            ("cluster-enabled", "yes"),
            ("cluster-config-file", "nodes.conf"),
            ("cluster-node-timeout", NODE_TIMEOUT_MS),
            // Without this a node does not know its own address until another has told it.
            ("cluster-announce-ip", "127.0.0.1"),
            ("cluster-allow-replica-migration", "no"),
        ];
        let setup = RedisServer::setup(program);
        let node = options
            .iter()
            .fold(setup, |setup, (name, value)| setup.option(name, value));
        ClusterSetup {
            masters: 3,
            replicas_per_master: 0,
            node,
        }
    }

    /// How many nodes there are, masters first.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A cluster has a node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes: first the masters, then a replica for each of them in the same order, and so on.
    pub fn nodes(&self) -> impl Iterator<Item = &RedisServer> {
        self.nodes.iter().map(|node| &node.server)
    }

    /// One node.
    pub fn node(&self, index: usize) -> &RedisServer {
        &self.nodes[index].server
    }

    /// `redis-cluster://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3`, with all nodes.
    pub fn url(&self) -> String {
        let addresses: Vec<String> = self
            .nodes()
            .map(|node| node.address().to_string())
            .collect();
        format!("redis-cluster://{}", addresses.join(","))
    }

    async fn share_slots(&self, masters: usize) {
        for (index, node) in self.nodes[..masters].iter().enumerate() {
            let first = (SLOTS * index / masters).to_string();
            let last = (SLOTS * (index + 1) / masters - 1).to_string();
            // Each with an epoch of its own, or they would have to fight it out.
            let epoch = (index + 1).to_string();
            let mut resp = node.server.connect().await;
            cluster(&mut resp, &["SET-CONFIG-EPOCH", &epoch])
                .await
                .assert_ok();
            cluster(&mut resp, &["ADDSLOTSRANGE", &first, &last])
                .await
                .assert_ok();
        }
    }

    /// Introduces everybody to the first, which passes it on.
    async fn meet(&self) {
        let mut first = self.nodes[0].server.connect().await;
        for node in &self.nodes[1..] {
            let (port, bus_port) = (node.server.port().to_string(), node.bus_port.to_string());
            let meet = ["MEET", "127.0.0.1", &port, &bus_port];
            cluster(&mut first, &meet).await.assert_ok();
        }
    }

    async fn add_replicas(&self, masters: usize) {
        let patience = Patience::of(SETTLED_MAX);
        for (index, replica) in self.nodes.iter().enumerate().skip(masters) {
            let master = &self.nodes[index % masters];
            let mut resp = replica.server.connect().await;
            // Until it has heard of its master, it refuses.
            loop {
                let reply = cluster(&mut resp, &["REPLICATE", &master.id]).await;
                if reply.error().is_none() {
                    break;
                }
                assert!(
                    patience.another_look().await,
                    "node {index} becomes no replica after {SETTLED_MAX:?}: {reply:?}"
                );
            }
        }
        for replica in &self.nodes[masters..] {
            replica.server.in_sync().await;
        }
    }

    /// Waits until every node that is awake says that the cluster works, and all name the same owners
    /// of the slots, which are awake as well: after a kill, until a replica has taken over.
    pub async fn settled(&self) {
        let patience = Patience::of(SETTLED_MAX);
        while !self.agrees().await {
            assert!(
                patience.another_look().await,
                "the cluster does not agree after {SETTLED_MAX:?}"
            );
        }
    }

    async fn agrees(&self) -> bool {
        let mut told: Option<Owners> = None;
        for node in self.nodes().filter(|node| node.is_awake()) {
            let mut resp = node.connect().await;
            let info = cluster(&mut resp, &["INFO"]).await.text();
            if !info.lines().any(|line| line == "cluster_state:ok") {
                return false;
            }
            let owners = self.owners(&mut resp).await;
            if told.is_some_and(|told| told != owners) {
                return false;
            }
            told = Some(owners);
        }
        let owners = told.unwrap_or_default();
        owners
            .values()
            .all(|(_, nodes)| self.node(nodes[0]).is_awake())
    }

    /// The slot of a key.
    pub async fn slot_of(&self, key: &str) -> u16 {
        let mut resp = self.awake().connect().await;
        let slot = cluster(&mut resp, &["KEYSLOT", key]).await.int();
        u16::try_from(slot).expect("a slot is a small number")
    }

    /// The index of the node that has a key's slot, as the first node that is awake sees it.
    pub async fn owner_of(&self, key: &str) -> usize {
        let slot = self.slot_of(key).await;
        self.owner_of_slot(slot).await
    }

    /// The index of the node that has a slot, as the first node that is awake sees it.
    pub async fn owner_of_slot(&self, slot: u16) -> usize {
        let mut resp = self.awake().connect().await;
        let owners = self.owners(&mut resp).await;
        let slot = i64::from(slot);
        match owners.range(..=slot).next_back() {
            Some((_, (last, nodes))) if slot <= *last => nodes[0],
            _ => panic!("nobody has slot {slot}"),
        }
    }

    fn awake(&self) -> &RedisServer {
        let mut nodes = self.nodes();
        nodes.find(|node| node.is_awake()).expect("a node is awake")
    }

    async fn owners(&self, resp: &mut Resp) -> Owners {
        let reply = cluster(resp, &["SLOTS"]).await;
        let ranges = reply.items().iter().map(|range| {
            let [first, last, nodes @ ..] = range.items() else {
                panic!("{range:?} is no range of slots");
            };
            let mut nodes: Vec<usize> = nodes.iter().map(|node| self.index_of(node)).collect();
            // The owner comes first; its replicas come as they will.
            nodes[1..].sort_unstable();
            (first.int(), (last.int(), nodes))
        });
        ranges.collect()
    }

    /// The index of a node that is named by host, port and id.
    fn index_of(&self, named: &Reply) -> usize {
        let id = named.items()[2].text();
        let mut nodes = self.nodes.iter();
        nodes
            .position(|node| node.id == id)
            .unwrap_or_else(|| panic!("{named:?} is none of the nodes"))
    }

    /// Moves a slot with all its keys to a node, and waits until all know.
    pub async fn move_slot(&self, slot: u16, to: usize) {
        let moved = self.begin_move(slot, to).await;
        while self.move_keys(moved, 100).await > 0 {}
        self.finish_move(moved).await;
    }

    /// Opens a slot on both sides: who asks the old owner for a key that is not there is sent on with
    /// `ASK`.
    pub async fn begin_move(&self, slot: u16, to: usize) -> SlotMove {
        let from = self.owner_of_slot(slot).await;
        let number = slot.to_string();
        let importing = ["SETSLOT", &number, "IMPORTING", &self.nodes[from].id];
        let mut resp = self.node(to).connect().await;
        cluster(&mut resp, &importing).await.assert_ok();
        let migrating = ["SETSLOT", &number, "MIGRATING", &self.nodes[to].id];
        let mut resp = self.node(from).connect().await;
        cluster(&mut resp, &migrating).await.assert_ok();
        SlotMove { slot, from, to }
    }

    /// Moves so many keys of the slot, and returns how many there were to move.
    pub async fn move_keys(&self, moved: SlotMove, most: usize) -> usize {
        let mut resp = self.node(moved.from).connect().await;
        let (slot, most) = (moved.slot.to_string(), most.to_string());
        let keys = cluster(&mut resp, &["GETKEYSINSLOT", &slot, &most]).await;
        let Reply::Array(Some(keys)) = keys else {
            panic!("{keys:?} are no keys");
        };
        let port = self.node(moved.to).port().to_string();
        for key in &keys {
            let Reply::Bulk(Some(key)) = key else {
                panic!("{key:?} is no key");
            };
            let timeout = MIGRATE_TIMEOUT_MS.as_bytes();
            let migrate: [&[u8]; 6] = [
                b"MIGRATE",
                b"127.0.0.1",
                port.as_bytes(),
                key,
                b"0",
                timeout,
            ];
            let reply = resp
                .try_bytes(&migrate)
                .await
                .expect("the old owner answers");
            reply.assert_ok();
        }
        keys.len()
    }

    /// Makes the new owner the owner, and waits until all know.
    pub async fn finish_move(&self, moved: SlotMove) {
        let slot = moved.slot.to_string();
        let id = &self.nodes[moved.to].id;
        // First the two that take part, the new owner before the old one: in between, both would send
        // a client to the other.
        for index in [moved.to, moved.from] {
            let mut resp = self.node(index).connect().await;
            let set = ["SETSLOT", &slot, "NODE", id];
            cluster(&mut resp, &set).await.assert_ok();
        }
        self.settled().await;
    }
}

/// For each range of slots, by its first: the last, and the indexes of the owner and its replicas.
type Owners = BTreeMap<i64, (i64, Vec<usize>)>;

async fn cluster(resp: &mut Resp, words: &[&str]) -> Reply {
    resp.command(&[&["CLUSTER"], words].concat()).await
}
