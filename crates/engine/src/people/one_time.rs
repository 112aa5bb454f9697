//! One-time passwords by time (RFC 6238): SHA-1, six digits, 30 seconds, which is what every authenticator app does; and recovery codes.

use base64::Engine as _;
use florin_kernel::Timestamp;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, TokenDigest};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::keys::Keyring;

const STEP_S: i64 = 30;
/// Steps that the user's clock may be off, either way (RFC 6238, section 5.2).
const SKEW: i64 = 1;
const SECRET_LENGTH: usize = 20;
/// Recovery codes given at a time.
pub const RECOVERY_CODES: usize = 10;
/// Letters and digits that cannot be taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, in base32 as apps take it.
pub(super) fn new_secret() -> Secret {
    let mut bytes = [0; SECRET_LENGTH];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    Secret::new(base32(&bytes))
}

/// The text behind the QR code (the `otpauth` scheme of the authenticator apps).
pub(super) fn provisioning(email: &Email, secret: &Secret) -> String {
    let label: String = url::form_urlencoded::byte_serialize(email.text().as_bytes()).collect();
    let label = label.replace('+', "%20");
    format!("otpauth://totp/Florin:{label}?secret={}&issuer=Florin&algorithm=SHA1&digits=6&period=30", secret.expose())
}

/// The step whose code a text is, around now; the newest of several.
pub(super) fn matching_step(secret: &Secret, text: &str, now: Timestamp) -> Option<u64> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let key = from_base32(secret.expose())?;
    let current = now.as_second().div_euclid(STEP_S);
    let mut found = None;
    // All of them every time, so that nobody can tell how near it was.
    for step in current - SKEW..=current + SKEW {
        let Ok(step) = u64::try_from(step) else { continue };
        if bool::from(format!("{:06}", code(&key, step) % 1_000_000).as_bytes().ct_eq(digits.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The truncated number (RFC 4226, section 5.3) of a step, of which the last digits are the code.
fn code(key: &[u8], step: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let four: [u8; 4] = digest[at..at + 4].try_into().expect("four of twenty bytes");
    u32::from_be_bytes(four) & 0x7fff_ffff
}

/// The code of a moment, for who plays an authenticator app: tests and the command line.
///
/// # Panics
/// The secret is not base32.
pub fn code_at(secret: &Secret, now: Timestamp) -> String {
    let key = from_base32(secret.expose()).expect("a base32 secret");
    let step = u64::try_from(now.as_second().div_euclid(STEP_S)).unwrap_or(0);
    format!("{:06}", code(&key, step) % 1_000_000)
}

/// New recovery codes, `abcde-fghij` each: 50 random bits.
pub(super) fn new_recovery_codes() -> Vec<Secret> {
    let one = |_| {
        let mut bytes = [0; 10];
        getrandom::fill(&mut bytes).expect("the system's random source answers");
        let letters: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        Secret::new(format!("{}-{}", &letters[..5], &letters[5..]))
    };
    (0..RECOVERY_CODES).map(one).collect()
}

/// What is kept of a recovery code; spaces, hyphens and capitals do not matter.
pub(super) fn recovery_digest(keyring: &Keyring, code: &str) -> TokenDigest {
    let plain: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    super::digest(keyring, "recovery code", &plain)
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        (held, bits) = (held << 8 | u32::from(*byte), bits + 8);
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for letter in text.bytes() {
        let five = BASE32.iter().position(|other| *other == letter.to_ascii_uppercase())?;
        (held, bits) = (held << 5 | five as u32, bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// A random token of 256 bits, in letters that need no escape.
pub(super) fn new_token() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{base32, code, from_base32, matching_step, new_recovery_codes, new_secret, provisioning};
    use florin_kernel::Timestamp;
    use florin_kernel::secret::Secret;
    use florin_kernel::user::Email;

    const KEY: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    /// RFC 6238, appendix B: eight digits, of which ours are the last six.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (second, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = second / 30;
            assert_eq!(code(KEY, step as u64) % 100_000_000, expected);
            let text = format!("{:06}", expected % 1_000_000);
            let secret = Secret::new(base32(KEY));
            assert_eq!(matching_step(&secret, &text, at(second)), Some(step as u64));
            let spaced = format!("{} {}", &text[..3], &text[3..]);
            assert_eq!(matching_step(&secret, &spaced, at(second)), Some(step as u64));
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn truncation_is_that_of_the_rfc() {
        let expected = [1_284_755_224, 1_094_287_082, 137_359_152, 1_726_969_429, 1_640_338_314];
        for (count, expected) in expected.into_iter().enumerate() {
            assert_eq!(code(KEY, count as u64), expected);
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off() {
        let secret = Secret::new(base32(KEY));
        let matches = |second| matching_step(&secret, "050471", at(second));
        assert_eq!((matches(1_111_111_080), matches(1_111_111_139)), (Some(37_037_037), Some(37_037_037)));
        assert_eq!((matches(1_111_111_079), matches(1_111_111_170)), (None, None));
        for wrong in ["", "05047", "0504711", "abcdef", "\u{661}50471"] {
            assert_eq!(matching_step(&secret, wrong, at(1_111_111_111)), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text, "RFC 4648, section 10");
            assert_eq!(from_base32(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(from_base32("MZ1"), None);
        let secret = new_secret();
        assert_eq!(secret.expose().len(), 32);
        let email = Email::parse("ann+shop@example.com").expect("an address");
        let text = provisioning(&email, &Secret::new("ABC".to_owned()));
        assert_eq!(
            text,
            "otpauth://totp/Florin:ann%2Bshop%40example.com?secret=ABC&issuer=Florin&algorithm=SHA1&digits=6&period=30"
        );
        let codes = new_recovery_codes();
        assert!(codes.len() == 10 && codes.iter().all(|code| code.expose().len() == 11));
    }
}
