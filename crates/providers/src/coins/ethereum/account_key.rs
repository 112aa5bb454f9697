//! Watch-only account keys (BIP 32): the addresses `0/index` below a public account key at `m/44'/60'/0'` (BIP 44).

use bitcoin::base58;
use bitcoin::bip32::{ChildNumber, Xpub};
use bitcoin::secp256k1::Secp256k1;
use florin_kernel::ports::chain::KeyError;

use super::words::Address;

#[cfg(test)]
mod tests;

/// Version bytes of extended public keys: `xpub`, and `tpub` of test chains.
const XPUB: [u8; 4] = [0x04, 0x88, 0xb2, 0x1e];
const TPUB: [u8; 4] = [0x04, 0x35, 0x87, 0xcf];
/// Version bytes of the same for other networks and uses, so that they are told from rubbish: ypub, zpub, Ypub, Zpub, upub, vpub, Upub,
/// Vpub (SLIP 132).
const FOREIGN: [[u8; 4]; 8] = [
    [0x04, 0x9d, 0x7c, 0xb2],
    [0x04, 0xb2, 0x47, 0x46],
    [0x02, 0x95, 0xb4, 0x3f],
    [0x02, 0xaa, 0x7e, 0xd3],
    [0x04, 0x4a, 0x52, 0x62],
    [0x04, 0x5f, 0x1c, 0xf6],
    [0x02, 0x42, 0x89, 0xef],
    [0x02, 0x57, 0x54, 0x83],
];
/// How deep an account lies: purpose, coin, account (BIP 44).
const ACCOUNT_DEPTH: u8 = 3;
/// Which keys a chain takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysOf {
    /// `xpub` alone.
    MainChain,
    /// `tpub` as well.
    TestChain,
}

/// The address `0/index` below an account key.
///
/// # Errors
/// [`KeyError`] when the key is not a public account key of this chain, or the index is hardened.
pub fn address(account_key: &str, index: u32, of: KeysOf) -> Result<Address, KeyError> {
    let account = account(account_key, of)?;
    let path = [0, index].map(ChildNumber::from_normal_idx);
    let [Ok(external), Ok(index)] = path else { return Err(KeyError::NoSuchIndex) };
    let key = account.derive_pub(&Secp256k1::verification_only(), &[external, index]);
    let key = key.map_err(|_| KeyError::NoSuchIndex)?;
    Ok(Address::of_key(&key.public_key))
}

fn account(text: &str, of: KeysOf) -> Result<Xpub, KeyError> {
    let bytes = base58::decode_check(text).map_err(|_| KeyError::NotPublic)?;
    let version: [u8; 4] = bytes.get(..4).and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::NotPublic)?;
    match (version, of) {
        (XPUB, _) | (TPUB, KeysOf::TestChain) => {}
        (TPUB, KeysOf::MainChain) => return Err(KeyError::OtherNetwork),
        (version, _) if FOREIGN.contains(&version) => return Err(KeyError::OtherNetwork),
        (_, _) => return Err(KeyError::NotPublic),
    }
    let key = Xpub::decode(&bytes).map_err(|_| KeyError::NotPublic)?;
    if key.depth == ACCOUNT_DEPTH { Ok(key) } else { Err(KeyError::NotPublic) }
}
