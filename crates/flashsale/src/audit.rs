//! `flashsale audit`: checks the books.

use std::process::ExitCode;

use crate::cli::LedgerArguments;
use crate::failure::Failure;
use crate::stored;

/// Prints what it found. Exit code 0 when the books are clean, 1 when they are not.
pub(crate) fn run(arguments: &LedgerArguments) -> Result<ExitCode, Failure> {
    let (path, ledger) = stored::open(arguments)?;
    let (orders, findings) = ledger.audit();
    let sale = ledger.sale();
    println!("ledger  {}", path.display());
    println!("sale    {}", sale.id());
    println!("orders  {orders} of {} units", sale.stock());
    for finding in &findings {
        println!("WRONG   {finding}");
    }
    if findings.is_empty() {
        println!(
            "clean   file, tables and checksums are sound; units without a gap, within the stock, one \
             for each user, ordered within the window and in time"
        );
        Ok(ExitCode::SUCCESS)
    } else {
        println!("{} findings: the books are not in order", findings.len());
        Ok(ExitCode::from(1))
    }
}
