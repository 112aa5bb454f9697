//! The parameters of a call: query, form and multipart with equal meaning (contract, section 1).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;

use super::errors::Problem;
use crate::dialects::request::{BodyFault, read_body};

#[cfg(test)]
mod tests;

/// Names and values; an empty value is an absent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a request. A body is read with POST only; what stands in the query wins (amendment 2).
    ///
    /// # Errors
    /// [`Problem`]: a name given twice in one place with different values, a file, a body of another type, one that is too large.
    pub async fn read(parts: &Parts, body: Body) -> Result<Params, Problem> {
        let query = collect(pairs(parts.uri.query().unwrap_or_default().as_bytes()))?;
        if parts.method != Method::POST {
            return Ok(Params(query));
        }
        let media =
            parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = read_body(parts, body).await.map_err(|fault| match fault {
            BodyFault::TooLarge => Problem::body_too_large(),
            BodyFault::Incomplete => Problem::invalid("body", "it is cut off"),
        })?;
        let kind = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let sent = match kind.as_str() {
            _ if body.is_empty() => Vec::new(),
            "application/x-www-form-urlencoded" => pairs(&body),
            "multipart/form-data" => multipart(&media, &body)?,
            _ => return Err(Problem::unsupported_media_type()),
        };
        let mut all = collect(sent)?;
        all.extend(query);
        Ok(Params(all))
    }

    /// Whether there is a query at all, whose filters then count alone (amendment 2).
    pub fn of_query(parts: &Parts) -> Result<Params, Problem> {
        Ok(Params(collect(pairs(parts.uri.query().unwrap_or_default().as_bytes()))?))
    }

    /// A value, if it is there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// `missing_parameter`.
    pub fn require(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::missing(name))
    }

    /// A text of at most so many characters.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn text(&self, name: &'static str, longest: usize) -> Result<Option<String>, Problem> {
        match self.get(name) {
            Some(text) if text.chars().count() > longest => {
                Err(Problem::invalid(name, &format!("it has more than {longest} characters")))
            }
            Some(text) if text.chars().any(|character| character == '\0') => {
                Err(Problem::invalid(name, "it holds a NUL character"))
            }
            found => Ok(found.map(str::to_owned)),
        }
    }

    /// `true`/`false`, `1`/`0`.
    ///
    /// # Errors
    /// `invalid_parameter` for anything else.
    pub fn truth(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::invalid(name, "it is neither true nor false")),
        }
    }

    /// The names and values in order, for a digest of the request.
    pub fn canonical(&self, names: &[&str]) -> String {
        let mut text = String::new();
        for name in names {
            if let Some(value) = self.get(name) {
                text.push_str(&format!("{name}={}:{value}\n", value.len()));
            }
        }
        text
    }

    /// All of them, for the sandbox.
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn collect(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Problem> {
    let mut known = BTreeMap::new();
    for (name, value) in pairs {
        let value = value.trim().to_owned();
        if value.is_empty() {
            continue;
        }
        match known.get(&name) {
            Some(before) if *before != value => return Err(Problem::duplicate(&name)),
            Some(_) | None => _ = known.insert(name, value),
        }
    }
    Ok(known)
}

/// Reads a multipart body (RFC 7578) of text fields.
fn multipart(media: &str, body: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let malformed = || Problem::invalid("body", "it is no multipart form");
    let boundary = media.split(';').filter_map(|part| part.trim().strip_prefix("boundary=")).next();
    let boundary = boundary.map(|text| text.trim_matches('"')).filter(|text| !text.is_empty()).ok_or_else(malformed)?;
    let text = std::str::from_utf8(body).map_err(|_| Problem::invalid("body", "it is not UTF-8"))?;
    let delimiter = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut parts = text.split(delimiter.as_str()).skip(1);
    for part in &mut parts {
        if part.starts_with("--") {
            return Ok(fields);
        }
        let part = part.strip_prefix("\r\n").or(part.strip_prefix('\n')).ok_or_else(malformed)?;
        let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")).ok_or_else(malformed)?;
        let value = value.strip_suffix("\r\n").or(value.strip_suffix('\n')).ok_or_else(malformed)?;
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        let disposition = disposition.ok_or_else(malformed)?;
        let attribute = |name: &str| {
            let attributes = disposition.split(';').map(str::trim);
            let found = attributes.filter_map(|attribute| attribute.split_once('=')).find(|(key, _)| *key == name);
            found.map(|(_, value)| value.trim_matches('"').to_owned())
        };
        let name = attribute("name").ok_or_else(malformed)?;
        if attribute("filename").is_some() || attribute("filename*").is_some() {
            return Err(Problem::invalid(&name, "files are not taken"));
        }
        fields.push((name, value.to_owned()));
    }
    Err(malformed())
}
