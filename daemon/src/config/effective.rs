//! The configuration as it took effect: each value, and where it came from. Secrets are masked.

use std::fmt::Write;

use serde_json::json;

use super::{Reading, Setting};

impl Reading {
    /// As TOML that could be read back, with each value's origin in a comment.
    pub fn as_toml(&self) -> String {
        let mut text = String::new();
        for (section, settings) in by_section(&self.settings) {
            if !section.is_empty() {
                let _ = writeln!(text, "\n[{section}]");
            }
            for setting in settings {
                line(&mut text, setting);
            }
        }
        text
    }

    /// As one JSON object: key → value and origin.
    pub fn as_json(&self) -> serde_json::Value {
        self.settings.iter().map(|setting| (setting.key.to_owned(), entry(setting))).collect()
    }
}

/// Sections in the order of their first key, each with all of its keys: TOML opens a section once.
fn by_section(settings: &[Setting]) -> Vec<(&str, Vec<&Setting>)> {
    let mut sections: Vec<(&str, Vec<&Setting>)> = Vec::new();
    for setting in settings {
        let name = setting.key.rsplit_once('.').map_or("", |(section, _)| section);
        match sections.iter_mut().find(|(section, _)| *section == name) {
            Some((_, keys)) => keys.push(setting),
            None => sections.push((name, vec![setting])),
        }
    }
    sections
}

fn line(text: &mut String, setting: &Setting) {
    let name = setting.key.rsplit_once('.').map_or(setting.key, |(_, name)| name);
    let _ = match &setting.value {
        Some(value) => writeln!(text, "{name} = {value}  # {}", setting.origin),
        None => writeln!(text, "# {name} is not set"),
    };
}

fn entry(setting: &Setting) -> serde_json::Value {
    let origin = setting.value.as_ref().map(|_| setting.origin.to_string());
    json!({ "value": setting.value, "origin": origin })
}
