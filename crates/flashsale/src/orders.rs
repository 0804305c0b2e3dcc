//! `flashsale orders`: prints or exports what was sold.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use flashsale_api::export::{Exporter, Format, Row, calendar};

use crate::cli::{OrdersArguments, OrdersFormat};
use crate::export::Export;
use crate::failure::Failure;
use crate::stored::{ReadError, Stored};

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
        OrdersFormat::Csv => export(ledger, Format::Csv, &mut out)?,
        OrdersFormat::Jsonl => export(ledger, Format::Jsonl, &mut out)?,
    }
    out.flush().map_err(ReadError::Caller)
}

fn export(ledger: &Stored, format: Format, out: impl Write) -> Result<(), ReadError<io::Error>> {
    let mut exporter = Exporter::begin(format, out).map_err(ReadError::Caller)?;
    ledger.for_each_order(|order| exporter.write(&Row::from(&order)))?;
    exporter.finish().map(drop).map_err(ReadError::Caller)
}
