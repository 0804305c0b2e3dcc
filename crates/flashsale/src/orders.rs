//! `flashsale orders`: prints or exports what was sold.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use flashsale_sale::{IdempotencyKey, Order, Timestamp};
use serde::Serialize;

use crate::cli::{OrdersArguments, OrdersFormat};
use crate::export::Export;
use crate::failure::Failure;
use crate::stored::{ReadError, Stored};

/// One order, as it is exported.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    unit: u32,
    order_id: String,
    user_id: &'a str,
    /// Milliseconds since the epoch.
    ordered_at: u64,
    idempotency_key: Option<&'a str>,
}

pub(crate) fn run(arguments: &OrdersArguments) -> Result<ExitCode, Failure> {
    let ledger = Stored::open(&arguments.ledger)?;
    let result = match &arguments.output {
        Some(output) => {
            let export = Export::begin(output, ledger.file())?;
            write(&ledger, arguments.format, BufWriter::new(export.file()))
                .and_then(|()| export.finish().map_err(ReadError::Caller))
        }
        None => write(
            &ledger,
            arguments.format,
            BufWriter::new(io::stdout().lock()),
        ),
    };
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads has read enough, as `head` does.
        Err(ReadError::Caller(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(Failure::failed(format!(
            "not all orders could be written: {error}"
        ))),
    }
}

fn write(
    ledger: &Stored,
    format: OrdersFormat,
    mut out: impl Write,
) -> Result<(), ReadError<io::Error>> {
    match format {
        OrdersFormat::Table => {
            writeln!(
                out,
                "{:>8}  {:<32}  {:<24}  USER",
                "UNIT", "ORDER", "ORDERED AT"
            )
            .map_err(ReadError::Caller)?;
            ledger.for_each_order(|order| {
                let (id, time) = (order.id.to_string(), calendar(order.ordered_at));
                writeln!(
                    out,
                    "{:>8}  {id}  {time:<24}  {}",
                    order.unit,
                    order.user.as_str()
                )
            })?;
        }
        OrdersFormat::Jsonl => ledger.for_each_order(|order| {
            serde_json::to_writer(&mut out, &row(&order))?;
            out.write_all(b"\n")
        })?,
        OrdersFormat::Csv => {
            let mut out = csv::Writer::from_writer(&mut out);
            out.write_record([
                "unit",
                "order_id",
                "user_id",
                "ordered_at",
                "idempotency_key",
            ])
            .map_err(|error| ReadError::Caller(io_error(error)))?;
            ledger.for_each_order(|order| {
                let key = order
                    .idempotency_key
                    .as_ref()
                    .map_or("", IdempotencyKey::as_str);
                out.write_record([
                    order.unit.to_string(),
                    order.id.to_string(),
                    no_formula(order.user.as_str()),
                    calendar(order.ordered_at),
                    no_formula(key),
                ])
                .map_err(io_error)
            })?;
            out.flush().map_err(ReadError::Caller)?;
        }
    }
    out.flush().map_err(ReadError::Caller)
}

/// What the system said about a write, with its kind: a reader that has gone is no failure.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row(order: &Order) -> Row<'_> {
    Row {
        unit: order.unit,
        order_id: order.id.to_string(),
        user_id: order.user.as_str(),
        ordered_at: order.ordered_at.0,
        idempotency_key: order.idempotency_key.as_ref().map(IdempotencyKey::as_str),
    }
}

/// RFC 3339 in UTC, with milliseconds.
pub(crate) fn calendar(time: Timestamp) -> String {
    i64::try_from(time.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{} ms", time.0), |time| format!("{time:.3}"))
}

/// Buyers choose their ids, and a spreadsheet runs a cell that looks like a formula. A leading
/// apostrophe makes it text (OWASP, "CSV Injection").
fn no_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(
            calendar(Timestamp(1_796_122_800_007)),
            "2026-12-01T11:00:00.007Z"
        );
    }

    #[test]
    fn a_formula_becomes_text() {
        assert_eq!(no_formula("=1+1"), "'=1+1");
        assert_eq!(no_formula("@sum(a1)"), "'@sum(a1)");
        assert_eq!(no_formula("ada@example.com"), "ada@example.com");
    }
}
