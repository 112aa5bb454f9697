//! Forms as this dialect takes them (contract, section 2): bodies and queries alike, percent-encoded or not, with names that are
//! paths. Nothing is known here of which fields exist.

use std::collections::HashMap;

use super::errors::FieldError;
use crate::dialects::percent::decode;

mod name;
#[cfg(test)]
mod tests;

pub use name::{Name, Segment};

/// So many faults of form are named; a body that is nothing but faults needs no longer answer.
const FAULTS_MAX: usize = 100;

/// One field that was sent and is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its path.
    pub name: Name,
    /// Its value, trimmed.
    pub value: String,
}

/// The fields of a request, in the order they were sent.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<Field>,
    /// Where a name's field is, once there are more than looking through all of them finds quickly.
    places: Option<HashMap<String, usize>>,
}

/// Up to so many fields are looked through one by one, which is quicker for what real requests have.
const FIELDS_FEW: usize = 48;

impl Form {
    /// Reads a body or query. What is wrong with a field's form is told beside the fields that are right.
    pub fn read(text: &[u8]) -> (Form, Vec<FieldError>) {
        let (mut form, mut faults) = (Form { fields: Vec::with_capacity(24), places: None }, Vec::new());
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = (decode(&pair[..cut]), decode(pair.get(cut + 1..).unwrap_or_default()));
            if let Err(fault) = form.take(&name, &value)
                && faults.len() < FAULTS_MAX
            {
                faults.push(fault);
            }
        }
        (form, faults)
    }

    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), FieldError> {
        let shown = || String::from_utf8_lossy(name).escape_debug().take(64).collect::<String>();
        let text = std::str::from_utf8(name).map_err(|_| FieldError::new(shown(), "must be UTF-8"))?;
        let text = text.trim();
        if has_control(text) {
            return Err(FieldError::new(shown(), "must not contain control characters"));
        }
        let name = Name::parse(text).map_err(|fault| FieldError::new(shown(), fault.to_string()))?;
        let value = std::str::from_utf8(value).map_err(|_| FieldError::new(name.text(), "must be UTF-8"))?.trim();
        if has_control(value) {
            return Err(FieldError::new(name.text(), "must not contain control characters"));
        }
        if text.is_empty() || value.is_empty() {
            return Ok(());
        }
        match self.get(name.text()) {
            Some(known) if known == value => Ok(()),
            Some(_) => Err(FieldError::new(name.text(), "must not be sent twice with different values")),
            None => {
                self.put(Field { name, value: value.to_owned() });
                Ok(())
            }
        }
    }

    /// Fields as they are written here, one behind the other.
    pub fn of<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Form {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Form::read(text.as_bytes()).0
    }

    /// All fields: names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.text(), field.value.as_str()))
    }

    fn put(&mut self, field: Field) {
        if let Some(places) = &mut self.places {
            places.insert(field.name.text().to_owned(), self.fields.len());
        }
        self.fields.push(field);
        if self.places.is_none() && self.fields.len() > FIELDS_FEW {
            let name = |(place, field): (usize, &Field)| (field.name.text().to_owned(), place);
            self.places = Some(self.fields.iter().enumerate().map(name).collect());
        }
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = match &self.places {
            None => self.fields.iter().find(|field| field.name.text() == name),
            Some(places) => places.get(name).map(|place| &self.fields[*place]),
        };
        field.map(|field| field.value.as_str())
    }

    /// The fields below a name, in the order they were sent.
    pub fn group<'f>(&'f self, group: &'f str) -> impl Iterator<Item = &'f Field> {
        self.fields.iter().filter(move |field| field.name.is_below(group))
    }

    /// All fields by their names' order: what makes two requests the same one.
    pub fn sorted(&self) -> Vec<&Field> {
        let mut fields: Vec<&Field> = self.fields.iter().collect();
        fields.sort_unstable_by(|one, other| one.name.text().cmp(other.name.text()));
        fields
    }
}

/// Whether control characters are in a text; most texts are ASCII and need no decoding.
fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

/// Whether a body of this media type is not read as a form. Clients mistype the header, so all others are.
pub fn is_no_form(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(media.as_str(), "application/json" | "application/xml" | "text/xml") || media.starts_with("multipart/")
}
