//! Tokens: JSON Web Tokens signed with HMAC-SHA256 under a key of the installation (RFC 7519; contract, section 8.1). Their time is the
//! wall clock's, since clients cache them by their own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_engine::Engine;
use florin_kernel::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

#[cfg(test)]
mod tests;

/// How long a token is good for, in seconds.
const LIFE_S: i64 = 3600;
/// How long after that it may still be exchanged for a new one.
const RENEWABLE_S: i64 = 24 * 3600;
const ISSUER: &str = "PZ";
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// For whom a token acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// One member.
    Merchant,
    /// Any member of a partner.
    Partner,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The login.
    pub sub: String,
    /// For whom it acts.
    pub role: Role,
    /// Always `PZ`.
    pub iss: String,
    /// Unix seconds from which on it is refused.
    pub exp: i64,
    /// Unix seconds.
    pub iat: i64,
    /// Unlike every other's.
    pub jti: String,
    /// The partner's id.
    pub pid: String,
    /// The member's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// The version of the login's key: another key ends all tokens.
    pub kv: String,
}

/// Why a text is no token that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Not ours.
    Invalid,
    /// Ours, and its time is over.
    Expired(Box<Claims>),
}

impl Claims {
    /// Of a login that was just accepted.
    pub fn new(
        login: &str,
        role: Role,
        partner_id: &str,
        member_id: Option<&str>,
        version: String,
        now: Timestamp,
    ) -> Claims {
        let mut unlike = [0; 16];
        getrandom::fill(&mut unlike).expect("the system's random source answers");
        Claims {
            sub: login.to_owned(),
            role,
            iss: ISSUER.to_owned(),
            exp: now.as_second() + LIFE_S,
            iat: now.as_second(),
            jti: URL_SAFE_NO_PAD.encode(unlike),
            pid: partner_id.to_owned(),
            mid: member_id.map(ToOwned::to_owned),
            kv: version,
        }
    }

    /// Whether a token that has expired may be exchanged.
    pub fn is_renewable(&self, now: Timestamp) -> bool {
        now.as_second() < self.exp + RENEWABLE_S
    }

    /// As a signed token.
    pub fn sign(&self, key: &[u8; 32]) -> String {
        let claims = serde_json::to_string(self).expect("claims have string keys and plain values only");
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let signature = mac(key, &signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Reads a token. Only ours are believed: HS256, our key, our name.
///
/// # Errors
/// [`TokenFault`].
pub fn read(key: &[u8; 32], token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Invalid)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenFault::Invalid)?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenFault::Invalid);
    let algorithm: serde_json::Value = serde_json::from_slice(&decoded(header)?).map_err(|_| TokenFault::Invalid)?;
    if algorithm["alg"] != "HS256" {
        return Err(TokenFault::Invalid);
    }
    mac(key, signed).verify_slice(&decoded(signature)?).map_err(|_| TokenFault::Invalid)?;
    let claims: Claims = serde_json::from_slice(&decoded(claims)?).map_err(|_| TokenFault::Invalid)?;
    match (claims.iss == ISSUER, claims.exp > now.as_second()) {
        (false, _) => Err(TokenFault::Invalid),
        (true, true) => Ok(claims),
        (true, false) => Err(TokenFault::Expired(Box::new(claims))),
    }
}

/// The key that tokens of this installation are signed with.
pub fn signing_key(engine: &Engine) -> [u8; 32] {
    engine.keyring().credential_hash(&[b"transaction services tokens"])
}

fn mac(key: &[u8; 32], text: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length").chain_update(text)
}
