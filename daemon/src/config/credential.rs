//! Credentials of the service manager: files that only the service can read, each named like the variable that it
//! stands for. Files of other names are not for us to understand.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    problem::{Origin, Problem},
    source,
    value::Value,
};

const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// What a file says.
#[derive(Debug)]
pub(super) struct Credential {
    path: PathBuf,
    text: String,
}

impl Credential {
    pub(super) fn value(&self, variable: &str) -> (Value, Origin) {
        let origin = Origin::Credential { path: self.path.clone(), variable: variable.to_owned() };
        (Value::Text(self.text.clone()), origin)
    }
}

/// Reads those that are named like a variable.
pub(super) fn read(
    environment: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Credential> {
    let Some(folder) = environment.get(FOLDER) else { return BTreeMap::new() };
    let entries = fs::read_dir(folder).map_err(|error| {
        let what = format!("the credentials in `{folder}` can't be read: {}", source::reason(&error));
        problems.push(Problem::new(
            None,
            what,
            "let the service manager set `CREDENTIALS_DIRECTORY`, or unset it",
        ));
    });
    let entries = entries.into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found = BTreeMap::new();
    for name in names.filter(|name| is_variable(name)) {
        let path = Path::new(folder).join(&name);
        match source::read(&path) {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                found.insert(name, Credential { path, text });
            }
            Err(bad) => problems.push(Problem::new(None, bad.what, bad.hint)),
        }
    }
    found
}

/// A path as it is written: `$CREDENTIALS_DIRECTORY/name` is a credential of that name, wherever the service manager
/// has put it. Without a folder it stays, and is not found under its name.
pub(super) fn located(environment: &BTreeMap<String, String>, text: &str) -> String {
    let name = text
        .strip_prefix('$')
        .and_then(|rest| rest.strip_prefix(FOLDER))
        .filter(|name| name.starts_with('/'));
    match (name, environment.get(FOLDER)) {
        (Some(name), Some(folder)) => format!("{folder}{name}"),
        _ => text.to_owned(),
    }
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
