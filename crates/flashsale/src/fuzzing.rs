//! What the fuzz targets reach of the readers of settings. Nothing else uses it.

use std::collections::BTreeMap;

use flashsale_sale::Timestamp;

use crate::cli::entrance;
use crate::dot_env;
use crate::moment::Moment;

/// The moment that a setting means if the server starts now.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    text.parse().map(|moment: Moment| moment.from(now))
}

/// The settings in the text of a `.env`.
pub fn dot_env(text: &str, known: &[String]) -> Result<BTreeMap<String, String>, String> {
    dot_env::parse(text, known)
}

/// A network of trusted proxies, as it is shown.
pub fn network(text: &str) -> Result<String, &'static str> {
    entrance::parse_network(text).map(|network| network.to_string())
}
