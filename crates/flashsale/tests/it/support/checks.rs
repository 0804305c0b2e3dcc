//! The promises of a sale as functions that return what they found broken.
//!
//! They return data and do not assert, so that the same function serves twice: where it must find
//! nothing, and against a server that is broken on purpose, where it must find something. A check
//! that cannot fail would be worse than none.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::books::{self, Place};
use super::client::{Answer, Client, Door};
use super::load;
use super::process::Exit;
use super::server::TestServer;

/// How long a node may take to show what others have sold.
const STATUS_MAX: Duration = Duration::from_secs(1);

/// Which promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Not more and not fewer purchases are confirmed than there is stock for.
    ExactlyTheStock,
    /// One order for one user.
    OneOrderPerUser,
    /// Every order has an id of its own.
    OrderIdsDiffer,
    /// A confirmed order is found again under the same id.
    ConfirmedOrderIsKept,
    /// Nobody has an order that was not confirmed to anybody.
    NoOtherOrders,
    /// Only the answers that the contract foresees here.
    AnswersAsInTheContract,
    /// The status tells what was sold.
    StatusIsTrue,
    /// `flashsale audit` finds nothing.
    AuditIsClean,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) promise: Promise,
    pub(crate) detail: String,
}

impl Violation {
    /// A server that does not come back keeps no order.
    pub(crate) fn refused_to_start(exit: &Exit) -> Self {
        Self {
            promise: Promise::ConfirmedOrderIsKept,
            detail: format!("it does not start: {}", exit.said()),
        }
    }
}

/// Violations as they are found.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn unless(&mut self, holds: bool, promise: Promise, detail: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation {
                promise,
                detail: detail(),
            });
        }
    }
}

/// Everybody at once: `users` different users try to buy once each.
///
/// Expects a fresh sale of that stock, and more users than units. The users come to all nodes alike.
pub(crate) async fn rush(
    nodes: &[TestServer],
    users: usize,
    connections: usize,
    stock: usize,
) -> io::Result<Vec<Violation>> {
    let doors = doors(nodes).await;
    let names = (0..users)
        .map(|number| format!("rush-{number:05}"))
        .collect();
    let answers = load::once_each(&doors, names, connections).await?;

    let mut found = Findings::default();
    let mut confirmed = BTreeMap::new();
    let mut refused = Vec::new();
    for (user, answer) in answers {
        match answer {
            Answer::Purchased(order_id) => {
                confirmed.insert(user, order_id);
            }
            Answer::SoldOut => refused.push(user),
            other => found.unless(false, Promise::AnswersAsInTheContract, || {
                format!("{user}: {other:?}")
            }),
        }
    }
    found.unless(confirmed.len() == stock, Promise::ExactlyTheStock, || {
        format!(
            "{} confirmed of {stock}, {} told sold out",
            confirmed.len(),
            refused.len()
        )
    });
    let ids: BTreeSet<&String> = confirmed.values().collect();
    found.unless(
        ids.len() == confirmed.len(),
        Promise::OrderIdsDiffer,
        || format!("{} ids for {} orders", ids.len(), confirmed.len()),
    );

    for door in &doors {
        let mut client = Client::open(door).await?;
        let is_true = |status: &Value| {
            status["sold"] == stock && status["stock"] == 0 && status["status"] == "sold_out"
        };
        let status = status_in_time(&mut client, nodes.len(), is_true).await;
        found.unless(is_true(&status), Promise::StatusIsTrue, || {
            status.to_string()
        });
        found
            .0
            .extend(kept_over_http(&mut client, &confirmed).await);
        for user in &refused {
            let order = client.lookup(user).await;
            found.unless(order.is_none(), Promise::NoOtherOrders, || {
                format!("{user} was refused and has {order:?}")
            });
        }
    }
    found
        .0
        .extend(books_agree(&*nodes[0].books(), &confirmed).await);
    Ok(found.0)
}

pub(crate) async fn doors(nodes: &[TestServer]) -> Vec<Door> {
    let mut doors = Vec::with_capacity(nodes.len());
    for node in nodes {
        doors.push(node.door().await);
    }
    doors
}

/// What the status says: at once where there is one node, and within a second where others have sold.
async fn status_in_time(
    client: &mut Client,
    nodes: usize,
    is_true: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + STATUS_MAX;
    loop {
        let status = client.status().await;
        if is_true(&status) || nodes == 1 || Instant::now() > deadline {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One impatient user: the same purchase that many times at the same moment, a connection for each.
///
/// Expects that nobody has an order yet and that units are left. The requests come to all nodes alike.
pub(crate) async fn storm(
    nodes: &[TestServer],
    user: &str,
    requests: usize,
) -> io::Result<Vec<Violation>> {
    let doors = doors(nodes).await;
    let answers = load::once_each(&doors, vec![user.to_owned(); requests], requests).await?;

    let mut found = Findings::default();
    let new_orders = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Answer::Purchased(_)))
        .count();
    found.unless(new_orders == 1, Promise::OneOrderPerUser, || {
        format!("{new_orders} times `purchased`")
    });
    let ids: BTreeSet<&str> = answers
        .iter()
        .filter_map(|(_, answer)| answer.order_id())
        .collect();
    found.unless(ids.len() == 1, Promise::OneOrderPerUser, || {
        format!("{} ids: {ids:?}", ids.len())
    });
    for (_, answer) in answers
        .iter()
        .filter(|(_, answer)| answer.order_id().is_none())
    {
        found.unless(false, Promise::AnswersAsInTheContract, || {
            format!("{answer:?}")
        });
    }

    let confirmed = ids
        .first()
        .map(|&id| (user.to_owned(), id.to_owned()))
        .into_iter()
        .collect();
    for door in &doors {
        let mut client = Client::open(door).await?;
        let is_true = |status: &Value| status["sold"] == 1;
        let status = status_in_time(&mut client, nodes.len(), is_true).await;
        found.unless(is_true(&status), Promise::StatusIsTrue, || {
            status.to_string()
        });
        found
            .0
            .extend(kept_over_http(&mut client, &confirmed).await);
    }
    found
        .0
        .extend(books_agree(&*nodes[0].books(), &confirmed).await);
    Ok(found.0)
}

/// Every confirmed order is shown by the server under the same id.
pub(crate) async fn kept_over_http(
    client: &mut Client,
    confirmed: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let mut found = Findings::default();
    for (user, order_id) in confirmed {
        let shown = client.lookup(user).await;
        found.unless(
            shown.as_ref() == Some(order_id),
            Promise::ConfirmedOrderIsKept,
            || format!("{user} was told {order_id}, the server shows {shown:?}"),
        );
    }
    found.0
}

/// The ledger holds exactly the confirmed orders, and its audit is clean.
pub(crate) async fn books_agree(
    ledger: &(impl Place + ?Sized),
    confirmed: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let mut found = Findings(books_keep(ledger, confirmed).await);
    for row in books::orders(ledger).await {
        found.unless(
            confirmed.contains_key(&row.user_id),
            Promise::NoOtherOrders,
            || format!("{row:?}"),
        );
    }
    found.0
}

/// The ledger holds every confirmed order under the same id, and its audit is clean. It may hold
/// more: orders whose confirmation was lost on the way.
pub(crate) async fn books_keep(
    ledger: &(impl Place + ?Sized),
    confirmed: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let mut found = Findings::default();
    let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in books::orders(ledger).await {
        stored.entry(row.user_id).or_default().push(row.order_id);
    }
    for (user, order_id) in confirmed {
        let kept = stored
            .get(user)
            .is_some_and(|orders| orders.contains(order_id));
        found.unless(kept, Promise::ConfirmedOrderIsKept, || {
            format!(
                "{user} was told {order_id}, the ledger has {:?}",
                stored.get(user)
            )
        });
    }
    for (user, orders) in &stored {
        found.unless(orders.len() == 1, Promise::OneOrderPerUser, || {
            format!("{user} has {orders:?}")
        });
    }
    let audit = books::audit(ledger).await;
    found.unless(audit.code == Some(0), Promise::AuditIsClean, || {
        format!("{:?}: {}", audit.code, audit.said())
    });
    found.0
}

/// How a test that must find nothing says so; it shows the first few of what it found.
#[track_caller]
pub(crate) fn assert_none(found: &[Violation]) {
    let shown: Vec<&Violation> = found.iter().take(10).collect();
    assert!(
        found.is_empty(),
        "{} promises broken, among them {shown:#?}",
        found.len()
    );
}

/// Dials a door again and checks nothing but that a purchase is still possible there.
pub(crate) async fn assert_sells(door: &Door, user: &str) {
    let mut client = Client::open(door).await.expect("a connection");
    let order_id = client.buy(user).await.purchased();
    assert_eq!(
        client.lookup(user).await,
        Some(order_id),
        "the new order is found"
    );
}
