//! The keys that sign cookies and challenges are changed while the server sells.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flashsale_testkit::{Program, RedisServer};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::bots::{Visitor, assert_pass_required, pass_of, with_work};
use crate::support::client::{Answer, CSRF_COOKIE};
use crate::support::contract::assert_csrf;
use crate::support::http::Request;
use crate::support::server::{Home, Setup, TestServer};

/// The server looks at the file every two seconds.
const NOTICED_MAX: Duration = Duration::from_secs(20);

/// Random enough, and the same each time.
fn key(name: &str) -> String {
    STANDARD.encode(Sha256::digest(name))
}

fn file_in(home: &Home) -> PathBuf {
    home.path().join("signing-keys")
}

/// A file that is there whole or not at all.
fn replace(file: &Path, keys: &[&str]) {
    let new = file.with_extension("new");
    let lines: String = keys.iter().flat_map(|key| [key, "\n"]).collect();
    fs::write(&new, format!("# the first signs\n{lines}")).expect("a file is written");
    fs::rename(&new, file).expect("a file is renamed");
}

fn with_keys(setup: Setup, keys: &[&str]) -> Setup {
    let file = file_in(setup.home());
    replace(&file, keys);
    setup.env("SIGNING_KEYS", file.display())
}

fn count(server: &TestServer, words: &str) -> usize {
    server
        .stderr()
        .lines()
        .filter(|line| line.contains(words))
        .count()
}

/// Does something to the file, and waits until the server has said this once more.
async fn noticed(server: &TestServer, words: &str, change: impl FnOnce()) {
    let before = count(server, words);
    change();
    let deadline = Instant::now() + NOTICED_MAX;
    while count(server, words) == before {
        assert!(Instant::now() < deadline, "{}", server.stderr());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn changed(server: &TestServer, keys: &[&str]) {
    let file = file_in(server.home());
    noticed(server, "SIGNING_KEYS are in use", || replace(&file, keys)).await;
}

#[tokio::test]
async fn what_was_signed_before_is_good_until_its_key_is_gone() {
    let (old, new) = (key("old"), key("new"));
    let setup = with_keys(with_work(TestServer::setup()), &[&old]);
    let server = setup.start().await;
    let early = Visitor::enter(&server).await;
    let (ada, bob) = (early.earn("ada").await, early.earn("bob").await);
    let challenge = early.challenge("eve").await;

    changed(&server, &[&old, &new]).await;
    Answer::of(&early.buy("ada", &[&ada]).await).purchased();
    changed(&server, &[&new, &old]).await;
    Answer::of(&early.buy("bob", &[&bob]).await).purchased();
    pass_of(&early.show("eve", &challenge.text, &challenge.solve()).await);
    let late = Visitor::enter(&server).await;
    let carl = late.earn("carl").await;

    changed(&server, &[&new]).await;
    Answer::of(&late.buy("carl", &[&carl]).await).purchased();
    assert_pass_required(&late.buy("ada", &[&ada]).await, "invalid");
    let refused = early.buy("carl", &[&carl]).await;
    let fresh = assert_csrf(&refused, "invalid");
    let again = early
        .request(
            "/api/purchase",
            &json!({ "userId": "carl" }),
            &format!("; {carl}"),
        )
        .without("x-csrf-token")
        .without("cookie")
        .header("x-csrf-token", &fresh)
        .header("cookie", format!("{CSRF_COOKIE}={fresh}; {carl}"));
    let again = Answer::of(&server.ask(&again).await);
    assert!(matches!(again, Answer::AlreadyPurchased(_)), "{again:?}");
    // After a restart it is the same.
    let server = server.kill().await.start().await;
    let again = Visitor::enter(&server).await;
    assert_pass_required(&again.buy("ada", &[&ada]).await, "invalid");
    let again = Answer::of(&again.buy("carl", &[&carl]).await);
    assert!(matches!(again, Answer::AlreadyPurchased(_)), "{again:?}");
}

/// One has the new order of the keys already, the other has not.
#[tokio::test]
async fn nodes_in_the_middle_of_a_change_know_each_others_tokens() {
    let (old, new) = (key("old"), key("new"));
    let redis = RedisServer::setup(Program::Redis).start().await;
    let setup = with_work(TestServer::setup()).on_redis(&redis.url());
    let behind = with_keys(setup.clone(), &[&old, &new]).start().await;
    let ahead = with_keys(setup.at(Home::new()), &[&new, &old])
        .start()
        .await;
    for (one, other, user) in [(&behind, &ahead, "ada"), (&ahead, &behind, "bob")] {
        let visitor = Visitor::enter(one).await;
        let pass = visitor.earn(user).await;
        Answer::of(&visitor.at(other).buy(user, &[&pass]).await).purchased();
    }
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_told() {
    let (old, new) = (key("old"), key("new"));
    let server = with_keys(with_work(TestServer::setup()), &[&old])
        .start()
        .await;
    let visitor = Visitor::enter(&server).await;
    let pass = visitor.earn("ada").await;
    let file = file_in(server.home());
    let many: Vec<String> = (0..5).map(|number| key(&number.to_string())).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let broken: [&[&str]; 5] = [
        &[],
        &[&new[..30]],
        &[&new, "no key at all!"],
        &[&new, &new],
        &many,
    ];
    for keys in broken {
        noticed(&server, "the ones before stay in use", || {
            replace(&file, keys);
        })
        .await;
        Visitor::enter(&server).await.earn("bob").await;
    }
    noticed(&server, "the ones before stay in use", || {
        fs::remove_file(&file).expect("a file is removed");
    })
    .await;
    Answer::of(&visitor.buy("ada", &[&pass]).await).purchased();
    changed(&server, &[&new, &old]).await;
    let again = Answer::of(&visitor.buy("ada", &[&pass]).await);
    assert!(matches!(again, Answer::AlreadyPurchased(_)), "{again:?}");
    let told = count(&server, "the ones before stay in use");
    assert_eq!(told, broken.len() + 1, "each is told once");
    let (_, exit) = server.stop().await;
    for secret in [&old, &new] {
        assert!(!exit.said().contains(secret.as_str()), "{}", exit.said());
    }
}

#[tokio::test]
async fn a_file_without_good_keys_is_refused_at_the_start() {
    let new = key("new");
    let secret = "hunter2-hunter2-hunter2-hunter2-hunter2-hunter2";
    for (keys, why) in [
        (&[][..], "has no key"),
        (&[&new[..30]][..], "in line 2 "),
        (&[new.as_str(), secret], "in line 3 "),
        (&["0".repeat(64).as_str()], "a key that is not random"),
        (&[&new, &new], "has already"),
    ] {
        let exit = with_keys(TestServer::setup(), keys).refused().await;
        assert_eq!(exit.code, Some(2), "{exit:?}");
        let lines = exit
            .stderr
            .lines()
            .filter(|line| line.starts_with("flashsale: "));
        assert_eq!(lines.count(), 1, "one sentence: {}", exit.stderr);
        assert!(
            exit.stderr.contains("SIGNING_KEYS: the file "),
            "{}",
            exit.stderr
        );
        assert!(exit.stderr.contains(why), "{why}: {}", exit.stderr);
        assert!(!exit.said().contains("hunter2") && !exit.said().contains(&new[..30]));
    }
    let missing = TestServer::setup().env("SIGNING_KEYS", "no-such-file");
    let exit = missing.refused().await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    assert!(
        exit.stderr.contains("SIGNING_KEYS: no-such-file: "),
        "{}",
        exit.stderr
    );
}

/// A sibling site may plant cookies; a few of them do not hide the browser's own.
#[tokio::test]
async fn a_few_cookies_of_one_name_are_tried() {
    let server = TestServer::setup().start().await;
    let own = server.door().await.csrf_token;
    for (planted, is_kept) in [(0, true), (3, true), (4, false)] {
        let line =
            format!("{CSRF_COOKIE}=planted; ").repeat(planted) + &format!("{CSRF_COOKIE}={own}");
        let response = server
            .ask(&Request::get("/api/csrf").header("cookie", line))
            .await;
        let token = response.json()["csrfToken"].clone();
        assert_eq!(token == own.as_str(), is_kept, "{planted}");
    }
}
