//! The checks that every engine must pass, compiled for tests alone.
//!
//! An engine's tests implement [`Engine`] and call [`check_all`] and [`check_random_batches`].

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flashsale_limits::Network;
use flashsale_sale::{
    Attempt, Brake, IdempotencyKey, Order, OrderId, Outcome, Phase, Sale, SaleId, Timestamp,
    UserId, Window, decide,
};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::audit::Finding;
use crate::{Clock, Ledger};

pub(crate) const STARTS_AT: u64 = 1_000;
pub(crate) const ENDS_AT: u64 = 2_000;

/// A ledger of one sale that can be opened again and again.
pub(crate) trait Engine: Sized {
    /// Where such ledgers are kept; one serves many tests, one after the other.
    type Place;
    type Ledger: Ledger;

    /// The ledger of this sale, empty so far.
    async fn new(place: &Self::Place, sale: Sale) -> Self;

    /// Opens the ledger, and makes it at the first time.
    async fn open(&self, clock: TestClock) -> Self::Ledger;

    /// Every stored order, in order of unit, read beside the engine.
    async fn stored(&self) -> Vec<Order>;

    /// What the engine's audit finds.
    async fn audit(&self) -> Vec<Finding>;
}

/// A clock that the test sets.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn at(ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(ms)))
    }

    pub(crate) fn set(&self, ms: u64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || Timestamp(time.load(Ordering::SeqCst)))
    }
}

pub(crate) fn sale(stock: u32) -> Sale {
    let window = Window::new(Timestamp(STARTS_AT), Timestamp(ENDS_AT)).unwrap();
    let id = SaleId::parse("test").unwrap();
    Sale::new(id, "product".into(), "A product".into(), stock, window).unwrap()
}

pub(crate) fn attempt(user: u32, id: u128) -> Attempt {
    Attempt {
        user: UserId::parse(&format!("user-{user}")).unwrap(),
        order_id: OrderId(id.to_be_bytes()),
        idempotency_key: None,
        network: Some(Network::V4(Ipv4Addr::LOCALHOST)),
    }
}

async fn commit(ledger: &impl Ledger, attempts: &[Attempt]) -> Vec<Outcome> {
    ledger.commit(attempts.into()).await.unwrap()
}

async fn one(ledger: &impl Ledger, attempt: Attempt) -> Outcome {
    commit(ledger, &[attempt]).await.remove(0)
}

fn purchased(outcome: &Outcome) -> &Order {
    match outcome {
        Outcome::Purchased(order) => order,
        other => panic!("{other:?}"),
    }
}

/// Everything but the random sequences.
pub(crate) async fn check_all<E: Engine>(place: &E::Place) {
    units_are_sold_in_order_until_none_is_left::<E>(place).await;
    a_user_gets_one_order_for_ever::<E>(place).await;
    an_attempt_sent_again_gets_its_answer_again::<E>(place).await;
    a_key_gets_the_original_answer_again::<E>(place).await;
    the_window_is_half_open::<E>(place).await;
    time_never_runs_backwards::<E>(place).await;
    the_end_is_kept_without_an_order::<E>(place).await;
    odd_ids_are_stored_exactly::<E>(place).await;
    batches_at_once_never_oversell::<E>(place).await;
    the_brake_holds_until_it_is_let_go::<E>(place).await;
}

async fn units_are_sold_in_order_until_none_is_left<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(3)).await;
    let ledger = engine.open(TestClock::at(STARTS_AT)).await;
    let batch: Vec<_> = (1..=5).map(|n| attempt(n, n.into())).collect();
    let outcomes = commit(&ledger, &batch).await;
    for (unit, outcome) in (1..).zip(&outcomes[..3]) {
        assert_eq!(purchased(outcome).unit, unit);
        // What is told is in the view already.
        let order = ledger.view().order_of(&purchased(outcome).user);
        assert_eq!(order.as_ref(), Some(purchased(outcome)));
    }
    assert_eq!(outcomes[3..], [Outcome::SoldOut, Outcome::SoldOut]);
    assert_eq!(
        ledger.view().status(Timestamp(STARTS_AT)).phase,
        Phase::SoldOut
    );
    assert_eq!(ledger.ready(), Ok(()));
    ledger.close().await;

    // Once sold out, always sold out, and every order is still there.
    let ledger = engine.open(TestClock::at(STARTS_AT + 1)).await;
    assert_eq!(one(&ledger, attempt(9, 9)).await, Outcome::SoldOut);
    for outcome in &outcomes[..3] {
        let order = purchased(outcome);
        assert_eq!(ledger.find(&order.user).await, Ok(Some(order.clone())));
    }
    ledger.close().await;
    assert_eq!(engine.stored().await.len(), 3);
    assert_eq!(engine.audit().await, []);
}

async fn a_user_gets_one_order_for_ever<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(10)).await;
    let mut first = None;
    for open in 0..3_u128 {
        let ledger = engine.open(TestClock::at(STARTS_AT)).await;
        let batch: Vec<_> = (0..50).map(|n| attempt(1, open * 100 + n)).collect();
        for outcome in commit(&ledger, &batch).await {
            match (&first, outcome) {
                (None, Outcome::Purchased(order)) => first = Some(order),
                (Some(first), Outcome::AlreadyPurchased(order)) => assert_eq!(*first, order),
                (_, other) => panic!("{other:?}"),
            }
        }
        ledger.close().await;
    }
    assert_eq!(engine.stored().await, [first.unwrap()]);
}

async fn an_attempt_sent_again_gets_its_answer_again<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(2)).await;
    let clock = TestClock::at(STARTS_AT);
    let ledger = engine.open(clock.clone()).await;
    let first = one(&ledger, attempt(1, 7)).await;
    assert_eq!(one(&ledger, attempt(1, 7)).await, first);
    one(&ledger, attempt(2, 8)).await;
    assert_eq!(
        one(&ledger, attempt(1, 7)).await,
        first,
        "also when all is sold"
    );
    clock.set(ENDS_AT + 1);
    assert_eq!(
        one(&ledger, attempt(1, 7)).await,
        first,
        "also after the end"
    );
    ledger.close().await;
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(
        one(&ledger, attempt(1, 7)).await,
        first,
        "also after a restart"
    );
    ledger.close().await;
}

async fn a_key_gets_the_original_answer_again<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(5)).await;
    let clock = TestClock::at(STARTS_AT);
    let with_key = |user, id, key: &str| Attempt {
        idempotency_key: Some(IdempotencyKey::parse(key).unwrap()),
        ..attempt(user, id)
    };
    let ledger = engine.open(clock.clone()).await;
    let first = one(&ledger, with_key(1, 1, "k")).await;
    let order = purchased(&first).clone();
    assert_eq!(one(&ledger, with_key(1, 2, "k")).await, first);
    let already = Outcome::AlreadyPurchased(order.clone());
    assert_eq!(one(&ledger, with_key(1, 3, "other")).await, already);
    assert_eq!(one(&ledger, attempt(1, 4)).await, already);
    // Another user's key is another key.
    assert_ne!(
        purchased(&one(&ledger, with_key(2, 5, "k")).await).id,
        order.id
    );
    ledger.close().await;
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(
        one(&ledger, with_key(1, 6, "k")).await,
        first,
        "also after a restart"
    );
    ledger.close().await;
}

/// FAULTS 43 and 44: the moment of the commit decides, not that of the arrival.
async fn the_window_is_half_open<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(5)).await;
    let clock = TestClock::at(STARTS_AT - 1);
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(
        one(&ledger, attempt(1, 1)).await,
        Outcome::NotActive(Phase::Upcoming)
    );
    clock.set(STARTS_AT);
    assert_eq!(
        purchased(&one(&ledger, attempt(1, 2)).await).ordered_at,
        Timestamp(STARTS_AT)
    );
    clock.set(ENDS_AT - 1);
    assert_eq!(
        purchased(&one(&ledger, attempt(2, 3)).await).ordered_at,
        Timestamp(ENDS_AT - 1)
    );
    clock.set(ENDS_AT);
    assert_eq!(
        one(&ledger, attempt(3, 4)).await,
        Outcome::NotActive(Phase::Ended)
    );
    assert!(matches!(
        one(&ledger, attempt(1, 5)).await,
        Outcome::AlreadyPurchased(_)
    ));
    ledger.close().await;
    assert_eq!(engine.audit().await, []);
}

/// FAULTS 45, before the end: order times stay in order when the clock steps back.
async fn time_never_runs_backwards<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(5)).await;
    let clock = TestClock::at(STARTS_AT + 500);
    let ledger = engine.open(clock.clone()).await;
    one(&ledger, attempt(1, 1)).await;
    clock.set(STARTS_AT + 100);
    one(&ledger, attempt(2, 2)).await;
    ledger.close().await;
    clock.set(STARTS_AT + 50);
    let ledger = engine.open(clock.clone()).await;
    one(&ledger, attempt(3, 3)).await;
    ledger.close().await;
    let times: Vec<_> = engine
        .stored()
        .await
        .iter()
        .map(|order| order.ordered_at.0)
        .collect();
    assert_eq!(times, [STARTS_AT + 500; 3]);
    assert_eq!(engine.audit().await, []);
}

/// FAULTS 45, after the end: an ended sale stays ended, whatever the clock does, also after a restart.
async fn the_end_is_kept_without_an_order<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(5)).await;
    let clock = TestClock::at(ENDS_AT);
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(commit(&ledger, &[]).await, []);
    for _ in 0..2 {
        clock.set(STARTS_AT);
        let status = ledger.view().status(Timestamp(STARTS_AT));
        assert_eq!(status.phase, Phase::Ended);
        assert_eq!(
            one(&ledger, attempt(1, 1)).await,
            Outcome::NotActive(Phase::Ended)
        );
    }
    ledger.close().await;
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(
        ledger.view().status(Timestamp(STARTS_AT)).phase,
        Phase::Ended
    );
    assert_eq!(
        one(&ledger, attempt(1, 1)).await,
        Outcome::NotActive(Phase::Ended)
    );
    ledger.close().await;
    assert_eq!(engine.stored().await, []);
}

/// FAULTS 36: no id is changed, and none is taken for another.
async fn odd_ids_are_stored_exactly<E: Engine>(place: &E::Place) {
    let ids = [
        "a:b",
        "a:b:c",
        "{a}",
        "{}{}",
        "*?[a-z]",
        "a'b\"c",
        "--;",
        "%00%",
        "a\\nb",
        "日本語",
        "ＡＢＣ",
        "\u{1F600}\u{1F600}\u{1F600}",
        "../..",
        "a b c",
        "{test}:user:1",
    ];
    let engine = E::new(place, sale(100)).await;
    let ledger = engine.open(TestClock::at(STARTS_AT)).await;
    for (n, id) in (1..).zip(ids) {
        let user = UserId::parse(id).unwrap();
        let attempt = Attempt {
            user: user.clone(),
            ..attempt(0, n)
        };
        assert_eq!(purchased(&one(&ledger, attempt).await).user, user);
    }
    ledger.close().await;
    let stored = engine.stored().await;
    let stored: Vec<_> = stored.iter().map(|order| order.user.as_str()).collect();
    assert_eq!(stored, ids);
}

async fn batches_at_once_never_oversell<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(50)).await;
    let ledger = Arc::new(engine.open(TestClock::at(STARTS_AT)).await);
    let tasks: Vec<_> = (0..20_u32)
        .map(|task| {
            let ledger = Arc::clone(&ledger);
            // Users overlap between the tasks, order ids do not.
            let id = |n| u128::from(task) * 1_000 + u128::from(n);
            let batch: Vec<_> = (0..10)
                .map(|n| attempt((task * 7 + n) % 120, id(n)))
                .collect();
            tokio::spawn(async move { commit(&*ledger, &batch).await })
        })
        .collect();
    let mut units = HashSet::new();
    for task in tasks {
        for outcome in task.await.unwrap() {
            if let Outcome::Purchased(order) = outcome {
                assert!(
                    units.insert(order.unit),
                    "unit {} was sold twice",
                    order.unit
                );
            }
        }
    }
    assert_eq!(units.len(), 50);
    let ledger = Arc::into_inner(ledger).expect("every task has ended");
    ledger.close().await;
    assert_eq!(engine.stored().await.len(), 50);
    assert_eq!(engine.audit().await, []);
}

/// The brake is kept: on a ledger that was opened again it is as it was left.
async fn the_brake_holds_until_it_is_let_go<E: Engine>(place: &E::Place) {
    let engine = E::new(place, sale(5)).await;
    let clock = TestClock::at(STARTS_AT - 10);
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(ledger.view().brake(), Brake::default());
    let never = ledger.set_brake(false).await.unwrap();
    assert_eq!(never, Brake::default(), "nothing was to be changed");

    let pulled = ledger.set_brake(true).await.unwrap();
    assert_eq!(pulled, Brake::new(1, Timestamp(STARTS_AT - 10)));
    clock.set(STARTS_AT);
    assert_eq!(one(&ledger, attempt(1, 1)).await, Outcome::Paused);
    assert_eq!(ledger.set_brake(true).await, Ok(pulled), "it is already");
    let status = ledger.view().status(Timestamp(STARTS_AT));
    assert_eq!(status.paused_at, Some(Timestamp(STARTS_AT - 10)));
    assert_eq!(status.phase, Phase::Active);
    ledger.close().await;

    let ledger = engine.open(clock.clone()).await;
    assert_eq!(ledger.view().brake(), pulled, "also after a restart");
    assert_eq!(one(&ledger, attempt(1, 2)).await, Outcome::Paused);
    clock.set(STARTS_AT + 5);
    let let_go = ledger.set_brake(false).await.unwrap();
    assert_eq!(let_go, Brake::new(2, Timestamp(STARTS_AT + 5)));
    let order = one(&ledger, attempt(1, 3)).await;
    assert_eq!(purchased(&order).unit, 1);
    ledger.set_brake(true).await.unwrap();
    clock.set(STARTS_AT + 6);
    assert_eq!(
        commit(&ledger, &[attempt(1, 3), attempt(2, 4)]).await,
        [order, Outcome::Paused]
    );
    ledger.close().await;
    let ledger = engine.open(clock.clone()).await;
    assert_eq!(
        ledger.view().brake(),
        Brake::new(3, Timestamp(STARTS_AT + 5))
    );
    ledger.close().await;
    assert_eq!(engine.stored().await.len(), 1);
    assert_eq!(engine.audit().await, []);
}

/// What the random sequences run on.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// User, whether it is the user's last attempt again, and the number of an idempotency key.
type Wish = (u8, bool, Option<u8>);

/// What happens next: how far the clock moves, in milliseconds, whether the ledger is opened anew,
/// whether the brake is pulled or let go, and who comes.
type Step = (i64, bool, bool, Vec<Wish>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wish = (0..12u8, any::<bool>(), proptest::option::of(0..3u8));
    let batch = proptest::collection::vec(wish, 0..10);
    let rarely = proptest::bool::weighted(0.2);
    let step = (-100..300i64, rarely, rarely, batch);
    proptest::collection::vec(step, 1..10)
}

/// Random batches, restarts and clock steps: the engine says and stores what `decide` says, on a list
/// in memory, and its own audit agrees.
pub(crate) fn check_random_batches<E: Engine>(
    runtime: &tokio::runtime::Runtime,
    place: &E::Place,
    cases: u32,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let result = TestRunner::new(config).run(&(0..12u32, steps()), |(stock, steps)| {
        runtime.block_on(compare::<E>(place, stock, &steps))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

async fn compare<E: Engine>(
    place: &E::Place,
    stock: u32,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let sale = sale(stock);
    let engine = E::new(place, sale.clone()).await;
    let clock = TestClock::at(STARTS_AT - 50);
    let mut ledger = engine.open(clock.clone()).await;
    let mut list: Vec<Order> = Vec::new();
    // The time of the last decision that was stored, which is what a restart knows.
    let mut time = STARTS_AT - 50;
    let (mut latest, mut latest_stored) = (time, 0);
    let mut last_attempt = [0_u128; 12];
    let mut last_id = 0;

    let mut brake = Brake::default();

    for (step_ms, reopen, changes_brake, wishes) in steps {
        if *reopen {
            ledger.close().await;
            ledger = engine.open(clock.clone()).await;
            // Opening looks at the clock, too.
            latest = latest_stored.max(time);
        }
        time = time.saturating_add_signed(*step_ms);
        clock.set(time);
        let batch: Vec<_> = wishes
            .iter()
            .map(|(user, again, key)| {
                let id = &mut last_attempt[usize::from(*user)];
                if *id == 0 || !again {
                    last_id += 1;
                    *id = last_id;
                }
                let key = key.map(|k| IdempotencyKey::parse(&format!("key-{k}")).unwrap());
                Attempt {
                    idempotency_key: key,
                    ..attempt((*user).into(), *id)
                }
            })
            .collect();

        if *changes_brake {
            latest = latest.max(time);
            brake = brake
                .changed(!brake.is_pulled(), Timestamp(latest))
                .unwrap();
            let stored = ledger.set_brake(brake.is_pulled()).await;
            prop_assert_eq!(stored, Ok(brake));
            latest_stored = latest;
        }
        latest = latest.max(time);
        let sold = u32::try_from(list.len()).unwrap();
        let stored = |user: &UserId| list.iter().find(|order| order.user == *user).cloned();
        let decision = decide(&sale, sold, stored, Timestamp(latest), brake, &batch);
        if !decision.orders.is_empty() || latest >= ENDS_AT {
            latest_stored = latest;
        }
        list.extend(decision.orders);
        prop_assert_eq!(commit(&ledger, &batch).await, decision.outcomes);
        prop_assert_eq!(ledger.view().sold() as usize, list.len());
    }
    ledger.close().await;
    prop_assert_eq!(engine.stored().await, list);
    prop_assert_eq!(engine.audit().await, []);
    Ok(())
}
