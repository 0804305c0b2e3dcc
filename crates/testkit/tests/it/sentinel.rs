//! Sentinels: a failover after a kill, and the way back.

use flashsale_testkit::{RedisServer, Sentinels};

use crate::{PROGRAMS, bulk};

#[tokio::test]
async fn a_killed_master_is_replaced_and_comes_back_as_a_replica() {
    for program in PROGRAMS {
        let setup = RedisServer::setup(program).password("secret");
        let master = setup.clone().start().await;
        let replica = setup.replica_of(master.address()).start().await;
        replica.in_sync().await;
        let mut resp = master.connect().await;
        resp.command(&["SET", "k", "v"]).await.assert_ok();
        assert_eq!(resp.command(&["WAIT", "1", "5000"]).await.int(), 1);

        let sentinels = Sentinels::start(&master, "sale", 3, 2).await;
        assert_eq!(sentinels.addresses().len(), 3);
        let url = sentinels.url();
        assert!(url.starts_with("redis-sentinel://127.0.0.1:"), "{url}");
        assert!(url.ends_with("/0?master=sale"), "{url}");
        assert_eq!(sentinels.master().await, master.address());

        master.kill();
        let promoted = sentinels.failed_over(master.address()).await;
        assert_eq!(promoted, replica.address());
        assert_eq!(replica.info("role").await.as_deref(), Some("master"));
        assert_eq!(replica.command(&["GET", "k"]).await, bulk("v"));

        master.restart().await;
        master.in_sync().await;
        assert_eq!(master.info("role").await.as_deref(), Some("slave"));
    }
}

#[tokio::test]
async fn two_of_three_sentinels_see_a_frozen_master() {
    let program = PROGRAMS[0];
    let master = RedisServer::setup(program).start().await;
    let replica = RedisServer::setup(program).replica_of(master.address());
    let replica = replica.start().await;
    replica.in_sync().await;
    let sentinels = Sentinels::start(&master, "sale", 3, 2).await;
    sentinels.nodes()[0].kill();
    master.freeze();
    let promoted = sentinels.failed_over(master.address()).await;
    assert_eq!(promoted, replica.address());
}
