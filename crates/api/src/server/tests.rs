//! What reaches the site of a connection: the answers show it.

use axum::http::header::HOST;
use bytes::Bytes;
use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const LIMITS: Limits = Limits {
    connections_max: 10,
    header_timeout: Duration::from_secs(5),
    idle_timeout: Duration::from_secs(5),
    write_timeout: Duration::from_secs(5),
    shutdown_grace: Duration::from_secs(5),
};

/// Answers with the address that a request came from.
struct Echo;

impl Site for Echo {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        assert!(request.headers().contains_key(HOST));
        let text = Bytes::from(format!("<{peer}>"));
        Response::new(Body::Left(Full::new(text)))
    }
}

/// What a client hears that sends this from 127.0.0.1, and its own address.
async fn heard(trusted: &str, sent: &str) -> (String, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let entrance = Entrance {
        limits: LIMITS,
        tls: None,
        proxy_protocol: Some(ProxyProtocol {
            trusted: Arc::from([trusted.parse().unwrap()]),
        }),
    };
    let asking = async {
        let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let sent = format!("{sent}{request}");
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (shutdown, asked) = tokio::sync::oneshot::channel();
    let serving = serve(listener, Arc::new(Echo), entrance, async {
        drop(asked.await);
    });
    let asking = async {
        let answer = asking.await;
        shutdown.send(()).unwrap();
        answer
    };
    let ((), answer) = tokio::join!(serving, asking);
    (answer, client.local_addr().unwrap())
}

#[tokio::test]
async fn row_62_the_client_is_whom_a_trusted_proxy_names() {
    let header = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";
    let (answer, _) = heard("127.0.0.0/8", header).await;
    assert!(answer.ends_with("<192.0.2.7:4711>"), "{answer}");
    let (answer, own) = heard("127.0.0.0/8", "PROXY UNKNOWN\r\n").await;
    assert!(answer.ends_with(&format!("<{own}>")), "{answer}");
    let (answer, own) = heard("192.0.2.0/24", "").await;
    assert!(answer.ends_with(&format!("<{own}>")), "{answer}");
    let (answer, _) = heard("192.0.2.0/24", header).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
