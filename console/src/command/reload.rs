//! `sallyport reload`.

use clap::Args;
use shared::api::admin::reload::{Change, Reloaded};

use super::{CommandError, Console, steer::Because};
use crate::output::{Cell, Column, Style, Table, Tone};

#[derive(Debug, Args)]
pub struct ReloadArgs {
    #[command(flatten)]
    because: Because,
}

pub(super) async fn run(console: &mut Console, arguments: &ReloadArgs) -> Result<(), CommandError> {
    console.may_change()?;
    let reloaded = console.client.reload(&arguments.because.reason).await?;
    Ok(console.output.document(&reloaded, |style| shown(&reloaded, style))?)
}

fn shown(reloaded: &Reloaded, style: &Style) -> String {
    let applied = reloaded.applied.iter().map(|change| (change, Cell::new("in use", Tone::Good)));
    let later =
        reloaded.needs_restart.iter().map(|change| (change, Cell::new("needs a restart", Tone::Warn)));
    let rows: Vec<(&Change, Cell)> = applied.chain(later).collect();
    if rows.is_empty() {
        return "nothing changed\n".to_owned();
    }
    let columns = [
        Column::text("KEY"),
        Column::text("STATE"),
        Column::text("OLD").cut_to(8),
        Column::text("NEW").cut_to(8),
    ];
    let row = |(change, state): &(&Change, Cell)| {
        let value = |value: &Option<String>| Cell::from(value.as_deref().unwrap_or("not set"));
        vec![change.key.as_str().into(), state.clone(), value(&change.old), value(&change.new)]
    };
    Table::new(columns).with(&rows, row).render(style)
}
