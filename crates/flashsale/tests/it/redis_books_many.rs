//! Books in Redis that grow while they are read, that are long, or that lie in a Cluster.

use std::collections::BTreeMap;

use flashsale_testkit::{Cluster, FaultProxy, Program, RedisServer};

use crate::redis_books::{Named, as_told, assert_not_read, sold};
use crate::support::books::{self, InRedis, Row};
use crate::support::load;
use crate::support::machine_alone;
use crate::support::server::{Home, TestServer};

/// A picture of one moment each, never of half a batch, and the sale does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_are_read_while_nodes_sell() {
    let _machine = machine_alone().await;
    for program in [Program::Redis, Program::Valkey] {
        let redis = RedisServer::setup(program).start().await;
        let setup = TestServer::setup().stock(10_000_000).on_redis(&redis.url());
        let mut nodes = Vec::new();
        let mut selling = Vec::new();
        for number in 0..2 {
            let node = setup.clone().at(Home::new()).start().await;
            let prefix = format!("buyer-{number}");
            selling.push(load::until_cut(&node.door().await, 8, &prefix).await);
            nodes.push(node);
        }
        let place = nodes[0].books();
        let mut last: Vec<Row> = Vec::new();
        for _ in 0..6 {
            let rows = books::orders(&*place).await;
            let whole = rows.iter().zip(1..).all(|(row, unit)| row.unit == unit);
            assert!(whole, "units have a gap");
            let kept = rows.len() >= last.len() && rows[..last.len()] == last[..];
            assert!(kept, "what was sold has changed");
            books::assert_clean(&*place).await;
            last = rows;
        }
        for node in nodes {
            let (_, exit) = node.stop().await;
            assert_eq!(exit.code, Some(0), "{exit:?}");
        }
        let mut confirmed = BTreeMap::new();
        for load in selling {
            let told = load.join().await;
            assert!(told.others.is_empty(), "it was noticed: {:?}", told.others);
            confirmed.extend(told.confirmed);
        }
        let rows = books::orders(&*place).await;
        assert!(rows.len() > last.len(), "they were selling all the time");
        let found: BTreeMap<_, _> = rows
            .into_iter()
            .map(|row| (row.user_id, row.order_id))
            .collect();
        for (user, order_id) in &confirmed {
            assert_eq!(found.get(user), Some(order_id), "{user}");
        }
    }
}

/// More than one answer of Redis brings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_orders_come_whole_and_in_order() {
    const ORDERS: usize = 20_000;
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().stock(ORDERS as u64);
    let node = setup.on_redis(&redis.url()).start().await;
    let users: Vec<String> = (0..ORDERS)
        .map(|n| format!("buyer-{n}@example.com"))
        .collect();
    let answers = load::once_each(&[node.door().await], users, 64).await;
    let mut told = BTreeMap::new();
    for (user, answer) in answers.expect("every purchase is answered") {
        told.insert(user, answer.purchased());
    }

    let rows = node.orders().await;
    assert_eq!(rows.len(), ORDERS);
    assert!(rows.iter().zip(1..).all(|(row, unit)| row.unit == unit));
    assert!(rows.is_sorted_by_key(|row| row.ordered_at));
    let found: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (row.user_id, row.order_id))
        .collect();
    assert!(found == told, "each has the order that it was told");
    let exit = books::audit(&*node.books()).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    exit.assert_line_with(&["20000 of 20000 units"]);

    // A node that comes later has seen them all before it is asked.
    let other = node.setup_again().at(Home::new()).start().await;
    let status = other.client().await.status().await;
    assert_eq!(
        (&status["sold"], &status["status"]),
        (&ORDERS.into(), &"sold_out".into())
    );

    // If Redis goes away before the last page, that is said, and an earlier export is left as it was.
    let proxy = FaultProxy::before(redis.address()).await;
    let place = InRedis(proxy.url());
    let folder = Home::new();
    let path = folder.path().join("orders.jsonl");
    std::fs::write(&path, "an earlier export\n").expect("a file");
    // What asks for a page behind another one says behind which.
    proxy.cut_before_request_with(b"\r\n(1", u64::MAX);
    let target = path.to_str().expect("temporary paths are plain text");
    let more = ["--format", "jsonl", "--output", target];
    let exit = books::read("orders", &place, &more).await;
    assert_not_read(&exit, 1, &["not all orders"]);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text, "an earlier export\n");
    let entries = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(entries, 1, "nothing half made stays behind");
    assert_not_read(&books::audit(&place).await, 2, &["Redis"]);
    assert!(proxy.cuts() >= 2);
}

/// Whichever node of a Cluster has the sale, and whichever is asked.
#[tokio::test]
async fn the_books_of_a_cluster_are_read_by_any_of_its_addresses() {
    for program in [Program::Redis, Program::Valkey] {
        let cluster = Cluster::setup(program).start().await;
        let mut sales: [Option<String>; 3] = [None, None, None];
        for name in (0..).map(|number| format!("drop-{number}")) {
            let owner = cluster.owner_of(&format!("{{{name}}}:config")).await;
            sales[owner].get_or_insert(name);
            if sales.iter().all(Option::is_some) {
                break;
            }
        }
        for (owner, sale) in sales.into_iter().flatten().enumerate() {
            let setup = TestServer::setup().env("SALE_ID", &sale);
            let (node, told) = sold(setup.on_redis(&cluster.url())).await;
            let mut urls = vec![cluster.url()];
            let each = cluster.nodes().map(RedisServer::address);
            urls.extend(each.map(|address| format!("redis-cluster://{address}")));
            // The one that has it does as well by its own name.
            urls.push(cluster.node(owner).url());
            for url in urls {
                let sale = sale.clone();
                let place = Named { url, sale };
                books::assert_clean(&place).await;
                assert_eq!(as_told(&books::orders(&place).await), told);
            }
            // Another one sends everybody on, which only a Cluster's address follows.
            let url = cluster.node((owner + 1) % 3).url();
            let place = Named {
                url,
                sale: sale.clone(),
            };
            for command in ["orders", "audit"] {
                assert_not_read(&books::read(command, &place, &[]).await, 2, &["MOVED"]);
            }

            // And what is wrong is found there, too.
            let key = format!("{{{sale}}}:user:eve");
            let receipt = format!("1-1 {}", "0".repeat(32));
            let set = ["SET", &key, &receipt];
            cluster.node(owner).command(&set).await.assert_ok();
            let url = cluster.url();
            let exit = books::audit(&Named { url, sale }).await;
            assert_eq!(exit.code, Some(1), "{exit:?}");
            exit.assert_line_with(&["WRONG", "unit 1 "]);
            drop(node);
        }
    }
}
