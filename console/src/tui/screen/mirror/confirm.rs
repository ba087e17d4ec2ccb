//! What a mirror or a rollback is about, and how far it reaches.

use std::collections::BTreeSet;

use shared::platform::Platform;

use super::Mirror;
use crate::{
    mirror::Kept,
    tui::{
        effect::Folder,
        format::many,
        popup::{Form, Plan},
        screen::Reaction,
        update::sentence,
    },
};

impl Mirror {
    pub(super) fn confirm_mirror(&self) -> Reaction {
        let Some(folder) = &self.folder else { return not_yet() };
        let signer = match &folder.signer {
            Ok(signer) => signer,
            Err(failure) => return Reaction::Say(sentence(failure)),
        };
        let kept = many(folder.keep as u64, "version");
        let reach = vec![
            format!("from {}", folder.source),
            format!("into {}", folder.survey.folder.display()),
            format!("signed by {signer}"),
            format!("served once verified; the newest {kept} and the channels' stay"),
        ];
        let plan = Plan::Mirror(platforms(folder));
        Reaction::Confirm(Box::new(Form::new(plan, "Mirror a release", reach)))
    }

    pub(super) fn confirm_rollback(&self) -> Reaction {
        let Some(folder) = &self.folder else { return not_yet() };
        let Some(to) = self.table.selected().map(|release| &release.kept) else {
            return Reaction::Say("there is no version to roll back to".to_owned());
        };
        let Some(from) = folder.survey.versions.iter().find(|kept| kept.is_served) else {
            return Reaction::Say("nothing is served yet, so that there is nothing to roll back".to_owned());
        };
        if to.is_served {
            return Reaction::Say(format!("{} is served already: select another version", to.version));
        }
        let title = format!("Roll back to {}", to.version);
        let plan = Plan::RollBack(to.version.clone());
        Reaction::Confirm(Box::new(Form::new(plan, title, reach(from, to))))
    }
}

fn not_yet() -> Reaction {
    Reaction::Say("the folder is not known yet".to_owned())
}

/// Those of the served version; all, if there is none.
fn platforms(folder: &Folder) -> BTreeSet<Platform> {
    let served = folder.survey.versions.iter().find(|kept| kept.is_served);
    let served: BTreeSet<Platform> = served.into_iter().flat_map(there).collect();
    if served.is_empty() { Platform::ALL.into() } else { served }
}

fn there(kept: &Kept) -> impl Iterator<Item = Platform> {
    kept.there().map(|binary| binary.platform)
}

fn reach(from: &Kept, to: &Kept) -> Vec<String> {
    let mut reach = vec![
        format!("workstations that install from now on get {}, not {}", to.version, from.version),
        format!("{} verified first; what is installed already stays", are(there(to).count())),
    ];
    if !from.channels.is_empty() {
        reach.push(format!("{} will name it, too", from.channels.join(" and ")));
    }
    let has: BTreeSet<Platform> = there(to).collect();
    let lost: Vec<&str> =
        there(from).filter(|platform| !has.contains(platform)).map(Platform::as_str).collect();
    if !lost.is_empty() {
        reach.push(format!("nothing is served any more for {}", lost.join(", ")));
    }
    reach
}

fn are(binaries: usize) -> String {
    if binaries == 1 { "its binary is".to_owned() } else { format!("its {binaries} binaries are") }
}
