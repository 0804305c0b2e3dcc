//! Attempts counted for all nodes: the script keeps the rule of the limits to the microsecond.

use std::collections::HashMap;
use std::net::IpAddr;

use flashsale_limits::gcra::{self, Verdict};
use flashsale_limits::{Network, Rate};
use futures_util::future::join_all;

use super::*;

/// What the script should say, by the rule itself.
struct Model {
    rates: Rates,
    addresses: HashMap<Network, u64>,
    users: HashMap<String, u64>,
}

impl Model {
    fn take(&mut self, network: Network, user: &UserId, now: u64) -> Result<(), Exceeded> {
        let address = self.addresses.entry(network).or_default();
        let user = self.users.entry(user.as_str().to_owned()).or_default();
        let address_next =
            one_more(self.rates.address, *address, now).map_err(Exceeded::Address)?;
        let user_next = one_more(self.rates.user, *user, now).map_err(Exceeded::User)?;
        (*address, *user) = (address_next, user_next);
        Ok(())
    }
}

fn one_more(rate: Option<Rate>, paid_off: u64, now: u64) -> Result<u64, u64> {
    match rate.map(|rate| gcra::decide(rate, paid_off, now)) {
        None => Ok(paid_off),
        Some(Verdict::Allowed(next)) => Ok(next),
        Some(Verdict::Refused(wait)) => Err(wait),
    }
}

#[tokio::test]
async fn the_script_keeps_the_rule() {
    let rate = |text: &str| Some(text.parse().unwrap());
    for (seed, address, user) in [
        (1, rate("7/500ms"), rate("3/1s")),
        (2, rate("40/10s"), None),
        (3, None, rate("5/3s")),
        (4, rate("1000000/1h"), rate("1/200ms")),
    ] {
        let (_place, kept, node) = begun(Strategy::Function).await;
        let rates = Rates { address, user };
        // Two nodes ask in turn.
        let limits = [node.ledger.limits(rates), node.ledger.limits(rates)];
        let mut model = Model {
            rates,
            addresses: HashMap::new(),
            users: HashMap::new(),
        };
        let mut chance = numbers(seed);
        let mut now_ms = STARTS_AT;
        let (mut allowed, mut refused) = (0, 0);
        for round in 0..150 {
            now_ms += chance(60);
            kept.set_clock(&TestClock::at(now_ms)).await;
            let attempts: Vec<_> = (0..=chance(6))
                .map(|_| {
                    let address: IpAddr = [10, 0, 0, u8::try_from(chance(3)).unwrap()].into();
                    let user = UserId::parse(&format!("user-{}", chance(5))).unwrap();
                    (Network::from(address), user)
                })
                .collect();
            let asked = attempts
                .iter()
                .map(|(network, user)| limits[round % 2].take(*network, user));
            let told = join_all(asked).await;
            for ((network, user), told) in attempts.iter().zip(told) {
                let expected = model.take(*network, user, now_ms * 1000);
                assert_eq!(
                    told, expected,
                    "{network} {user:?} at {now_ms} with {rates:?}"
                );
                *(if told.is_ok() {
                    &mut allowed
                } else {
                    &mut refused
                }) += 1;
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

/// Whoever cannot be counted is let through, and soon.
#[tokio::test]
async fn a_server_that_does_not_count_holds_nobody_up() {
    let (place, _kept, node) = begun(Strategy::Function).await;
    let rates = Rates {
        address: None,
        user: Some("1/1h".parse().unwrap()),
    };
    let limits = node.ledger.limits(rates);
    let network = Network::from(IpAddr::from([10, 0, 0, 1]));
    let user = UserId::parse("ada").unwrap();
    assert_eq!(limits.take(network, &user).await, Ok(()));
    assert!(limits.take(network, &user).await.is_err());
    let Servers::One(server) = &place.servers else {
        panic!("one server was started");
    };
    server.freeze();
    let started_at = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(limits.take(network, &user).await, Ok(()));
    }
    assert!(started_at.elapsed() < Duration::from_secs(2));
    server.thaw();
    for _ in 0..100 {
        if limits.take(network, &user).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never counted again");
}

/// A count is gone when it says nothing any more, so that a crowd leaves nothing behind.
#[tokio::test]
async fn counts_expire() {
    let (place, _kept, node) = begun(Strategy::Function).await;
    let rate = Some("2/300ms".parse().unwrap());
    let limits = node.ledger.limits(Rates {
        address: rate,
        user: rate,
    });
    let network = Network::from(IpAddr::from([10, 0, 0, 1]));
    let user = UserId::parse("ada").unwrap();
    assert_eq!(limits.take(network, &user).await, Ok(()));
    let count = async || {
        let reply = place.servers()[0]
            .command(&["KEYS", "{test}:limit:*"])
            .await;
        reply.items().len()
    };
    assert_eq!(count().await, 2);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(count().await, 0);
}
