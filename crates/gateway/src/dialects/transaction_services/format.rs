//! In which form an answer goes out: JSON, or the same members as XML elements (contract, section 1).

use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

#[cfg(test)]
mod tests;

/// A form of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/xml`
    Xml,
}

impl Format {
    /// What a caller wants: XML only where it is ranked strictly above JSON, and no browser asks.
    pub fn of(headers: &HeaderMap) -> Format {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let (mut json, mut xml, mut page) = (0, 0, false);
        for range in lines.flat_map(|line| line.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
            });
            let weight = weight.unwrap_or(1000);
            match media.as_str() {
                "application/json" | "application/*" | "*/*" => json = json.max(weight),
                "application/xml" | "text/xml" => xml = xml.max(weight),
                "text/html" => page = true,
                _ => {}
            }
        }
        if xml > json && !page { Format::Xml } else { Format::Json }
    }

    /// An answer; `json` is what it says.
    pub fn response(self, status: StatusCode, json: String) -> Response {
        let (content_type, body) = match self {
            Format::Json => ("application/json; charset=utf-8", json),
            Format::Xml => ("application/xml; charset=UTF-8", to_xml(&json)),
        };
        (status, [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body).into_response()
    }
}

/// A weight of HTTP (RFC 9110, section 12.4.2) in thousandths; what is none counts as 0.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if plain => 1000,
        "0" if plain => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// An answer's JSON as XML.
fn to_xml(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let mut out = String::with_capacity(json.len() * 2);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write(&mut out, "response", &value);
    out.push('\n');
    out
}

fn write(out: &mut String, name: &str, value: &Value) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| write(out, name, item));
    }
    // A number is no name of an element.
    let (open, close) = match name.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        true => (format!("item index=\"{name}\""), "item"),
        false => (name.to_owned(), name),
    };
    out.extend(["<", &open, ">"]);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| write(out, name, value)),
        Value::String(text) => escape(out, text),
        Value::Bool(_) | Value::Number(_) => escape(out, &value.to_string()),
        Value::Null | Value::Array(_) => {}
    }
    out.extend(["</", close, ">"]);
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // What XML 1.0 has no place for.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}')
            }
            c => out.push(c),
        }
    }
}
