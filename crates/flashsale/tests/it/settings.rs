//! Settings: where they are taken from, and which are refused at the start.

use std::fs;

use crate::support::books;
use crate::support::now_ms;
use crate::support::process::Exit;
use crate::support::server::{HOUR_MS, Setup, TestServer};

/// Refused with exit code 2; the first line on stderr is a sentence that names the setting.
#[track_caller]
fn assert_told(exit: &Exit, setting: &str) {
    assert_eq!(exit.code, Some(2), "{setting}: {exit:?}");
    assert!(!exit.stdout.contains("listening"), "{setting}: {exit:?}");
    let sentence = exit.stderr.lines().next().unwrap_or_default();
    let flag = format!("--{}", setting.to_lowercase().replace('_', "-"));
    let named = sentence.contains(setting) || sentence.contains(&flag);
    assert!(
        named,
        "{setting} is not named in the first line: {}",
        exit.stderr
    );
    assert!(
        sentence.split(' ').count() >= 4,
        "a sentence about {setting}: {}",
        exit.stderr
    );
    assert!(!exit.stderr.contains("panicked"), "{}", exit.stderr);
}

/// Refused with this value, and nothing is left behind that would keep a good start from working.
async fn check(name: &str, value: &str) {
    let setup = TestServer::setup();
    let refusal = setup.clone().env(name, value).refused().await;
    assert_told(&refusal, name);
    let ledgers = fs::read_dir(setup.home().data()).map_or(0, |entries| {
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().contains(".sqlite3"))
            .count()
    });
    assert_eq!(ledgers, 0, "{name}={value:?}: no ledger was made");
    drop(setup.start().await);
}

#[tokio::test]
async fn row_46_a_window_that_is_none_is_refused() {
    let now = now_ms();
    for (start, end) in [(now, now), (now + 1, now), (now + HOUR_MS, now - HOUR_MS)] {
        let refusal = TestServer::setup().window(start, end).refused().await;
        assert_told(&refusal, "SALE_START");
        assert_told(&refusal, "SALE_END");
    }
    for (start, end) in [("1h", "30m"), ("1h", "1h"), ("5s", "2020-01-01T00:00:00Z")] {
        let refusal = TestServer::setup()
            .env("SALE_START", start)
            .env("SALE_END", end)
            .refused()
            .await;
        assert_told(&refusal, "SALE_END");
    }
}

#[tokio::test]
async fn row_46_an_ambiguous_time_is_refused() {
    let times = [
        "2026-12-01T12:00:00",
        "2026-12-01",
        "2026-12-01T12:00:00 Europe/Berlin",
        "01/12/2026 12:00",
        "20261201",
        "12:00",
        "noon",
        "5",
        "-5m",
        "-1",
        "1.5h",
        "5M",
        "99999999999999999999",
        "99999999999999999d",
        "1969-12-31T23:59:59Z",
        "",
    ];
    for time in times {
        for name in ["SALE_START", "SALE_END"] {
            let refusal = TestServer::setup().env(name, time).refused().await;
            assert_told(&refusal, name);
        }
    }
}

#[tokio::test]
async fn row_46_an_absurd_stock_is_refused() {
    for stock in [
        "-1",
        "1.5",
        "many",
        "",
        "0x10",
        "1e3",
        "1,000",
        "4294967296",
        "99999999999999999999",
    ] {
        check("SALE_STOCK", stock).await;
    }
}

#[tokio::test]
async fn row_46_other_nonsense_is_refused() {
    let settings = [
        ("SALE_ID", "../elsewhere"),
        ("SALE_ID", "a b"),
        ("SALE_ID", ""),
        ("HOST", "nowhere in particular"),
        ("HOST", "no-such-host.invalid"),
        ("HOST", ""),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("SECURE_COOKIES", "maybe"),
        ("CONNECTIONS_MAX", "0"),
        ("PURCHASE_QUEUE_MAX", "-1"),
        ("PURCHASE_BATCH_MAX", "0"),
        ("PURCHASE_DEADLINE_MS", "5s"),
        ("HEADER_TIMEOUT_MS", "0"),
        ("IDLE_TIMEOUT_MS", "soon"),
        ("LOG", "flashsale=loudly"),
        ("LOG_FORMAT", "xml"),
    ];
    for (name, value) in settings {
        check(name, value).await;
    }
}

#[tokio::test]
async fn row_46_a_product_that_cannot_be_told_is_refused() {
    let long = "x".repeat(1_001);
    let settings = [
        ("PRODUCT_ID", ""),
        ("PRODUCT_ID", "a\tb"),
        ("PRODUCT_ID", &long),
        ("PRODUCT_DESCRIPTION", "two\nlines"),
        ("PRODUCT_DESCRIPTION", &long),
    ];
    for (name, value) in settings {
        check(name, value).await;
    }
    // Without a name of its own the sale has the product's, which must then do for a file.
    let refusal = TestServer::setup()
        .without("SALE_ID")
        .env("PRODUCT_ID", "a/b")
        .refused()
        .await;
    assert_told(&refusal, "SALE_ID");
    assert_told(&refusal, "PRODUCT_ID");
}

fn with_dot_env(text: &str) -> Setup {
    let setup = TestServer::setup();
    fs::write(setup.home().path().join(".env"), text).expect("a file of settings");
    setup
}

#[tokio::test]
async fn row_46_an_unknown_key_in_the_file_is_refused() {
    for (text, named) in [
        ("SALE_STOK=5\n", "SALE_STOK"),
        ("# a comment\nSALE_STOCK=5\nsale_stock=6\n", "sale_stock"),
        ("PATH=/bin\n", "PATH"),
        ("PRODUCT_ID=lamp\nPRODUCT_ID=lamp\n", "PRODUCT_ID"),
        ("SALE_STOCK=-5\n", "SALE_STOCK"),
        ("this is no setting\n", ".env"),
    ] {
        let refusal = with_dot_env(text).without("SALE_STOCK").refused().await;
        assert_eq!(refusal.code, Some(2), "{text:?}: {refusal:?}");
        let sentence = refusal.stderr.lines().next().unwrap_or_default();
        let flag = format!("--{}", named.to_lowercase().replace('_', "-"));
        assert!(
            sentence.contains(named) || sentence.contains(&flag),
            "{text:?}: {}",
            refusal.stderr
        );
    }
}

/// Each of these once started a sale with another text than the file has, or told only half of why not.
#[tokio::test]
async fn row_46_a_line_of_the_file_that_means_something_else_is_refused() {
    for (text, told) in [
        (
            "PORT=0\nPRODUCT_DESCRIPTION=\"Shoe for $99 only\"\n",
            ["line 2", "single quotes"],
        ),
        (
            "PRODUCT_DESCRIPTION=Shoe for $99 only\n",
            ["line 1", "single quotes"],
        ),
        (
            "# one\n\nPRODUCT_DESCRIPTION=Red shoe\n",
            ["line 3", "quoted"],
        ),
        (
            "PRODUCT_DESCRIPTION=it's new\nPORT=0\n",
            ["line 1", "quoted"],
        ),
        ("PORT=0\nSALE_STOK=5\n", ["line 2", "SALE_STOK"]),
    ] {
        let refusal = with_dot_env(text).refused().await;
        assert_eq!(refusal.code, Some(2), "{text:?}: {refusal:?}");
        let sentence = refusal.stderr.lines().next().unwrap_or_default();
        for word in ["./.env", told[0], told[1]] {
            assert!(sentence.contains(word), "{text:?}: {sentence}");
        }
    }
}

#[tokio::test]
async fn the_file_of_the_working_directory_is_read_and_no_other() {
    let setup = with_dot_env("this is no setting\n");
    let inner = setup.home().path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    let exit = books::run(&inner, &["audit"]).await;
    assert!(exit.stderr.contains("no ledger"), "{exit:?}");
    fs::write(inner.join(".env"), "SALE_ID=inner-drop\n").expect("a file of settings");
    let exit = books::run(&inner, &["audit"]).await;
    assert!(exit.stderr.contains("inner-drop"), "{exit:?}");
}

#[tokio::test]
async fn the_file_may_begin_with_a_mark_and_hold_any_text_in_single_quotes() {
    let text = "\u{feff}PRODUCT_DESCRIPTION='Shoe for $99 only' # until $DATE\r\nSALE_STOCK=5 \r\n";
    let server = with_dot_env(text).without("SALE_STOCK").start().await;
    let status = server.client().await.status().await;
    assert_eq!(status["productDescription"], "Shoe for $99 only");
    assert_eq!(status["stock"], 5);
}

#[tokio::test]
async fn a_host_may_be_a_name() {
    let server = TestServer::setup().env("HOST", "localhost").start().await;
    // The banner tells the address that it stands for, and it is there that the server listens.
    assert!(server.address().ip().is_loopback());
    assert_eq!(server.client().await.status().await["status"], "active");
}

/// With a wrong year it would use up its name: the next start would find it stored, and over.
#[tokio::test]
async fn row_46_a_new_sale_that_is_over_already_is_refused() {
    check("SALE_END", "2020-01-01T01:00:00Z").await;
    for end in [Some("2020-01-01T01:00:00Z"), None] {
        let setup = TestServer::setup()
            .env("SALE_START", "2020-01-01T00:00:00Z")
            .without("SALE_END");
        let over = match end {
            Some(end) => setup.clone().env("SALE_END", end),
            None => setup.clone(),
        };
        let refusal = over.refused().await;
        assert_told(&refusal, "SALE_END");
        let told = ["2020-01-01T01:00:00.000Z", "has passed already"];
        assert!(
            told.iter().all(|text| refusal.stderr.contains(text)),
            "{refusal:?}"
        );
        // The name is still free.
        let server = setup.env("SALE_END", "1h").start().await;
        assert_eq!(server.client().await.status().await["status"], "active");
    }
}

#[tokio::test]
async fn row_46_an_unknown_flag_or_command_is_refused() {
    let wrong: [(&[&str], &str); 4] = [
        (&["serve", "--sale-stok", "5"], "--sale-stok"),
        (&["--sale-stok", "5"], "--sale-stok"),
        (&["serve", "--sale-stock", "-5"], "--sale-stock"),
        (&["sell"], "sell"),
    ];
    for (arguments, named) in wrong {
        let refusal = TestServer::setup().arguments(arguments).refused().await;
        assert_eq!(refusal.code, Some(2), "{arguments:?}: {refusal:?}");
        let sentence = refusal.stderr.lines().next().unwrap_or_default();
        assert!(
            sentence.contains(named),
            "{arguments:?}: {}",
            refusal.stderr
        );
    }
}

/// A hyphen makes it look like another flag, which it is not.
#[tokio::test]
async fn row_46_a_negative_number_is_refused_under_its_settings_name() {
    let settings = [
        ("SALE_STOCK", "-5"),
        ("SALE_START", "-5"),
        ("SALE_END", "-5"),
        ("SALE_START", "-5m"),
        ("SALE_END", "-1h"),
    ];
    for (name, value) in settings {
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        let refusal = TestServer::setup()
            .without(name)
            .arguments(&["serve", &flag, value])
            .refused()
            .await;
        assert_told(&refusal, name);
    }
}

#[tokio::test]
async fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let setup = || {
        with_dot_env("SALE_STOCK=5\nPRODUCT_DESCRIPTION=\"From the file\"\n").without("SALE_STOCK")
    };
    let flag: &[&str] = &["serve", "--sale-stock", "7"];
    for (setup, stock) in [
        (setup(), 5),
        (setup().stock(6), 6),
        (setup().stock(6).arguments(flag), 7),
        (setup().arguments(&["--sale-stock=8"]), 8),
    ] {
        let server = setup.start().await;
        let status = server.client().await.status().await;
        assert_eq!(status["stock"], stock, "{status}");
        assert_eq!(status["productDescription"], "From the file");
    }
}
