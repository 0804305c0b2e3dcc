//! From an address to a ledger: connect, make the sale if it is new, read the list, begin to follow it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flashsale_sale::{Sale, SaleId, Timestamp, View};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::clock::ServerClock;
use super::connection::Pool;
use super::dialer::Dialer;
use super::follow;
use super::function::Function;
use super::head::{self, Found, Head};
use super::keys::Keys;
use super::memory::Memory;
use super::node::{Decider, Health, Node, Progress};
use super::record::{self, Tip};
use super::trouble::Trouble;
use super::watch::Watch;
use super::{RedisLedger, Settings, Strategy};
use crate::CsrfKey;
use crate::audit::Sequence;

/// Why a sale in Redis is not opened. Each message says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Redis does not answer, or not as it should.
    #[error("{0}")]
    Unusable(String),
    /// Redis is set up so that it would lose orders.
    #[error("{0}")]
    Unsafe(String),
    /// It was there once and is gone. A new one would sell everything again.
    #[error(
        "Redis at {address} holds nothing of the sale {id}, but this node has sold from it before. Put \
         back the data of that Redis. To give up its orders and begin anew, remove {path} on each node"
    )]
    Gone {
        /// Where Redis is.
        address: String,
        /// The sale.
        id: SaleId,
        /// The node's memory of it.
        path: PathBuf,
    },
    /// Another sale of this name.
    #[error(
        "Redis at {address} holds a sale {id} that was made as {found}, but this node has sold from the \
         one made as {known} ({path}). Put back the data of that Redis, or use another SALE_ID"
    )]
    Foreign {
        /// Where Redis is.
        address: String,
        /// The sale.
        id: SaleId,
        /// The epoch in Redis.
        found: String,
        /// The epoch that this node remembers.
        known: String,
        /// The node's memory of it.
        path: PathBuf,
    },
    /// Orders are gone that this node has seen.
    #[error(
        "Redis at {address} does not hold unit {unit} of the sale {id} as this node has seen it, so orders \
         are gone, as after a failover or with an older copy of the data. Going on would sell their units \
         again. Put back the data of that Redis. To give up those orders, remove {path} on each node"
    )]
    OrdersLost {
        /// Where Redis is.
        address: String,
        /// The sale.
        id: SaleId,
        /// The last unit that this node has seen.
        unit: u32,
        /// The node's memory of it.
        path: PathBuf,
    },
    /// The node's own memory cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl OpenError {
    /// Says where Redis is, where the reason does not.
    fn at(self, address: &super::Address) -> Self {
        match self {
            Self::Unusable(reason) if !reason.starts_with("cannot connect") => {
                Self::Unusable(format!("Redis at {address}: {reason}"))
            }
            other => other,
        }
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unsafe(reason) => Self::Unsafe(reason),
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// For the looks at the books and for look-ups, so that batches never have all.
pub(super) const SPARE_CONNECTIONS: usize = 2;

/// What a new sale is made of.
#[derive(Debug, Clone)]
pub struct NewSale {
    /// Its settings.
    pub sale: Sale,
    /// Random bytes that tell it from every other.
    pub epoch: [u8; 16],
    /// The key for CSRF tokens, for all nodes.
    pub csrf_key: CsrfKey,
}

/// A Redis that is fit to sell from, and the sale in it, if there is one.
#[derive(Debug)]
pub struct RedisSale {
    id: SaleId,
    settings: Settings,
    memory: Memory,
    dialer: Arc<Dialer>,
    pool: Pool,
    keys: Keys,
    clock: Arc<ServerClock>,
    head: Option<Head>,
    /// The last order that this node had seen before it stopped.
    known_tip: Option<Tip>,
}

impl RedisSale {
    /// Connects, looks whether this Redis keeps orders, and reads what it holds of the sale. `data_dir` is
    /// where the node remembers which sale it has sold from.
    pub async fn connect(
        settings: Settings,
        id: SaleId,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        let address = settings.address.clone();
        let connected = Self::connect_here(settings, id, data_dir).await;
        connected.map_err(|error| error.at(&address))
    }

    async fn connect_here(
        settings: Settings,
        id: SaleId,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        let keys = Keys::of(&id);
        let dialer = Arc::new(Dialer::new(
            settings.address.clone(),
            settings.authorities.clone(),
            keys.config.clone(),
            Some(settings.durability),
        ));
        let pool = Pool::new(
            Arc::clone(&dialer),
            settings.connections_max + SPARE_CONNECTIONS,
        );
        let mut lease = pool.lease().await?;
        let asked_at = Instant::now();
        let time = lease.command(&super::time_command()).await?;
        let time = record::time(&time).unwrap_or(Timestamp(0));
        let clock = Arc::new(ServerClock::set(time, asked_at, Instant::now()));
        tracing::info!(place = lease.place(), durability = %settings.durability, "connected to Redis");
        drop(lease);

        let memory = Memory::of(data_dir, &id, settings.retries.random);
        let known = memory.recall().map_err(|source| memory.io(source))?;
        let head = match (head::read(&pool, &keys, &id).await?, &known) {
            (Found::Nothing, None) => None,
            (Found::Nothing, Some(_)) => {
                return Err(OpenError::Gone {
                    address: settings.address.to_string(),
                    id,
                    path: memory.path,
                });
            }
            (Found::Sale(head), Some(known)) if known.epoch != head.epoch => {
                return Err(OpenError::Foreign {
                    address: settings.address.to_string(),
                    id,
                    found: head.epoch,
                    known: known.epoch.clone(),
                    path: memory.path,
                });
            }
            (Found::Sale(head), _) => Some(*head),
        };
        Ok(Self {
            id,
            settings,
            memory,
            dialer,
            pool,
            keys,
            clock,
            head,
            known_tip: known.and_then(|known| known.tip),
        })
    }

    /// The name of the sale.
    pub fn id(&self) -> &SaleId {
        &self.id
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The sale that is stored, if there is one, and whether it has been seen to end.
    pub fn stored(&self) -> Option<(&Sale, bool)> {
        let head = self.head.as_ref()?;
        Some((&head.sale, head.ended_at.is_some()))
    }

    /// Stores a new sale, unless another node has done so meanwhile. Returns whether it did.
    pub async fn create(&mut self, new: NewSale) -> Result<bool, OpenError> {
        let address = self.settings.address.clone();
        let created = self.create_here(new).await;
        created.map_err(|error| error.at(&address))
    }

    async fn create_here(&mut self, new: NewSale) -> Result<bool, OpenError> {
        assert_eq!(*new.sale.id(), self.id, "the keys of another sale");
        let head = Head {
            sale: new.sale,
            epoch: head::hex(&new.epoch),
            csrf_key: new.csrf_key,
            ended_at: None,
        };
        let (stored, is_new) = head::create(&self.pool, &self.keys, &head).await?;
        self.pool.lease().await?.make_durable(&self.keys).await?;
        self.head = Some(stored);
        Ok(is_new)
    }

    /// Reads the whole list, checks the books, and begins to follow them. Takes time in proportion to the
    /// orders. Panics if there is no sale.
    pub async fn open(self) -> Result<RedisLedger, OpenError> {
        let address = self.settings.address.clone();
        self.open_here().await.map_err(|error| error.at(&address))
    }

    async fn open_here(self) -> Result<RedisLedger, OpenError> {
        let head = self.head.expect("a sale was found or made");
        let settings = self.settings;
        let view = Arc::new(View::new(Arc::new(head.sale.clone())));
        if let Some(ended_at) = head.ended_at {
            view.observe(ended_at);
        }
        let decider = match settings.strategy {
            Strategy::Watch => Decider::Watch(Watch::new(settings.retries)),
            Strategy::Function => {
                let function = Function::new(settings.rates);
                function.load(&mut *self.pool.lease().await?).await?;
                Decider::Function(function)
            }
        };
        let node = Arc::new(Node {
            dialer: self.dialer,
            pool: self.pool,
            keys: self.keys,
            head,
            decider,
            view,
            clock: self.clock,
            progress: Mutex::new(Progress::default()),
            health: Mutex::new(Health::default()),
            look_ups: tokio::sync::Mutex::default(),
        });
        load(&node, self.known_tip).await?.map_or(Ok(()), |tip| {
            Err(OpenError::OrdersLost {
                address: settings.address.to_string(),
                id: self.id,
                unit: tip.position.unit,
                path: self.memory.path.clone(),
            })
        })?;
        // The function and the checks work, or the start fails; and an end that has come is stored.
        node.commit(&[]).await?;
        let memory = Arc::new(self.memory);
        memory
            .remember(&node.remembered())
            .map_err(|source| memory.io(source))?;

        let mut tasks = JoinSet::new();
        let looking =
            follow::look_now_and_then(Arc::clone(&node), settings.durability, Arc::clone(&memory));
        let running = [
            tasks.spawn(follow::follow(Arc::clone(&node))),
            tasks.spawn(looking),
        ];
        Ok(RedisLedger {
            node,
            memory,
            connections_max: settings.connections_max,
            running,
            _tasks: tasks,
        })
    }
}

/// Reads the list to its end, and checks that it is one. Hands back what was known and is not in it.
async fn load(node: &Node, known: Option<Tip>) -> Result<Option<Tip>, OpenError> {
    let mut lease = node.pool.lease().await?;
    let mut sequence = Sequence::new(&node.head.sale);
    let mut missing = known;
    loop {
        let orders = follow::read(&mut lease, node, None).await?;
        if orders.is_empty() {
            return Ok(missing);
        }
        let mut problem = None;
        for order in &orders {
            sequence.check(order, |sentence| {
                problem.get_or_insert(sentence);
            });
            missing = missing.filter(|known| *known != Tip::of(order));
        }
        if let Some(sentence) = problem {
            let id = node.head.sale.id();
            return Err(OpenError::Unusable(format!(
                "the orders of {id} in Redis are damaged: {sentence}. Nothing was changed; look with \
                 `flashsale audit`"
            )));
        }
        node.follow_on(orders)?;
    }
}

impl Memory {
    fn io(&self, source: std::io::Error) -> OpenError {
        OpenError::Io {
            path: self.path.clone(),
            source,
        }
    }
}
