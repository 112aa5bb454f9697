//! Names of fields are paths: `card.number`, `card[number]` and `cart.items[0].name` are read into one form.

/// Parts of a path at most.
const DEPTH_MAX: usize = 6;
/// The largest index.
const INDEX_MAX: u8 = 99;
/// Below it everything behind the first separator is one key, dots included.
const CUSTOM: &str = "customParameters";

/// A path, and the one way to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    text: String,
    segments: Vec<Segment>,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A key.
    Key(String),
    /// A place in a list.
    Index(u8),
}

/// Why a path is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Too many parts.
    #[error("must not be nested deeper than {DEPTH_MAX} levels")]
    Deep,
    /// Too large an index.
    #[error("must not have an index above {INDEX_MAX}")]
    Index,
}

impl Name {
    /// Reads a name in any of its forms. One that is no path (a bracket left open) is a name of its own.
    ///
    /// # Errors
    /// [`NameFault`] for a path that is too deep or whose index is too large.
    pub fn parse(text: &str) -> Result<Name, NameFault> {
        let Some(parts) = split(text) else {
            return Ok(Name { text: text.to_owned(), segments: vec![Segment::Key(text.to_owned())] });
        };
        if parts.len() > DEPTH_MAX {
            return Err(NameFault::Deep);
        }
        let custom = parts.len() == 2 && parts[0] == CUSTOM;
        let mut name = Name { text: String::with_capacity(text.len()), segments: Vec::with_capacity(parts.len()) };
        for (place, part) in parts.into_iter().enumerate() {
            let digits = place > 0 && !custom && part.bytes().all(|byte| byte.is_ascii_digit());
            let segment = match digits {
                true => Segment::Index(index(part)?),
                false => Segment::Key(part.to_owned()),
            };
            match &segment {
                Segment::Key(key) if place == 0 => name.text.push_str(key),
                Segment::Key(key) if custom => name.text.push_str(&format!("[{key}]")),
                Segment::Key(key) => name.text.push_str(&format!(".{key}")),
                Segment::Index(index) => name.text.push_str(&format!("[{index}]")),
            }
            name.segments.push(segment);
        }
        Ok(name)
    }

    /// As answers write it: `card.number`, `registrations[0].id`, `customParameters[key]`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parts.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it lies below a name of one part.
    pub fn is_below(&self, group: &str) -> bool {
        self.segments.len() > 1 && matches!(&self.segments[0], Segment::Key(key) if key == group)
    }
}

fn index(digits: &str) -> Result<u8, NameFault> {
    let index = digits.parse().ok().filter(|index: &u8| *index <= INDEX_MAX);
    index.ok_or(NameFault::Index)
}

/// The parts of a path; `None` for a text that is none.
fn split(text: &str) -> Option<Vec<&str>> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (first, mut rest) = text.split_at(end);
    if first.is_empty() {
        return None;
    }
    let mut parts = vec![first];
    if first == CUSTOM && !rest.is_empty() {
        let bracketed = rest.strip_prefix('[').and_then(|key| key.strip_suffix(']'));
        let key = bracketed.or_else(|| rest.strip_prefix('.')).filter(|key| !key.is_empty())?;
        parts.push(key);
        return Some(parts);
    }
    while !rest.is_empty() {
        let part = if let Some(inside) = rest.strip_prefix('[') {
            let (part, after) = inside.split_once(']')?;
            rest = after;
            part
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (part, behind) = after.split_at(end);
            rest = behind;
            part
        };
        if part.is_empty() || part.contains('[') {
            return None;
        }
        parts.push(part);
    }
    Some(parts)
}
