//! Settings of the check that make no sense.

use std::fs;

use crate::support::bots::{SECRET, Says, StandIn, with_work};
use crate::support::server::{Setup, TestServer};

async fn check_refused(setup: Setup, words: &[&str]) {
    let exit = setup.refused().await;
    assert_eq!(exit.code, Some(2), "{exit:?}");
    for word in words {
        assert!(
            exit.stderr.contains(word),
            "{word:?} is missing: {}",
            exit.stderr
        );
    }
    assert!(!exit.said().contains(SECRET), "{}", exit.said());
}

/// One sentence of our own, where it is not the command line's.
async fn check_sentence(setup: Setup, words: &[&str]) {
    let exit = setup.clone().refused().await;
    let lines = exit
        .stderr
        .lines()
        .filter(|line| line.starts_with("flashsale: "));
    assert_eq!(lines.count(), 1, "one sentence: {}", exit.stderr);
    check_refused(setup, words).await;
}

#[tokio::test]
async fn settings_that_have_no_use_are_refused() {
    for (name, value) in [
        ("BOT_SERVICE_VERIFY_URL", "https://a.example/verify"),
        ("BOT_SERVICE_SECRET_FILE", "secret"),
        ("BOT_SERVICE_SITE_KEY", "key"),
        ("BOT_SERVICE_SCRIPT", "https://a.example/api.js"),
        ("BOT_SERVICE_TIMEOUT", "1s"),
        ("BOT_SERVICE_FAILURE", "admit"),
    ] {
        let words = [name, "BOT_CHECK=service"];
        check_sentence(TestServer::setup().env(name, value), &words).await;
        check_sentence(with_work(TestServer::setup()).env(name, value), &words).await;
    }
    let bits = TestServer::setup().env("PROOF_OF_WORK_BITS", 10);
    check_sentence(bits, &["PROOF_OF_WORK_BITS", "BOT_CHECK=proof-of-work"]).await;
    let lifetime = TestServer::setup().env("BOT_PASS_LIFETIME", "1h");
    check_sentence(lifetime, &["BOT_PASS_LIFETIME", "BOT_CHECK="]).await;
}

#[tokio::test]
async fn a_service_is_named_in_full() {
    let service = StandIn::start(Says::Nothing).await;
    let whole = || service.asked_by(TestServer::setup());
    for name in [
        "BOT_SERVICE_VERIFY_URL",
        "BOT_SERVICE_SECRET_FILE",
        "BOT_SERVICE_SITE_KEY",
        "BOT_SERVICE_SCRIPT",
    ] {
        check_sentence(whole().without(name), &["BOT_CHECK=service needs", name]).await;
    }
    let missing = whole().env("BOT_SERVICE_SECRET_FILE", "no-such-file");
    check_sentence(missing, &["BOT_SERVICE_SECRET_FILE no-such-file"]).await;
    for text in ["", "\n", "two words", "é", &format!("{SECRET}\n{SECRET}")] {
        let setup = whole();
        fs::write(setup.home().path().join("secret"), text).expect("a file is written");
        check_sentence(setup, &["BOT_SERVICE_SECRET_FILE", "nothing else"]).await;
    }
    for (name, wrong) in [
        ("BOT_CHECK", "maybe"),
        ("BOT_SERVICE_VERIFY_URL", "http://a.example/verify"),
        (
            "BOT_SERVICE_VERIFY_URL",
            "https://ada:secret@a.example/verify",
        ),
        ("BOT_SERVICE_SCRIPT", "/api.js"),
        ("BOT_SERVICE_SCRIPT", "https://a.example;default-src/"),
        ("BOT_SERVICE_SITE_KEY", "two words"),
        ("BOT_SERVICE_TIMEOUT", "3"),
        ("BOT_SERVICE_TIMEOUT", "31s"),
        ("BOT_SERVICE_FAILURE", "perhaps"),
        ("BOT_PASS_LIFETIME", "8d"),
        ("BOT_PASS_LIFETIME", "0s"),
    ] {
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        check_refused(whole().env(name, wrong), &[&flag]).await;
    }
    for wrong in ["7", "27", "-1", "many"] {
        let setup = with_work(TestServer::setup()).env("PROOF_OF_WORK_BITS", wrong);
        check_refused(setup, &["--proof-of-work-bits"]).await;
    }
}
