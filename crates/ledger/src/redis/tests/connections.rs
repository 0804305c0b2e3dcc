//! Connections: forgotten functions, the pool, leases under `WATCH`, silent hosts, slow networks.

use super::*;

#[tokio::test]
async fn row_16_a_forgotten_function_is_loaded_again() {
    for renamed in [false, true] {
        let mut setup = RedisServer::setup(Program::Redis);
        if renamed {
            setup = setup
                .option("rename-command", "FCALL \"\"")
                .option("rename-command", "FUNCTION \"\"");
        }
        let server = setup.start().await;
        let place = Place {
            settings: settings(&server.url(), Strategy::Function),
            servers: Servers::One(server),
        };
        let kept = Kept::new(&place, sale(10)).await;
        let ledger = kept.open(TestClock::at(STARTS_AT)).await;
        for user in 1..4 {
            let forget: &[&str] = if renamed {
                &["SCRIPT", "FLUSH"]
            } else {
                &["FUNCTION", "FLUSH"]
            };
            place.command(forget).await;
            ledger
                .commit([attempt(user, user.into())].into())
                .await
                .unwrap();
        }
        assert_eq!(kept.stored().await.len(), 3);
        assert_eq!(kept.audit().await, []);
    }
}

#[tokio::test]
async fn row_24_an_exhausted_pool_fails_fast() {
    for strategy in BOTH {
        let (_place, _kept, ledger) = begun(strategy).await;
        let pool = &ledger.ledger.node.pool;
        let mut held = Vec::new();
        for _ in 0..8 + open::SPARE_CONNECTIONS {
            held.push(pool.lease().await.unwrap());
        }
        let started_at = tokio::time::Instant::now();
        let reason = refused(&ledger, 2).await;
        assert!(reason.contains("REDIS_TX_POOL"), "{reason}");
        assert!(started_at.elapsed() < Duration::from_millis(500));
        // It sells as fast as it can, so nobody has to be sent elsewhere.
        assert_eq!(ledger.ready(), Ok(()));
        held.pop();
        ledger.commit([attempt(2, 2)].into()).await.unwrap();
    }
}

/// Hosts that are silent hold up nobody who looks for the sale.
#[tokio::test]
async fn silent_nodes_of_a_cluster_do_not_hide_the_one_that_has_the_sale() {
    let cluster = Cluster::setup(Program::Redis).masters(3).start().await;
    let owner = cluster.owner_of("{test}:config").await;
    let mut others: Vec<_> = (0..3).filter(|node| *node != owner).collect();
    others.push(owner);
    let hosts: Vec<_> = others
        .iter()
        .map(|node| cluster.node(*node).address().to_string())
        .collect();
    let url = format!("redis-cluster://{}", hosts.join(","));
    let dialer = dialer::Dialer::new(
        Address::parse(&url).unwrap(),
        None,
        "{test}:config".to_owned(),
        None,
    );
    cluster.node(others[0]).freeze();
    cluster.node(others[1]).freeze();
    let started_at = tokio::time::Instant::now();
    let connection = dialer.connect().await.unwrap();
    assert_eq!(connection.place(), hosts[2]);
    assert!(started_at.elapsed() < Duration::from_secs(1));
    for node in &others[..2] {
        cluster.node(*node).thaw();
    }
}

/// A type that can be copied would make `is_clone` ambiguous, so this does not compile if one of those
/// that may watch can be shared.
#[test]
fn row_26_a_connection_that_may_watch_cannot_be_shared() {
    trait IsClone<Proof> {
        fn is_clone() {}
    }
    impl<T> IsClone<()> for T {}
    impl<T: Clone> IsClone<u8> for T {}
    <connection::Connection as IsClone<_>>::is_clone();
    <connection::Lease as IsClone<_>>::is_clone();
    <connection::Watched as IsClone<_>>::is_clone();
}

#[tokio::test]
async fn row_26_a_lease_comes_back_without_its_guard_or_not_at_all() {
    let place = one(Program::Redis, Strategy::Watch).await;
    let kept = Kept::new(&place, sale(10)).await;
    kept.set_clock(&TestClock::at(STARTS_AT)).await;
    let dialer = Arc::new(dialer::Dialer::new(
        kept.settings.address.clone(),
        None,
        "x".to_owned(),
        None,
    ));
    let pool = connection::Pool::new(dialer, 1);
    let mut watch = ::redis::Pipeline::new();
    watch.cmd("WATCH").arg("x");
    let client_id = || async {
        let mut lease = pool.lease().await.unwrap();
        record::number(
            &lease
                .command(::redis::cmd("CLIENT").arg("ID"))
                .await
                .unwrap(),
        )
        .unwrap()
    };
    let first = client_id().await;
    assert_eq!(client_id().await, first, "a clean connection is used again");
    let (watched, _) = pool.lease().await.unwrap().watch(&watch).await.unwrap();
    drop(watched.unwatch().await.unwrap());
    assert_eq!(client_id().await, first);
    let (watched, _) = pool.lease().await.unwrap().watch(&watch).await.unwrap();
    drop(watched);
    let second = client_id().await;
    assert_ne!(second, first, "one that still watches is thrown away");
    // A caller that goes away in the middle leaves an answer behind.
    let mut lease = pool.lease().await.unwrap();
    let mut slow = ::redis::cmd("BLPOP");
    slow.arg("nothing").arg(1);
    tokio::select! {
        _ = lease.command(&slow) => panic!("it blocks"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    drop(lease);
    assert_ne!(client_id().await, second);
}

/// FAULTS 44 where the node decides: what was read before the end is not written after it.
#[tokio::test]
async fn row_44_a_transaction_begun_before_the_end_is_not_stored_after_it() {
    let place = one(Program::Redis, Strategy::Watch).await;
    let server = place.servers()[0];
    let time = server.command(&["TIME"]).await;
    let now = time.items()[0].text().parse::<u64>().unwrap() * 1000 + 1000;
    let window = flashsale_sale::Window::new(Timestamp(now - 10_000), Timestamp(now + 1_500));
    let id = sale(1).id().clone();
    let real = Sale::new(id, "p".into(), String::new(), 10, window.unwrap()).unwrap();
    let direct = Kept::new(&place, real).await;
    // The key that stands for the server's clock says that the sale is on, for ever.
    direct.set_clock(&TestClock::at(now)).await;
    let proxy = FaultProxy::before(server.address()).await;
    let mut by_proxy = settings(&proxy.url(), Strategy::Watch);
    by_proxy.retries.retries_max = 0;
    let slow = Kept {
        settings: by_proxy,
        sale: direct.sale.clone(),
        data_dir: TempDir::new().unwrap(),
    };
    let ledger = slow.try_open().await.unwrap();
    ledger.commit([attempt(1, 1)].into()).await.unwrap();
    // The question comes there before the end by the server's real clock, and the transaction after it.
    proxy.delay(Duration::from_millis(900)).await;
    let result = ledger.commit([attempt(2, 2)].into()).await;
    let end = Timestamp(now + 1_500);
    assert!(ledger.clock()() > end);
    assert!(
        matches!(result, Err(CommitError::NotApplied(_))),
        "{result:?}"
    );
    assert_eq!(direct.stored().await.len(), 1);
}
