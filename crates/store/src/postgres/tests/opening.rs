//! Opening: URLs, TLS, servers that will not do, and sentences without passwords.

use super::super::connection::Server;
use super::{Database, PostgresSettings, PostgresStore, committed, open};
use crate::conformance::fixtures::{inserting, payment};
use crate::{OpenError, Store, StoreError};

/// A file with the certificate of the authority that made the test server's; `scripts/with-postgres` sets it.
const AUTHORITY: &str = "FLORIN_TEST_POSTGRES_CA";

async fn refused(url: &str) -> String {
    let opened = PostgresStore::open(Server::parse(url).unwrap(), PostgresSettings::default()).await;
    opened.err().unwrap_or_else(|| panic!("{url} opens")).to_string()
}

#[test]
fn urls_are_read_and_places_told() {
    let check = |url: &str, expected: Result<&str, &str>| {
        let told = Server::parse(url).map(|server| server.place()).map_err(|error| error.to_string());
        match (&told, expected) {
            (Ok(place), Ok(expected)) => assert_eq!(place, expected, "{url}"),
            (Err(sentence), Err(part)) => assert!(sentence.contains(part), "{url}: {sentence}"),
            _ => panic!("{url}: {told:?}"),
        }
        assert!(!format!("{told:?}").contains("geheim"), "{told:?}");
    };
    check("postgres://florin:geheim@db.example:6432/pay", Ok("db.example:6432/pay"));
    check("postgresql://florin:geheim@db.example/pay?sslmode=verify-full", Ok("db.example:5432/pay"));
    check("postgres://florin:geheim@a:1,b:2/pay?application_name=one%20two", Ok("a:1,b:2/pay"));
    check("postgres://florin:geheim@db?sslmode=disable", Ok("db:5432/florin"));
    check("postgres://florin:geheim@db/pay?sslmode=geheim", Err("has an sslmode that is none"));
    check("postgres://florin:geheim@db/pay?colour=geheim", Err("cannot be read"));
    check("postgres://florin:geheim@db:port/pay", Err("cannot be read"));
    check(
        "postgres://florin:geheim@db/pay?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem",
        Err("sslrootcert=/nowhere/ca.pem"),
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sentence = refused(&format!("postgres://florin:geheim@127.0.0.1:{port}/pay")).await;
    assert!(sentence.starts_with(&format!("the database 127.0.0.1:{port}/pay cannot be used: ")), "{sentence}");
    assert!(!sentence.contains("geheim"), "{sentence}");
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_are_told() {
    let Some(database) = Database::fresh().await else { return };
    let address = database.url().split_once('@').map_or_else(|| &database.url()[11..], |(_, address)| address);
    let sentence = refused(&format!("postgres://with_password:geheim@{address}")).await;
    assert!(sentence.contains("PostgreSQL refuses the user or the password"), "{sentence}");
    assert!(!sentence.contains("geheim"), "{sentence}");
    let elsewhere = database.url().replace("florin_test_", "not_there_");
    let sentence = refused(&elsewhere).await;
    assert!(sentence.contains("does not exist (3D000)"), "{sentence}");
}

#[tokio::test]
async fn sslmode_is_obeyed() {
    let Some(database) = Database::fresh().await else { return };
    let Ok(authority) = std::env::var(AUTHORITY) else {
        eprintln!("skipped: {AUTHORITY} is not set; scripts/with-postgres sets it where there is openssl");
        return;
    };
    let named = database.url().replace("127.0.0.1", "localhost");
    let numbered = database.url().to_owned();
    let encrypted = async |url: &str, query: &str| {
        let server = Server::parse(&format!("{url}?{query}")).unwrap();
        let store = PostgresStore::open_read_only(server).await.map_err(|error| error.to_string())?;
        let row = store.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await.unwrap();
        Ok::<bool, String>(row[0].get(0))
    };
    open(&database).await.close().await;
    assert_eq!(encrypted(&numbered, "sslmode=disable").await, Ok(false));
    for (url, query) in [
        (&numbered, "sslmode=prefer"),
        (&numbered, "sslmode=require"),
        (&named, &*format!("sslmode=verify-full&sslrootcert={authority}")),
        // The certificate is for the name only.
        (&numbered, &*format!("sslmode=verify-ca&sslrootcert={authority}")),
    ] {
        assert_eq!(encrypted(url, query).await, Ok(true), "{query}");
    }
    for (url, query) in [
        (&named, "sslmode=verify-full"),
        (&named, "sslmode=verify-ca"),
        (&numbered, &*format!("sslmode=verify-full&sslrootcert={authority}")),
    ] {
        let sentence = encrypted(url, query).await.expect_err(query);
        assert!(sentence.contains("certificate"), "{query}: {sentence}");
    }
}

#[tokio::test]
async fn a_database_of_another_release_is_refused() {
    let Some(database) = Database::fresh().await else { return };
    let older = PostgresStore::open_read_only(database.server()).await.err().expect("it is empty");
    assert!(matches!(older, OpenError::Older { found: 0, .. }), "{older}");
    open(&database).await.close().await;
    database.raw().await.batch_execute("UPDATE schema_version SET version = 999").await.unwrap();
    let sentence = refused(database.url()).await;
    assert!(sentence.starts_with("the database has schema version 999, this release knows"), "{sentence}");
    let newer = PostgresStore::open_read_only(database.server()).await.err().expect("it is newer");
    assert!(matches!(newer, OpenError::Newer { found: 999, .. }), "{newer}");
}

#[tokio::test]
async fn a_server_that_may_forget_is_refused() {
    let Some(database) = Database::fresh().await else { return };
    let raw = database.raw().await;
    let name: String = raw.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    raw.batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
    let sentence = refused(database.url()).await;
    assert_eq!(sentence, "the database setting synchronous_commit is off and could not be set to on");
}

#[tokio::test]
async fn a_reader_beside_a_server_only_reads() {
    let Some(database) = Database::fresh().await else { return };
    let store = open(&database).await;
    committed(&store, inserting(&payment(1))).await;
    let reader = PostgresStore::open_read_only(database.server()).await.unwrap();
    assert_eq!(reader.verify_ledger().await.unwrap().payments, 1);
    assert!(reader.transaction(payment(1).id).await.unwrap().is_some());
    assert!(matches!(reader.commit(inserting(&payment(2))).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(reader.ping().await, Err(StoreError::Unavailable(_))));
}
