//! The shop's colours and pictures.

use flashsale_api::shop::colour::Colour;
use flashsale_api::shop::picture::Picture;

/// A colour is shown as it can be written, and in nothing but the letters of one: it goes into a stylesheet.
pub(crate) fn colour(input: &[u8]) {
    let text = str::from_utf8(input).unwrap_or_default();
    let Ok(colour) = text.parse::<Colour>() else {
        return;
    };
    let shown = colour.to_string();
    assert_eq!(shown.parse(), Ok(colour));
    assert_eq!(shown, text.trim().to_ascii_lowercase());
    assert!(shown.len() == 7 && shown[1..].bytes().all(|byte| byte.is_ascii_hexdigit()));
}

/// What is taken for a picture does not become a page.
pub(crate) fn picture(input: &[u8]) {
    if Picture::new(input.to_vec()).is_err() {
        return;
    }
    let begin = &input[..input.len().min(16)];
    let begin = String::from_utf8_lossy(begin).to_ascii_lowercase();
    let begin = begin.trim_start_matches('\u{feff}').trim_start();
    assert!(!begin.starts_with("<html") && !begin.starts_with("<!doctype html"));
    assert!(input.len() >= 3);
}
