//! What every user was told, to be held against the books in the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;

use crate::answer::Answer;

/// The user tried at least once.
const TRIED: u8 = 1;
/// The user was told that none is left, which is final.
const SOLD_OUT: u8 = 2;
/// An attempt of the user ended without an answer to go by.
const IN_DOUBT: u8 = 4;

/// As many locks as keep the connections out of each other's way.
const SHARDS: usize = 16;

/// The memory of a run.
#[derive(Debug)]
pub(crate) struct Claims {
    told: Vec<AtomicU8>,
    /// The orders that a user was told of, by user. Each shard is locked for one insertion.
    orders: [Mutex<HashMap<u32, Orders>>; SHARDS],
    /// Answers that the contract does not know, the first few.
    off_contract: Mutex<Vec<String>>,
}

/// The orders that one user was told of: one, if all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) first: Box<str>,
    /// Orders with another id than the first.
    pub(crate) others: Vec<Box<str>>,
}

/// What was said to one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tried: bool,
    pub(crate) sold_out: bool,
    pub(crate) in_doubt: bool,
}

impl Claims {
    pub(crate) fn new(users: u32) -> Self {
        Self {
            told: (0..users).map(|_| AtomicU8::new(0)).collect(),
            orders: Default::default(),
            off_contract: Mutex::default(),
        }
    }

    /// Notes that a request of the user is about to be sent.
    pub(crate) fn tries(&self, user: u32) {
        self.note(user, TRIED);
    }

    /// Notes an answer.
    pub(crate) fn hears(&self, user: u32, answer: &Answer) {
        const EXAMPLES_MAX: usize = 5;
        match answer {
            Answer::Purchased(order) | Answer::AlreadyPurchased(order) => self.add(user, order),
            Answer::SoldOut => self.note(user, SOLD_OUT),
            Answer::OffContract(text) => {
                let mut examples = self.off_contract.lock();
                if examples.len() < EXAMPLES_MAX {
                    examples.push(text.clone());
                }
            }
            _ => {}
        }
    }

    /// Notes that an attempt of the user is given up without a final answer.
    pub(crate) fn gives_up(&self, user: u32) {
        self.note(user, IN_DOUBT);
    }

    pub(crate) fn told(&self, user: u32) -> Told {
        let flags = self.told[user as usize].load(Ordering::Relaxed);
        Told {
            tried: flags & TRIED != 0,
            sold_out: flags & SOLD_OUT != 0,
            in_doubt: flags & IN_DOUBT != 0,
        }
    }

    /// Everybody's orders, for when nobody buys any more.
    pub(crate) fn into_orders(self) -> (HashMap<u32, Orders>, Vec<String>) {
        let orders = self
            .orders
            .into_iter()
            .flat_map(Mutex::into_inner)
            .collect();
        (orders, self.off_contract.into_inner())
    }

    /// What was said to everybody, by user.
    pub(crate) fn everybody(&self) -> Vec<Told> {
        (0..self.told.len())
            .map(|user| self.told(u32::try_from(user).unwrap_or(u32::MAX)))
            .collect()
    }

    fn note(&self, user: u32, flag: u8) {
        self.told[user as usize].fetch_or(flag, Ordering::Relaxed);
    }

    fn add(&self, user: u32, order: &str) {
        let mut orders = self.orders[user as usize % SHARDS].lock();
        let known = orders.entry(user).or_insert_with(|| Orders {
            first: order.into(),
            others: Vec::new(),
        });
        if *known.first != *order && !known.others.iter().any(|other| **other == *order) {
            known.others.push(order.into());
        }
    }
}
