//! Addresses as simulated chains make and read them: segregated-witness addresses with their checksum (BIP 173, BIP 350), hexadecimal
//! ones of account chains, and tokens that no wallet takes for an address.

#[cfg(test)]
mod tests;

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32: u32 = 1;
const BECH32M: u32 = 0x2bc8_30a3;

/// `bcrt1q…` of a 20-byte witness program, version 0.
pub fn regtest(program: &[u8]) -> String {
    let mut data = vec![0_u8];
    data.extend(regroup(program));
    let sum = polymod(&checked("bcrt", &data, &[0; 6])) ^ BECH32;
    data.extend((0..6).map(|place| ((sum >> (5 * (5 - place))) & 31) as u8));
    let text: String = data.iter().map(|value| char::from(CHARSET[usize::from(*value)])).collect();
    format!("bcrt1{text}")
}

/// Bytes in groups of five bits, the last filled with zeros.
fn regroup(bytes: &[u8]) -> Vec<u8> {
    let (mut groups, mut rest, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in bytes {
        rest = (rest << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            groups.push(((rest >> bits) & 31) as u8);
        }
    }
    if bits > 0 {
        groups.push(((rest << (5 - bits)) & 31) as u8);
    }
    groups
}

fn checked(prefix: &str, data: &[u8], tail: &[u8]) -> Vec<u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).chain(data.iter().copied()).chain(tail.iter().copied()).collect()
}

fn polymod(values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mut sum = 1_u32;
    for value in values {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ u32::from(*value);
        for (bit, term) in GENERATOR.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                sum ^= term;
            }
        }
    }
    sum
}

/// A bitcoin address in the form in which it is compared: lower case.
pub fn read_bitcoin(text: &str) -> Option<String> {
    if is_token(text, "btc-") {
        return Some(text.to_owned());
    }
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let text = text.to_ascii_lowercase();
    let (prefix, rest) = text.rsplit_once('1')?;
    if mixed || !["bcrt", "tb", "bc"].contains(&prefix) || !(14..=74).contains(&rest.len()) {
        return None;
    }
    let place = |byte: u8| CHARSET.iter().position(|known| *known == byte).and_then(|place| u8::try_from(place).ok());
    let data: Vec<u8> = rest.bytes().map(place).collect::<Option<_>>()?;
    let (version, program) = (data[0], (data.len() - 7) * 5 / 8);
    let sum = polymod(&checked(prefix, &data, &[]));
    let good = match version {
        0 => sum == BECH32 && [20, 32].contains(&program),
        1..=16 => sum == BECH32M && (2..=40).contains(&program),
        _ => false,
    };
    good.then_some(text)
}

/// An address of an account chain in the form in which it is compared: lower case. Its optional checksum in letter case is a matter of
/// wallets; test coins cannot be lost.
pub fn read_ethereum(text: &str) -> Option<String> {
    if is_token(text, "eth-") {
        return Some(text.to_owned());
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let good = digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| format!("0x{}", digits.to_ascii_lowercase()))
}

fn is_token(text: &str, prefix: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix(prefix).is_some_and(|digits| digits.len() == 32 && digits.bytes().all(lower))
}
