//! Asks the sources for one key after another. Each question names the key, its variables, its default and how
//! it is read, so that the questions together are the list of everything that can be configured.

use std::collections::BTreeMap;

use super::{
    kind::Kind,
    problem::{Bad, Origin, Problem},
    source::Sources,
    value::Value,
};

/// One key as it was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub key: &'static str,
    /// The variables that set it, strongest first.
    pub variables: Vec<&'static str>,
    /// As `sallyport.toml` would say it, secrets masked; none if it is not set.
    pub value: Option<toml::Value>,
    pub origin: Origin,
    /// As it would be without any source.
    pub default: Option<String>,
}

/// Collects answers and problems.
#[derive(Debug)]
pub(super) struct Reader {
    pub sources: Sources,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub settings: Vec<Setting>,
}

impl Reader {
    pub fn new(sources: Sources, problems: Vec<Problem>) -> Self {
        Self { sources, problems, warnings: Vec::new(), settings: Vec::new() }
    }

    /// Starts a question about the key `section.name`.
    pub fn key(&mut self, key: &'static str) -> Ask<'_> {
        Ask { reader: self, key, variables: Vec::new(), fallbacks: Vec::new(), default: None, is_path: false }
    }

    /// A table of names that its writer chooses, each with a value.
    pub fn map<T: Kind>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> BTreeMap<String, T> {
        let prefix = format!("{key}.");
        let mut map = BTreeMap::new();
        let mut origin = Origin::Default;
        for (path, entry) in self.sources.file.range(prefix.clone()..) {
            let Some(name) = path.strip_prefix(&prefix) else { break };
            let place = self.sources.at_line(entry.line);
            match parse(&entry.value) {
                Ok(value) => drop(map.insert(name.to_owned(), value)),
                Err(bad) => {
                    let message = format!("`{path}`: {}", bad.what);
                    self.problems.push(Problem::new(Some(place.clone()), message, bad.hint).about(key));
                }
            }
            origin = if origin == Origin::Default { place } else { origin };
        }
        self.settings.push(Setting {
            key,
            variables: Vec::new(),
            value: Some(map.shown()),
            origin,
            default: None,
        });
        map
    }

    /// A problem with a key that was asked, placed where its value stands.
    pub fn refuse(&mut self, key: &'static str, bad: Bad) {
        let origin = self.origin(key);
        let message = format!("`{}`: {}", name(&origin, key), bad.what);
        self.problems.push(Problem::new(located(origin), message, bad.hint).about(key));
    }

    /// A problem with one table of `[[key]]`.
    pub fn refuse_table(&mut self, key: &'static str, index: usize, bad: Bad) {
        let line = self.sources.file.get(&format!("{key}.{index}")).map(|entry| entry.line);
        let origin = line.map(|line| self.sources.at_line(line));
        let message = format!("`[[{key}]]`: {}", bad.what);
        self.problems.push(Problem::new(origin, message, bad.hint).about(key));
    }

    /// Something odd that does not stop the daemon.
    pub fn warn(&mut self, key: &'static str, bad: Bad) {
        let origin = self.origin(key);
        let message = format!("`{}`: {}", name(&origin, key), bad.what);
        self.warnings.push(Problem::new(located(origin), message, bad.hint).about(key));
    }

    fn origin(&self, key: &str) -> Origin {
        let asked = self.settings.iter().find(|setting| setting.key == key);
        asked.map_or(Origin::Default, |setting| setting.origin.clone())
    }
}

#[derive(Debug, Clone, Copy)]
struct Variable {
    name: &'static str,
    /// What a bare number in it counts.
    unit: &'static str,
}

/// A question that is being put together.
pub(super) struct Ask<'r> {
    reader: &'r mut Reader,
    key: &'static str,
    variables: Vec<Variable>,
    fallbacks: Vec<&'static str>,
    default: Option<String>,
    is_path: bool,
}

impl Ask<'_> {
    /// The variable that sets it too, and wins over the file.
    pub fn variable(self, name: &'static str) -> Self {
        self.variable_in(name, "")
    }

    /// The same for a variable that counts in `unit`.
    pub fn variable_in(mut self, name: &'static str, unit: &'static str) -> Self {
        self.variables.push(Variable { name, unit });
        self
    }

    /// A variable that belongs to somebody else: it is only asked when nothing of ours says anything.
    pub fn fallback(mut self, name: &'static str) -> Self {
        self.fallbacks.push(name);
        self
    }

    pub fn default(mut self, text: impl Into<String>) -> Self {
        self.default = Some(text.into());
        self
    }

    /// It is a path, or several: one that leads to a credential, or a relative one that begins at the base of all paths.
    pub fn path(mut self) -> Self {
        self.is_path = true;
        self
    }

    /// The value. If it is missing or bad, that is a problem, and a placeholder stands for it until the problems
    /// are reported.
    pub fn read<T: Kind>(self, parse: impl Fn(&Value) -> Result<T, Bad>) -> T {
        let (key, names) = (self.key, self.variables.first().map(|variable| variable.name));
        let (reader, value) = self.resolve(parse);
        value.unwrap_or_else(|| {
            let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
            let place = if section.is_empty() { String::new() } else { format!(" under `[{section}]`") };
            let hint = match names {
                Some(_) => {
                    format!("set it in the environment or in `.env`, or `{name}`{place} in `sallyport.toml`")
                }
                None => format!("set `{name}`{place} in `sallyport.toml`"),
            };
            let message = format!("`{}` is not set", names.unwrap_or(key));
            reader.problems.push(Problem::new(None, message, hint).about(key));
            T::placeholder()
        })
    }

    /// The value if there is one; a bad one is a problem.
    pub fn optional<T: Kind>(self, parse: impl Fn(&Value) -> Result<T, Bad>) -> Option<T> {
        self.resolve(parse).1
    }
}

impl<'r> Ask<'r> {
    fn resolve<T: Kind>(self, parse: impl Fn(&Value) -> Result<T, Bad>) -> (&'r mut Reader, Option<T>) {
        let found = self.find();
        let origin = found.as_ref().map_or(Origin::Default, |(_, origin)| origin.clone());
        let value = found.map(|(value, _)| parse(&value));
        let shown = value.as_ref().and_then(|value| value.as_ref().ok()).map(Kind::shown);
        let variables = self.variables.iter().map(|variable| variable.name).chain(self.fallbacks).collect();
        let Self { reader, key, default, .. } = self;
        reader.settings.push(Setting { key, variables, value: shown, origin, default });
        let value = value.map(|value| {
            value.unwrap_or_else(|bad| {
                reader.refuse(key, bad);
                T::placeholder()
            })
        });
        (reader, value)
    }

    fn find(&self) -> Option<(Value, Origin)> {
        let sources = &self.reader.sources;
        let of_variable = |variable: &Variable| {
            let (value, origin) = sources.variable(variable.name)?;
            Some((counted(value, variable.unit), origin))
        };
        let by_default = || Some((Value::Text(self.default.clone()?), Origin::Default));
        sources
            .flag(self.key)
            .or_else(|| self.variables.iter().find_map(of_variable))
            .or_else(|| sources.entry(self.key))
            .or_else(|| self.fallbacks.iter().find_map(|name| sources.variable(name)))
            .or_else(by_default)
            .map(
                |(value, origin)| {
                    if self.is_path { (sources.placed(value), origin) } else { (value, origin) }
                },
            )
    }
}

/// A bare number with the unit that its variable counts in.
fn counted(value: Value, unit: &str) -> Value {
    match value {
        Value::Text(text) if !unit.is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
            Value::Text(format!("{}{unit}", text.trim()))
        }
        other => other,
    }
}

/// What to call a value: by its variable if that set it, else by its key.
fn name<'a>(origin: &'a Origin, key: &'a str) -> &'a str {
    match origin {
        Origin::Environment(variable)
        | Origin::Credential { variable, .. }
        | Origin::EnvFile { variable, .. } => variable,
        _ => key,
    }
}

fn located(origin: Origin) -> Option<Origin> {
    match origin {
        Origin::Default | Origin::Environment(_) => None,
        placed => Some(placed),
    }
}
