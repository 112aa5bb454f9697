use florin_kernel::ports::chain::KeyError;

use super::{KeysOf, address};

/// Of the public sentence of eleven `abandon` and `about`, at `m/44'/60'/0'`.
const ABANDON: &str =
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";
/// Of the sentence of eleven `test` and `junk`, from which development nodes derive their accounts.
const JUNK: &str =
    "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
/// The same for test chains.
const JUNK_OF_TESTS: &str =
    "tpubDD1mtr8cB1zZEgXJJVKf39TKDoFjd2hi6Vi9nxwzzbpWUNrgU7hmJJswj4L9mqM2T3EYyxZ7orUXr2SHPnQcL4XMNQ7qBQBV8Q9M3sRQNAT";

#[test]
fn addresses_are_those_that_wallets_show() {
    for (key, index, expected) in [
        // The crypto contract, section 9.
        (ABANDON, 0, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"),
        (ABANDON, 1, "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"),
        // What anvil and hardhat print at their start.
        (JUNK, 0, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
        (JUNK, 1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
        (JUNK, 9, "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
        (JUNK_OF_TESTS, 1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    ] {
        let derived = address(key, index, KeysOf::TestChain).map(|address| address.to_string());
        assert_eq!(derived, Ok(expected.to_owned()), "{index} of {key}");
    }
}

#[test]
fn what_is_no_public_account_key_is_refused() {
    const PRIVATE: &str = "xprv9yeny6n2dNUokQFykGoZU6BDLeKbEBUoBeCFe2VF6MXdrHrprMYRc4tddncDRxrJCy7GtPDk68zRcgWtGFveqdCV5NyhZwVgMoZVbTm78vx";
    const DEEPER: &str = "xpub6DyUKdwoLWmUJ4Tn9Bbsdtx7B5Ws18mEN19e5HT52ikE53FiUheSQXrZUNPovqfyKmw4579A1Mm3GXXKM39N64uooBfJ4tNAzFsEbodRTx4";
    const SEGWIT: &str = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
    let damaged = JUNK.replace("xpub6Ce", "xpub6Cf");
    for (key, of, expected) in [
        (PRIVATE, KeysOf::MainChain, KeyError::NotPublic),
        (DEEPER, KeysOf::MainChain, KeyError::NotPublic),
        (SEGWIT, KeysOf::MainChain, KeyError::OtherNetwork),
        (JUNK_OF_TESTS, KeysOf::MainChain, KeyError::OtherNetwork),
        (&damaged, KeysOf::MainChain, KeyError::NotPublic),
        ("test test test test test test test test test test test junk", KeysOf::MainChain, KeyError::NotPublic),
        ("", KeysOf::MainChain, KeyError::NotPublic),
        ("xpub", KeysOf::TestChain, KeyError::NotPublic),
        (&"1".repeat(5000), KeysOf::TestChain, KeyError::NotPublic),
    ] {
        assert_eq!(address(key, 0, of), Err(expected), "{key}");
    }
    assert_eq!(address(JUNK, 1 << 31, KeysOf::MainChain), Err(KeyError::NoSuchIndex));
    assert!(address(JUNK, (1 << 31) - 1, KeysOf::MainChain).is_ok());
}
