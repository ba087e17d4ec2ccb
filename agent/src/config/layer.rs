//! One source of settings, and how sources lie over each other.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{Problem, Setting, Values};
use crate::os::Os;

/// The name of the file, in the user's folder and in the machine's.
pub const FILE: &str = "claude-agent.json";
/// Nobody writes longer settings.
const LARGEST: u64 = 64 * 1024;

/// Who set something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    CommandLine,
    Environment,
    File(PathBuf),
}

impl Origin {
    pub(super) fn place(&self, setting: Setting) -> String {
        match self {
            Self::CommandLine => format!("`--{}`", setting.key().replace('_', "-")),
            Self::Environment => format!("`{setting}`"),
            Self::File(path) => format!("`{}` in `{}`", setting.key(), path.display()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment => f.write_str("environment"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) values: Values,
}

/// The user's settings.
pub fn user_file(os: &dyn Os) -> Option<PathBuf> {
    Some(os.home()?.join(".claude").join(FILE))
}

/// The settings of all users of the machine.
pub fn machine_file(os: &dyn Os) -> PathBuf {
    os.managed_dir().join(FILE)
}

/// Settings as a file says them.
pub fn text(values: &Values) -> String {
    let map: Map<String, Value> =
        values.iter().map(|(setting, value)| (setting.key(), value.as_str().into())).collect();
    format!("{:#}\n", Value::Object(map))
}

/// What a file says. One that is not there says nothing.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<Layer> {
    let mut wrong = |what: String| problems.push(Problem { place: format!("`{}`", path.display()), what });
    let text = match content(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            wrong(format!("can't be read: {error}"));
            return None;
        }
    };
    let object: Map<String, Value> = match serde_json::from_str(&text) {
        Ok(object) => object,
        Err(error) => {
            wrong(format!("is no JSON object: {error}"));
            return None;
        }
    };
    let mut values = Values::new();
    for (key, value) in object {
        match (Setting::ALL.into_iter().find(|setting| setting.key() == key), value) {
            (Some(setting), Value::String(value)) => {
                values.insert(setting, value);
            }
            (Some(_), _) => wrong(format!("`{key}` is no text")),
            (None, _) => wrong(format!("there is no setting `{key}`")),
        }
    }
    Some(Layer { origin: Origin::File(path.to_owned()), values })
}

fn content(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(path)
}

/// The first layer that says something about a setting decides. An empty value says nothing.
pub(super) fn merge(layers: Vec<Layer>) -> BTreeMap<Setting, (String, Origin)> {
    let mut merged = BTreeMap::new();
    for Layer { origin, values } in layers {
        for (setting, value) in values {
            let value = value.trim().to_owned();
            if !value.is_empty() {
                merged.entry(setting).or_insert((value, origin.clone()));
            }
        }
    }
    merged
}
