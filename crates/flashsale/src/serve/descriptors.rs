//! Sees to it that the process may open as many files as it has connections.

use flashsale_api::server::Limits;

use super::console;
use crate::open_files;

/// For the console, the ledger, the log, the runtime and what else is not a connection of a buyer.
const BESIDES_CONNECTIONS: u64 = 64 + console::CONNECTIONS_MAX as u64;

/// Raises the system's limit on open files as far as the limits need and the system allows. Where that
/// is not enough, fewer connections are open at once, and the rest waits.
pub(super) fn provide(limits: Limits) -> Limits {
    let wanted = limits.connections_max as u64 + BESIDES_CONNECTIONS;
    let granted = open_files::raise(wanted);
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
