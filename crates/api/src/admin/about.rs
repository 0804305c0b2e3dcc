//! What is sold, from where, and by which settings: it does not change while the node runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use flashsale_sale::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Admin;

/// What whoever starts the node knows of it.
#[derive(Debug)]
pub struct About {
    /// Which kind of ledger.
    pub engine: Engine,
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

/// Which kind of ledger keeps the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A file of this machine.
    Sqlite,
    /// A Redis or Valkey that many nodes share.
    Redis,
}

/// What is sold, from where, and by which settings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Sale)]
pub(crate) struct Wire<'a> {
    sale_id: &'a str,
    product_id: &'a str,
    product_description: &'a str,
    /// All units that there ever were.
    stock: u32,
    /// In epoch milliseconds.
    starts_at: u64,
    /// In epoch milliseconds.
    ends_at: u64,
    engine: Engine,
    /// The file or the address of the ledger, without a password.
    place: &'a str,
    /// Of the program.
    version: &'a str,
    /// In epoch milliseconds.
    node_started_at: u64,
    /// Where buyers reach this node.
    address: &'a str,
    settings: Vec<Setting<'a>>,
}

/// A setting in force, under its name as an environment variable. Secrets are not among them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Setting<'a> {
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
