//! The installation's master key and the keys derived from it.
//!
//! Losing the master key makes API keys unusable, printed ids unreadable and stored secrets unopenable; so it stands beside the
//! database, not in it, and the database keeps only its fingerprint.

use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use florin_kernel::MerchantId;
use florin_kernel::card::Pan;
use florin_kernel::payment::Mode;
use florin_kernel::public_id::Codec;
use florin_kernel::registration::Fingerprint;
use florin_kernel::secret::Secret;

#[cfg(test)]
mod tests;

/// 32 random bytes that everything keyed in this installation derives from.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why a master key or a sealed secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 64 hexadecimal digits.
    #[error("the master key must be 64 hexadecimal digits")]
    Malformed,
    /// Sealed under another key, or damaged.
    #[error("a stored secret was sealed under another master key or is damaged")]
    Unsealable,
}

impl MasterKey {
    /// A new key from the system's random source.
    pub fn generate() -> MasterKey {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).expect("the system's random source answers");
        MasterKey(bytes)
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for any other text.
    pub fn from_hex(text: &str) -> Result<MasterKey, KeyError> {
        let text = text.trim();
        let mut bytes = Zeroizing::new([0; 32]);
        if text.len() != 64 || !text.is_ascii() {
            return Err(KeyError::Malformed);
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| KeyError::Malformed)?;
        }
        Ok(MasterKey(bytes))
    }

    /// The 64 hexadecimal digits, for the key file.
    pub fn to_hex(&self) -> Secret {
        Secret::new(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A text that tells keys apart and says nothing about them.
    pub fn fingerprint(&self) -> String {
        self.derive("fingerprint")[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The keyed mapping of printed ids.
    pub fn codec(&self) -> Codec {
        let key = |label| self.derive(label)[..16].try_into().expect("16 of 32 bytes");
        Codec::new(key("ids/base36"), key("ids/hex"))
    }

    fn derive(&self, label: &str) -> [u8; 32] {
        mac(self.0.as_slice()).chain_update(label).finalize().into_bytes().into()
    }
}

/// Keyed digests and sealing, with keys of their own.
pub struct Keyring {
    digests: Hmac<Sha256>,
    credentials: Hmac<Sha256>,
    pages: Hmac<Sha256>,
    cards: Hmac<Sha256>,
    seal: Aes256Gcm,
}

impl Keyring {
    /// Derives the keys.
    pub fn new(master: &MasterKey) -> Keyring {
        Keyring {
            digests: mac(&master.derive("digests")),
            credentials: mac(&master.derive("credentials")),
            pages: mac(&master.derive("pages")),
            cards: mac(&master.derive("card fingerprints")),
            seal: Aes256Gcm::new(&Key::<Aes256Gcm>::from(master.derive("seal"))),
        }
    }

    /// A keyed digest over parts, each with its length, so that no two lists of parts give the same text.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        truncated(keyed(&self.digests, parts))
    }

    /// What is kept of an API key: enough to find it, nothing to use it.
    pub fn credential_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        keyed(&self.credentials, parts)
    }

    /// By which a card is found again among one owner's, and nobody else's: a keyed digest, so that the few numbers a card can
    /// have cannot be tried out on a stolen database.
    pub fn card_fingerprint(&self, merchant: MerchantId, mode: Mode, pan: &Pan) -> Fingerprint {
        let owner = merchant.number().to_be_bytes();
        truncated(keyed(&self.cards, &[&owner, &[mode as u8], pan.expose().as_bytes()]))
    }

    pub(crate) fn page_tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        keyed(&self.pages, parts)
    }

    /// Seals a secret for the database (AES-256-GCM, random nonce first), as hexadecimal text.
    pub fn seal(&self, secret: &Secret) -> String {
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).expect("the system's random source answers");
        let sealed = self.seal.encrypt(&Nonce::<Aes256Gcm>::from(nonce), secret.expose().as_bytes());
        let sealed = sealed.expect("a short text can be sealed");
        nonce.iter().chain(&sealed).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Opens what [`Keyring::seal`] made.
    ///
    /// # Errors
    /// [`KeyError::Unsealable`] when it was sealed under another key or was changed.
    pub fn open(&self, text: &str) -> Result<Secret, KeyError> {
        let pair = |place| text.get(place..place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
        let bytes = bytes.filter(|bytes| bytes.len() > 12).ok_or(KeyError::Unsealable)?;
        let nonce: [u8; 12] = bytes[..12].try_into().map_err(|_| KeyError::Unsealable)?;
        let opened = self.seal.decrypt(&Nonce::<Aes256Gcm>::from(nonce), &bytes[12..]);
        let text = String::from_utf8(opened.map_err(|_| KeyError::Unsealable)?).map_err(|_| KeyError::Unsealable)?;
        Ok(Secret::new(text))
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn keyed(mac: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = mac.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn truncated(digest: [u8; 32]) -> [u8; 16] {
    digest[..16].try_into().expect("16 of 32 bytes")
}
