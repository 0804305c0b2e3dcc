//! Sees to it that the process may open as many files as it has connections.

use flashsale_api::server::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the ledger, the log, the runtime and what else is not a connection.
const BESIDES_CONNECTIONS: u64 = 64;

/// Raises the system's limit on open files as far as the limits need and the system allows. Where that
/// is not enough, fewer connections are open at once, and the rest waits.
pub(super) fn provide(limits: Limits) -> Limits {
    let wanted = limits.connections_max as u64 + BESIDES_CONNECTIONS;
    let allowed = getrlimit(Resource::Nofile);
    // None stands for "no limit".
    if allowed.current.is_none_or(|current| current >= wanted) {
        return limits;
    }
    let raised = allowed
        .maximum
        .map_or(wanted, |maximum| maximum.min(wanted));
    let raised_limit = Rlimit {
        current: Some(raised),
        maximum: allowed.maximum,
    };
    let granted = match setrlimit(Resource::Nofile, raised_limit) {
        Ok(()) => raised,
        Err(_) => allowed.current.unwrap_or(wanted),
    };
    if granted >= wanted {
        return limits;
    }
    let connections_max = usize::try_from(granted.saturating_sub(BESIDES_CONNECTIONS))
        .unwrap_or(0)
        .max(1);
    tracing::warn!(
        open_files_max = granted,
        connections_max,
        "the system allows too few open files for CONNECTIONS_MAX, so fewer connections are taken"
    );
    Limits {
        connections_max,
        ..limits
    }
}
