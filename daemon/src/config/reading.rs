//! One reading of all sources: the configuration, or everything that is wrong with it.

use std::path::PathBuf;

use super::{
    Config, Problems,
    document::Entry,
    problem::{Origin, Problem, nearest},
    reader::{Reader, Setting},
    section,
    source::{Given, Sources},
    value::Value,
};

/// Variables that begin like this are ours: one that we don't know is a slip.
const NAMESPACES: [&str; 10] = [
    "INTERNAL_",
    "OPENID_",
    "ENTRA_",
    "BEDROCK_",
    "SALLYPORT_",
    "AUTH_",
    "GATEWAY_",
    "INSTALL_",
    "LLM_GATEWAY_",
    "CLAUDE_CODE_INSTALL_",
];
/// Variables of the other two programs, which may share a `.env` with the daemon.
pub(super) const OTHER_PROGRAMS: [&str; 6] = [
    "AUTH_SERVER_URL",
    "INSTALL_SERVER_URL",
    "LLM_GATEWAY_URL",
    "CLAUDE_AGENT_PATH",
    "ENTRA_SCOPES",
    "SALLYPORT_SOCKET",
];

/// What the sources say.
#[derive(Debug)]
pub struct Reading {
    pub config: Result<Config, Problems>,
    /// The same, as far as it could be read: where a problem is, there is nothing of use.
    pub draft: Config,
    /// Odd, but working.
    pub warnings: Vec<Problem>,
    /// Every key that there is, as it was resolved.
    pub settings: Vec<Setting>,
}

impl Reading {
    pub fn of(given: &Given) -> Self {
        let (sources, problems) = Sources::read(given);
        let mut reader = Reader::new(sources, problems);
        let config = section::config(&mut reader);
        let unknown = unknown_keys(&reader).chain(unknown_variables(&reader)).collect::<Vec<_>>();
        let Reader { mut problems, warnings, settings, .. } = reader;
        problems.extend(unknown);
        problems.sort_by_key(place);
        let draft = config.clone();
        let config = if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) };
        Self { config, draft, warnings, settings }
    }
}

/// What stands nowhere first, then file by file and line by line.
fn place(problem: &Problem) -> (PathBuf, usize) {
    match &problem.origin {
        Some(Origin::File { path, line } | Origin::EnvFile { path, line, .. }) => (path.clone(), *line),
        _ => (PathBuf::new(), 0),
    }
}

fn unknown_keys(reader: &Reader) -> impl Iterator<Item = Problem> {
    let known = |key: &str| reader.settings.iter().any(|setting| holds(setting, key));
    let strays =
        reader.sources.file.iter().filter(move |(key, entry)| !known(key) && !is_section(reader, key, entry));
    let strays = strays.filter(|_| !reader.sources.is_broken);
    strays.map(|(key, entry)| {
        let hint = match nearest(key, reader.settings.iter().map(|setting| setting.key)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`sallyport.example.toml` lists every key".to_owned(),
        };
        Problem::new(Some(reader.sources.at_line(entry.line)), format!("there is no key `{key}`"), hint)
    })
}

/// Whether a key of the file belongs to a setting: the setting itself, a name in its table, or a table of its list.
fn holds(setting: &Setting, key: &str) -> bool {
    let has_names = setting.value.as_ref().is_some_and(|value| value.is_table() || value.is_array());
    setting.key == key || has_names && key.strip_prefix(setting.key).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether it is the heading of a section that has no keys yet.
fn is_section(reader: &Reader, key: &str, entry: &Entry) -> bool {
    let below = |setting: &Setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    entry.value == Value::Section && reader.settings.iter().any(below)
}

fn unknown_variables(reader: &Reader) -> impl Iterator<Item = Problem> {
    let known: Vec<&str> = reader
        .settings
        .iter()
        .flat_map(|setting| &setting.variables)
        .copied()
        .chain(OTHER_PROGRAMS)
        .collect();
    reader.sources.env_file.iter().filter_map(move |(name, assignment)| {
        let is_ours = NAMESPACES.iter().any(|prefix| name.starts_with(prefix));
        if !is_ours || known.contains(&name.as_str()) {
            return None;
        }
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`.env.example` lists every variable".to_owned(),
        };
        let origin = reader.sources.at_env_line(assignment.line, name);
        Some(Problem::new(Some(origin), format!("there is no variable `{name}`"), hint))
    })
}
