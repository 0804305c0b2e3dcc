//! A network between client and server that fails as told.

mod acceptor;
mod relay;
mod requests;
mod rules;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use acceptor::Change;
use rules::{Cut, Mode, Shared, Trap};

/// A proxy on a free port of 127.0.0.1. What is told to it holds for connections that exist and for
/// new ones, from the moment at which the call returns. Dropping it closes all of them.
///
/// It keeps to what a real network does: a connection that has lost bytes never carries any again, so
/// an answer never meets the wrong request.
pub struct FaultProxy {
    shared: Arc<Shared>,
    acceptor: JoinHandle<()>,
    orders: mpsc::Sender<acceptor::Order>,
    address: SocketAddr,
    // Bound, but not listening, it keeps the port while new connections are refused.
    _holder: TcpSocket,
}

impl FaultProxy {
    /// A proxy that passes everything on to this address.
    pub async fn before(target: SocketAddr) -> Self {
        let holder = acceptor::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = holder.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::new(target));
        let (orders, queue) = mpsc::channel(1);
        let proxy = Self {
            acceptor: tokio::spawn(acceptor::run(address, Arc::clone(&shared), queue)),
            shared,
            orders,
            address,
            _holder: holder,
        };
        // Whoever has the proxy can connect to it.
        proxy.pass().await;
        proxy
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `redis://` and the address.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// How many connections have come so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections()
    }

    /// How many requests have been cut so far.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts()
    }

    /// Ends every fault. What was held comes through; a connection that has lost bytes stays silent.
    pub async fn pass(&self) {
        self.shared.set_trap(None);
        self.set(Mode::Pass).await;
    }

    /// Every byte takes this long, each way.
    pub async fn delay(&self, time: Duration) {
        self.set(Mode::Delay(time)).await;
    }

    /// Keeps every byte, each way, until the mode changes: a partition that heals, after which what was
    /// sent before still arrives.
    pub async fn hold(&self) {
        self.set(Mode::Hold).await;
    }

    /// Swallows every byte, each way. New connections are taken, and swallowed as well.
    pub async fn black_hole(&self) {
        self.set(Mode::BlackHole).await;
    }

    /// Requests come through, answers do not.
    pub async fn drop_answers(&self) {
        self.set(Mode::DropAnswers).await;
    }

    /// The connections that exist fall silent for good, and nobody hears of their end. New ones are
    /// refused until the mode changes.
    pub async fn half_open(&self) {
        self.order(Change {
            mode: Some(Mode::Refuse),
            silence: true,
            cut: false,
        })
        .await;
    }

    /// Cuts the connections that exist, and refuses new ones until the mode changes.
    pub async fn refuse(&self) {
        self.order(Change {
            mode: Some(Mode::Refuse),
            silence: false,
            cut: true,
        })
        .await;
    }

    /// Cuts the connections that exist now. The mode stays.
    pub async fn cut(&self) {
        self.order(Change {
            mode: None,
            silence: false,
            cut: true,
        })
        .await;
    }

    /// The next `times` requests are carried out, but instead of the answer the client gets the end of
    /// the connection. In a pipeline it also loses the answers to what it had sent before.
    pub fn cut_after_request(&self, times: u64) {
        self.cut_after_request_with(b"", times);
    }

    /// As [`cut_after_request`](Self::cut_after_request), but only requests that have these bytes in
    /// them, such as `FCALL`.
    pub fn cut_after_request_with(&self, needle: &[u8], times: u64) {
        self.shared
            .set_trap(Some(Trap::new(needle, times, Cut::After)));
    }

    /// The next `times` requests with these bytes in them do not reach the server: the client gets the
    /// end of the connection at once.
    pub fn cut_before_request_with(&self, needle: &[u8], times: u64) {
        self.shared
            .set_trap(Some(Trap::new(needle, times, Cut::Before)));
    }

    async fn set(&self, mode: Mode) {
        self.order(Change {
            mode: Some(mode),
            silence: false,
            cut: false,
        })
        .await;
    }

    /// Changes the rules, and waits until that is in force.
    async fn order(&self, change: Change) {
        let (done, in_force) = oneshot::channel();
        let sent = self.orders.send((change, done)).await;
        sent.expect("the acceptor lives as long as the proxy");
        in_force.await.expect("the acceptor answers");
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        // The connections are tasks of the acceptor's own, and end with it.
        self.acceptor.abort();
    }
}
