//! Taking fields out of a form, and collecting everything that is wrong with them, so that one answer names all of it.

use std::borrow::Cow;

use florin_kernel::card::without_numbers;
use url::Url;

use super::errors::{FieldError, Problem};
use super::form::Form;

/// What is wrong with a value.
pub type Message = Cow<'static, str>;

/// The longest value that an answer repeats.
const SHOWN_MAX: usize = 255;

/// Reads fields and remembers what is wrong.
pub struct Reader<'f> {
    /// The fields.
    pub form: &'f Form,
    faults: Vec<FieldError>,
}

impl<'f> Reader<'f> {
    /// Reads a form that may have faults already.
    pub fn new(form: &'f Form, faults: Vec<FieldError>) -> Reader<'f> {
        Reader { form, faults }
    }

    /// A field that may be absent: read by its rule, `None` when absent or faulty.
    pub fn read<T>(&mut self, name: &str, rule: impl FnOnce(&'f str) -> Result<T, Message>) -> Option<T> {
        let value = self.form.get(name)?;
        rule(value).map_err(|message| self.fault(name, message)).ok()
    }

    /// A field that must be there.
    pub fn require<T>(&mut self, name: &str, rule: impl FnOnce(&'f str) -> Result<T, Message>) -> Option<T> {
        if self.form.get(name).is_none() {
            self.missing(name);
            return None;
        }
        self.read(name, rule)
    }

    /// Notes a field that should be there.
    pub fn missing(&mut self, name: &str) {
        // One whose value could not be read at all was named for that.
        if !self.faults.iter().any(|fault| fault.name == name) {
            self.faults.push(FieldError::missing(name));
        }
    }

    /// Notes a faulty field with its value, as far as that may be shown.
    pub fn fault(&mut self, name: &str, message: impl Into<Message>) {
        let fault = self.error(name, message);
        self.faults.push(fault);
    }

    /// An error about a field, with its value as far as that may be shown.
    pub fn error(&self, name: &str, message: impl Into<Message>) -> FieldError {
        let value = self.form.get(name).and_then(|value| shown(name, value));
        FieldError { name: name.to_owned(), value, message: message.into() }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::Fields(self.faults)) }
    }
}

/// What an answer may show of a value: of a card number the first six and last four digits, of secrets nothing.
fn shown(name: &str, value: &str) -> Option<String> {
    match name {
        "card.cvv" | "authentication.password" | "threeDSecure.verificationId" => None,
        "card.number" | "bankAccount.iban" => Some(masked(value)),
        // A number may have been sent in any field.
        _ => Some(without_numbers(value).chars().take(SHOWN_MAX).collect()),
    }
}

fn masked(number: &str) -> String {
    let kept: Vec<char> = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let hidden = |place: usize| kept.len() < 12 || (place >= 6 && place + 4 < kept.len());
    kept.iter().enumerate().map(|(place, c)| if hidden(place) { '*' } else { *c }).take(64).collect()
}

/// A text of a length, counted in characters.
pub fn text(shortest: usize, longest: usize) -> impl Fn(&str) -> Result<String, Message> {
    move |value| match (shortest..=longest).contains(&value.chars().count()) {
        true => Ok(value.to_owned()),
        false => Err(format!("size must be between {shortest} and {longest}").into()),
    }
}

/// One of a list of words.
pub fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&str) -> Result<T, Message> {
    move |value| {
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("must be one of {}", words.join(", ")).into()
        })
    }
}

/// A text for which a test holds; `pattern` says which one, as a regular expression.
pub fn matching(pattern: &'static str, test: impl Fn(&str) -> bool) -> impl Fn(&str) -> Result<String, Message> {
    move |value| match test(value) {
        true => Ok(value.to_owned()),
        false => Err(format!("must match {pattern}").into()),
    }
}

/// Whether a text consists of so many digits.
pub fn digits(text: &str, counts: std::ops::RangeInclusive<usize>) -> bool {
    counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where a browser goes back to, or a notification: an absolute URL of the web.
pub fn web_url(value: &str) -> Result<String, Message> {
    if !(6..=2048).contains(&value.chars().count()) {
        return Err("size must be between 6 and 2048".into());
    }
    let url = Url::parse(value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // The URL parser drops blanks and repairs other things, and so would hide them from every later reader.
    let written = value.get(..8).unwrap_or(value).to_ascii_lowercase();
    let written = written.starts_with("http://") || written.starts_with("https://");
    let clean = url.filter(|_| written && !value.chars().any(char::is_whitespace));
    clean.map(|_| value.to_owned()).ok_or("must be an absolute http or https URL".into())
}
