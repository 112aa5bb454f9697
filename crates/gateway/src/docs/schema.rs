//! What a schema says about a value, in words.

use serde_json::Value;

use super::sample;

/// `string or integer`, `array of string`.
pub(super) fn kind(schema: &Value) -> String {
    let named = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(many) => {
            let names = many.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        _ if schema.get("oneOf").or(schema.get("anyOf")).is_some() => "one of several".to_owned(),
        _ => String::new(),
    };
    match schema["items"]["type"].as_str() {
        Some(items) if named == "array" => format!("array of {items}"),
        Some(_) | None => named,
    }
}

/// The limits of a schema in words.
pub(super) fn rule(schema: &Value) -> String {
    let number = |name: &str| schema.get(name).filter(|value| value.is_number()).map(Value::to_string);
    let range = |min: Option<String>, max: Option<String>, unit: &str| match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}")),
        (Some(min), None) => Some(format!("at least {min}{unit}")),
        (None, Some(max)) => Some(format!("at most {max}{unit}")),
        (None, None) => None,
    };
    let values =
        schema["enum"].as_array().map(|values| values.iter().map(sample::plain).collect::<Vec<_>>().join(", "));
    let parts = [
        values,
        range(number("minLength"), number("maxLength"), " characters"),
        range(number("minimum"), number("maximum"), ""),
        range(number("minItems"), number("maxItems"), " entries"),
        schema["pattern"].as_str().map(str::to_owned),
        schema["format"].as_str().map(str::to_owned),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
