//! Percent-encoding as forms have it (WHATWG URL, section 5.1), read leniently, since clients in use do not always encode.

use std::borrow::Cow;

/// A plus sign is a blank, `%XX` a byte; a broken escape stays as it is, so that bodies which nobody encoded can be read.
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut decoded, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        let escaped = (*byte == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        match (byte, escaped) {
            (_, Some((high, low))) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', None) => {
                decoded.push(b' ');
                at += 1;
            }
            (other, None) => {
                decoded.push(*other);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}
