//! `sallyport mirror`: brings releases of Claude Code into the folder that the install server serves, and looks after
//! what is there. It needs no daemon.

mod keep;
mod progress;

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, Subcommand};
use shared::platform::Platform;

use super::{CommandError, Console};
use crate::{
    clock,
    format::megabytes,
    mirror::{self, MirrorError, Order, Outcome, Progress, Signer, Wanted},
    output::{Fields, Style},
};

const SOURCE: &str = "https://downloads.claude.ai/claude-code-releases";
const EXAMPLES: &str = "\
Examples:
  sallyport mirror                                  what `latest` names, for every platform
  sallyport mirror --version stable --platform linux-x64 --platform win32-x64
  sallyport mirror verify
  sallyport mirror export release.tar               then, on a host without Internet:
  sallyport mirror import release.tar";

/// Bring a release of Claude Code into the install server's folder, verified
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct MirrorArgs {
    #[command(subcommand)]
    action: Option<MirrorAction>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum MirrorAction {
    /// Verify everything that is kept: signatures, digests, pointers
    Verify(keep::VerifyArgs),
    /// Serve the version again that was served before
    Rollback(keep::RollbackArgs),
    /// Write a version into one file, for hosts without Internet
    Export(keep::ExportArgs),
    /// Publish what such a file has, verified
    Import(keep::ImportArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// A version, or a channel: `latest`, `stable`
    #[arg(long, value_name = "VERSION", default_value = "latest")]
    version: Wanted,
    /// A platform; may be repeated [default: all of the release]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Where releases come from
    #[arg(long, value_name = "URL", default_value = SOURCE)]
    source: String,
    /// More certificate authorities, as a proxy may need (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    keeping: KeepArgs,
    /// Downloads at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Where, and by whose word.
#[derive(Debug, Args)]
struct FolderArgs {
    /// The folder that the install server serves [default: `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR`, else `install_artifacts`]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Debug, Args)]
struct TrustArgs {
    /// The signer's public key, in place of Anthropic's (OpenPGP, armored or binary)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Take a manifest that nobody signed; the mirror's history records it
    #[arg(long, conflicts_with = "key")]
    insecure_skip_signature: bool,
}

#[derive(Debug, Args)]
struct KeepArgs {
    /// Versions that stay; one that `VERSION` or a channel names always does
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    /// Serve an older version than before
    #[arg(long)]
    allow_downgrade: bool,
}

impl MirrorArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self.action {
            None => self.run.run(console).await,
            Some(MirrorAction::Verify(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Rollback(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Export(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Import(arguments)) => arguments.run(console).await,
        }
    }
}

impl RunArgs {
    async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        if !self.dry_run {
            console.may_change()?;
        }
        let (order, progress) = (self.order()?, Progress::default());
        let running = mirror::run(&order, &progress, clock::now());
        let outcome = progress::watched(running, &progress).await?;
        Ok(console.output.document(&outcome, |style| shown(&outcome, style))?)
    }

    fn order(self) -> Result<Order, MirrorError> {
        let order = order(&self.folder, Some(&self.keeping))?;
        Ok(Order {
            wanted: self.version,
            platforms: self.platforms.into_iter().collect(),
            source: self.source,
            authorities: self.ca_file,
            jobs: self.jobs.into(),
            dry_run: self.dry_run,
            ..order
        })
    }
}

/// What every action has in common.
fn order(folder: &FolderArgs, keeping: Option<&KeepArgs>) -> Result<Order, MirrorError> {
    Ok(Order {
        output: folder.path(),
        wanted: Wanted::Channel(mirror::Channel::Latest),
        platforms: BTreeSet::new(),
        source: SOURCE.to_owned(),
        authorities: None,
        trust: folder.trust.signer().trust()?,
        keep: keeping.map(|keeping| keeping.keep.into()),
        jobs: 1,
        allow_downgrade: keeping.is_some_and(|keeping| keeping.allow_downgrade),
        dry_run: false,
    })
}

impl FolderArgs {
    fn path(&self) -> PathBuf {
        mirror::folder(self.output.clone())
    }
}

impl TrustArgs {
    fn signer(&self) -> Signer {
        match &self.key {
            _ if self.insecure_skip_signature => Signer::Nobody,
            Some(path) => Signer::Key(path.clone()),
            None => Signer::Official,
        }
    }
}

fn shown(outcome: &Outcome, style: &Style) -> String {
    let Outcome { version, previous, platforms, present, fetched_bytes, signer, removed, dry_run } = outcome;
    let list = |platforms: &[Platform]| {
        platforms.iter().map(|platform| platform.as_str()).collect::<Vec<_>>().join(" ")
    };
    let fetched = if *dry_run { "would fetch" } else { "fetched" };
    let removed = removed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Fields::default()
        .add("version", version.to_string())
        .maybe("before", previous.as_ref().map(ToString::to_string))
        .add("signed by", signer.as_deref().unwrap_or("nobody: the signature was not checked"))
        .add("platforms", list(platforms))
        .maybe("there already", Some(list(present)).filter(|present| !present.is_empty()))
        .add(fetched, megabytes(*fetched_bytes))
        .maybe("removed", Some(removed).filter(|removed| !removed.is_empty()))
        .render(style)
}
