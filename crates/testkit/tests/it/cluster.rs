//! Clusters: owners, a slot that moves, a replica that takes over.

use flashsale_testkit::{Cluster, Program};

use crate::{PROGRAMS, bulk};

#[tokio::test]
async fn three_nodes_share_the_slots() {
    for program in PROGRAMS {
        let cluster = Cluster::setup(program).option("appendonly", "yes");
        let cluster = cluster.start().await;
        assert_eq!(cluster.len(), 3);
        assert_eq!(cluster.url().split(',').count(), 3);
        assert_eq!(cluster.slot_of("foo").await, 12_182);
        assert_eq!(cluster.owner_of("foo").await, 2);
        assert_eq!(cluster.owner_of_slot(0).await, 0);
        assert_eq!(cluster.owner_of_slot(16_383).await, 2);
        cluster
            .node(2)
            .command(&["SET", "foo", "v"])
            .await
            .assert_ok();
        let elsewhere = cluster.node(0).command(&["GET", "foo"]).await;
        let moved = format!("MOVED 12182 {}", cluster.node(2).address());
        assert_eq!(elsewhere.error(), Some(moved.as_str()));
        for node in cluster.nodes() {
            let appends = node.command(&["CONFIG", "GET", "appendonly"]).await;
            assert_eq!(appends.items()[1].text(), "yes");
        }
    }
}

#[tokio::test]
async fn a_slot_moves_step_by_step() {
    for program in PROGRAMS {
        let cluster = Cluster::setup(program).start().await;
        let slot = cluster.slot_of("{foo}").await;
        for key in ["{foo}1", "{foo}2", "{foo}3"] {
            cluster
                .node(2)
                .command(&["SET", key, "v"])
                .await
                .assert_ok();
        }
        let moved = cluster.begin_move(slot, 0).await;
        assert_eq!((moved.from, moved.to), (2, 0));
        assert_eq!(cluster.move_keys(moved, 2).await, 2);
        // Half way: one key is still at the old owner, the others are to be asked for at the new one.
        let mut answers = Vec::new();
        for key in ["{foo}1", "{foo}2", "{foo}3"] {
            answers.push(cluster.node(2).command(&["GET", key]).await);
        }
        let asks = answers.iter().filter_map(|answer| answer.error());
        assert_eq!(asks.filter(|text| text.starts_with("ASK")).count(), 2);
        assert!(answers.contains(&bulk("v")), "{answers:?}");

        assert_eq!(cluster.move_keys(moved, 2).await, 1);
        assert_eq!(cluster.move_keys(moved, 2).await, 0);
        cluster.finish_move(moved).await;
        assert_eq!(cluster.owner_of("{foo}1").await, 0);
        for key in ["{foo}1", "{foo}2", "{foo}3"] {
            assert_eq!(cluster.node(0).command(&["GET", key]).await, bulk("v"));
        }
        cluster.move_slot(slot, 1).await;
        assert_eq!(cluster.owner_of("{foo}1").await, 1);
        assert_eq!(cluster.node(1).command(&["GET", "{foo}1"]).await, bulk("v"));
    }
}

#[tokio::test]
async fn a_replica_takes_over_from_a_killed_master() {
    let cluster = Cluster::setup(Program::Redis).replicas_per_master(1);
    let cluster = cluster.start().await;
    assert_eq!(cluster.len(), 6);
    let mut resp = cluster.node(2).connect().await;
    resp.command(&["SET", "foo", "v"]).await.assert_ok();
    assert_eq!(resp.command(&["WAIT", "1", "5000"]).await.int(), 1);
    cluster.node(2).kill();
    cluster.settled().await;
    assert_eq!(cluster.owner_of("foo").await, 5);
    assert_eq!(cluster.node(5).command(&["GET", "foo"]).await, bulk("v"));
    cluster.node(2).restart().await;
    cluster.node(2).in_sync().await;
    cluster.settled().await;
    assert_eq!(cluster.owner_of("foo").await, 5);
}
