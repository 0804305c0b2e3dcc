//! The rules, each held against all that is known.

use std::collections::HashMap;

use super::looked_up::Found;
use super::{Check, Verdict};
use crate::Plan;
use crate::answer::Status;
use crate::claims::{Orders, Told};

/// Findings of one check that are named; the others are only counted.
const EXAMPLES_MAX: usize = 20;

/// All that is known when the checks begin.
pub(super) struct Evidence<'a> {
    pub(super) plan: &'a Plan,
    pub(super) before: &'a Status,
    pub(super) told: &'a [Told],
    /// What users were told to have.
    pub(super) claimed: &'a HashMap<u32, Orders>,
    /// What they have.
    pub(super) found: &'a Found,
    pub(super) after: &'a Result<Status, String>,
}

impl Evidence<'_> {
    pub(super) fn within_stock(&self) -> Check {
        const RULE: &str = "there are never more purchases than stock";
        let by_id = self.orders_by_id();
        let orders = by_id.len() as u64;
        let stock = u64::try_from(self.before.stock).unwrap_or(0);
        let mut findings = Vec::new();
        if let Ok(after) = self.after
            && (after.stock < 0 || after.sold > self.total())
        {
            let (sold, left, total) = (after.sold, after.stock, self.total());
            findings.push(format!(
                "the status says {sold} sold and {left} left, of {total}"
            ));
        }
        let too_many = orders.saturating_sub(stock);
        if too_many > 0 {
            findings.push(format!(
                "{orders} orders were confirmed, of {stock} units that were left"
            ));
            // Which of them came last cannot be told from here, so any of them may be one too many.
            let owners = by_id.iter().map(|(id, users)| (self.name(users[0]), id));
            let mut owners: Vec<_> = owners
                .map(|(name, id)| format!("{name} has {id}"))
                .collect();
            owners.sort();
            findings.extend(owners.into_iter().take(EXAMPLES_MAX - findings.len()));
        }
        let check = listed(RULE, Vec::new(), &format!("{orders} orders, {stock} units"));
        if findings.is_empty() {
            return check;
        }
        Check {
            result: Verdict::Broken,
            broken: too_many.max(1),
            examples: findings,
            ..check
        }
    }

    pub(super) fn one_order_each(&self) -> Check {
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

    pub(super) fn one_user_each(&self) -> Check {
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

    pub(super) fn found_again(&self) -> Check {
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

    pub(super) fn refused_have_none(&self) -> Check {
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

    pub(super) fn all_sold(&self) -> Check {
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
        // More than all is another rule's matter.
        if sold < total {
            findings.push(format!(
                "{sold} of {total} are sold, and {told_sold_out} users were told \"sold out\""
            ));
        }
        listed(RULE, findings, &format!("{sold} of {total} sold"))
    }

    pub(super) fn counted(&self) -> Check {
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

    pub(super) fn nothing_unknown(&self) -> Check {
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
pub(super) fn listed(rule: &'static str, findings: Vec<String>, detail: &str) -> Check {
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
