//! One connection to the server that holds the sale, and the pool from which a batch leases one.
//!
//! What `WATCH` does belongs to a connection, so one that is watching must never serve two at a time: the
//! second user's commands would count as the first's, and the guard would be gone without a word. Here
//! that cannot be written down: a [`Connection`] is no `Clone`, whoever leases one has it alone, and
//! [`Watched`] takes the lease with it and gives it back only with the guard taken off. A connection that
//! may still watch, or may still get an answer to something older, is thrown away.

use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Value};

use super::dialer::Dialer;
use super::durability::Barrier;
use super::keys::Keys;
use super::trouble::Trouble;

/// How long Redis may take to answer. Longer than it is asked to wait by any command.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a lease may wait for a connection that is in use: enough for a batch to end, too short to
/// let requests pile up.
const LEASE_TIMEOUT: Duration = Duration::from_millis(100);

/// A connection that one user has alone.
pub(super) struct Connection {
    inner: MultiplexedConnection,
    /// The address of the server, for people.
    place: String,
    /// Which state of the [`Dialer`]'s knowledge it was made with.
    generation: u64,
    /// How what was stored on it becomes durable.
    pub(super) barrier: Barrier,
    /// Every command was answered, and nothing is watched.
    is_clean: bool,
}

/// A connection that many look things up on at once. It knows no other command, so it never watches.
#[derive(Clone)]
pub(super) struct LookUps {
    inner: MultiplexedConnection,
    generation: u64,
    barrier: Barrier,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.place)
    }
}

impl Connection {
    pub(super) fn new(inner: MultiplexedConnection, place: String, generation: u64) -> Self {
        Self {
            inner,
            place,
            generation,
            barrier: Barrier::Answer,
            is_clean: true,
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives it over to look-ups, for good.
    pub(super) fn for_look_ups(self) -> LookUps {
        LookUps {
            inner: self.inner,
            generation: self.generation,
            barrier: self.barrier,
        }
    }

    /// Waits until everything that its server has stored is as durable as was asked for.
    pub(super) async fn make_durable(&mut self, keys: &Keys) -> Result<(), Trouble> {
        self.barrier.pass(self, keys).await
    }

    /// Sends one command and waits for its answer.
    pub(super) async fn command(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        let was_clean = std::mem::replace(&mut self.is_clean, false);
        let answer = self.inner.send_packed_command(command).await;
        Trouble::of(self.answered(was_clean, answer)?)
    }

    /// Sends several at once and waits for all answers, one for each, errors among them.
    pub(super) async fn commands(&mut self, pipeline: &Pipeline) -> Result<Vec<Value>, Trouble> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let was_clean = std::mem::replace(&mut self.is_clean, false);
        let answers = self
            .inner
            .send_packed_commands(pipeline, 0, pipeline.len())
            .await;
        self.answered(was_clean, answers)
    }

    /// As [`commands`](Self::commands), where the first error is the result.
    pub(super) async fn all(&mut self, pipeline: &Pipeline) -> Result<Vec<Value>, Trouble> {
        let answers = self.commands(pipeline).await?;
        answers.into_iter().map(value_of).collect()
    }

    /// Sends a transaction without a guard: what it reads is of one moment.
    pub(super) async fn at_once(&mut self, pipeline: &Pipeline) -> Result<Vec<Value>, Trouble> {
        let was_clean = std::mem::replace(&mut self.is_clean, false);
        let answer = self
            .inner
            .send_packed_commands(pipeline, pipeline.len() + 1, 1)
            .await;
        let answers = self.answered(was_clean, answer)?;
        match answers.into_iter().next() {
            Some(Value::Array(values)) => values.into_iter().map(value_of).collect(),
            _ => Err(Trouble::NoAnswer(
                "EXEC was not answered with a list".to_owned(),
            )),
        }
    }

    /// If the caller goes away before this, or there was no answer, the connection stays unclean: an
    /// answer may still come.
    fn answered<T>(
        &mut self,
        was_clean: bool,
        answer: redis::RedisResult<T>,
    ) -> Result<T, Trouble> {
        match answer {
            Ok(value) => {
                self.is_clean = was_clean;
                Ok(value)
            }
            Err(error) => {
                let trouble = Trouble::after_sending(&error);
                // A refusal is an answer.
                self.is_clean = was_clean && !matches!(trouble, Trouble::NoAnswer(_));
                Err(trouble)
            }
        }
    }
}

impl std::fmt::Debug for LookUps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LookUps(generation {})", self.generation)
    }
}

impl LookUps {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether what is found has to be waited for.
    pub(super) fn needs_wait(&self) -> bool {
        self.barrier != Barrier::Answer
    }

    /// A field of a hash and a text, as they are at one moment or nearly so.
    pub(super) async fn get(
        &self,
        hash: (&str, &str),
        key: &str,
    ) -> Result<(Value, Value), Trouble> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("HGET").arg(hash.0).arg(hash.1);
        pipeline.cmd("GET").arg(key);
        let answers = self
            .inner
            .clone()
            .send_packed_commands(&pipeline, 0, 2)
            .await;
        let mut answers = answers
            .and_then(|answers| Value::Array(answers).extract_error())
            .map_err(|error| Trouble::after_sending(&error))?
            .into_sequence()
            .unwrap_or_default();
        match (answers.pop(), answers.pop()) {
            (Some(text), Some(field)) => Ok((field, text)),
            _ => Err(Trouble::NoAnswer("too few answers".to_owned())),
        }
    }
}

/// Connections for batches, as many as the setting says and no more.
#[derive(Debug)]
pub(super) struct Pool {
    pool: managed::Pool<Maker>,
}

/// A connection out of the pool, back in it when dropped.
pub(super) struct Lease(Object<Maker>);

/// A lease under `WATCH`. Dropped as it is, its connection is thrown away.
pub(super) struct Watched(Lease);

struct Maker {
    dialer: Arc<Dialer>,
    /// The one connection that everybody shares when the exclusive lease is left out on purpose.
    #[cfg(feature = "sabotage")]
    shared: tokio::sync::OnceCell<MultiplexedConnection>,
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Maker").field(&self.dialer).finish()
    }
}

impl managed::Manager for Maker {
    type Type = Connection;
    type Error = Trouble;

    async fn create(&self) -> Result<Connection, Trouble> {
        let connection = self.dialer.connect().await?;
        #[cfg(feature = "sabotage")]
        if is_lease_sabotaged() {
            let own = connection.inner.clone();
            let inner = self.shared.get_or_init(async || own).await.clone();
            return Ok(Connection {
                inner,
                ..connection
            });
        }
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Trouble> {
        if !connection.is_clean {
            return Err(RecycleError::message("it may be watching or owe an answer"));
        }
        if connection.generation != self.dialer.generation() {
            return Err(RecycleError::message("the sale may be in another server"));
        }
        Ok(())
    }
}

impl Pool {
    pub(super) fn new(dialer: Arc<Dialer>, connections_max: usize) -> Self {
        let timeouts = Timeouts {
            wait: Some(LEASE_TIMEOUT),
            // The dialer has its own.
            create: None,
            recycle: None,
        };
        let maker = Maker {
            dialer,
            #[cfg(feature = "sabotage")]
            shared: tokio::sync::OnceCell::new(),
        };
        let pool = managed::Pool::builder(maker)
            .max_size(connections_max)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is set, which is all that can be missing");
        Self { pool }
    }

    /// A connection for one batch. If none becomes free soon, that is told at once.
    pub(super) async fn lease(&self) -> Result<Lease, Trouble> {
        self.pool
            .get()
            .await
            .map(Lease)
            .map_err(|error| match error {
                PoolError::Backend(trouble) => trouble,
                _ => Trouble::Exhausted(self.pool.status().max_size),
            })
    }
}

impl std::ops::Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl std::ops::DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Lease {
    /// Watches what the first command of the pipeline, a `WATCH`, names, and reads what the others ask for.
    pub(super) async fn watch(
        mut self,
        pipeline: &Pipeline,
    ) -> Result<(Watched, Vec<Value>), Trouble> {
        self.is_clean = false;
        let answers = self.all(pipeline).await?;
        Ok((Watched(self), answers))
    }
}

impl Watched {
    /// Writes everything, or nothing (`None`) if anything watched has changed.
    pub(super) async fn exec(
        self,
        writes: &Pipeline,
    ) -> Result<(Lease, Option<Vec<Value>>), Trouble> {
        let Self(mut lease) = self;
        let value = lease
            .inner
            .send_packed_commands(writes, writes.len() + 1, 1)
            .await;
        let value = value.map_err(|error| Trouble::after_sending(&error))?;
        let value = value.into_iter().next().unwrap_or_default();
        // An `EXEC` takes the guard off, whatever comes of it.
        lease.is_clean = true;
        match value {
            Value::Nil => Ok((lease, None)),
            Value::Array(values) => Ok((lease, Some(values))),
            other => match other.extract_error() {
                Err(error) => Err(Trouble::after_sending(&error)),
                Ok(_) => Err(Trouble::NoAnswer(
                    "EXEC was answered with neither".to_owned(),
                )),
            },
        }
    }

    /// Takes the guard off where nothing is to be written.
    pub(super) async fn unwatch(self) -> Result<Lease, Trouble> {
        let Self(mut lease) = self;
        lease.command(&redis::cmd("UNWATCH")).await?;
        lease.is_clean = true;
        Ok(lease)
    }
}

/// An answer, or the error that it is. A question about a key that is not there is answered with nothing.
fn value_of(answer: Value) -> Result<Value, Trouble> {
    match Trouble::of(answer) {
        Err(Trouble::Refused { text, .. }) if text.starts_with("no such key") => Ok(Value::Nil),
        result => result,
    }
}

#[cfg(feature = "sabotage")]
pub(super) fn is_lease_sabotaged() -> bool {
    flashsale_sale::sabotage::is_chosen(flashsale_sale::sabotage::Sabotage::Lease)
}

#[cfg(not(feature = "sabotage"))]
pub(super) fn is_lease_sabotaged() -> bool {
    false
}
