//! The settings that Claude Code reads, and the helper in them.

use std::{fs, path::Path};

use super::{Finding, Patient, Remedy};
use crate::{
    install,
    settings::{SettingsFile, edit, wanted::Wanted},
};

/// Members that are named one by one.
const SHOWN: usize = 3;
const MARK: &str = "\u{feff}";

pub(super) fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let managed = patient.os.managed_dir().join("managed-settings.json");
    let mut findings = vec![helper(patient)];
    if managed.exists() {
        findings.push(managed_file(patient, &managed));
    }
    findings.push(users_file(patient, managed.exists()));
    findings.extend(patient.os.outranking().into_iter().map(|source| {
        let hint = "ask your administrators: Claude Code reads that one and none of the files";
        Finding::problem("managed", format!("there are managed settings in {source}"), hint)
    }));
    findings
}

/// The program that prints tokens.
fn helper(patient: &Patient<'_>) -> Finding {
    let agent = &patient.place.agent;
    let system = patient.os.system_agent();
    match [agent, &system].into_iter().find(|path| patient.os.is_runnable(path)) {
        Some(path) => Finding::ok("helper", format!("the agent is at `{}`", path.display())),
        None => Finding::problem(
            "helper",
            format!("there is no agent at `{}`", agent.display()),
            "run `claude-agent install`",
        )
        .mended_by(Remedy::Install),
    }
}

/// Settings for all users. They win over the user's own.
fn managed_file(patient: &Patient<'_>, path: &Path) -> Finding {
    let file = match SettingsFile::read(path) {
        Ok(file) => file,
        Err(error) => {
            let finding = Finding::problem("managed", error.to_string(), "make it readable for everybody");
            return finding.mended_by(Remedy::Readable(path.to_owned()));
        }
    };
    content(patient, path, file.text().unwrap_or_default())
}

fn content(patient: &Patient<'_>, path: &Path, text: &str) -> Finding {
    let shown = path.display();
    let administrators = "run `claude-agent system install` as an administrator";
    if text.starts_with(MARK) {
        let what = format!("`{shown}` begins with a byte order mark, so Claude Code ignores it");
        return Finding::problem("managed", what, administrators).mended_by(Remedy::Unmark(path.to_owned()));
    }
    match value(text, "apiKeyHelper") {
        Err(error) => {
            Finding::problem("managed", format!("`{shown}` can't be read: {error}"), administrators)
        }
        Ok(Some(helper)) if names_a_program(patient, &helper) => {
            Finding::ok("managed", format!("`{shown}` is in force"))
        }
        Ok(Some(helper)) => {
            let what = format!("`{shown}` is in force, and there is no program behind its helper `{helper}`");
            Finding::problem("managed", what, administrators)
        }
        Ok(None) => Finding::problem(
            "managed",
            format!("`{shown}` names no helper, so nobody prints a token"),
            administrators,
        ),
    }
}

fn users_file(patient: &Patient<'_>, is_managed: bool) -> Finding {
    let path = &patient.place.settings;
    let shown = path.display();
    let mend = "run `claude-agent install`";
    let file = match SettingsFile::read(path) {
        Ok(file) => file,
        Err(error) => return Finding::problem("settings", error.to_string(), "mend or remove the file"),
    };
    let Some(around) = install::surroundings(patient.config, patient.place) else {
        return Finding::problem("settings", "it is not known where the gateway is", mend);
    };
    let text = file.text().unwrap_or_default();
    if text.starts_with(MARK) {
        let what = format!("`{shown}` begins with a byte order mark, so Claude Code ignores it");
        return Finding::problem("settings", what, mend).mended_by(Remedy::Install);
    }
    match file.holds(&around.wanted()) {
        Ok(true) => Finding::ok("settings", format!("`{shown}` says what it should")),
        Ok(false) if is_managed => Finding::ok("settings", "those for all users are in force"),
        Ok(false) => {
            let missing = named(&missing(text, &around.wanted()));
            let what = format!("`{shown}` does not say what it should of {missing}");
            Finding::problem("settings", what, mend).mended_by(Remedy::Install)
        }
        Err(error) => Finding::problem("settings", error.to_string(), "correct it there"),
    }
}

/// The first of them, and how many more there are.
fn named(members: &[String]) -> String {
    let shown = members.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match members.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Which members are not as they should be.
fn missing(text: &str, wanted: &[Wanted]) -> Vec<String> {
    let is_there = |one: &&Wanted| {
        let found = edit::get(text, &one.path).ok().flatten();
        found.is_none_or(|found| {
            serde_json::from_str::<serde_json::Value>(&found).ok().as_ref() != Some(&one.value)
        })
    };
    wanted.iter().filter(is_there).map(|one| format!("`{}`", one.path.join("."))).collect()
}

fn value(text: &str, name: &str) -> Result<Option<String>, serde_json::Error> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    Ok(value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned))
}

/// Whether the first word of a command is a program, as far as quotes let us see.
fn names_a_program(patient: &Patient<'_>, command: &str) -> bool {
    let quote = command.chars().next().filter(|first| ['\'', '"'].contains(first));
    let word = match quote {
        Some(quote) => command.split(quote).nth(1),
        None => command.split_whitespace().next(),
    };
    word.is_some_and(|word| patient.os.is_runnable(Path::new(word)) || fs::metadata(word).is_ok())
}
