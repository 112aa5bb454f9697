use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};

use super::{Signed, Unsigned, put_bytes, put_list, put_number, read_token_transfer, token_transfer};
use crate::coins::ethereum::words::{Address, Bytes, hex, keccak, unhex};

/// What anvil 1.7.1 signed for its first account (`eth_signTransaction`).
const BY_ANVIL: &str = "0x02f86c827a690184773594008477359400825208949858effd232b4033e47d90003d41ec34ecaeda940180c001a04b26178a5357a0a4ad1779e449dab7d94de34bccd5da615eb6cd9109f5431c94a066ca9bca6c5f19f017d936494dab2a7d839a0a85923db2a9943d83ffb32eb891";

fn unsigned() -> Unsigned {
    Unsigned {
        chain_id: 31_337,
        nonce: 1,
        max_priority_fee: 2_000_000_000,
        max_fee: 2_000_000_000,
        gas: 21_000,
        to: Address::read("0x9858EfFD232B4033E47d90003D41EC34EcaEda94").expect("an address"),
        value: 1,
        data: Bytes::default(),
    }
}

/// Signed with a key of one byte, as the transaction's bytes.
fn sign(unsigned: &Unsigned, key: u8) -> (Vec<u8>, Address) {
    let mut secret = [0; 32];
    secret[31] = key;
    let (secp, key) = (Secp256k1::new(), SecretKey::from_slice(&secret).expect("a key"));
    let signature = secp.sign_ecdsa_recoverable(&Message::from_digest(unsigned.signing_hash()), &key);
    let (recovery, signature) = signature.serialize_compact();
    let mut fields = unsigned.fields();
    put_number(&mut fields, recovery.to_i32().try_into().expect("0 or 1"));
    for scalar in signature.chunks(32) {
        let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
        put_bytes(&mut fields, &scalar[zeros..]);
    }
    let mut raw = vec![2];
    put_list(&mut raw, &fields);
    (raw, Address::of_key(&key.public_key(&secp)))
}

#[test]
fn what_a_node_signed_is_read_back() {
    let raw = unhex(BY_ANVIL).expect("bytes");
    let signed = Signed::read(&raw).expect("a transaction");
    assert_eq!(signed.unsigned, unsigned());
    assert_eq!(signed.from.to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_eq!(signed.txid.to_string(), hex(&keccak(&raw)));
    assert_eq!(signed.unsigned.fee_max(), 42_000_000_000_000);
}

#[test]
fn transactions_of_all_sizes_are_read_back_as_they_were_written() {
    let to = Address([7; 20]);
    for (nonce, value, data) in [
        (0, 0, token_transfer(to, u128::MAX)),
        (127, 128, vec![0x7f]),
        (128, u128::MAX, vec![0x80]),
        (u64::MAX, 1 << 64, vec![0; 55]),
        (56, 55, vec![1; 56]),
        (3, 0, vec![9; 70_000]),
    ] {
        let unsigned = Unsigned { nonce, value, data: Bytes(data), ..unsigned() };
        for key in 1..20 {
            let (raw, from) = sign(&unsigned, key);
            let read = Signed::read(&raw).expect("a transaction");
            assert_eq!((read.unsigned, read.from), (unsigned.clone(), from));
        }
    }
}

#[test]
fn damaged_transactions_are_none_or_another_ones() {
    let raw = unhex(BY_ANVIL).expect("bytes");
    let right = Signed::read(&raw).expect("a transaction");
    for cut in 0..raw.len() {
        assert_eq!(Signed::read(&raw[..cut]), None, "cut at {cut}");
    }
    for place in 0..raw.len() {
        for bit in 0..8 {
            let mut damaged = raw.clone();
            damaged[place] ^= 1 << bit;
            let read = Signed::read(&damaged);
            assert!(
                read.is_none_or(|read| read.unsigned != right.unsigned || read.from != right.from),
                "{place}.{bit}"
            );
        }
    }
    assert_eq!(Signed::read(&[raw, vec![0]].concat()), None, "something behind it");
}

#[test]
fn token_transfers_are_written_as_contracts_read_them() {
    let to = Address::read("0x9858EfFD232B4033E47d90003D41EC34EcaEda94").expect("an address");
    let data = token_transfer(to, 109_793_589);
    let expected = format!("0xa9059cbb{:0>64}{:0>64}", "9858effd232b4033e47d90003d41ec34ecaeda94", "68b5135");
    assert_eq!((hex(&data), read_token_transfer(&data)), (expected, Some((to, 109_793_589))));
    let mut large = data.clone();
    large[36] = 1;
    assert_eq!([read_token_transfer(&large), read_token_transfer(&data[..67]), read_token_transfer(&[])], [None; 3]);
}
