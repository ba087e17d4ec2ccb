//! A signer, releases, and a folder to mirror them into.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use pgp::{
    composed::{ArmorOptions, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    ser::Serialize,
    types::Password,
};
use rand::thread_rng;
use sallyport::mirror::{self, Channel, MirrorError, Order, Outcome, Progress, Trust, Wanted};
use shared::{
    platform::Platform,
    release::{Digest, Key},
    time::Timestamp,
};
use tempfile::TempDir;

use crate::server::{Answer, Server};

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
            reason: None,
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
