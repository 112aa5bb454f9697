//! The fields of a request, whatever form it came in (contract, section 1): flat, by their dotted names, trimmed, none empty. Nothing is
//! known here of which fields exist but for what JSON may hold where.

use std::borrow::Cow;

use florin_kernel::card::without_numbers;

use super::errors::{Fault, Problem, Rule};

pub mod body;
pub mod form;
mod multipart;
mod object;
#[cfg(test)]
mod tests;

/// A request has at most so many.
const FIELDS_MAX: usize = 200;

/// The fields of a request.
#[derive(Debug, Default)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// By which rule.
    pub rule: Rule,
    /// What the value must be, to be read after the field's name.
    pub reason: Cow<'static, str>,
}

impl Complaint {
    /// By a rule, in words.
    pub fn new(rule: Rule, reason: impl Into<Cow<'static, str>>) -> Complaint {
        Complaint { rule, reason: reason.into() }
    }
}

impl Fields {
    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of the first of several names.
    pub fn first(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// All names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts a value under another name.
    ///
    /// # Errors
    /// [`Problem::Unreadable`] when there are too many.
    pub fn put(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        self.take(name, value)
    }

    /// That no name came twice with different values, and nothing else than a scalar where one belongs.
    ///
    /// # Errors
    /// [`Problem::Fields`].
    pub fn checked(self) -> Result<Fields, Problem> {
        match self.faults.is_empty() {
            true => Ok(self),
            false => Err(Problem::Fields(self.faults)),
        }
    }

    /// Takes a value in as it was decoded.
    ///
    /// # Errors
    /// [`Problem::Unreadable`] when there are too many.
    fn take(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let (name, value) = (name.trim(), restored(name.trim(), value));
        if name.is_empty() || value.is_empty() {
            return Ok(());
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            self.note(name, Complaint::new(Rule::Format, "must not contain control characters"));
            return Ok(());
        }
        match self.get(name) {
            Some(known) if known == value => Ok(()),
            Some(_) => {
                self.note(name, Complaint::new(Rule::Duplicate, "was sent twice with different values"));
                Ok(())
            }
            None if self.pairs.len() >= FIELDS_MAX => Err(Problem::Unreadable("more than 200 fields".into())),
            None => {
                self.pairs.push((name.to_owned(), value.into_owned()));
                Ok(())
            }
        }
    }

    fn note(&mut self, name: &str, complaint: Complaint) {
        // The name comes from the caller, and somebody may have put a card number there.
        let name: String = without_numbers(name).chars().take(64).collect();
        if self.faults.len() < FIELDS_MAX && !self.faults.iter().any(|fault| fault.parameter == name) {
            self.faults.push(Fault::new(name, complaint));
        }
    }
}

/// A value trimmed, and with the plus signs that a form without encoding lost: inside an e-mail address, and before a phone number.
fn restored<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    let leaf = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let trimmed = value.trim();
    match leaf.as_str() {
        "email" | "tmpl_emailaddr" if trimmed.contains(' ') => trimmed.replace(' ', "+").into(),
        "phone" | "telnocc" | "tmpl_telno" | "tmpl_telnocc" if value.starts_with(' ') && !trimmed.is_empty() => {
            format!("+{trimmed}").into()
        }
        _ => trimmed.into(),
    }
}

/// Reads fields and remembers what is wrong, so that one answer names all of it.
pub struct Reader<'f> {
    /// The fields.
    pub fields: &'f Fields,
    faults: Vec<Fault>,
}

impl<'f> Reader<'f> {
    /// Reads a request's fields.
    pub fn new(fields: &'f Fields) -> Reader<'f> {
        Reader { fields, faults: Vec::new() }
    }

    /// A field that may be absent: `None` when it is, or is faulty.
    pub fn read<T>(&mut self, name: &str, rule: impl FnOnce(&'f str) -> Result<T, Complaint>) -> Option<T> {
        let value = self.fields.get(name)?;
        rule(value).map_err(|complaint| self.fault(name, complaint)).ok()
    }

    /// As [`Reader::read`], of a field that has several names.
    pub fn read_any<T>(
        &mut self,
        names: &[&'static str],
        rule: impl FnOnce(&'f str) -> Result<T, Complaint>,
    ) -> Option<T> {
        let (name, _) = self.fields.first(names)?;
        self.read(name, rule)
    }

    /// A field that must be there.
    pub fn require<T>(&mut self, name: &str, rule: impl FnOnce(&'f str) -> Result<T, Complaint>) -> Option<T> {
        if self.fields.get(name).is_none() {
            self.missing(name);
            return None;
        }
        self.read(name, rule)
    }

    /// Notes a field that should be there.
    pub fn missing(&mut self, name: &str) {
        self.fault(name, Complaint::new(Rule::Missing, "is missing"));
    }

    /// Notes a faulty field.
    pub fn fault(&mut self, name: &str, complaint: Complaint) {
        self.faults.push(Fault::new(name, complaint));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::Fields(self.faults)) }
    }
}

/// A text of at most so many characters.
pub fn text(longest: usize) -> impl Fn(&str) -> Result<String, Complaint> {
    move |value| match value.chars().count() <= longest {
        true => Ok(value.to_owned()),
        false => Err(Complaint::new(Rule::Length, format!("must have at most {longest} characters"))),
    }
}

/// At most so many digits.
pub fn number(longest: usize) -> impl Fn(&str) -> Result<String, Complaint> {
    move |value| match (digits(value, 1..=longest), value.bytes().all(|byte| byte.is_ascii_digit())) {
        (true, _) => Ok(value.to_owned()),
        (false, true) => Err(Complaint::new(Rule::Length, format!("must have at most {longest} digits"))),
        (false, false) => Err(Complaint::new(Rule::Format, "must consist of digits")),
    }
}

/// One of a list of words, in any letter case.
pub fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&str) -> Result<T, Complaint> {
    move |value| {
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value)).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Complaint::new(Rule::Value, format!("must be one of {}", words.join(", ")))
        })
    }
}

/// Whether a text consists of so many digits.
pub fn digits(text: &str, counts: std::ops::RangeInclusive<usize>) -> bool {
    counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
