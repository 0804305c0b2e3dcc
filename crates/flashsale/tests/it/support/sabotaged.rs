//! The binary that can be built to break one promise, for the negative controls.

use std::path::PathBuf;

const BINARY_VARIABLE: &str = "FLASHSALE_SABOTAGED";
/// Tells that binary which check to leave out.
pub(crate) const SWITCH_VARIABLE: &str = "FLASHSALE_SABOTAGE";

/// Where it lies. The switch must not exist in the binary that is shipped, so it is one of its own.
pub(crate) fn binary() -> PathBuf {
    let path = std::env::var_os(BINARY_VARIABLE).unwrap_or_else(|| {
        panic!(
            "{BINARY_VARIABLE} must name the binary that `cargo build --release -p flashsale \
             --features sabotage --bin flashsale-sabotaged` builds; `cargo xtask test` does both"
        )
    });
    PathBuf::from(path)
}
