//! The check before the sale, as the settings say.

use std::path::Path;
use std::time::Duration;

use flashsale_api::bots::service::{OnFailure, Service, ServiceSettings};
use flashsale_api::bots::{BITS_DEFAULT, Check};

use super::watched_file::WatchedFile;
use crate::cli::bots::{BotCheck, BotSettings, ServiceFailure};
use crate::failure::Failure;

const SERVICE_TIMEOUT: Duration = Duration::from_secs(3);
const PASS_LIFETIME: Duration = Duration::from_hours(2);
/// The longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 1024;

/// What must be passed, and how long a pass is good.
pub(super) struct Gate {
    pub(super) check: Check,
    pub(super) lifetime: Duration,
}

/// Reads the settings and the secret, or tells in one sentence what is wrong with them.
pub(super) fn read(settings: &BotSettings) -> Result<Gate, Failure> {
    refuse_idle(settings)?;
    let check = match settings.bot_check {
        BotCheck::None => Check::None,
        BotCheck::ProofOfWork => Check::ProofOfWork {
            bits: settings.proof_of_work_bits.unwrap_or(BITS_DEFAULT),
        },
        BotCheck::Service => Check::Service(Box::new(service(settings)?)),
    };
    Ok(Gate {
        check,
        lifetime: settings.bot_pass_lifetime.unwrap_or(PASS_LIFETIME),
    })
}

/// Whoever sets something means it to be used.
fn refuse_idle(settings: &BotSettings) -> Result<(), Failure> {
    let of_service = [
        (
            "BOT_SERVICE_VERIFY_URL",
            settings.bot_service_verify_url.is_some(),
        ),
        (
            "BOT_SERVICE_SECRET_FILE",
            settings.bot_service_secret_file.is_some(),
        ),
        (
            "BOT_SERVICE_SITE_KEY",
            settings.bot_service_site_key.is_some(),
        ),
        ("BOT_SERVICE_SCRIPT", settings.bot_service_script.is_some()),
        (
            "BOT_SERVICE_TIMEOUT",
            settings.bot_service_timeout.is_some(),
        ),
        (
            "BOT_SERVICE_FAILURE",
            settings.bot_service_failure.is_some(),
        ),
    ];
    let refuse = |name: &str, wanted: &str| {
        Err(Failure::refused(format!(
            "{name} is set, but it has a use only with {wanted}: set that, or leave {name} out"
        )))
    };
    let check = settings.bot_check;
    if let Some((name, _)) = of_service.into_iter().find(|(_, is_set)| *is_set)
        && check != BotCheck::Service
    {
        return refuse(name, "BOT_CHECK=service");
    }
    if settings.proof_of_work_bits.is_some() && check != BotCheck::ProofOfWork {
        return refuse("PROOF_OF_WORK_BITS", "BOT_CHECK=proof-of-work");
    }
    if settings.bot_pass_lifetime.is_some() && check == BotCheck::None {
        return refuse(
            "BOT_PASS_LIFETIME",
            "BOT_CHECK=proof-of-work or BOT_CHECK=service",
        );
    }
    Ok(())
}

fn service(settings: &BotSettings) -> Result<Service, Failure> {
    let verify_url = needed(
        "BOT_SERVICE_VERIFY_URL",
        settings.bot_service_verify_url.as_ref(),
    )?;
    let secret_file = needed(
        "BOT_SERVICE_SECRET_FILE",
        settings.bot_service_secret_file.as_ref(),
    )?;
    let site_key = needed(
        "BOT_SERVICE_SITE_KEY",
        settings.bot_service_site_key.as_ref(),
    )?;
    let script = needed("BOT_SERVICE_SCRIPT", settings.bot_service_script.as_ref())?;
    let on_failure = match settings.bot_service_failure {
        Some(ServiceFailure::Admit) => OnFailure::Admit,
        Some(ServiceFailure::Refuse) | None => OnFailure::Refuse,
    };
    Service::new(ServiceSettings {
        verify_url: verify_url.clone(),
        secret: secret(secret_file)?,
        site_key: site_key.clone(),
        script: script.clone(),
        timeout: settings.bot_service_timeout.unwrap_or(SERVICE_TIMEOUT),
        on_failure,
    })
    .map_err(|reason| Failure::refused(format!("BOT_SERVICE_VERIFY_URL: {reason}")))
}

fn needed<'a, T>(name: &str, value: Option<&'a T>) -> Result<&'a T, Failure> {
    value.ok_or_else(|| {
        Failure::refused(format!(
            "BOT_CHECK=service needs {name}: BOT_SERVICE_VERIFY_URL, BOT_SERVICE_SECRET_FILE, \
             BOT_SERVICE_SITE_KEY and BOT_SERVICE_SCRIPT together say which service it is"
        ))
    })
}

/// One line without spaces. A mistake is never shown with what the file holds.
fn secret(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let refused = |why: &str| Failure::refused(format!("BOT_SERVICE_SECRET_FILE {shown}: {why}"));
    let mut file = WatchedFile::new(path, SECRET_BYTES_MAX);
    let contents = file.look().expect("it was not looked at before");
    let text =
        contents.map_err(|reason| Failure::refused(format!("BOT_SERVICE_SECRET_FILE {reason}")))?;
    let secret = text.trim_ascii();
    let is_plain = secret.iter().all(u8::is_ascii_graphic);
    if secret.is_empty() || text.len() > SECRET_BYTES_MAX || !is_plain {
        return Err(refused(
            "it must hold the secret of the service and nothing else, in one line",
        ));
    }
    if file.is_open_to_others() {
        tracing::warn!(
            file = %shown,
            "others can read the file of BOT_SERVICE_SECRET_FILE: take their rights away (chmod 600)"
        );
    }
    String::from_utf8(secret.to_vec()).map_err(|_| refused("it holds no text"))
}
