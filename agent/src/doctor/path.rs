//! Which `claude` runs when somebody types it.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Finding, Patient, Remedy};
use crate::package::Layout;

const INSTALL: &str = "run `claude-agent install`";

pub(super) fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let layout = patient.os.platform().and_then(|platform| Layout::of(patient.os, platform).ok());
    let Some(Layout { program, .. }) = layout else { return Vec::new() };
    let shown = program.display();
    let installed = if patient.os.is_runnable(&program) {
        Finding::ok("claude", format!("Claude Code is at `{shown}`"))
    } else {
        let what = format!("there is no Claude Code at `{shown}`");
        Finding::problem("claude", what, INSTALL).mended_by(Remedy::Program)
    };
    let paths = (patient.variable)("PATH").unwrap_or_default();
    vec![installed, first_on_path(patient, &program, &paths)]
}

pub(super) fn first_on_path(patient: &Patient<'_>, program: &Path, paths: &str) -> Finding {
    let Some(name) = program.file_name() else {
        return Finding::ok("path", "there is no `claude` to look for");
    };
    let found: Option<PathBuf> =
        env::split_paths(paths).map(|folder| folder.join(name)).find(|path| patient.os.is_runnable(path));
    let folder = program.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    match found {
        Some(found) if found == program => Finding::ok("path", format!("`claude` is `{}`", found.display())),
        Some(found) => {
            let what = format!("`claude` is `{}`, not the one that was installed", found.display());
            let hint = format!("remove it, or put `{folder}` in front of your PATH");
            Finding::problem("path", what, &hint)
        }
        None => {
            let is_listed = env::split_paths(paths).any(|entry| Some(entry.as_path()) == program.parent());
            let add = format!("add `{folder}` to your PATH");
            let hint = if is_listed { INSTALL } else { add.as_str() };
            Finding::problem("path", "there is no `claude` on your PATH", hint)
        }
    }
}
