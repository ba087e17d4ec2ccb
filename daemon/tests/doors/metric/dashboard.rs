//! What a Grafana dashboard asks Prometheus for.

use std::collections::BTreeSet;

use serde_json::Value;

/// Every query of a dashboard: those of its panels, and those of its variables.
pub(super) fn expressions(dashboard: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(dashboard, &mut found);
    assert!(found.len() > 20, "{found:?}");
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if matches!(name.as_str(), "expr" | "definition") => {
                        found.push(text.clone());
                    }
                    field => collect(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// The families that an expression names, each with the labels that it is chosen or summed by.
pub(super) fn selections(expression: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let grouped = labels_in(expression, "by (", ")").chain(labels_in(expression, "label_values(", ")"));
    let grouped: BTreeSet<String> =
        grouped.filter(|label| !label.starts_with("sallyport_") && !label.is_empty()).collect();
    let words = expression.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    let names = words.filter(|word| word.starts_with("sallyport_") || word.starts_with("process_"));
    let selected = |name: &str| {
        let after = expression.split(name).nth(1).unwrap();
        let matchers = after.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        matchers
            .split(',')
            .filter_map(|matcher| matcher.split(['=', '!', '~']).next())
            .map(str::to_owned)
            .filter(|label| !label.is_empty())
            .collect::<BTreeSet<String>>()
    };
    names.map(|name| (name.to_owned(), selected(name).union(&grouped).cloned().collect())).collect()
}

/// The words between two marks.
fn labels_in(expression: &str, open: &str, close: &str) -> impl Iterator<Item = String> {
    let inside = expression.split(open).skip(1).filter_map(|rest| rest.split(close).next());
    let words = inside.flat_map(|inside| inside.split(',')).map(|word| word.trim().to_owned());
    words.collect::<Vec<_>>().into_iter()
}
