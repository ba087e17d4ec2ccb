//! `sallyport mirror`: brings releases of Claude Code into the folder that the install server serves, and looks after
//! what is there. It needs no daemon.

mod history;
mod keep;
mod progress;
mod settings;

use std::path::Path;

use clap::{Args, Subcommand};
use shared::platform::Platform;

pub use self::settings::SettingsArgs;
use super::{CommandError, Console};
use crate::{
    clock,
    format::megabytes,
    mirror::{self, MirrorError, Order, Outcome, Progress, Wanted},
    output::{Fields, Style},
    value,
};

const EXAMPLES: &str = "\
Examples:
  sallyport mirror                                  what `latest` names, for every platform
  sallyport mirror --version stable --platform linux-x64 --platform win32-x64
  sallyport mirror verify
  sallyport mirror rollback --reason '2.1.330 hangs on macOS'
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
    /// List who changed what is kept or served, when and why, newest first
    History(history::HistoryArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// A version, or a channel: `latest`, `stable`
    #[arg(long, value_name = "VERSION", default_value = "latest")]
    version: Wanted,
    /// A platform; may be repeated [default: all of the release]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    downgrade: DowngradeArgs,
    #[command(flatten)]
    because: ReasonArgs,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct DowngradeArgs {
    /// Serve an older version than before
    #[arg(long)]
    allow_downgrade: bool,
}

#[derive(Debug, Args)]
struct ReasonArgs {
    /// Why: `sallyport mirror history` shows it
    #[arg(long, value_name = "TEXT", value_parser = value::reason)]
    reason: Option<String>,
}

impl MirrorArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self.action {
            None => self.run.run(console).await,
            Some(MirrorAction::Verify(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Rollback(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Export(arguments)) => arguments.run(console).await,
            Some(MirrorAction::Import(arguments)) => arguments.run(console).await,
            Some(MirrorAction::History(arguments)) => arguments.run(console),
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
        Ok(console.output.document(&outcome, |style| shown(&outcome, &order.output, style))?)
    }

    fn order(self) -> Result<Order, MirrorError> {
        Ok(Order {
            wanted: self.version,
            platforms: self.platforms.into_iter().collect(),
            allow_downgrade: self.downgrade.allow_downgrade,
            dry_run: self.dry_run,
            reason: self.because.reason,
            ..self.settings.settings().order()?
        })
    }
}

fn shown(outcome: &Outcome, folder: &Path, style: &Style) -> String {
    let Outcome { version, previous, platforms, present, fetched_bytes, changed, signer, removed, dry_run } =
        outcome;
    let list = |platforms: &[Platform]| {
        platforms.iter().map(|platform| platform.as_str()).collect::<Vec<_>>().join(" ")
    };
    let fetched = if *dry_run { "would fetch" } else { "fetched" };
    let removed = removed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Fields::default()
        .add("version", version.to_string())
        .add("folder", folder.display().to_string())
        .maybe("before", previous.as_ref().map(ToString::to_string))
        .add("signed by", signer.as_deref().unwrap_or("nobody: the signature was not checked"))
        .add("platforms", list(platforms))
        .maybe("there already", Some(list(present)).filter(|present| !present.is_empty()))
        .add(fetched, megabytes(*fetched_bytes))
        .maybe("published", (!dry_run && !changed).then_some("it was already"))
        .maybe("removed", Some(removed).filter(|removed| !removed.is_empty()))
        .render(style)
}
