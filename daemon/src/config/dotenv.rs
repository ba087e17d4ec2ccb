//! Reads a `.env` file: `NAME=value` lines, as shells and python-dotenv read them, without expansion.

use std::collections::{BTreeMap, btree_map::Entry};

use super::problem::Bad;

/// One line that sets a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub value: String,
    pub line: usize,
}

/// What a file says, and what is wrong with it by line.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub variables: BTreeMap<String, Assignment>,
    pub problems: Vec<(usize, Bad)>,
}

/// Reads the whole text.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(bad) = parsed.add(index + 1, line) {
            parsed.problems.push((index + 1, bad));
        }
    }
    parsed
}

impl Parsed {
    fn add(&mut self, line: usize, text: &str) -> Result<(), Bad> {
        let text = text.strip_prefix("export ").unwrap_or(text);
        let Some((name, value)) = text.split_once('=') else {
            return Err(Bad::new("this line sets nothing", "write `NAME=value`, or `#` before a comment"));
        };
        let name = name.trim_end();
        if !is_name(name) {
            let hint = "letters, digits and underscores, no digit first, and no space before `=`";
            return Err(Bad::new("the name before `=` is not one of a variable", hint));
        }
        let value = value_of(value.trim())?;
        match self.variables.entry(name.to_owned()) {
            Entry::Vacant(free) => {
                free.insert(Assignment { value, line });
                Ok(())
            }
            Entry::Occupied(first) => {
                let what = format!("`{name}` is set twice, first on line {}", first.get().line);
                Err(Bad::new(what, "keep one of the two lines"))
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn value_of(text: &str) -> Result<String, Bad> {
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, after) = rest.split_once('\'').ok_or_else(unclosed)?;
        return closed(value.to_owned(), after);
    }
    if let Some(rest) = text.strip_prefix('"') {
        let (value, after) = quoted(rest)?;
        return closed(value, after);
    }
    let comment = if text.starts_with('#') { Some(0) } else { text.find(" #") };
    let value = text.split_at(comment.unwrap_or(text.len())).0.trim_end();
    literal(value)
}

/// The value up to the closing double quote, escapes undone, and what follows.
fn quoted(text: &str) -> Result<(String, &str), Bad> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or_else(unclosed)? {
            '"' => return Ok((value, chars.as_str())),
            '$' if chars.as_str().starts_with('{') => return Err(expansion()),
            '\\' => match chars.next().ok_or_else(unclosed)? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$' | '\'') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
}

fn closed(value: String, after: &str) -> Result<String, Bad> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        return Ok(value);
    }
    Err(Bad::new("something follows the closing quote", "quote the whole value, or nothing of it"))
}

fn literal(value: &str) -> Result<String, Bad> {
    if value.contains("${") { Err(expansion()) } else { Ok(value.to_owned()) }
}

fn unclosed() -> Bad {
    Bad::new("a quote is not closed on its line", "close it; a line break is `\\n` in double quotes")
}

fn expansion() -> Bad {
    Bad::new(
        "`${…}` is not expanded here",
        "write the value itself, or put it in single quotes if it is meant",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        let parsed = parse(line);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        parsed.variables.into_values().next().unwrap().value
    }

    fn problem(text: &str) -> (usize, String) {
        let (line, bad) = parse(text).problems.into_iter().next().unwrap();
        (line, bad.what)
    }

    #[test]
    fn values_are_read_as_shells_write_them() {
        assert_eq!(value("A=plain"), "plain");
        assert_eq!(value("export A=plain # with a comment"), "plain");
        assert_eq!(value("A = spaced out "), "spaced out");
        assert_eq!(value("A=a#b=c"), "a#b=c");
        assert_eq!(value("A="), "");
        assert_eq!(value("A= # nothing"), "");
        assert_eq!(value("A='${literal} \\n' # why"), "${literal} \\n");
        assert_eq!(value(r#"A="two\nlines \"and\" \$5 \d" "#), "two\nlines \"and\" $5 \\d");
        assert_eq!(value("\u{feff}A=after a byte order mark\r\n"), "after a byte order mark");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        assert_eq!(problem("\n# fine\nnonsense"), (3, "this line sets nothing".into()));
        assert_eq!(problem("1A=x").0, 1);
        assert_eq!(problem("A='open").1, "a quote is not closed on its line");
        assert_eq!(problem("A='x' y").1, "something follows the closing quote");
        assert_eq!(problem("A=${B}").1, "`${…}` is not expanded here");
        assert_eq!(problem("A=\"${B}\"").1, "`${…}` is not expanded here");
        assert_eq!(problem("A=1\nB=2\nA=3"), (3, "`A` is set twice, first on line 1".into()));
    }
}
