//! The conformance suite, and what only this driver has: a server that others use too, and that may go away.
//!
//! `FLORIN_TEST_POSTGRES` names a server and its superuser; without it nothing is tested. `scripts/with-postgres` sets it.

use std::sync::Arc;

use super::{PostgresSettings, PostgresStore};
use crate::testing::Database;
use crate::{Store, conformance_suite};

async fn fresh() -> Option<(Arc<dyn Store>, Database)> {
    let database = Database::fresh().await?;
    Some((Arc::new(open(&database).await), database))
}

async fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(database.url(), PostgresSettings::default()).await.expect("a good database")
}

conformance_suite!(fresh);
