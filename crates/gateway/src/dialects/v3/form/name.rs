//! Names of fields are paths: `card.number`, `card[number]` and `cart.items[0].name` are read into one form.

/// Parts of a path at most.
const DEPTH_MAX: usize = 6;
/// The largest index.
const INDEX_MAX: u8 = 99;
/// Below it everything behind the first separator is one key, dots included.
const CUSTOM: &str = "customParameters";

/// A path, in the one way to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'n> {
    /// A key.
    Key(&'n str),
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
        // Most names have one part, or two with a dot between, and are written already.
        let separators = text.bytes().filter(|byte| *byte == b'.').count();
        let plain = separators < 2 && !text.bytes().any(|byte| byte == b'[' || byte.is_ascii_digit());
        if plain && !text.starts_with(CUSTOM) {
            return Ok(Name(text.to_owned()));
        }
        let Some(parts) = split(text) else { return Ok(Name(text.to_owned())) };
        if parts.len() > DEPTH_MAX {
            return Err(NameFault::Deep);
        }
        let custom = is_custom(&parts);
        let mut name = String::with_capacity(text.len());
        for (place, part) in parts.into_iter().enumerate() {
            match segment(place, part, custom)? {
                Segment::Key(key) if place == 0 => name.push_str(key),
                Segment::Key(key) if custom => name.push_str(&format!("[{key}]")),
                Segment::Key(key) => {
                    name.push('.');
                    name.push_str(key);
                }
                Segment::Index(index) => name.push_str(&format!("[{index}]")),
            }
        }
        Ok(Name(name))
    }

    /// As answers write it: `card.number`, `registrations[0].id`, `customParameters[key]`.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Its parts.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let Some(parts) = split(&self.0) else { return vec![Segment::Key(&self.0)] };
        let custom = is_custom(&parts);
        // A written name has no index that is too large.
        parts.into_iter().enumerate().filter_map(|(place, part)| segment(place, part, custom).ok()).collect()
    }

    /// Whether it lies below a name of one part.
    pub fn is_below(&self, group: &str) -> bool {
        let Some(rest) = self.0.strip_prefix(group) else { return false };
        match rest.strip_prefix('.') {
            // What most names are.
            Some(key) if !key.is_empty() && !key.contains(['.', '[']) => true,
            Some(_) | None => rest.starts_with(['.', '[']) && split(&self.0).is_some(),
        }
    }
}

fn is_custom(parts: &[&str]) -> bool {
    parts.len() == 2 && parts[0] == CUSTOM
}

fn segment(place: usize, part: &str, custom: bool) -> Result<Segment<'_>, NameFault> {
    let digits = place > 0 && !custom && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits { index(part).map(Segment::Index) } else { Ok(Segment::Key(part)) }
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
