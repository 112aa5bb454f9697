//! Forms, percent-encoded or not, since clients in use do not encode: what is no escape is a letter like any other, a piece without an
//! equals sign belongs to the value before it, and bytes that are not UTF-8 are Windows-1252.

use super::Fields;
use crate::dialects::percent;
use crate::dialects::transaction_services::errors::Problem;

/// Reads a form or query.
///
/// # Errors
/// [`Problem::Unreadable`] when there are too many fields.
pub fn read(body: &[u8]) -> Result<Fields, Problem> {
    let mut fields = Fields::default();
    let mut pending: Option<(String, Vec<u8>)> = None;
    for piece in body.split(|byte| *byte == b'&') {
        match (piece.iter().position(|byte| *byte == b'='), &mut pending) {
            (Some(cut), _) => {
                if let Some((name, value)) = pending.replace((decode(&piece[..cut]), piece[cut + 1..].to_vec())) {
                    fields.take(&name, &decode(&value))?;
                }
            }
            (None, Some((_, value))) => {
                value.push(b'&');
                value.extend_from_slice(piece);
            }
            (None, None) => {}
        }
    }
    if let Some((name, value)) = pending {
        // Clients that end every pair with an ampersand mean nothing by the last.
        let value = value.strip_suffix(b"&").unwrap_or(&value);
        fields.take(&name, &decode(value))?;
    }
    Ok(fields)
}

/// A plus sign is a blank, `%XX` a byte; what is no escape stays as it is.
pub fn decode(text: &[u8]) -> String {
    of_bytes(percent::decode(text).into_owned())
}

/// Bytes as text: UTF-8, else Windows-1252.
pub fn of_bytes(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| of_windows_1252(*byte)).collect())
}

/// Latin-1 but for 0x80 to 0x9f (the WHATWG's table; five of them are control characters).
fn of_windows_1252(byte: u8) -> char {
    const UPPER: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
        0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
        0x17e, 0x178,
    ];
    match byte {
        0x80..=0x9f => char::from_u32(u32::from(UPPER[usize::from(byte - 0x80)])).unwrap_or('\u{fffd}'),
        _ => char::from(byte),
    }
}
