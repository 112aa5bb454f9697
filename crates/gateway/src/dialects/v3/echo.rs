//! What a merchant sends along and gets back in every answer: customer, addresses, cart, parameters of its own (contract,
//! sections 5 and 6). Nested as it was sent, all values strings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::{Reader, digits};
use super::form::{Field, Form, Segment};
use super::instruction::Instruction;

/// The groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Echo {
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Value>,
    /// Where the bill goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<Value>,
    /// Where the goods go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Value>,
    /// What is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<Value>,
    /// The merchant's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_parameters: Option<Value>,
    /// An agreement that the payment is made on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing_instruction: Option<Value>,
    /// The older field for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurring_type: Option<String>,
    /// The sub-merchant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant: Option<Value>,
}

impl Echo {
    /// Takes the groups out of a form, and notes what is too long.
    pub fn read(reader: &mut Reader<'_>) -> Echo {
        Echo {
            customer: group(reader, "customer", customer_length),
            billing: group(reader, "billing", address_length),
            shipping: group(reader, "shipping", address_length),
            cart: group(reader, "cart", |name| if name.starts_with("cart.items[") { Some(2048) } else { None }),
            custom_parameters: custom(reader),
            standing_instruction: None,
            recurring_type: None,
            merchant: group(reader, "merchant", |name| (name == "merchant.id").then_some(255)),
        }
    }

    /// Takes up an agreement that a form states.
    pub fn note_instruction(&mut self, instruction: &Instruction, form: &Form) {
        self.standing_instruction = serde_json::to_value(instruction).ok();
        self.recurring_type = form.get("recurringType").map(ToOwned::to_owned);
    }
}

/// The longest value of a field; `None`: the field is not known and left out.
type Lengths = fn(&str) -> Option<usize>;

fn customer_length(name: &str) -> Option<usize> {
    Some(match name.strip_prefix("customer.").unwrap_or(name) {
        "email" => 128,
        "phone" | "mobile" | "workPhone" => 25,
        // A browser's own words are longer than what people type.
        browser if browser.starts_with("browser.") => 2048,
        _ => 50,
    })
}

fn address_length(name: &str) -> Option<usize> {
    Some(match name.split_once('.').map_or(name, |(_, leaf)| leaf) {
        "street1" | "street2" | "houseNumber1" | "houseNumber2" => 100,
        "city" => 80,
        "postcode" => 16,
        "country" => 2,
        _ => 50,
    })
}

fn group(reader: &mut Reader<'_>, name: &str, lengths: Lengths) -> Option<Value> {
    let (form, mut tree) = (reader.form, Node::default());
    for field in form.group(name) {
        let Some(longest) = lengths(field.name.text()) else { continue };
        if let Some(message) = fault(field, longest) {
            reader.fault(field.name.text(), message);
        } else if !tree.put(&field.name.segments()[1..], &field.value) {
            reader.fault(field.name.text(), "must not be a value and a group of values at once");
        }
    }
    tree.into_object()
}

fn fault(field: &Field, longest: usize) -> Option<String> {
    let country = field.name.text().ends_with(".country") && longest == 2;
    let letters = field.value.len() == 2 && field.value.bytes().all(|byte| byte.is_ascii_uppercase());
    match country {
        true if letters => None,
        true => Some("must match ^[A-Z]{2}$".to_owned()),
        false if field.value.chars().count() <= longest => None,
        false => Some(format!("size must be between 1 and {longest}")),
    }
}

/// `customParameters[key]`: a key of 3 to 64 letters, digits, dots and lines below.
fn custom(reader: &mut Reader<'_>) -> Option<Value> {
    let (form, mut object) = (reader.form, Map::new());
    for field in form.group("customParameters") {
        let Some(Segment::Key(key)) = field.name.segments().get(1).copied() else { continue };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        if !(3..=64).contains(&key.len()) || !key.bytes().all(plain) {
            reader.fault(field.name.text(), "must have a key that matches ^[A-Za-z0-9._]{3,64}$");
        } else if field.value.chars().count() > 2048 {
            reader.fault(field.name.text(), "size must be between 1 and 2048");
        } else {
            object.insert(key.to_owned(), Value::String(field.value.clone()));
        }
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A group while it is put together.
#[derive(Debug, Default)]
struct Node<'f> {
    value: Option<&'f str>,
    members: Vec<(Segment<'f>, Node<'f>)>,
}

impl<'f> Node<'f> {
    /// Whether there is room for the value at its path.
    fn put(&mut self, path: &[Segment<'f>], value: &'f str) -> bool {
        let Some((first, rest)) = path.split_first() else {
            let free = self.value.is_none() && self.members.is_empty();
            self.value = self.value.or(free.then_some(value));
            return free;
        };
        if self.value.is_some() {
            return false;
        }
        let place = self.members.iter().position(|(segment, _)| segment == first).unwrap_or_else(|| {
            self.members.push((*first, Node::default()));
            self.members.len() - 1
        });
        self.members[place].1.put(rest, value)
    }

    fn into_object(self) -> Option<Value> {
        (!self.members.is_empty()).then(|| self.into_value())
    }

    /// Places become a list, in their order and without gaps; keys an object, in the order they were sent.
    fn into_value(mut self) -> Value {
        if let Some(value) = self.value {
            return Value::String(value.to_owned());
        }
        let place = |segment: &Segment<'_>| match segment {
            Segment::Index(index) => Some(*index),
            Segment::Key(_) => None,
        };
        if self.members.iter().all(|(segment, _)| place(segment).is_some()) {
            self.members.sort_by_key(|(segment, _)| place(segment));
            return self.members.into_iter().map(|(_, node)| node.into_value()).collect();
        }
        let key = |segment: Segment<'_>| match segment {
            Segment::Key(key) => key.to_owned(),
            Segment::Index(index) => index.to_string(),
        };
        self.members.into_iter().map(|(segment, node)| (key(segment), node.into_value())).collect::<Map<_, _>>().into()
    }
}

/// Whether a text is a date of the form `yyyy-mm-dd`.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    digits(year, 4..=4) && digits(month, 2..=2) && digits(day, 2..=2) && text.parse::<jiff::civil::Date>().is_ok()
}
