//! Watch-only account keys, and the addresses derived from them: native segregated witness (BIP 84), external index `0/i`.

use std::str::FromStr;

use ::bitcoin::bip32::{ChildNumber, Xpub};
use ::bitcoin::key::Secp256k1;
use ::bitcoin::secp256k1::VerifyOnly;
use ::bitcoin::{Address, Network, NetworkKind, base58};
use florin_kernel::ports::chain::KeyError;

#[cfg(test)]
mod tests;

/// Version bytes of extended public keys: those of BIP 32, and those of SLIP 132 that say "native segregated witness".
const PUBLIC: [([u8; 4], NetworkKind); 4] = [
    ([0x04, 0x88, 0xb2, 0x1e], NetworkKind::Main), // xpub
    ([0x04, 0xb2, 0x47, 0x46], NetworkKind::Main), // zpub
    ([0x04, 0x35, 0x87, 0xcf], NetworkKind::Test), // tpub
    ([0x04, 0x5f, 0x1c, 0xf6], NetworkKind::Test), // vpub
];

/// A public account key of a network.
///
/// # Errors
/// [`KeyError::NotPublic`] for private keys, words, keys of other scripts and damaged ones, [`KeyError::OtherNetwork`].
fn account(text: &str, network: Network) -> Result<Xpub, KeyError> {
    let mut bytes = base58::decode_check(text.trim()).map_err(|_| KeyError::NotPublic)?;
    let version: [u8; 4] = bytes.get(..4).and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::NotPublic)?;
    let kind = PUBLIC.iter().find(|(known, _)| *known == version).map(|(_, kind)| *kind).ok_or(KeyError::NotPublic)?;
    if kind != NetworkKind::from(network) {
        return Err(KeyError::OtherNetwork);
    }
    let plain = PUBLIC.iter().find(|(_, of)| *of == kind).map_or(version, |(plain, _)| *plain);
    bytes[..4].copy_from_slice(&plain);
    Xpub::decode(&bytes).map_err(|_| KeyError::NotPublic)
}

/// The address at an external index.
///
/// # Errors
/// [`KeyError`] when the key is not a public one of this network, or the index is one of hardened keys.
pub fn address(secp: &Secp256k1<VerifyOnly>, text: &str, index: u32, network: Network) -> Result<Address, KeyError> {
    let account = account(text, network)?;
    let index = ChildNumber::from_normal_idx(index).map_err(|_| KeyError::NoSuchIndex)?;
    let external = ChildNumber::from_normal_idx(0).map_err(|_| KeyError::NoSuchIndex)?;
    let key = account.derive_pub(secp, &[external, index]).map_err(|_| KeyError::NoSuchIndex)?;
    Ok(Address::p2wpkh(&key.to_pub(), network))
}

/// An address of a network that somebody wrote; of any kind that the network knows.
pub fn read(text: &str, network: Network) -> Option<Address> {
    Address::from_str(text).ok()?.require_network(network).ok()
}
