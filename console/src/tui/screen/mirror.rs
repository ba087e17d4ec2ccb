//! The install server's folder: which versions of Claude Code it holds, for which platforms, and which of them is served.

mod columns;
mod detail;

use std::time::Duration;

use shared::{api::admin::Event, release::Version, time::Timestamp};

use super::{Heard, Screen};
use crate::{
    mirror::Kept,
    tui::{
        effect::{Answer, Query},
        popup::Detail,
        table::{Column, List, Row, Sort, Table},
        theme::Look,
    },
};

/// A folder changes when somebody mirrors.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Mirror {
    table: Table<Kept>,
    asked: Option<Timestamp>,
    folder: String,
    served: Option<Version>,
}

impl Default for Mirror {
    fn default() -> Self {
        let newest_first = Sort { column: columns::VERSION, is_descending: true };
        Self { table: Table::new(Some(newest_first)), asked: None, folder: String::new(), served: None }
    }
}

impl Row for Kept {
    type Id = Version;

    fn id(&self) -> Version {
        self.version.clone()
    }

    fn text(&self) -> Option<String> {
        Some(format!("{} {}", self.version, columns::state(self).0))
    }

    fn columns() -> &'static [Column<Self>] {
        columns::COLUMNS
    }
}

impl Screen for Mirror {
    fn ask(&mut self, is_full: bool, now: Timestamp) -> Vec<Query> {
        if !is_full && self.asked.is_some_and(|asked| now.since(asked) < EVERY) {
            return Vec::new();
        }
        self.asked = Some(now);
        vec![Query::Mirror]
    }

    fn take(&mut self, _query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        if let Answer::Mirror(survey) = answer {
            self.folder = survey.folder.display().to_string();
            self.served = survey.served;
            self.table.replace(survey.versions);
        }
        Vec::new()
    }

    fn hear(&mut self, _event: &Event) -> Heard {
        Heard::Nothing
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        self.table.selected().map(|kept| detail::detail(kept, look))
    }

    fn note(&self) -> Option<String> {
        let served = self
            .served
            .as_ref()
            .map_or_else(|| "nothing is served".to_owned(), |it| format!("{it} is served"));
        Some(format!("{}, {served}", self.folder))
    }

    fn empty(&self) -> &'static str {
        "there is no release: `sallyport mirror` brings one; `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR` names another folder"
    }
}

#[cfg(test)]
mod tests;
