//! The files of TLS: read at the start, and again whenever they change.
//!
//! Programs that renew certificates put new files in place, and not all of them tell anybody. So the files
//! are looked at now and then, and nobody has to send a signal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flashsale_api::server::tls::{Identity, InvalidIdentity, Tls};
use tokio::time::MissedTickBehavior;

use crate::cli::entrance::EntranceSettings;
use crate::failure::Failure;

/// How often the files are looked at. A change counts once two looks have seen the same, because two files
/// are not replaced at one moment.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// Others than the owner and the group may read the file.
const READ_BY_OTHERS: u32 = 0o004;

/// Where the files are.
#[derive(Debug, Clone)]
struct Paths {
    certificates: PathBuf,
    key: PathBuf,
}

/// What is in them.
#[derive(Clone, PartialEq, Eq)]
struct Texts {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

/// TLS as the files say, and who keeps it so.
pub(super) struct Files {
    pub(super) tls: Tls,
    paths: Paths,
    in_force: Texts,
}

/// Reads the files, if HTTPS is wanted.
pub(super) fn read(settings: &EntranceSettings) -> Result<Option<Files>, Failure> {
    let paths = match (&settings.tls_cert, &settings.tls_key) {
        (None, None) => return Ok(None),
        (Some(certificates), Some(key)) => Paths {
            certificates: certificates.clone(),
            key: key.clone(),
        },
        (Some(_), None) => return Err(one_is_missing("TLS_KEY", "TLS_CERT")),
        (None, Some(_)) => return Err(one_is_missing("TLS_CERT", "TLS_KEY")),
    };
    let in_force = paths.read().map_err(Failure::refused)?;
    let identity = paths.identity(&in_force).map_err(Failure::refused)?;
    paths.warn_of_readers();
    Ok(Some(Files {
        tls: Tls::new(identity).map_err(Failure::failed)?,
        paths,
        in_force,
    }))
}

fn one_is_missing(missing: &str, given: &str) -> Failure {
    Failure::refused(format!(
        "{given} is set and {missing} is not: HTTPS needs both the certificate and its key"
    ))
}

impl Files {
    /// Looks after them for ever. A new certificate that is of no use changes nothing.
    pub(super) async fn keep_up(mut self) {
        let mut looks = tokio::time::interval(LOOK_PERIOD);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Ok(self.in_force.clone());
        let mut judged = seen.clone();
        loop {
            looks.tick().await;
            let paths = self.paths.clone();
            // The disk may be a slow one.
            let Ok(now) = tokio::task::spawn_blocking(move || paths.read()).await else {
                return;
            };
            let is_settled = now == seen;
            seen = now;
            if is_settled && seen != judged {
                judged.clone_from(&seen);
                self.judge(seen.clone());
            }
        }
    }

    fn judge(&mut self, texts: Result<Texts, String>) {
        if texts.as_ref() == Ok(&self.in_force) {
            return;
        }
        let identity = texts.and_then(|texts| {
            let identity = self.paths.identity(&texts)?;
            Ok((texts, identity))
        });
        match identity {
            Ok((texts, identity)) => {
                self.tls.replace(identity);
                self.in_force = texts;
                self.paths.warn_of_readers();
                tracing::info!("the new certificate is in use");
            }
            Err(reason) => {
                tracing::error!(reason, "the old certificate stays in use");
            }
        }
    }
}

impl Paths {
    fn read(&self) -> Result<Texts, String> {
        let text = |name: &str, path: &Path| {
            fs::read(path).map_err(|error| format!("{name} {}: {error}", path.display()))
        };
        Ok(Texts {
            certificates: text("TLS_CERT", &self.certificates)?,
            key: text("TLS_KEY", &self.key)?,
        })
    }

    fn identity(&self, texts: &Texts) -> Result<Identity, String> {
        Identity::from_pem(&texts.certificates, &texts.key).map_err(|error| match error {
            InvalidIdentity::Certificates(reason) => {
                format!("TLS_CERT {} {reason}", self.certificates.display())
            }
            InvalidIdentity::Key(reason) => format!("TLS_KEY {} {reason}", self.key.display()),
        })
    }

    fn warn_of_readers(&self) {
        let mode = fs::metadata(&self.key).map(|file| file.permissions().mode());
        if mode.is_ok_and(|mode| mode & READ_BY_OTHERS != 0) {
            tracing::warn!(
                file = %self.key.display(),
                "everybody on this machine can read the key of TLS_KEY: take that right away (chmod o-r)"
            );
        }
    }
}
