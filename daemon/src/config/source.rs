//! Where values are looked for: options, environment, credentials, `.env`, `sallyport.toml`. What is read here is text; what
//! it means is decided by `section`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    credential::{self, Credential},
    document::{self, Entry},
    dotenv::{self, Assignment},
    problem::{Bad, Origin, Problem},
    value::Value,
};

/// Where the file is looked for when no option names one.
const FILES: [&str; 2] = ["sallyport.toml", "/etc/sallyport/sallyport.toml"];
const ENV_FILE: &str = ".env";

/// What the process was started with.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--config`; it must exist.
    pub config: Option<PathBuf>,
    /// `--env-file`; it must exist.
    pub env_file: Option<PathBuf>,
    /// Options that stand for a key: the key, the option's name, its value.
    pub flags: Vec<(&'static str, &'static str, String)>,
    pub environment: BTreeMap<String, String>,
    /// Where `sallyport.toml` and `.env` are looked for; empty is the working directory.
    pub directory: PathBuf,
    /// Where relative paths in them begin; empty is the working directory.
    pub base: PathBuf,
}

impl Given {
    /// The process's own environment and working directory. A value that is not Unicode is none of ours.
    pub fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { environment: std::env::vars_os().filter_map(text).collect(), ..Self::default() }
    }

    /// What the `.env` file sets, whoever it is for. A file that can't be read sets nothing here: reading the
    /// configuration reports it.
    pub fn env_file_variables(&self) -> Vec<(String, String)> {
        let text = self.read_env_file().ok().flatten().map(|(_, text)| text).unwrap_or_default();
        let variables = dotenv::parse(&text).variables;
        variables.into_iter().map(|(name, assignment)| (name, assignment.value)).collect()
    }

    /// The path of the `.env` file, and its text if there is one.
    pub(super) fn read_env_file(&self) -> Result<Option<(PathBuf, String)>, Bad> {
        match &self.env_file {
            Some(path) => read(path).map(|text| Some((path.clone(), text))),
            None => first_of(&[self.directory.join(ENV_FILE)]),
        }
    }

    fn read_config(&self) -> Result<Option<(PathBuf, String)>, Bad> {
        match &self.config {
            Some(path) => read(path).map(|text| Some((path.clone(), text))),
            None => first_of(&FILES.map(|file| self.directory.join(file))),
        }
    }
}

/// Everything that was found, not yet understood.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub base: PathBuf,
    pub flags: Vec<(&'static str, &'static str, String)>,
    pub environment: BTreeMap<String, String>,
    pub credentials: BTreeMap<String, Credential>,
    pub env_path: PathBuf,
    pub env_file: BTreeMap<String, Assignment>,
    pub path: PathBuf,
    pub file: BTreeMap<String, Entry>,
    /// The file could not be understood as a whole: what it lacks or has too much may be due to that.
    pub is_broken: bool,
}

impl Sources {
    /// Reads the files. What can't be read is a problem, and everything else goes on.
    pub fn read(given: &Given) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut found = Self {
            base: given.base.clone(),
            flags: given.flags.clone(),
            environment: given.environment.clone(),
            ..Self::default()
        };
        found.credentials = credential::read(&given.environment, &mut problems);
        match given.read_env_file() {
            Ok(file) => found.take_env_file(file, &mut problems),
            Err(bad) => problems.push(Problem::new(None, bad.what, bad.hint)),
        }
        match given.read_config() {
            Ok(file) => found.take_file(file, &mut problems),
            Err(bad) => problems.push(Problem::new(None, bad.what, bad.hint)),
        }
        (found, problems)
    }

    /// What an option says about a key.
    pub fn flag(&self, key: &str) -> Option<(Value, Origin)> {
        let (_, flag, text) = self.flags.iter().find(|(of, ..)| *of == key)?;
        Some((Value::Text(text.clone()), Origin::Flag(flag)))
    }

    /// What a variable says: the process's own, else the credential's, else the file's. An empty variable says nothing.
    pub fn variable(&self, name: &str) -> Option<(Value, Origin)> {
        let of_process = self.environment.get(name).filter(|text| !text.is_empty());
        let of_file = self.env_file.get(name).filter(|assignment| !assignment.value.is_empty());
        if let (None, Some(credential)) = (of_process, self.credentials.get(name)) {
            return Some(credential.value(name));
        }
        match (of_process, of_file) {
            // The same in both: the file is where someone wrote it.
            (Some(text), Some(assignment)) if *text != assignment.value => Some(from_process(name, text)),
            (_, Some(Assignment { value, line })) => {
                Some((Value::Text(value.clone()), self.at_env_line(*line, name)))
            }
            (Some(text), None) => Some(from_process(name, text)),
            (None, None) => None,
        }
    }

    /// What the configuration file says about a key.
    pub fn entry(&self, key: &str) -> Option<(Value, Origin)> {
        let entry = self.file.get(key)?;
        Some((entry.value.clone(), self.at_line(entry.line)))
    }

    /// Where a path leads, or several.
    pub fn placed(&self, paths: Value) -> Value {
        paths.placed(|path| self.base.join(credential::located(&self.environment, path)))
    }

    pub fn at_line(&self, line: usize) -> Origin {
        Origin::File { path: self.path.clone(), line }
    }

    pub fn at_env_line(&self, line: usize, variable: &str) -> Origin {
        Origin::EnvFile { path: self.env_path.clone(), line, variable: variable.to_owned() }
    }

    fn take_env_file(&mut self, file: Option<(PathBuf, String)>, problems: &mut Vec<Problem>) {
        let Some((path, text)) = file else { return };
        let parsed = dotenv::parse(&text);
        self.env_path = path;
        self.env_file = parsed.variables;
        problems
            .extend(parsed.problems.into_iter().map(|(line, bad)| placed(self.at_env_line(line, ""), bad)));
    }

    fn take_file(&mut self, file: Option<(PathBuf, String)>, problems: &mut Vec<Problem>) {
        let Some((path, text)) = file else { return };
        let parsed = document::parse(&text);
        self.path = path;
        self.file = parsed.entries;
        self.is_broken = !parsed.problems.is_empty();
        problems.extend(parsed.problems.into_iter().map(|(line, bad)| placed(self.at_line(line), bad)));
    }
}

fn from_process(name: &str, text: &str) -> (Value, Origin) {
    (Value::Text(text.to_owned()), Origin::Environment(name.to_owned()))
}

fn placed(origin: Origin, bad: Bad) -> Problem {
    Problem::new(Some(origin), bad.what, bad.hint)
}

fn first_of(paths: &[PathBuf]) -> Result<Option<(PathBuf, String)>, Bad> {
    let Some(path) = paths.iter().find(|path| path.exists()) else { return Ok(None) };
    read(path).map(|text| Some((path.clone(), text)))
}

pub(super) fn read(path: &Path) -> Result<String, Bad> {
    fs::read_to_string(path).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "let the daemon's user read it",
            _ => "it must be a text file in UTF-8",
        };
        Bad::new(format!("`{}` can't be read: {}", path.display(), reason(&error)), hint)
    })
}

/// The system's words in our style.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}
