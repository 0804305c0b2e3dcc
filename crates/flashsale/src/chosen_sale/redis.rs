//! The sale in a Redis that many nodes share. Whichever comes first makes it; the others find it there.

use std::path::Path;
use std::time::Duration;

use flashsale_api::admin::about::Engine;
use flashsale_ledger::redis::{
    Address, NewSale, OpenError, RedisLedger, RedisSale, Retries, Settings, Strategy,
};
use flashsale_limits::Rates;
use flashsale_sale::{Phase, Sale, SaleId, Timestamp};

use super::{ChosenSale, DURATION_MS, check_agreement, demo_name, named_id, new_sale};
use crate::cli::{RedisPlace, RedisSettings, RedisStrategy, SaleSettings};
use crate::failure::Failure;
use crate::moment::Moment;
use crate::world;
use flashsale_api::export::calendar;

/// Opens the sale that the settings mean, and makes it if there is none.
pub(crate) async fn open(
    settings: &SaleSettings,
    redis: &RedisSettings,
    address: &Address,
    rates: Rates,
    data_dir: &Path,
) -> Result<ChosenSale<RedisLedger>, Failure> {
    let place = format!(
        "{address}, a confirmed order is kept as REDIS_DURABILITY={} says",
        redis.redis_durability
    );
    let how = how(redis, address, rates)?;
    let connect = async |id| {
        RedisSale::connect(how.clone(), id, data_dir)
            .await
            .map_err(failure)
    };
    let is_demo = settings.is_demo();
    let mut found = if is_demo {
        demo(connect).await?
    } else {
        connect(named_id(settings)?).await?
    };
    let mut is_new = false;
    if found.stored().is_none() {
        let sale = new_sale(settings, found.id().clone(), found.now())?;
        check_not_late(settings, redis, &sale, found.now())?;
        let new = NewSale {
            sale,
            epoch: world::key()?,
            csrf_key: world::key()?,
        };
        is_new = found.create(new).await.map_err(failure)?;
    }
    if let Some((sale, _)) = found.stored() {
        check_agreement(settings, sale).map_err(Failure::Refused)?;
    }
    let ledger = found.open().await.map_err(failure)?;
    Ok(ChosenSale {
        ledger,
        engine: Engine::Redis,
        place,
        is_new,
        is_demo,
    })
}

/// The certificates that a server's must lead to, if a file of them is named.
pub(crate) fn authorities(place: &RedisPlace) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &place.redis_tls_ca else {
        return Ok(None);
    };
    let refused =
        |reason: String| Failure::refused(format!("REDIS_TLS_CA {}: {reason}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    flashsale_ledger::redis::check_authorities(&pem).map_err(refused)?;
    Ok(Some(pem))
}

fn how(redis: &RedisSettings, address: &Address, rates: Rates) -> Result<Settings, Failure> {
    Ok(Settings {
        address: address.clone(),
        authorities: authorities(&redis.place)?,
        strategy: match redis.redis_strategy {
            RedisStrategy::Function => Strategy::Function,
            RedisStrategy::Watch => Strategy::Watch,
        },
        rates,
        durability: redis.redis_durability,
        connections_max: redis.redis_tx_pool.get().into(),
        retries: Retries {
            retries_max: redis.purchase_max_retries,
            pause_max: Duration::from_millis(redis.purchase_retry_backoff_ms.get().into()),
            random: world::random,
        },
    })
}

/// Nodes that start within one hour mean the same demo, and one that starts in the next goes on with it
/// while it lasts. A demo lasts an hour from some seconds after its start, so those two names will do.
async fn demo(
    connect: impl AsyncFn(SaleId) -> Result<RedisSale, Failure>,
) -> Result<RedisSale, Failure> {
    // The server's clock names it, and the first connection needs a name to tell the clock.
    let clock = connect(demo_name(Timestamp(0), HOUR_DIGITS)?).await?;
    let now = clock.now();
    let earlier = Timestamp(now.0.saturating_sub(DURATION_MS));
    let previous = connect(demo_name(earlier, HOUR_DIGITS)?).await?;
    let goes_on = previous
        .stored()
        .is_some_and(|(sale, has_ended)| !has_ended && sale.window().phase(now) != Phase::Ended);
    if goes_on {
        return Ok(previous);
    }
    connect(demo_name(now, HOUR_DIGITS)?).await
}

/// Year, month, day and hour.
const HOUR_DIGITS: usize = 10;

/// A sale whose start has passed was probably sold from already, by other nodes, and Redis has lost it. To
/// make it again would sell everything a second time. A relative start says nothing about that.
fn check_not_late(
    settings: &SaleSettings,
    redis: &RedisSettings,
    sale: &Sale,
    now: Timestamp,
) -> Result<(), Failure> {
    let starts_at = sale.window().starts_at();
    let is_certain = matches!(settings.sale_start, Some(Moment::At(_)));
    if redis.redis_create_late || !is_certain || now < starts_at {
        return Ok(());
    }
    let (id, start) = (sale.id(), calendar(starts_at));
    Err(Failure::refused(format!(
        "Redis holds nothing of the sale {id}, and SALE_START {start} has passed. If it was sold from \
         before, its orders are lost: put back the data of that Redis. If it is new, start one node \
         with REDIS_CREATE_LATE=true"
    )))
}

fn failure(error: OpenError) -> Failure {
    match error {
        // It is a matter of settings, and trying again does not help.
        OpenError::Unsafe(_) => Failure::refused(error),
        _ => Failure::failed(error),
    }
}
