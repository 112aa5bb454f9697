//! Tokens of payers' pages: 50 letters and digits, computed from a payment or operation and a purpose, and back. No row.

use florin_kernel::public_id::{Codec, Reference};

use crate::keys::Keyring;

#[cfg(test)]
mod tests;

const LENGTH: usize = 50;
const ID_BYTES: usize = 16;
/// 16 bytes of id and 21 of tag: 296 bits, which 50 places of base 62 just hold.
const BYTES: usize = 37;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The token of a page for a purpose. It cannot be guessed or turned into one for another purpose.
pub(crate) fn page_token(codec: &Codec, keyring: &Keyring, purpose: &str, reference: Reference) -> String {
    let id =
        u128::from_str_radix(&codec.hex(reference), 16).expect("the codec prints hexadecimal digits").to_be_bytes();
    let tag = keyring.page_tag(&[purpose.as_bytes(), &id]);
    let mut bytes = [0; BYTES];
    bytes[..ID_BYTES].copy_from_slice(&id);
    bytes[ID_BYTES..].copy_from_slice(&tag[..BYTES - ID_BYTES]);
    let mut text = [0; LENGTH];
    for place in text.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut bytes {
            let value = rest * 256 + u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *place = BASE_62[rest as usize];
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads a token; `None` unless it was made by [`page_token`] for the same purpose.
pub(crate) fn read_page_token(codec: &Codec, keyring: &Keyring, purpose: &str, token: &str) -> Option<Reference> {
    if token.len() != LENGTH {
        return None;
    }
    let mut bytes = [0_u8; BYTES];
    for character in token.bytes() {
        let mut carry = BASE_62.iter().position(|digit| *digit == character)? as u32;
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = (value & 0xff) as u8;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let id: [u8; ID_BYTES] = bytes[..ID_BYTES].try_into().ok()?;
    let reference = codec.read_hex(&format!("{:032x}", u128::from_be_bytes(id)))?;
    let expected = page_token(codec, keyring, purpose, reference);
    bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), token.as_bytes())).then_some(reference)
}
