//! The clock and the random bytes of the real world, and how the runtime meets it. Everything else gets them passed in.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use flashsale_ledger::Clock;
use flashsale_sale::Timestamp;
use rand::Rng as _;

use crate::failure::Failure;

/// After how many tasks a thread of the runtime looks at the queue that all threads share. Tasks beyond the
/// 256 that fit a thread's own queue go there. By default it looks about every fiftieth time while it has work
/// of its own, and then, with thousands of busy connections, some clients wait hundreds of times as long as
/// others.
pub(crate) const SHARED_QUEUE_INTERVAL: u32 = 2;

/// The system's clock. A clock before 1970 reads as 1970.
pub(crate) fn clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    };
    Arc::new(move || Timestamp(u64::try_from(now().as_millis()).unwrap_or(u64::MAX)))
}

/// Bytes that nobody can guess, from a generator of each thread that the system has seeded: fast
/// enough for every request.
pub(crate) fn random(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}

/// Bytes for a key, straight from the system.
pub(crate) fn key<const N: usize>() -> Result<[u8; N], Failure> {
    let mut key = [0; N];
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for a key"
    )]
    getrandom::fill(&mut key)
        .map_err(|error| Failure::failed(format!("the system gave no random bytes: {error}")))?;
    Ok(key)
}

/// Test-only: leaves a check out, as `FLASHSALE_SABOTAGE` says.
#[cfg(feature = "sabotage")]
pub(crate) fn sabotage() {
    use flashsale_sale::sabotage::{Sabotage, choose};
    #[expect(clippy::disallowed_methods, reason = "no setting of the real program")]
    let wanted = std::env::var("FLASHSALE_SABOTAGE").unwrap_or_default();
    choose(match wanted.as_str() {
        "" => Sabotage::None,
        "uniqueness" => Sabotage::Uniqueness,
        "stock" => Sabotage::Stock,
        "durability" => Sabotage::Durability,
        "lease" => Sabotage::Lease,
        other => {
            panic!("FLASHSALE_SABOTAGE={other}: there is uniqueness, stock, durability and lease")
        }
    });
}
