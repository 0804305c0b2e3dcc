//! Reads the shop's look: its words and colours from the settings, the picture from its file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use flashsale_api::shop::Shop;
use flashsale_api::shop::picture::{InvalidPicture, PICTURE_BYTES_MAX, Picture};
use flashsale_api::shop::theme::Colours;

use crate::cli::shop::ShopSettings;
use crate::failure::Failure;

/// The shop as it is set up, or one sentence that says what is wrong with that.
pub(super) fn read(settings: &ShopSettings) -> Result<Shop, Failure> {
    let colours = Colours {
        accent: settings.shop_accent,
        accent_dark: settings.shop_accent_dark,
        stage: settings.shop_stage,
        stage_dark: settings.shop_stage_dark,
    };
    let mut shop = Shop::named(&settings.shop_name)
        .coloured(&colours)
        .map_err(|unreadable| {
            let name = if unreadable.is_dark {
                "SHOP_STAGE_DARK"
            } else {
                "SHOP_STAGE"
            };
            Failure::refused(format!("{name}: {unreadable}"))
        })?;
    shop.product_name.clone_from(&settings.product_name);
    shop.picture = settings
        .product_picture
        .as_deref()
        .map(picture)
        .transpose()?;
    shop.picture_alt.clone_from(&settings.product_picture_alt);
    shop.language = settings.shop_language.map(Into::into);
    Ok(shop)
}

fn picture(path: &Path) -> Result<Picture, Failure> {
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::refused(format!("PRODUCT_PICTURE {}: {reason}", path.display()))
    };
    let contents = contents(path).map_err(|error| refused(&error))?;
    Picture::new(contents).map_err(|error: InvalidPicture| refused(&format!("the file {error}")))
}

/// No more than it takes to see that it is too much: the path may be a device that never ends.
fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    let bytes_max = PICTURE_BYTES_MAX as u64 + 1;
    File::open(path)?
        .take(bytes_max)
        .read_to_end(&mut contents)?;
    Ok(contents)
}
