//! The shop's look: what the settings make of the page, and which are refused at the start.

use std::fs;
use std::path::PathBuf;

use crate::support::contract::assert_common;
use crate::support::http::Request;
use crate::support::server::{Home, TestServer};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"/>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A file with this content, in a folder that lives as long as the home.
fn file(home: &Home, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = home.path().join(name);
    fs::write(&path, content).expect("a file");
    path
}

/// The value of the attribute `content` in the element that begins so.
fn content<'a>(page: &'a str, begin: &str) -> &'a str {
    let (_, after) = page
        .split_once(&format!("{begin} content=\""))
        .unwrap_or_else(|| panic!("{begin} is not in {page}"));
    after.split('"').next().expect("a closing quote")
}

#[tokio::test]
async fn the_page_is_the_shops() {
    let home = Home::new();
    let picture = file(&home, "picture.jpg", SVG);
    let setup = TestServer::setup()
        .env("SHOP_NAME", "Alba & Söhne")
        .env("PRODUCT_NAME", "Dishes <6>")
        .env("PRODUCT_DESCRIPTION", "Six \"dishes\"")
        .env("PRODUCT_PICTURE", picture.display())
        .env("PRODUCT_PICTURE_ALT", "A stack")
        .env("SHOP_ACCENT", "#ffd400")
        .env("SHOP_STAGE", "#CFE3FF")
        .env("SHOP_LANGUAGE", "de");
    let server = setup.start().await;
    let mut client = server.client().await;
    let page = client.get("/").await.text();

    assert!(page.contains("<html lang=\"de\">"), "{page}");
    assert!(
        page.contains("<title>Dishes &lt;6&gt; · Alba &amp; Söhne</title>"),
        "{page}"
    );
    let json = content(&page, "<meta name=\"flashsale-shop\"").replace("&quot;", "\"");
    let json = json
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let shop: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let url = shop["pictureUrl"].as_str().expect("a picture").to_owned();
    assert_eq!(
        shop,
        serde_json::json!({
            "shopName": "Alba & Söhne",
            "productName": "Dishes <6>",
            "pictureUrl": url,
            "pictureAlt": "A stack",
            "language": "de",
            "signInUrl": null,
        })
    );
    assert_eq!(
        content(&page, "<meta property=\"og:title\""),
        "Dishes &lt;6&gt;"
    );
    assert_eq!(content(&page, "<meta property=\"og:image\""), url);
    assert_eq!(
        content(&page, "<meta name=\"description\""),
        "Six &quot;dishes&quot;"
    );

    // The file's first bytes tell what it is, not its name.
    assert!(
        url.starts_with("/shop/picture-") && url.rsplit('.').next() == Some("svg"),
        "{url}"
    );
    let picture = client.get(&url).await;
    assert_common(&picture);
    assert_eq!(picture.text(), SVG);
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    let cached = picture.header("cache-control").unwrap_or_default();
    assert!(cached.contains("immutable"), "{cached}");
    let policy = picture.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    assert!(!policy.contains("script"), "{policy}");

    let (_, css) = page
        .split_once("href=\"/shop/theme.css?")
        .expect("a stylesheet");
    let query = css.split('"').next().expect("a closing quote");
    for (url, is_kept) in [
        (format!("/shop/theme.css?{query}"), true),
        ("/shop/theme.css".to_owned(), false),
        ("/shop/theme.css?v=another".to_owned(), false),
    ] {
        let css = client.get(&url).await;
        assert_eq!(
            css.header("content-type"),
            Some("text/css; charset=utf-8"),
            "{url}"
        );
        assert!(css.text().contains("--accent: #ffd400;"), "{}", css.text());
        assert!(css.text().contains("--stage: #cfe3ff;"), "{}", css.text());
        let cached = css.header("cache-control").unwrap_or_default();
        assert_eq!(cached.contains("immutable"), is_kept, "{url}: {cached}");
    }
}

#[tokio::test]
async fn a_shop_that_says_nothing_has_the_pages_own_look() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let page = client.get("/").await.text();
    assert!(
        page.contains("&quot;shopName&quot;:&quot;Flash sale&quot;"),
        "{page}"
    );
    assert!(page.contains("<html lang=\"en\">"), "{page}");
    assert!(!page.contains("/shop/"), "{page}");
    assert!(!page.contains("<!-- flashsale"), "{page}");
}

#[tokio::test]
async fn the_entry_is_another_with_another_look() {
    let server = TestServer::setup().start().await;
    let tag = server.ask(&Request::get("/")).await;
    let tag = tag.header("etag").expect("an ETag").to_owned();
    let (setup, _) = server.stop().await;
    let server = setup.env("SHOP_NAME", "Alba").start().await;
    let known = Request::get("/").header("if-none-match", &tag);
    assert_eq!(server.ask(&known).await.status, 200);
}

#[tokio::test]
async fn a_look_that_cannot_be_is_refused_in_a_sentence() {
    let home = Home::new();
    let large = [PNG, &vec![0; 2 * 1024 * 1024]].concat();
    let large = file(&home, "large.png", large).display().to_string();
    let gif = file(&home, "picture.png", b"GIF89a").display().to_string();
    let empty = file(&home, "empty.svg", b"").display().to_string();
    let folder = home.path().display().to_string();
    let missing = home.path().join("missing.png").display().to_string();
    let refused = [
        ("PRODUCT_PICTURE", &*large, "2 MiB"),
        ("PRODUCT_PICTURE", &gif, "SVG, PNG, JPEG, WebP or AVIF"),
        ("PRODUCT_PICTURE", &empty, "SVG, PNG, JPEG, WebP or AVIF"),
        ("PRODUCT_PICTURE", &folder, "directory"),
        ("PRODUCT_PICTURE", &missing, "No such file"),
        ("PRODUCT_PICTURE", "/dev/zero", "2 MiB"),
        ("SHOP_STAGE", "#808080", "lighter"),
        ("SHOP_STAGE_DARK", "#808080", "darker"),
        ("SHOP_ACCENT", "red", "six hexadecimal digits"),
        ("SHOP_ACCENT_DARK", "#12345", "six hexadecimal digits"),
        ("SHOP_LANGUAGE", "fr", "en, de"),
        ("SHOP_NAME", " ", "write something"),
        ("PRODUCT_NAME", "two\nlines", "one line"),
    ];
    for (name, value, told) in refused {
        let exit = TestServer::setup().env(name, value).refused().await;
        assert_eq!(exit.code, Some(2), "{name}={value}: {exit:?}");
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        let named = exit.stderr.contains(name) || exit.stderr.contains(&flag);
        assert!(
            named && exit.stderr.contains(told),
            "{name}={value}: {}",
            exit.stderr
        );
        assert!(!exit.stderr.contains("panicked"), "{}", exit.stderr);
    }
}
