//! The sale's window, to the millisecond, and clocks that jump.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::books;
use crate::support::client::{Answer, Client};
use crate::support::faults::Word;
use crate::support::http::{Connection, Request};
use crate::support::server::{HOUR_MS, Setup, TestServer};

/// A window in 2030, far from the machine's own clock: every moment here is chosen by the test.
const START: i64 = 1_900_000_000_000;
const END: i64 = START + HOUR_MS;

/// Longer than a server needs to notice by itself that its clock has passed the end.
const NOTICED_MAX: Duration = Duration::from_secs(10);

/// A sale in that window, its clock standing still.
fn frozen_at(time: i64) -> Setup {
    let setup = TestServer::setup().window(START, END).with_faults();
    setup.faults().set(Word::ClockFrozenAtMs, time);
    setup
}

/// Sets the clock; the token that comes with the client is of that time.
async fn client_at(server: &TestServer, time: i64) -> Client {
    server.faults().set(Word::ClockFrozenAtMs, time);
    server.client().await
}

/// The purchase is refused because the sale is in that phase.
async fn assert_not_active(client: &mut Client, user: &str, phase: &str) {
    let request = client.door().purchase(user);
    let response = client.send(&request).await.expect("an answer");
    assert_eq!(
        Answer::of(&response),
        Answer::NotActive,
        "{}",
        response.text()
    );
    assert_eq!(response.json()["phase"], phase, "{}", response.text());
}

async fn wait_for_status(client: &mut Client, wanted: &str) {
    let deadline = Instant::now() + NOTICED_MAX;
    loop {
        let status = client.status().await;
        if status["status"] == wanted {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "not {wanted} after {NOTICED_MAX:?}: {status}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn row_43_the_window_is_exact_to_the_millisecond() {
    let server = frozen_at(START - 1).start().await;
    let mut client = server.client().await;
    assert_eq!(client.status().await["status"], "upcoming");
    assert_not_active(&mut client, "too-early", "upcoming").await;
    assert_eq!(client.lookup("too-early").await, None);

    let mut client = client_at(&server, START).await;
    assert_eq!(client.status().await["status"], "active");
    let first = client.buy("first").await.purchased();
    let mut client = client_at(&server, END - 1).await;
    assert_eq!(client.status().await["status"], "active");
    client.buy("last").await.purchased();

    let mut client = client_at(&server, END).await;
    assert_not_active(&mut client, "too-late", "ended").await;
    let status = client.status().await;
    assert_eq!(
        (&status["status"], &status["sold"]),
        (&"ended".into(), &2.into()),
        "{status}"
    );
    assert_eq!(status["serverTime"], END);
    // A past buyer is told so also now, and finds the order.
    assert_eq!(
        client.buy("first").await,
        Answer::AlreadyPurchased(first.clone())
    );
    assert_eq!(client.lookup("first").await, Some(first));

    let times: Vec<i64> = server
        .orders()
        .await
        .iter()
        .map(|row| row.ordered_at)
        .collect();
    assert_eq!(times, [START, END - 1]);
    books::assert_clean(&server.home().ledger()).await;
}

#[tokio::test]
async fn row_43_a_sale_opens_and_closes_by_itself() {
    let server = frozen_at(START - 1).start().await;
    let mut client = server.client().await;
    let mut tags = Vec::new();
    for (time, phase) in [(START - 1, "upcoming"), (START, "active"), (END, "ended")] {
        server.faults().set(Word::ClockFrozenAtMs, time);
        wait_for_status(&mut client, phase).await;
        tags.push(
            client
                .get("/api/status")
                .await
                .header("etag")
                .expect("a tag")
                .to_owned(),
        );
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "a cache sees each change: {tags:?}");
}

/// Nobody has bought anything since the end, and no purchase is needed to notice it.
#[tokio::test]
async fn row_43_a_server_that_starts_after_the_end_says_so_at_once() {
    let setup = frozen_at(START).start().await.stop().await.0;
    setup.faults().set(Word::ClockFrozenAtMs, END);
    let mut server = setup.start().await;
    let status = server.ask(&Request::get("/api/status")).await.json();
    assert_eq!(status["status"], "ended", "{status}");
    let banner = server.process().stdout();
    assert!(banner.contains("This sale is over"), "{banner}");
}

/// What would be stored then could never sell; a sale that is stored starts, as the test above shows.
#[tokio::test]
async fn row_43_a_new_sale_needs_a_moment_before_its_end() {
    let refusal = frozen_at(END).refused().await;
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    assert!(refusal.stderr.contains("SALE_END"), "{refusal:?}");
    let server = frozen_at(END - 1).start().await;
    assert_eq!(server.client().await.status().await["status"], "active");
}

/// Both came in time. The one that was at the disk is decided; the one behind it was not.
#[tokio::test]
async fn row_44_what_is_committed_after_the_end_is_refused() {
    let server = frozen_at(END - 1).start().await;
    let door = server.door().await;
    let faults = server.faults();
    let syncs = faults.get(Word::Syncs);
    faults.set(Word::StallSyncMs, 15_000);
    let mut connections = Vec::new();
    for user in ["at-the-disk", "behind-it-1", "behind-it-2"] {
        let mut connection = Connection::open(door.address).await.expect("a connection");
        connection
            .write(&door.purchase(user).bytes("localhost"))
            .await
            .expect("a request is sent");
        connections.push(connection);
        faults.reached(Word::Syncs, syncs + 1).await;
    }
    // Long enough for the server to read what lies in its socket.
    tokio::time::sleep(Duration::from_millis(300)).await;
    faults.set(Word::ClockFrozenAtMs, END);
    faults.set(Word::StallSyncMs, 0);

    let mut answers = Vec::new();
    for connection in &mut connections {
        answers.push(connection.answer(true).await.expect("an answer"));
    }
    let order_id = Answer::of(&answers[0]).purchased();
    for late in &answers[1..] {
        assert_eq!(Answer::of(late), Answer::NotActive, "{}", late.text());
        assert_eq!(late.json()["phase"], "ended", "{}", late.text());
    }
    let rows = server.orders().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].order_id.as_str(), rows[0].ordered_at),
        (order_id.as_str(), END - 1)
    );
    books::assert_clean(&server.home().ledger()).await;
}

/// Seen by a purchase or by nobody, in this process and in the next: over is over.
#[tokio::test]
async fn row_45_an_ended_sale_stays_ended() {
    for asked in [true, false] {
        let server = frozen_at(START).start().await;
        let order_id = server.client().await.buy("early").await.purchased();
        let mut client = client_at(&server, END).await;
        if asked {
            assert_not_active(&mut client, "late", "ended").await;
        } else {
            wait_for_status(&mut client, "ended").await;
        }

        let mut client = client_at(&server, START + 1).await;
        assert_eq!(client.status().await["status"], "ended", "asked: {asked}");
        assert_not_active(&mut client, "late", "ended").await;

        let server = server.kill().await.start().await;
        let mut client = server.client().await;
        assert_eq!(client.status().await["status"], "ended", "asked: {asked}");
        assert_not_active(&mut client, "late", "ended").await;
        assert_eq!(
            client.buy("early").await,
            Answer::AlreadyPurchased(order_id)
        );
        let mut client = client_at(&server, START - HOUR_MS).await;
        assert_eq!(client.status().await["status"], "ended", "asked: {asked}");
        assert_not_active(&mut client, "late", "ended").await;
        assert_eq!(server.orders().await.len(), 1);
    }
}

#[tokio::test]
async fn row_45_order_times_do_not_run_backwards() {
    const HALF: i64 = START + HOUR_MS / 2;
    let server = frozen_at(HALF).start().await;
    server.client().await.buy("at-half").await.purchased();
    client_at(&server, START + 10)
        .await
        .buy("stepped-back")
        .await
        .purchased();
    client_at(&server, START - HOUR_MS)
        .await
        .buy("before-the-start")
        .await
        .purchased();

    let setup = server.kill().await;
    setup.faults().set(Word::ClockFrozenAtMs, START - 1);
    let server = setup.start().await;
    let mut client = server.client().await;
    let status = client.status().await;
    assert_eq!(
        (&status["status"], &status["sold"]),
        (&"active".into(), &3.into()),
        "{status}"
    );
    client.buy("after-a-restart").await.purchased();
    client_at(&server, HALF + 1)
        .await
        .buy("caught-up")
        .await
        .purchased();

    let times: Vec<i64> = server
        .orders()
        .await
        .iter()
        .map(|row| row.ordered_at)
        .collect();
    assert_eq!(times, [HALF, HALF, HALF, HALF, HALF + 1]);
    books::assert_clean(&server.home().ledger()).await;
}
