//! Public keys in PEM, as `openssl pkey -pubout` writes them: `BEGIN PUBLIC KEY`, with the structure
//! `SubjectPublicKeyInfo` of RFC 5280 in DER.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{PemObject as _, SectionKind};

use super::keys::{InvalidKeys, Key};

type Section = (SectionKind, Vec<u8>);

/// The object identifiers, with their parameters, as they stand in the structure.
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];
const P256: &[u8] = &[
    0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7,
];
const RSA: &[u8] = &[
    0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0,
];

/// The tags of DER.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// Characters in a line of PEM.
const LINE_CHARS: usize = 64;

/// The public keys. They have no names.
pub(super) fn read(text: &[u8]) -> Result<Vec<Key>, InvalidKeys> {
    let invalid = |reason: &str| InvalidKeys(reason.to_owned());
    let mut keys = Vec::new();
    for section in Section::pem_slice_iter(text) {
        match section.map_err(|_| invalid("is neither a JWKS document nor PEM"))? {
            (SectionKind::PublicKey, der) => {
                let key = public_key(&der)
                    .unwrap_or(Err("is neither of Ed25519, of the curve P-256 nor of RSA"));
                let number = keys.len() + 1;
                let key = key.map_err(|reason| {
                    InvalidKeys(format!("has a key, number {number}, that {reason}"))
                })?;
                keys.push(key);
            }
            (
                SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey,
                _,
            ) => {
                return Err(invalid(
                    "has a private key: this server needs the public one alone",
                ));
            }
            _ => {}
        }
    }
    if keys.is_empty() {
        return Err(invalid("has no JWKS document and no BEGIN PUBLIC KEY"));
    }
    Ok(keys)
}

/// None if it is of no kind that is known here.
fn public_key(der: &[u8]) -> Option<Result<Key, &'static str>> {
    let (identifier, bits) = pair(element(der, SEQUENCE)?, SEQUENCE, BIT_STRING)?;
    // The first byte counts the bits that are left over.
    let key = bits.strip_prefix(&[0])?;
    match identifier {
        ED25519 => Some(Key::ed25519(None, key)),
        P256 => Some(Key::p256(None, key)),
        RSA => {
            let (modulus, exponent) = pair(element(key, SEQUENCE)?, INTEGER, INTEGER)?;
            Some(Key::rsa(None, modulus, exponent))
        }
        _ => None,
    }
}

/// The content of an element that nothing follows.
fn element(der: &[u8], tag: u8) -> Option<&[u8]> {
    let (content, rest) = first_element(der, tag)?;
    rest.is_empty().then_some(content)
}

fn pair(der: &[u8], one: u8, other: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = first_element(der, one)?;
    Some((first, element(rest, other)?))
}

/// The content of the first element, and what follows it.
fn first_element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, short], rest) = der.split_first_chunk()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (&[length], rest) = rest.split_first_chunk()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (&length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(length)), rest)
        }
        _ => return None,
    };
    (found == tag).then_some(rest.split_at_checked(length)?)
}

/// The one private key, in PKCS #8, of a text that may have public ones beside it.
pub(super) fn only_private_key(text: &[u8]) -> Option<Vec<u8>> {
    let sections: Vec<Section> = Section::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .ok()?;
    let mut private = sections
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::PrivateKey);
    let (_, der) = private.next()?;
    private.next().is_none().then_some(der)
}

/// Writes a private key in PKCS #8.
pub(super) fn write_private_key(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    for line in text.as_bytes().chunks(LINE_CHARS) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
