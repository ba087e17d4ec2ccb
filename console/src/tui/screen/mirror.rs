//! The install server's folder: which versions of Claude Code it holds, for which platforms, and which of them is
//! served; and the console's own work on it.

mod columns;
mod confirm;
mod detail;
mod panel;

use std::{collections::BTreeMap, time::Duration};

use shared::{release::Version, time::Timestamp};

use super::{Line, Reaction, Screen};
use crate::{
    mirror::{Kept, VerifiedVersion},
    tui::{
        action::Action,
        effect::{Answer, Failure, Finished, Folder, Job, Query},
        popup::Detail,
        table::{Column, List, Row, Sort, Table},
        theme::Look,
    },
};

/// A folder changes when somebody mirrors.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Mirror {
    table: Table<Release>,
    asked: Option<Timestamp>,
    folder: Option<Folder>,
    /// What was found when a version was verified last.
    checks: BTreeMap<Version, Checked>,
    /// What is wrong besides the versions themselves.
    problems: Vec<String>,
    /// What the last job was called, and why it failed, if it did.
    failed: Option<(String, Failure)>,
}

/// One version that is kept.
#[derive(Debug, Clone)]
struct Release {
    kept: Kept,
    checked: Option<Checked>,
    /// When a newer one was looked for; of the served one only.
    asked: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Checked {
    at: Timestamp,
    found: VerifiedVersion,
}

impl Default for Mirror {
    fn default() -> Self {
        let newest_first = Sort { column: columns::VERSION, is_descending: true };
        Self {
            table: Table::new(Some(newest_first)),
            asked: None,
            folder: None,
            checks: BTreeMap::new(),
            problems: Vec::new(),
            failed: None,
        }
    }
}

impl Row for Release {
    type Id = Version;

    fn id(&self) -> Version {
        self.kept.version.clone()
    }

    fn text(&self) -> Option<String> {
        Some(format!("{} {}", self.kept.version, columns::state(self).0))
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
        if let Answer::Mirror(folder) = answer {
            self.folder = Some(*folder);
            self.show();
        }
        Vec::new()
    }

    fn needs_daemon(&self) -> bool {
        false
    }

    fn act(&mut self, action: Action, _now: Timestamp) -> Option<Reaction> {
        match action {
            Action::StartMirror => Some(self.confirm_mirror()),
            Action::RollBack => Some(self.confirm_rollback()),
            Action::VerifyMirror => Some(Reaction::Start(Job::Verify(None))),
            Action::VerifyVersion => Some(match self.table.selected() {
                Some(release) => Reaction::Start(Job::Verify(Some(release.kept.version.clone()))),
                None => Reaction::Say("there is no version to verify".to_owned()),
            }),
            _ => None,
        }
    }

    fn finish(&mut self, job: &Job, result: &Result<Finished, Failure>, now: Timestamp) {
        self.failed = result.as_ref().err().map(|failure| (job.title(), failure.clone()));
        match result {
            Ok(Finished::Verified(verified)) => {
                for found in &verified.versions {
                    self.checks.insert(found.version.clone(), Checked { at: now, found: found.clone() });
                }
                self.problems.clone_from(&verified.problems);
            }
            // What was verified is another now.
            Ok(Finished::Mirrored(outcome)) => drop(self.checks.remove(&outcome.version)),
            Ok(Finished::RolledBack(_)) => self.problems.clear(),
            Err(_) => {}
        }
        self.show();
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        self.table.selected().map(|release| detail::detail(release, look))
    }

    fn note(&self) -> Option<String> {
        self.folder.as_ref().map(panel::note)
    }

    fn panel(&self, look: &Look) -> Vec<Line> {
        panel::panel(self, look)
    }

    fn empty(&self) -> &'static str {
        "there is no release yet: `m` brings one; `--output` or `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR` names another folder"
    }
}

impl Mirror {
    /// Brings what was found on the disk and what was found when it was verified together.
    fn show(&mut self) {
        let Some(folder) = &self.folder else { return };
        let releases = folder.survey.versions.iter().map(|kept| {
            let checked = self.checks.get(&kept.version).cloned();
            let asked = folder.survey.asked.filter(|_| kept.is_served);
            Release { kept: kept.clone(), checked, asked }
        });
        self.table.replace(releases.collect());
    }
}

#[cfg(test)]
mod tests;
