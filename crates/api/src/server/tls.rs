//! TLS: who the server is, how that is replaced, and what is spoken inside.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderValue, Response};
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::{Accept, TlsAcceptor};

use super::timed_io::TimedIo;

/// What clients may choose from, the best first (ALPN). Who does not choose gets HTTP/1.1.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];
pub(super) const HTTP2: &[u8] = b"h2";
/// How much of its answers a connection holds in TLS, in bytes, while the client takes nothing.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// For how long a browser then asks this host over HTTPS alone: a year (RFC 6797).
const INSIST: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The TLS of a listener. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
}

/// A certificate, those between it and one that clients know, and its key.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

/// Why two files are no identity, each as the end of a sentence about the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidIdentity {
    /// About the file of the certificates.
    Certificates(String),
    /// About the file of the key.
    Key(String),
}

impl Identity {
    /// Reads the certificates, the server's own first, and the key. All in PEM.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, InvalidIdentity> {
        let certificates =
            read_certificates(certificates).map_err(InvalidIdentity::Certificates)?;
        let key = read_key(key).map_err(InvalidIdentity::Key)?;
        let signing_key = ring::sign::any_supported_type(&key)
            .map_err(|error| InvalidIdentity::Key(format!("holds a key of no use: {error}")))?;
        let certified = CertifiedKey::new(certificates, signing_key);
        match certified.keys_match() {
            Ok(()) => Ok(Self(Arc::new(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(InvalidIdentity::Key(
                "holds a key that does not belong to the first certificate".to_owned(),
            )),
            Err(error) => Err(InvalidIdentity::Certificates(format!(
                "begins with a certificate that cannot be read: {error}"
            ))),
        }
    }
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|error| format!("is no PEM file: {error}"))?;
    if certificates.is_empty() {
        return Err("has no certificate in it".to_owned());
    }
    Ok(certificates)
}

fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        PemError::NoItemsFound if is_encrypted(pem) => {
            "holds a key under a passphrase, which nobody can be asked for: take that off"
                .to_owned()
        }
        PemError::NoItemsFound => "has no private key in it".to_owned(),
        error => format!("is no PEM file: {error}"),
    })
}

fn is_encrypted(pem: &[u8]) -> bool {
    const LABEL: &[u8] = b"BEGIN ENCRYPTED PRIVATE KEY";
    pem.windows(LABEL.len()).any(|window| window == LABEL)
}

impl Tls {
    /// TLS 1.2 and 1.3 with this identity. Fails only where the system has no random bytes.
    pub fn new(identity: Identity) -> Result<Self, String> {
        let shown = Arc::new(Shown(RwLock::new(identity)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // Tickets cost no memory here, and whoever comes back with one needs no signature. Nothing is
        // taken in before the handshake is over, because that could be sent twice by anybody.
        config.ticketer = ring::Ticketer::new().map_err(|error| error.to_string())?;
        config.max_early_data_size = 0;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, shown })
    }

    /// From now on the server is this one. Open connections stay.
    pub fn replace(&self, identity: Identity) {
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    /// The handshake. Whoever awaits it sees to it that it ends.
    pub(super) fn accept(&self, io: TimedIo) -> Accept<TimedIo> {
        self.acceptor.accept_with(io, |connection| {
            connection.set_buffer_limit(Some(UNSENT_BYTES_MAX));
        })
    }
}

/// Tells the browser not to try without TLS any more.
pub(super) fn insist<B>(answer: &mut Response<B>) {
    answer
        .headers_mut()
        .insert(STRICT_TRANSPORT_SECURITY, INSIST);
}

/// What clients are shown: the latest identity, whatever name they ask for.
struct Shown(RwLock<Identity>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let identity = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&identity.0))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(hidden)")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(hidden)")
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(hidden)")
    }
}
