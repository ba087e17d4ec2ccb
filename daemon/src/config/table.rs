//! The tables of a list, `[[key]]`: each is asked for its names one by one, and whatever was not asked for is unknown.

use std::collections::BTreeMap;

use super::{
    document::Entry,
    kind::Kind,
    problem::{Bad, Origin, Problem, nearest},
    reader::{Reader, Setting},
    value::Value,
};

/// One table of a list while it is read.
pub(super) struct Table<'r> {
    reader: &'r mut Reader,
    key: &'static str,
    line: usize,
    entries: BTreeMap<String, Entry>,
    known: Vec<&'static str>,
    shown: toml::Table,
}

impl Reader {
    /// Reads every table of `[[key]]` in its order.
    pub fn tables<T>(&mut self, key: &'static str, read: impl Fn(&mut Table<'_>) -> T) -> Vec<T> {
        let found = self.numbered(key);
        let origin = found.first().map_or(Origin::Default, |(line, _)| self.sources.at_line(*line));
        let mut shown = Vec::new();
        let all = found.into_iter().map(|(line, entries)| {
            let known = Vec::new();
            let mut table = Table { reader: self, key, line, entries, known, shown: toml::Table::new() };
            let value = read(&mut table);
            shown.push(toml::Value::Table(table.finish()));
            value
        });
        let all = all.collect();
        let value = Some(toml::Value::Array(shown));
        self.settings.push(Setting { key, variables: Vec::new(), value, origin, default: None });
        all
    }

    /// The line and the names of each table, by the number in their keys.
    fn numbered(&mut self, key: &'static str) -> Vec<(usize, BTreeMap<String, Entry>)> {
        let prefix = format!("{key}.");
        let mut tables: BTreeMap<usize, (usize, BTreeMap<String, Entry>)> = BTreeMap::new();
        let mut stray =
            self.sources.file.get(key).filter(|entry| entry.value != Value::List(vec![])).cloned();
        for (path, entry) in self.sources.file.range(prefix.clone()..) {
            let Some(rest) = path.strip_prefix(&prefix) else { break };
            let (number, name) = rest.split_once('.').unwrap_or((rest, ""));
            match number.parse::<usize>() {
                Ok(number) if name.is_empty() => tables.entry(number).or_default().0 = entry.line,
                Ok(number) => {
                    drop(tables.entry(number).or_default().1.insert(name.to_owned(), entry.clone()));
                }
                Err(_) => stray = stray.or_else(|| Some(entry.clone())),
            }
        }
        if let Some(entry) = stray {
            let origin = self.sources.at_line(entry.line);
            let message = format!("`{key}` is a list, in which each is a table of its own");
            self.problems.push(Problem::new(Some(origin), message, format!("write `[[{key}]]`")).about(key));
        }
        tables.into_values().collect()
    }
}

impl Table<'_> {
    /// A value, if it is there; a bad one is a problem.
    pub fn get<T: Kind>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, Bad>,
    ) -> Option<T> {
        self.known.push(name);
        match parse(&self.entries.get(name)?.value) {
            Ok(value) => {
                self.shown.insert(name.to_owned(), value.shown());
                Some(value)
            }
            Err(bad) => {
                self.refuse(name, bad);
                None
            }
        }
    }

    /// A value that must be there.
    pub fn need<T: Kind>(&mut self, name: &'static str, parse: impl Fn(&Value) -> Result<T, Bad>) -> T {
        let value = self.get(name, parse);
        if value.is_none() && !self.entries.contains_key(name) && !self.reader.sources.is_broken {
            self.refuse_all(Bad::new(format!("`{name}` is not set"), format!("set `{name}` in it")));
        }
        value.unwrap_or_else(T::placeholder)
    }

    /// A problem with one of its values.
    pub fn refuse(&mut self, name: &'static str, bad: Bad) {
        let line = self.entries.get(name).map_or(self.line, |entry| entry.line);
        self.report(line, &format!("{}.{name}", self.key), bad);
    }

    /// A problem with the whole table.
    pub fn refuse_all(&mut self, bad: Bad) {
        self.report(self.line, &format!("[[{}]]", self.key), bad);
    }

    fn report(&mut self, line: usize, place: &str, bad: Bad) {
        let origin = self.reader.sources.at_line(line);
        let message = format!("`{place}`: {}", bad.what);
        self.reader.problems.push(Problem::new(Some(origin), message, bad.hint).about(self.key));
    }

    fn finish(mut self) -> toml::Table {
        let strays = self.entries.iter().filter(|(name, _)| !self.known.contains(&name.as_str()));
        let strays: Vec<_> = strays.map(|(name, entry)| (name.clone(), entry.line)).collect();
        for (name, line) in strays {
            let hint = match nearest(&name, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", listed(&self.known)),
            };
            let origin = self.reader.sources.at_line(line);
            let message = format!("there is no key `{}.{name}`", self.key);
            self.reader.problems.push(Problem::new(Some(origin), message, hint).about(self.key));
        }
        std::mem::take(&mut self.shown)
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
