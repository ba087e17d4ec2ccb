//! Readers of one file: fast ones that read it to its end, and slow ones that hold on.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use tokio_rustls::TlsConnector;

use crate::{READERS, SLOW_READERS, process::Process};

/// What a reader takes at a time.
const BUFFER: usize = 256 << 10;
/// A slow one takes this much, and rests.
const SIP: usize = 16 << 10;
const REST: Duration = Duration::from_millis(250);
/// How often the server's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is read, and from whom.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    /// So much of its beginning.
    pub bytes: usize,
    /// None in the clear.
    pub tls: Option<Arc<ClientConfig>>,
}

/// A connection, in the clear or over TLS.
trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

pub struct Outcome {
    pub bytes: f64,
    pub took: Duration,
    /// The most that the server held, in kilobytes.
    pub memory: u64,
}

/// Everybody reads at once; it is over when the last of the fast ones has read everything.
pub async fn run(target: &Target, server: &Process) -> Result<Outcome> {
    let (mut slow, mut fast) = (JoinSet::new(), JoinSet::new());
    for _ in 0..SLOW_READERS {
        let target = target.clone();
        slow.spawn(async move { sip(&target).await });
    }
    let began = Instant::now();
    for _ in 0..READERS {
        let target = target.clone();
        fast.spawn(async move { download(&target).await });
    }
    let (mut bytes, mut memory) = (0, server.memory());
    loop {
        tokio::select! {
            read = fast.join_next() => match read {
                Some(read) => {
                    let read = read?.unwrap_or_default();
                    ensure!(read >= target.bytes, "a download ended after {read} bytes");
                    bytes += read;
                }
                None => break,
            },
            () = sleep(LOOK_EVERY) => memory = memory.max(server.memory()),
        }
    }
    let megabytes = u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX);
    Ok(Outcome { bytes: f64::from(megabytes) * 1e6, took: began.elapsed(), memory })
}

/// Reads a whole answer and says how many bytes it had. None if there was none.
pub async fn download(target: &Target) -> Option<usize> {
    let mut socket = ask(target).await?;
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        match socket.read(&mut buffer).await {
            // nginx says nothing before it closes a TLS connection: how much came is what counts.
            Ok(0) | Err(_) => return Some(bytes),
            Ok(read) => bytes += read,
        }
    }
}

async fn sip(target: &Target) -> Option<()> {
    let mut socket = ask(target).await?;
    let mut buffer = vec![0; SIP];
    loop {
        socket.read_exact(&mut buffer).await.ok()?;
        sleep(REST).await;
    }
}

async fn ask(target: &Target) -> Option<Box<dyn Socket>> {
    let Target { address, path, bytes, tls } = target;
    let tcp = TcpStream::connect(address).await.ok()?;
    let mut socket: Box<dyn Socket> = match tls.clone() {
        None => Box::new(tcp),
        Some(config) => {
            let name = ServerName::try_from("localhost").ok()?;
            Box::new(TlsConnector::from(config).connect(name, tcp).await.ok()?)
        }
    };
    let range = format!("range: bytes=0-{}", bytes - 1);
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{range}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.ok()?;
    Some(socket)
}
