//! What is shown or told without what is secret in it: merchants put keys behind the question mark of their addresses, and settings of
//! dialects and providers hold passwords.

use serde_json::{Map, Value};

/// What stands in the place of what is not shown.
pub const MASK: &str = "\u{2026}";

/// An address as people may see it: where it leads, and the names of what is behind the question mark without their values.
pub fn masked_url(url: &str) -> String {
    let whole = url.split('#').next().unwrap_or_default();
    let (place, query) = whole.split_once('?').map_or((whole, None), |(place, query)| (place, Some(query)));
    let place = without_login(place);
    let Some(query) = query.filter(|query| !query.is_empty()) else { return place };
    // What has no name may be the key itself.
    let masked = |pair: &str| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    let pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(masked).collect();
    format!("{place}?{}", pairs.join("&"))
}

/// An address without the login in front of its host.
fn without_login(place: &str) -> String {
    let (scheme, rest) = place.split_once("://").map_or((None, place), |(scheme, rest)| (Some(scheme), rest));
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = host.rsplit('@').next().unwrap_or(host);
    match scheme {
        Some(scheme) => format!("{scheme}://{host}{path}"),
        None => format!("{host}{path}"),
    }
}

/// Whether a setting holds something that nobody may read, by its name.
pub fn is_secret(name: &str) -> bool {
    const ENDINGS: [&str; 6] = ["key", "secret", "password", "token", "passphrase", "pin"];
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The settings that differ, as they were and as they are, without secrets; empty where none does.
pub(crate) fn differences(before: &Value, after: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let (mut old, mut new) = (Map::new(), Map::new());
    let none = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let (was, is) = (before.get(name).unwrap_or(&Value::Null), after.get(name).unwrap_or(&Value::Null));
        if was != is {
            old.insert(name.clone(), masked(name, was, "a secret"));
            new.insert(name.clone(), masked(name, is, "another secret"));
        }
    }
    (old, new)
}

/// A setting without secrets, those in what it holds included.
fn masked(name: &str, value: &Value, secret: &str) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if is_secret(name) => secret.into(),
        Value::String(text) if text.contains("://") => masked_url(text).into(),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::Array(values) => values.iter().map(|value| masked(name, value, secret)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), masked(name, value, secret))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{differences, masked_url};
    use serde_json::{Value, json};

    #[test]
    fn addresses_keep_their_way_and_lose_their_keys() {
        for (url, shown) in [
            ("https://shop.example/hook", "https://shop.example/hook"),
            ("https://shop.example:8443/hook?key=s3cret&order=7", "https://shop.example:8443/hook?key=…&order=…"),
            ("https://shop.example/?s3cret", "https://shop.example/?…"),
            ("https://shop.example/hook?", "https://shop.example/hook"),
            ("https://shop.example?a=s3cret&&b=", "https://shop.example?a=…&b=…"),
            ("https://ann:s3cret@shop.example/a@b#s3cret", "https://shop.example/a@b"),
            ("https://shop.example/hook?next=https://x/?s3cret=1", "https://shop.example/hook?next=…"),
            ("s3cret@shop.example/x", "shop.example/x"),
            ("", ""),
        ] {
            assert_eq!(masked_url(url), shown, "{url}");
        }
    }

    #[test]
    fn settings_are_told_with_their_values_and_without_their_secrets() {
        let before = json!({
            "a": 1, "b": [1], "previous_key": "s3cret", "url": "https://x/?k=s3cret", "same": true,
            "terminals": [{"id": "7", "secret_key": "s3cret"}]
        });
        let after = json!({
            "a": 2, "previous_key": "s3cret2", "url": "https://y/?k=s3cret", "same": true, "new": null, "c": "text",
            "terminals": [{"id": "8", "secret_key": "s3cret"}]
        });
        let (old, new) = differences(&before, &after);
        assert_eq!(
            Value::Object(old),
            json!({
                "a": 1, "b": [1], "previous_key": "a secret", "url": "https://x/?k=…", "c": null,
                "terminals": [{"id": "7", "secret_key": "a secret"}]
            })
        );
        assert_eq!(
            Value::Object(new),
            json!({
                "a": 2, "b": null, "previous_key": "another secret", "url": "https://y/?k=…", "c": "text",
                "terminals": [{"id": "8", "secret_key": "another secret"}]
            })
        );
        assert_eq!(differences(&before, &before), Default::default());
        assert_eq!(differences(&Value::Null, &json!({"a": 1})).1, *json!({"a": 1}).as_object().expect("an object"));
    }
}
