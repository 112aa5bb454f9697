//! Encrypted notifications: AES-256-GCM, everything in upper-case hexadecimal, no associated data (contract, section 12).

use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use florin_kernel::secret::Secret;

#[cfg(test)]
mod tests;

/// Bytes of the tag, which the cipher puts at the end.
const TAG_BYTES: usize = 16;

/// A sealed text.
pub struct Sealed {
    /// `X-Initialization-Vector`
    pub vector: String,
    /// `X-Authentication-Tag`
    pub tag: String,
    /// The body.
    pub body: String,
}

/// The key that a merchant was given: 64 hexadecimal digits.
pub fn key(text: &Secret) -> Option<[u8; 32]> {
    let text = text.expose();
    let mut key = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(key)
}

/// A vector that was never used: the same one twice under one key would give both texts away.
pub fn fresh_vector() -> [u8; 12] {
    let mut vector = [0; 12];
    getrandom::fill(&mut vector).expect("the system's random source answers");
    vector
}

/// Seals a text.
pub fn seal(key: &[u8; 32], vector: [u8; 12], plain: &[u8]) -> Sealed {
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let sealed = cipher.encrypt(&Nonce::<Aes256Gcm>::from(vector), plain).expect("a short text can be sealed");
    let (body, tag) = sealed.split_at(sealed.len() - TAG_BYTES);
    Sealed { vector: hex(&vector), tag: hex(tag), body: hex(body) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
