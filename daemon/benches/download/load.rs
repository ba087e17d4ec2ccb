//! Readers of one file: fast ones that read it to its end, and slow ones that hold on.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{READERS, SIZE, SLOW_READERS, process::Process};

/// What a reader takes at a time.
const BUFFER: usize = 256 << 10;
/// A slow one takes this much, and rests.
const SIP: usize = 16 << 10;
const REST: Duration = Duration::from_millis(250);
/// How often the server's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub struct Outcome {
    pub bytes: f64,
    pub took: Duration,
    /// The most that the server held, in kilobytes.
    pub memory: u64,
}

/// Everybody reads at once; it is over when the last of the fast ones has read everything.
pub async fn run((address, path): (SocketAddr, String), server: &Process) -> Result<Outcome> {
    let (mut slow, mut fast) = (JoinSet::new(), JoinSet::new());
    for _ in 0..SLOW_READERS {
        let path = path.clone();
        slow.spawn(async move { sip(address, &path).await });
    }
    let began = Instant::now();
    for _ in 0..READERS {
        let path = path.clone();
        fast.spawn(async move { download(address, &path).await });
    }
    let (mut bytes, mut memory) = (0, server.memory());
    loop {
        tokio::select! {
            read = fast.join_next() => match read {
                Some(read) => {
                    let read = read?.unwrap_or_default();
                    ensure!(read >= SIZE, "a download ended after {read} bytes");
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
pub async fn download(address: SocketAddr, path: &str) -> Option<usize> {
    let mut socket = ask(address, path).await?;
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        match socket.read(&mut buffer).await.ok()? {
            0 => return Some(bytes),
            read => bytes += read,
        }
    }
}

async fn sip(address: SocketAddr, path: &str) -> Option<()> {
    let mut socket = ask(address, path).await?;
    let mut buffer = vec![0; SIP];
    loop {
        socket.read_exact(&mut buffer).await.ok()?;
        sleep(REST).await;
    }
}

async fn ask(address: SocketAddr, path: &str) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.ok()?;
    Some(socket)
}
