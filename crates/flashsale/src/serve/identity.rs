//! Who is believed to buy, and the file of the shop's keys, which may change while the server sells.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flashsale_api::identity::algorithm::Algorithm;
use flashsale_api::identity::keys::{KEYS_BYTES_MAX, Keys};
use flashsale_api::identity::verifier::Verifier;
use flashsale_api::identity::{Identity, Tokens};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::identity::{Algorithms, IdentityMode, IdentitySettings};
use crate::failure::Failure;

/// How often the file is looked at, and so how soon a new key is good.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// Whom the server believes.
pub(super) enum Believed {
    /// Everybody.
    Everybody,
    /// Whom the shop's tokens name. Its keys may change.
    Tokens(Tokens, KeyFile),
}

/// A file of keys, as it was last seen.
pub(super) struct KeyFile {
    path: PathBuf,
    algorithms: Vec<Algorithm>,
    seen: Option<Result<Vec<u8>, String>>,
}

/// Reads the keys, or tells in one sentence what is wrong with them or with the settings.
pub(super) fn read(settings: &IdentitySettings) -> Result<Believed, Failure> {
    match settings.identity {
        IdentityMode::Open => open(settings),
        IdentityMode::Token => token(settings),
    }
}

fn open(settings: &IdentitySettings) -> Result<Believed, Failure> {
    // Whoever names keys means them to be used.
    let without_effect = [
        ("TOKEN_KEYS", settings.token_keys.is_some()),
        ("TOKEN_ALGORITHMS", settings.token_algorithms.is_some()),
        ("TOKEN_AUDIENCE", settings.token_audience.is_some()),
        ("TOKEN_ISSUER", settings.token_issuer.is_some()),
        ("TOKEN_COOKIE", settings.token_cookie.is_some()),
        ("SHOP_SIGN_IN_URL", settings.shop_sign_in_url.is_some()),
    ];
    if let Some((name, _)) = without_effect.into_iter().find(|(_, is_set)| *is_set) {
        return Err(Failure::refused(format!(
            "{name} is set, but IDENTITY is open, so every user id would be believed: set IDENTITY=token, \
             or leave {name} out"
        )));
    }
    Ok(Believed::Everybody)
}

fn token(settings: &IdentitySettings) -> Result<Believed, Failure> {
    let path = needed("TOKEN_KEYS", settings.token_keys.as_ref())?;
    let Algorithms(algorithms) = needed("TOKEN_ALGORITHMS", settings.token_algorithms.as_ref())?;
    let audience = needed("TOKEN_AUDIENCE", settings.token_audience.as_ref())?;
    let mut file = KeyFile {
        path: path.clone(),
        algorithms: algorithms.clone(),
        seen: None,
    };
    let keys = file.look().expect("it was not looked at before");
    let keys = keys.map_err(|reason| Failure::refused(format!("TOKEN_KEYS: {reason}")))?;
    let verifier = Verifier::new(keys, audience.clone(), settings.token_issuer.clone());
    let tokens = Tokens {
        verifier: Arc::new(verifier),
        cookie: settings.token_cookie.clone(),
    };
    Ok(Believed::Tokens(tokens, file))
}

fn needed<'a, T>(name: &str, value: Option<&'a T>) -> Result<&'a T, Failure> {
    value.ok_or_else(|| {
        Failure::refused(format!(
            "IDENTITY=token needs {name}: TOKEN_KEYS, TOKEN_ALGORITHMS and TOKEN_AUDIENCE together say which \
             tokens are the shop's"
        ))
    })
}

impl Believed {
    /// Begins to follow the file of keys, for as long as the set of tasks is there.
    pub(super) fn begin(self) -> (Identity, JoinSet<()>) {
        let mut keeper = JoinSet::new();
        let identity = match self {
            Self::Everybody => {
                tracing::warn!(
                    "IDENTITY=open: whoever sends a user id is believed to be that user. That is for demos, \
                     and for servers behind a front that knows its users; otherwise set IDENTITY=token"
                );
                Identity::Open
            }
            Self::Tokens(tokens, file) => {
                keeper.spawn(keep_up(file, Arc::clone(&tokens.verifier)));
                Identity::Token(tokens)
            }
        };
        (identity, keeper)
    }
}

/// Follows the file for ever. A file that cannot be used changes nothing: the keys stay as they are.
async fn keep_up(mut file: KeyFile, verifier: Arc<Verifier>) {
    let mut looks = interval(LOOK_PERIOD);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let looked = tokio::task::spawn_blocking(move || (file.look(), file));
        let Ok((look, same)) = looked.await else {
            return;
        };
        file = same;
        match look {
            None => {}
            Some(Ok(keys)) => verifier.replace_keys(keys),
            Some(Err(reason)) => tracing::error!(
                reason,
                "the shop's new keys cannot be used, so the ones before stay good"
            ),
        }
    }
}

impl KeyFile {
    /// The keys, or what is wrong with them, if the file is another than last time.
    fn look(&mut self) -> Option<Result<Keys, String>> {
        let now = self.contents().map_err(|error| error.to_string());
        if self.seen.as_ref() == Some(&now) {
            return None;
        }
        let path = self.path.display();
        let keys = match &now {
            Ok(text) => Keys::parse(text, &self.algorithms)
                .map_err(|reason| format!("the file {path} {reason}")),
            Err(error) => Err(format!("{path}: {error}")),
        };
        if let Ok(keys) = &keys {
            self.tell(keys);
        }
        self.seen = Some(now);
        Some(keys)
    }

    /// No more than it takes to see that it is too much.
    fn contents(&self) -> io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        let bytes_max = KEYS_BYTES_MAX as u64 + 1;
        let file = File::open(&self.path)?;
        file.take(bytes_max).read_to_end(&mut contents)?;
        Ok(contents)
    }

    fn tell(&self, keys: &Keys) {
        tracing::info!(
            keys = keys.count(),
            passed_over = keys.passed_over(),
            "the shop's keys are read"
        );
        let others_may_read = || {
            let mode = self.path.metadata().map(|data| data.permissions().mode());
            mode.is_ok_and(|mode| mode & 0o077 != 0)
        };
        if keys.has_secret() && others_may_read() {
            tracing::warn!(
                file = %self.path.display(),
                "others can read the file of TOKEN_KEYS, and it holds a secret: whoever has that can be any \
                 buyer. Take their rights away (chmod 600)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flashsale_api::identity::sign::make;

    use super::*;

    #[test]
    fn a_file_is_read_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let mut file = KeyFile {
            path: path.clone(),
            algorithms: vec![Algorithm::EdDsa],
            seen: None,
        };
        let made = |byte: u8| {
            let fill: fn(&mut [u8]) = if byte == 1 {
                |bytes| bytes.fill(1)
            } else {
                |bytes| bytes.fill(2)
            };
            make(Algorithm::EdDsa, fill).unwrap().keys
        };
        assert!(file.look().unwrap().unwrap_err().contains("keys.json: "));
        assert!(file.look().is_none(), "it is still missing");
        for text in [made(1), made(2)] {
            fs::write(&path, text).unwrap();
            assert_eq!(file.look().unwrap().unwrap().count(), 1);
            assert!(file.look().is_none(), "nothing has changed");
        }
        fs::write(&path, "half a fi").unwrap();
        assert!(file.look().unwrap().unwrap_err().contains("the file "));
        assert!(file.look().is_none(), "it is told once");
        fs::write(&path, made(2)).unwrap();
        assert!(file.look().unwrap().is_ok());
    }
}
