//! What is done with releases that are kept: verify, roll back, export, import.

use std::path::PathBuf;

use clap::Args;
use shared::{platform::Platform, release::Version};

use super::{
    DowngradeArgs, ReasonArgs,
    progress::watched,
    settings::{FolderArgs, KeepArgs, SettingsArgs, TrustArgs},
};
use crate::{
    clock,
    command::{CommandError, Console},
    format::megabytes,
    mirror::{self, Exported, Order, Progress, RolledBack, Verified, VerifiedVersion, aside},
    output::{Cell, Column, Fields, Style, Table, Tone, sentence},
    value,
};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The folder [default: `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR`, else `install_artifacts`]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// A version that is kept [default: all, and what names them]
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// A version that is kept [default: the one that was served before]
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Why: `sallyport mirror history` shows it
    #[arg(long, value_name = "TEXT", value_parser = value::reason)]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    folder: FolderArgs,
    /// A version that is kept [default: the one that is served]
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// A platform; may be repeated [default: all that are there]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A file that `sallyport mirror export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    downgrade: DowngradeArgs,
    #[command(flatten)]
    because: ReasonArgs,
}

impl VerifyArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        let (trust, folder) = (self.trust.signer().trust()?, mirror::folder(self.folder));
        let (progress, only) = (Progress::default(), self.version);
        let work = progress.clone();
        let verifying = aside(move || mirror::verify(&folder, only.as_ref(), (&trust, clock::now()), &work));
        let verified = watched(verifying, &progress).await?;
        console.output.document(&verified, |style| verification(&verified, style))?;
        if verified.is_whole() { Ok(()) } else { Err(CommandError::MirrorBroken) }
    }
}

impl RollbackArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        console.may_change()?;
        let (trust, folder) = (self.folder.trust.signer().trust()?, self.folder.path());
        let (progress, to, reason) = (Progress::default(), self.version, self.reason);
        let work = progress.clone();
        let rolling =
            aside(move || mirror::rollback(&folder, to.as_ref(), (&trust, clock::now()), &reason, &work));
        let back = watched(rolling, &progress).await?;
        let RolledBack { from, to } = &back;
        let told = if from == to {
            format!("{to} was served before, and is")
        } else {
            format!("{to} is served again, in place of {from}")
        };
        Ok(console.output.document(&back, |_| sentence(&told))?)
    }
}

impl ExportArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        let Self { file, folder, version, platforms } = self;
        let settings = SettingsArgs { folder, ..SettingsArgs::default() }.settings();
        let order = Order { platforms: platforms.into_iter().collect(), ..settings.order()? };
        let progress = Progress::default();
        let work = progress.clone();
        let exporting = aside(move || mirror::export(&order, version.as_ref(), &file, (clock::now(), &work)));
        let exported = watched(exporting, &progress).await?;
        Ok(console.output.document(&exported, |style| export(&exported, style))?)
    }
}

impl ImportArgs {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        console.may_change()?;
        let Self { file, folder, keep, downgrade, because: ReasonArgs { reason } } = self;
        let settings = SettingsArgs { folder, keep, ..SettingsArgs::default() }.settings();
        let order = Order { allow_downgrade: downgrade.allow_downgrade, reason, ..settings.order()? };
        let (progress, folder) = (Progress::default(), order.output.clone());
        let work = progress.clone();
        let importing = aside(move || mirror::import(&order, &file, clock::now(), &work));
        let outcome = watched(importing, &progress).await?;
        Ok(console.output.document(&outcome, |style| super::shown(&outcome, &folder, style))?)
    }
}

fn verification(verified: &Verified, style: &Style) -> String {
    let Verified { served, versions, problems } = verified;
    if versions.is_empty() && problems.is_empty() {
        return sentence("there is no release yet");
    }
    let columns = [
        Column::text("VERSION"),
        Column::text("STATE"),
        Column::number("PLATFORMS"),
        Column::text("SIGNED BY").cut_to(16),
    ];
    let table = Table::new(columns).with(versions, |version| row(version, served.as_ref())).render(style);
    let of_versions = versions.iter().flat_map(|version| {
        version.problems.iter().map(move |problem| format!("{}: {problem}", version.version))
    });
    let lines = of_versions.chain(problems.iter().cloned()).map(|problem| sentence(&problem));
    table + &lines.collect::<String>()
}

fn row(version: &VerifiedVersion, served: Option<&Version>) -> Vec<Cell> {
    let state = match (version.problems.is_empty(), served == Some(&version.version)) {
        (false, _) => Cell::new("broken", Tone::Bad),
        (true, true) => Cell::new("served", Tone::Good),
        (true, false) => Cell::new("whole", Tone::Plain),
    };
    let signer = version.signer.as_deref().unwrap_or("nobody");
    vec![version.version.to_string().into(), state, version.platforms.len().to_string().into(), signer.into()]
}

fn export(exported: &Exported, style: &Style) -> String {
    Fields::default()
        .add("version", exported.version.to_string())
        .add(
            "platforms",
            exported.platforms.iter().map(|platform| platform.as_str()).collect::<Vec<_>>().join(" "),
        )
        .add("written", megabytes(exported.bytes))
        .render(style)
}
