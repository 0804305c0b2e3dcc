//! Finds the one server that holds a sale, and connects to it.
//!
//! All keys of a sale are in one slot, so also in a Cluster one server decides, and a node needs to
//! know only that one. That keeps what belongs together on one connection: a batch and the wait for its
//! durability, a `WATCH` and its `EXEC`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::select_ok;
use parking_lot::Mutex;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, TlsCertificates, TlsMode};

use super::address::{Address, Host, Kind, Login};
use super::checks;
use super::connection::{Connection, RESPONSE_TIMEOUT};
use super::durability::Durability;
use super::trouble::{Trouble, Whereabouts};

/// How long a connection to one server may take to be made, login included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to find the right server, connect to it and look at it. Several may have to be
/// asked in turn.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// How many servers of a Cluster one search may be sent on to.
const HOPS_MAX: usize = 4;

/// Where a sale is, as far as this node knows.
#[derive(Debug)]
pub(super) struct Dialer {
    address: Address,
    /// The certificates that a server's must lead to, in PEM; none for those of the system.
    authorities: Option<Vec<u8>>,
    /// A key of the sale, to ask a Cluster with.
    key: String,
    /// What a server must be good for; none to read only.
    durability: Option<Durability>,
    /// What was warned of last, so that each reconnect does not say it again.
    warnings: Mutex<Vec<String>>,
    /// The server of a Cluster that had the sale last, looked at first.
    last: Mutex<Option<Host>>,
    /// Counted up whenever the sale may have moved: connections from before are not used again.
    generation: AtomicU64,
}

/// What every connection is set to: without `TCP_NODELAY` a command may wait for the answer before.
pub(super) fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

impl Dialer {
    pub(super) fn new(
        address: Address,
        authorities: Option<Vec<u8>>,
        key: String,
        durability: Option<Durability>,
    ) -> Self {
        if address.is_tls {
            // Another part of the program may have chosen one already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        Self {
            address,
            authorities,
            key,
            durability,
            warnings: Mutex::default(),
            last: Mutex::new(None),
            generation: AtomicU64::new(0),
        }
    }

    /// The present generation of connections.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Notes that the sale may be elsewhere by now. A connection of an earlier generation says nothing new.
    pub(super) fn lost(&self, generation: u64, whereabouts: Whereabouts) {
        let next = generation + 1;
        let noted =
            self.generation
                .compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire);
        if let (Ok(_), Whereabouts::At(host)) = (noted, whereabouts) {
            *self.last.lock() = Some(host);
        }
    }

    /// A connection to the server that holds the sale, or will hold it. It is looked at before it is used.
    pub(super) async fn connect(&self) -> Result<Connection, Trouble> {
        // Boxed, so that the way of a batch, which hardly ever connects, stays small.
        let connecting = Box::pin(self.connect_and_check());
        let connected = tokio::time::timeout(CONNECT_MAX, connecting).await;
        connected.unwrap_or_else(|_elapsed| {
            let (place, ms) = (&self.address, CONNECT_MAX.as_millis());
            Err(Trouble::Unreachable(format!(
                "cannot connect to Redis at {place}: no answer within {ms} ms"
            )))
        })
    }

    async fn connect_and_check(&self) -> Result<Connection, Trouble> {
        let generation = self.generation();
        let mut connection = match &self.address.kind {
            Kind::Standalone => self.connect_to(&self.address.hosts[0], generation).await?,
            Kind::Sentinel { master, login } => {
                self.connect_by_sentinel(master, login, generation).await?
            }
            Kind::Cluster => self.connect_in_cluster(generation).await?,
        };
        if let Some(durability) = self.durability {
            let checked = checks::check(&mut connection, durability).await?;
            connection.barrier = checked.barrier;
            self.warn(checked.warnings);
        }
        Ok(connection)
    }

    /// Warns once, and again when there is something else to warn of.
    fn warn(&self, warnings: Vec<String>) {
        let mut last = self.warnings.lock();
        if *last != warnings {
            for warning in &warnings {
                tracing::warn!(warning, "Redis");
            }
            *last = warnings;
        }
    }

    async fn connect_to(&self, host: &Host, generation: u64) -> Result<Connection, Trouble> {
        let failed = |error| Trouble::when_connecting(host, &error);
        let info = self.address.server(host).map_err(failed)?;
        let client = self.client(info).map_err(failed)?;
        open(&client, generation).await.map_err(failed)
    }

    fn client(&self, info: ConnectionInfo) -> redis::RedisResult<Client> {
        if self.address.is_tls {
            Client::build_with_tls(info, self.certificates())
        } else {
            Client::open(info)
        }
    }

    async fn connect_by_sentinel(
        &self,
        master: &str,
        login: &Login,
        generation: u64,
    ) -> Result<Connection, Trouble> {
        let failed = |error| Trouble::when_connecting(&self.address, &error);
        let mut sentinels = self.sentinels(master, login).map_err(failed)?;
        let client = sentinels.async_get_client().await.map_err(failed)?;
        open(&client, generation).await.map_err(failed)
    }

    fn sentinels(&self, master: &str, login: &Login) -> redis::RedisResult<SentinelClient> {
        let address = &self.address;
        let hosts = address
            .hosts
            .iter()
            .map(|host| host.address(address.is_tls));
        let mut builder = SentinelClientBuilder::new(hosts, master, SentinelServerType::Master)?
            .set_client_to_redis_tcp_settings(tcp_settings())
            .set_client_to_sentinel_tcp_settings(tcp_settings())
            .set_client_to_redis_db(address.database);
        if let Some(user) = &address.login.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &address.login.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = &login.user {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = &login.password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if address.is_tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(self.certificates())
                .set_client_to_sentinel_certificates(self.certificates());
        }
        builder.build()
    }

    fn certificates(&self) -> TlsCertificates {
        TlsCertificates {
            client_tls: None,
            root_cert: self.authorities.clone(),
        }
    }

    /// Asks the server that had the sale last and all that the setting names, at once, so that those that
    /// are silent hold up nobody. A server that does not have it names the one that does.
    async fn connect_in_cluster(&self, generation: u64) -> Result<Connection, Trouble> {
        let mut candidates: Vec<Host> = self.last.lock().iter().cloned().collect();
        for host in &self.address.hosts {
            if !candidates.contains(host) {
                candidates.push(host.clone());
            }
        }
        let asking = candidates.into_iter();
        let asking = asking.map(|candidate| Box::pin(self.connect_from(candidate, generation)));
        let (connection, _others) = select_ok(asking).await?;
        Ok(connection)
    }

    async fn connect_from(&self, mut host: Host, generation: u64) -> Result<Connection, Trouble> {
        for _ in 0..HOPS_MAX {
            let mut connection = self.connect_to(&host, generation).await?;
            let asked = connection
                .command(redis::cmd("EXISTS").arg(&self.key))
                .await;
            match asked.as_ref().map_err(Trouble::elsewhere) {
                // A node that does not have the slot refuses, and names the one that has it. A name
                // that is left out is that of the node that was asked.
                Err(Some(Whereabouts::At(next))) => host = next.or(&host),
                Err(Some(Whereabouts::Unknown)) => break,
                Err(None) => return asked.map(|_| connection),
                Ok(_) => {
                    *self.last.lock() = Some(host);
                    return Ok(connection);
                }
            }
        }
        Err(Trouble::Unreachable(format!(
            "the nodes of the Cluster at {} do not agree on who has the sale",
            self.address
        )))
    }
}

async fn open(client: &Client, generation: u64) -> redis::RedisResult<Connection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    let inner = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let place = client.get_connection_info().addr().to_string();
    Ok(Connection::new(inner, place, generation))
}
