//! The text format of `OpenMetrics`, as far as the daemon writes it.

use std::collections::{BTreeMap, BTreeSet};

/// What was shown at some moment.
pub(super) struct Exposition {
    text: String,
    /// By the name that queries use: its kind, and the labels that its figures have.
    families: BTreeMap<String, (String, BTreeSet<String>)>,
    figures: BTreeMap<String, String>,
}

impl Exposition {
    pub(super) fn parse(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"), "{text}");
        let mut shown = Self { text: text.to_owned(), families: BTreeMap::new(), figures: BTreeMap::new() };
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').unwrap();
                let suffix = match kind {
                    "counter" => "_total",
                    "info" => "_info",
                    _ => "",
                };
                let new =
                    shown.families.insert(format!("{name}{suffix}"), (kind.to_owned(), BTreeSet::new()));
                assert!(new.is_none(), "`{name}` is there twice");
            } else if !line.starts_with('#') {
                shown.figure(line);
            }
        }
        shown
    }

    fn figure(&mut self, line: &str) {
        let (figure, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = figure.split_once('{').unwrap_or((figure, ""));
        let family = self.family_of(name).unwrap_or_else(|| panic!("{line}"));
        let names =
            labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
        self.families.get_mut(&family).unwrap().1.extend(names.filter(|name| name != "le"));
        assert!(self.figures.insert(figure.to_owned(), value.to_owned()).is_none(), "twice: {line}");
    }

    /// The family that a name in a query belongs to.
    pub(super) fn family_of(&self, name: &str) -> Option<String> {
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
        std::iter::once(name).chain(parts).find(|name| self.families.contains_key(*name)).map(str::to_owned)
    }

    /// Name, kind and labels of all of them.
    pub(super) fn families(&self) -> BTreeSet<(String, String, BTreeSet<String>)> {
        let families = self.families.iter();
        families.map(|(name, (kind, labels))| (name.clone(), kind.clone(), labels.clone())).collect()
    }

    /// The labels that a query may use.
    pub(super) fn labels(&self, name: &str) -> Option<BTreeSet<String>> {
        let mut labels = self.families.get(&self.family_of(name)?)?.1.clone();
        labels.extend(["job", "instance"].map(str::to_owned));
        labels.extend(name.ends_with("_bucket").then(|| "le".to_owned()));
        Some(labels)
    }

    /// The value of a figure, as it is written.
    pub(super) fn value(&self, figure: &str) -> Option<&str> {
        self.figures.get(figure).map(String::as_str)
    }

    pub(super) fn number(&self, figure: &str) -> f64 {
        self.value(figure).unwrap().parse().unwrap()
    }

    pub(super) fn series(&self) -> BTreeSet<String> {
        self.figures.keys().cloned().collect()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
