//! The two tasks that keep a node up to date: one follows the list, one looks at the books.

use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::Order;
use redis::Value;

use super::checks;
use super::connection::{Connection, RESPONSE_TIMEOUT};
use super::durability::Durability;
use super::memory::{Memory, Remembered};
use super::node::Node;
use super::record;
use super::trouble::{Trouble, Whereabouts};

/// How many orders one answer may bring.
const ORDERS_MAX: usize = 1_000;
/// How long the server holds a question back while there is no new order.
const BLOCK: Duration = Duration::from_secs(1);
const _: () = assert!(BLOCK.as_millis() < RESPONSE_TIMEOUT.as_millis());
/// After an answer with orders it waits, so that a busy list comes in large pieces. A node's own orders
/// are in its view before they are confirmed, so this holds up only those of others.
const READ_PAUSE: Duration = Duration::from_millis(20);
/// The first and the longest pause before connecting again.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// How often a node looks at the books when nobody buys.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// After how many looks the server's own settings are looked at as well.
const LOOKS_PER_CHECK: u32 = 5;

/// Follows the list for ever, on a connection of its own, from where it was.
pub(super) async fn follow(node: Arc<Node>) {
    let mut pause = RETRY_PAUSE_MIN;
    loop {
        let generation = node.dialer.generation();
        let Err(trouble) = follow_connection(&node, &mut pause).await else {
            continue;
        };
        tracing::warn!(reason = %trouble, "the list of orders cannot be followed, trying again");
        if let Some(whereabouts) = trouble.may_be_elsewhere() {
            node.dialer.lost(generation, whereabouts);
        }
        node.health.lock().following = Some(trouble.to_string());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_PAUSE_MAX);
    }
}

/// Follows the list on one connection, until that fails or the sale may have moved.
async fn follow_connection(node: &Node, pause: &mut Duration) -> Result<(), Trouble> {
    let mut connection = node.dialer.connect().await?;
    while connection.generation() == node.dialer.generation() {
        let orders = read(&mut connection, node, Some(BLOCK)).await?;
        // A full answer means that there is more.
        let may_wait = (1..ORDERS_MAX).contains(&orders.len());
        node.follow_on(orders)?;
        node.health.lock().following = None;
        *pause = RETRY_PAUSE_MIN;
        if may_wait {
            tokio::time::sleep(READ_PAUSE).await;
        }
    }
    Ok(())
}

/// Reads what follows on the last order that was seen, when it is durable. With `block` the server holds an
/// empty answer back for so long.
pub(super) async fn read(
    connection: &mut Connection,
    node: &Node,
    block: Option<Duration>,
) -> Result<Vec<Order>, Trouble> {
    let tip = node.progress.lock().tip;
    let mut read = redis::cmd("XREAD").arg("COUNT").arg(ORDERS_MAX).to_owned();
    if let Some(block) = block {
        read.arg("BLOCK")
            .arg(u64::try_from(block.as_millis()).unwrap_or(u64::MAX));
    }
    read.arg("STREAMS").arg(&node.keys.orders);
    match tip {
        Some(tip) => read.arg(tip.position.to_string()),
        None => read.arg("0"),
    };
    let entries = match connection.command(&read).await? {
        Value::Nil => return Ok(Vec::new()),
        // For each stream its name and its entries; there is one.
        Value::Array(mut streams) => match streams.pop() {
            Some(Value::Array(mut stream)) => stream.pop().unwrap_or_default(),
            _ => Value::Okay,
        },
        Value::Map(mut streams) => streams.pop().unwrap_or_default().1,
        _ => Value::Okay,
    };
    let orders = record::parse_entries(&entries).map_err(Trouble::unsound)?;
    connection.make_durable(&node.keys).await?;
    Ok(orders)
}

/// Looks at the books now and then, for ever. It learns the server's time, sees to it that the end is
/// stored, notices when orders or settings are gone, also while nobody buys, and keeps what it has seen.
pub(super) async fn look_now_and_then(
    node: Arc<Node>,
    durability: Durability,
    memory: Arc<Memory>,
) {
    let mut looks = 0_u32;
    let mut kept = node.remembered();
    loop {
        tokio::time::sleep(LOOK_PERIOD).await;
        looks = looks.wrapping_add(1);
        let result = match looks % LOOKS_PER_CHECK {
            0 => check_server(&node, durability).await,
            _ => Ok(()),
        };
        let result = match result {
            Ok(()) => node.commit(&[]).await.map(drop),
            refused => refused,
        };
        if let Err(trouble) = result
            && !matches!(trouble, Trouble::Exhausted(_))
        {
            tracing::warn!(reason = %trouble, "this node does not sell");
            node.health.lock().selling = Some(trouble.to_string());
        }
        let seen = node.remembered();
        if seen != kept && keep(&memory, seen.clone()).await {
            kept = seen;
        }
    }
}

/// Keeps what was seen on the node's own disk. Without it the node sells on, and warns.
pub(super) async fn keep(memory: &Arc<Memory>, seen: Remembered) -> bool {
    let memory = Arc::clone(memory);
    let keeping = tokio::task::spawn_blocking(move || {
        let path = memory.path.display().to_string();
        memory
            .remember(&seen)
            .map_err(|error| format!("{path}: {error}"))
    });
    match keeping.await {
        Ok(Ok(())) => true,
        Ok(Err(reason)) => {
            tracing::warn!(
                reason,
                "what this node has seen cannot be kept for its next start"
            );
            false
        }
        // The program is ending.
        Err(_) => false,
    }
}

/// A setting that was changed since its connections were made counts for all of them.
async fn check_server(node: &Node, durability: Durability) -> Result<(), Trouble> {
    let mut lease = node.pool.lease().await?;
    let checked = match checks::check(&mut lease, durability).await {
        // What passes by itself was looked at when this connection was made.
        Err(Trouble::Unreachable(_)) => return Ok(()),
        checked => checked,
    };
    if checked.as_ref().map(|checked| checked.barrier).ok() != Some(lease.barrier) {
        node.dialer.lost(lease.generation(), Whereabouts::Unknown);
    }
    checked.map(drop)
}
