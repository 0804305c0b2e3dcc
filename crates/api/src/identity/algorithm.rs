//! How a token may be signed.

use std::fmt;
use std::str::FromStr;

/// An algorithm of RFC 7518 or RFC 8037. There is no other, and above all not `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: the shop and this server share a secret.
    Hs256,
    /// Ed25519.
    EdDsa,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// RSA, PKCS #1 1.5, with SHA-256, and at least 2048 bits.
    Rs256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::EdDsa, Self::Es256, Self::Rs256];

    /// Its name in a token and in a setting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// Its name for the library.
    pub(super) fn for_jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or("write HS256, EdDSA, ES256 or RS256")
    }
}
