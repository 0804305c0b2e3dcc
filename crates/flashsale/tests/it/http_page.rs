//! The files of the pages: that all are there, packed as the client likes, and for whom they are meant.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::client::Client;
use crate::support::contract::assert_common;
use crate::support::http::{Connection, Request, Response};
use crate::support::server::TestServer;

/// Where files lie whose names hold a hash of what is in them.
const ASSETS: &str = "/assets/";

#[tokio::test]
async fn every_file_that_a_page_refers_to_is_there() {
    let server = TestServer::setup().start().await;
    let pages = [
        (server.address(), "/"),
        (server.address(), "/api/docs"),
        (server.console().address, "/"),
    ];
    for (address, entry) in pages {
        let mut connection = Connection::open(address).await.expect("a connection");
        let mut known = BTreeSet::from([entry.to_owned()]);
        let mut unread = vec![entry.to_owned()];
        while let Some(path) = unread.pop() {
            let response = connection
                .send(&Request::get(&path))
                .await
                .expect("an answer");
            assert_eq!(response.status, 200, "{path}, from {entry}");
            assert_common(&response);
            assert!(!response.body.is_empty(), "{path}");
            let cached = response.header("cache-control").unwrap_or_default();
            assert_eq!(
                cached.contains("immutable"),
                path.starts_with(ASSETS),
                "{path}: {cached}"
            );
            let found = assets_in(&response.text());
            unread.extend(found.into_iter().filter(|path| known.insert(path.clone())));
        }
        let has = |kind| known.iter().any(|path| is_kind(path, kind));
        assert!(has("js") && has("css") && has("svg"), "{entry}: {known:?}");
    }
}

/// Each path in a text that begins as those of assets do. A script names some without the slash.
fn assets_in(text: &str) -> Vec<String> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let after = text.split("assets/").skip(1);
    after
        .map(|rest| rest.split(|c| !in_name(c)).next().unwrap_or_default())
        .filter(|name| name.contains('.'))
        .map(|name| format!("{ASSETS}{name}"))
        .collect()
}

fn is_kind(path: &str, kind: &str) -> bool {
    path.rsplit('.').next() == Some(kind)
}

async fn script(client: &mut Client) -> String {
    let page = client.get("/").await;
    let mut assets = assets_in(&page.text()).into_iter();
    assets.find(|path| is_kind(path, "js")).expect("a script")
}

async fn accepting(client: &mut Client, path: &str, accepted: &str) -> Response {
    let request = Request::get(path).header("accept-encoding", accepted);
    client.send(&request).await.expect("an answer")
}

/// What Node.js, which is not ours, makes of the packed bytes.
fn unpacked(name: &str, packed: &[u8]) -> Vec<u8> {
    let method = if name == "br" {
        "brotliDecompressSync"
    } else {
        "gunzipSync"
    };
    let program = format!("process.stdout.write(zlib.{method}(fs.readFileSync(0)))");
    let mut node = Command::new("node")
        .args(["-e", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js");
    let mut input = node.stdin.take().expect("a pipe");
    input.write_all(packed).expect("Node.js reads");
    drop(input);
    node.wait_with_output().expect("Node.js ends").stdout
}

#[tokio::test]
async fn files_come_packed_as_the_client_likes() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let path = script(&mut client).await;
    let plain = client.get(&path).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    let mut tags = BTreeSet::from([plain.header("etag").expect("an ETag").to_owned()]);
    for (accepted, name) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
    ] {
        let packed = accepting(&mut client, &path, accepted).await;
        assert_eq!(packed.header("content-encoding"), Some(name), "{accepted}");
        assert_eq!(packed.header("content-type"), plain.header("content-type"));
        assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
        assert!(packed.body.len() < plain.body.len() / 2, "{accepted}");
        assert!(
            unpacked(name, &packed.body) == plain.body,
            "{name} holds another file"
        );
        tags.insert(packed.header("etag").expect("an ETag").to_owned());
    }
    assert_eq!(tags.len(), 3, "each form has a tag of its own: {tags:?}");
    for accepted in [
        "",
        "identity",
        "deflate",
        "br;q=0, gzip;q=0",
        "*;q=0",
        "br;q=2",
    ] {
        let response = accepting(&mut client, &path, accepted).await;
        assert_eq!(response.status, 200, "{accepted}");
        assert_eq!(response.header("content-encoding"), None, "{accepted}");
        assert!(response.body == plain.body, "{accepted}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    for path in [
        "/".to_owned(),
        "/api/docs".to_owned(),
        script(&mut client).await,
    ] {
        for accepted in ["identity", "br"] {
            let first = accepting(&mut client, &path, accepted).await;
            let tag = first.header("etag").expect("an ETag").to_owned();
            let again = Request::get(&path)
                .header("accept-encoding", accepted)
                .header("if-none-match", format!("\"other\", W/{tag}"));
            let again = client.send(&again).await.expect("an answer");
            assert_eq!(
                (again.status, again.header("etag")),
                (304, Some(&*tag)),
                "{path}"
            );
            for name in ["cache-control", "vary"] {
                assert_eq!(again.header(name), first.header(name), "{path}: {name}");
            }
            let head = Request::new("HEAD", &path).header("accept-encoding", accepted);
            let head = client.send(&head).await.expect("an answer");
            for name in ["content-encoding", "content-length", "content-type", "etag"] {
                assert_eq!(head.header(name), first.header(name), "HEAD {path}: {name}");
            }
        }
    }
    let path = script(&mut client).await;
    let packed = accepting(&mut client, &path, "br").await;
    let tag = packed.header("etag").expect("an ETag");
    let plain = Request::get(&path).header("if-none-match", tag);
    let plain = client.send(&plain).await.expect("an answer");
    assert_eq!(
        plain.status, 200,
        "who knows the packed form does not know this one"
    );
}

#[tokio::test]
async fn buyers_get_neither_the_console_nor_a_second_name_for_a_file() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let packed = format!("{}.br", script(&mut client).await);
    let hidden = [
        "/console.html",
        "/console.html.br",
        "/console",
        "/api.html",
        "/index.html.gz",
        "/shop/theme.css",
        &packed,
    ];
    for path in hidden {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    let console = server.console().address;
    let mut connection = Connection::open(console).await.expect("a connection");
    for path in ["/index.html", "/api/docs", "/api/status", "/api.html"] {
        let response = connection
            .send(&Request::get(path))
            .await
            .expect("an answer");
        assert_eq!(response.status, 404, "{path} behind the counter");
    }
}

#[tokio::test]
async fn nothing_on_a_page_is_inline() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let pages = [
        ("/", client.get("/").await),
        ("/api/docs", client.get("/api/docs").await),
        (
            "the console",
            server.console().ask(&Request::get("/")).await,
        ),
    ];
    for (path, page) in pages {
        assert_eq!(page.status, 200, "{path}");
        // To the letter, so that nothing gets wider by accident.
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";
        assert_eq!(
            page.header("content-security-policy"),
            Some(policy),
            "{path}"
        );
        for (name, value) in [
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-site"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}: {name}");
        }
        let permissions = page.header("permissions-policy").expect("a policy");
        assert!(permissions.contains("camera=()"), "{permissions}");
        let text = page.text();
        for tag in text.split("<script").skip(1) {
            let (attributes, body) = tag.split_once('>').expect("a whole tag");
            assert!(attributes.contains(" src="), "{path}: <script{attributes}>");
            assert!(
                body.starts_with("</script>"),
                "{path}: <script{attributes}>"
            );
        }
        for inline in ["<style", " style=", " onload=", " onclick="] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
    }
}
