//! A peer that does on each connection what its script says.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, future},
};
use shared::time::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::super::*;
use super::config;

/// Gives other keys each time.
#[derive(Debug, Default)]
struct Numbered(AtomicUsize);

impl ProvideCredentials for Numbered {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = format!("KEY{}", self.0.fetch_add(1, Ordering::Relaxed));
        future::ProvideCredentials::ready(Ok(Credentials::new(key, "secret", None, None, "test")))
    }
}

/// A peer whose connections run `script`, each with its number.
pub(super) async fn peer<F, Fut>(tasks: &Tasks, script: F) -> (Bedrock, Arc<AtomicUsize>)
where
    F: Fn(TcpStream, usize) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let (count, inner) = (accepted.clone(), tasks.clone());
    tasks.spawn("peer", async move {
        while let Ok((stream, _)) = listener.accept().await {
            inner.spawn("script", script(stream, count.fetch_add(1, Ordering::SeqCst)));
        }
    });
    let config = config::Bedrock { endpoint: Some(endpoint), ..config() };
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let provider = SharedCredentialsProvider::new(Numbered::default());
    (bedrock(&config, provider, clock, tasks).await, accepted)
}

/// An upstream that signs with the keys of this provider.
pub(super) async fn bedrock(
    config: &config::Bedrock,
    provider: SharedCredentialsProvider,
    clock: Clock,
    tasks: &Tasks,
) -> Bedrock {
    let cache = Arc::new(CredentialCache::new(provider, &config.region, clock.clone()));
    let (kept, stop) = (cache.clone(), tasks.stopping());
    tasks.spawn("credentials", async move { kept.keep_fresh(stop).await });
    let auth = Auth::SigV4(cache);
    Bedrock {
        runtime: Upstream::new(endpoint::runtime(config).await.unwrap(), config, &mut None).unwrap(),
        control: Upstream::new(endpoint::control(config).await.unwrap(), config, &mut None).unwrap(),
        counter: count::Counter::new(config, &auth, chain::http_client(TrustStore::empty()), clock.clone()),
        auth,
        clock,
        pulse: Pulse::default(),
        first_byte_timeout: config.first_byte_timeout,
        idle_timeout: config.idle_timeout,
    }
}

/// Reads one request to its end.
pub(super) async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

pub(super) async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}
