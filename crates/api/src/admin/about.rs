//! What is sold, from where, and by which settings: it does not change while the node runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use flashsale_sale::Timestamp;
use serde::Serialize;

use super::Admin;

/// What whoever starts the node knows of it.
#[derive(Debug)]
pub struct About {
    /// Which kind of ledger: `sqlite` or `redis`.
    pub engine: &'static str,
    /// Where the ledger is, without a password.
    pub place: String,
    /// The version of the program.
    pub version: &'static str,
    /// When the node started, by the ledger's clock.
    pub node_started_at: Timestamp,
    /// Where buyers are served.
    pub address: String,
    /// The settings in force, with their names as environment variables; none of them a secret.
    pub settings: Vec<(String, String)>,
    /// How many connections buyers may open.
    pub connections_max: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    sale_id: &'a str,
    product_id: &'a str,
    product_description: &'a str,
    stock: u32,
    starts_at: u64,
    ends_at: u64,
    engine: &'a str,
    place: &'a str,
    version: &'a str,
    node_started_at: u64,
    address: &'a str,
    settings: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    name: &'a str,
    value: &'a str,
}

/// `GET /admin/sale`.
pub(super) async fn show(State(admin): State<Arc<Admin>>) -> Response {
    let (about, sale) = (&admin.about, admin.app.view.sale());
    let settings = about.settings.iter();
    let wire = Wire {
        sale_id: sale.id().as_str(),
        product_id: sale.product_id(),
        product_description: sale.product_description(),
        stock: sale.stock(),
        starts_at: sale.window().starts_at().0,
        ends_at: sale.window().ends_at().0,
        engine: about.engine,
        place: &about.place,
        version: about.version,
        node_started_at: about.node_started_at.0,
        address: &about.address,
        settings: settings
            .map(|(name, value)| Setting { name, value })
            .collect(),
    };
    ([(CACHE_CONTROL, "no-store")], Json(wire)).into_response()
}
