use super::{read_bitcoin, read_ethereum, regtest};

#[test]
fn witness_addresses_carry_their_checksum() {
    // The public account's first regtest address (crypto contract, section 9) and its witness program.
    let known = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    assert_eq!(read_bitcoin(known).as_deref(), Some(known));
    let made = regtest(&[7; 20]);
    assert_eq!(read_bitcoin(&made), Some(made.clone()));
    assert_eq!(read_bitcoin(&made.to_ascii_uppercase()), Some(made.clone()));
    for damaged in
        [made.replace("bcrt1q", "bcrt1p"), made[..made.len() - 1].to_owned(), format!("{made}q"), String::new()]
    {
        assert_eq!(read_bitcoin(&damaged), None, "{damaged}");
    }
    for text in ["bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu", "btc-0123456789abcdef0123456789abcdef"] {
        assert_eq!(read_bitcoin(text).as_deref(), Some(text));
    }
    assert_eq!(read_bitcoin("bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyv"), None);
}

#[test]
fn account_addresses_are_forty_digits() {
    let known = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
    assert_eq!(read_ethereum(known), Some(known.to_ascii_lowercase()));
    for wrong in ["0x9858", "9858EfFD232B4033E47d90003D41EC34EcaEda94", "0xZ858EfFD232B4033E47d90003D41EC34EcaEda94"] {
        assert_eq!(read_ethereum(wrong), None);
    }
}
