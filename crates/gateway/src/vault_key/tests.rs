use std::sync::Arc;

use florin_engine::vault::known;
use florin_store::Store;
use florin_store::sqlite::{SqliteSettings, SqliteStore};

use super::{KeyError, Source, settle};
use crate::config::Config;
use crate::database::Place;

struct Folder {
    folder: tempfile::TempDir,
    config: Config,
    store: Arc<dyn Store>,
    place: Place,
}

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config { data: folder.path().to_owned(), ..Config::default() };
        let store = SqliteStore::open(&folder.path().join("florin.db"), SqliteSettings::default());
        let place = Place::of(&config).expect("a file");
        Folder { folder, config, store: Arc::new(store.expect("a database")), place }
    }

    async fn settle(&self, variable: Option<&str>) -> Result<(), KeyError> {
        let source = Source::of(&self.config, variable.map(str::to_owned));
        settle(self.store.as_ref(), source, &self.place).await.map(drop)
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("vault.key")
    }
}

fn key(version: u32, pair: &str) -> String {
    format!("{version}:{}\n", pair.repeat(32))
}

#[tokio::test]
async fn a_new_database_gets_a_key_that_only_its_owner_reads() {
    let home = Folder::new();
    home.settle(None).await.expect("made");
    let made = std::fs::read_to_string(home.file()).expect("a file");
    home.settle(None).await.expect("found");
    assert_eq!(std::fs::read_to_string(home.file()).expect("a file"), made);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.file()).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::remove_file(home.file()).expect("removed");
    let refused = home.settle(None).await.expect_err("lost").to_string();
    assert!(refused.contains("has a vault key, and none was found: put its vault.key"), "{refused}");
    assert!(!home.file().exists(), "no new key is made in its place");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_a_new_version_is_not() {
    let home = Folder::new();
    let both = || format!("{}{}", key(2, "cd"), key(1, "ab"));
    home.settle(Some(&key(1, "ab"))).await.expect("the first is the database's from now on");
    let refused = home.settle(Some(&key(1, "ef"))).await.expect_err("another").to_string();
    assert!(
        refused.contains("version 1 of the vault key is another key than this database was used with"),
        "{refused}"
    );
    assert!(!refused.contains("efef"), "{refused}");
    home.settle(Some(&both())).await.expect("a new version");
    home.settle(Some(&key(2, "cd"))).await.expect("nothing is sealed under the old one");
    assert_eq!(known::known(home.store.as_ref()).await.expect("it answers").len(), 2);
    let refused = home.settle(Some(&key(2, "ef"))).await.expect_err("another").to_string();
    assert!(refused.contains("version 2 of the vault key is another key"), "{refused}");
}

#[tokio::test]
async fn the_variable_goes_before_the_command_and_the_command_before_the_file() {
    let mut home = Folder::new();
    let version = |source: &Source| source.find().map(|keys| keys.map(|keys| keys.sealing()));
    let named = home.folder.path().join("named.key");
    std::fs::write(&named, key(3, "ab")).expect("written");
    std::fs::write(home.file(), key(4, "ab")).expect("written");
    assert_eq!(version(&Source::of(&home.config, None)).expect("read"), Some(4));
    home.config.vault_key_file = Some(named);
    assert_eq!(version(&Source::of(&home.config, None)).expect("read"), Some(3));
    home.config.vault_key_command = Some(format!("echo '{}'", key(2, "ab")));
    assert_eq!(version(&Source::of(&home.config, None)).expect("read"), Some(2));
    assert_eq!(version(&Source::of(&home.config, Some(key(1, "ab")))).expect("read"), Some(1));
}

#[test]
fn what_is_no_key_is_named_by_its_place_and_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("some.key");
    std::fs::write(&file, "1:secret").expect("written");
    for (config, variable, part) in [
        (Config::default(), Some("1:secret"), "FLORIN_VAULT_KEY key 1 is not VERSION:64 hexadecimal digits"),
        (Config { vault_key_file: Some(file), ..Config::default() }, None, "some.key key 1 is not VERSION:64"),
        (Config { vault_key_file: Some("/nowhere/key".into()), ..Config::default() }, None, "/nowhere/key"),
        (Config { vault_key_command: Some("echo 1:secret".into()), ..Config::default() }, None, "key 1 is not"),
        (
            Config { vault_key_command: Some("echo secret-of-ours; exit 3".into()), ..Config::default() },
            None,
            "exit status: 3",
        ),
        (Config { vault_key_command: Some("true".into()), ..Config::default() }, None, "holds no key"),
    ] {
        let said = Source::of(&config, variable.map(str::to_owned)).find().expect_err(part).to_string();
        assert!(said.contains(part), "{part}: {said}");
        assert!(!said.replace("echo 1:secret", "").contains("1:secret"), "{said}");
    }
}
