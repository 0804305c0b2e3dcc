//! The strategy `function`: the server itself decides a batch, in one call.

use std::sync::atomic::{AtomicBool, Ordering};

use flashsale_limits::{Rate, RateLimited, Rates, Who};
use flashsale_sale::{Attempt, IdempotencyKey, Order, Outcome, Phase, Timestamp};
use parking_lot::Mutex;
use redis::{Cmd, Value};

use super::books;
use super::connection::Connection;
use super::head::Head;
use super::keys::Keys;
use super::record::{self, Tip};
use super::trouble::Trouble;
use super::{ATTEMPTS_MAX, Decided};

/// The body of the function, without what makes it a library or a script.
const BODY: &str = include_str!("decide.lua");

// Each attempt brings three keys to read, and Lua hands over at most 8,000 values at once.
const _: () = assert!(3 * ATTEMPTS_MAX < 8_000);

/// Calls the function, and loads it where it is not there.
#[derive(Debug)]
pub(super) struct Function {
    /// The name of library and function. It holds a checksum of the body, so that nodes of two versions
    /// can share one server.
    name: String,
    /// Whether the server has functions; those before Redis 7 have only scripts.
    has_functions: AtomicBool,
    /// What the server calls the script, once it was loaded.
    script: Mutex<String>,
    /// How often somebody may try, counted for all nodes.
    rates: Rates,
}

impl Function {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            name: format!(
                "flashsale_decide_{:08x}",
                crc32fast::hash(body().as_bytes())
            ),
            has_functions: AtomicBool::new(true),
            script: Mutex::default(),
            rates,
        }
    }

    /// Loads the function; one that is there already is as good.
    pub(super) async fn load(&self, connection: &mut Connection) -> Result<(), Trouble> {
        if self.has_functions.load(Ordering::Relaxed) {
            let library = format!(
                "#!lua name={name}\n{body}\nredis.register_function('{name}', decide)\n",
                name = self.name,
                body = body(),
            );
            let command = redis::cmd("FUNCTION").arg("LOAD").arg(library).to_owned();
            match connection.command(&command).await {
                Err(Trouble::Refused { text, .. }) if text.contains("already exists") => {
                    return Ok(());
                }
                Err(trouble) if trouble.is_unknown_command() => {
                    self.has_functions.store(false, Ordering::Relaxed);
                    tracing::info!("this Redis has no functions, so a script is used");
                }
                result => return result.map(drop),
            }
        }
        let script = format!("{}\nreturn decide(KEYS, ARGV)\n", body());
        let command = redis::cmd("SCRIPT").arg("LOAD").arg(script).to_owned();
        let digest = connection.command(&command).await?;
        record::text(&digest)
            .unwrap_or_default()
            .clone_into(&mut self.script.lock());
        Ok(())
    }

    /// Decides a batch. If the function has been forgotten, it is loaded again, once.
    pub(super) async fn decide(
        &self,
        connection: &mut Connection,
        keys: &Keys,
        head: &Head,
        seen: (Option<Tip>, Timestamp),
        attempts: &[Attempt],
    ) -> Result<Decided, Trouble> {
        let call = self.call(keys, head, seen, attempts);
        let answer = match connection.command(&call).await {
            Err(trouble) if trouble.is_forgotten() => {
                tracing::info!("Redis has forgotten the function; it is loaded again");
                self.load(connection).await?;
                let call = self.call(keys, head, seen, attempts);
                connection.command(&call).await?
            }
            result => result?,
        };
        parse(&answer, attempts, self.rates)
    }

    fn call(
        &self,
        keys: &Keys,
        head: &Head,
        (tip, time): (Option<Tip>, Timestamp),
        attempts: &[Attempt],
    ) -> Cmd {
        let mut call = if self.has_functions.load(Ordering::Relaxed) {
            redis::cmd("FCALL").arg(&self.name).to_owned()
        } else {
            redis::cmd("EVALSHA").arg(&*self.script.lock()).to_owned()
        };
        // A batch that is sent again is not counted again.
        let networks: Option<Vec<_>> = attempts.iter().map(|attempt| attempt.network).collect();
        let counted = networks.filter(|_| !self.rates.are_off());
        let keys_of_each = if counted.is_some() { 3 } else { 1 };
        call.arg(3 + keys_of_each * attempts.len())
            .arg(&[&keys.config, &keys.stock, &keys.orders]);
        for (index, attempt) in attempts.iter().enumerate() {
            call.arg(keys.receipt(&attempt.user));
            if let Some(networks) = &counted {
                call.arg(keys.limit_of_network(networks[index]))
                    .arg(keys.limit_of_user(&attempt.user));
            }
        }
        call.arg(&head.epoch);
        match tip {
            Some(tip) => call
                .arg(tip.position.to_string())
                .arg(tip.order_id.to_string()),
            None => call.arg("").arg(""),
        };
        call.arg(time.0).arg(keys.receipts.len());
        for rate in [self.rates.address, self.rates.user] {
            let interval_us = rate.map_or(0, Rate::interval_us);
            let at_once = rate.map_or(0, Rate::requests);
            call.arg(interval_us).arg(interval_us * u64::from(at_once));
        }
        for attempt in attempts {
            let key = attempt.idempotency_key.as_ref();
            call.arg(attempt.order_id.to_string())
                .arg(key.map_or("", IdempotencyKey::as_str));
        }
        call
    }
}

pub(crate) fn parse(
    answer: &Value,
    attempts: &[Attempt],
    rates: Rates,
) -> Result<Decided, Trouble> {
    let odd = || Trouble::NoAnswer("the function's answer cannot be read".to_owned());
    let Value::Array(parts) = answer else {
        return Err(odd());
    };
    let [time, now, sold, brake, Value::Array(results)] = &parts[..] else {
        return Err(odd());
    };
    let number = |value| u64::try_from(record::number(value)?).ok();
    let time = Timestamp(number(time).ok_or_else(odd)?);
    let now = Timestamp(number(now).ok_or_else(odd)?);
    let sold = number(sold)
        .and_then(|sold| u32::try_from(sold).ok())
        .ok_or_else(odd)?;
    let brake = record::text(brake).filter(|text| !text.is_empty());
    let brake = books::parse_brake(brake)?;
    if results.len() != attempts.len() {
        return Err(odd());
    }
    let mut orders = Vec::new();
    let mut outcomes = Vec::with_capacity(attempts.len());
    for (attempt, result) in attempts.iter().zip(results) {
        outcomes.push(match result {
            Value::Int(0) => Outcome::SoldOut,
            Value::Int(-1) => Outcome::NotActive(Phase::Upcoming),
            Value::Int(-2) => Outcome::NotActive(Phase::Ended),
            Value::Int(-3) => Outcome::Paused,
            Value::Int(unit) => {
                let order = Order {
                    unit: u32::try_from(*unit).map_err(|_| odd())?,
                    id: attempt.order_id,
                    user: attempt.user.clone(),
                    ordered_at: now,
                    idempotency_key: attempt.idempotency_key.clone(),
                };
                orders.push(order.clone());
                Outcome::Purchased(order)
            }
            Value::BulkString(receipt) => {
                let order =
                    record::parse_receipt(&attempt.user, receipt).map_err(Trouble::unsound)?;
                Outcome::of_stored_for(order, attempt)
            }
            Value::Array(wait) => Outcome::TooOften(parse_wait(wait, rates).ok_or_else(odd)?),
            _ => return Err(odd()),
        });
    }
    Ok(Decided {
        time,
        now,
        sold_before: sold,
        brake,
        outcomes,
        orders,
    })
}

/// What the function is made of.
#[cfg(not(test))]
fn body() -> std::borrow::Cow<'static, str> {
    BODY.into()
}

/// In tests of the engine the time comes from a key that the test sets, so that every moment of a sale
/// can be had. All else is the same.
#[cfg(test)]
fn body() -> std::borrow::Cow<'static, str> {
    let clock = format!("redis.call('LRANGE', '{}', 0, 1)", super::tests::CLOCK_KEY);
    BODY.replace("redis.call('TIME')", &clock).into()
}

/// Who has to wait, and for how long.
fn parse_wait(wait: &[Value], rates: Rates) -> Option<RateLimited> {
    let &[Value::Int(who), Value::Int(us)] = wait else {
        return None;
    };
    let (who, rate) = match who {
        1 => (Who::Address, rates.address),
        2 => (Who::User, rates.user),
        _ => return None,
    };
    Some(RateLimited {
        who,
        rate: rate?,
        wait_us: u64::try_from(us).ok()?,
    })
}
