//! How often somebody may ask, by address and by user.
//!
//! Each node counts by itself, in memory, before anything else is done with a request. Where many nodes
//! sell from one ledger, an attempt that goes there is counted once more, for all nodes together
//! ([`SharedLimits`]); what is answered from memory costs nothing there.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flashsale_limits::{Limiter, Network, Rate};
use flashsale_sale::UserId;
use tokio::time::Instant;

use crate::BoxFuture;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limits of a node.
#[derive(Debug)]
pub struct Limits {
    address: Option<Limiter>,
    user: Option<Limiter>,
    /// What all nodes count together.
    pub(crate) shared: Option<Box<dyn SharedLimits>>,
    /// What the limiters take for zero, a second before it: their zero stands for nobody.
    began: Instant,
}

/// What counts for all nodes.
pub trait SharedLimits: std::fmt::Debug + Send + Sync {
    /// One more attempt on its way to the ledger.
    fn take<'a>(
        &'a self,
        network: Network,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<(), RateLimited>>;
}

/// Somebody asks too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// Who.
    pub who: Who,
    /// How often they may ask.
    pub rate: Rate,
    /// After how many microseconds they may ask again.
    pub wait_us: u64,
}

/// Whom a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody at one address, or in one IPv6 network.
    Address,
    /// One user, wherever they are.
    User,
}

impl Limits {
    /// Without a rate, nobody is counted.
    pub fn new(
        address: Option<Rate>,
        user: Option<Rate>,
        shared: Option<Box<dyn SharedLimits>>,
    ) -> Self {
        Self {
            address: address.map(Limiter::new),
            user: user.map(Limiter::new),
            shared,
            began: Instant::now(),
        }
    }

    /// One more request from an address, which is found out only where addresses are counted.
    pub(crate) fn take_address(&self, client: impl FnOnce() -> IpAddr) -> Result<(), RateLimited> {
        match &self.address {
            Some(limiter) => self.take(Who::Address, limiter, &Network::from(client())),
            None => Ok(()),
        }
    }

    /// One more attempt of a user.
    pub(crate) fn take_user(&self, user: &UserId) -> Result<(), RateLimited> {
        match &self.user {
            Some(limiter) => self.take(Who::User, limiter, &user.as_str()),
            None => Ok(()),
        }
    }

    fn take(
        &self,
        who: Who,
        limiter: &Limiter,
        key: &impl std::hash::Hash,
    ) -> Result<(), RateLimited> {
        const SECOND_US: u64 = 1_000_000;
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        limiter
            .take(key, now.saturating_add(SECOND_US))
            .map_err(|wait_us| RateLimited {
                who,
                rate: limiter.rate(),
                wait_us,
            })
    }
}

impl RateLimited {
    /// The header fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the
    /// quota and its window in seconds, and that nothing remains for so many seconds.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let policy = match self.who {
            Who::Address => "address",
            Who::User => "user",
        };
        let window = self.rate.period().as_millis().div_ceil(1000);
        let quota = self.rate.requests();
        let seconds = self.retry_after_ms().div_ceil(1000);
        for (name, text) in [
            (
                RATE_LIMIT_POLICY,
                format!("\"{policy}\";q={quota};w={window}"),
            ),
            (RATE_LIMIT, format!("\"{policy}\";r=0;t={seconds}")),
        ] {
            let value = HeaderValue::try_from(text).expect("words and numbers fit a header");
            headers.insert(name, value);
        }
    }

    /// When to come back, in milliseconds.
    pub(crate) fn retry_after_ms(self) -> u64 {
        self.wait_us.div_ceil(1000)
    }
}
