//! Who comes when: new buyers at a steady rate, whatever the server does, and those who were sent away, when
//! they were told to come back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// How often somebody tries who is sent away each time.
pub(super) const TRIES_MAX: u32 = 4;

/// Somebody who wants to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Buyer {
    pub(super) number: u64,
    /// How often they have tried.
    tries: u32,
}

/// Everybody who is not being served. Times count from the start.
#[derive(Debug)]
pub(super) struct Crowd {
    per_second: f64,
    arrived: u64,
    away: BinaryHeap<Reverse<(Duration, Buyer)>>,
}

impl Crowd {
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            per_second,
            arrived: 0,
            away: BinaryHeap::new(),
        }
    }

    /// How many have come so far for the first time.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Those who have come until this moment and were not here before.
    pub(super) fn due(&mut self, at: Duration) -> Vec<Buyer> {
        let mut due = Vec::new();
        while self
            .away
            .peek()
            .is_some_and(|Reverse((when, _))| *when <= at)
        {
            due.extend(self.away.pop().map(|Reverse((_, buyer))| buyer));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a count"
        )]
        let arrived = (at.as_secs_f64() * self.per_second) as u64;
        due.extend((self.arrived..arrived).map(|number| Buyer { number, tries: 0 }));
        self.arrived = self.arrived.max(arrived);
        due
    }

    /// Somebody is sent away until that moment. Whoever has tried too often does not come back.
    pub(super) fn sent_away(&mut self, buyer: Buyer, until: Duration) {
        let tries = buyer.tries + 1;
        if tries < TRIES_MAX {
            self.away.push(Reverse((until, Buyer { tries, ..buyer })));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn numbers(due: &[Buyer]) -> Vec<u64> {
        due.iter().map(|buyer| buyer.number).collect()
    }

    #[test]
    fn new_buyers_come_at_a_steady_rate_however_often_one_looks() {
        let mut crowd = Crowd::new(1_000.0);
        let mut come = 0;
        for ms in [0, 1, 1, 7, 500, 2_000] {
            let due = crowd.due(Duration::from_millis(ms));
            let expected: Vec<u64> = (come..ms).collect();
            assert_eq!(numbers(&due), expected, "after {ms} ms");
            come = ms;
        }
        assert_eq!(crowd.arrived(), 2_000);
    }

    #[test]
    fn whoever_is_sent_away_comes_back_no_earlier_and_not_for_ever() {
        let mut crowd = Crowd::new(1.0);
        let mut buyer = crowd.due(SECOND)[0];
        for tries in 1..TRIES_MAX {
            crowd.sent_away(buyer, SECOND + SECOND / 2);
            let early = crowd.due(Duration::from_nanos(1_499_999_999));
            assert_eq!(numbers(&early), [0; 0]);
            let back = crowd.due(SECOND + SECOND / 2);
            assert_eq!(numbers(&back), [0], "after {tries}");
            buyer = back[0];
        }
        crowd.sent_away(buyer, SECOND);
        assert_eq!(crowd.due(SECOND + SECOND / 2), []);
        assert_eq!(numbers(&crowd.due(2 * SECOND)), [1]);
    }

    #[test]
    fn of_two_who_were_sent_away_the_one_with_the_shorter_pause_comes_first() {
        let mut crowd = Crowd::new(2.0);
        let both = crowd.due(SECOND);
        crowd.sent_away(both[0], 9 * SECOND / 8);
        crowd.sent_away(both[1], 10 * SECOND / 9);
        assert_eq!(numbers(&crowd.due(9 * SECOND / 8)), [1, 0]);
    }
}
