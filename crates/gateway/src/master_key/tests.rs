use super::{MasterKeyError, find, find_or_make};
use crate::config::Config;
use crate::database::Place;

fn in_folder(folder: &tempfile::TempDir) -> Config {
    Config { data: folder.path().to_owned(), ..Config::default() }
}

#[test]
fn a_new_folder_gets_a_key_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = in_folder(&folder);
    let place = Place::of(&config).expect("a file");
    let made = find_or_make(&config, &place, None).expect("made").expect("a key");
    let found = find_or_make(&config, &place, None).expect("found").expect("a key");
    assert_eq!(made.fingerprint(), found.fingerprint());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("master.key")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_database_without_its_key_is_not_started_with_a_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = in_folder(&folder);
    std::fs::write(folder.path().join("florin.db"), "").expect("written");
    let place = Place::of(&config).expect("a file");
    assert!(matches!(find_or_make(&config, &place, None), Err(MasterKeyError::Lost(_))));
    assert!(find_or_make(&config, &place, Some("ab".repeat(32))).is_ok());
}

#[test]
fn what_is_no_key_is_named_by_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = in_folder(&folder);
    let said = find(&config, Some("abc".into())).err().expect("no key").to_string();
    assert!(said.starts_with("FLORIN_MASTER_KEY: "), "{said}");
    std::fs::write(folder.path().join("master.key"), "not hex").expect("written");
    let said = find(&config, None).err().expect("no key").to_string();
    assert!(said.contains("master.key: the master key must be 64 hexadecimal digits"), "{said}");
}
