//! What closes a sale, and that nothing is half stored.

use super::*;

/// Breaks one thing, and expects that the node sells nothing, says why, and writes nothing.
async fn check_closed(strategy: Strategy, commands: &[&[&str]], words: &str) {
    let (place, kept, ledger) = begun(strategy).await;
    for command in commands {
        place.command(command).await;
    }
    let dump = || async {
        let server = place.servers()[0];
        let mut keys: Vec<_> = server
            .command(&["KEYS", "{test}:*"])
            .await
            .items()
            .iter()
            .map(|key| key.text())
            .collect();
        keys.retain(|key| key != CLOCK_KEY && !key.ends_with(":open"));
        keys.sort();
        let mut all = Vec::new();
        for key in keys {
            all.push((
                key.clone(),
                server
                    .command(&["DEBUG", "DIGEST-VALUE", &key])
                    .await
                    .items()[0]
                    .text(),
            ));
        }
        all
    };
    let before = dump().await;
    let reason = refused(&ledger, 2).await;
    assert!(reason.contains(words), "{reason}");
    assert!(ledger.ready().unwrap_err().contains(words));
    assert_eq!(dump().await, before, "nothing is written");
    // What is settled stays settled.
    assert!(ledger.view().order_of(&attempt(1, 1).user).is_some());
    // A node that starts now refuses as well, and makes nothing anew.
    let error = kept.try_open().await.unwrap_err();
    assert_eq!(dump().await, before, "{error}");
}

#[tokio::test]
async fn row_19_a_missing_key_closes_the_sale() {
    for strategy in BOTH {
        check_closed(strategy, &[&["DEL", "{test}:stock"]], "counter").await;
        check_closed(strategy, &[&["DEL", "{test}:config"]], "holds nothing").await;
        // A removed entry leaves its id behind, below which the list takes no other.
        let removed: [&[&str]; 2] = [
            &["XADD", "{test}:orders", "9999-9", "x", "y"],
            &["XDEL", "{test}:orders", "9999-9"],
        ];
        check_closed(strategy, &removed, "removed the last entry").await;
        check_closed(
            strategy,
            &[&["DEL", "{test}:orders"]],
            "orders that this node has seen are gone",
        )
        .await;
    }
}

#[tokio::test]
async fn row_20_a_key_of_the_wrong_type_closes_the_sale_and_nothing_is_half_written() {
    for strategy in BOTH {
        for key in ["stock", "config", "orders"] {
            let key = &format!("{{test}}:{key}");
            check_closed(strategy, &[&["DEL", key], &["SADD", key, "x"]], "type").await;
        }
        // A receipt, in the middle of a batch.
        let (place, _kept, ledger) = begun(strategy).await;
        place.command(&["SADD", "{test}:user:user-3", "x"]).await;
        let batch: Vec<_> = (2..5).map(|user| attempt(user, user.into())).collect();
        let result = ledger.commit(batch.into()).await;
        assert!(
            matches!(&result, Err(CommitError::NotApplied(reason)) if reason.contains("receipt")),
            "{result:?}"
        );
        let server = place.servers()[0];
        assert_eq!(server.command(&["GET", "{test}:stock"]).await.text(), "9");
        assert_eq!(server.command(&["XLEN", "{test}:orders"]).await.int(), 1);
        assert_eq!(
            server
                .command(&["EXISTS", "{test}:user:user-2"])
                .await
                .int(),
            0
        );
    }
}

#[tokio::test]
async fn row_21_an_emptied_or_replaced_redis_closes_the_sale() {
    for strategy in BOTH {
        check_closed(strategy, &[&["FLUSHALL"]], "holds nothing").await;
        let other = ["HSET", "{test}:config", "epoch", "0123"];
        check_closed(strategy, &[&other], "another sale").await;
        // An older copy, in which everything adds up: one order is gone, and its unit is back.
        let older: [&[&str]; 3] = [
            &["DEL", "{test}:orders"],
            &["DEL", "{test}:user:user-1"],
            &["SET", "{test}:stock", "10"],
        ];
        check_closed_later(strategy, &older).await;
        // The same with another order in the place of the one that is gone.
        let order = "f".repeat(32);
        let receipt = format!("1000-1 {order}");
        let replaced: [&[&str]; 4] = [
            &["DEL", "{test}:orders"],
            &["DEL", "{test}:user:user-1"],
            &[
                "XADD",
                "{test}:orders",
                "1000-1",
                "order",
                &order,
                "user",
                "user-9",
                "key",
                "",
            ],
            &["SET", "{test}:user:user-9", &receipt],
        ];
        check_closed_later(strategy, &replaced).await;
    }
}

/// As [`check_closed`], where a node that starts afresh sees nothing wrong: only who has seen the orders
/// knows that they are gone.
async fn check_closed_later(strategy: Strategy, commands: &[&[&str]]) {
    let (place, _kept, ledger) = begun(strategy).await;
    for command in commands {
        place.command(command).await;
    }
    let reason = refused(&ledger, 2).await;
    assert!(
        reason.contains("orders that this node has seen are gone"),
        "{reason}"
    );
}

/// A counter that Redis could not count down is found before anything is written.
#[tokio::test]
async fn row_20_a_counter_that_is_no_plain_number_closes_the_sale() {
    for strategy in BOTH {
        for counter in ["9\n", " 9", "9.0", "09", "0x9", "+9", "x", ""] {
            let set: &[&str] = &["SET", "{test}:stock", counter];
            check_closed(strategy, &[set], "is no number").await;
        }
        let set: &[&str] = &["SET", "{test}:stock", "-1"];
        check_closed(strategy, &[set], "do not add up").await;
        let unreadable = ["SET", "{test}:user:user-2", "whatever"];
        check_refused(strategy, &unreadable, "receipt").await;
    }
}

/// As [`check_closed`], where a node that starts is not hindered.
async fn check_refused(strategy: Strategy, command: &[&str], words: &str) {
    let (place, kept, ledger) = begun(strategy).await;
    place.command(command).await;
    let batch: Vec<_> = (2..5).map(|user| attempt(user, user.into())).collect();
    let result = ledger.commit(batch.into()).await;
    let is_told = matches!(&result, Err(CommitError::NotApplied(reason)) if reason.contains(words));
    assert!(is_told, "{result:?}");
    assert_eq!(kept.stored().await.len(), 1, "nothing is written");
}

/// The gap before a node's own orders hides nothing: what it has confirmed must still be there.
#[tokio::test]
async fn row_21_a_confirmed_order_behind_a_gap_is_missed_as_well() {
    let (place, kept, ledger) = begun(Strategy::Function).await;
    // The list cannot be followed, so orders of the other node do not come here.
    let stopped = &ledger.ledger.running[0];
    stopped.abort();
    let other = Timed {
        ledger: kept.try_open().await.unwrap(),
        clock: TestClock::at(STARTS_AT),
    };
    other.commit([attempt(2, 2)].into()).await.unwrap();
    ledger.commit([attempt(3, 3)].into()).await.unwrap();
    // A server that has only the first two takes over.
    for (unit, kept) in [(1_u32, true), (2, true), (3, false)] {
        if unit == 1 {
            place.command(&["DEL", "{test}:orders"]).await;
        }
        if kept {
            let (id, user) = (
                attempt(unit, unit.into()).order_id.to_string(),
                format!("user-{unit}"),
            );
            let place_in_list = format!("1000-{unit}");
            let entry = [
                "XADD",
                "{test}:orders",
                &place_in_list,
                "order",
                &id,
                "user",
                &user,
                "key",
                "",
            ];
            place.command(&entry).await;
        }
    }
    place.command(&["DEL", "{test}:user:user-3"]).await;
    place.command(&["INCR", "{test}:stock"]).await;
    let reason = refused(&ledger, 4).await;
    assert!(
        reason.contains("orders that this node has seen are gone"),
        "{reason}"
    );
}

/// A node that starts again knows what it had seen, also where all that is left adds up.
#[tokio::test]
async fn row_21_a_node_that_starts_again_notices_that_orders_are_gone() {
    let (place, kept, ledger) = begun(Strategy::Function).await;
    ledger.commit([attempt(2, 2)].into()).await.unwrap();
    ledger.close().await;
    kept.try_open().await.unwrap().close().await;
    // An older copy of the data.
    let first = attempt(1, 1).order_id.to_string();
    place.command(&["DEL", "{test}:orders"]).await;
    let entry = [
        "XADD",
        "{test}:orders",
        "1000-1",
        "order",
        &first,
        "user",
        "user-1",
        "key",
        "",
    ];
    place.command(&entry).await;
    place.command(&["DEL", "{test}:user:user-2"]).await;
    place.command(&["INCR", "{test}:stock"]).await;
    let error = kept.try_open().await.unwrap_err();
    assert!(
        matches!(error, OpenError::OrdersLost { unit: 2, .. }),
        "{error}"
    );
    // Whoever gives up the order says so by removing the node's memory.
    let OpenError::OrdersLost { path, .. } = error else {
        unreachable!()
    };
    std::fs::remove_file(path).unwrap();
    let ledger = kept.try_open().await.unwrap();
    ledger.commit([attempt(3, 3)].into()).await.unwrap();
    assert_eq!(kept.audit().await, []);
}

/// A user who may run some of the writes and not all must not store half a batch.
#[tokio::test]
async fn a_user_without_all_rights_stores_nothing() {
    for (strategy, has_functions) in [
        (Strategy::Function, true),
        (Strategy::Function, false),
        (Strategy::Watch, true),
    ] {
        for missing in ["-xadd", "-decrby", "-msetnx -mset", "-set"] {
            let mut setup = RedisServer::setup(Program::Redis);
            if !has_functions {
                setup = setup.option("rename-command", "FUNCTION \"\"");
            }
            let server = setup.start().await;
            let all = ["ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@all"];
            server.command(&all).await.assert_ok();
            let url = format!("redis://shop:secret@{}", server.address());
            let place = Place {
                settings: settings(&url, strategy),
                servers: Servers::One(server),
            };
            let kept = Kept::new(&place, sale(10)).await;
            let ledger = kept.open(TestClock::at(STARTS_AT)).await;
            ledger.commit([attempt(1, 1)].into()).await.unwrap();
            let mut rights = vec!["ACL", "SETUSER", "shop"];
            rights.extend(missing.split(' '));
            place.command(&rights).await;
            let reason = refused(&ledger, 2).await;
            assert!(
                reason.contains("NOPERM") || reason.contains("no permissions"),
                "{reason}"
            );
            assert_eq!(kept.stored().await.len(), 1);
            assert_eq!(kept.audit().await, [], "{strategy:?} {missing}");
            place.command(&["ACL", "SETUSER", "shop", "+@all"]).await;
            ledger.commit([attempt(2, 2)].into()).await.unwrap();
        }
    }
}
