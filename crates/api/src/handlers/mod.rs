//! One file for each thing that can be asked.

pub(crate) mod check;
pub(crate) mod csrf;
pub(crate) mod events;
pub(crate) mod fallback;
pub(crate) mod health;
pub(crate) mod openapi;
pub(crate) mod page;
mod pass_body;
pub(crate) mod purchase;
mod purchase_body;
pub(crate) mod status;

#[cfg(feature = "fuzzing")]
pub(crate) use pass_body::parse as parse_pass;
pub(crate) use purchase_body::is_json;
#[cfg(feature = "fuzzing")]
pub(crate) use purchase_body::parse as parse_purchase;
