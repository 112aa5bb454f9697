//! What the node's JSON is made of: quantities, hashes, bytes, addresses with their checksum (EIP-55). Everything is read strictly, and
//! nothing that does not fit is cut.

use std::fmt;

use bitcoin::secp256k1::PublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest, Keccak256};

#[cfg(test)]
mod tests;

/// Keccak-256, by which Ethereum hashes.
pub fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// `0x` and two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

/// Reads `0x` and two digits a byte.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?)).collect()
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text)?.try_into().ok()
}

/// A number as JSON-RPC writes it, without leading zeros: `0x1b4`.
pub fn quantity(number: u128) -> String {
    format!("{number:#x}")
}

/// A number of 256 bits, most significant byte first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide(pub [u8; 32]);

impl Wide {
    /// From a number that fits.
    pub fn of(number: u128) -> Wide {
        let mut bytes = [0; 32];
        bytes[16..].copy_from_slice(&number.to_be_bytes());
        Wide(bytes)
    }

    /// The number, where it has at most 128 bits.
    pub fn number(self) -> Option<u128> {
        let (high, low) = self.0.split_at(16);
        let low: [u8; 16] = low.try_into().ok()?;
        high.iter().all(|byte| *byte == 0).then_some(u128::from_be_bytes(low))
    }

    fn read(text: &str) -> Option<Wide> {
        let digits = text.strip_prefix("0x").filter(|digits| (1..=64).contains(&digits.len()))?;
        array(&format!("0x{digits:0>64}")).map(Wide)
    }
}

/// A number of 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(pub u64);

/// A hash: of a block, of a transaction, of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// Bytes of any number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// An account's or contract's address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// The address of a public key: of its uncompressed point, without the leading byte.
    pub fn of_key(key: &PublicKey) -> Address {
        let mut address = [0; 20];
        address.copy_from_slice(&keccak(&key.serialize_uncompressed()[1..])[12..]);
        Address(address)
    }

    /// Reads `0x` and forty digits; letters of both cases must be those of the checksum (EIP-55).
    pub fn read(text: &str) -> Option<Address> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
        let address = Address(array(&format!("0x{}", digits.to_ascii_lowercase()))?);
        let lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
        let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
        (!(lower && upper) || address.to_string()[2..] == *digits).then_some(address)
    }
}

impl fmt::Display for Address {
    /// With its checksum (EIP-55).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = hex(&self.0);
        let digits = &text[2..];
        let hash = keccak(digits.as_bytes());
        f.write_str("0x")?;
        for (place, digit) in digits.chars().enumerate() {
            let nibble = (hash[place / 2] >> (4 * (1 - place % 2))) & 15;
            write!(f, "{}", if nibble >= 8 { digit.to_ascii_uppercase() } else { digit })?;
        }
        Ok(())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Hash {
    /// Reads what [`fmt::Display`] writes.
    pub fn read(text: &str) -> Option<Hash> {
        array(text).map(Hash)
    }
}

fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    read(&text).ok_or_else(|| serde::de::Error::custom(format!("not {what}")))
}

impl<'de> Deserialize<'de> for Wide {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wide, D::Error> {
        read(deserializer, "a number of 256 bits", Wide::read)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        let small = |text: &str| u64::try_from(Wide::read(text)?.number()?).ok().map(Quantity);
        read(deserializer, "a number of 64 bits", small)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        read(deserializer, "a hash", Hash::read)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        read(deserializer, "bytes", |text| unhex(text).map(Bytes))
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        read(deserializer, "an address", Address::read)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&hex(&self.0))
    }
}
