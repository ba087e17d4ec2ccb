//! `sallyport mirror history`: who changed what a folder keeps and serves.

use std::path::PathBuf;

use clap::Args;
use shared::{api::admin::Page, time::Timestamp};

use crate::{
    command::{
        CommandError, Console,
        page::{self, Extent},
    },
    mirror::{self, Action, Entry},
    output::{self, Cell, Column, Table, Tone},
};

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// The folder [default: `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR`, else `install_artifacts`]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    extent: Extent,
}

impl HistoryArgs {
    pub(super) fn run(self, console: &mut Console) -> Result<(), CommandError> {
        let folder = mirror::folder(self.folder);
        let mut items = mirror::history(&folder)?;
        let most = self.extent.most();
        let next = (items.len() as u64 > most).then_some(most);
        items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        page::print(console, &Page { items, next }, "changes", |entries, _| table(entries))?;
        if let (true, Some(at)) = (console.output.is_for_people(), mirror::asked(&folder)?) {
            output::note(&format!("the source was asked last at {at}"));
        }
        Ok(())
    }
}

fn table(entries: &[Entry]) -> Table {
    let columns = [
        Column::text("AT"),
        Column::text("ACTION"),
        Column::text("VERSION"),
        Column::text("BEFORE").if_room(),
        Column::text("BY"),
        Column::text("REASON").cut_to(16),
    ];
    Table::new(columns).with(entries, row)
}

fn row(entry: &Entry) -> Vec<Cell> {
    let tone = if entry.action == Action::Rollback { Tone::Warn } else { Tone::Plain };
    vec![
        format!("{:#}", Timestamp::from_seconds(entry.at.seconds())).into(),
        Cell::new(entry.action.to_string(), tone),
        entry.version.to_string().into(),
        entry.before.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        entry.who().into(),
        entry.reason.as_deref().unwrap_or_default().into(),
    ]
}
