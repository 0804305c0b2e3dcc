//! Many buyers at once. Every function returns what the buyers were told; judging it is for others.

use std::collections::BTreeMap;
use std::io;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::{Answer, Client, Door};

/// Connections opened at the same moment. More would overflow a listener's backlog, and a dropped
/// SYN comes again only after a second.
const OPENING_MAX: usize = 64;

/// What the buyers of one load were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The order of every user whose purchase was confirmed with `200 purchased`.
    pub(crate) confirmed: BTreeMap<String, String>,
    /// Users whose request was sent, and whose connection then ended without an answer.
    pub(crate) in_doubt: Vec<String>,
    /// Every other answer.
    pub(crate) others: Vec<(String, Answer)>,
}

impl Told {
    fn add(&mut self, user: String, answer: io::Result<Answer>) {
        match answer {
            Ok(Answer::Purchased(order_id)) => {
                self.confirmed.insert(user, order_id);
            }
            Ok(other) => self.others.push((user, other)),
            Err(_) => self.in_doubt.push(user),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.confirmed.extend(other.confirmed);
        self.in_doubt.extend(other.in_doubt);
        self.others.extend(other.others);
    }
}

/// The `Idempotency-Key` that [`until_cut`] sends for a user, to retry with.
pub(crate) fn key_of(user: &str) -> String {
    format!("key-of-{user}")
}

/// Opens that many connections to one server, a few at a time.
pub(crate) async fn open_all(door: &Door, connections: usize) -> io::Result<Vec<Client>> {
    open_all_to(slice::from_ref(door), connections).await
}

/// Opens that many connections to several servers in turn, a few at a time.
async fn open_all_to(doors: &[Door], connections: usize) -> io::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(connections);
    while clients.len() < connections {
        let mut opening = JoinSet::new();
        for number in clients.len()..connections.min(clients.len() + OPENING_MAX) {
            let door = doors[number % doors.len()].clone();
            opening.spawn(async move { Client::open(&door).await });
        }
        while let Some(opened) = opening.join_next().await {
            clients.push(opened.expect("opening does not panic")?);
        }
    }
    Ok(clients)
}

/// Every user tries to buy once, over all servers; the connections are open beforehand and begin
/// together.
pub(crate) async fn once_each(
    doors: &[Door],
    users: Vec<String>,
    connections: usize,
) -> io::Result<Vec<(String, Answer)>> {
    let clients = open_all_to(doors, connections.min(users.len())).await?;
    let mut shares = vec![Vec::new(); clients.len()];
    for (index, user) in users.into_iter().enumerate() {
        let share = index % shares.len();
        shares[share].push(user);
    }
    let start = Arc::new(Barrier::new(clients.len()));
    let mut buyers = JoinSet::new();
    for (mut client, share) in clients.into_iter().zip(shares) {
        let start = Arc::clone(&start);
        buyers.spawn(async move {
            start.wait().await;
            let mut answers = Vec::with_capacity(share.len());
            for user in share {
                let answer = client.try_buy(&user).await?;
                answers.push((user, answer));
            }
            io::Result::Ok(answers)
        });
    }
    let mut all = Vec::new();
    while let Some(answers) = buyers.join_next().await {
        all.extend(answers.expect("a buyer does not panic")?);
    }
    Ok(all)
}

/// New users buy without a pause, each with an `Idempotency-Key`, until the server is gone.
///
/// It returns at once: the load runs until every connection has ended, and `join` tells the rest.
pub(crate) async fn until_cut(door: &Door, connections: usize, prefix: &str) -> Running {
    let clients = open_all(door, connections)
        .await
        .expect("connections for the load");
    let mut buyers = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let prefix = prefix.to_owned();
        buyers.spawn(async move {
            let mut told = Told::default();
            for attempt in 0.. {
                let user = format!("{prefix}-{number}-{attempt}");
                let answer = client.try_buy_with_key(&user, &key_of(&user)).await;
                let cut = answer.is_err();
                told.add(user, answer);
                if cut {
                    break;
                }
            }
            told
        });
    }
    Running(buyers)
}

/// A load under way.
pub(crate) struct Running(JoinSet<Told>);

impl Running {
    pub(crate) async fn join(mut self) -> Told {
        let mut all = Told::default();
        while let Some(told) = self.0.join_next().await {
            all.merge(told.expect("a buyer does not panic"));
        }
        all
    }
}

/// One answer of an open loop.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(crate) answer: Answer,
    /// When the request was due, after the beginning of the load.
    pub(crate) due_after: Duration,
    /// From the moment at which the request was due, so that a client held up by the server does
    /// not hide how long its next request waited.
    pub(crate) latency: Duration,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) retry_after_s: Option<u64>,
}

/// New users arrive at a fixed rate, whether or not the server keeps up.
pub(crate) async fn open_loop(
    door: &Door,
    connections: usize,
    per_second: u64,
    time: Duration,
    prefix: &str,
) -> Vec<Timed> {
    let clients = open_all(door, connections)
        .await
        .expect("connections for the load");
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut buyers = JoinSet::new();
    for mut client in clients {
        let (next, prefix) = (Arc::clone(&next), prefix.to_owned());
        buyers.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = start + Duration::from_micros(number * 1_000_000 / per_second);
                if due > start + time {
                    return answers;
                }
                tokio::time::sleep_until(due).await;
                let request = client.door().purchase(&format!("{prefix}-{number}"));
                let response = client.send(&request).await.expect("an answer under load");
                let header = response.header("retry-after");
                answers.push(Timed {
                    answer: Answer::of(&response),
                    due_after: due - start,
                    latency: due.elapsed(),
                    retry_after_ms: response.json().get("retryAfterMs").and_then(Value::as_u64),
                    retry_after_s: header.and_then(|seconds| seconds.parse().ok()),
                });
            }
        });
    }
    let mut all = Vec::new();
    while let Some(answers) = buyers.join_next().await {
        all.extend(answers.expect("a buyer does not panic"));
    }
    all
}
