//! What may be set of a credential, one by one: each dialect has a table, from which the portal draws its form, reads what was typed,
//! and by which settings are checked, whoever sends them.

use serde_json::{Map, Value};

use super::{Unfit, check_url};

#[cfg(test)]
mod tests;

/// The word that stands for "none at all" where an empty list means the default.
pub const NONE: &str = "none";
/// Rows of a kind at most.
pub const ROWS_MAX: usize = 50;

/// Something that may be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name, as the API's reference has it.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// What it does, and what holds without it.
    pub hint: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a setting is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text; empty: the default.
    Text,
    /// A text that may be nothing (`null`), which is not the same as empty.
    TextOrNull,
    /// An address that may be called, or empty.
    Url,
    /// As [`Kind::Url`]; empty is `null`.
    UrlOrNull,
    /// A whole number from the first to the second; empty: the default.
    Number(u32, u32),
    /// One of several words with what they mean; the empty word is `null`, the default.
    Choice(&'static [(&'static str, &'static str)]),
    /// Off or on.
    Switch,
    /// As [`Kind::Switch`], or neither, with what holds then.
    SwitchOrNull(&'static str),
    /// Words, one a line.
    Words,
    /// As [`Kind::Words`]; nothing is `null`, the default, and [`NONE`] no word at all.
    WordsOrNull,
    /// A name and its value a line.
    Pairs,
    /// As [`Kind::Pairs`], of names that may stand alone: their value is `null`, else an address that may be called.
    PairsWithUrl,
    /// Several of the same form, known by the first setting of each.
    Rows(&'static [Setting]),
}

impl Kind {
    /// What each row has, of a setting that is rows.
    pub fn rows(self) -> Option<&'static [Setting]> {
        match self {
            Kind::Rows(table) => Some(table),
            Kind::Text
            | Kind::TextOrNull
            | Kind::Url
            | Kind::UrlOrNull
            | Kind::Number(..)
            | Kind::Choice(_)
            | Kind::Switch
            | Kind::SwitchOrNull(_)
            | Kind::Words
            | Kind::WordsOrNull
            | Kind::Pairs
            | Kind::PairsWithUrl => None,
        }
    }
}

/// Checks settings, those that are there.
///
/// # Errors
/// [`Unfit`] names the setting.
pub fn check(table: &[Setting], settings: &Map<String, Value>) -> Result<(), Unfit> {
    for setting in table {
        if let Some(value) = settings.get(setting.name) {
            setting.check(value)?;
        }
    }
    Ok(())
}

impl Setting {
    /// Whether a value is one that it may have; its type has been read before.
    fn check(&self, value: &Value) -> Result<(), Unfit> {
        match self.kind {
            Kind::Url | Kind::UrlOrNull => check_url(self.name, value.as_str().unwrap_or_default()),
            Kind::Number(least, most) => {
                let fits = value.is_null()
                    || value.as_u64().is_some_and(|value| (least.into()..=most.into()).contains(&value));
                if fits { Ok(()) } else { Err(Unfit::new(self.name, bounds(least, most))) }
            }
            Kind::PairsWithUrl => {
                let mut values = value.as_object().into_iter().flatten();
                values.try_for_each(|(_, url)| check_url(self.name, url.as_str().unwrap_or_default()))
            }
            Kind::Rows(table) => {
                let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
                rows.iter().filter_map(Value::as_object).try_for_each(|row| check(table, row))
            }
            Kind::Text
            | Kind::TextOrNull
            | Kind::Choice(_)
            | Kind::Switch
            | Kind::SwitchOrNull(_)
            | Kind::Words
            | Kind::WordsOrNull
            | Kind::Pairs => Ok(()),
        }
    }

    /// What was typed as a value; nothing: its default.
    ///
    /// # Errors
    /// [`Unfit`] names the setting.
    pub fn read(&self, typed: &str) -> Result<Option<Value>, Unfit> {
        let text = typed.trim();
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(match self.kind {
            Kind::Text | Kind::Url => (!text.is_empty()).then(|| text.into()),
            Kind::TextOrNull | Kind::UrlOrNull => Some(if text.is_empty() { Value::Null } else { text.into() }),
            Kind::Number(least, most) => match text {
                "" => None,
                text => {
                    let read = text.parse::<u32>().map_err(|_| Unfit::new(self.name, bounds(least, most)))?;
                    Some(read.into())
                }
            },
            Kind::Choice(words) => {
                let known = words.iter().find(|(word, _)| *word == text);
                let (word, _) = known.ok_or_else(|| Unfit::new(self.name, "must be one of those offered"))?;
                Some(if word.is_empty() { Value::Null } else { (*word).into() })
            }
            Kind::Switch => Some((text == "on").into()),
            Kind::SwitchOrNull(_) => Some(match text {
                "on" => true.into(),
                "off" => false.into(),
                _ => Value::Null,
            }),
            Kind::Words => Some(words(text).into()),
            Kind::WordsOrNull => Some(match text {
                "" => Value::Null,
                NONE => Value::Array(Vec::new()),
                text => words(text).into(),
            }),
            Kind::Pairs => Some(lines().map(|line| self.pair(line)).collect::<Result<Map<_, _>, _>>()?.into()),
            Kind::PairsWithUrl => {
                let named = |line: &str| match line.split_once(char::is_whitespace) {
                    Some((name, value)) => (name.to_owned(), Value::from(value.trim())),
                    None => (line.to_owned(), Value::Null),
                };
                Some(lines().map(named).collect::<Map<_, _>>().into())
            }
            Kind::Rows(_) => None,
        })
    }

    fn pair(&self, line: &str) -> Result<(String, Value), Unfit> {
        let pair = line.split_once(char::is_whitespace).map(|(name, value)| (name.to_owned(), value.trim().into()));
        pair.ok_or_else(|| Unfit::new(self.name, format!("must be a name and its value a line; {line:?} is not")))
    }

    /// A value as it is typed.
    pub fn typed(&self, value: &Value) -> String {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        match (self.kind, value) {
            (Kind::Switch, value) => (if value == &Value::Bool(true) { "on" } else { "" }).to_owned(),
            (Kind::SwitchOrNull(_), Value::Bool(is_on)) => (if *is_on { "on" } else { "off" }).to_owned(),
            (Kind::WordsOrNull, Value::Array(words)) if words.is_empty() => NONE.to_owned(),
            (_, Value::Array(words)) => words.iter().map(text).collect::<Vec<_>>().join("\n"),
            (_, Value::Object(pairs)) => {
                let line = |(name, value): (&String, &Value)| format!("{name} {}", text(value)).trim_end().to_owned();
                pairs.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            (_, value) => text(value),
        }
    }
}

fn bounds(least: u32, most: u32) -> String {
    format!("must be a number from {least} to {most}")
}

/// Words between spaces, commas and line ends.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
