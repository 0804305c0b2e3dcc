//! `flashsale loadtest` against real servers: in order, broken on purpose, stalled, and gone.

use std::fs;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use tokio::time::sleep;

use crate::support::books;
use crate::support::machine_alone;
use crate::support::now_ms;
use crate::support::process::{Exit, Process};
use crate::support::sabotaged::{SWITCH_VARIABLE, binary};
use crate::support::server::{HOUR_MS, Home, TestServer, flashsale};

/// Longer than any run of these tests.
const RUN_MAX: Duration = Duration::from_mins(1);

fn url(server: &TestServer) -> String {
    format!("http://{}", server.address())
}

/// Runs the load tester against a server, and returns its JSON as well.
async fn test(url: &str, arguments: &[&str]) -> (Exit, Value) {
    let home = Home::new();
    let all = [
        &["loadtest", "--url", url, "--json", "report.json"],
        arguments,
    ]
    .concat();
    let exit = books::run(home.path(), &all).await;
    let json = fs::read_to_string(home.path().join("report.json")).unwrap_or_default();
    (exit, serde_json::from_str(&json).unwrap_or_default())
}

#[tokio::test]
async fn a_rush_on_a_sound_server_is_exit_code_0() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(100).start().await;
    let home = Home::new();
    let (url, html) = (url(&server), home.path().join("report.html"));
    let (exit, report) = test(&url, &["--users", "2000", "--html", html.to_str().unwrap()]).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    exit.assert_line_with(&["100", "purchased"]);
    exit.assert_line_with(&["The books are in order."]);
    assert_eq!(report["answers"]["purchased"], 100);
    assert_eq!(report["answers"]["sold_out"], 1_900);
    assert_eq!(report["scenario"], "rush");
    assert_eq!(report["books"]["soldAfter"], 100);
    assert_eq!(report["purchased"]["count"], 100);
    assert_eq!(server.orders().await.len(), 100);
    let page = fs::read_to_string(html).expect("a page");
    assert!(page.contains("The books are in order."), "{page}");
}

/// It begins when the server's clock says so, not before: nobody hears "not active".
#[tokio::test]
async fn a_rush_waits_for_the_start() {
    let now = now_ms();
    let setup = TestServer::setup()
        .stock(50)
        .window(now + 1_500, now + HOUR_MS);
    let server = setup.start().await;
    let (exit, report) = test(&url(&server), &["--users", "500", "--wait", "10s"]).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert_eq!(report["answers"]["purchased"], 50);
    assert_eq!(report["answers"]["not_active"], 0);
    assert!(exit.stderr.contains("the sale starts in"), "{exit:?}");
}

#[tokio::test]
async fn a_storm_gets_one_order_for_each_user() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(100).start().await;
    let arguments = ["--scenario", "storm", "--users", "7", "--attempts", "200"];
    let (exit, report) = test(&url(&server), &arguments).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert_eq!(report["answers"]["purchased"], 7);
    assert_eq!(report["answers"]["already_purchased"], 7 * 199);
}

#[tokio::test]
async fn a_crowd_watches_while_others_buy() {
    let _machine = machine_alone().await;
    // Long enough, and looked at often enough, that everybody has looked before it is over.
    let server = TestServer::setup().stock(10_000).start().await;
    let arguments = [
        "--scenario",
        "crowd",
        "--users",
        "20000",
        "--watchers",
        "300",
        "--watch-every",
        "100ms",
    ];
    let (exit, report) = test(&url(&server), &arguments).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert_eq!(report["watchers"]["failures"], 0);
    let looks = report["watchers"]["latency"]["count"].as_u64();
    assert!(looks >= Some(250), "{looks:?}");
}

#[tokio::test]
async fn a_crowd_follows_the_live_stream() {
    let _machine = machine_alone().await;
    // Long enough that each of them hears of it before it is over.
    let server = TestServer::setup().stock(10_000).start().await;
    let users = ["--scenario", "crowd", "--users", "20000"];
    let watchers = ["--watchers", "300", "--watch", "stream"];
    let (exit, report) = test(&url(&server), &[users, watchers].concat()).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert_eq!(report["watchers"]["failures"], 0);
    let events = report["watchers"]["events"].as_u64();
    assert!(events >= Some(300), "{events:?} events for 300 watchers");
}

/// A server that stands still for a second delays everybody who was due in that second, also those whom a
/// closed loop would not even have sent.
#[tokio::test]
async fn a_steady_run_counts_from_the_moment_an_attempt_was_due() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(100).start().await;
    let (url, pid) = (url(&server), server.process_id());
    let arguments = [
        "--scenario",
        "steady",
        "--rate",
        "500",
        "--duration",
        "3s",
        "--concurrency",
        "8",
    ];
    let stall = async {
        sleep(Duration::from_secs(1)).await;
        kill_process(pid, Signal::STOP).expect("the server stops");
        sleep(Duration::from_secs(1)).await;
        kill_process(pid, Signal::CONT).expect("the server goes on");
    };
    let ((exit, report), ()) = tokio::join!(test(&url, &arguments), stall);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(
        report["attempts"].as_u64() >= Some(1_400),
        "{}",
        report["attempts"]
    );
    // A third of all attempts was due while nothing moved. Counted from sending, eight would be late.
    let p90_us = report["others"]["p90Us"].as_u64();
    assert!(p90_us >= Some(200_000), "{p90_us:?}");
    let p50_us = report["others"]["p50Us"].as_u64();
    assert!(p50_us <= Some(100_000), "{p50_us:?}");
}

#[tokio::test]
async fn a_server_that_sells_too_much_is_exit_code_1() {
    let _machine = machine_alone().await;
    let setup = TestServer::setup().binary(binary()).stock(10);
    let server = setup.env(SWITCH_VARIABLE, "stock").start().await;
    let (exit, report) = test(&url(&server), &["--users", "500"]).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    exit.assert_line_with(&["BROKEN", "there are never more purchases than stock"]);
    exit.assert_line_with(&["The books are NOT in order."]);
    assert_eq!(report["books"]["checks"][0]["result"], "broken");
}

#[tokio::test]
async fn a_server_that_sells_twice_to_one_user_is_exit_code_1_with_the_user() {
    let _machine = machine_alone().await;
    let setup = TestServer::setup().binary(binary());
    let server = setup.env(SWITCH_VARIABLE, "uniqueness").start().await;
    let arguments = ["--scenario", "storm", "--users", "3", "--attempts", "100"];
    let (exit, _) = test(&url(&server), &arguments).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    exit.assert_line_with(&["BROKEN", "every user has at most one order"]);
    exit.assert_line_with(&["load-", "@example.com has", "orders: "]);
}

#[tokio::test]
async fn what_cannot_be_measured_is_exit_code_2() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = nobody.local_addr().expect("its address");
    drop(nobody);
    let (exit, _) = test(&format!("http://{address}"), &[]).await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    assert!(exit.stderr.contains("cannot be reached"), "{exit:?}");

    let now = now_ms();
    let later = TestServer::setup()
        .window(now + HOUR_MS, now + 2 * HOUR_MS)
        .start()
        .await;
    let (exit, _) = test(&url(&later), &["--wait", "1s"]).await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    assert!(exit.stderr.contains("the sale starts in 35"), "{exit:?}");

    for (arguments, reason) in [
        (&["--url", "ftp://127.0.0.1"][..], "must begin with http://"),
        (&["--users", "10000001"], "10000000"),
        (&["--concurrency", "0"], "write a number from 1"),
        (&["--timeout", "10"], "write 250ms, 30s, 5m or 1h"),
        (&["--rate", "0"], "write a number above 0"),
        (&["--rate", "5"], "only for steady"),
        (&["--json", "no/such/folder.json"], "no/such/folder.json"),
    ] {
        let home = Home::new();
        let exit = books::run(home.path(), &[&["loadtest"], arguments].concat()).await;
        assert_eq!(exit.code, Some(2), "{arguments:?}: {exit:?}");
        assert!(exit.stderr.contains(reason), "{arguments:?}: {exit:?}");
    }
}

/// The server dies in the middle: what came of the purchases cannot be found out.
#[tokio::test]
async fn a_server_that_dies_is_exit_code_2() {
    let _machine = machine_alone().await;
    let server = TestServer::setup().stock(100).start().await;
    let url = url(&server);
    let arguments = [
        "--scenario",
        "steady",
        "--rate",
        "100",
        "--duration",
        "2s",
        "--retries",
        "0",
    ];
    let death = async {
        sleep(Duration::from_secs(1)).await;
        server.kill().await
    };
    let ((exit, report), _setup) = tokio::join!(test(&url, &arguments), death);
    assert_eq!(exit.code, Some(2), "{exit:?}");
    exit.assert_line_with(&["UNKNOWN", "no purchase is left unknown"]);
    exit.assert_line_with(&["Not everything could be checked."]);
    assert!(
        report["answers"]["connection_lost"].as_u64() > Some(0),
        "{}",
        report["answers"]
    );
}

#[tokio::test]
async fn an_interrupt_ends_with_the_report() {
    let server = TestServer::setup().stock(100).start().await;
    let home = Home::new();
    let mut command = std::process::Command::new(flashsale());
    let arguments = ["loadtest", "--scenario", "steady", "--rate", "50", "--url"];
    command
        .args(arguments)
        .arg(url(&server))
        .current_dir(home.path());
    let process = Process::spawn(&mut command);
    sleep(Duration::from_millis(1_500)).await;
    kill_process(process.pid(), Signal::INT).expect("the load tester runs");
    let exit = process.exit(RUN_MAX).await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    exit.assert_line_with(&["Steady", "stopped early"]);
    exit.assert_line_with(&["The books are in order."]);
    // One line a second, because it is no terminal.
    assert!(exit.stderr.contains("purchased"), "{exit:?}");
}
