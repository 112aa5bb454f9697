//! Taking fields out of a body, and collecting everything that is wrong with them, so that one answer names all of it.

use super::errors::FieldError;
use super::json::{Json, Object};
use super::rules::Message;

/// One object of a body, with its path.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    object: Option<&'a Object<'a>>,
    path: &'static str,
}

impl<'a> Section<'a> {
    /// An object under its path.
    pub fn new(object: &'a Object<'a>, path: &'static str) -> Section<'a> {
        Section { object: Some(object), path }
    }

    /// A field's value. `null` and `""` count as absent.
    pub fn get(&self, name: &str) -> Option<&'a Json<'a>> {
        self.object?.get(name).filter(|value| match value {
            Json::Null => false,
            Json::Text(text) => !text.is_empty(),
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => true,
        })
    }
}

/// Reads fields and remembers what is wrong.
#[derive(Default)]
pub struct Form {
    errors: Vec<FieldError>,
}

impl Form {
    /// A field that may be absent: read by its rule, `None` when absent or faulty.
    pub fn read<'a, T>(
        &mut self,
        section: &Section<'a>,
        name: &'static str,
        rule: impl FnOnce(&'a Json<'a>) -> Result<T, Message>,
    ) -> Option<T> {
        let value = section.get(name).filter(|value| !is_blank(value))?;
        rule(value).map_err(|message| self.fault(section, name, message)).ok()
    }

    /// A field that must be there.
    pub fn require<'a, T>(
        &mut self,
        section: &Section<'a>,
        name: &'static str,
        rule: impl FnOnce(&'a Json<'a>) -> Result<T, Message>,
    ) -> Option<T> {
        if section.get(name).is_none_or(is_blank) {
            self.fault(section, name, "is required".into());
            return None;
        }
        self.read(section, name, rule)
    }

    /// An id that must be there. Ids are not trimmed, so blanks are part of them.
    pub fn require_id<'a, T>(
        &mut self,
        section: &Section<'a>,
        name: &'static str,
        rule: impl FnOnce(&'a Json<'a>) -> Result<T, Message>,
    ) -> Option<T> {
        let read = section.get(name).ok_or(Message::Borrowed("is required")).and_then(rule);
        read.map_err(|message| self.fault(section, name, message)).ok()
    }

    /// An object inside an object; an absent one has no fields.
    pub fn section<'a>(&mut self, section: &Section<'a>, name: &'static str, path: &'static str) -> Section<'a> {
        let object = match section.get(name) {
            Some(Json::Object(object)) => Some(object),
            Some(value) if !is_blank(value) => {
                self.fault(section, name, "must be an object".into());
                None
            }
            Some(_) | None => None,
        };
        Section { object, path }
    }

    /// Notes a faulty field.
    pub fn fault(&mut self, section: &Section<'_>, name: &str, message: Message) {
        self.fault_at(format!("{}.{name}", section.path), message);
    }

    /// Notes a fault under its full path.
    pub fn fault_at(&mut self, path: impl Into<std::borrow::Cow<'static, str>>, message: impl Into<Message>) {
        self.errors.push(FieldError::new(path, message));
    }

    /// Everything that is wrong, in the order it was found.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }
}

fn is_blank(value: &Json<'_>) -> bool {
    matches!(value, Json::Text(text) if text.trim().is_empty())
}
