//! A folder of artifacts as `sallyport mirror` lays it out, signed by a key of its own.

use std::{fs, path::PathBuf};

use pgp::{
    composed::{DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    ser::Serialize,
    types::Password,
};
use rand::thread_rng;
use sallyportd::config;
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

    pub(crate) fn config(&self) -> config::Install {
        config::Install {
            artifacts_dir: self.path(""),
            key: Some(self.path("signer.key")),
            allow_unsigned: false,
        }
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
}

pub(crate) fn program(platform: Platform) -> &'static str {
    if platform.os() == Os::Windows { "claude.exe" } else { "claude" }
}

/// Where a release has its binary, from the folder and from the root of the server.
pub(crate) fn binary(version: &str, platform: Platform) -> String {
    format!("claude-code-releases/{version}/{platform}/{}", program(platform))
}
