//! How often somebody may ask, by address and by user.
//!
//! Each node counts by itself, in memory, before anything else is done with a request. Where many nodes
//! sell from one ledger, it counts an attempt that goes there once more, for all nodes together, and says
//! [`TooOften`](flashsale_sale::Outcome::TooOften); what is answered from memory costs nothing there.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flashsale_limits::{Limiter, Network, RateLimited, Rates, Who};
use flashsale_sale::UserId;
use tokio::time::Instant;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limits of a node.
#[derive(Debug)]
pub struct Limits {
    address: Option<Limiter>,
    user: Option<Limiter>,
    /// What the limiters take for zero, a second before it: their zero stands for nobody.
    began: Instant,
}

impl Limits {
    /// Without a rate, nobody is counted.
    pub fn new(rates: Rates) -> Self {
        Self {
            address: rates.address.map(Limiter::new),
            user: rates.user.map(Limiter::new),
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

/// Writes the header fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the
/// quota and its window in seconds, and that nothing remains for so many seconds.
pub(crate) fn write_headers(limited: RateLimited, headers: &mut HeaderMap) {
    let policy = match limited.who {
        Who::Address => "address",
        Who::User => "user",
    };
    let window = limited.rate.period().as_millis().div_ceil(1000);
    let quota = limited.rate.requests();
    let seconds = limited.retry_after_ms().div_ceil(1000);
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
