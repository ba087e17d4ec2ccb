//! Sets and removes members of a JSON object in its text. Order, formatting and everything that is not touched stay.

use serde_json::Value;

use super::text::{BadText, Member, Object, bad, object, parse};

/// A member by the names that lead to it: one, or two for a member of an object in the object.
pub type Path = Vec<String>;

/// The value at a path, as it is written; nothing if there is none.
pub fn get(text: &str, path: &[String]) -> Result<Option<String>, BadText> {
    let Some((last, parents)) = path.split_last() else { return Ok(None) };
    let Some(parent) = descend(text, parents)? else { return Ok(None) };
    let value = parent.find(last).and_then(|(_, member)| text.get(member.value.clone()));
    Ok(value.map(str::to_owned))
}

/// The text with a value at a path; the objects on the way must be there.
pub(super) fn set(text: &str, path: &[String], raw: &str) -> Result<String, BadText> {
    let Some((last, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some(parent) = descend(text, parents)? else {
        return Err(bad(text, 0, &format!("there is no `{}`", parents.join("."))));
    };
    if let Some((_, member)) = parent.find(last) {
        return Ok(splice(text, member.value.start, member.value.end, raw));
    }
    let member = format!("{}: {raw}", Value::String(last.clone()));
    Ok(insert(text, &parent, parents.len(), &member))
}

/// The text without the member at a path.
pub(super) fn remove(text: &str, path: &[String]) -> Result<String, BadText> {
    let Some((last, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some(parent) = descend(text, parents)? else { return Ok(text.to_owned()) };
    let Some((index, member)) = parent.find(last) else { return Ok(text.to_owned()) };
    let before = index.checked_sub(1).and_then(|index| parent.members.get(index));
    let (start, end) = match (before, parent.members.get(index + 1)) {
        (Some(before), _) => (before.value.end, member.value.end),
        (None, Some(after)) => (member.name.start, after.name.start),
        (None, None) => (parent.span.start + 1, parent.span.end - 1),
    };
    Ok(splice(text, start, end, ""))
}

/// Whether there is an empty object at a path.
pub(super) fn is_empty_object(text: &str, path: &[String]) -> Result<bool, BadText> {
    let value = get(text, path)?;
    Ok(value.is_some_and(|value| is_bare(&value)))
}

/// Whether there is nothing in the text but an empty object.
pub(super) fn is_bare(text: &str) -> bool {
    matches!(parse(text), Ok(Value::Object(members)) if members.is_empty())
}

/// The object that a path leads to.
fn descend(text: &str, path: &[String]) -> Result<Option<Object>, BadText> {
    let mut found = object(text, 0)?;
    for key in path {
        let Some((_, member)) = found.find(key) else { return Ok(None) };
        found = object(text, member.value.start)?;
    }
    Ok(Some(found))
}

/// Puts a member at the end of an object, in the manner of those before it.
fn insert(text: &str, parent: &Object, depth: usize, member: &str) -> String {
    if let Some(last) = parent.members.last() {
        let gap = gap_before(text, parent, last);
        return splice(text, last.value.end, last.value.end, &format!(",{gap}{member}"));
    }
    let (newline, unit) = manner(text);
    let outer = unit.repeat(depth);
    let inside = format!("{newline}{outer}{unit}{member}{newline}{outer}");
    splice(text, parent.span.start + 1, parent.span.end - 1, &inside)
}

/// What stands between a comma and the last member.
fn gap_before(text: &str, parent: &Object, last: &Member) -> String {
    let previous = parent.members.iter().rev().nth(1).map(|member| member.value.end);
    let from = previous.unwrap_or(parent.span.start + 1);
    let gap = text.get(from..last.name.start).unwrap_or_default();
    let gap = gap.rsplit(',').next().filter(|gap| gap.contains('\n'));
    gap.unwrap_or(" ").to_owned()
}

/// How lines end and how far they are indented, as the first member of the text shows it.
fn manner(text: &str) -> (&'static str, String) {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let unit = text.lines().skip(1).find(|line| line.trim_start().starts_with('"'));
    let unit = unit.map(|line| line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect::<String>());
    (newline, unit.filter(|unit| !unit.is_empty()).unwrap_or_else(|| "  ".to_owned()))
}

fn splice(text: &str, start: usize, end: usize, with: &str) -> String {
    let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    format!("{before}{with}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Path {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn with(text: &str, names: &[&str], raw: &str) -> String {
        let changed = set(text, &path(names), raw).unwrap();
        assert_eq!(get(&changed, &path(names)).unwrap().unwrap(), raw);
        parse(&changed).unwrap();
        changed
    }

    #[test]
    fn a_member_is_added_in_the_manner_of_the_others() {
        for (before, after) in [
            ("{}", "{\n  \"k\": 1\n}"),
            ("{ }\n", "{\n  \"k\": 1\n}\n"),
            ("{\"a\":1}", "{\"a\":1, \"k\": 1}"),
            ("{\n    \"a\": {},\n    \"b\": 2\n}\n", "{\n    \"a\": {},\n    \"b\": 2,\n    \"k\": 1\n}\n"),
            ("{\r\n\t\"a\": 1\r\n}", "{\r\n\t\"a\": 1,\r\n\t\"k\": 1\r\n}"),
            ("{ \"a\": 1\n, \"b\": 2 }", "{ \"a\": 1\n, \"b\": 2, \"k\": 1 }"),
        ] {
            let added = with(before, &["k"], "1");
            assert_eq!(added, after);
            let removed = remove(&added, &path(&["k"])).unwrap();
            assert_eq!(parse(&removed).unwrap(), parse(before).unwrap());
        }
    }

    #[test]
    fn what_was_added_after_others_leaves_no_byte_when_it_goes() {
        let before = "{\n  \"a\": 1,\n  \"env\": {\n    \"X\": \"y\"\n  }\n}\n";
        let added = with(&with(before, &["env", "K"], "\"v\""), &["k"], "true");
        assert_eq!(
            added,
            "{\n  \"a\": 1,\n  \"env\": {\n    \"X\": \"y\",\n    \"K\": \"v\"\n  },\n  \"k\": true\n}\n"
        );
        let removed = remove(&remove(&added, &path(&["k"])).unwrap(), &path(&["env", "K"])).unwrap();
        assert_eq!(removed, before);
    }

    #[test]
    fn a_value_is_replaced_where_it_stands_and_of_two_the_one_that_holds() {
        assert_eq!(with("{\"a\": [1], \"b\" : 2}", &["a"], "3"), "{\"a\": 3, \"b\" : 2}");
        assert_eq!(with("{\"a\": 1, \"a\": 2}", &["a"], "3"), "{\"a\": 1, \"a\": 3}");
    }

    #[test]
    fn a_member_goes_from_wherever_it_stands() {
        for (names, after) in [
            (["a"], "{ \"b\": 2, \"c\": 3 }"),
            (["b"], "{ \"a\": 1, \"c\": 3 }"),
            (["c"], "{ \"a\": 1, \"b\": 2 }"),
        ] {
            assert_eq!(remove("{ \"a\": 1, \"b\": 2, \"c\": 3 }", &path(&names)).unwrap(), after);
        }
        assert_eq!(remove("{ \"a\": 1 }", &path(&["a"])).unwrap(), "{}");
        assert_eq!(remove("{ \"a\": 1 }", &path(&["x", "y"])).unwrap(), "{ \"a\": 1 }");
    }

    #[test]
    fn a_member_of_something_that_is_no_object_is_refused_with_its_place() {
        let error = set("{\n  \"env\": []\n}", &path(&["env", "K"]), "1").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 10: an object belongs here, in braces");
    }
}
