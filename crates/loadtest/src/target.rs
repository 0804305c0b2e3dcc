//! Where the server is, and how to connect to it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::HeaderValue;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// A server: `http://` or `https://`, a host, a port if it is not the usual one, perhaps a path before that
/// of the API.
#[derive(Clone)]
pub struct Target {
    url: String,
    host: String,
    port: u16,
    prefix: String,
    host_header: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Found at the start, so that a run does not measure the resolver.
    addresses: Vec<SocketAddr>,
}

/// The server cannot be named like that, or cannot be found.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct InvalidTarget(String);

/// A connection, in clear or encrypted.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Target {
    /// Reads a URL and looks its host up. `tls_ca` holds certificates in PEM that the server's must lead to,
    /// instead of those of the system.
    pub async fn find(url: &str, tls_ca: Option<&[u8]>) -> Result<Self, InvalidTarget> {
        let invalid = |reason: &str| InvalidTarget(format!("the URL {url} {reason}"));
        let uri: Uri = url.parse().map_err(|_| invalid("cannot be understood"))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(invalid("must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("must not hold a user or a password"));
        }
        if uri.query().is_some() {
            return Err(invalid("must end with the path, without a question"));
        }
        let host = authority.host().to_owned();
        let port = authority
            .port_u16()
            .unwrap_or(if is_https { 443 } else { 80 });
        let bare_host = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<_> = lookup_host((bare_host, port))
            .await
            .map_err(|error| invalid(&format!("names a host without an address: {error}")))?
            .collect();
        let tls = is_https.then(|| {
            let name = ServerName::try_from(bare_host.to_owned())
                .map_err(|_| invalid("names a host that no certificate can be for"))?;
            Ok((TlsConnector::from(Arc::new(tls_config(tls_ca)?)), name))
        });
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let host_header = HeaderValue::try_from(authority.as_str())
            .map_err(|_| invalid("names a host that fits no header"))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            prefix,
            host_header,
            tls: tls.transpose()?,
            addresses,
            host,
            port,
        })
    }

    /// The URL as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of something of the API.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub(crate) fn host_header(&self) -> HeaderValue {
        self.host_header.clone()
    }

    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(&self.addresses[..]).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
        })
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}:{})", self.host, self.port)
    }
}

fn tls_config(tls_ca: Option<&[u8]>) -> Result<ClientConfig, InvalidTarget> {
    let mut roots = RootCertStore::empty();
    match tls_ca {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let added =
                    certificate
                        .map_err(|error| error.to_string())
                        .and_then(|certificate| {
                            roots.add(certificate).map_err(|error| error.to_string())
                        });
                added.map_err(|error| {
                    InvalidTarget(format!("a certificate of the file: {error}"))
                })?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        let whose = if tls_ca.is_some() {
            "the file"
        } else {
            "the system"
        };
        return Err(InvalidTarget(format!(
            "{whose} holds no certificates to trust"
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidTarget(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_is_read_or_refused_with_a_reason() {
        let target = Target::find("http://127.0.0.1:4000/shop/", None)
            .await
            .unwrap();
        assert_eq!(target.path("/api/status"), "/shop/api/status");
        assert_eq!(target.url(), "http://127.0.0.1:4000/shop");
        assert_eq!(target.host_header(), "127.0.0.1:4000");
        let six = Target::find("http://[::1]", None).await.unwrap();
        assert_eq!(six.addresses, ["[::1]:80".parse().unwrap()]);
        for (url, reason) in [
            ("127.0.0.1:4000", "http://"),
            ("ftp://127.0.0.1", "http://"),
            ("http://ada:secret@127.0.0.1", "password"),
            ("http://127.0.0.1/?x=1", "question"),
            ("http://", "cannot be understood"),
        ] {
            let refusal = Target::find(url, None).await.unwrap_err().to_string();
            assert!(refusal.contains(reason), "{refusal}");
        }
        let refusal = Target::find("https://127.0.0.1", Some(b""))
            .await
            .unwrap_err();
        assert!(refusal.to_string().contains("certificates"), "{refusal}");
    }
}
