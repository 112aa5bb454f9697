use super::{Config, ConfigError, DataFlags, ServeFlags};

pub(super) fn resolve(toml: &str, serve: &ServeFlags) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("florin.toml");
    std::fs::write(&path, toml).expect("written");
    Config::resolve(&DataFlags { config: Some(path), ..DataFlags::default() }, serve)
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    let flags = ServeFlags { queue_max: Some(7), ..ServeFlags::default() };
    let config =
        resolve("queue_max = 9\nconnections_max = 11\ntrusted_proxies = [\"10.0.0.0/8\"]", &flags).expect("fine");
    assert_eq!((config.queue_max, config.connections_max), (7, 11));
    assert_eq!(config.trusted_proxies, ["10.0.0.0/8".parse().expect("a range")]);
    assert_eq!(config.listen, Config::default().listen);
}

#[test]
fn what_is_wrong_is_named() {
    let check = |toml: &str, part: &str| {
        let said = resolve(toml, &ServeFlags::default()).expect_err(toml).to_string();
        assert!(said.contains(part), "{toml}: {said}");
        assert!(!said.contains("hush"), "a password is never printed: {said}");
    };
    check("lisen = \"127.0.0.1:1\"", "`lisen`");
    check("queue_max = \"many\"", "queue_max");
    check("database = \"mysql://florin:hush@db/florin\"", "--database: only postgres:// URLs are understood");
    check(
        "database = \"postgres://florin:hush@db/florin?sslmode=hush\"",
        "--database: the database URL has an sslmode",
    );
    check("public_url = \"ftp://host\"", "ftp://host");
    check("vault_key_file = \"a\"\nvault_key_command = \"b\"", "the vault's key comes from one of them");
    check("[mail]\nurl = \"smtp://me:hush@mail.example\"", "mail.from is missing");
    check("[mail]\nurl = \"http://me:hush@mail.example\"\nfrom = \"pay@shop.example\"", "smtp:// and smtps://");
    check("[mail]\nserver = \"mail.example\"", "server");
    check("trusted_proxies = [\"10.0.0.0/99\"]", "trusted_proxies");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let flags = DataFlags { config: Some("/nowhere/florin.toml".into()), ..DataFlags::default() };
    assert!(matches!(Config::resolve(&flags, &ServeFlags::default()), Err(ConfigError::NoFile(_))));
}

#[test]
fn only_the_demo_sends_webhooks_to_this_machine() {
    let loopback = "127.0.0.1".parse::<std::net::IpAddr>().expect("an address");
    let admits = |config: &Config| config.outgoing_ranges().iter().any(|range| range.contains(&loopback));
    assert!(!admits(&Config::default()));
    assert!(admits(&Config { demo: true, ..Config::default() }));
}

#[test]
fn a_password_is_not_printed_by_accident() {
    let config = resolve("database = \"postgres://florin:hush@db/florin\"", &ServeFlags::default()).expect("fine");
    let url = config.database.as_ref().expect("it is there");
    assert_eq!(url.expose(), "postgres://florin:hush@db/florin");
    assert!(!format!("{config:?}").contains("hush"), "{config:?}");
}
