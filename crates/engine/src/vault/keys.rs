//! The vault's key in its versions, and sealing with it.
//!
//! Every card is sealed under a data key of its own, and the data key wrapped under the newest version of the vault's key. So
//! changing the vault's key wraps 32 bytes a card anew and touches no card. The key stands beside the database, never in it.

use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::{Aes256Gcm, Key};
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::registration::Registration;
use florin_kernel::secret::Secret;
use florin_store::SealedCard;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// The vault's key: one version that seals, and those that still open. At least one.
#[derive(Clone)]
pub struct VaultKeys(Vec<VaultKey>);

/// One version.
#[derive(Clone)]
struct VaultKey {
    version: u32,
    bytes: Zeroizing<[u8; 32]>,
}

/// Why a text is no vault key. It is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultKeyText {
    /// Nothing in it.
    #[error("holds no key; a key is VERSION:64 hexadecimal digits, one a line, the one that seals first")]
    Empty,
    /// Something else than a version and 64 hexadecimal digits.
    #[error("key {0} is not VERSION:64 hexadecimal digits (a version is a number from 1 on)")]
    Malformed(usize),
    /// One version has two keys.
    #[error("version {0} is there twice")]
    Twice(u32),
}

/// Why a sealed card does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The vault's key lacks this version.
    #[error("it is sealed under version {0} of the vault key, which is not there")]
    NoVersion(u32),
    /// The bytes were changed, moved from another row, or sealed under another key.
    #[error("it is damaged or was sealed under another vault key")]
    Damaged,
}

/// The length to which card numbers are filled up, so that sealed bytes do not tell how long a number is.
const PAN_DIGITS_MAX: usize = 19;
const NONCE: usize = 12;

impl VaultKeys {
    /// A new key of version 1.
    pub fn generate() -> VaultKeys {
        VaultKeys(vec![VaultKey::generate(1)])
    }

    /// Reads versions, `VERSION:64 hexadecimal digits` each, with white space or commas between; lines that begin with `#` are
    /// skipped. 64 digits alone are version 1. The first one seals, the others only open.
    ///
    /// # Errors
    /// [`VaultKeyText`] for any other text.
    pub fn parse(text: &str) -> Result<VaultKeys, VaultKeyText> {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words =
            lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ',')).filter(|w| !w.is_empty());
        let mut keys: Vec<VaultKey> = Vec::new();
        for (place, word) in words.enumerate() {
            let key = VaultKey::parse(word).ok_or(VaultKeyText::Malformed(place + 1))?;
            if keys.iter().any(|known| known.version == key.version) {
                return Err(VaultKeyText::Twice(key.version));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(VaultKeyText::Empty) } else { Ok(VaultKeys(keys)) }
    }

    /// The text that [`VaultKeys::parse`] reads, one version a line.
    pub fn to_text(&self) -> Secret {
        let line = |key: &VaultKey| format!("{}:{}\n", key.version, hex(key.bytes.as_slice()));
        Secret::new(self.0.iter().map(line).collect())
    }

    /// The version that seals.
    pub fn sealing(&self) -> u32 {
        self.0[0].version
    }

    /// The newest version, which may not seal yet.
    pub fn newest(&self) -> u32 {
        self.versions().max().expect("there is at least one")
    }

    /// All versions, the one that seals first.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|key| key.version)
    }

    /// Each version with a text that tells keys apart and says nothing about them.
    pub fn fingerprints(&self) -> impl Iterator<Item = (u32, String)> {
        self.0.iter().map(|key| (key.version, key.fingerprint()))
    }

    /// With a new version that seals nothing yet, so that every process can learn to open with it first.
    pub fn with_another(mut self) -> VaultKeys {
        self.0.push(VaultKey::generate(self.newest() + 1));
        self
    }

    /// With the newest version first, so that it seals.
    pub fn newest_first(mut self) -> VaultKeys {
        self.0.sort_by_key(|key| std::cmp::Reverse(key.version));
        self
    }

    /// Seals a card for its registration's row.
    pub fn seal(&self, registration: &Registration, card: &Card) -> SealedCard {
        let key = &self.0[0];
        let data_key = VaultKey::generate(0).bytes;
        let plain = plain(card);
        SealedCard {
            key_version: key.version,
            wrapped_key: encrypt(&key.bytes, &data_key[..], &key_context(registration, key.version)),
            card: encrypt(&data_key, &plain, &card_context(registration)),
        }
    }

    /// Opens a registration's card. The CVC and the cryptogram were never sealed.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, registration: &Registration, sealed: &SealedCard) -> Result<Card, Unopened> {
        let data_key = self.unwrap(registration, sealed)?;
        let plain = decrypt(&data_key, &sealed.card, &card_context(registration)).ok_or(Unopened::Damaged)?;
        read_plain(&plain, registration.card.expiry).ok_or(Unopened::Damaged)
    }

    /// The data key wrapped under the version that seals now.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn rewrap(&self, registration: &Registration, sealed: &SealedCard) -> Result<Vec<u8>, Unopened> {
        let data_key = self.unwrap(registration, sealed)?;
        let key = &self.0[0];
        Ok(encrypt(&key.bytes, &data_key[..], &key_context(registration, key.version)))
    }

    fn unwrap(&self, registration: &Registration, sealed: &SealedCard) -> Result<Zeroizing<[u8; 32]>, Unopened> {
        let version = sealed.key_version;
        let key = self.0.iter().find(|key| key.version == version).ok_or(Unopened::NoVersion(version))?;
        let unwrapped = decrypt(&key.bytes, &sealed.wrapped_key, &key_context(registration, version));
        let unwrapped = unwrapped.ok_or(Unopened::Damaged)?;
        let bytes: [u8; 32] = unwrapped[..].try_into().map_err(|_| Unopened::Damaged)?;
        Ok(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKeys(…)")
    }
}

impl PartialEq for VaultKeys {
    /// Of our own keys, in our own memory: how long it takes tells nobody anything.
    fn eq(&self, other: &VaultKeys) -> bool {
        let parts = |keys: &VaultKeys| -> Vec<(u32, Zeroizing<[u8; 32]>)> {
            keys.0.iter().map(|key| (key.version, key.bytes.clone())).collect()
        };
        parts(self) == parts(other)
    }
}

impl VaultKey {
    fn generate(version: u32) -> VaultKey {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).expect("the system's random source answers");
        VaultKey { version, bytes }
    }

    fn parse(word: &str) -> Option<VaultKey> {
        let (version, digits) = word.split_once(':').unwrap_or(("1", word));
        let version = version.parse().ok().filter(|version| *version > 0)?;
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[place * 2..place * 2 + 2], 16).ok()?;
        }
        Some(VaultKey { version, bytes })
    }

    fn fingerprint(&self) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(self.bytes.as_slice()).expect("HMAC takes keys of any length");
        hex(&mac.chain_update("florin vault key").finalize().into_bytes()[..8])
    }
}

/// What a wrapped data key belongs to: nobody can put it into another row or under another version.
fn key_context(registration: &Registration, version: u32) -> Vec<u8> {
    [&b"florin data key"[..], &version.to_be_bytes(), &registration.id.number().to_be_bytes()].concat()
}

/// What a sealed card belongs to.
fn card_context(registration: &Registration) -> Vec<u8> {
    let owner = registration.merchant.number().to_be_bytes();
    [&b"florin card"[..], &registration.id.number().to_be_bytes(), &owner, &[registration.mode as u8]].concat()
}

/// The number filled up with blanks, then the holder. The holder is sealed as well: payers type their number there, too.
fn plain(card: &Card) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(PAN_DIGITS_MAX + card.holder.len()));
    plain.extend_from_slice(card.pan.expose().as_bytes());
    plain.resize(PAN_DIGITS_MAX, b' ');
    plain.extend_from_slice(card.holder.as_bytes());
    plain
}

fn read_plain(plain: &[u8], expiry: Expiry) -> Option<Card> {
    let (pan, holder) = plain.split_at_checked(PAN_DIGITS_MAX)?;
    let pan = Pan::parse(std::str::from_utf8(pan).ok()?).ok()?;
    Some(Card { holder: std::str::from_utf8(holder).ok()?.to_owned(), pan, cvc: None, expiry, cryptogram: None })
}

/// AES-256-GCM with a random nonce, which stands first.
fn encrypt(key: &[u8; 32], plain: &[u8], context: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).expect("the system's random source answers");
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let sealed = cipher.encrypt(&Nonce::<Aes256Gcm>::from(nonce), Payload { msg: plain, aad: context });
    [&nonce[..], &sealed.expect("a short text can be sealed")].concat()
}

fn decrypt(key: &[u8; 32], sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    cipher.decrypt(&Nonce::<Aes256Gcm>::from(nonce), Payload { msg: sealed, aad: context }).ok().map(Zeroizing::new)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
