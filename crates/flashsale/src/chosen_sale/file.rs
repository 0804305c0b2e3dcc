//! The sale in a folder, with a file for each ledger.

use std::path::Path;

use flashsale_api::admin::about::Engine;
use flashsale_ledger::sqlite::{Contents, OpenError, Reader, SaleFiles, SqliteLedger, files};
use flashsale_ledger::{Clock, Ledger as _};
use flashsale_sale::{Phase, SaleId, Timestamp};

use super::{ChosenSale, DEMO, check_agreement, demo_name, named_id, new_sale};
use crate::cli::SaleSettings;
use crate::failure::Failure;
use crate::{stored, world};

/// Opens the ledger of the sale that the settings mean, and makes it if there is none.
pub(crate) fn open(
    settings: &SaleSettings,
    data_dir: &Path,
    clock: Clock,
) -> Result<ChosenSale<SqliteLedger>, Failure> {
    let now = clock();
    let is_demo = settings.is_demo();
    let id = if is_demo {
        demo_id(data_dir, now)?
    } else {
        named_id(settings)?
    };
    let place = files::database_path(data_dir, &id).display().to_string();
    let mut sale_files = SaleFiles::lock(data_dir, &id).map_err(Failure::failed)?;
    let is_new = sale_files.contents().map_err(Failure::failed)? == Contents::Nothing;
    if is_new {
        let sale = new_sale(settings, id, now)?;
        sale_files
            .create(sale, world::key()?, world::key()?)
            .map_err(Failure::failed)?;
    }
    let ledger = sale_files.open(clock).map_err(Failure::failed)?;
    if !is_new {
        check_agreement(settings, ledger.view().sale()).map_err(Failure::Refused)?;
    }
    Ok(ChosenSale {
        ledger,
        engine: Engine::Sqlite,
        place,
        is_new,
        is_demo,
    })
}

/// The demo that is still going on, or a new name.
fn demo_id(data_dir: &Path, now: Timestamp) -> Result<SaleId, Failure> {
    let demos = stored::sales(data_dir)?;
    let latest = demos.into_iter().rfind(|id| id.as_str().starts_with(DEMO));
    if let Some(id) = latest {
        let is_over = is_over(&files::database_path(data_dir, &id), now);
        if !is_over.map_err(Failure::failed)? {
            return Ok(id);
        }
    }
    let mut time = now;
    loop {
        let id = demo_name(time, 14)?;
        if !files::database_path(data_dir, &id).exists() {
            return Ok(id);
        }
        // Only a clock that was set back leads here.
        time.0 += 1_000;
    }
}

fn is_over(path: &Path, now: Timestamp) -> Result<bool, OpenError> {
    let ledger = Reader::open(path)?;
    Ok(ledger.sale().window().phase(now) == Phase::Ended || ledger.has_ended()?)
}
