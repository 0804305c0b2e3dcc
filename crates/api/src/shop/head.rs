//! What is written into the page's head, so that it is there before any script runs, and for those who
//! run none: previews of links, and readers that want to know the language.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use super::sign_in::SignInUrl;
use super::{Language, STYLESHEET_PATH, Shop, picture_path, stylesheet_query};

/// Where it goes. Without a server the page's own words hold.
const PLACE: &str = "<!-- flashsale:shop -->";
const TITLE: &str = "<title>Flash sale</title>";
const LANGUAGE: &str = "<html lang=\"en\">";

/// What the page reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    shop_name: &'a str,
    product_name: Option<&'a str>,
    picture_url: Option<&'a str>,
    picture_alt: Option<&'a str>,
    language: Option<Language>,
    sign_in_url: Option<&'a str>,
}

pub(super) fn write(shop: &Shop, entry: &str, product_description: &str) -> String {
    let picture_url = shop.picture.as_ref().map(picture_path);
    let wire = Wire {
        shop_name: &shop.name,
        product_name: shop.product_name.as_deref(),
        picture_url: picture_url.as_deref(),
        picture_alt: shop.picture_alt.as_deref(),
        language: shop.language,
        sign_in_url: shop.sign_in_url.as_ref().map(SignInUrl::as_str),
    };
    let json = serde_json::to_string(&wire).expect("strings always serialise");
    let product = shop.product_name.as_deref().unwrap_or(product_description);
    let title = format!("{product} · {}", shop.name);

    let mut head = String::new();
    let mut meta = |key: &str, name: &str, content: &str| {
        let content = escaped(content);
        let _ = write!(
            head,
            "<meta {key}=\"{name}\" content=\"{content}\" />\n    "
        );
    };
    meta("name", "flashsale-shop", &json);
    meta("name", "description", product_description);
    meta("property", "og:type", "website");
    meta("property", "og:site_name", &shop.name);
    meta("property", "og:title", product);
    meta("property", "og:description", product_description);
    if let Some(url) = &picture_url {
        // The server does not know its public name, so the address is read against that of the page.
        meta("property", "og:image", url);
    }
    if let Some(alt) = &shop.picture_alt {
        meta("property", "og:image:alt", alt);
    }
    if let Some(css) = &shop.stylesheet {
        let query = stylesheet_query(css);
        let _ = write!(
            head,
            "<link rel=\"stylesheet\" href=\"{STYLESHEET_PATH}?{query}\" />"
        );
    }
    let language = match shop.language {
        Some(Language::German) => "<html lang=\"de\">",
        Some(Language::English) | None => LANGUAGE,
    };
    // The shop's words go in last, so that nothing in them is taken for a place.
    let (before, after) = entry.split_once(PLACE).unwrap_or((entry, ""));
    let before = before.replacen(LANGUAGE, language, 1).replacen(
        TITLE,
        &format!("<title>{}</title>", escaped(&title)),
        1,
    );
    format!("{before}{}{after}", head.trim_end())
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::picture::Picture;
    use crate::shop::theme::Colours;

    const ENTRY: &str = include_str!("../../../../web/index.html");

    #[test]
    fn the_entry_has_the_places() {
        let at = |place| {
            ENTRY
                .find(place)
                .unwrap_or_else(|| panic!("{place} is not there"))
        };
        assert!(at(LANGUAGE) < at(TITLE) && at(TITLE) < at(PLACE));
        assert_eq!(ENTRY.matches(PLACE).count(), 1);
    }

    #[test]
    fn a_plain_shop_has_its_name_and_the_product() {
        let page = write(&Shop::named("Flash sale"), ENTRY, "Dishes");
        assert!(
            page.contains("<title>Dishes · Flash sale</title>"),
            "{page}"
        );
        assert!(page.contains(r#"<html lang="en">"#), "{page}");
        assert!(
            page.contains(r#"<meta property="og:title" content="Dishes" />"#),
            "{page}"
        );
        let json = "{&quot;shopName&quot;:&quot;Flash sale&quot;,&quot;productName&quot;:null,\
            &quot;pictureUrl&quot;:null,&quot;pictureAlt&quot;:null,&quot;language&quot;:null,\
            &quot;signInUrl&quot;:null}";
        assert!(page.contains(json), "{page}");
        assert!(!page.contains("/shop/"), "{page}");
        assert!(!page.contains(PLACE), "{page}");
        assert!(page.ends_with(ENTRY.split_once(PLACE).unwrap().1));
    }

    #[test]
    fn hostile_words_stay_words() {
        let hostile = "</title><script>alert('1')</script> \"&amp; <!-- flashsale:shop -->";
        let mut shop = Shop::named(hostile);
        shop.product_name = Some(hostile.to_owned());
        shop.picture_alt = Some(hostile.to_owned());
        let page = write(&shop, ENTRY, hostile);
        assert!(!page.contains("<script>"), "{page}");
        assert_eq!(page.matches("</title>").count(), 1, "{page}");
        assert!(!page.contains("alert('"), "{page}");
        assert!(page.contains("&amp;amp; "), "{page}");
        let (quotes, tags) = (page.matches('"').count(), page.matches('<').count());
        let plain = write(
            &Shop {
                picture_alt: Some("a".into()),
                ..Shop::named("a")
            },
            ENTRY,
            "a",
        );
        assert_eq!(
            (quotes, tags),
            (plain.matches('"').count(), plain.matches('<').count())
        );
    }

    #[test]
    fn what_the_shop_has_is_referred_to() {
        let colours = Colours {
            accent: "#0050b3".parse().ok(),
            ..Colours::default()
        };
        let mut shop = Shop::named("Alba").coloured(&colours).unwrap();
        shop.language = Some(Language::German);
        shop.picture = Some(Picture::new(b"<svg/>".to_vec()).unwrap());
        let page = write(&shop, ENTRY, "Dishes");
        assert!(page.contains(r#"<html lang="de">"#), "{page}");
        for file in shop.files() {
            let url = match file.query {
                Some(query) => format!("{}?{query}", file.path),
                None => file.path,
            };
            assert!(page.contains(&url), "{url} in {page}");
        }
        assert!(
            page.contains("property=\"og:image\" content=\"/shop/picture-"),
            "{page}"
        );
    }
}
