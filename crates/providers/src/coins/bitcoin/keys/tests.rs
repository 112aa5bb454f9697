use ::bitcoin::Network;
use ::bitcoin::base58;
use ::bitcoin::key::Secp256k1;
use florin_kernel::ports::chain::KeyError;

use super::{address, read};

/// Account keys of the public sentence of eleven `abandon` and `about` (crypto contract, section 9; BIP 84).
const MAIN: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
const REGTEST: &str =
    "tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M";

fn derived(key: &str, index: u32, network: Network) -> Result<String, KeyError> {
    address(&Secp256k1::verification_only(), key, index, network).map(|address| address.to_string())
}

/// The same key under another version.
fn versioned(key: &str, version: [u8; 4]) -> String {
    let mut bytes = base58::decode_check(key).expect("a key");
    bytes[..4].copy_from_slice(&version);
    base58::encode_check(&bytes)
}

#[test]
fn addresses_are_those_of_the_contract() {
    let xpub = versioned(MAIN, [0x04, 0x88, 0xb2, 0x1e]);
    let vpub = versioned(REGTEST, [0x04, 0x5f, 0x1c, 0xf6]);
    let cases = [
        (MAIN, Network::Bitcoin, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"),
        (MAIN, Network::Bitcoin, 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"),
        (&xpub, Network::Bitcoin, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"),
        (REGTEST, Network::Regtest, 0, "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk"),
        (REGTEST, Network::Regtest, 1, "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh"),
        (&vpub, Network::Regtest, 0, "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk"),
        (REGTEST, Network::Signet, 0, "tb1q6rz28mcfaxtmd6v789l9rrlrusdprr9pqcpvkl"),
    ];
    for (key, network, index, expected) in cases {
        assert_eq!(derived(key, index, network).as_deref(), Ok(expected), "{network} {index}");
    }
    assert_eq!(derived(&format!(" {REGTEST}\n"), 0, Network::Regtest), derived(REGTEST, 0, Network::Regtest));
}

#[test]
fn other_keys_are_refused() {
    let private = versioned(REGTEST, [0x04, 0x35, 0x83, 0x94]);
    let nested = versioned(MAIN, [0x04, 0x9d, 0x7c, 0xb2]);
    let mut damaged = REGTEST.to_owned();
    damaged.replace_range(40..41, "x");
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let cases = [
        (private.as_str(), Network::Regtest, KeyError::NotPublic),
        (&nested, Network::Bitcoin, KeyError::NotPublic),
        (&damaged, Network::Regtest, KeyError::NotPublic),
        (words, Network::Regtest, KeyError::NotPublic),
        ("", Network::Regtest, KeyError::NotPublic),
        (REGTEST, Network::Bitcoin, KeyError::OtherNetwork),
        (MAIN, Network::Regtest, KeyError::OtherNetwork),
    ];
    for (key, network, expected) in cases {
        assert_eq!(derived(key, 0, network), Err(expected), "{key}");
    }
    assert_eq!(derived(REGTEST, 1 << 31, Network::Regtest), Err(KeyError::NoSuchIndex));
    assert!(derived(REGTEST, (1 << 31) - 1, Network::Regtest).is_ok());
}

#[test]
fn addresses_of_any_kind_are_read_and_those_of_other_networks_are_not() {
    let own = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    let told = |text: &str, network| read(text, network).map(|address| address.to_string());
    assert_eq!(told(own, Network::Regtest).as_deref(), Some(own));
    assert_eq!(told(&own.to_ascii_uppercase(), Network::Regtest).as_deref(), Some(own));
    assert_eq!(told("bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu", Network::Regtest), None);
    assert_eq!(told(own, Network::Bitcoin), None);
    let old = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    assert_eq!(told(old, Network::Bitcoin).as_deref(), Some(old));
    assert_eq!(told("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", Network::Bitcoin), None);
}
