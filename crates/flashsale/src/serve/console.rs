//! The console: its listener, its token, and what it is told of the node.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flashsale_api::admin::history::History;
use flashsale_api::admin::process::Process;
use flashsale_api::admin::session::TOKEN_CHARS_MIN;
use flashsale_api::admin::{Admin, AdminRoutes};
use flashsale_api::server::tls::Tls;
use flashsale_api::server::{self, Entrance, Limits};
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;

use super::listen;
use crate::cli::{AdminPort, AdminSettings, ServeSettings};
use crate::failure::Failure;
use crate::world;

/// How many connections it may have: some people, and what collects metrics.
pub(super) const CONNECTIONS_MAX: usize = 64;

/// Where the token is kept that nobody has chosen.
const TOKEN_FILE: &str = "admin-token";

/// Where whoever answers for the sale comes in.
pub(super) struct ConsoleDoor {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl ConsoleDoor {
    /// The shop's TLS, if others than this machine can reach the console: then its token goes over the
    /// network. Here there is nobody to hide it from, no certificate is for this address, and what
    /// collects metrics asks without.
    pub(super) fn tls(&self, shop: Option<&Tls>) -> Option<Tls> {
        shop.filter(|_| !self.address.ip().is_loopback()).cloned()
    }
}

/// Opens the listener, if there is to be one.
pub(super) async fn open(settings: &ServeSettings) -> Result<Option<ConsoleDoor>, Failure> {
    let admin = &settings.admin;
    let port = match admin.admin_port {
        Some(AdminPort::Off) => return Ok(None),
        Some(AdminPort::At(port)) => port,
        None if settings.port == 0 => 0,
        None => settings.port.checked_add(1).ok_or_else(|| {
            Failure::refused("PORT is the last there is, so name a port with ADMIN_PORT as well")
        })?,
    };
    let names = ["ADMIN_HOST", "ADMIN_PORT"];
    let (listener, address) = listen(&admin.admin_host, port, names).await?;
    Ok(Some(ConsoleDoor { listener, address }))
}

/// What signs in to the console, and how a person finds it.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) place: String,
}

/// The token that was chosen, or the one that is kept in the folder of the ledgers, where one is made at
/// the first start.
pub(super) fn token(admin: &AdminSettings, data_dir: &Path) -> Result<Token, Failure> {
    if let Some(token) = &admin.admin_token {
        check_token(token).map_err(|reason| Failure::refused(format!("ADMIN_TOKEN {reason}")))?;
        return Ok(Token {
            text: token.clone(),
            place: "ADMIN_TOKEN".to_owned(),
        });
    }
    let path = data_dir.join(TOKEN_FILE);
    let place = path.display().to_string();
    let failed = |error: io::Error| Failure::failed(format!("{place}: {error}"));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_token(&path, failed)?,
        Err(error) => return Err(failed(error)),
    };
    check_token(&text)
        .map_err(|reason| Failure::refused(format!("the token in {place} {reason}")))?;
    Ok(Token { text, place })
}

fn check_token(token: &str) -> Result<(), String> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && token.len() >= TOKEN_CHARS_MIN {
        return Ok(());
    }
    Err(format!(
        "must have at least {TOKEN_CHARS_MIN} characters, without spaces, that nobody can guess"
    ))
}

/// Made where nobody else can read it, under another name first, so that it is there whole or not at all.
fn make_token(path: &Path, failed: impl Fn(io::Error) -> Failure) -> Result<String, Failure> {
    let bytes: [u8; 16] = world::key()?;
    let digits = flashsale_sale::hex(bytes);
    let text = String::from_utf8_lossy(&digits).into_owned();
    let new: PathBuf = path.with_extension(format!("new-{}", std::process::id()));
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(failed)?;
    Ok(text)
}

/// Serves it, and keeps the samples that it shows. It has the limits of buyers, but fewer connections.
pub(super) async fn serve(
    listener: TcpListener,
    admin: Arc<Admin>,
    buyers: Limits,
    tls: Option<Tls>,
    stopped: impl Future<Output = ()>,
) {
    let entrance = Entrance {
        limits: Limits {
            connections_max: CONNECTIONS_MAX,
            ..buyers
        },
        tls,
        proxy_protocol: None,
    };
    let samples = tokio::spawn(History::keep(Arc::clone(&admin)));
    let routes = Arc::new(AdminRoutes::new(admin));
    server::serve(listener, routes, entrance, stopped).await;
    samples.abort();
    // It was told to end, and whatever else it says is too late to matter.
    drop(samples.await);
}

/// Asks the system about this process. Only Linux tells in this way.
pub(super) fn process() -> Option<Process> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let (user, system) = (ticks()?, ticks()?);
    let ticks_per_second = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(Process {
        cpu_seconds: (f64::from(user) + f64::from(system)) / f64::from(ticks_per_second),
        resident_bytes: pages * rustix::param::page_size() as u64,
        open_fds: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        max_fds: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn settings(token: Option<&str>) -> AdminSettings {
        AdminSettings {
            admin_host: "127.0.0.1".to_owned(),
            admin_port: None,
            admin_token: token.map(str::to_owned),
        }
    }

    #[test]
    fn a_token_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = token(&settings(None), folder.path()).unwrap();
        assert_eq!(made.text.len(), 32);
        let path = folder.path().join(TOKEN_FILE);
        assert_eq!(made.place, path.display().to_string());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = token(&settings(None), folder.path()).unwrap();
        assert_eq!(again.text, made.text);
        let chosen = token(&settings(Some("a-token-of-the-shop")), folder.path()).unwrap();
        assert_eq!(
            (chosen.text.as_str(), chosen.place.as_str()),
            ("a-token-of-the-shop", "ADMIN_TOKEN")
        );
    }

    #[test]
    fn a_token_that_can_be_guessed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for weak in ["", "secret", "with a space in it", "fünfzehn-zeichen"] {
            assert!(
                token(&settings(Some(weak)), folder.path()).is_err(),
                "{weak}"
            );
        }
        fs::write(folder.path().join(TOKEN_FILE), "short\n").unwrap();
        assert!(token(&settings(None), folder.path()).is_err());
    }

    #[test]
    fn the_system_is_asked() {
        let process = process().unwrap();
        assert!(process.resident_bytes > 1_000_000, "{process:?}");
        assert!(
            process.open_fds > 2 && process.open_fds < process.max_fds,
            "{process:?}"
        );
    }
}
