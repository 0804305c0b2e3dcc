//! One server: start, kill, freeze, restart, replica.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use flashsale_testkit::{Program, RedisServer, Reply, Resp, free_port};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{PROGRAMS, bulk};

#[tokio::test]
async fn a_server_answers_and_is_killed() {
    for program in PROGRAMS {
        let server = RedisServer::setup(program).start().await;
        assert!(server.is_running());
        assert_eq!(server.program(), program);
        assert_eq!(server.command(&["PING"]).await.text(), "PONG");
        let pid = server.info("process_id").await;
        assert_eq!(pid, Some(server.pid().to_string()));
        assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
        server.kill();
        assert!(!server.is_running());
        assert!(Resp::connect(server.address()).await.is_err());
    }
}

#[tokio::test]
async fn every_kind_of_answer_is_understood() {
    let server = RedisServer::setup(Program::Redis).start().await;
    let mut resp = server.connect().await;
    resp.command(&["SET", "k", "v"]).await.assert_ok();
    assert_eq!(resp.command(&["GET", "k"]).await, bulk("v"));
    assert_eq!(resp.command(&["GET", "none"]).await, Reply::Bulk(None));
    assert_eq!(resp.command(&["INCR", "n"]).await.int(), 1);
    let refusal = resp.command(&["INCR", "k"]).await;
    assert!(refusal.error().is_some_and(|text| text.starts_with("ERR")));
    let nested = resp
        .command(&["EVAL", "return {1, {'a', {}}, false}", "0"])
        .await;
    let inner = Reply::Array(Some(vec![bulk("a"), Reply::Array(Some(Vec::new()))]));
    let nested_expected = [Reply::Int(1), inner, Reply::Bulk(None)];
    assert_eq!(nested.items(), nested_expected);
    let nothing = resp.command(&["BLPOP", "none", "0.01"]).await;
    assert_eq!(nothing, Reply::Array(None));
    let long = "x".repeat(1 << 20);
    resp.command(&["SET", "long", &long]).await.assert_ok();
    assert_eq!(resp.command(&["GET", "long"]).await, bulk(&long));
    let binary = resp.try_bytes(&[b"ECHO", b"\0\xff\r\n"]).await.unwrap();
    assert_eq!(binary, Reply::Bulk(Some(b"\0\xff\r\n".to_vec())));
}

#[tokio::test]
async fn a_restart_keeps_port_and_files() {
    for program in PROGRAMS {
        let setup = RedisServer::setup(program)
            .option("appendonly", "yes")
            .option("appendfsync", "always");
        let server = setup.start().await;
        let (port, pid) = (server.port(), server.pid());
        server.command(&["SET", "k", "v"]).await.assert_ok();
        server.kill();
        server.restart().await;
        assert_eq!(server.port(), port);
        assert_ne!(server.pid(), pid);
        assert_eq!(server.command(&["GET", "k"]).await, bulk("v"));
        server.stop().await;
        assert!(!server.is_running());
        server.restart().await;
        assert_eq!(server.command(&["GET", "k"]).await, bulk("v"));
        // A server that runs is killed first.
        server.restart().await;
        assert_eq!(server.command(&["GET", "k"]).await, bulk("v"));
    }
}

#[tokio::test]
async fn without_a_log_of_appends_a_restart_forgets() {
    let server = RedisServer::setup(Program::Redis).start().await;
    server.command(&["SET", "k", "v"]).await.assert_ok();
    server.restart().await;
    assert_eq!(server.command(&["GET", "k"]).await, Reply::Bulk(None));
}

#[tokio::test]
async fn a_frozen_server_is_there_and_silent() {
    for program in PROGRAMS {
        let server = RedisServer::setup(program).start().await;
        let mut resp = server.connect().await;
        server.freeze();
        assert!(server.is_running());
        resp.send(&[b"PING"]).await.unwrap();
        let silent = timeout(Duration::from_millis(200), resp.receive()).await;
        assert!(silent.is_err(), "{silent:?}");
        server.thaw();
        assert_eq!(resp.receive().await.unwrap().text(), "PONG");
        server.freeze();
        server.kill();
        assert!(!server.is_running());
    }
}

#[tokio::test]
async fn processor_time_is_that_of_the_server() {
    let server = RedisServer::setup(Program::Redis).start().await;
    let before = server.cpu();
    let busy = "for i = 1, 20000000 do end return 1";
    assert_eq!(server.command(&["EVAL", busy, "0"]).await.int(), 1);
    assert!(server.cpu() > before, "{before:?}");
}

#[tokio::test]
async fn a_replica_gets_in_sync_and_stays_so() {
    for program in PROGRAMS {
        let setup = RedisServer::setup(program).password("secret");
        let master = setup.clone().start().await;
        master.command(&["SET", "before", "1"]).await.assert_ok();
        let replica = setup.replica_of(master.address()).start().await;
        replica.in_sync().await;
        assert_eq!(replica.command(&["GET", "before"]).await, bulk("1"));
        let mut resp = master.connect().await;
        resp.command(&["SET", "after", "1"]).await.assert_ok();
        assert_eq!(resp.command(&["WAIT", "1", "5000"]).await.int(), 1);
        assert_eq!(replica.command(&["GET", "after"]).await, bulk("1"));
    }
}

#[tokio::test]
async fn a_password_is_asked_for_and_is_in_the_url() {
    let setup = RedisServer::setup(Program::Redis).password("secret");
    let server = setup.start().await;
    let mut stranger = Resp::connect(server.address()).await.unwrap();
    let refusal = stranger.command(&["GET", "k"]).await;
    assert!(
        refusal
            .error()
            .is_some_and(|text| text.starts_with("NOAUTH"))
    );
    assert!(server.url().starts_with("redis://:secret@127.0.0.1:"));
}

#[tokio::test]
async fn a_port_can_be_chosen() {
    let port = free_port();
    let server = RedisServer::setup(Program::Redis).port(port).start().await;
    assert_eq!(server.port(), port);
    assert_ne!(free_port(), port);
}

#[tokio::test]
#[should_panic(expected = "Bad directive")]
async fn a_server_that_does_not_start_tells_why() {
    let setup = RedisServer::setup(Program::Redis);
    setup.option("no-such-option", "yes").start().await;
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let server = RedisServer::setup(Program::Redis).start().await;
    let (address, folder) = (server.address(), server.folder().to_owned());
    drop(server);
    assert!(Resp::connect(address).await.is_err());
    assert!(!folder.exists());
}

/// Not a test by itself: the next one runs it in a process of its own, and kills that.
#[tokio::test]
#[ignore = "it only waits to be killed, for a minute"]
async fn a_server_until_this_process_dies() {
    let server = RedisServer::setup(Program::Redis).start().await;
    println!("port={}.", server.port());
    tokio::time::sleep(Duration::from_mins(1)).await;
}

#[tokio::test]
async fn a_server_does_not_outlive_a_killed_test() {
    // What the killed test leaves behind is in here.
    let home = TempDir::new().unwrap();
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("server::a_server_until_this_process_dies")
        .env("TMPDIR", home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(test.stdout.take().unwrap());
    let port = output.lines().find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once("port=")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    let address = ([127, 0, 0, 1], port.unwrap()).into();
    assert!(Resp::connect(address).await.is_ok());
    test.kill().unwrap();
    test.wait().unwrap();
    let gone = async {
        while Resp::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.unwrap();
}
