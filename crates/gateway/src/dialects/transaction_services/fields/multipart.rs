//! Bodies of `multipart/form-data` (RFC 7578), text parts only.

use super::Fields;
use super::form::of_bytes;
use crate::dialects::transaction_services::errors::Problem;

/// Reads the parts; `header` is the content type with its boundary.
///
/// # Errors
/// [`Problem::Unreadable`] without a boundary or an end, [`Problem::WrongContentType`] for a file.
pub fn read(header: &str, body: &[u8]) -> Result<Fields, Problem> {
    let unreadable = |reason: &'static str| Problem::Unreadable(reason.into());
    let boundary = parameter(header, "boundary").filter(|boundary| !boundary.is_empty() && boundary.len() <= 70);
    let boundary = boundary.ok_or_else(|| unreadable("multipart without a boundary"))?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first delimiter stands at the beginning, without a line before it.
    let text = [b"\r\n", body].concat();
    let mut pieces = split(&text, &delimiter);
    pieces.next();
    let mut fields = Fields::default();
    for piece in pieces {
        if piece.starts_with(b"--") {
            return Ok(fields);
        }
        let cut = find(piece, b"\r\n\r\n").ok_or_else(|| unreadable("a part without an end of its headers"))?;
        let (head, value) = (of_bytes(piece[..cut].to_vec()), &piece[cut + 4..]);
        let line = head.lines().find(|line| {
            line.split_once(':').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        });
        let line = line.ok_or_else(|| unreadable("a part without a name"))?;
        if parameter(line, "filename").is_some() || parameter(line, "filename*").is_some() {
            return Err(Problem::WrongContentType);
        }
        let name = parameter(line, "name").ok_or_else(|| unreadable("a part without a name"))?;
        fields.take(&name, &of_bytes(value.to_vec()))?;
    }
    Err(unreadable("multipart without an end"))
}

/// A header's parameter, quoted or not.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (known, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        known.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}

fn split<'t>(text: &'t [u8], delimiter: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = find(text, delimiter);
        rest = cut.map(|cut| &text[cut + delimiter.len()..]);
        Some(&text[..cut.unwrap_or(text.len())])
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
