//! Where PostgreSQL keeps what it was given: its log of commits, the files of a database, and the rows as text, since in the files
//! long values are compressed. The server's folder must be on this machine, as that of `scripts/with-postgres` is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use florin_store::conformance::database::Database;

/// Looks at everything that the server keeps of a database.
pub async fn look_at(database: &Database, look: &impl Fn(&str, &[u8])) {
    let session = database.raw().await;
    let one = async |sql: &str| session.query_one(sql, &[]).await.expect(sql).get::<_, String>(0);
    let folder = PathBuf::from(one("SHOW data_directory").await);
    assert!(folder.is_dir(), "{} is not on this machine", folder.display());
    let number = one("SELECT oid::text FROM pg_database WHERE datname = current_database()").await;
    let (log, files) = (folder.join("pg_wal"), folder.join("base").join(number));
    // First as commits left it; a checkpoint may reuse the log's files and writes the tables'.
    let segments = for_each_file(&log, look);
    session.batch_execute("CHECKPOINT").await.expect("a checkpoint");
    let pages = for_each_file(&files, look) + for_each_file(&log, look);
    assert!(segments > 0 && pages > 1_000_000, "there is something to look at: {segments} and {pages} bytes");
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                  WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let tables = session.query(tables, &[]).await.expect("tables");
    assert!(!tables.is_empty(), "there are tables");
    for table in tables {
        let table: String = table.get(0);
        let rows = session.query(&format!("SELECT one::text FROM {table} AS one"), &[]).await.expect("rows");
        for row in rows {
            look(&format!("a row of {table}"), row.get::<_, &str>(0).as_bytes());
        }
    }
}

/// Bytes seen. Other tests use the server too, so what was there a moment ago may be gone.
fn for_each_file(folder: &Path, look: &impl Fn(&str, &[u8])) -> usize {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        seen += match std::fs::read(&path) {
            _ if path.is_dir() => for_each_file(&path, look),
            Ok(bytes) => {
                look(&path.display().to_string(), &bytes);
                bytes.len()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => panic!("{}: {error}", path.display()),
        };
    }
    seen
}
