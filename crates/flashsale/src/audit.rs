//! `flashsale audit`: checks the books.

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::LedgerArguments;
use crate::failure::Failure;
use crate::stored::Stored;

const CLEAN: &str = "units without a gap, within the stock, one for each user, ordered within the \
                     window and in time";

/// Prints what it found. Exit code 0 when the books are clean, 1 when they are not.
pub(crate) fn run(arguments: &LedgerArguments) -> Result<ExitCode, Failure> {
    let ledger = Stored::open(arguments)?;
    let (orders, findings) = ledger.audit()?;
    let sale = ledger.sale();
    let mut lines = vec![
        format!("ledger  {}", ledger.place()),
        format!("sale    {}", sale.id()),
        format!("orders  {orders} of {} units", sale.stock()),
    ];
    lines.extend(findings.iter().map(|finding| format!("WRONG   {finding}")));
    lines.push(match findings.len() {
        0 => {
            let sound = match ledger {
                Stored::File { .. } => "file, tables and checksums are sound",
                Stored::Redis { .. } => "configuration, counter, list and receipts agree",
            };
            format!("clean   {sound}; {CLEAN}")
        }
        number => format!("{number} findings: the books are not in order"),
    });
    // Whoever reads may have read enough, as `head` does; the exit code tells all the same.
    drop(std::io::stdout().write_all((lines.join("\n") + "\n").as_bytes()));
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
