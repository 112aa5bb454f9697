use super::{Address, Hash, Quantity, Wide, hex, keccak, unhex};

#[test]
fn addresses_carry_their_checksum() {
    // From EIP-55.
    for text in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        assert_eq!(Address::read(text).map(|address| address.to_string()), Some(text.to_owned()));
        let same = Address::read(text);
        assert_eq!(Address::read(&text.to_ascii_lowercase()), same);
        assert_eq!(Address::read(&format!("0X{}", text[2..].to_ascii_uppercase())), same);
    }
    for wrong in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd",
        "0xgggggggggggggggggggggggggggggggggggggggg",
        "",
        "0x",
    ] {
        assert_eq!(Address::read(wrong), None, "{wrong}");
    }
}

#[test]
fn numbers_are_read_whole_or_not_at_all() {
    let wide = |text: &str| serde_json::from_value::<Wide>(text.into()).ok().map(Wide::number);
    for (text, expected) in [
        ("0x0", Some(Some(0))),
        ("0x1b4", Some(Some(436))),
        ("0xffffffffffffffffffffffffffffffff", Some(Some(u128::MAX))),
        ("0x100000000000000000000000000000000", Some(None)),
        (&format!("0x{}", "f".repeat(64)), Some(None)),
        (&format!("0x1{}", "0".repeat(64)), None),
        ("0x", None),
        ("12", None),
        ("-0x1", None),
        ("0x-1", None),
        ("0xg", None),
    ] {
        assert_eq!(wide(text), expected, "{text}");
    }
    let small = |text: &str| serde_json::from_value::<Quantity>(text.into()).ok();
    assert_eq!(small("0xffffffffffffffff"), Some(Quantity(u64::MAX)));
    assert_eq!(small("0x10000000000000000"), None);
    assert_eq!(Wide::of(u128::MAX).number(), Some(u128::MAX));
}

#[test]
fn bytes_and_hashes_are_read_strictly() {
    assert_eq!(unhex("0x00fF"), Some(vec![0, 255]));
    assert_eq!([unhex("0x0"), unhex("00"), unhex("0x0g"), unhex("0xé")], [None, None, None, None]);
    assert_eq!(hex(&[0, 255]), "0x00ff");
    let empty = hex(&keccak(&[]));
    assert_eq!(empty, "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert_eq!(Hash::read(&empty).map(|hash| hash.to_string()), Some(empty.clone()));
    assert_eq!(Hash::read(&empty[..64]), None);
}
