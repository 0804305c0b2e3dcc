//! How many files the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the system's limit to what is wanted, as far as the system allows, and returns what it is then.
pub(crate) fn raise(wanted: u64) -> u64 {
    let allowed = getrlimit(Resource::Nofile);
    // None stands for "no limit".
    let Some(current) = allowed.current.filter(|current| *current < wanted) else {
        return wanted;
    };
    let raised = allowed
        .maximum
        .map_or(wanted, |maximum| maximum.min(wanted));
    let raised_limit = Rlimit {
        current: Some(raised),
        maximum: allowed.maximum,
    };
    match setrlimit(Resource::Nofile, raised_limit) {
        Ok(()) => raised,
        Err(_) => current,
    }
}
