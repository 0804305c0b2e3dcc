//! Runs against a shop in order.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flashsale_loadtest::books::{Books, Verdict};
use flashsale_loadtest::plan::{Arrival, Scenario, Watch};
use flashsale_loadtest::report::Report;
use flashsale_loadtest::{Plan, Target};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::shop::{Fault, Shop};

/// A rush of 200 over 20 connections.
pub(crate) async fn plan(url: &str) -> Plan {
    Plan {
        target: Target::find(url, None).await.unwrap(),
        scenario: Scenario::Rush,
        users: 200,
        attempts: 1,
        connections: 20,
        arrival: Arrival::WhenFree,
        jitter: Duration::ZERO,
        timeout: Duration::from_secs(5),
        duration_max: Duration::from_secs(20),
        wait_max: Duration::ZERO,
        keep_alive: true,
        retries_max: 3,
        watchers: 0,
        watch: Watch::Poll(Duration::from_millis(50)),
        seed: 1,
        checks_books: true,
        shows_progress: false,
    }
}

pub(crate) async fn report_of(plan: Plan) -> Report {
    flashsale_loadtest::run(plan, 1, std::future::pending())
        .await
        .unwrap()
}

pub(crate) async fn books_of(plan: Plan) -> Books {
    report_of(plan).await.books.unwrap()
}

fn assert_sound(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Holds, "{:#?}", report.books);
}

fn count(report: &Report, kind: &str) -> u64 {
    report.answers[kind]
}

#[tokio::test]
async fn one_token_serves_every_purchase_of_a_connection() {
    let shop = Shop::open(50, Fault::None).await;
    let report = report_of(plan(&shop.url()).await).await;
    assert_sound(&report);
    assert_eq!(
        (count(&report, "purchased"), count(&report, "sold_out")),
        (50, 150)
    );
    assert_eq!(shop.tokens(), 20, "one for each connection");
}

#[tokio::test]
async fn a_shop_without_tokens_needs_none() {
    let shop = Shop::open(50, Fault::NoTokens).await;
    assert_sound(&report_of(plan(&shop.url()).await).await);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let shop = Shop::open(50, Fault::StaleTokens).await;
    let report = report_of(plan(&shop.url()).await).await;
    assert_sound(&report);
    assert_eq!(
        (count(&report, "csrf"), count(&report, "purchased")),
        (20, 50)
    );
}

#[tokio::test]
async fn busy_is_tried_again_under_the_same_key() {
    let shop = Shop::open(50, Fault::BusyAtFirst).await;
    let report = report_of(plan(&shop.url()).await).await;
    assert_sound(&report);
    assert_eq!(
        (count(&report, "busy"), count(&report, "purchased")),
        (200, 50)
    );
}

/// The order is there although its answer was lost: the repetition finds it.
#[tokio::test]
async fn a_lost_answer_is_tried_again_under_the_same_key() {
    let shop = Shop::open(50, Fault::LosesAnswers).await;
    let report = report_of(plan(&shop.url()).await).await;
    assert_sound(&report);
    assert_eq!(
        (
            count(&report, "connection_lost"),
            count(&report, "purchased")
        ),
        (5, 50)
    );
    assert_eq!(count(&report, "already_purchased"), 0);
}

/// Without a repetition the purchase stays open, until it is looked up.
#[tokio::test]
async fn a_lost_answer_is_looked_up_in_the_end() {
    let shop = Shop::open(50, Fault::LosesAnswers).await;
    let report = report_of(Plan {
        retries_max: 0,
        ..plan(&shop.url()).await
    })
    .await;
    assert_sound(&report);
    assert_eq!(
        (
            count(&report, "connection_lost"),
            count(&report, "purchased")
        ),
        (5, 45)
    );
    let books = report.books.unwrap();
    assert_eq!(books.users_with_order, 50);
    let unknown = books
        .checks
        .iter()
        .find(|check| check.rule.contains("unknown"))
        .unwrap();
    assert!(unknown.detail.starts_with("5 attempts"), "{unknown:?}");
}

#[tokio::test]
async fn a_new_connection_for_each_request() {
    let shop = Shop::open(50, Fault::None).await;
    let report = report_of(Plan {
        keep_alive: false,
        ..plan(&shop.url()).await
    })
    .await;
    assert_sound(&report);
    assert_eq!(count(&report, "connection_lost"), 0);
}

/// Twenty users at once, each put off by up to half a second: some come late.
#[tokio::test]
async fn jitter_spreads_the_attempts() {
    let shop = Shop::open(50, Fault::None).await;
    let plan = Plan {
        users: 20,
        jitter: Duration::from_millis(500),
        ..plan(&shop.url()).await
    };
    let report = report_of(plan).await;
    assert_sound(&report);
    assert!(
        (200.0..1_500.0).contains(&report.took_ms),
        "{}",
        report.took_ms
    );
}

#[tokio::test]
async fn fewer_buyers_than_units_leave_some_over() {
    let shop = Shop::open(500, Fault::None).await;
    let report = report_of(plan(&shop.url()).await).await;
    assert_sound(&report);
    let books = report.books.unwrap();
    let all_sold = books
        .checks
        .iter()
        .find(|check| check.rule.starts_with("everything"))
        .unwrap();
    assert_eq!(all_sold.result, Verdict::NotApplicable, "{all_sold:?}");
}

#[tokio::test]
async fn watchers_ask_or_stay_on_the_stream() {
    for watch in [Watch::Poll(Duration::from_millis(20)), Watch::Stream] {
        let shop = Shop::open(50, Fault::None).await;
        let plan = Plan {
            watchers: 5,
            watch,
            // So that the run lasts long enough for some events.
            arrival: Arrival::PerSecond(400.0),
            ..plan(&shop.url()).await
        };
        let report = report_of(plan).await;
        assert_sound(&report);
        assert_eq!(report.watchers.failures, 0);
        let latency = report.watchers.latency.as_ref().unwrap();
        match watch {
            Watch::Poll(_) => assert!(latency.count >= 25, "{latency:?}"),
            Watch::Stream => assert!(
                latency.count == 5 && report.watchers.events >= 15,
                "{latency:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_stock_that_rises_is_seen_on_the_stream() {
    let shop = Shop::open(50, Fault::StockRises).await;
    let plan = Plan {
        watchers: 5,
        watch: Watch::Stream,
        arrival: Arrival::PerSecond(400.0),
        ..plan(&shop.url()).await
    };
    assert_eq!(report_of(plan).await.verdict(), Verdict::Broken);
}

#[tokio::test]
async fn a_run_ends_when_its_time_is_over_or_somebody_stops_it() {
    let shop = Shop::open(50, Fault::None).await;
    let slow = Plan {
        arrival: Arrival::PerSecond(20.0),
        ..plan(&shop.url()).await
    };
    let timed = Plan {
        duration_max: Duration::from_millis(500),
        ..slow.clone()
    };
    let report = report_of(timed).await;
    assert_sound(&report);
    assert!(
        (8..=10).contains(&count(&report, "purchased")),
        "{:?}",
        report.answers
    );
    assert!(!report.was_stopped);

    let stop = tokio::time::sleep(Duration::from_millis(500));
    let report = flashsale_loadtest::run(Plan { seed: 2, ..slow }, 1, stop)
        .await
        .unwrap();
    assert_sound(&report);
    assert!(
        report.was_stopped && report.took_ms < 5_000.0,
        "{}",
        report.took_ms
    );
    assert!(count(&report, "purchased") <= 11, "{:?}", report.answers);
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_escapes_names() {
    let shop = Shop::open(50, Fault::Oversells).await;
    let page = report_of(plan(&shop.url()).await).await.to_html();
    assert!(page.contains("The books are NOT in order."));
    assert!(page.contains("60 orders were confirmed, of 50"));
    assert!(page.contains("&lt;b&gt;Dishes") && !page.contains("<b>Dishes"));
    assert_eq!(page.matches("<svg ").count(), 4);
    for foreign in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn https_is_spoken_to_whom_the_certificates_trust() {
    let key =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.key_pair.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    let shop = Shop::open_with(50, Fault::None, Some(tls)).await;
    let url = format!("https://127.0.0.1:{}", shop.address.port());

    let target = Target::find(&url, Some(pem(&key).as_bytes()))
        .await
        .unwrap();
    assert_sound(
        &report_of(Plan {
            target,
            ..plan(&shop.url()).await
        })
        .await,
    );

    let other = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let target = Target::find(&url, Some(pem(&other).as_bytes()))
        .await
        .unwrap();
    let plan = Plan {
        target,
        ..plan(&shop.url()).await
    };
    let refusal = flashsale_loadtest::run(plan, 1, std::future::pending())
        .await
        .unwrap_err();
    assert!(refusal.to_string().contains("certificate"), "{refusal}");
}

fn pem(key: &CertifiedKey) -> String {
    let text = STANDARD.encode(key.cert.der());
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}
