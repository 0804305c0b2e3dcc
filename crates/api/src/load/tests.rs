use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;

fn waiting(wait: Duration) -> Load {
    let load = Load::new();
    load.wait_us
        .store(u64::try_from(wait.as_micros()).unwrap(), Ordering::Relaxed);
    load
}

#[tokio::test(start_paused = true)]
async fn nobody_is_held_while_the_wait_is_short() {
    let load = waiting(LOOK_WAIT_MAX);
    let began_at = Instant::now();
    load.give_way().await.unwrap();
    assert_eq!(began_at.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_look_is_held_for_six_seconds_at_most() {
    let load = waiting(Duration::from_millis(30));
    let began_at = Instant::now();
    load.give_way().await.unwrap();
    assert!(began_at.elapsed() >= HELD_MAX && began_at.elapsed() < HELD_MAX * 2);
    assert_eq!(load.held(), 0);
}

/// A probe that does not come back is a wait as well.
#[tokio::test(start_paused = true)]
async fn a_runtime_that_stands_still_is_noticed() {
    let load = waiting(Duration::ZERO);
    load.due_at_us.store(load.now_us(), Ordering::Relaxed);
    tokio::time::advance(Duration::from_millis(25)).await;
    assert!(load.wait() > LOOK_WAIT_MAX, "{:?}", load.wait());
}

#[tokio::test(start_paused = true)]
async fn row_28_held_looks_are_bounded_and_go_on_bit_by_bit() {
    let load = Arc::new(waiting(Duration::from_millis(30)));
    let mut looks = JoinSet::new();
    for _ in 0..HELD_LOOKS_MAX {
        let load = Arc::clone(&load);
        looks.spawn(async move { load.give_way().await });
    }
    while load.held() < HELD_LOOKS_MAX {
        tokio::task::yield_now().await;
    }
    let refused = load.give_way().await;
    assert!(matches!(refused, Err(Refusal::Crowded(_))), "{refused:?}");

    assert_eq!(load.let_go(64), 32, "the wait is too long");
    assert_eq!(load.let_go(LET_GO_MIN), LET_GO_MIN);
    assert_eq!(load.held(), HELD_LOOKS_MAX);
    load.wait_us.store(0, Ordering::Relaxed);
    assert_eq!(load.let_go(8), 16);
    for _ in 0..8 {
        looks.join_next().await.unwrap().unwrap().unwrap();
    }
    assert_eq!(load.held(), HELD_LOOKS_MAX - 8);
    load.end();
    while let Some(look) = looks.join_next().await {
        look.unwrap().unwrap();
    }
    assert_eq!(load.held(), 0);
}
