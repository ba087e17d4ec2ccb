//! What is said once for every mirror: the options that the commands and the screens share.

use std::path::PathBuf;

use clap::Args;

use crate::mirror::{self, Settings, Signer};

/// Where, and by whose word.
#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub struct FolderArgs {
    /// The folder that the install server serves [default: `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR`, else `install_artifacts`]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub struct TrustArgs {
    /// The signer's public key, in place of Anthropic's (OpenPGP, armored or binary)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Take a manifest that nobody signed; the mirror's history records it
    #[arg(long, conflicts_with = "key")]
    insecure_skip_signature: bool,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub struct KeepArgs {
    /// Versions that stay; one that `VERSION` or a channel names always does [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

/// All that is the same whatever is mirrored.
#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub struct SettingsArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Where releases come from [default: `downloads.claude.ai/claude-code-releases`]
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// More certificate authorities, as a proxy may need (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Downloads at a time [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub jobs: Option<u8>,
}

impl SettingsArgs {
    pub fn settings(self) -> Settings {
        let usual = Settings::default();
        Settings {
            folder: self.folder.path(),
            source: self.source.unwrap_or(usual.source),
            authorities: self.ca_file,
            signer: self.folder.trust.signer(),
            keep: self.keep.keep.map_or(usual.keep, Into::into),
            jobs: self.jobs.map_or(usual.jobs, Into::into),
        }
    }
}

impl FolderArgs {
    pub fn path(&self) -> PathBuf {
        mirror::folder(self.output.clone())
    }
}

impl TrustArgs {
    pub fn signer(&self) -> Signer {
        match &self.key {
            _ if self.insecure_skip_signature => Signer::Nobody,
            Some(path) => Signer::Key(path.clone()),
            None => Signer::Official,
        }
    }
}
