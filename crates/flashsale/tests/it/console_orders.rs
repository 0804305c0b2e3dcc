//! The orders behind the counter: as a table, and as files.

use std::collections::BTreeSet;

use flashsale_testkit::{Program, RedisServer};
use serde_json::Value;

use crate::redis_nodes::start_nodes;
use crate::support::books;
use crate::support::console::Console;
use crate::support::contract::assert_error;
use crate::support::http::{Request, encoded};
use crate::support::server::TestServer;
use crate::support::{load, machine_alone};

const ORDERS: usize = 2_500;

async fn units(console: &Console, query: &str) -> (Vec<u64>, Value) {
    let body = console.json(&format!("/admin/orders?{query}")).await;
    let orders = body["orders"].as_array().expect("orders");
    let units = orders
        .iter()
        .map(|order| order["unit"].as_u64().expect("a unit"));
    (units.collect(), body["next"].clone())
}

/// The file is, to the letter, what the command line hands over.
async fn check_files(server: &TestServer) {
    let console = server.console();
    for (format, content_type) in [
        ("csv", "text/csv; charset=utf-8"),
        ("jsonl", "application/jsonl"),
    ] {
        let response = console.get(&format!("/admin/orders.{format}")).await;
        assert_eq!(response.header("content-type"), Some(content_type));
        let disposition = response
            .header("content-disposition")
            .expect("a name for the file");
        assert_eq!(
            disposition,
            format!("attachment; filename=\"drop-orders.{format}\"")
        );
        let exported = books::export(&*server.books(), format).await;
        assert!(response.text() == exported, "the {format} files differ");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_is_in_the_table_and_in_the_files() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(10_000).start().await;
    let console = server.console();
    assert_eq!(units(&console, "").await, (vec![], Value::Null));
    let empty = console.get("/admin/orders.csv").await.text();
    assert_eq!(empty, "unit,order_id,user_id,ordered_at,idempotency_key\n");
    assert_eq!(console.get("/admin/orders.jsonl").await.text(), "");

    let users: Vec<_> = (0..ORDERS)
        .map(|n| format!("user-{n}@example.com"))
        .collect();
    load::once_each(&[server.door().await], users, 50)
        .await
        .expect("answers");
    let mut client = server.client().await;
    let odd = "=Ümlaut, \"quoted\" :{}*";
    let order = client.buy_with_key(odd, "a key").await.purchased();

    // Page by page, each unit once and in order.
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let (page, next) = units(&console, &format!("after={after}&limit=200")).await;
        all.extend(page);
        match next.as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    let expected: Vec<_> = (1..=ORDERS as u64 + 1).collect();
    assert_eq!(all, expected);
    let (page, next) = units(&console, "").await;
    assert_eq!((page.len(), next), (50, 50.into()));

    let last = ORDERS as u64 + 1;
    let search = async |text: &str| {
        units(&console, &format!("search={}", encoded(text)))
            .await
            .0
    };
    assert_eq!(search("ümlaut").await, [last]);
    assert_eq!(search(":{}*").await, [last]);
    assert_eq!(search(&order).await, [last]);
    assert_eq!(search(&order[..12]).await, [last]);
    assert_eq!(search("USER-77@").await.len(), 1);
    assert_eq!(search("nobody").await, [0; 0]);
    // A unit, and everybody with these digits in the id.
    let found: BTreeSet<_> = search("2500").await.into_iter().collect();
    assert!(found.contains(&2500), "{found:?}");
    let (page, next) = units(&console, "search=user-1&limit=10").await;
    assert_eq!(page.len(), 10);
    let (more, _) = units(&console, &format!("search=user-1&limit=10&after={next}")).await;
    assert!(more[0] > page[9], "{page:?} {more:?}");
    for odd in ["limit=0", "limit=201", "limit=x", "after=-1"] {
        let refused = console.signed(Request::get(&format!("/admin/orders?{odd}")));
        assert_error(&console.ask(&refused).await, 400, "bad_request", &[]);
    }

    check_files(&server).await;
    let found = console
        .get(&format!("/admin/orders.jsonl?search={}", encoded("ümlaut")))
        .await;
    let row: Value = serde_json::from_str(&found.text()).expect("one line");
    assert_eq!(
        (&row["userId"], &row["orderId"]),
        (&odd.into(), &order.into())
    );
    assert_eq!(
        (&row["unit"], &row["idempotencyKey"]),
        (&last.into(), &"a key".into())
    );
}

/// Orders of other nodes come in between; the table and the files have them in order of unit all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_shows_the_orders_of_all() {
    let _machine = machine_alone().await;
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = TestServer::setup().on_redis(&redis.url()).stock(500);
    let nodes = start_nodes(&setup, &[0; 3]).await;
    let mut doors = Vec::new();
    for node in &nodes {
        doors.push(node.door().await);
    }
    let users: Vec<_> = (0..600).map(|n| format!("user-{n}")).collect();
    load::once_each(&doors, users, 60).await.expect("answers");
    for node in &nodes {
        let mut client = node.client().await;
        while client.status().await["status"] != "sold_out" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        check_files(node).await;
        let (page, _) = units(&node.console(), "after=300&limit=200").await;
        assert_eq!(page, (301..=500).collect::<Vec<_>>());
    }
}
