//! What the server says of every user when nobody buys any more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Plan;
use crate::answer::Status;
use crate::buyer::Buyer;
use crate::claims::Told;

/// Connections that look up.
const LOOK_UPS_MAX: usize = 64;
/// The least time for all look-ups.
const TIME_MIN: Duration = Duration::from_mins(1);
/// The pause before a server that was too busy for a look-up is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the status is asked for until it shows what was sold: other nodes may be a moment behind.
const STATUS_TRIES: u32 = 50;

/// What the look-ups found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The order of every user who has one.
    pub(super) orders: HashMap<u32, Box<str>>,
    /// Users without an answer.
    pub(super) unanswered: HashSet<u32>,
    /// Why the first try without an answer had none.
    pub(super) reason: Option<String>,
    pub(super) looked_up: u64,
}

/// Looks up everybody who tried.
pub(super) async fn everybody(plan: &Arc<Plan>, told: &Arc<Vec<Told>>) -> Found {
    let deadline = Instant::now() + plan.duration_max.max(TIME_MIN);
    let next = Arc::new(AtomicU32::new(0));
    let mut clerks = JoinSet::new();
    for _ in 0..plan.connections.min(LOOK_UPS_MAX) {
        let (plan, told, next) = (Arc::clone(plan), Arc::clone(told), Arc::clone(&next));
        clerks.spawn(async move {
            let mut found = Found::default();
            let mut clerk = Buyer::new(&plan);
            loop {
                let user = next.fetch_add(1, Ordering::Relaxed);
                match told.get(user as usize) {
                    None => return found,
                    Some(told) if told.tried => {
                        look_up(&mut clerk, user, deadline, &mut found).await;
                    }
                    Some(_) => {}
                }
            }
        });
    }
    let mut whole = Found::default();
    while let Some(found) = clerks.join_next().await {
        let found = found.expect("looking up does not panic");
        whole.orders.extend(found.orders);
        whole.unanswered.extend(found.unanswered);
        whole.reason = whole.reason.or(found.reason);
        whole.looked_up += found.looked_up;
    }
    whole
}

/// Asks until there is an answer, as long as there is time.
async fn look_up(clerk: &mut Buyer, user: u32, deadline: Instant, found: &mut Found) {
    const TRIES_MAX: u32 = 20;
    for _ in 0..TRIES_MAX {
        if Instant::now() >= deadline {
            found
                .reason
                .get_or_insert_with(|| "there was no time left".to_owned());
            break;
        }
        match clerk.look_up(user).await {
            Ok(Some(answer)) => {
                found.looked_up += 1;
                if let Some(order) = answer.order_id.filter(|_| answer.purchased) {
                    found.orders.insert(user, order);
                }
                return;
            }
            Ok(None) => {
                found
                    .reason
                    .get_or_insert_with(|| "the server was too busy".to_owned());
            }
            Err(reason) => {
                found.reason.get_or_insert(reason);
            }
        }
        sleep(PAUSE).await;
    }
    found.unanswered.insert(user);
}

/// The status, once it shows as many sold as this run has found.
pub(super) async fn last_look(
    plan: &Arc<Plan>,
    before: &Status,
    found: usize,
) -> Result<Status, String> {
    let mut clerk = Buyer::new(plan);
    let expected = before
        .sold
        .saturating_add(i64::try_from(found).unwrap_or(i64::MAX));
    let mut status = clerk.status().await;
    for _ in 0..STATUS_TRIES {
        if status.as_ref().is_ok_and(|status| status.sold >= expected) {
            break;
        }
        sleep(PAUSE).await;
        status = clerk.status().await;
    }
    status
}
