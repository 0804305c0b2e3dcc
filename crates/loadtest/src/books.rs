//! Checks over HTTP, after the run, that what was told holds.
//!
//! [`looked_up`] asks the server for every user; [`evidence`] holds the answers against what the users were
//! told, rule by rule.

mod evidence;
mod looked_up;

use std::sync::Arc;

use serde::Serialize;
use tokio::time::Instant;

use crate::Plan;
use crate::answer::Status;
use crate::claims::Claims;
use evidence::{Evidence, listed};

/// What came of the checks.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Books {
    /// Each check.
    pub checks: Vec<Check>,
    /// How many users of this run have an order.
    pub users_with_order: u64,
    /// The sale after the run, if it could be asked: units left and sold.
    pub stock_after: Option<i64>,
    /// See `stock_after`.
    pub sold_after: Option<i64>,
    /// How long the checks took, in milliseconds.
    pub took_ms: u64,
}

/// One rule, and whether it held.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The rule, as a sentence that is true when it holds.
    pub rule: &'static str,
    /// Whether it is.
    pub result: Verdict,
    /// What was compared, or why it was not.
    pub detail: String,
    /// How often it was broken.
    pub broken: u64,
    /// The users and orders, the first few.
    pub examples: Vec<String>,
}

/// What came of a check, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was nothing to compare, and need not be.
    NotApplicable,
    /// The rule holds.
    Holds,
    /// It could not be found out.
    Unmeasured,
    /// The rule is broken.
    Broken,
}

impl Books {
    /// The worst of all checks.
    pub fn verdict(&self) -> Verdict {
        let worst = self.checks.iter().map(|check| check.result).max();
        worst.unwrap_or(Verdict::Unmeasured)
    }
}

/// Looks every user up who tried, and holds the answers against what they were told.
pub(crate) async fn check(
    plan: &Arc<Plan>,
    before: &Status,
    claims: Claims,
    seen: Vec<String>,
) -> Books {
    let began_at = Instant::now();
    let told = Arc::new(claims.everybody());
    let (claimed, off_contract) = claims.into_orders();
    let found = looked_up::everybody(plan, &told).await;
    let after = looked_up::last_look(plan, before, found.orders.len()).await;

    let evidence = Evidence {
        plan,
        before,
        told: &told,
        claimed: &claimed,
        found: &found,
        after: &after,
    };
    let checks = vec![
        evidence.within_stock(),
        evidence.one_order_each(),
        evidence.one_user_each(),
        evidence.found_again(),
        evidence.refused_have_none(),
        evidence.all_sold(),
        evidence.counted(),
        evidence.nothing_unknown(),
        listed(
            "the stock never rose, never fell below zero, and no phase came back",
            seen,
            "in every status seen",
        ),
        listed(
            "every answer kept to the contract",
            off_contract,
            "all answers to purchases",
        ),
    ];
    Books {
        checks,
        users_with_order: found.orders.len() as u64,
        stock_after: after.as_ref().ok().map(|status| status.stock),
        sold_after: after.as_ref().ok().map(|status| status.sold),
        took_ms: u64::try_from(began_at.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}
