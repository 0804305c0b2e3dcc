//! How often somebody may ask: joins what each node counts to what Redis counts for all of them.

use flashsale_api::BoxFuture;
use flashsale_api::limits::{Limits, RateLimited, Who};
use flashsale_ledger::redis::{Exceeded, Rates, SharedLimits};
use flashsale_limits::{Network, Rate};
use flashsale_sale::UserId;

use crate::cli::access::AccessSettings;
use crate::cli::{RedisSettings, RedisStrategy};

/// The limits of this node.
pub(super) fn of_node(settings: &AccessSettings, shared: Option<SharedLimits>) -> Limits {
    let rates = settings.rates();
    let shared = shared.map(|limits| Box::new(Shared { limits, rates }) as Box<_>);
    Limits::new(rates.address, rates.user, shared)
}

/// What is counted for all nodes: nothing where no script may run in Redis.
pub(super) fn shared_rates(settings: &AccessSettings, redis: &RedisSettings) -> Option<Rates> {
    let rates = settings.rates();
    let is_counted = rates.address.is_some() || rates.user.is_some();
    match redis.redis_strategy {
        RedisStrategy::Function => is_counted.then_some(rates),
        RedisStrategy::Watch => None,
    }
}

#[derive(Debug)]
struct Shared {
    limits: SharedLimits,
    rates: Rates,
}

impl flashsale_api::limits::SharedLimits for Shared {
    fn take<'a>(
        &'a self,
        network: Network,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<(), RateLimited>> {
        Box::pin(async move {
            let taken = self.limits.take(network, user).await;
            taken.or_else(|exceeded| self.refusal(exceeded).map_or(Ok(()), Err))
        })
    }
}

impl Shared {
    /// None where that is not counted, which Redis does not refuse.
    fn refusal(&self, exceeded: Exceeded) -> Option<RateLimited> {
        let limited =
            |who, rate: Option<Rate>, wait_us| rate.map(|rate| RateLimited { who, rate, wait_us });
        match exceeded {
            Exceeded::Address(wait_us) => limited(Who::Address, self.rates.address, wait_us),
            Exceeded::User(wait_us) => limited(Who::User, self.rates.user, wait_us),
        }
    }
}
