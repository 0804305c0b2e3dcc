//! The settings of the shop's look.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use flashsale_api::shop::Language;
use flashsale_api::shop::colour::Colour;

/// Longer words than these find no place on the page, in characters.
const WORDS_CHARS_MAX: usize = 300;

/// What the page looks like.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The shop's look")]
pub(crate) struct ShopSettings {
    /// Name over the page
    #[arg(long, env, default_value = "Flash sale", value_parser = parse_words)]
    pub(crate) shop_name: String,
    /// Title over the product [default: PRODUCT_DESCRIPTION]
    #[arg(long, env, value_parser = parse_words)]
    pub(crate) product_name: Option<String>,
    /// File with the picture of the product: SVG, PNG, JPEG, WebP or AVIF, at most 2 MiB [default: one
    /// that comes with the page]
    #[arg(long, env)]
    pub(crate) product_picture: Option<PathBuf>,
    /// The picture in words, for those who do not see it
    #[arg(long, env, value_parser = parse_words)]
    pub(crate) product_picture_alt: Option<String>,
    /// Colour of the button and of marks, as #rrggbb [default: vermilion]
    #[arg(long, env)]
    pub(crate) shop_accent: Option<Colour>,
    /// The same for those whose system is dark [default: SHOP_ACCENT]
    #[arg(long, env)]
    pub(crate) shop_accent_dark: Option<Colour>,
    /// Colour of the wall behind the product, light enough for dark text [default: a light grey]
    #[arg(long, env)]
    pub(crate) shop_stage: Option<Colour>,
    /// The same for those whose system is dark, dark enough for light text [default: a dark grey]
    #[arg(long, env)]
    pub(crate) shop_stage_dark: Option<Colour>,
    /// Language of the page [default: that of each visitor's browser]
    #[arg(long, env)]
    pub(crate) shop_language: Option<ShopLanguage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShopLanguage {
    /// English
    En,
    /// German
    De,
}

impl From<ShopLanguage> for Language {
    fn from(language: ShopLanguage) -> Self {
        match language {
            ShopLanguage::En => Self::English,
            ShopLanguage::De => Self::German,
        }
    }
}

fn parse_words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("write something, or leave the setting out".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("write it on one line, without control characters".to_owned());
    }
    if text.chars().count() > WORDS_CHARS_MAX {
        return Err(format!("write at most {WORDS_CHARS_MAX} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_line_of_a_length_that_fits() {
        assert_eq!(parse_words(" Alba & Söhne ").as_deref(), Ok("Alba & Söhne"));
        assert!(parse_words(&"ä".repeat(WORDS_CHARS_MAX)).is_ok());
        for bad in [
            "",
            "  ",
            "two\nlines",
            "a\0b",
            &"a".repeat(WORDS_CHARS_MAX + 1),
        ] {
            assert!(parse_words(bad).is_err(), "{bad:?}");
        }
    }
}
