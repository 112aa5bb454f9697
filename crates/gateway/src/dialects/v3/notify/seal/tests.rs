use florin_kernel::secret::Secret;

use super::{fresh_vector, key, seal};

const KEY: &str = "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f";

/// The vectors of the contract, section 12.
#[test]
fn the_contracts_vectors() {
    let key = key(&Secret::new(KEY.to_owned())).expect("a key");
    let check = |plain: &str, vector: [u8; 12], expected: [&str; 3]| {
        let sealed = seal(&key, vector, plain.as_bytes());
        assert_eq!([sealed.vector.as_str(), &sealed.tag, &sealed.body], expected, "{plain}");
    };
    check(
        r#"{"type":"PAYMENT"}"#,
        [0; 12],
        ["000000000000000000000000", "CE573FB7A41AB78E743180DC83FF09BD", "0A3471C72D9BE49A8520F79C66BBD9A12FF9"],
    );
    check(
        r#"{"type":"PAYMENT","payload":{"id":"8ac7a4a1000000010000000200000003","result":{"code":"000.000.000"}}}"#,
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        [
            "000102030405060708090A0B",
            "10C21CCE927602C7A10B38E2C6A0C74D",
            "6FDBE4DFD2CC7AC91847EDC897ADF4C9E7FFF026D2FD409BEB1308B4B7A17EFCF6DEC7B7E3D5B3BA4A85186C93A50F8B2BE65621C715C57D705C003A101AFC40FAC5476A3DDDA1922777F9664B0233AF41B3DFA908FBB78308EAB2AA18B37435E7D10CA5B55A",
        ],
    );
}

#[test]
fn a_key_has_64_hexadecimal_digits() {
    for text in ["", "00", &KEY[1..], &KEY.replace('f', "g"), &KEY.replace("0f", "+f"), &format!("{KEY}00")] {
        assert!(key(&Secret::new(text.to_owned())).is_none(), "{text}");
    }
    assert_eq!(key(&Secret::new(KEY.to_uppercase())), key(&Secret::new(KEY.to_owned())));
    assert_ne!(fresh_vector(), fresh_vector());
}
