//! The strategy `watch`: the node decides, and Redis stores it only if nothing has changed meanwhile.
//!
//! For servers where no script may run. A round trip reads the books and guards them, a second one writes;
//! if another node was quicker, the second does nothing and both are done again.

use std::collections::HashMap;
use std::time::Duration;

use flashsale_sale::{Attempt, IdempotencyKey, Order, Phase, Timestamp, UserId, decide};
use redis::{Pipeline, Value};

use super::Decided;
use super::books::{self, Books};
use super::connection::{Lease, Pool, is_lease_sabotaged};
use super::head::Head;
use super::keys::Keys;
use super::record::{self, FIELDS, Position, Tip};
use super::trouble::Trouble;

/// How often, and how far apart, a batch is tried again when other nodes were quicker.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// How often at most.
    pub retries_max: u32,
    /// The longest first pause; it doubles each time. The pause itself is drawn between nothing and this.
    pub pause_max: Duration,
    /// Fills a buffer with random bytes.
    pub random: fn(&mut [u8]),
}

/// The longest that a pause may grow to.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Decides and stores a batch.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) retries: Retries,
    /// A node's own transactions would only make each other fail, so one at a time decides. The waits for
    /// durability that follow go on side by side.
    turn: tokio::sync::Mutex<()>,
}

impl Watch {
    pub(super) fn new(retries: Retries) -> Self {
        Self {
            retries,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the connection as well, on which what was stored can be waited for.
    pub(super) async fn decide(
        &self,
        pool: &Pool,
        keys: &Keys,
        head: &Head,
        seen: (Option<Tip>, Timestamp),
        attempts: &[Attempt],
    ) -> Result<(Lease, Decided), Trouble> {
        let _turn = if is_lease_sabotaged() {
            None
        } else {
            Some(self.turn.lock().await)
        };
        let mut lease = pool.lease().await?;
        for retry in 0..=self.retries.retries_max {
            if retry > 0 {
                tokio::time::sleep(self.pause(retry)).await;
            }
            let (returned, decided) = try_once(lease, keys, head, seen, attempts).await?;
            lease = returned;
            if let Some(decided) = decided {
                return Ok((lease, decided));
            }
        }
        Err(Trouble::Outrun(self.retries.retries_max + 1))
    }

    fn pause(&self, retry: u32) -> Duration {
        let longest = self.retries.pause_max * 2_u32.saturating_pow(retry - 1).min(1 << 10);
        let mut bytes = [0; 2];
        (self.retries.random)(&mut bytes);
        longest.min(PAUSE_MAX) * u32::from(u16::from_le_bytes(bytes)) / (1 << 16)
    }
}

/// One try; nothing decided means that somebody else was quicker.
async fn try_once(
    lease: Lease,
    keys: &Keys,
    head: &Head,
    (tip, floor): (Option<Tip>, Timestamp),
    attempts: &[Attempt],
) -> Result<(Lease, Option<Decided>), Trouble> {
    let receipts: Vec<_> = attempts
        .iter()
        .map(|attempt| keys.receipt(&attempt.user))
        .collect();
    let (watched, answers) = lease.watch(&question(keys, head, tip, &receipts)).await?;
    // The answers to SET and WATCH say nothing.
    let (books, receipts_found) = answers[2..].split_at(books::ANSWERS);
    let books = Books::parse(books)?;
    books.check(head, tip).map_err(Trouble::Closed)?;
    let stored = stored(attempts, receipts_found)?;

    let (sale, sold_before) = (&head.sale, books.sold());
    let now = books.now(floor);
    let find = |user: &UserId| stored.get(user).cloned();
    let decision = decide(sale, sold_before, find, now, books.brake, attempts);
    let left = sale.stock().saturating_sub(sold_before);
    // `decide` never does that. Beside it stands this, because below zero nothing can be put right.
    if decision.orders.len() > left as usize && !sabotaged_stock() {
        return Err(Trouble::unsound(format!(
            "{} orders were about to be stored with {left} units left; nothing was stored",
            decision.orders.len()
        )));
    }
    let is_end = sale.window().phase(now) == Phase::Ended && books.ended_at.is_none();
    let decided = Decided {
        time: books.time,
        now,
        sold_before,
        brake: books.brake,
        outcomes: decision.outcomes,
        orders: decision.orders,
    };
    if decided.orders.is_empty() && !is_end {
        return Ok((watched.unwatch().await?, Some(decided)));
    }
    let writes = writes(keys, &decided.orders, is_end.then_some(now));
    let (lease, answers) = watched.exec(&writes).await?;
    let Some(answers) = answers else {
        return Ok((lease, None));
    };
    check_written(answers, &decided.orders, left)?;
    Ok((lease, Some(decided)))
}

fn question(keys: &Keys, head: &Head, tip: Option<Tip>, receipts: &[String]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(4 + books::ANSWERS);
    // It is there until the end of the sale by the server's clock. A transaction that was begun before the
    // end and comes after it fails, because a key that it watches has expired.
    pipeline
        .cmd("SET")
        .arg(&keys.open)
        .arg(&["1", "NX", "PXAT"])
        .arg(head.sale.window().ends_at().0);
    pipeline
        .cmd("WATCH")
        .arg(&[&keys.config, &keys.stock, &keys.orders, &keys.open])
        .arg(receipts);
    books::ask(&mut pipeline, keys, tip);
    if !receipts.is_empty() {
        pipeline.cmd("MGET").arg(receipts);
        // MGET is silent about keys that hold something else than text.
        pipeline.cmd("EXISTS").arg(receipts);
    }
    pipeline
}

/// The orders that the users of a batch have already.
fn stored<'a>(
    attempts: &'a [Attempt],
    answers: &[Value],
) -> Result<HashMap<&'a UserId, Order>, Trouble> {
    let (receipts, existing) = match answers {
        [] => return Ok(HashMap::new()),
        [Value::Array(receipts), existing] => (receipts, record::number(existing)),
        _ => return Err(Trouble::unsound("the receipts cannot be read")),
    };
    let mut orders = HashMap::new();
    let mut found = 0;
    for (attempt, receipt) in attempts.iter().zip(receipts) {
        if let Value::BulkString(bytes) = receipt {
            found += 1;
            let order = record::parse_receipt(&attempt.user, bytes).map_err(Trouble::unsound)?;
            orders.insert(&attempt.user, order);
        }
    }
    if existing != Some(found) {
        let fault = super::trouble::Fault::WrongType("the receipt of a user".to_owned());
        return Err(Trouble::Closed(fault));
    }
    Ok(orders)
}

fn writes(keys: &Keys, orders: &[Order], ended_at: Option<Timestamp>) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(orders.len() + 3);
    pipeline.atomic();
    if !orders.is_empty() {
        let receipts = pipeline.cmd("MSET");
        for order in orders {
            receipts
                .arg(keys.receipt(&order.user))
                .arg(record::receipt(order));
        }
    }
    for order in orders {
        let key = order.idempotency_key.as_ref();
        pipeline
            .cmd("XADD")
            .arg(&keys.orders)
            .arg(Position::of(order).to_string())
            .arg(FIELDS[0])
            .arg(order.id.to_string())
            .arg(FIELDS[1])
            .arg(order.user.as_str())
            .arg(FIELDS[2])
            .arg(key.map_or("", IdempotencyKey::as_str));
    }
    if let Some(time) = ended_at {
        pipeline
            .cmd("HSET")
            .arg(&keys.config)
            .arg("endedAt")
            .arg(time.0);
    }
    // Its answer, the last, is the number of units left.
    pipeline.cmd("DECRBY").arg(&keys.stock).arg(orders.len());
    pipeline
}

/// The guard makes sure that these cannot fail. If one did, the books are not in order any more, and that
/// must not be passed over: the batch counts as unknown, and the checks before the next one close the
/// sale.
fn check_written(answers: Vec<Value>, orders: &[Order], left: u32) -> Result<(), Trouble> {
    let mut last = None;
    for answer in answers {
        last = Some(answer.extract_error().map_err(|error| {
            Trouble::NoAnswer(format!("a part of a transaction was not stored: {error}"))
        })?);
    }
    let left_now = last.as_ref().and_then(record::number);
    let expected = i64::from(left) - i64::try_from(orders.len()).unwrap_or(i64::MAX);
    if left_now == Some(expected) {
        Ok(())
    } else {
        Err(Trouble::NoAnswer(format!(
            "{expected} units should be left after a batch, and the counter says {left_now:?}: somebody \
             else writes to it"
        )))
    }
}

#[cfg(not(feature = "sabotage"))]
fn sabotaged_stock() -> bool {
    false
}

#[cfg(feature = "sabotage")]
fn sabotaged_stock() -> bool {
    flashsale_sale::sabotage::is_chosen(flashsale_sale::sabotage::Sabotage::Stock)
}
