//! Samples: the examples that a document gives, and something of the right type where it gives none.

use serde_json::{Map, Value, json};

const DEPTH_MAX: usize = 8;

/// The sample of a media type or parameter.
pub(super) fn of_holder(holder: &Value, resolve: &mut dyn FnMut(&Value) -> Value) -> Value {
    let named = holder.get("examples").and_then(Value::as_object).and_then(|examples| examples.values().next());
    let own =
        holder.get("example").cloned().or_else(|| named.and_then(|example| resolve(example).get("value").cloned()));
    own.unwrap_or_else(|| of_schema(&holder["schema"], resolve, 0))
}

fn of_schema(schema: &Value, resolve: &mut dyn FnMut(&Value) -> Value, depth: usize) -> Value {
    let schema = resolve(schema);
    if let Some(given) = given(&schema) {
        return given;
    }
    if depth >= DEPTH_MAX {
        return Value::Null;
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(first) = schema[name].as_array().and_then(|parts| parts.first()) {
            return of_schema(first, resolve, depth + 1);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(part) = of_schema(part, resolve, depth + 1) {
                whole.extend(part);
            }
        }
        return Value::Object(whole);
    }
    match type_of(&schema) {
        "object" => of_object(&schema, resolve, depth),
        "array" => json!([of_schema(&schema["items"], resolve, depth + 1)]),
        "integer" => json!(1),
        "number" => json!(10.05),
        "boolean" => json!(true),
        _ => json!("text"),
    }
}

/// Required fields, and optional ones that have an example.
fn of_object(schema: &Value, resolve: &mut dyn FnMut(&Value) -> Value, depth: usize) -> Value {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let resolved = resolve(property);
        if required.is_empty() || required.contains(&name.as_str()) || given(&resolved).is_some() {
            object.insert(name.clone(), of_schema(&resolved, resolve, depth + 1));
        }
    }
    Value::Object(object)
}

fn given(schema: &Value) -> Option<Value> {
    let first = |name: &str| schema.get(name).and_then(Value::as_array).and_then(|values| values.first()).cloned();
    let one = schema.get("example").cloned().or_else(|| first("examples"));
    one.or_else(|| schema.get("const").cloned()).or_else(|| first("enum"))
}

fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(many) => many.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default(),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

/// Indented JSON; short objects stay on one line, so that a sample fits a screen.
pub(super) fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

const LINE_MAX: usize = 76;

fn write(value: &Value, indent: usize, text: &mut String) {
    let short = value.to_string();
    let (open, close, parts): (char, char, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(object) => ('{', '}', object.iter().map(|(name, value)| (Some(name), value)).collect()),
        Value::Array(array) => ('[', ']', array.iter().map(|value| (None, value)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return text.push_str(&short),
    };
    if parts.is_empty() || short.len() + indent <= LINE_MAX {
        return text.push_str(&spaced(value));
    }
    text.push(open);
    for (place, (name, part)) in parts.iter().enumerate() {
        text.push_str(if place == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(indent + 2));
        if let Some(name) = name {
            text.push_str(&format!("{}: ", Value::String((*name).clone())));
        }
        write(part, indent + 2, text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// One line with a blank after colons and commas.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let parts =
                object.iter().map(|(name, value)| format!("{}: {}", Value::String(name.clone()), spaced(value)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(array) => format!("[{}]", array.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// A value without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
