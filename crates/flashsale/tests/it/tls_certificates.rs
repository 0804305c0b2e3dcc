//! The files of TLS: what is refused at the start, and what happens when they change.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use crate::redis_start::assert_refused;
use crate::support::http::Request;
use crate::support::machine_alone;
use crate::support::server::{Setup, TestServer};
use crate::support::tls::{CERT_FILE, Certificate, KEY_FILE, SecureClient, connect, http1};

/// The files are looked at once a second, and must look the same twice.
const TAKEN_MAX: Duration = Duration::from_secs(15);

fn with_files(certificates: &str, key: &str) -> Setup {
    let setup = TestServer::setup();
    let folder = setup.home().path().to_owned();
    std::fs::write(folder.join(CERT_FILE), certificates).expect("a file");
    std::fs::write(folder.join(KEY_FILE), key).expect("a file");
    setup.env("TLS_CERT", CERT_FILE).env("TLS_KEY", KEY_FILE)
}

#[tokio::test]
async fn row_61_files_that_are_no_certificate_and_key_are_refused() {
    let own = Certificate::new();
    let foreign = Certificate::new();
    let both = |text: &str| format!("{}{text}", own.pem);
    let encrypted = own.key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let torn = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    for (certificates, key, words) in [
        (
            "",
            own.key_pem.as_str(),
            ["TLS_CERT", CERT_FILE, "no certificate"],
        ),
        (
            own.key_pem.as_str(),
            &own.key_pem,
            ["TLS_CERT", CERT_FILE, "no certificate"],
        ),
        (odd, &own.key_pem, ["TLS_CERT", CERT_FILE, "cannot be read"]),
        (torn, &own.key_pem, ["TLS_CERT", CERT_FILE, "no PEM"]),
        (&own.pem, "", ["TLS_KEY", KEY_FILE, "no private key"]),
        (&own.pem, &own.pem, ["TLS_KEY", KEY_FILE, "no private key"]),
        (&own.pem, &encrypted, ["TLS_KEY", KEY_FILE, "passphrase"]),
        (
            &own.pem,
            &foreign.key_pem,
            ["TLS_KEY", KEY_FILE, "does not belong"],
        ),
        // Those behind it are not the server's own.
        (
            &both(&foreign.pem),
            &foreign.key_pem,
            ["TLS_KEY", KEY_FILE, "does not belong"],
        ),
    ] {
        let refusal = with_files(certificates, key).refused().await;
        assert_refused(&refusal, 2, &words);
    }
    let server = with_files(&both(&foreign.pem), &own.key_pem).start().await;
    SecureClient::open(&server, &own).await.buy("ada").await;
}

#[tokio::test]
async fn row_61_one_file_without_the_other_is_refused() {
    let own = Certificate::new();
    let files = || with_files(&own.pem, &own.key_pem);
    let refusal = files().without("TLS_KEY").refused().await;
    assert_refused(&refusal, 2, &["TLS_CERT is set", "TLS_KEY is not"]);
    let refusal = files().without("TLS_CERT").refused().await;
    assert_refused(&refusal, 2, &["TLS_KEY is set", "TLS_CERT is not"]);
    let refusal = files().env("TLS_CERT", "missing.pem").refused().await;
    assert_refused(&refusal, 2, &["TLS_CERT", "missing.pem", "No such file"]);
    let refusal = files().env("TLS_KEY", "missing.key").refused().await;
    assert_refused(&refusal, 2, &["TLS_KEY", "missing.key", "No such file"]);
}

#[tokio::test]
async fn a_key_that_everybody_can_read_is_warned_of() {
    let own = Certificate::new();
    for (mode, is_warned) in [(0o644, true), (0o640, false), (0o600, false)] {
        let setup = TestServer::setup().with_tls(&own);
        let rights = PermissionsExt::from_mode(mode);
        std::fs::set_permissions(setup.home().path().join(KEY_FILE), rights).expect("rights");
        let (_, exit) = setup.start().await.stop().await;
        assert_eq!(
            exit.stderr.contains("chmod"),
            is_warned,
            "{mode:o}: {}",
            exit.stderr
        );
    }
}

/// The certificate that the server shows to whoever comes now, whatever it is worth.
async fn shown(server: &TestServer, all: &[&Certificate]) -> CertificateDer<'static> {
    for known in all {
        let Ok(stream) = connect(server.address(), known.client(&[])).await else {
            continue;
        };
        let certificates = stream.get_ref().1.peer_certificates();
        return certificates.expect("a certificate")[0].clone();
    }
    panic!("none of the known certificates; {}", server.stderr());
}

async fn until(server: &TestServer, holds: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + TAKEN_MAX;
    while !holds(&server.stderr()) {
        assert!(Instant::now() < deadline, "{}", server.stderr());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A certificate that has run out is replaced while buyers come: no purchase under way is lost, no
/// connection is cut, and from one moment on everybody is shown the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_61_a_new_certificate_is_taken_under_load() {
    let _machine = machine_alone().await;
    let old = Certificate::expired();
    let new = Arc::new(Certificate::new());
    let server = Arc::new(TestServer::setup().with_tls(&old).start().await);
    let expired = connect(server.address(), old.client(&[])).await;
    let error = expired.expect_err("it has run out").to_string();
    assert!(error.contains("xpired"), "{error}");

    let is_over = Arc::new(AtomicBool::new(false));
    let mut buyers = tokio::task::JoinSet::new();
    for number in 0..4 {
        let (server, new) = (Arc::clone(&server), Arc::clone(&new));
        let is_over = Arc::clone(&is_over);
        buyers.spawn(async move {
            let mut handshakes = (0, 0);
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(mut connection) = http1(server.address(), new.client(&[])).await {
                    handshakes.1 += 1;
                    let path = format!("/api/purchase/nobody-{number}");
                    let response = connection.send(&Request::get(&path)).await;
                    assert_eq!(response.expect("an answer").status, 200);
                } else {
                    assert_eq!(handshakes.1, 0, "the old certificate is back");
                    handshakes.0 += 1;
                }
            }
            handshakes
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    new.write(server.home().path());
    until(&server, |log| log.contains("the new certificate is in use")).await;
    let mut client = SecureClient::open(&server, &new).await;
    client.buy("ada").await;
    is_over.store(true, Ordering::Relaxed);
    while let Some(handshakes) = buyers.join_next().await {
        let (before, after) = handshakes.expect("a buyer does not panic");
        assert!(before > 0 && after > 0, "{before} before, {after} after");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_61_broken_new_files_leave_the_old_certificate_in_use() {
    let old = Certificate::new();
    let new = Certificate::new();
    let server = TestServer::setup().with_tls(&old).start().await;
    let mut connection = SecureClient::open(&server, &old).await;
    let folder = server.home().path().to_owned();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");

    for (number, reason) in ["no certificate", "does not belong", "No such file"]
        .into_iter()
        .enumerate()
    {
        match number {
            0 => write(CERT_FILE, "half a file"),
            1 => write(CERT_FILE, &new.pem),
            _ => std::fs::remove_file(folder.join(Path::new(KEY_FILE))).expect("it is there"),
        }
        until(&server, |log| {
            log.lines().any(|line| {
                line.contains(reason) && line.contains("the old certificate stays in use")
            })
        })
        .await;
        assert_eq!(shown(&server, &[&old, &new]).await, old.der, "{reason}");
    }
    new.write(&folder);
    until(&server, |log| log.contains("the new certificate is in use")).await;
    assert_eq!(shown(&server, &[&old, &new]).await, new.der);
    // Whoever was there already goes on.
    connection.buy("ada").await;
}
