//! Attempts counted for all nodes: the function keeps the rule of the limits to the microsecond.

use std::collections::HashMap;
use std::net::IpAddr;

use flashsale_limits::gcra::{self, Verdict};
use flashsale_limits::{Network, Rate, RateLimited, Who};

use super::*;

/// What the function should say, by the rule itself.
struct Model {
    rates: Rates,
    addresses: HashMap<Network, u64>,
    users: HashMap<UserId, u64>,
}

impl Model {
    fn take(&mut self, attempt: &Attempt, now: u64) -> Result<(), RateLimited> {
        let network = attempt.network.expect("it is to be counted");
        let address = self.addresses.entry(network).or_default();
        let user = self.users.entry(attempt.user.clone()).or_default();
        let address_next = one_more(Who::Address, self.rates.address, *address, now)?;
        let user_next = one_more(Who::User, self.rates.user, *user, now)?;
        (*address, *user) = (address_next, user_next);
        Ok(())
    }
}

fn one_more(who: Who, rate: Option<Rate>, paid_off: u64, now: u64) -> Result<u64, RateLimited> {
    let Some(rate) = rate else {
        return Ok(paid_off);
    };
    match gcra::decide(rate, paid_off, now) {
        Verdict::Allowed(next) => Ok(next),
        Verdict::Refused(wait_us) => Err(RateLimited { who, rate, wait_us }),
    }
}

/// So many for an address, and so many for a user.
fn rates(address: Option<&str>, user: Option<&str>) -> Rates {
    let rate = |text: &str| text.parse().unwrap();
    Rates {
        address: address.map(rate),
        user: user.map(rate),
    }
}

/// A sale of ten units, with nodes that keep these rates.
async fn shop(rates: Rates) -> (Place, Kept) {
    let mut place = one(Program::Redis, Strategy::Function).await;
    place.settings.rates = rates;
    let kept = Kept::new(&place, sale(10)).await;
    (place, kept)
}

#[tokio::test]
async fn the_function_keeps_the_rule() {
    for (seed, address, user) in [
        (1, Some("7/50s"), Some("3/100s")),
        (2, Some("40/1000s"), None),
        (3, None, Some("5/300s")),
        (4, Some("1000000/24h"), Some("1/20s")),
    ] {
        let rates = rates(address, user);
        let (_place, kept) = shop(rates).await;
        let clock = TestClock::at(STARTS_AT);
        // Two nodes ask in turn. Nobody gets an order, so everybody is counted each time.
        let nodes = [
            kept.open(clock.clone()).await,
            kept.open(clock.clone()).await,
        ];
        nodes[0].set_brake(true).await.unwrap();
        let mut model = Model {
            rates,
            addresses: HashMap::new(),
            users: HashMap::new(),
        };
        let mut chance = numbers(seed);
        let mut now_ms = STARTS_AT;
        let (mut allowed, mut refused) = (0, 0);
        for round in 0..150 {
            // By the server's own clock the counts do not expire meanwhile.
            now_ms += chance(6_000);
            clock.set(now_ms);
            let attempts: Arc<[_]> = (0..=chance(6))
                .map(|_| {
                    let address: IpAddr = [10, 0, 0, u8::try_from(chance(3)).unwrap()].into();
                    Attempt {
                        network: Some(Network::from(address)),
                        ..attempt(u32::try_from(chance(5)).unwrap(), 1)
                    }
                })
                .collect();
            let told = nodes[round % 2].commit(Arc::clone(&attempts)).await;
            for (attempt, told) in attempts.iter().zip(told.unwrap()) {
                let told = match told {
                    Outcome::TooOften(limited) => Err(limited),
                    _ => Ok(()),
                };
                let expected = model.take(attempt, now_ms * 1000);
                assert_eq!(told, expected, "{attempt:?} at {now_ms} with {rates:?}");
                match told {
                    Ok(()) => allowed += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(
            allowed > 20 && refused > 20,
            "{allowed} allowed, {refused} refused"
        );
    }
}

/// Numbers below a bound, the same ones for a seed.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A batch whose answer was lost is sent again. What it sold is told then, though the user may not try any more.
#[tokio::test]
async fn who_has_an_order_hears_of_it_however_often() {
    let rates = rates(None, Some("1/1h"));
    let (_place, kept) = shop(rates).await;
    let node = kept.open(TestClock::at(STARTS_AT)).await;
    let first = node.commit([attempt(1, 1)].into()).await.unwrap();
    let Outcome::Purchased(order) = first[0].clone() else {
        panic!("{first:?}");
    };
    for _ in 0..3 {
        let again = node.commit([attempt(1, 1), attempt(1, 2)].into()).await;
        let already = Outcome::AlreadyPurchased(order.clone());
        assert_eq!(again.unwrap(), [first[0].clone(), already]);
    }
}

/// Nobody can help it that an answer was lost.
#[tokio::test]
async fn a_batch_that_is_sent_again_is_not_counted_again() {
    let (_place, kept) = shop(rates(Some("2/1h"), Some("2/1h"))).await;
    let node = kept.open(TestClock::at(STARTS_AT)).await;
    node.set_brake(true).await.unwrap();
    let first = attempt(1, 1);
    let mut told = node.commit([first.clone()].into()).await.unwrap();
    for _ in 0..5 {
        told.extend(node.commit([first.again()].into()).await.unwrap());
    }
    told.extend(node.commit([attempt(1, 2)].into()).await.unwrap());
    assert_eq!(told, [const { Outcome::Paused }; 7]);
    let third = node.commit([attempt(1, 3)].into()).await.unwrap();
    assert!(matches!(third[..], [Outcome::TooOften(_)]), "{third:?}");
}

/// Twice in one batch is twice.
#[tokio::test]
async fn whoever_tries_twice_in_one_batch_is_counted_twice() {
    let rates = rates(None, Some("1/1h"));
    let (_place, kept) = shop(rates).await;
    let node = kept.open(TestClock::at(STARTS_AT)).await;
    node.set_brake(true).await.unwrap();
    let told = node.commit([attempt(1, 1), attempt(1, 2)].into()).await;
    let limited = RateLimited {
        who: Who::User,
        rate: rates.user.unwrap(),
        wait_us: 3_600_000_000,
    };
    assert_eq!(told.unwrap(), [Outcome::Paused, Outcome::TooOften(limited)]);
}

/// A node of other settings counts by its own, and what an earlier one has counted refuses nobody where it counts
/// no more.
#[tokio::test]
async fn a_node_that_does_not_count_refuses_nobody() {
    let (place, mut kept) = shop(rates(None, Some("1/1h"))).await;
    let strict = kept.open(TestClock::at(STARTS_AT)).await;
    strict.set_brake(true).await.unwrap();
    strict.commit([attempt(1, 1)].into()).await.unwrap();
    kept.settings.rates = rates(Some("100/1h"), None);
    let mild = kept.open(TestClock::at(STARTS_AT)).await;
    for _ in 0..3 {
        let told = mild.commit([attempt(1, 1)].into()).await.unwrap();
        assert_eq!(told, [Outcome::Paused]);
    }
    drop(place);
}

/// With a milder rate nobody waits any longer than that rate makes wait, whatever was counted before.
#[tokio::test]
async fn a_debt_is_no_longer_than_the_rate_allows() {
    let (_place, mut kept) = shop(rates(None, Some("1/1h"))).await;
    let strict = kept.open(TestClock::at(STARTS_AT)).await;
    strict.set_brake(true).await.unwrap();
    strict.commit([attempt(1, 1)].into()).await.unwrap();
    kept.settings.rates = rates(None, Some("2/10s"));
    let mild = kept.open(TestClock::at(STARTS_AT)).await;
    let told = mild.commit([attempt(1, 2)].into()).await.unwrap();
    let limited = RateLimited {
        who: Who::User,
        rate: kept.settings.rates.user.unwrap(),
        wait_us: 5_000_000,
    };
    assert_eq!(told, [Outcome::TooOften(limited)]);
}

/// A count expires when it says nothing any more, so that a crowd leaves nothing behind.
#[tokio::test]
async fn counts_expire() {
    let (place, kept) = shop(rates(Some("2/10m"), Some("2/10m"))).await;
    let node = kept.open(TestClock::at(STARTS_AT)).await;
    let server = place.servers()[0];
    let counts = async || {
        let keys = server.command(&["KEYS", "{test}:limit:*"]).await;
        let mut left_ms = Vec::new();
        for key in keys.items() {
            let left = server.command(&["PTTL", &key.text()]).await;
            left_ms.push(left.int());
        }
        left_ms
    };
    // Whoever has an order is not asked about any more, so only the address is counted.
    node.commit([attempt(1, 1)].into()).await.unwrap();
    assert_eq!(counts().await.len(), 1);
    node.set_brake(true).await.unwrap();
    node.commit([attempt(2, 2)].into()).await.unwrap();
    let counts = counts().await;
    assert_eq!(counts.len(), 2);
    for left_ms in counts {
        assert!((1..=600_000).contains(&left_ms), "{left_ms} ms");
    }
}

/// Nothing is sold where nobody can be counted: the first write of a batch is a count.
#[tokio::test]
async fn a_user_of_redis_who_may_not_count_sells_nothing() {
    let (place, mut kept) = shop(rates(Some("1/1h"), None)).await;
    let user = [
        "ACL", "SETUSER", "shop", "on", ">secret", "~*", "&*", "+@all", "-set",
    ];
    let server = place.servers()[0];
    server.command(&user).await.assert_ok();
    kept.open(TestClock::at(STARTS_AT)).await;
    let url = server.url().replace("redis://", "redis://shop:secret@");
    kept.settings.address = Address::parse(&url).unwrap();
    let node = kept.open(TestClock::at(STARTS_AT)).await;
    let reason = refused(&node, 1).await;
    assert!(reason.contains("NOPERM"), "{reason}");
    assert_eq!(node.ready(), Err(reason));
    assert_eq!(kept.stored().await, []);
}
