//! A folder of artifacts as `sallyport mirror` lays it out, signed by a key of its own.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use pgp::{
    composed::{DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    ser::Serialize,
    types::{KeyDetails, Password},
};
use rand::thread_rng;
use sallyportd::config::Config;
use serde_json::json;
use shared::{
    platform::{Os, Platform},
    release::Digest,
};
use tempfile::TempDir;

pub(crate) struct Mirror {
    folder: TempDir,
    signer: SignedSecretKey,
}

impl Mirror {
    pub(crate) fn new() -> Self {
        let params = SecretKeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("Test <test@example.com>".into())
            .build()
            .unwrap();
        let mirror =
            Self { folder: tempfile::tempdir().unwrap(), signer: params.generate(thread_rng()).unwrap() };
        mirror.write("signer.key", &mirror.signer.to_public_key().to_bytes().unwrap());
        mirror
    }

    /// The fingerprint of its signer.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:X}", self.signer.fingerprint())
    }

    /// Makes a daemon serve this folder.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.install.artifacts_dir = self.path("");
        config.install.key = Some(self.path("signer.key"));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file in place, as a mirror does: whole.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let (path, new) = (self.path(name), self.path(".new"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&new, bytes).unwrap();
        fs::rename(new, path).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let (key, password) = (&self.signer.primary_key, Password::empty());
        let signed =
            DetachedSignature::sign_binary_data(thread_rng(), key, &password, HashAlgorithm::Sha256, bytes);
        signed.unwrap().to_bytes().unwrap()
    }

    /// Adds a release with these binaries.
    pub(crate) fn release(&self, version: &str, binaries: &[(Platform, &[u8])]) {
        for (platform, bytes) in binaries {
            self.write(&binary(version, *platform), bytes);
        }
        self.manifest(version, binaries);
    }

    /// Adds a signed manifest without binaries.
    pub(crate) fn manifest(&self, version: &str, binaries: &[(Platform, &[u8])]) {
        let platforms: serde_json::Map<_, _> = binaries
            .iter()
            .map(|(platform, bytes)| {
                let checksum = Digest::of(bytes).to_string();
                let binary =
                    json!({ "binary": program(*platform), "checksum": checksum, "size": bytes.len() });
                (platform.to_string(), binary)
            })
            .collect();
        let manifest = format!("{:#}\n", json!({ "version": version, "platforms": platforms }));
        self.write(&format!("claude-code-releases/{version}/manifest.json"), manifest.as_bytes());
        let signature = self.sign(manifest.as_bytes());
        self.write(&format!("claude-code-releases/{version}/manifest.json.sig"), &signature);
    }

    pub(crate) fn serve(&self, version: &str) {
        self.write("VERSION", format!("{version}\n").as_bytes());
    }

    /// Adds an agent, and its line in the list of digests.
    pub(crate) fn agent(&self, platform: Platform, bytes: &[u8]) {
        let name = if platform.os() == Os::Windows { "claude-agent.exe" } else { "claude-agent" };
        self.write(&format!("agent/{platform}/{name}"), bytes);
        let sums = fs::read_to_string(self.path("agent/SHA256SUMS")).unwrap_or_default();
        let sums = format!("{sums}{}  {platform}/{name}\n", Digest::of(bytes));
        self.write("agent/SHA256SUMS", sums.as_bytes());
    }

    /// Puts a link in place of a file.
    pub(crate) fn link(&self, name: &str, to: &str) {
        let _ = fs::remove_file(self.path(name));
        symlink(to, self.path(name)).unwrap();
    }
}

pub(crate) fn program(platform: Platform) -> &'static str {
    if platform.os() == Os::Windows { "claude.exe" } else { "claude" }
}

/// Where a release has its binary, from the folder and from the root of the server.
pub(crate) fn binary(version: &str, platform: Platform) -> String {
    format!("claude-code-releases/{version}/{platform}/{}", program(platform))
}
