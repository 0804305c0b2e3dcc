//! Checks over HTTP, after the run, that what was told holds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Plan;
use crate::answer::Status;
use crate::buyer::Buyer;
use crate::claims::{Claims, Orders, Told};

/// Findings of one check that are named; the others are only counted.
const EXAMPLES_MAX: usize = 20;
/// Connections that look up.
const LOOK_UPS_MAX: usize = 64;
/// The least time for all look-ups.
const TIME_MIN: Duration = Duration::from_mins(1);
/// The pause before a server that was too busy for a look-up is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the status is asked for until it shows what was sold: other nodes may be a moment behind.
const STATUS_TRIES: u32 = 50;

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

/// What the look-ups found.
#[derive(Debug, Default)]
struct Found {
    /// The order of every user who has one.
    orders: HashMap<u32, Box<str>>,
    /// Users without an answer, and the last reason.
    unanswered: HashSet<u32>,
    reason: Option<String>,
    looked_up: u64,
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
    let found = look_everybody_up(plan, &told).await;
    let after = last_look(plan, before, found.orders.len()).await;

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

async fn look_everybody_up(plan: &Arc<Plan>, told: &Arc<Vec<Told>>) -> Found {
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
async fn last_look(plan: &Arc<Plan>, before: &Status, found: usize) -> Result<Status, String> {
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

/// All that is known when the checks begin.
struct Evidence<'a> {
    plan: &'a Plan,
    before: &'a Status,
    told: &'a [Told],
    /// What users were told to have.
    claimed: &'a HashMap<u32, Orders>,
    /// What they have.
    found: &'a Found,
    after: &'a Result<Status, String>,
}

impl Evidence<'_> {
    fn within_stock(&self) -> Check {
        const RULE: &str = "there are never more purchases than stock";
        let orders = self.orders_by_id().len() as u64;
        let stock = u64::try_from(self.before.stock).unwrap_or(0);
        let mut findings = Vec::new();
        if orders > stock {
            findings.push(format!(
                "{orders} orders were confirmed, of {stock} units that were left"
            ));
        }
        if let Ok(after) = self.after
            && (after.stock < 0 || after.sold > self.total())
        {
            let (sold, left, total) = (after.sold, after.stock, self.total());
            findings.push(format!(
                "the status says {sold} sold and {left} left, of {total}"
            ));
        }
        listed(RULE, findings, &format!("{orders} orders, {stock} units"))
    }

    fn one_order_each(&self) -> Check {
        let findings = self
            .claimed
            .iter()
            .filter(|(_, orders)| !orders.others.is_empty());
        let findings = findings.map(|(user, orders)| {
            let ids: Vec<&str> = orders.others.iter().map(|id| &**id).collect();
            let number = ids.len() + 1;
            format!(
                "{} has {number} orders: {}, {}",
                self.name(*user),
                orders.first,
                short_list(&ids)
            )
        });
        let detail = format!("{} users with an order", self.claimed.len());
        listed(
            "every user has at most one order",
            findings.collect(),
            &detail,
        )
    }

    fn one_user_each(&self) -> Check {
        let by_id = self.orders_by_id();
        let shared = by_id.iter().filter(|(_, users)| users.len() > 1);
        let findings = shared.map(|(id, users)| {
            let names: Vec<String> = users.iter().map(|user| self.name(*user)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!(
                "order {id} belongs to {} users: {}",
                users.len(),
                short_list(&names)
            )
        });
        let detail = format!("{} orders", by_id.len());
        listed(
            "every order belongs to one user",
            findings.collect(),
            &detail,
        )
    }

    fn found_again(&self) -> Check {
        const RULE: &str = "every confirmed order is found again under its id";
        let mut findings = Vec::new();
        for (user, orders) in self.claimed {
            if self.found.unanswered.contains(user) {
                continue;
            }
            let name = self.name(*user);
            match self.found.orders.get(user) {
                Some(found) if *found == orders.first || orders.others.contains(found) => {}
                Some(found) => {
                    findings.push(format!("{name} was told {}, and has {found}", orders.first));
                }
                None => findings.push(format!("{name} was told {}, and has none", orders.first)),
            }
        }
        let check = listed(
            RULE,
            findings,
            &format!("{} confirmed orders looked up", self.claimed.len()),
        );
        self.unless_unanswered(check)
    }

    fn refused_have_none(&self) -> Check {
        const RULE: &str = "who was told \"sold out\" has no order";
        let refused = |user: u32| self.told[user as usize].sold_out;
        let findings = self.found.orders.iter().filter(|(user, _)| refused(**user));
        let findings = findings.map(|(user, id)| format!("{} has {id}", self.name(*user)));
        let number = self.told.iter().filter(|told| told.sold_out).count();
        let check = listed(
            RULE,
            findings.collect(),
            &format!("{number} refused users looked up"),
        );
        self.unless_unanswered(check)
    }

    fn all_sold(&self) -> Check {
        const RULE: &str = "everything is sold where demand sufficed";
        let told_sold_out = self.told.iter().filter(|told| told.sold_out).count();
        let demand = told_sold_out + self.found.orders.len();
        let suffices =
            told_sold_out > 0 || i64::try_from(demand).unwrap_or(i64::MAX) >= self.before.stock;
        let after = match self.after {
            Err(reason) => return unmeasured(RULE, reason),
            Ok(after) => after,
        };
        let (sold, total) = (after.sold, self.total());
        if !suffices {
            let detail = format!(
                "{demand} users got an answer, fewer than the stock: {sold} of {total} sold"
            );
            return Check {
                result: Verdict::NotApplicable,
                ..listed(RULE, Vec::new(), &detail)
            };
        }
        let mut findings = Vec::new();
        if sold != total {
            findings.push(format!(
                "{sold} of {total} are sold, and {told_sold_out} users were told \"sold out\""
            ));
        }
        listed(RULE, findings, &format!("{sold} of {total} sold"))
    }

    fn counted(&self) -> Check {
        const RULE: &str = "the status counts every order";
        let after = match self.after {
            Err(reason) => return unmeasured(RULE, reason),
            Ok(after) => after,
        };
        let (sold, ours) = (after.sold - self.before.sold, self.found.orders.len());
        let mut findings = Vec::new();
        if sold < i64::try_from(ours).unwrap_or(i64::MAX) {
            findings.push(format!(
                "{sold} were sold by its figures, and {ours} users have an order"
            ));
        }
        let by_others = match sold.saturating_sub(i64::try_from(ours).unwrap_or(0)) {
            1.. if findings.is_empty() => ", the others not to users of this run",
            _ => "",
        };
        listed(
            RULE,
            findings,
            &format!("{sold} sold, {ours} users with an order{by_others}"),
        )
    }

    fn nothing_unknown(&self) -> Check {
        const RULE: &str = "no purchase is left unknown";
        let in_doubt = self.told.iter().filter(|told| told.in_doubt).count();
        let detail = format!("{in_doubt} attempts ended without an answer, all looked up");
        self.unless_unanswered(listed(RULE, Vec::new(), &detail))
    }

    /// Users whom no look-up answered leave a rule open; where nobody was answered, nothing was measured.
    fn unless_unanswered(&self, check: Check) -> Check {
        if check.result == Verdict::Broken || self.found.unanswered.is_empty() {
            return check;
        }
        let reason = self.found.reason.as_deref().unwrap_or("no reason");
        let number = self.found.unanswered.len();
        if self.found.looked_up == 0 {
            return unmeasured(check.rule, &format!("no look-up was answered: {reason}"));
        }
        let names = self
            .found
            .unanswered
            .iter()
            .map(|user| format!("{}: no answer", self.name(*user)));
        let detail = format!("{number} users could not be looked up: {reason}");
        Check {
            result: Verdict::Broken,
            ..listed(check.rule, names.collect(), &detail)
        }
    }

    /// Every order that was told or found, and whose it is.
    fn orders_by_id(&self) -> HashMap<&str, Vec<u32>> {
        let told = self.claimed.iter().flat_map(|(user, orders)| {
            let ids = std::iter::once(&orders.first).chain(&orders.others);
            ids.map(|id| (&**id, *user))
        });
        let found = self.found.orders.iter().map(|(user, id)| (&**id, *user));
        let mut by_id: HashMap<&str, Vec<u32>> = HashMap::new();
        for (id, user) in told.chain(found) {
            let users = by_id.entry(id).or_default();
            if !users.contains(&user) {
                users.push(user);
            }
        }
        by_id
    }

    fn total(&self) -> i64 {
        self.before.stock.saturating_add(self.before.sold)
    }

    fn name(&self, user: u32) -> String {
        self.plan.user_id(user)
    }
}

/// A rule that holds if nothing was found against it.
fn listed(rule: &'static str, findings: Vec<String>, detail: &str) -> Check {
    let broken = findings.len() as u64;
    let mut examples = findings;
    examples.sort();
    examples.truncate(EXAMPLES_MAX);
    Check {
        rule,
        result: if broken == 0 {
            Verdict::Holds
        } else {
            Verdict::Broken
        },
        detail: detail.to_owned(),
        broken,
        examples,
    }
}

fn unmeasured(rule: &'static str, reason: &str) -> Check {
    Check {
        result: Verdict::Unmeasured,
        ..listed(rule, Vec::new(), reason)
    }
}

fn short_list(texts: &[&str]) -> String {
    const SHOWN_MAX: usize = 5;
    let shown = texts[..texts.len().min(SHOWN_MAX)].join(", ");
    match texts.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
