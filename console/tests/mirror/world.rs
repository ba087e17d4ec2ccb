//! A signer, a release and a server for it that does as it is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use pgp::{
    composed::{ArmorOptions, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    ser::Serialize,
    types::Password,
};
use rand::thread_rng;
use shared::{
    platform::Platform,
    release::{Digest, Key},
    time::Timestamp,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use sallyport::mirror::{self, Channel, MirrorError, Order, Outcome, Progress, Trust, Wanted};

/// Long after the keys of the tests are made.
pub(super) const NOW: Timestamp = Timestamp(2_000_000_000_000);

pub(super) struct Signer(SignedSecretKey);

impl Signer {
    pub(super) fn new() -> Self {
        let params = SecretKeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("Test <test@example.com>".into())
            .build()
            .unwrap();
        Self(params.generate(thread_rng()).unwrap())
    }

    pub(super) fn trust(&self) -> Trust {
        Trust::Key(Box::new(Key::parse(&self.public_key()).unwrap()))
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        self.0.to_public_key().to_bytes().unwrap()
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.signature(bytes).to_bytes().unwrap()
    }

    pub(super) fn sign_armored(&self, bytes: &[u8]) -> Vec<u8> {
        self.signature(bytes).to_armored_bytes(ArmorOptions::default()).unwrap()
    }

    fn signature(&self, bytes: &[u8]) -> DetachedSignature {
        let (key, password) = (&self.0.primary_key, Password::empty());
        DetachedSignature::sign_binary_data(thread_rng(), key, &password, HashAlgorithm::Sha256, bytes)
            .unwrap()
    }
}

/// What the server answers for one path.
#[derive(Clone)]
pub(super) enum Answer {
    Bytes(Bytes),
    /// Some bytes after others, that many answers may share.
    Joined(Bytes, Bytes),
    /// So many bytes, and the connection ends.
    Cut(Bytes, usize),
    /// The bytes, whatever range was asked for.
    Whole(Bytes),
    Status(u16),
    Redirect(String),
    Page(&'static str),
}

#[derive(Default)]
struct Shelf {
    answers: BTreeMap<String, Answer>,
    /// Paths that were asked for, with their ranges.
    log: Vec<String>,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shelf) = (listener.local_addr().unwrap(), Arc::<Mutex<Shelf>>::default());
        let (mut tasks, shared) = (JoinSet::new(), shelf.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, shelf, _tasks: tasks }
    }

    pub(super) fn put(&self, path: &str, answer: Answer) {
        self.shelf.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf.lock().unwrap().log)
    }
}

async fn serve(mut stream: TcpStream, shelf: Arc<Mutex<Shelf>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let path = head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
    let from = head.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok());
    let answer = {
        let mut shelf = shelf.lock().unwrap();
        let range = from.map(|from: usize| format!(" from {from}")).unwrap_or_default();
        shelf.log.push(format!("{path}{range}"));
        shelf.answers.get(&path).cloned().unwrap_or(Answer::Status(404))
    };
    let reply = reply(answer, from);
    let mut left = reply.sent;
    let _ = stream.write_all(reply.head.as_bytes()).await;
    for piece in reply.body {
        let piece = piece.slice(..piece.len().min(left));
        left -= piece.len();
        if stream.write_all(&piece).await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

struct Reply {
    head: String,
    body: Vec<Bytes>,
    /// Bytes of the body that are sent.
    sent: usize,
}

impl Reply {
    fn new(status: u16, headers: &str, body: Vec<Bytes>, sent: usize) -> Self {
        let length: usize = body.iter().map(Bytes::len).sum();
        let head =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n");
        Self { head, body, sent }
    }

    /// A file from some byte on.
    fn file(parts: Vec<Bytes>, from: Option<usize>, sent: usize) -> Self {
        let length: usize = parts.iter().map(Bytes::len).sum();
        let Some(from) = from else { return Self::new(200, "", parts, sent) };
        if from >= length {
            return Self::new(416, "", Vec::new(), 0);
        }
        let mut skip = from;
        let rest = parts.into_iter().map(|part| {
            let skipped = skip.min(part.len());
            skip -= skipped;
            part.slice(skipped..)
        });
        let range = format!("content-range: bytes {from}-{}/{length}\r\n", length - 1);
        Self::new(206, &range, rest.collect(), sent)
    }
}

fn reply(answer: Answer, from: Option<usize>) -> Reply {
    match answer {
        Answer::Bytes(bytes) => Reply::file(vec![bytes], from, usize::MAX),
        Answer::Joined(first, second) => Reply::file(vec![first, second], from, usize::MAX),
        Answer::Cut(bytes, sent) => Reply::file(vec![bytes], from, sent),
        Answer::Whole(bytes) => Reply::file(vec![bytes], None, usize::MAX),
        Answer::Status(status) => Reply::new(status, "", Vec::new(), 0),
        Answer::Redirect(to) => Reply::new(302, &format!("location: {to}\r\n"), Vec::new(), 0),
        Answer::Page(page) => Reply::new(200, "content-type: text/html\r\n", vec![page.into()], usize::MAX),
    }
}

pub(super) struct World {
    pub(super) signer: Signer,
    pub(super) server: Server,
    dir: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        Self { signer: Signer::new(), server: Server::start().await, dir: tempfile::tempdir().unwrap() }
    }

    /// A world whose server has a release for every platform, and names it as `latest`.
    pub(super) async fn with_release(version: &str) -> Self {
        let world = Self::new().await;
        world.release(version);
        world.channel("latest", version);
        world
    }

    pub(super) fn output(&self) -> PathBuf {
        self.dir.path().join("artifacts")
    }

    pub(super) fn channel(&self, channel: &str, version: &str) {
        self.server.put(channel, Answer::Bytes(format!("{version}\n").into()));
    }

    /// Publishes a release.
    pub(super) fn release(&self, version: &str) {
        for platform in Platform::ALL {
            let path = format!("{version}/{platform}/{}", file_name(platform));
            self.server.put(&path, Answer::Bytes(content(version, platform)));
        }
        self.sign(version, &manifest(version));
    }

    pub(super) fn sign(&self, version: &str, manifest: &str) {
        self.server.put(&format!("{version}/manifest.json"), Answer::Bytes(manifest.to_owned().into()));
        let signature = self.signer.sign(manifest.as_bytes());
        self.server.put(&format!("{version}/manifest.json.sig"), Answer::Bytes(signature.into()));
    }

    pub(super) fn order(&self) -> Order {
        Order {
            output: self.output(),
            wanted: Wanted::Channel(Channel::Latest),
            platforms: BTreeSet::new(),
            source: format!("http://{}", self.server.address),
            authorities: None,
            trust: self.signer.trust(),
            keep: None,
            jobs: 4,
            allow_downgrade: false,
            dry_run: false,
        }
    }

    pub(super) async fn mirror(&self, order: &Order) -> Result<Outcome, MirrorError> {
        mirror::run(order, &Progress::default(), NOW).await
    }

    pub(super) async fn refused(&self) -> String {
        self.mirror(&self.order()).await.unwrap_err().to_string()
    }

    pub(super) fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.output().join(path)).ok()
    }

    pub(super) fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path).unwrap_or_default()).unwrap()
    }

    /// Every file that is served or kept, without what belongs to the mirror itself.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.output(), &self.output(), &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != ".mirror" {
            collect(root, &path, files);
        } else if path.is_file() {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

pub(super) fn file_name(platform: Platform) -> &'static str {
    if platform.as_str().starts_with("win32") { "claude.exe" } else { "claude" }
}

/// A program of some 100 KB that is like no other.
pub(super) fn content(version: &str, platform: Platform) -> Bytes {
    let line = format!("\x7fELF {version} {platform} {}\n", Digest::of(platform.as_str().as_bytes()));
    line.repeat(1000).into()
}

pub(super) fn manifest(version: &str) -> String {
    manifest_of(version, |platform| {
        let content = content(version, platform);
        (Digest::of(&content), content.len())
    })
}

/// A manifest of binaries by digest and size.
pub(super) fn manifest_of(version: &str, binary: impl Fn(Platform) -> (Digest, usize)) -> String {
    let platforms = Platform::ALL.map(|platform| {
        let (checksum, size) = binary(platform);
        let binary = serde_json::json!({ "binary": file_name(platform), "checksum": checksum, "size": size });
        (platform.to_string(), binary)
    });
    let platforms: serde_json::Map<_, _> = platforms.into_iter().collect();
    serde_json::json!({ "version": version, "commit": "0fe0485", "platforms": platforms }).to_string()
}
