//! The orders as a table, page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Admin;
use super::search::Search;
use super::{PIECE, positions_by_unit};
use crate::answer::{Answer, Refusal};
use crate::export::Row;

/// How many rows a page has that asks for no number, and at most.
const ROWS_DEFAULT: usize = 50;
const ROWS_MAX: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only orders with this in their user id, whatever its case, or at the beginning of their id, or as
    /// their unit.
    #[serde(default)]
    search: String,
    /// The last unit of the page before.
    #[serde(default)]
    #[param(format = "uint32", maximum = 4_294_967_295_u32)]
    after: u32,
    /// How many orders at most; 50 where nothing is said.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Orders in the order of their units.
#[derive(Serialize, ToSchema)]
#[schema(as = Orders)]
pub(crate) struct Wire {
    orders: Vec<Row<'static>>,
    /// What to give as `after` to get more; null where there is no more.
    #[schema(required)]
    next: Option<u32>,
    /// How many orders there are in all.
    sold: u32,
}

/// `GET /admin/orders?search=…&after=…&limit=…`.
pub(in super::super) async fn show(
    State(admin): State<Arc<Admin>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Answer> {
    let Query(wanted) = wanted.map_err(|_| Refusal::BadRequest("after and limit are numbers"))?;
    let rows_max = wanted.limit.unwrap_or(ROWS_DEFAULT);
    if !(1..=ROWS_MAX).contains(&rows_max) {
        return Err(Refusal::BadRequest("limit is a number from 1 to 200").into());
    }
    let search = Search::parse(&wanted.search).map_err(Refusal::BadRequest)?;
    let view = &admin.app.view;
    let positions = positions_by_unit(view).await;
    let behind = positions.get(wanted.after as usize..).unwrap_or_default();
    // One more than is shown tells whether there is more.
    let mut orders = Vec::new();
    for piece in behind.chunks(PIECE as usize) {
        let piece: Vec<u32> = piece.iter().copied().flatten().collect();
        view.read_at(&piece, |order| {
            if orders.len() <= rows_max && search.finds(&order) {
                orders.push(Row::from(order).into_owned());
            }
        });
        if orders.len() > rows_max {
            break;
        }
        tokio::task::yield_now().await;
    }
    let has_more = orders.len() > rows_max;
    orders.truncate(rows_max);
    let wire = Wire {
        next: has_more.then(|| orders.last().map(Row::unit)).flatten(),
        orders,
        sold: view.sold(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(wire)).into_response())
}
