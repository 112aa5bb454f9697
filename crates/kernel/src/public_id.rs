//! The ids that dialects print, computed from a payment's number and back.
//!
//! A keyed permutation (a Feistel network over AES) maps the 63-bit number to text that looks random and cannot be
//! guessed or counted, so a printed id costs no row and no look-up. Each form has its own key.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use crate::PaymentId;

#[cfg(test)]
mod tests;

const ROUNDS: u8 = 8;
const SEQUENCE_BITS: u32 = 10;
/// Low bits that are zero in every id of ours: a made-up text passes with a chance of 1 in 8.
const CHECK_BITS: u32 = 3;
const BASE_36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// One operation of a payment, or (sequence 0) the payment itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The payment.
    pub payment: PaymentId,
    /// 0 for the payment itself, else the operation's sequence number, at most 1023.
    pub sequence: u16,
}

/// Turns payments and operations into printed ids and back, under one installation's key.
pub struct Codec {
    base36: Aes128,
    hex: Aes128,
}

impl Codec {
    /// A codec for one key per form. Changing a key changes every id ever printed.
    pub fn new(base36_key: [u8; 16], hex_key: [u8; 16]) -> Codec {
        Codec { base36: Aes128::new(&Array::from(base36_key)), hex: Aes128::new(&Array::from(hex_key)) }
    }

    /// 15 characters of lower-case base 36, the first a letter: the cashier's transaction ids and the
    /// references sent to providers (cashier contract, section 4).
    pub fn base36(&self, reference: Reference) -> String {
        let mixed = feistel(&self.base36, plain(reference), 38, Direction::Forth);
        let mut rest = mixed;
        let mut text = [0_u8; 15];
        for place in text[1..].iter_mut().rev() {
            *place = BASE_36[(rest % 36) as usize];
            rest /= 36;
        }
        // 76 bits need at most 13 of the 26 letters, so the first character always fits.
        text[0] = b'a' + rest as u8;
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Reads what [`Codec::base36`] printed; `None` for any text that no id of ours has.
    pub fn read_base36(&self, text: &str) -> Option<Reference> {
        let (first, rest) = text.as_bytes().split_first()?;
        if text.len() != 15 || !first.is_ascii_lowercase() {
            return None;
        }
        let mut mixed = u128::from(first - b'a');
        for byte in rest {
            let digit = BASE_36.iter().position(|digit| digit == byte)?;
            mixed = mixed * 36 + digit as u128;
        }
        (mixed >> 76 == 0).then(|| feistel(&self.base36, mixed, 38, Direction::Back)).and_then(reference)
    }

    /// 32 hexadecimal digits: the v3 dialect's ids.
    pub fn hex(&self, reference: Reference) -> String {
        format!("{:032x}", feistel(&self.hex, plain(reference), 64, Direction::Forth))
    }

    /// Reads what [`Codec::hex`] printed; `None` for any text that no id of ours has.
    pub fn read_hex(&self, text: &str) -> Option<Reference> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mixed = u128::from_str_radix(text, 16).ok()?;
        reference(feistel(&self.hex, mixed, 64, Direction::Back))
    }
}

fn plain(reference: Reference) -> u128 {
    let number = reference.payment.number() as u128 & ((1 << 63) - 1);
    let sequence = u128::from(reference.sequence) & ((1 << SEQUENCE_BITS) - 1);
    ((number << SEQUENCE_BITS) | sequence) << CHECK_BITS
}

fn reference(plain: u128) -> Option<Reference> {
    let in_range = plain >> (63 + SEQUENCE_BITS + CHECK_BITS) == 0 && plain & ((1 << CHECK_BITS) - 1) == 0;
    let body = plain >> CHECK_BITS;
    in_range.then(|| Reference {
        payment: PaymentId::from_number((body >> SEQUENCE_BITS) as i64),
        sequence: (body & ((1 << SEQUENCE_BITS) - 1)) as u16,
    })
}

#[derive(Clone, Copy)]
enum Direction {
    Forth,
    Back,
}

/// A balanced Feistel network over two halves of `half_bits` bits.
fn feistel(cipher: &Aes128, value: u128, half_bits: u32, direction: Direction) -> u128 {
    let mask = (1_u128 << half_bits) - 1;
    let (mut left, mut right) = (value >> half_bits, value & mask);
    for step in 0..ROUNDS {
        match direction {
            Direction::Forth => (left, right) = (right, left ^ (round(cipher, step, right) & mask)),
            Direction::Back => (left, right) = (right ^ (round(cipher, ROUNDS - 1 - step, left) & mask), left),
        }
    }
    (left << half_bits) | right
}

fn round(cipher: &Aes128, step: u8, half: u128) -> u128 {
    let mut block = Array::from((half | (u128::from(step) << 120)).to_be_bytes());
    cipher.encrypt_block(&mut block);
    u128::from_be_bytes(block.into())
}
