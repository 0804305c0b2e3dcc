//! The shop's look: its name, its words for the product, a picture and colours, written into the page
//! once, at the start.
//!
//! In reading order:
//! - [`colour`]: colours, and whether one can be read on another;
//! - [`theme`]: what the page needs of them, as a stylesheet;
//! - [`picture`]: the picture of the product;
//! - [`sign_in`]: where buyers sign in;
//! - `head`: what is written into the page's head.
//!
//! Where all this comes from it does not know: whoever starts the server reads settings and files.

pub mod colour;
mod head;
pub mod picture;
pub mod sign_in;
pub mod theme;

use bytes::Bytes;
use serde::Serialize;

use crate::etag;
use picture::{Kind, Picture};
use sign_in::SignInUrl;
use theme::{Colours, UnreadableStage};

/// What a shop may say about itself.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The name over the page.
    pub name: String,
    /// The title over the product, if that is not the description.
    pub product_name: Option<String>,
    /// Its picture, if it is not the page's own.
    pub picture: Option<Picture>,
    /// The picture in words, for those who do not see it.
    pub picture_alt: Option<String>,
    /// The page's language, if it is not that of each visitor's browser.
    pub language: Option<Language>,
    /// Where buyers sign in, if the page is to lead them there.
    pub sign_in_url: Option<SignInUrl>,
    stylesheet: Option<String>,
}

/// A language that the page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

/// A file of the shop's.
pub(crate) struct ShopFile {
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// What a URL asks for when it means these very bytes, if the path does not say it.
    pub(crate) query: Option<String>,
}

impl Shop {
    /// A shop without a look of its own.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            product_name: None,
            picture: None,
            picture_alt: None,
            language: None,
            sign_in_url: None,
            stylesheet: None,
        }
    }

    /// The same in these colours.
    pub fn coloured(self, colours: &Colours) -> Result<Self, UnreadableStage> {
        let stylesheet = theme::stylesheet(colours)?;
        Ok(Self { stylesheet, ..self })
    }

    /// The page's entry, with the shop's words in it.
    pub(crate) fn written_into(&self, entry: &str, product_description: &str) -> String {
        head::write(self, entry, product_description)
    }

    /// What the entry refers to.
    pub(crate) fn files(&self) -> Vec<ShopFile> {
        let picture = self.picture.as_ref().map(|picture| ShopFile {
            path: picture_path(picture),
            body: picture.body.clone(),
            query: None,
        });
        let stylesheet = self.stylesheet.as_ref().map(|css| ShopFile {
            path: STYLESHEET_PATH.to_owned(),
            body: css.clone().into(),
            query: Some(stylesheet_query(css)),
        });
        picture.into_iter().chain(stylesheet).collect()
    }
}

const STYLESHEET_PATH: &str = "/shop/theme.css";

fn stylesheet_query(css: &str) -> String {
    format!("v={}", etag::hash(css.as_bytes()))
}

/// It holds a hash of the contents, so that browsers may keep it for ever.
fn picture_path(picture: &Picture) -> String {
    let hash = etag::hash(&picture.body);
    format!("/shop/picture-{hash}.{}", Kind::extension(picture.kind))
}
