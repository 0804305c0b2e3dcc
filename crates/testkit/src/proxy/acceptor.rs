//! Takes connections, and changes the rules between two of them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};

use super::relay;
use super::rules::{Mode, Shared};

/// How many clients may wait to be taken.
const BACKLOG: u32 = 1_024;

/// A change of the rules.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) mode: Option<Mode>,
    /// Whether the connections that exist now are silent from now on.
    pub(crate) silence: bool,
    /// Whether the connections that exist now are cut.
    pub(crate) cut: bool,
}

/// A change, and where its being in force is told.
pub(crate) type Order = (Change, oneshot::Sender<()>);

/// A socket that is bound here and does not listen. While none listens, several may be bound.
pub(crate) fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option of sockets");
    socket
        .bind(address)
        .unwrap_or_else(|error| panic!("cannot bind {address}: {error}"));
    socket
}

/// Runs until the proxy is dropped, and the connections' tasks with it.
pub(crate) async fn run(
    address: SocketAddr,
    shared: Arc<Shared>,
    mut orders: mpsc::Receiver<Order>,
) {
    let mut relays = JoinSet::new();
    let mut listener = Some(listen(address));
    loop {
        tokio::select! {
            client = accept(listener.as_ref()) => take(client, &shared, &mut relays),
            Some(_) = relays.join_next() => {}
            order = orders.recv() => {
                let Some((change, done)) = order else { return };
                // A client that has connected before the order is one that exists. The runtime may not
                // have heard of it yet.
                yield_now().await;
                while let Some(client) = waiting(listener.as_ref()).await {
                    take(client, &shared, &mut relays);
                }
                apply(&change, &shared);
                let refuses = shared.rules.borrow().mode == Mode::Refuse;
                listener = (!refuses).then(|| listener.unwrap_or_else(|| listen(address)));
                // Nobody waits for it when the test has been given up.
                let _ = done.send(());
            }
        }
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    bind(address)
        .listen(BACKLOG)
        .unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"))
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => {
            let (client, _) = listener.accept().await.expect("a connection is taken");
            client
        }
        None => std::future::pending().await,
    }
}

/// A client that is there already.
async fn waiting(listener: Option<&TcpListener>) -> Option<TcpStream> {
    tokio::select! {
        biased;
        client = accept(listener) => Some(client),
        () = std::future::ready(()) => None,
    }
}

fn take(client: TcpStream, shared: &Arc<Shared>, relays: &mut JoinSet<()>) {
    let number = shared.count();
    relays.spawn(relay::run(client, number, Arc::clone(shared)));
}

fn apply(change: &Change, shared: &Shared) {
    let connections = shared.connections();
    shared.rules.send_modify(|rules| {
        rules.mode = change.mode.unwrap_or(rules.mode);
        if change.silence {
            rules.silent = connections;
        }
        if change.cut {
            rules.cut = connections;
        }
    });
}
