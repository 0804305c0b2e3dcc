//! Orders as the lines of a file, for other programs.

use std::borrow::Cow;
use std::io::{self, Write};

use flashsale_sale::{Order, StoredOrder, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// How orders are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a spreadsheet: a text that it would take for a formula gets a leading apostrophe.
    Csv,
    /// One JSON object a line, every text exactly as stored.
    Jsonl,
}

const COLUMNS: [&str; 5] = [
    "unit",
    "order_id",
    "user_id",
    "ordered_at",
    "idempotency_key",
];

/// One order, as it is shown outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub struct Row<'a> {
    /// Which unit, from 1 on.
    #[schema(minimum = 1, example = 13)]
    unit: u32,
    /// 32 lower-case hexadecimal digits.
    #[schema(
        pattern = "^[0-9a-f]{32}$",
        example = "afbb44c89da8d70779573b9216720669"
    )]
    order_id: String,
    /// Who bought it.
    #[schema(value_type = String, example = "ada@example.com")]
    user_id: Cow<'a, str>,
    /// In epoch milliseconds, of the ledger's clock.
    #[schema(example = 1_795_410_239_332_u64)]
    ordered_at: u64,
    /// The client's name for the purchase, if it gave one.
    #[schema(value_type = Option<String>, required)]
    idempotency_key: Option<Cow<'a, str>>,
}

impl Row<'_> {
    /// Which unit.
    pub fn unit(&self) -> u32 {
        self.unit
    }

    /// The same with texts of its own.
    pub fn into_owned(self) -> Row<'static> {
        Row {
            user_id: self.user_id.into_owned().into(),
            idempotency_key: self.idempotency_key.map(|key| key.into_owned().into()),
            ..self
        }
    }
}

impl<'a> From<&'a Order> for Row<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            unit: order.unit,
            order_id: order.id.to_string(),
            user_id: order.user.as_str().into(),
            ordered_at: order.ordered_at.0,
            idempotency_key: order
                .idempotency_key
                .as_ref()
                .map(|key| key.as_str().into()),
        }
    }
}

impl<'a> From<StoredOrder<'a>> for Row<'a> {
    fn from(order: StoredOrder<'a>) -> Self {
        Self {
            unit: order.unit(),
            order_id: order.id().to_string(),
            user_id: order.user().into(),
            ordered_at: order.ordered_at().0,
            idempotency_key: order.idempotency_key().map(Cow::from),
        }
    }
}

/// Writes rows, one after the other.
pub struct Exporter<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Exporter<W> {
    /// Begins a file, with its first line where it needs one.
    pub fn begin(format: Format, out: W) -> io::Result<Self> {
        let mut exporter = Self::go_on(format, out);
        if let Inner::Csv(out) = &mut exporter.0 {
            out.write_record(COLUMNS).map_err(io_error)?;
        }
        Ok(exporter)
    }

    /// Goes on with a file that was begun.
    pub fn go_on(format: Format, out: W) -> Self {
        Self(match format {
            Format::Csv => Inner::Csv(Box::new(csv::Writer::from_writer(out))),
            Format::Jsonl => Inner::Jsonl(out),
        })
    }

    /// Writes one row.
    pub fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        match &mut self.0 {
            Inner::Jsonl(out) => {
                serde_json::to_writer(&mut *out, row)?;
                out.write_all(b"\n")
            }
            Inner::Csv(out) => out
                .write_record([
                    row.unit.to_string(),
                    row.order_id.clone(),
                    no_formula(&row.user_id),
                    calendar(Timestamp(row.ordered_at)),
                    no_formula(row.idempotency_key.as_deref().unwrap_or_default()),
                ])
                .map_err(io_error),
        }
    }

    /// Hands back what was written to, with everything in it.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Jsonl(out) => Ok(out),
            Inner::Csv(out) => out.into_inner().map_err(csv::IntoInnerError::into_error),
        }
    }
}

impl<W: Write> std::fmt::Debug for Exporter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

/// What the system said about a write, with its kind: a reader that has gone is no failure.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// RFC 3339 in UTC, with milliseconds.
pub fn calendar(time: Timestamp) -> String {
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
    use flashsale_sale::{OrderId, UserId};

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

    #[test]
    fn a_file_may_be_written_in_pieces() {
        let order = Order {
            unit: 1,
            id: OrderId([0xAB; 16]),
            user: UserId::parse("=ada,\"x\"").unwrap(),
            ordered_at: Timestamp(1_796_122_800_007),
            idempotency_key: None,
        };
        let check = |format, expected: &str| {
            let mut first = Exporter::begin(format, Vec::new()).unwrap();
            first.write(&Row::from(&order)).unwrap();
            let mut second = Exporter::go_on(format, first.finish().unwrap());
            second.write(&Row::from(&order)).unwrap();
            let text = String::from_utf8(second.finish().unwrap()).unwrap();
            assert_eq!(text, expected);
        };
        let id = "ab".repeat(16);
        let line = format!("1,{id},\"'=ada,\"\"x\"\"\",2026-12-01T11:00:00.007Z,\n");
        let head = "unit,order_id,user_id,ordered_at,idempotency_key\n";
        check(Format::Csv, &format!("{head}{line}{line}"));
        let line = format!(
            "{{\"unit\":1,\"orderId\":\"{id}\",\"userId\":\"=ada,\\\"x\\\"\",\
             \"orderedAt\":1796122800007,\"idempotencyKey\":null}}\n"
        );
        check(Format::Jsonl, &format!("{line}{line}"));
    }
}
