//! A rate, and a table of those who have asked.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use parking_lot::Mutex;

use crate::Rate;
use crate::gcra::{self, Verdict};

/// How many are remembered. Each takes 16 bytes, so it is 16 MiB, which the system gives as they come, or in
/// huge pages at once.
pub const REMEMBERED_MAX: usize = 1 << 20;
/// How many places one may be remembered in.
const PLACES: usize = 8;
/// How many parts have a lock of their own, so that hardly ever two wait for one.
const PARTS: usize = 256;
const ROWS: usize = REMEMBERED_MAX / PARTS / PLACES;

const _: () = assert!(ROWS.is_power_of_two() && PARTS.is_power_of_two());
const _: () = assert!(PARTS * ROWS * PLACES == REMEMBERED_MAX);

/// Counts how often each asks. A table of a fixed size remembers who has: where it is full, it forgets
/// the one of eight who has asked least, so that a million newcomers cannot make it grow, nor hide
/// somebody who asks too often.
pub struct Limiter {
    rate: Rate,
    /// Nobody outside can know it, so nobody can choose who shares a place.
    hasher: RandomState,
    parts: Box<[Mutex<Part>]>,
}

/// In each place of a row somebody, by a hash, and the moment at which what they asked is paid off; free where
/// that is 0. Both are bare numbers because the system gives zeroes of them that take no memory until they change.
struct Part {
    who: Box<[[u64; PLACES]]>,
    paid_off: Box<[[u64; PLACES]]>,
}

impl Limiter {
    /// With nobody in it.
    pub fn new(rate: Rate) -> Self {
        let zeroes = || vec![[0; PLACES]; ROWS].into_boxed_slice();
        let part = || {
            Mutex::new(Part {
                who: zeroes(),
                paid_off: zeroes(),
            })
        };
        Self {
            rate,
            hasher: RandomState::new(),
            parts: std::iter::repeat_with(part).take(PARTS).collect(),
        }
    }

    /// The rate that is kept.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// One more request at `now`, in microseconds. Fails with the microseconds after which the next may
    /// come; a request that is refused does not count.
    pub fn take(&self, who: &impl Hash, now: u64) -> Result<(), u64> {
        let who = self.hasher.hash_one(who);
        let index = usize::try_from(who % (PARTS * ROWS) as u64).expect("it is a small number");
        let part = &mut *self.parts[index % PARTS].lock();
        let row = index / PARTS;
        let (hashes, paid_off) = (&mut part.who[row], &mut part.paid_off[row]);
        let known = hashes.iter().position(|&hash| hash == who);
        let place = known.unwrap_or_else(|| {
            (0..PLACES)
                .min_by_key(|&place| paid_off[place])
                .expect("a row has places")
        });
        let owed_until = if known.is_some() { paid_off[place] } else { 0 };
        match gcra::decide(self.rate, owed_until, now) {
            Verdict::Allowed(until) => {
                hashes[place] = who;
                paid_off[place] = until;
                Ok(())
            }
            Verdict::Refused(wait) => Err(wait),
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({})", self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn limiter(rate: &str) -> Limiter {
        Limiter::new(rate.parse().unwrap())
    }

    #[test]
    fn each_is_counted_alone() {
        let limiter = limiter("2/10s");
        for who in ["ada", "bob"] {
            assert_eq!(limiter.take(&who, SECOND), Ok(()), "{who}");
            assert_eq!(limiter.take(&who, SECOND), Ok(()), "{who}");
            assert_eq!(limiter.take(&who, SECOND), Err(5 * SECOND), "{who}");
        }
        assert_eq!(limiter.take(&"ada", 6 * SECOND), Ok(()));
        assert_eq!(limiter.take(&"ada", 6 * SECOND), Err(5 * SECOND));
    }

    /// Millions pass by, and who asks too often is still known. If the table threw out whoever is oldest,
    /// the loud one would get through again and again.
    #[test]
    fn a_crowd_of_newcomers_hides_nobody() {
        let limiter = limiter("20/10s");
        let loud = "loud";
        let mut passed = 0;
        let crowd = 3 * REMEMBERED_MAX as u64;
        for number in 0..crowd {
            // The whole crowd comes within a second.
            let now = SECOND + number * SECOND / crowd;
            assert_eq!(limiter.take(&number, now), Ok(()), "a newcomer");
            if number % 1_000 == 0 {
                passed += u32::from(limiter.take(&loud, now).is_ok());
            }
        }
        assert!(
            (20..=23).contains(&passed),
            "{passed} of the loud one's passed"
        );
    }

    #[test]
    fn many_threads_count_as_one() {
        let limiter = limiter("1000/1h");
        let passed: usize = std::thread::scope(|scope| {
            let asking = |_| {
                scope.spawn(|| {
                    (0..1_000)
                        .filter(|_| limiter.take(&"ada", SECOND).is_ok())
                        .count()
                })
            };
            let threads: Vec<_> = (0..4).map(asking).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(passed, 1_000);
    }
}
