//! What may be set of a credential as a form: an input for each line of its dialect's table.

use florin_engine::directory::Credential;
use serde_json::{Map, Value};

use crate::dialects::connect::setting::{Kind, ROWS_MAX, Setting};
use crate::dialects::connect::{Connection, Unfit};
use crate::portal::visit::Fields;

/// What the names of all inputs begin with.
const SET: &str = "set.";

/// A part of the form: the inputs that stand alone, or a row of a kind of which there are several.
pub(in crate::portal) struct Group {
    /// Of a row, what it is; else empty.
    pub(in crate::portal) title: String,
    pub(in crate::portal) hint: &'static str,
    pub(in crate::portal) inputs: Vec<Input>,
}

/// One input.
pub(in crate::portal) struct Input {
    /// As the form has it.
    pub(in crate::portal) field: String,
    /// As the setting is called.
    pub(in crate::portal) name: &'static str,
    pub(in crate::portal) label: &'static str,
    pub(in crate::portal) hint: &'static str,
    pub(in crate::portal) shape: Shape,
    /// Text to be shown in it; of a box `on` where it is ticked.
    pub(in crate::portal) value: String,
    pub(in crate::portal) choices: Vec<Choice>,
}

/// How an input looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::portal) enum Shape {
    Line,
    Number,
    Area,
    Box,
    Select,
}

impl Shape {
    pub(in crate::portal) fn is_number(self) -> bool {
        self == Shape::Number
    }

    pub(in crate::portal) fn is_area(self) -> bool {
        self == Shape::Area
    }

    pub(in crate::portal) fn is_box(self) -> bool {
        self == Shape::Box
    }

    pub(in crate::portal) fn is_select(self) -> bool {
        self == Shape::Select
    }
}

/// A word to choose.
pub(in crate::portal) struct Choice {
    pub(in crate::portal) word: &'static str,
    pub(in crate::portal) label: &'static str,
    pub(in crate::portal) is_chosen: bool,
}

/// The form, as it was typed or as it is set; nothing where there is nothing to set.
pub(super) fn groups(dialect: &dyn Connection, credential: &Credential, form: &Fields) -> Vec<Group> {
    let Value::Object(set) = dialect.settings(credential) else { return Vec::new() };
    let (mut alone, mut rows) = (Vec::new(), Vec::new());
    for setting in dialect.setting_table() {
        let value = set.get(setting.name).unwrap_or(&Value::Null);
        match setting.kind.rows() {
            Some(table) => rows.extend(row_groups(setting, table, value, form)),
            None => alone.push(input(setting, format!("{SET}{}", setting.name), value, form)),
        }
    }
    let first = Group { title: String::new(), hint: "", inputs: alone };
    [first].into_iter().chain(rows).collect()
}

/// The rows that are there, and an empty one for another.
fn row_groups(setting: &Setting, table: &'static [Setting], value: &Value, form: &Fields) -> Vec<Group> {
    let known = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let typed = (0..ROWS_MAX).take_while(|at| form.has(&row_field(setting, *at, &table[0]))).count();
    let count = typed.max(known.len() + 1).min(ROWS_MAX);
    let group = |at: usize| {
        let row = known.get(at).unwrap_or(&Value::Null);
        let one = setting.label.strip_suffix('s').unwrap_or(setting.label);
        let title = match row.get(table[0].name).and_then(Value::as_str).unwrap_or_default() {
            "" => format!("Another {}", one.to_lowercase()),
            name => format!("{one} {name}"),
        };
        let inputs = table.iter().map(|inner| {
            let value = row.get(inner.name).unwrap_or(&Value::Null);
            input(inner, row_field(setting, at, inner), value, form)
        });
        Group { title, hint: setting.hint, inputs: inputs.collect() }
    };
    (0..count).map(group).collect()
}

fn row_field(setting: &Setting, at: usize, inner: &Setting) -> String {
    format!("{SET}{}.{at}.{}", setting.name, inner.name)
}

fn input(setting: &Setting, field: String, value: &Value, form: &Fields) -> Input {
    let value = match form.has(&field) {
        true => typed(setting, form, &field),
        false => setting.typed(value),
    };
    let words: Vec<(&'static str, &'static str)> = match setting.kind {
        Kind::Choice(words) => words.to_vec(),
        Kind::SwitchOrNull(neither) => vec![("", neither), ("on", "Yes"), ("off", "No")],
        Kind::Text
        | Kind::TextOrNull
        | Kind::Url
        | Kind::UrlOrNull
        | Kind::Number(..)
        | Kind::Switch
        | Kind::Words
        | Kind::WordsOrNull
        | Kind::Pairs
        | Kind::PairsWithUrl
        | Kind::Rows(_) => Vec::new(),
    };
    let choice = |(word, label): (&'static str, &'static str)| Choice { word, label, is_chosen: word == value };
    let choices = words.into_iter().map(choice).collect();
    let shape = match setting.kind {
        Kind::Text | Kind::TextOrNull | Kind::Url | Kind::UrlOrNull | Kind::Rows(_) => Shape::Line,
        Kind::Number(..) => Shape::Number,
        Kind::Choice(_) | Kind::SwitchOrNull(_) => Shape::Select,
        Kind::Switch => Shape::Box,
        Kind::Words | Kind::WordsOrNull | Kind::Pairs | Kind::PairsWithUrl => Shape::Area,
    };
    Input { field, name: setting.name, label: setting.label, hint: setting.hint, shape, value, choices }
}

/// What was typed; a box that is not ticked is sent as an empty text in front of it.
fn typed(setting: &Setting, form: &Fields, field: &str) -> String {
    match setting.kind {
        Kind::Switch => (if form.all(field).any(|word| word == "on") { "on" } else { "" }).to_owned(),
        Kind::Text
        | Kind::TextOrNull
        | Kind::Url
        | Kind::UrlOrNull
        | Kind::Number(..)
        | Kind::Choice(_)
        | Kind::SwitchOrNull(_)
        | Kind::Words
        | Kind::WordsOrNull
        | Kind::Pairs
        | Kind::PairsWithUrl
        | Kind::Rows(_) => form.text(field).to_owned(),
    }
}

/// What is to be set by a form; what it does not name stays as it is.
///
/// # Errors
/// [`Unfit`] names the setting.
pub(super) fn given(dialect: &dyn Connection, credential: &Credential, form: &Fields) -> Result<Value, Unfit> {
    let mut given = match dialect.settings(credential) {
        Value::Object(set) => set,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    for setting in dialect.setting_table() {
        match setting.kind.rows() {
            Some(table) => {
                if form.has(&row_field(setting, 0, &table[0])) {
                    let known = given.remove(setting.name);
                    given.insert(setting.name.to_owned(), rows(setting, table, known.as_ref(), form)?);
                }
            }
            None => put(setting, &format!("{SET}{}", setting.name), form, &mut given)?,
        }
    }
    Ok(Value::Object(given))
}

fn put(setting: &Setting, field: &str, form: &Fields, given: &mut Map<String, Value>) -> Result<(), Unfit> {
    if form.has(field) {
        match setting.read(&typed(setting, form, field))? {
            Some(value) => given.insert(setting.name.to_owned(), value),
            None => given.remove(setting.name),
        };
    }
    Ok(())
}

/// The rows whose first input says something.
fn rows(setting: &Setting, table: &[Setting], known: Option<&Value>, form: &Fields) -> Result<Value, Unfit> {
    let mut rows = Vec::new();
    for at in 0..ROWS_MAX {
        let field = |inner: &Setting| row_field(setting, at, inner);
        if form.text(&field(&table[0])).is_empty() {
            continue;
        }
        let mut row = known.and_then(|known| known.get(at)?.as_object()).cloned().unwrap_or_default();
        for inner in table {
            put(inner, &field(inner), form, &mut row)?;
        }
        rows.push(Value::Object(row));
    }
    Ok(rows.into())
}
