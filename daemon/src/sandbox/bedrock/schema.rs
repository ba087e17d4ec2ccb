//! A value that follows a JSON schema: what the simulated model gives a tool, or answers as JSON.

use serde_json::{Map, Value, json};

/// How deep schemas are followed.
const DEPTH: usize = 8;

/// The simplest value that `schema` allows.
pub(super) fn example(schema: &Value) -> Value {
    build(schema, schema, DEPTH)
}

fn build(root: &Value, schema: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|path| root.pointer(path));
        return target.map_or(Value::Null, |target| build(root, target, depth));
    }
    let first = |key: &str| schema.get(key)?.as_array()?.first();
    if let Some(value) = schema.get("const").or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(schema) = first("anyOf").or_else(|| first("oneOf")).or_else(|| first("allOf")) {
        return build(root, schema, depth);
    }
    match kind(schema) {
        "object" => Value::Object(fields(root, schema, depth)),
        "array" => {
            Value::Array(schema.get("items").map(|item| build(root, item, depth)).into_iter().collect())
        }
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!("sandbox"),
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

/// The required fields, or all of them if none is.
fn fields(root: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Map::new() };
    let required = schema.get("required").and_then(Value::as_array);
    let is_wanted = |name: &str| required.is_none_or(|required| required.iter().any(|wanted| wanted == name));
    let wanted = properties.iter().filter(|(name, _)| is_wanted(name));
    wanted.map(|(name, schema)| (name.clone(), build(root, schema, depth))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_what_is_required() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "type": "string" }, "days": { "type": "integer", "minimum": 3 },
                "unit": { "enum": ["celsius", "kelvin"] }, "note": { "type": "string" },
                "places": { "type": "array", "items": { "$ref": "#/$defs/place" } },
            },
            "required": ["city", "days", "unit", "places"],
            "$defs": { "place": { "type": "object", "properties": { "open": { "type": ["boolean", "null"] } } } },
        });
        let expected =
            json!({ "city": "sandbox", "days": 3, "unit": "celsius", "places": [{ "open": true }] });
        assert_eq!(example(&schema), expected);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({ "type": "object", "properties": { "next": { "$ref": "#" } } });
        assert!(example(&schema).is_object());
    }
}
