//! The keys that sign cookies and challenges. Several may be good at once, so that one can take the place of
//! another while tokens of both are on their way.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How many keys may be good at once: a token that nobody has signed is tried with each.
pub const SIGNING_KEYS_MAX: usize = 4;
/// The longest file of keys, in bytes: as many of the longest as there may be, with room for remarks.
pub const FILE_BYTES_MAX: usize = 8 * 1024;
/// The shortest key, and the longest, in bytes.
const KEY_BYTES_MIN: usize = 32;
const KEY_BYTES_MAX: usize = 256;
/// How many different bytes a random key has at the very least.
const DISTINCT_BYTES_MIN: usize = 8;
/// Hexadecimal digits are the longer way to write them.
const _: () = assert!(FILE_BYTES_MAX > SIGNING_KEYS_MAX * 2 * KEY_BYTES_MAX);

/// What stands for somebody, in bytes.
pub(crate) const NAME_BYTES: usize = 16;

/// What a text is for. A text for one purpose is good for no other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Against forged requests.
    Csrf,
    /// A browser that is signed in to the console.
    Session,
    /// A proof of work that is still to be done.
    Challenge,
    /// A buyer who has passed the check.
    Pass,
}

/// The keys that are good: the first signs, each verifies.
pub struct SigningKeys {
    /// Replaced as a whole; whoever verifies meanwhile goes on with the old ones.
    keys: RwLock<Arc<[Key]>>,
}

/// A key, made ready once for each purpose; every use starts from a copy.
pub(crate) struct Key {
    /// The key as it is, which servers have always signed these with.
    bare: Hmac<Sha256>,
    challenge: Hmac<Sha256>,
    pass: Hmac<Sha256>,
    session: Hmac<Sha256>,
    holder: Hmac<Sha256>,
}

/// Reads the keys of a file: one a line, at least 32 random bytes in base64 or in hexadecimal digits. What
/// stands behind a `#` is passed over. Fails with the end of a sentence about the file, which tells nothing of
/// what is in it.
pub fn parse(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    if text.len() > FILE_BYTES_MAX {
        return Err(format!("is longer than {FILE_BYTES_MAX} bytes"));
    }
    let text = str::from_utf8(text).map_err(|_| "is no text")?;
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let key = decode(line).map_err(|why| format!("has in line {number} {why}"))?;
        if keys.contains(&key) {
            return Err(format!("has in line {number} a key that it has already"));
        }
        if keys.len() == SIGNING_KEYS_MAX {
            return Err(format!("has more than {SIGNING_KEYS_MAX} keys"));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err("has no key".to_owned());
    }
    Ok(keys)
}

/// Where all are hexadecimal digits it is those: no random key looks like that in base64.
fn decode(line: &str) -> Result<Vec<u8>, &'static str> {
    let is_hex = line.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = if is_hex {
        unhex(line).ok_or("an odd number of hexadecimal digits")?
    } else {
        let standard = line.replace('-', "+").replace('_', "/");
        STANDARD_NO_PAD
            .decode(standard.trim_end_matches('='))
            .map_err(|_| "what is neither base64 nor hexadecimal digits")?
    };
    let mut distinct = key.clone();
    distinct.sort_unstable();
    distinct.dedup();
    match key.len() {
        0..KEY_BYTES_MIN => Err("a key of less than 32 bytes"),
        KEY_BYTES_MIN..=KEY_BYTES_MAX if distinct.len() >= DISTINCT_BYTES_MIN => Ok(key),
        KEY_BYTES_MIN..=KEY_BYTES_MAX => Err("a key that is not random"),
        _ => Err("a key of more than 256 bytes"),
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let is_even = digits.len().is_multiple_of(2);
    is_even.then(|| pairs.map(byte).collect()).flatten()
}

impl SigningKeys {
    /// At least one; the first signs.
    pub fn new<K: AsRef<[u8]>>(keys: &[K]) -> Self {
        Self {
            keys: RwLock::new(ready(keys)),
        }
    }

    /// From now on these keys are good, and no others.
    pub fn replace<K: AsRef<[u8]>>(&self, keys: &[K]) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = ready(keys);
    }

    pub(crate) fn now(&self) -> Arc<[Key]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn ready<K: AsRef<[u8]>>(keys: &[K]) -> Arc<[Key]> {
    assert!(
        (1..=SIGNING_KEYS_MAX).contains(&keys.len()),
        "some keys, and not too many"
    );
    keys.iter().map(|key| Key::new(key.as_ref())).collect()
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(hidden)")
    }
}

impl Key {
    fn new(key: &[u8]) -> Self {
        let bare = keyed(key);
        let derived =
            |label: &[u8]| keyed(&bare.clone().chain_update(label).finalize().into_bytes());
        Self {
            challenge: derived(b"flashsale challenge"),
            pass: derived(b"flashsale pass"),
            session: derived(b"flashsale session"),
            holder: derived(b"flashsale holder"),
            bare,
        }
    }

    pub(crate) fn mac(&self, purpose: Purpose) -> Hmac<Sha256> {
        match purpose {
            Purpose::Csrf => self.bare.clone(),
            Purpose::Session => self.session.clone(),
            Purpose::Challenge => self.challenge.clone(),
            Purpose::Pass => self.pass.clone(),
        }
    }

    /// Stands for somebody, and tells nobody else who that is.
    pub(crate) fn name_of(&self, holder: &[u8]) -> [u8; NAME_BYTES] {
        let hash = self.holder.clone().chain_update(holder).finalize();
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&hash.into_bytes()[..NAME_BYTES]);
        name
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn key(first: u8) -> Vec<u8> {
        (first..first + 32).collect()
    }

    fn hex(key: &[u8]) -> String {
        key.iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    #[test]
    fn keys_stand_in_lines() {
        let (one, two) = (key(1), key(200));
        let text = format!(
            "# the keys of the drop\n\n{}  # since noon\r\n  {}\n# {}\n",
            STANDARD.encode(&one),
            hex(&two).to_uppercase(),
            hex(&key(3)),
        );
        assert_eq!(parse(text.as_bytes()), Ok(vec![one.clone(), two.clone()]));
        assert_eq!(
            parse(URL_SAFE_NO_PAD.encode(&two).as_bytes()),
            Ok(vec![two])
        );
        assert_eq!(parse(hex(&one).as_bytes()), Ok(vec![one]));
        let longest: Vec<u8> = (0..=255).collect();
        assert_eq!(parse(hex(&longest).as_bytes()), Ok(vec![longest]));
    }

    #[test]
    fn a_file_that_is_no_list_of_good_keys_is_refused() {
        let line = |first: u8| hex(&key(first));
        let lines = |count: u8| {
            (0..count)
                .map(|at| line(at) + "\n")
                .collect::<Vec<_>>()
                .concat()
        };
        for (text, why) in [
            (String::new(), "no key"),
            ("# none\n".to_owned(), "no key"),
            (
                line(1)[..62].to_owned(),
                "line 1 a key of less than 32 bytes",
            ),
            (format!("{}\n{}", line(1), &line(1)[..30]), "line 2"),
            (format!("{}0", line(1)), "odd number"),
            ("c2VjcmV0".to_owned(), "less than 32 bytes"),
            ("secret!".to_owned(), "neither"),
            (
                "two words of a secret that is long enough".to_owned(),
                "neither",
            ),
            ("0".repeat(64), "not random"),
            ("x".repeat(44), "not random"),
            (
                format!("{0}\n{0}\n", line(1)),
                "line 2 a key that it has already",
            ),
            (lines(5), "more than 4"),
            (line(1).repeat(9), "more than 256"),
            ("#".repeat(FILE_BYTES_MAX + 1), "longer than"),
        ] {
            let refusal = parse(text.as_bytes()).unwrap_err();
            assert!(refusal.contains(why), "{refusal}");
        }
        assert!(parse(lines(4).as_bytes()).is_ok());
        assert!(parse(b"\xff").is_err());
    }
}
