//! Keys and tokens for tests, and for shops that try this server before they make tokens of their own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flashsale_sale::Timestamp;
use jsonwebtoken::{EncodingKey, Header, encode};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::keys::{InvalidKeys, SECRET_BYTES_MIN};
use super::{jwks, pem, provider};
use crate::Random;

/// A private key of Ed25519 in PKCS #8 (RFC 8410, 7) is this, and 32 random bytes.
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// A key that was just made.
pub struct NewKey {
    /// The private key in PEM. None for a secret: that is in the document, which then is a secret as well.
    pub private: Option<String>,
    /// The JWKS document for the server.
    pub keys: String,
}

/// What a shop signs with.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: Option<String>,
    material: EncodingKey,
}

/// What a token is to say.
#[derive(Serialize)]
pub struct Grant<'a> {
    /// Who buys.
    pub sub: &'a str,
    /// The server that it is for.
    pub aud: &'a str,
    /// Who has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<&'a str>,
    /// From when on it is good, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it was made, in epoch seconds.
    pub iat: u64,
    /// From when on it is not good any more, in epoch seconds.
    pub exp: u64,
}

impl<'a> Grant<'a> {
    /// Whoever holds the token is this buyer until then.
    pub fn new(sub: &'a str, aud: &'a str, now: Timestamp, until: Timestamp) -> Self {
        let (iat, exp) = (now.0 / 1000, until.0 / 1000);
        Self {
            sub,
            aud,
            iss: None,
            nbf: None,
            iat,
            exp,
        }
    }
}

/// Makes a key. RSA is missing: ring makes none, and `openssl` does.
pub fn make(algorithm: Algorithm, random: Random) -> Result<NewKey, InvalidKeys> {
    let private = match algorithm {
        Algorithm::Hs256 => return Ok(make_secret(random)),
        Algorithm::EdDsa => {
            let mut seed = [0; 32];
            random(&mut seed);
            [&ED25519_PKCS8[..], &seed].concat()
        }
        Algorithm::Es256 => {
            let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
            // ring takes the random bytes of a key from the system alone.
            let made = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new());
            let failed = |_| InvalidKeys("the system gave no random bytes".to_owned());
            made.map_err(failed)?.as_ref().to_vec()
        }
        Algorithm::Rs256 => {
            return Err(InvalidKeys(
                "keys of RSA are made by openssl: `openssl genpkey -algorithm RSA -pkeyopt \
                 rsa_keygen_bits:2048 -out private.pem`, and the server takes what `openssl pkey -in \
                 private.pem -pubout` prints"
                    .to_owned(),
            ));
        }
    };
    let public = Public::of(&private).expect("a key that was just made can be read");
    Ok(NewKey {
        private: Some(pem::write_private_key(&private)),
        keys: document(&public.jwk()),
    })
}

fn make_secret(random: Random) -> NewKey {
    let (mut secret, mut name) = ([0; SECRET_BYTES_MIN], [0; 16]);
    random(&mut secret);
    random(&mut name);
    let (k, kid) = (URL_SAFE_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(name));
    NewKey {
        private: None,
        keys: document(&format!(
            r#"{{"kty":"oct","alg":"HS256","use":"sig","kid":"{kid}","k":"{k}"}}"#
        )),
    }
}

/// The JWKS document for the server that belongs to a private key in PEM.
pub fn keys_of(text: &[u8]) -> Result<String, InvalidKeys> {
    let (_, public) = read_private(text)?;
    Ok(document(&public.jwk()))
}

fn read_private(text: &[u8]) -> Result<(Vec<u8>, Public), InvalidKeys> {
    let private = pem::only_private_key(text).ok_or_else(|| {
        let wanted = "has neither one BEGIN PRIVATE KEY nor a JWKS document with one secret";
        InvalidKeys(wanted.to_owned())
    })?;
    let public = Public::of(&private).ok_or_else(|| {
        let known = "has a key that is neither of Ed25519, of the curve P-256 nor of RSA";
        InvalidKeys(known.to_owned())
    })?;
    Ok((private, public))
}

fn document(jwk: &str) -> String {
    format!("{{\"keys\":[{jwk}]}}\n")
}

impl SigningKey {
    /// Reads a private key in PEM, or a JWKS document with one secret.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeys> {
        provider::install();
        if let Some((kid, secret)) = jwks::only_secret(text) {
            return Ok(Self {
                algorithm: Algorithm::Hs256,
                kid,
                material: EncodingKey::from_secret(&secret),
            });
        }
        let (private, public) = read_private(text)?;
        let material = match public {
            Public::Ed25519(_) => EncodingKey::from_ed_der(&private),
            Public::P256(_) => EncodingKey::from_ec_der(&private),
            Public::Rsa(..) => EncodingKey::from_rsa_der(&private),
        };
        Ok(Self {
            algorithm: public.algorithm(),
            kid: Some(public.kid()),
            material,
        })
    }

    /// A token that says this.
    pub fn sign(&self, grant: &Grant<'_>) -> String {
        let mut head = Header::new(self.algorithm.for_jwt());
        head.kid.clone_from(&self.kid);
        encode(&head, grant, &self.material).expect("the key was read for this algorithm")
    }
}

/// What is told of a private key.
enum Public {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
}

impl Public {
    fn of(private: &[u8]) -> Option<Self> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private) {
            return Some(Self::Ed25519(pair.public_key().as_ref().to_vec()));
        }
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, private, &SystemRandom::new()) {
            return Some(Self::P256(pair.public_key().as_ref().to_vec()));
        }
        let public = RsaKeyPair::from_pkcs8(private).ok()?;
        let public = ring::rsa::PublicKeyComponents::from(public.public());
        Some(Self::Rsa(public.n, public.e))
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa(..) => Algorithm::Rs256,
        }
    }

    /// The members that make the key, in the order that RFC 7638 asks for.
    fn members(&self) -> String {
        let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519(point) => {
                format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, base64(point))
            }
            Self::P256(point) => {
                let (x, y) = point[1..].split_at(32);
                let (x, y) = (base64(x), base64(y));
                format!(r#""crv":"P-256","kty":"EC","x":"{x}","y":"{y}""#)
            }
            Self::Rsa(n, e) => {
                format!(r#""e":"{}","kty":"RSA","n":"{}""#, base64(e), base64(n))
            }
        }
    }

    /// The name of the key: its thumbprint, so that both sides come to the same (RFC 7638).
    fn kid(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", self.members())))
    }

    fn jwk(&self) -> String {
        let (members, algorithm, kid) = (self.members(), self.algorithm(), self.kid());
        format!(r#"{{{members},"alg":"{algorithm}","use":"sig","kid":"{kid}"}}"#)
    }
}
