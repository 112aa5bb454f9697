//! Databases for tests, on the PostgreSQL server that `FLORIN_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use crate::postgres::Server;

/// The environment variable with the URL of a server and its superuser.
const SERVER: &str = "FLORIN_TEST_POSTGRES";

/// The environment variable that says which database the tests of whole servers run on.
const CHOICE: &str = "FLORIN_TEST_DATABASE";

/// An empty database; dropped with this value, also under those who still use it.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// What the tests of whole servers run on: a new database with `FLORIN_TEST_DATABASE=postgres`, `None` (SQLite) without.
    ///
    /// # Panics
    /// There is no server, or the choice is neither `postgres` nor `sqlite`.
    pub async fn chosen() -> Option<Database> {
        match std::env::var(CHOICE).as_deref() {
            Err(_) | Ok("sqlite") => None,
            Ok("postgres") => Some(Database::fresh().await.expect("a server to test with")),
            Ok(other) => panic!("{CHOICE}={other}: it is sqlite or postgres"),
        }
    }

    /// A new one; `None`, with a word about it, when there is no server to test with.
    ///
    /// # Panics
    /// The server does not make one.
    pub async fn fresh() -> Option<Database> {
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} is not set; scripts/with-postgres starts a server and sets it");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("florin_test_{}_{count}", std::process::id());
        run(&server, &format!("CREATE DATABASE {name}")).await.expect("a database");
        let url = with_name(&server, &name);
        Some(Database { server, name, url })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How a store opens it.
    ///
    /// # Panics
    /// The server's URL cannot be read.
    pub fn server(&self) -> Server {
        Server::parse(&self.url).expect("a good URL")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A session with the server's own database.
    ///
    /// # Panics
    /// The server is away.
    pub async fn raw_beside(&self) -> tokio_postgres::Client {
        connect(&self.server).await.expect("a session")
    }

    /// A session past the store, as an operator's shell would be.
    ///
    /// # Panics
    /// The server is away.
    pub async fn raw(&self) -> tokio_postgres::Client {
        connect(&self.url).await.expect("a session")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A thread of its own, because a test's runtime cannot be waited for from within.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&server, &sql))
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("{} stays behind: {error}", self.name);
        }
    }
}

async fn connect(url: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn run(server: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    connect(server).await?.batch_execute(sql).await
}

/// The server's URL with another database's name.
fn with_name(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let begin = address.find("://").map_or(0, |at| at + 3);
    let end = address[begin..].find('/').map_or(address.len(), |at| begin + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &address[..end])
}
