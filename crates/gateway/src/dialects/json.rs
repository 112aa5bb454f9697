//! Reading request bodies: one JSON object, strictly, in one pass, borrowed from the body.
//!
//! A number keeps its own text, because money must not pass through a float. A repeated key is refused, because two readers of
//! one body may disagree about which value counts, unless its dialect compares the values; so are deep nesting and anything after the
//! object.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// What a dialect lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Objects and arrays inside each other, the outermost counted.
    pub depth_max: u8,
    /// What a key means that stands twice in one object.
    pub repeats: Repeats,
}

/// What a key means that stands twice in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// A fault.
    Refused,
    /// Both are read, and the dialect compares.
    Kept,
}

/// What most dialects let through.
const STRICT: Rules = Rules { depth_max: 16, repeats: Repeats::Refused };
/// The key under which `serde_json` hands out the text of a number (its feature `arbitrary_precision`).
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it was written, but for the spelling of an exponent (`1E5` reads `1e+5`).
    Number(String),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// An object: its members in the order they were written, no key twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// Its members in the order they were written.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Why a body is not the one JSON object that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// Bytes that are no UTF-8.
    #[error("must be UTF-8")]
    NotUtf8,
    /// No JSON, or something after it.
    #[error("must be one valid JSON object")]
    Malformed,
    /// JSON, but no object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// A key stands twice in one object.
    #[error("must not repeat a key inside an object")]
    RepeatedKey,
    /// More levels than its rules allow.
    #[error("must not be nested deeper than {depth_max} levels")]
    TooDeep {
        /// What they allow.
        depth_max: u8,
    },
}

/// Reads a body: at most 16 levels, no key twice. A byte order mark before it is dropped.
///
/// # Errors
/// [`JsonFault`] says what is wrong, never what stood there.
pub fn read(body: &[u8]) -> Result<Object<'_>, JsonFault> {
    read_by(body, STRICT)
}

/// As [`read`], by rules of the dialect's own.
///
/// # Errors
/// As [`read`].
pub fn read_by(body: &[u8], rules: Rules) -> Result<Object<'_>, JsonFault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_| JsonFault::NotUtf8)?;
    let fault = Cell::new(JsonFault::Malformed);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Value { depth: 0, rules, fault: &fault }.deserialize(&mut deserializer).map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonFault::Malformed)?;
    match value {
        Json::Object(object) => Ok(object),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => Err(JsonFault::NotAnObject),
    }
}

/// Reads one value; `fault` tells the caller what `serde_json`'s error cannot.
#[derive(Clone, Copy)]
struct Value<'f> {
    depth: u8,
    rules: Rules,
    fault: &'f Cell<JsonFault>,
}

impl Value<'_> {
    fn refuse<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth_max = self.rules.depth_max;
        match self.depth < depth_max {
            true => Ok(Value { depth: self.depth + 1, ..self }),
            false => Err(self.refuse(JsonFault::TooDeep { depth_max })),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    // Whole numbers that fit are handed out as such; every other number comes as text (see `number`).
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let Some(Key(first)) = members.next_key()? else {
            return self.inner::<A::Error>().map(|_| Json::Object(Object::default()));
        };
        if first == NUMBER_KEY {
            return self.number(first, members);
        }
        let inner = self.inner()?;
        let value = members.next_value_seed(inner)?;
        self.members(inner, vec![(first, value)], members)
    }
}

impl Value<'_> {
    /// A decimal or huge number comes as a map with one odd key and an *owned* text; a string of the body is never owned here. So an object
    /// that imitates the key stays the object it is.
    fn number<'de, A: MapAccess<'de>>(self, key: Cow<'de, str>, mut members: A) -> Result<Json<'de>, A::Error> {
        let inner = Value { depth: self.depth.saturating_add(1), ..self };
        match members.next_value_seed(NumberText(inner))? {
            MaybeNumber::Number(text) => Ok(Json::Number(text)),
            MaybeNumber::Other(value) => {
                self.inner::<A::Error>()?;
                self.members(inner, vec![(key, value)], members)
            }
        }
    }

    fn members<'de, A: MapAccess<'de>>(
        self,
        inner: Self,
        mut object: Vec<(Cow<'de, str>, Json<'de>)>,
        mut members: A,
    ) -> Result<Json<'de>, A::Error> {
        while let Some(Key(key)) = members.next_key()? {
            object.push((key, members.next_value_seed(inner)?));
        }
        match self.rules.repeats == Repeats::Refused && repeats_a_key(&object) {
            true => Err(self.refuse(JsonFault::RepeatedKey)),
            false => Ok(Json::Object(Object(object))),
        }
    }
}

fn repeats_a_key(object: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    // Comparing all pairs is quickest for the few members a real request has; sorting keeps a hostile one from being slow.
    if object.len() <= 24 {
        return object
            .iter()
            .enumerate()
            .any(|(place, (key, _))| object[..place].iter().any(|(other, _)| other == key));
    }
    let mut keys: Vec<&str> = object.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// A member's key, borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

enum MaybeNumber<'a> {
    Number(String),
    Other(Json<'a>),
}

/// Reads the value under [`NUMBER_KEY`].
struct NumberText<'f>(Value<'f>);

impl<'de> DeserializeSeed<'de> for NumberText<'_> {
    type Value = MaybeNumber<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NumberText<'_> {
    type Value = MaybeNumber<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text of a number")
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(MaybeNumber::Number(text))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.0.visit_u64(value).map(MaybeNumber::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.0.visit_i64(value).map(MaybeNumber::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(MaybeNumber::Other(Json::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(MaybeNumber::Other(Json::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(MaybeNumber::Other(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(MaybeNumber::Other(Json::Bool(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.0.visit_seq(items).map(MaybeNumber::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        self.0.visit_map(members).map(MaybeNumber::Other)
    }
}
