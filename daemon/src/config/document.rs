//! Reads `sallyport.toml` into a flat map: dotted key → value and line. Every syntax error is found, not only
//! the first.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{problem::Bad, value::Value};

/// One key of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub value: Value,
    pub line: usize,
}

/// What a file says, and what is wrong with it by line.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub entries: BTreeMap<String, Entry>,
    pub problems: Vec<(usize, Bad)>,
}

/// Reads the whole text.
pub(super) fn parse(text: &str) -> Parsed {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut parsed = Parsed::default();
    for error in errors {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        let what = format!("this is not TOML: {}", error.message().to_lowercase());
        parsed.problems.push((line, Bad::new(what, "see https://toml.io for the syntax")));
    }
    flatten(text, "", table.get_ref(), &mut parsed.entries);
    parsed
}

fn flatten(text: &str, prefix: &str, table: &DeTable<'_>, entries: &mut BTreeMap<String, Entry>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(text, &key, inner, entries),
            DeValue::Array(items) if is_tables(items) => flatten_all(text, &key, items, entries),
            plain => {
                let line = line_at(text, name.span().start);
                entries.insert(key, Entry { value: simple(plain), line });
            }
        }
    }
}

/// The tables of `[[key]]`: the third one's `name` is `key.2.name`.
fn flatten_all(
    text: &str,
    key: &str,
    tables: &[Spanned<DeValue<'_>>],
    entries: &mut BTreeMap<String, Entry>,
) {
    for (index, table) in tables.iter().enumerate() {
        let prefix = format!("{key}.{index}");
        let Some(inner) = table.get_ref().as_table() else { continue };
        let line = line_at(text, table.span().start);
        entries.insert(prefix.clone(), Entry { value: Value::Section, line });
        flatten(text, &prefix, inner, entries);
    }
}

fn is_tables(items: &[Spanned<DeValue<'_>>]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get_ref().is_table())
}

fn simple(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(Value::Other("an integer out of range"), Value::Integer)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(items) => {
            texts(items.iter()).map_or(Value::Other("a list of other things than texts"), Value::List)
        }
        DeValue::Table(_) => Value::Section,
        DeValue::Float(number) => Value::Fraction(number.as_str().to_owned()),
        DeValue::Datetime(_) => Value::Other("a date"),
    }
}

fn texts<'a, 'i: 'a>(items: impl Iterator<Item = &'a Spanned<DeValue<'i>>>) -> Option<Vec<String>> {
    items.map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dotted_and_know_their_line() {
        let parsed = parse("a = 1\n\n[b]\nc = 'x'\nd.e = ['y', 'z']\n[f]\n");
        let found: Vec<_> = parsed.entries.iter().map(|(key, entry)| (key.as_str(), entry.line)).collect();
        assert_eq!(found, [("a", 1), ("b.c", 4), ("b.d.e", 5), ("f", 6)]);
        assert_eq!(parsed.entries["b.d.e"].value, Value::List(vec!["y".into(), "z".into()]));
        assert_eq!(parsed.entries["f"].value, Value::Section);
    }

    #[test]
    fn tables_of_a_list_are_numbered() {
        let parsed = parse("[[p]]\na = 1.50\n\n[[p]]\n[[p]]\na = 2\n");
        let found: Vec<_> = parsed.entries.iter().map(|(key, entry)| (key.as_str(), entry.line)).collect();
        assert_eq!(found, [("p.0", 1), ("p.0.a", 2), ("p.1", 4), ("p.2", 5), ("p.2.a", 6)]);
        assert_eq!(parsed.entries["p.0.a"].value, Value::Fraction("1.50".into()));
    }

    #[test]
    fn every_syntax_error_is_found() {
        let parsed = parse("a = \nb = 2\nc = 'open\nd = 4\nb = 5\n");
        let lines: Vec<_> = parsed.problems.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 5], "{:?}", parsed.problems);
        assert_eq!(parsed.entries["d"].value, Value::Integer(4));
    }
}
