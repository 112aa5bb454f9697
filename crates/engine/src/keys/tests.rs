use super::{KeyError, Keyring, MasterKey};
use florin_kernel::secret::Secret;

#[test]
fn a_master_key_reads_back_and_tells_itself_apart() {
    let key = MasterKey::generate();
    let again = MasterKey::from_hex(key.to_hex().expose()).expect("64 digits");
    assert_eq!(key.fingerprint(), again.fingerprint());
    assert_ne!(key.fingerprint(), MasterKey::generate().fingerprint());
    for text in ["", "zz", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
        assert_eq!(MasterKey::from_hex(text).err(), Some(KeyError::Malformed), "{text}");
    }
}

#[test]
fn secrets_open_under_their_own_key_only() {
    let (ring, other) = (Keyring::new(&MasterKey::generate()), Keyring::new(&MasterKey::generate()));
    let sealed = ring.seal(&Secret::new("spg_test_secret".into()));
    assert!(!sealed.contains("spg"));
    assert_eq!(ring.open(&sealed).expect("our own").expose(), "spg_test_secret");
    assert_eq!(other.open(&sealed).err(), Some(KeyError::Unsealable));
    for damaged in [&sealed[..20], &sealed[2..], "", "xx", "é0"] {
        assert_eq!(ring.open(damaged).err(), Some(KeyError::Unsealable), "{damaged}");
    }
}

#[test]
fn parts_cannot_be_shifted_into_each_other() {
    let ring = Keyring::new(&MasterKey::generate());
    assert_ne!(ring.digest(&[b"ab", b"c"]), ring.digest(&[b"a", b"bc"]));
    assert_eq!(ring.digest(&[b"ab", b"c"]), ring.digest(&[b"ab", b"c"]));
}
