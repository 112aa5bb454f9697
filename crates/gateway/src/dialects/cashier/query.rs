//! The query part of a URL.

/// Parameters in the order they were written.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the text behind the question mark.
    pub fn read(text: Option<&str>) -> Query {
        Query(url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Whether a parameter is there, if only as `id=`.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A parameter's value; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}
