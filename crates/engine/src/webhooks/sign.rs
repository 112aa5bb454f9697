//! The Standard Webhooks signature: HMAC-SHA256 over `id.timestamp.body` (standardwebhooks.com, version 1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use florin_kernel::secret::Secret;

/// The value of `webhook-signature`: one `v1,…` per secret, two while they are rotated.
pub fn standard_signature(id: &str, timestamp_s: i64, body: &str, secrets: &[Secret]) -> String {
    let sign = |secret: &Secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key_of(secret)).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// The bytes behind `whsec_`; a text that is no base64 is taken as it stands.
fn key_of(secret: &Secret) -> Vec<u8> {
    let text = secret.expose();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let lenient = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    lenient.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec())
}

/// A new `whsec_…` secret of 32 random bytes.
pub fn new_secret() -> Secret {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    Secret::new(format!("whsec_{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::{new_secret, standard_signature};
    use florin_kernel::secret::Secret;

    /// Vector C of the cashier contract, section 14.3.
    #[test]
    fn the_contracts_vector() {
        let body = r#"{"transaction_id":"r21nmrtpcmrcava","user_id":"1111222","tracking_id":"b8f04416-116a-11ed-861d-0242ac120002","status":"rejected","currency":"GBP","amount":"200.00","transaction_type":"withdrawal"}"#;
        let secret = Secret::new("whsec_ZmxvcmluLXNhbXBsZS13ZWJob29rLWtleS0zMmJ5dGU=".into());
        let signature = standard_signature("msg_k3v9q0x1m7t2c8z", 1_722_470_400, body, std::slice::from_ref(&secret));
        assert_eq!(signature, "v1,iQv7CXZwY9eYp1CL8zgpb0y8E51fGIeyPQAJu1EFIKA=");
        let two = standard_signature("msg_k3v9q0x1m7t2c8z", 1_722_470_400, body, &[new_secret(), secret]);
        assert!(two.starts_with("v1,") && two.ends_with(&format!(" {signature}")), "{two}");
    }
}
