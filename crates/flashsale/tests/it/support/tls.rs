//! HTTPS as a client sees it, and the files that a server needs for it.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::{CSRF_HEADER, Door};
use super::http::{Connection, Request};
use super::server::{Setup, TestServer};

/// The names of the files, in the home of a server.
pub(crate) const CERT_FILE: &str = "server.pem";
pub(crate) const KEY_FILE: &str = "server.key";
/// The cookie that carries the token over HTTPS.
pub(crate) const SECURE_COOKIE: &str = "__Host-csrfToken";

const HANDSHAKE_MAX: Duration = Duration::from_secs(20);

/// A certificate for this machine that vouches for itself, and its key.
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key_pem: String,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        Self::until(2096)
    }

    /// One that has been out of date for years.
    pub(crate) fn expired() -> Self {
        Self::until(2001)
    }

    fn until(year: i32) -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            der: certificate.der().clone(),
            pem: pem("CERTIFICATE", certificate.der()),
            key_pem: pem("PRIVATE KEY", &key.serialize_der()),
        }
    }

    /// Writes both files, the key for its owner alone.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::write(folder.join(CERT_FILE), &self.pem).expect("a file");
        let key = folder.join(KEY_FILE);
        std::fs::write(&key, &self.key_pem).expect("a file");
        let owner_alone = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(key, owner_alone).expect("the rights of a file");
    }

    /// A client that believes this certificate and offers these protocols.
    pub(crate) fn client(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        self.client_of(&[&version::TLS13, &version::TLS12], protocols)
    }

    pub(crate) fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions that there are")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        Arc::new(config)
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

impl Setup {
    /// Speaks HTTPS with this certificate.
    pub(crate) fn with_tls(self, certificate: &Certificate) -> Self {
        certificate.write(self.home().path());
        self.env("TLS_CERT", CERT_FILE).env("TLS_KEY", KEY_FILE)
    }
}

/// A server that speaks HTTPS, and its certificate.
pub(crate) async fn secure(setup: Setup) -> (TestServer, Certificate) {
    let certificate = Certificate::new();
    let server = setup.with_tls(&certificate).start().await;
    (server, certificate)
}

/// The handshake, over a new connection.
pub(crate) async fn connect(
    address: SocketAddr,
    client: Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    shake_hands(stream, client).await
}

/// The handshake, over a connection that is open.
pub(crate) async fn shake_hands(
    stream: TcpStream,
    client: Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").expect("a name");
    let handshake = TlsConnector::from(client).connect(name, stream);
    timeout(HANDSHAKE_MAX, handshake).await?
}

/// HTTP/1.1 inside of TLS.
pub(crate) async fn http1(
    address: SocketAddr,
    client: Arc<ClientConfig>,
) -> io::Result<Connection> {
    let stream = connect(address, client).await?;
    Ok(Connection::over(stream, &address.to_string()))
}

/// A purchase as a browser sends it over HTTPS.
pub(crate) fn purchase(address: SocketAddr, csrf_token: &str, user: &str) -> Request {
    let csrf_token = csrf_token.to_owned();
    let door = Door {
        address,
        csrf_token,
    };
    let cookie = format!("{SECURE_COOKIE}={}", door.csrf_token);
    let request = door.purchase(user).without("cookie");
    assert!(request.has(CSRF_HEADER));
    request.header("cookie", cookie)
}

/// A client of HTTP/1.1 over HTTPS, with a token.
pub(crate) struct SecureClient {
    pub(crate) connection: Connection,
    pub(crate) address: SocketAddr,
    pub(crate) csrf_token: String,
}

impl SecureClient {
    pub(crate) async fn open(server: &TestServer, certificate: &Certificate) -> Self {
        let address = server.address();
        let mut connection = http1(address, certificate.client(&["http/1.1"]))
            .await
            .unwrap_or_else(|error| panic!("no handshake: {error}; {}", server.stderr()));
        let response = connection.send(&Request::get("/api/csrf")).await;
        let body = response.expect("an answer").json();
        let csrf_token = body["csrfToken"].as_str().expect("a token").to_owned();
        Self {
            connection,
            address,
            csrf_token,
        }
    }

    pub(crate) fn purchase(&self, user: &str) -> Request {
        purchase(self.address, &self.csrf_token, user)
    }

    /// The order that a purchase was confirmed with.
    pub(crate) async fn buy(&mut self, user: &str) -> String {
        let response = self.connection.send(&self.purchase(user)).await;
        super::client::Answer::of(&response.expect("an answer")).purchased()
    }
}
