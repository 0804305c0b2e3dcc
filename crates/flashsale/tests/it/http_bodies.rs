//! Bodies that are too long, of the wrong type, or nonsense.

use crate::support::client::Answer;
use crate::support::contract::assert_error;
use crate::support::http::{Connection, Request};
use crate::support::server::TestServer;

const BODY_BYTES_MAX: usize = 16 * 1024;

/// A body of that length which would be a good one if it were short enough.
fn padded(user: &str, length: usize) -> Vec<u8> {
    let mut body = format!("{{\"userId\":\"{user}\"}}").into_bytes();
    body.resize(length, b' ');
    body
}

/// The same request, its body cut into chunks of that many bytes.
fn chunked(request: &Request, body: &[u8], chunk: usize) -> Request {
    let mut framed = Vec::new();
    for part in body.chunks(chunk) {
        framed.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        framed.extend_from_slice(part);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    request
        .clone()
        .header("transfer-encoding", "chunked")
        .body(framed)
}

#[tokio::test]
async fn row_33_a_body_at_the_limit_is_read() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let door = client.door().clone();
    let whole = door.purchase_body(padded("whole", BODY_BYTES_MAX));
    Answer::of(&client.send(&whole).await.expect("an answer")).purchased();
    for (user, chunk) in [
        ("chunk-1", 1),
        ("chunk-1000", 1_000),
        ("chunk-all", BODY_BYTES_MAX),
    ] {
        let body = padded(user, BODY_BYTES_MAX);
        let request = chunked(&door.purchase(user), &body, chunk);
        Answer::of(&client.send(&request).await.expect("an answer")).purchased();
    }
}

/// Told that it is too much, also while it is still being sent: the server need not take the rest.
async fn assert_too_large(server: &TestServer, request: &Request) {
    let mut connection = Connection::open(server.address())
        .await
        .expect("a connection");
    // It fails when the server has closed already. The answer came before that.
    drop(connection.write(&request.bytes("localhost")).await);
    let response = connection.answer(true).await.expect("an answer");
    assert_error(&response, 413, "payload_too_large", &[]);
}

#[tokio::test]
async fn row_33_a_body_over_the_limit_is_refused() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    for length in [BODY_BYTES_MAX + 1, 4 * BODY_BYTES_MAX, 64 * BODY_BYTES_MAX] {
        let body = padded("long", length);
        assert_too_large(&server, &door.purchase_body(body.clone())).await;
        for chunk in [1_000, length] {
            assert_too_large(&server, &chunked(&door.purchase("long"), &body, chunk)).await;
        }
    }
    assert_eq!(server.client().await.lookup("long").await, None);
}

/// The answer comes as soon as the limit is passed, however much is still announced.
#[tokio::test]
async fn row_33_an_endless_body_is_not_waited_for() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    let body = padded("long", BODY_BYTES_MAX + 1);
    let announced = door
        .purchase_body(body.clone())
        .header("content-length", "1000000000000");
    assert_too_large(&server, &announced).await;
    let request = door.purchase("long").header("transfer-encoding", "chunked");
    assert_too_large(
        &server,
        &request.body([b"ffffffff\r\n".to_vec(), body].concat()),
    )
    .await;
}

#[tokio::test]
async fn row_34_only_json_in_utf_8_is_read() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let request = client.door().purchase("ada").without("content-type");
    let refused = [
        "",
        "application",
        "application/",
        "text/plain",
        "text/plain; charset=utf-8",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/x-json",
        "application/problem+json",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "text/plain, application/json",
        "*/*",
    ];
    for kind in refused {
        let response = client
            .send(&request.clone().header("content-type", kind))
            .await;
        let response = response.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(response.status, 415, "{kind:?}: {}", response.text());
        assert_error(&response, 415, "unsupported_media_type", &[]);
    }
    let bytes = request
        .clone()
        .header("content-type", b"application/json; charset=\xe9");
    let twice = request.clone().header("content-type", "application/json");
    let twice = twice.header("content-type", "application/json");
    for odd in [request.clone(), bytes, twice] {
        let response = client.send(&odd).await.expect("an answer");
        assert_error(&response, 415, "unsupported_media_type", &[]);
    }
    for coding in ["gzip", "br", "deflate, gzip", "zstd"] {
        let coded = request.clone().header("content-type", "application/json");
        let response = client
            .send(&coded.header("content-encoding", coding))
            .await
            .expect("an answer");
        assert_error(&response, 415, "unsupported_media_type", &[]);
    }
    assert_eq!(client.status().await["sold"], 0);

    let accepted = [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json ; charset=UTF-8",
        "application/json; charset=\"utf-8\"",
    ];
    for (number, kind) in accepted.into_iter().enumerate() {
        let request = client
            .door()
            .purchase(&format!("typed-{number}"))
            .without("content-type");
        let response = client
            .send(&request.header("content-type", kind))
            .await
            .expect("an answer");
        assert_eq!(response.status, 200, "{kind:?}: {}", response.text());
    }
}

#[tokio::test]
async fn row_35_nonsense_is_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let door = client.door().clone();
    let (open, close) = ("[".repeat(8_000), "]".repeat(8_000));
    let malformed = [
        b"".to_vec(),
        b" ".to_vec(),
        b"{".to_vec(),
        b"}".to_vec(),
        b"null".to_vec(),
        b"true".to_vec(),
        b"1e999".to_vec(),
        b"\"ada\"".to_vec(),
        b"[]".to_vec(),
        b"[\"ada\"]".to_vec(),
        b"[{\"userId\":\"ada\"}]".to_vec(),
        b"userId=ada".to_vec(),
        b"{userId:\"ada\"}".to_vec(),
        b"{'userId':'ada'}".to_vec(),
        b"{\"userId\":\"ada\",}".to_vec(),
        b"{\"userId\":\"ada\"}{\"userId\":\"bob\"}".to_vec(),
        b"{\"userId\":\"ada\"} x".to_vec(),
        b"{\"userId\":\"ada\"".to_vec(),
        b"{\"userId\":\"ada".to_vec(),
        b"{\"userId\":\"\\ud800 lone\"}".to_vec(),
        b"{\"userId\":\"\\x41da\"}".to_vec(),
        b"{\"userId\":\"a\nda\"}".to_vec(),
        b"{\"userId\":\"\xff\xfe\xfd\"}".to_vec(),
        b"\xef\xbb\xbf{\"userId\":\"ada\"}".to_vec(),
        b"{\0\"userId\":\"ada\"}".to_vec(),
        b"{\"userId\":\"ada\"}\0".to_vec(),
        // The same member twice, also where the second is written differently.
        b"{\"userId\":\"ada\",\"userId\":\"ada\"}".to_vec(),
        b"{\"userId\":\"ada\",\"userId\":\"bob\"}".to_vec(),
        b"{\"userId\":\"ada\",\"user\\u0049d\":\"bob\"}".to_vec(),
        b"{\"userId\":null,\"userId\":\"ada\"}".to_vec(),
        open.clone().into_bytes(),
        format!("{open}{close}").into_bytes(),
        "{\"a\":".repeat(3_000).into_bytes(),
    ];
    for body in malformed {
        let text = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let response = client
            .send(&door.purchase_body(body))
            .await
            .expect("an answer");
        assert_eq!(response.status, 400, "{text}: {}", response.text());
        assert_error(&response, 400, "bad_request", &[]);
    }
    assert_eq!(client.status().await["sold"], 0);
}

#[tokio::test]
async fn row_35_a_user_id_of_another_type_is_refused() {
    let server = TestServer::setup().start().await;
    let mut client = server.client().await;
    let door = client.door().clone();
    let values = [
        "null",
        "true",
        "123456",
        "1e5",
        "-0.0",
        "[]",
        "[\"ada\"]",
        "{}",
        "{\"userId\":\"ada\"}",
        "\"\"",
    ];
    for value in values {
        let body = format!("{{\"userId\":{value}}}");
        let response = client
            .send(&door.purchase_body(body))
            .await
            .expect("an answer");
        assert_error(&response, 422, "invalid_user", &[]);
    }
    for body in [
        "{}",
        "{\"userid\":\"ada\"}",
        "{\"USERID\":\"ada\"}",
        "{\"user\":\"ada\"}",
    ] {
        let response = client
            .send(&door.purchase_body(body))
            .await
            .expect("an answer");
        assert_error(&response, 422, "invalid_user", &[]);
    }
    // Deep is either: what matters is that it costs nothing and says so.
    let deep = format!("{{\"userId\":{}1{}}}", "[".repeat(8_000), "]".repeat(8_000));
    let response = client
        .send(&door.purchase_body(deep))
        .await
        .expect("an answer");
    assert!(matches!(response.status, 400 | 422), "{}", response.text());
    assert_eq!(client.status().await["sold"], 0);

    // Members that this version does not know are passed over.
    let more = "{\"more\":[{\"userId\":\"eve\"}],\"userId\":\"a\\u0064a\",\"size\":\"XL\"}";
    Answer::of(
        &client
            .send(&door.purchase_body(more))
            .await
            .expect("an answer"),
    )
    .purchased();
    assert!(client.lookup("ada").await.is_some());
    assert_eq!(client.lookup("eve").await, None);
}

/// A body that ends before it should is no purchase, and the server goes on.
#[tokio::test]
async fn row_35_a_badly_framed_body_is_refused() {
    let server = TestServer::setup().start().await;
    let door = server.door().await;
    let base = door.purchase("ada").header("transfer-encoding", "chunked");
    let framings: [&[u8]; 4] = [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n",
        b"fffffffffffffffff\r\n{",
        b"2\r\n{}xx",
    ];
    for framing in framings {
        let request = base.clone().body(framing);
        let mut connection = Connection::open(server.address())
            .await
            .expect("a connection");
        let response = connection.send(&request).await.expect("an answer");
        assert_eq!(response.status, 400, "{framing:?}: {}", response.text());
    }
    let mut client = server.client().await;
    assert_eq!(client.status().await["sold"], 0);
    client.buy("ada").await.purchased();
}
