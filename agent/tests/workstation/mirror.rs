//! A small mirror: releases whose program is a script that says its version, signed by a key of its own.

use std::{fs, path::PathBuf};

use pgp::{
    composed::{DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    ser::Serialize,
    types::Password,
};
use rand::thread_rng;
use serde_json::json;
use shared::{
    platform::{Os, Platform},
    release::Digest,
};
use tempfile::TempDir;

pub(crate) struct Mirror {
    folder: TempDir,
    signer: SignedSecretKey,
    platform: Platform,
}

impl Mirror {
    pub(crate) fn new(platform: Platform) -> Self {
        let params = SecretKeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("Test <test@example.com>".into())
            .build()
            .unwrap();
        let signer = params.generate(thread_rng()).unwrap();
        let mirror = Self { folder: tempfile::tempdir().unwrap(), signer, platform };
        mirror.write("signer.key", &mirror.signer.to_public_key().to_bytes().unwrap());
        mirror
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

    /// Adds a release and serves it.
    pub(crate) fn release(&self, version: &str, program: &[u8]) {
        let folder = format!("claude-code-releases/{version}");
        let name = self.file_name("claude");
        self.write(&format!("{folder}/{}/{name}", self.platform), program);
        let checksum = Digest::of(program);
        let binary = json!({ "binary": name, "checksum": checksum, "size": program.len() });
        let manifest =
            json!({ "version": version, "platforms": { self.platform.as_str(): binary } }).to_string();
        self.write(&format!("{folder}/manifest.json"), manifest.as_bytes());
        self.write(&format!("{folder}/manifest.json.sig"), &self.sign(manifest.as_bytes()));
        self.write("VERSION", format!("{version}\n").as_bytes());
    }

    /// Adds the agent.
    pub(crate) fn agent(&self, program: &[u8]) {
        let path = format!("{}/{}", self.platform, self.file_name("claude-agent"));
        self.write(&format!("agent/{path}"), program);
        let sums = format!("{}  {path}\n", Digest::of(program));
        self.write("agent/SHA256SUMS", sums.as_bytes());
    }

    fn file_name(&self, program: &str) -> String {
        if self.platform.os() == Os::Windows { format!("{program}.exe") } else { program.to_owned() }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let (key, password) = (&self.signer.primary_key, Password::empty());
        let signed =
            DetachedSignature::sign_binary_data(thread_rng(), key, &password, HashAlgorithm::Sha256, bytes);
        signed.unwrap().to_bytes().unwrap()
    }
}

/// A program that says that it is this version of Claude Code.
pub(crate) fn program(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho '{version} (Claude Code)'\n").into_bytes()
}
