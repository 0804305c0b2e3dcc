//! What tests against Redis and Valkey need: real servers, and a network that fails on demand.
//!
//! In reading order:
//! - [`Program`]: which server program, and where it lies;
//! - [`RedisServer`]: one running server, which can be killed, frozen and started again;
//! - [`Sentinels`]: sentinels that watch a server and its replicas;
//! - [`Cluster`]: nodes that share the slots, and slots that move;
//! - [`FaultProxy`]: a network between client and server that fails as told;
//! - [`Resp`]: a client for raw commands;
//! - `process`, `port` and `patience`: a child that never outlives the tests, ports that nobody else
//!   takes, and waits that end.
//!
//! It is used by tests alone, so what goes wrong is a panic with a sentence. Every test starts servers
//! of its own; they end when they are dropped. It knows nothing of sales, and no Redis client: the one
//! that the program uses is what is tested.

mod cluster;
mod patience;
mod port;
mod process;
mod program;
mod proxy;
mod resp;
mod sentinel;
mod server;

pub use cluster::{Cluster, ClusterSetup, SlotMove};
pub use port::free_port;
pub use program::Program;
pub use proxy::FaultProxy;
pub use resp::{Reply, Resp};
pub use sentinel::Sentinels;
pub use server::{RedisServer, Setup};
