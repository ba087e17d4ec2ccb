//! What an official release of Claude Code is, and how it is verified: a manifest that names every binary by its
//! digest, and a detached OpenPGP signature of the manifest. Pure: who downloads and who keeps files is elsewhere.

mod digest;
mod intake;
mod key;
mod manifest;
mod signature;
mod version;

pub use digest::{Digest, Hasher, NotADigest};
pub use intake::{Fault, Intake};
pub use key::{BadKey, Fingerprint, Key};
pub use manifest::{BadManifest, Binary, Manifest};
pub use signature::{BadSignature, Signer};
pub use version::{NotAVersion, Version};

/// No binary is larger: a manifest that says otherwise is wrong.
pub const LARGEST_BINARY: u64 = 1 << 30;
/// Nor is a manifest, a signature or a key.
pub const LARGEST_DOCUMENT: usize = 1 << 20;
