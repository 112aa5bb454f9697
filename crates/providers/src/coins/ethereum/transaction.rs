//! Transactions as they are signed (EIP-1559, type 2): written for the signer, and read back to check what it signed. Pure.

use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use bitcoin::secp256k1::{Message, Secp256k1};
use serde::{Deserialize, Serialize};

use super::words::{Address, Hash, keccak};

#[cfg(test)]
mod tests;

/// The first byte of a typed transaction (EIP-2718) with fees after EIP-1559.
const TYPE: u8 = 2;

/// A transaction that is not signed. Fees are in wei for one gas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsigned {
    /// EIP-155.
    pub chain_id: u64,
    /// The sender's number of it.
    pub nonce: u64,
    /// What the block's maker gets at most.
    #[serde(with = "decimal")]
    pub max_priority_fee: u128,
    /// What it pays at most.
    #[serde(with = "decimal")]
    pub max_fee: u128,
    /// How much gas it uses at most.
    pub gas: u64,
    /// An account, or a token's contract.
    pub to: Address,
    /// Wei that go there.
    #[serde(with = "decimal")]
    pub value: u128,
    /// What a contract is called with.
    pub data: super::words::Bytes,
}

/// A signed transaction, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub unsigned: Unsigned,
    /// Whose key signed it.
    pub from: Address,
    /// Its id.
    pub txid: Hash,
}

impl Unsigned {
    /// The most that it can cost, in wei, beside what it sends.
    pub fn fee_max(&self) -> u128 {
        self.max_fee.saturating_mul(u128::from(self.gas))
    }

    fn fields(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        for number in [self.chain_id.into(), self.nonce.into(), self.max_priority_fee, self.max_fee, self.gas.into()] {
            put_number(&mut fields, number);
        }
        put_bytes(&mut fields, &self.to.0);
        put_number(&mut fields, self.value);
        put_bytes(&mut fields, &self.data.0);
        // Nothing is declared to be accessed (EIP-2930).
        put_list(&mut fields, &[]);
        fields
    }

    /// What the signer signs.
    pub fn signing_hash(&self) -> [u8; 32] {
        let mut bytes = vec![TYPE];
        put_list(&mut bytes, &self.fields());
        keccak(&bytes)
    }
}

impl Signed {
    /// Reads a signed transaction; `None` where it is none of this type, declares accesses, or its signature is none.
    pub fn read(raw: &[u8]) -> Option<Signed> {
        let (TYPE, body) = raw.split_first().map(|(first, rest)| (*first, rest))? else { return None };
        let mut whole = Reader(body);
        let mut fields = Reader(whole.take(Kind::List)?);
        let unsigned = Unsigned {
            chain_id: fields.number()?.try_into().ok()?,
            nonce: fields.number()?.try_into().ok()?,
            max_priority_fee: fields.number()?,
            max_fee: fields.number()?,
            gas: fields.number()?.try_into().ok()?,
            to: Address(fields.take(Kind::Bytes)?.try_into().ok()?),
            value: fields.number()?,
            data: super::words::Bytes(fields.take(Kind::Bytes)?.to_vec()),
        };
        let accesses = fields.take(Kind::List)?;
        let odd: u8 = fields.number()?.try_into().ok()?;
        let (r, s) = (fields.scalar()?, fields.scalar()?);
        if !(accesses.is_empty() && fields.0.is_empty() && whole.0.is_empty() && odd <= 1) {
            return None;
        }
        let recovery = RecoveryId::from_i32(odd.into()).ok()?;
        let signature = RecoverableSignature::from_compact(&[r, s].concat(), recovery).ok()?;
        // Every node refuses the other half (EIP-2).
        let (standard, mut low) = (signature.to_standard(), signature.to_standard());
        low.normalize_s();
        if low != standard {
            return None;
        }
        let hash = Message::from_digest(unsigned.signing_hash());
        let key = Secp256k1::verification_only().recover_ecdsa(&hash, &signature).ok()?;
        Some(Signed { unsigned, from: Address::of_key(&key), txid: Hash(keccak(raw)) })
    }
}

/// The call `transfer(address,uint256)` of a token (ERC-20).
pub fn token_transfer(to: Address, units: u128) -> Vec<u8> {
    let mut data = TOKEN_TRANSFER.to_vec();
    data.extend([0; 12]);
    data.extend(to.0);
    data.extend([0; 16]);
    data.extend(units.to_be_bytes());
    data
}

/// The first four bytes of Keccak-256 of `transfer(address,uint256)`.
const TOKEN_TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// Reads [`token_transfer`].
pub fn read_token_transfer(data: &[u8]) -> Option<(Address, u128)> {
    let words = data.strip_prefix(&TOKEN_TRANSFER[..]).filter(|words| words.len() == 64)?;
    let (to, value) = words.split_at(32);
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let to: [u8; 20] = to[12..].try_into().ok()?;
    let units: [u8; 16] = value[16..].try_into().ok()?;
    (zero(&words[..12]) && zero(&value[..16])).then_some((Address(to), u128::from_be_bytes(units)))
}

/// Appends a number in RLP: its bytes without leading zeros.
fn put_number(out: &mut Vec<u8>, number: u128) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    put_bytes(out, &bytes[zeros..]);
}

/// Appends bytes in RLP.
fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        [small] if *small < 0x80 => out.push(*small),
        bytes => {
            put_length(out, 0x80, bytes.len());
            out.extend_from_slice(bytes);
        }
    }
}

/// Appends a list in RLP, of fields that are in RLP already.
fn put_list(out: &mut Vec<u8>, fields: &[u8]) {
    put_length(out, 0xc0, fields.len());
    out.extend_from_slice(fields);
}

fn put_length(out: &mut Vec<u8>, base: u8, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 56 => out.push(base + short),
        _ => {
            let bytes = (length as u64).to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            out.push(base + 55 + (8 - zeros) as u8);
            out.extend_from_slice(&bytes[zeros..]);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    List,
}

/// Reads RLP, item by item, in its only valid form.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: Kind) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        let kind = if *first < 0xc0 { Kind::Bytes } else { Kind::List };
        let (length, rest) = match *first {
            0..0x80 => (1, self.0),
            0x80..0xb8 => (usize::from(first - 0x80), rest),
            0xb8..0xc0 => long(first - 0xb7, rest)?,
            0xc0..0xf8 => (usize::from(first - 0xc0), rest),
            0xf8..=0xff => long(first - 0xf7, rest)?,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        // One small byte stands for itself.
        if *first == 0x81 && content[0] < 0x80 {
            return None;
        }
        self.0 = rest;
        (kind == wanted).then_some(content)
    }

    fn number(&mut self) -> Option<u128> {
        let bytes = self.take(Kind::Bytes).filter(|bytes| bytes.len() <= 16 && bytes.first() != Some(&0))?;
        Some(bytes.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte)))
    }

    fn scalar(&mut self) -> Option<[u8; 32]> {
        let bytes = self.take(Kind::Bytes).filter(|bytes| bytes.len() <= 32 && bytes.first() != Some(&0))?;
        let mut scalar = [0; 32];
        scalar[32 - bytes.len()..].copy_from_slice(bytes);
        Some(scalar)
    }
}

/// A length that has bytes of its own, and what is behind them.
fn long(bytes: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = rest.split_at_checked(usize::from(bytes))?;
    if length.first() == Some(&0) || length.len() > 4 {
        return None;
    }
    let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
    (length >= 56).then_some((length, rest))
}

/// Numbers of 128 bits as decimal text in rows: JSON's end too early.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("not a number"))
    }
}
