//! The orders as a file, which is made while it is sent: however many there are, few are in memory.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::Admin;
use super::search::Search;
use super::{PIECE, positions_by_unit};
use crate::answer::{Answer, Refusal};
use crate::export::{Exporter, Format, Row};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only orders with this in their user id, whatever its case, or at the beginning of their id, or as
    /// their unit.
    #[serde(default)]
    search: String,
}

/// `GET /admin/orders.csv`.
pub(in super::super) async fn csv(
    State(admin): State<Arc<Admin>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Answer> {
    send(admin, wanted, Format::Csv, "text/csv; charset=utf-8", "csv").await
}

/// `GET /admin/orders.jsonl`.
pub(in super::super) async fn jsonl(
    State(admin): State<Arc<Admin>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Answer> {
    send(admin, wanted, Format::Jsonl, "application/jsonl", "jsonl").await
}

async fn send(
    admin: Arc<Admin>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    format: Format,
    content_type: &'static str,
    extension: &str,
) -> Result<Response, Answer> {
    let Query(wanted) =
        wanted.map_err(|_| Refusal::BadRequest("the text to search for cannot be read"))?;
    let search = Search::parse(&wanted.search).map_err(Refusal::BadRequest)?;
    let sale = admin.app.view.sale().id();
    let disposition = format!("attachment; filename=\"{sale}-orders.{extension}\"");
    let positions: Vec<_> = positions_by_unit(&admin.app.view).await;
    let positions = positions.into_iter().flatten().collect();
    let file = File {
        admin,
        format,
        search,
        positions,
        written: None,
    };
    let head = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_DISPOSITION, &disposition),
    ];
    Ok((
        head,
        Body::from_stream(stream::try_unfold(file, File::next)),
    )
        .into_response())
}

/// A file that is under way. Orders that come meanwhile are not in it.
struct File {
    admin: Arc<Admin>,
    format: Format,
    search: Search,
    /// In order of unit.
    positions: Vec<u32>,
    /// How many of them are done; none before the first line.
    written: Option<usize>,
}

impl File {
    async fn next(mut self) -> io::Result<Option<(Vec<u8>, Self)>> {
        let Some(begin) = self.written else {
            self.written = Some(0);
            let head = Exporter::begin(self.format, Vec::new())?.finish()?;
            return Ok(Some((head, self)));
        };
        let end = self.positions.len().min(begin + PIECE as usize);
        if begin == end {
            return Ok(None);
        }
        // With a client that is quick, nothing else would stop this from going on and on.
        tokio::task::yield_now().await;
        let mut lines = Exporter::go_on(self.format, Vec::new());
        let mut result = Ok(());
        self.admin
            .app
            .view
            .read_at(&self.positions[begin..end], |order| {
                if result.is_ok() && self.search.finds(&order) {
                    result = lines.write(&Row::from(order));
                }
            });
        result?;
        self.written = Some(end);
        Ok(Some((lines.finish()?, self)))
    }
}
