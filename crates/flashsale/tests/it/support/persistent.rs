//! Buyers who do not give up: each asks again, at any node, until there is an answer that stands.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::checks::{Promise, Violation, kept_over_http};
use super::client::{Answer, Client, Door};
use super::load::key_of;

/// How long one request may take: longer than a server may take to say `busy`.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How long one buyer may go on asking. Faults of the tests end long before.
const SETTLED_MAX: Duration = Duration::from_mins(1);
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// What came of such buyers.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The order of everybody who has one, as it was first told.
    pub(crate) confirmed: BTreeMap<String, String>,
    pub(crate) sold_out: Vec<String>,
    /// Whoever was told `busy`, or nothing, all the time.
    pub(crate) unresolved: Vec<String>,
    /// Answers that the contract does not foresee here.
    pub(crate) odd: Vec<(String, Answer)>,
    /// How often somebody was told to come back, or was told nothing.
    pub(crate) busy: u64,
    pub(crate) cut: u64,
}

/// Buyers under way.
pub(crate) struct Buyers {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    settled: Arc<AtomicU64>,
    result: Arc<Mutex<Settled>>,
}

impl Buyers {
    /// That many buy side by side, each a new user after the other, until they are stopped.
    pub(crate) fn start(doors: &[Door], at_once: usize, prefix: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let settled = Arc::new(AtomicU64::new(0));
        let result = Arc::new(Mutex::new(Settled::default()));
        let mut tasks = JoinSet::new();
        for number in 0..at_once {
            let (doors, stop) = (doors.to_vec(), Arc::clone(&stop));
            let (counter, prefix) = (Arc::clone(&settled), prefix.to_owned());
            let result = Arc::clone(&result);
            tasks.spawn(async move {
                let mut buyer = Buyer::new(doors, number);
                for user in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    buyer
                        .settle(format!("{prefix}-{number}-{user}"), &result)
                        .await;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self {
            tasks,
            stop,
            settled,
            result,
        }
    }

    /// How many users have their answer.
    pub(crate) fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Waits until that many more users have their answer.
    pub(crate) async fn until_more(&self, users: u64) {
        let (before, deadline) = (self.settled(), Instant::now() + SETTLED_MAX);
        while self.settled() < before + users {
            assert!(
                Instant::now() < deadline,
                "only {} users more were settled in {SETTLED_MAX:?}",
                self.settled() - before
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets everybody who has begun come to an end.
    pub(crate) async fn stop(mut self) -> Settled {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(one) = self.tasks.join_next().await {
            one.expect("a buyer does not panic");
        }
        std::mem::take(&mut *self.result.lock().expect("no holder panics"))
    }

    /// Sends everybody away, and hands over what was settled until now.
    pub(crate) fn abandon(mut self) -> Settled {
        self.tasks.abort_all();
        std::mem::take(&mut *self.result.lock().expect("no holder panics"))
    }
}

/// One buyer, with a connection to one node at a time.
struct Buyer {
    doors: Vec<Door>,
    at: usize,
    client: Option<Client>,
}

impl Buyer {
    fn new(doors: Vec<Door>, number: usize) -> Self {
        Self {
            doors,
            at: number,
            client: None,
        }
    }

    async fn settle(&mut self, user: String, result: &Mutex<Settled>) {
        let deadline = Instant::now() + SETTLED_MAX;
        let note = |change: &dyn Fn(&mut Settled)| {
            change(&mut result.lock().expect("no holder panics"));
        };
        while Instant::now() < deadline {
            match tokio::time::timeout(ANSWER_MAX, self.ask(&user)).await {
                Ok(Ok(Answer::Purchased(id) | Answer::AlreadyPurchased(id))) => {
                    return note(&|all| drop(all.confirmed.insert(user.clone(), id.clone())));
                }
                Ok(Ok(Answer::SoldOut)) => return note(&|all| all.sold_out.push(user.clone())),
                Ok(Ok(Answer::Busy)) => note(&|all| all.busy += 1),
                Ok(Ok(other)) => {
                    return note(&|all| all.odd.push((user.clone(), other.clone())));
                }
                Ok(Err(_)) | Err(_) => note(&|all| all.cut += 1),
            }
            // Whoever was sent away tries the next node.
            self.at += 1;
            self.client = None;
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        note(&|all| all.unresolved.push(user.clone()));
    }

    async fn ask(&mut self, user: &str) -> io::Result<Answer> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::open(&self.doors[self.at % self.doors.len()]).await?),
        };
        client.try_buy_with_key(user, &key_of(user)).await
    }
}

impl Settled {
    /// Everybody has an answer of the contract, and every node stands by it.
    pub(crate) async fn judge(&self, doors: &[Door]) -> Vec<Violation> {
        let mut found: Vec<_> = self
            .unresolved
            .iter()
            .map(|user| format!("{user} never got an answer"))
            .chain(
                self.odd
                    .iter()
                    .map(|(user, answer)| format!("{user}: {answer:?}")),
            )
            .map(|detail| Violation {
                promise: Promise::AnswersAsInTheContract,
                detail,
            })
            .collect();
        for door in doors {
            let mut client = Client::open(door).await.expect("a connection");
            found.extend(kept_over_http(&mut client, &self.confirmed).await);
        }
        found
    }
}
