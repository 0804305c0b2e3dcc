//! Keys in a JWKS document (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::keys::{InvalidKeys, Key};

#[derive(Deserialize)]
struct Document {
    keys: Vec<Jwk>,
}

/// One key. Members that are not named here are passed over, as the standard says.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    k: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// What must stay with the shop.
    d: Option<String>,
}

/// The keys for signatures that are known here, and how many others there are.
pub(super) fn read(text: &[u8]) -> Result<(Vec<Key>, usize), InvalidKeys> {
    // What the parser says may show a part of the file, and that may be a secret.
    let document: Document = serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        InvalidKeys(format!(
            "is no JWKS document: line {line}, column {column} is not as RFC 7517 says"
        ))
    })?;
    let (mut keys, mut foreign) = (Vec::new(), 0);
    for (number, jwk) in document.keys.iter().enumerate() {
        match jwk.key() {
            Some(Ok(key)) => keys.push(key),
            Some(Err(reason)) => {
                let number = number + 1;
                return Err(InvalidKeys(format!(
                    "has a key, number {number}, that {reason}"
                )));
            }
            None => foreign += 1,
        }
    }
    Ok((keys, foreign))
}

impl Jwk {
    /// None if it is for something else.
    fn key(&self) -> Option<Result<Key, &'static str>> {
        let known = ["HS256", "EdDSA", "Ed25519", "ES256", "RS256"];
        let is_for =
            |given: Option<&str>, known: &[&str]| given.is_none_or(|it| known.contains(&it));
        if !is_for(self.alg.as_deref(), &known)
            || !is_for(self.purpose.as_deref(), &["sig"])
            || (self.key_ops.as_ref()).is_some_and(|all| !all.iter().any(|one| one == "verify"))
        {
            return None;
        }
        let (algorithm, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => ("HS256", self.secret()),
            ("OKP", Some("Ed25519")) => ("EdDSA", self.ed25519()),
            ("EC", Some("P-256")) => ("ES256", self.p256()),
            ("RSA", _) => ("RS256", self.rsa()),
            _ => return None,
        };
        let named = match self.alg.as_deref() {
            // The name in RFC 9864 for what it is here.
            Some("Ed25519") => "EdDSA",
            Some(name) => name,
            None => algorithm,
        };
        if self.d.is_some() {
            return Some(Err(
                "is a private one: this server needs the public one alone",
            ));
        }
        Some(if named == algorithm {
            key
        } else {
            Err("has an \"alg\" that does not belong to its \"kty\"")
        })
    }

    fn secret(&self) -> Result<Key, &'static str> {
        Key::secret(self.kid.clone(), &bytes(self.k.as_deref())?)
    }

    fn ed25519(&self) -> Result<Key, &'static str> {
        Key::ed25519(self.kid.clone(), &bytes(self.x.as_deref())?)
    }

    fn p256(&self) -> Result<Key, &'static str> {
        let (x, y) = (bytes(self.x.as_deref())?, bytes(self.y.as_deref())?);
        if x.len() != y.len() {
            return Err("is no key of the curve P-256");
        }
        Key::p256(self.kid.clone(), &[&[4], &x[..], &y].concat())
    }

    fn rsa(&self) -> Result<Key, &'static str> {
        let (n, e) = (bytes(self.n.as_deref())?, bytes(self.e.as_deref())?);
        Key::rsa(self.kid.clone(), &n, &e)
    }
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let text = text.ok_or("lacks a part")?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| "has a part that is not written in base64url, without padding")
}

/// The one secret of a document that has no other key.
pub(super) fn only_secret(text: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
    let document: Document = serde_json::from_slice(text).ok()?;
    match &document.keys[..] {
        [Jwk { kty, kid, k, .. }] if kty == "oct" => Some((kid.clone(), bytes(k.as_deref()).ok()?)),
        _ => None,
    }
}
