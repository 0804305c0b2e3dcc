//! Gives the target that `FUZZ_TARGET` names to libFuzzer, which brings `main` and its own command line.

#![no_main]
#![expect(
    clippy::disallowed_methods,
    reason = "the command line is the fuzzer's, so the target is named by the environment"
)]

use std::sync::LazyLock;

use flashsale_fuzz::{Target, target_named};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    target_named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is {name:?}, which is no target"))
});

fuzz_target!(|input: &[u8]| (TARGET.check)(input));
