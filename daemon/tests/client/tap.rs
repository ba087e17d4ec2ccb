//! A wire between a client and the gateway that counts the requests that ask a model for an answer.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sallyportd::task::Tasks;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// A running tap.
pub struct Tap {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    _tasks: Tasks,
}

impl Tap {
    /// Passes everything on to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked, tasks) = (listener.local_addr().unwrap(), Arc::default(), Tasks::default());
        let (counter, owner) = (Arc::clone(&asked), tasks.clone());
        tasks.spawn("tap", async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(gateway) = TcpStream::connect(target).await else { return };
                let ((from_client, mut to_client), (mut from_gateway, to_gateway)) =
                    (client.into_split(), gateway.into_split());
                let counter = Arc::clone(&counter);
                owner.spawn("tap up", pass(from_client, to_gateway, counter));
                owner.spawn("tap down", async move {
                    let _ = tokio::io::copy(&mut from_gateway, &mut to_client).await;
                });
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests for an answer of a model that have passed.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Passes on what the client sends, and counts. A head always begins a read: the client waits for the answer to one
/// request before it sends the next.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: Arc<AtomicUsize>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if asks_a_model(&buffer[..read]) {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

fn asks_a_model(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.starts_with("POST /model/") || line.starts_with("POST /v1/messages")
}
