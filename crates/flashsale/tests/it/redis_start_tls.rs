//! Redis behind TLS: it is spoken to only if somebody who is trusted vouches for it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flashsale_testkit::{Program, RedisServer, free_port};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};

use crate::redis_start::{assert_refused, keys};
use crate::support::books;
use crate::support::machine_alone;
use crate::support::server::{Home, SALE_ID, Setup, TestServer};
use crate::support::tls::pem;

/// How long a start may take to say that the two sides do not understand each other.
const TOLD_MAX: Duration = Duration::from_secs(6);

/// Somebody who vouches for servers.
struct Authority {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, key }
    }

    /// The file that `REDIS_TLS_CA` names.
    fn file(&self, folder: &Path) -> PathBuf {
        let path = folder.join("ca.pem");
        write_pem(&path, "CERTIFICATE", self.certificate.der());
        path
    }

    /// A server that speaks TLS on a second port, with a certificate for this name.
    async fn server(&self, name: &str) -> Tls {
        let folder = Home::new();
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params
            .signed_by(&key, &self.certificate, &self.key)
            .expect("a certificate");
        let (certificate_path, key_path) = (
            folder.path().join("redis.pem"),
            folder.path().join("redis.key"),
        );
        write_pem(&certificate_path, "CERTIFICATE", certificate.der());
        write_pem(&key_path, "PRIVATE KEY", &key.serialize_der());
        let port = free_port();
        let redis = RedisServer::setup(Program::Redis)
            .option("tls-port", &port.to_string())
            .option("tls-cert-file", &certificate_path.to_string_lossy())
            .option("tls-key-file", &key_path.to_string_lossy())
            .option(
                "tls-ca-cert-file",
                &self.file(folder.path()).to_string_lossy(),
            )
            .option("tls-auth-clients", "no")
            .start()
            .await;
        Tls {
            redis,
            port,
            folder,
        }
    }
}

struct Tls {
    redis: RedisServer,
    port: u16,
    folder: Home,
}

impl Tls {
    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn node(&self, host: &str, ca: Option<&Path>) -> Setup {
        let url = format!("rediss://{host}:{}", self.port);
        let setup = TestServer::setup().on_redis(&url);
        match ca {
            Some(path) => setup.env("REDIS_TLS_CA", path.display()),
            None => setup,
        }
    }
}

fn write_pem(path: &Path, label: &str, der: &[u8]) {
    std::fs::write(path, pem(label, der)).expect("a file");
}

#[tokio::test]
async fn tls_works_with_the_certificate_that_vouches_for_the_server() {
    for host in ["localhost", "127.0.0.1"] {
        let tls = Authority::new().server(host).await;
        let node = tls.node(host, Some(&tls.ca())).start().await;
        let order_id = node.client().await.buy("ada").await.purchased();
        // And so do the commands that read.
        let (url, ca) = (format!("rediss://{host}:{}", tls.port), tls.ca());
        let ca = ca.to_str().expect("temporary paths are plain text");
        let place = [
            "--redis-url",
            &url,
            "--redis-tls-ca",
            ca,
            "--sale-id",
            SALE_ID,
        ];
        let audit = [&["audit"][..], &place].concat();
        let exit = books::run(node.home().path(), &audit).await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        let orders = [&["orders", "--format", "jsonl"][..], &place].concat();
        let exit = books::run(node.home().path(), &orders).await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
        assert!(exit.stdout.contains(&order_id), "{exit:?}");
        let (_, exit) = node.stop().await;
        assert!(exit.stdout.contains(&url), "{exit:?}");
    }
}

#[tokio::test]
async fn a_server_for_which_nobody_vouches_is_refused() {
    let tls = Authority::new().server("localhost").await;
    let stranger = Home::new();
    let place = format!("localhost:{}", tls.port);
    for ca in [None, Some(Authority::new().file(stranger.path()))] {
        let refusal = tls.node("localhost", ca.as_deref()).refused().await;
        assert_refused(&refusal, 1, &[&place, "ertificate"]);
    }
    // It is one for another name.
    let refusal = tls.node("127.0.0.1", Some(&tls.ca())).refused().await;
    assert_refused(
        &refusal,
        1,
        &[&format!("127.0.0.1:{}", tls.port), "ertificate"],
    );
    assert_eq!(keys(&tls.redis).await, 0, "nothing was written");
}

#[tokio::test]
async fn a_file_of_certificates_that_is_none_is_refused() {
    let tls = Authority::new().server("localhost").await;
    let missing = tls.folder.path().join("missing.pem");
    let refusal = tls.node("localhost", Some(&missing)).refused().await;
    assert_refused(&refusal, 2, &["REDIS_TLS_CA", "missing.pem"]);
    for (name, text) in [
        ("empty.pem", ""),
        ("notes.pem", "these are no certificates\n"),
        ("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"),
        (
            "odd.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
    ] {
        let path = tls.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let refusal = tls.node("localhost", Some(&path)).refused().await;
        assert_refused(&refusal, 2, &["REDIS_TLS_CA", name]);
    }
}

#[tokio::test]
async fn two_sides_of_which_one_speaks_tls_are_told_apart_in_time() {
    let _machine = machine_alone().await;
    let tls = Authority::new().server("localhost").await;
    let plain = format!("redis://localhost:{}", tls.port);
    let secret = format!("rediss://localhost:{}", tls.redis.port());
    for (url, port) in [(plain, tls.port), (secret, tls.redis.port())] {
        let setup = TestServer::setup().on_redis(&url);
        let begun = Instant::now();
        let refusal = setup
            .env("REDIS_TLS_CA", tls.ca().display())
            .refused()
            .await;
        assert!(begun.elapsed() < TOLD_MAX, "{url}: {:?}", begun.elapsed());
        assert_refused(&refusal, 1, &[&format!("localhost:{port}")]);
    }
    assert_eq!(keys(&tls.redis).await, 0, "nothing was written");
}
