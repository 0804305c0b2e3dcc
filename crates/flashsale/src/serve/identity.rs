//! Who is believed to buy, and the file of the shop's keys, which may change while the server sells.

use std::sync::Arc;

use flashsale_api::identity::algorithm::Algorithm;
use flashsale_api::identity::keys::{KEYS_BYTES_MAX, Keys};
use flashsale_api::identity::verifier::Verifier;
use flashsale_api::identity::{Identity, Tokens};
use tokio::task::JoinSet;

use super::watched_file::{Contents, WatchedFile};
use crate::cli::identity::{Algorithms, IdentityMode, IdentitySettings};
use crate::failure::Failure;

/// Whom the server believes.
pub(super) enum Believed {
    /// Everybody.
    Everybody,
    /// Whom the shop's tokens name. Its keys may change.
    Tokens(Tokens, KeyFile),
}

/// A file of keys, and what they may be for.
pub(super) struct KeyFile {
    file: WatchedFile,
    algorithms: Vec<Algorithm>,
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
    let mut file = WatchedFile::new(path, KEYS_BYTES_MAX);
    let contents = file.look().expect("it was not looked at before");
    let keys = KeyFile::read(&file, contents, algorithms);
    let keys = keys.map_err(|reason| Failure::refused(format!("TOKEN_KEYS: {reason}")))?;
    let verifier = Verifier::new(keys, audience.clone(), settings.token_issuer.clone());
    let tokens = Tokens {
        verifier: Arc::new(verifier),
        cookie: settings.token_cookie.clone(),
    };
    let algorithms = algorithms.clone();
    Ok(Believed::Tokens(tokens, KeyFile { file, algorithms }))
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
                keeper.spawn(file.keep_up(Arc::clone(&tokens.verifier)));
                Identity::Token(tokens)
            }
        };
        (identity, keeper)
    }
}

impl KeyFile {
    /// The keys of these contents, or what is wrong with them.
    fn read(
        file: &WatchedFile,
        contents: Contents,
        algorithms: &[Algorithm],
    ) -> Result<Keys, String> {
        let keys = Keys::parse(&contents?, algorithms)
            .map_err(|reason| format!("the file {} {reason}", file.path().display()))?;
        tracing::info!(
            keys = keys.count(),
            passed_over = keys.passed_over(),
            "the shop's keys are read"
        );
        if keys.has_secret() && file.is_open_to_others() {
            tracing::warn!(
                file = %file.path().display(),
                "others can read the file of TOKEN_KEYS, and it holds a secret: whoever has that can be any \
                 buyer. Take their rights away (chmod 600)"
            );
        }
        Ok(keys)
    }

    /// Follows the file for ever. One that cannot be used changes nothing: the keys stay as they are.
    async fn keep_up(self, verifier: Arc<Verifier>) {
        let Self { file, algorithms } = self;
        let replace = |file: &WatchedFile, contents| match Self::read(file, contents, &algorithms) {
            Ok(keys) => verifier.replace_keys(keys),
            Err(reason) => tracing::error!(
                reason,
                "the shop's new keys cannot be used, so the ones before stay good"
            ),
        };
        file.keep_up(replace).await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flashsale_api::identity::sign::make;

    use super::*;

    #[test]
    fn a_file_is_read_or_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let mut file = WatchedFile::new(&path, KEYS_BYTES_MAX);
        let mut read = || {
            let contents = file.look().expect("it has changed");
            KeyFile::read(&file, contents, &[Algorithm::EdDsa])
        };
        assert!(read().unwrap_err().contains("keys.json: "));
        let made = make(Algorithm::EdDsa, |bytes| bytes.fill(1)).unwrap().keys;
        fs::write(&path, made).unwrap();
        assert_eq!(read().unwrap().count(), 1);
        fs::write(&path, "half a fi").unwrap();
        assert!(read().unwrap_err().contains("the file "));
    }
}
