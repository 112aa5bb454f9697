//! What the back office asks of the file. Its questions go to the readers; what it adds up is written in few rows at once.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use florin_kernel::{CredentialId, EventId, PaymentId, Transaction};
use tokio::sync::oneshot;

use super::connection::{self, Purpose};
use super::payments::kind;
use super::read::at_one_moment;
use super::{SqliteStore, gone, spawn, verify};
use crate::office::{
    AttemptRow, BookRow, Browse, Browsed, Cohort, Counting, DatabaseFacts, EventBrowse, EventsBrowsed, NodeRow, Office,
    OpenWords, OutcomeRow, Standing, Statement, StatementQuery, SuspenseQuery, Tally, TallyQuery,
};
use crate::{DeliveryRow, EventRow, LedgerReport, Store, StoreError, query};

mod browse;
mod events;
mod nodes;
mod outcomes;
mod statement;
mod tallies;

/// A transaction's row as it is, so that its document can be read on the caller's thread.
struct RawTransaction {
    id: i64,
    kind: florin_kernel::Kind,
    document: String,
}

impl RawTransaction {
    /// Of a row of id, kind and document.
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawTransaction> {
        Ok(RawTransaction { id: row.get(0)?, kind: kind(row, 1)?, document: row.get(2)? })
    }

    fn read(self) -> Result<Transaction, StoreError> {
        query::read(self.kind, self.id, &self.document)
    }
}

fn read_all(rows: Vec<RawTransaction>) -> Result<Vec<Transaction>, StoreError> {
    rows.into_iter().map(RawTransaction::read).collect()
}

#[async_trait]
impl Office for SqliteStore {
    async fn browse(&self, query: Browse) -> Result<Browsed, StoreError> {
        let page = self.read(move |connection| at_one_moment(connection, |c| browse::browse(c, &query))).await?;
        let found = read_all(page.found)?;
        Ok(Browsed { found, scanned: page.scanned, reached: page.reached, more: page.more })
    }

    async fn standing(&self, query: Standing) -> Result<Vec<Transaction>, StoreError> {
        read_all(self.read(move |connection| browse::standing(connection, &query)).await?)
    }

    async fn open_words(&self, scan_max: u32) -> Result<OpenWords, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| browse::open_words(c, scan_max))).await
    }

    async fn browse_events(&self, query: EventBrowse) -> Result<EventsBrowsed, StoreError> {
        self.read(move |connection| events::browse(connection, &query)).await
    }

    async fn event(&self, id: EventId) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| super::outbox::event(c, id))).await
    }

    async fn attempts(&self, limit: u32) -> Result<Vec<AttemptRow>, StoreError> {
        self.read(move |connection| events::attempts(connection, limit)).await
    }

    async fn given_up(&self, from: EventId) -> Result<Vec<(CredentialId, u64)>, StoreError> {
        self.read(move |connection| events::given_up(connection, from)).await
    }

    async fn tally(&self, limit: u32) -> Result<u64, StoreError> {
        let step = self.read(move |connection| at_one_moment(connection, |c| tallies::next(c, limit))).await?;
        let taken = step.transfers;
        match taken {
            0 => Ok(0),
            _ => self.write(move |connection| tallies::add(connection, &step)).await.map(|added| taken * added),
        }
    }

    async fn tallied(&self, query: TallyQuery) -> Result<Vec<Tally>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| tallies::tallied(c, query))).await
    }

    async fn uncounted(&self, until: PaymentId, left_after: PaymentId, limit: u32) -> Result<Counting, StoreError> {
        let ask = move |c: &rusqlite::Connection| outcomes::uncounted(c, until, left_after, limit);
        let (through, newer, left) = self.read(move |connection| at_one_moment(connection, ask)).await?;
        Ok(Counting { through, newer: read_all(newer)?, left: read_all(left)? })
    }

    async fn count_outcomes(&self, cohort: Cohort) -> Result<bool, StoreError> {
        self.write(move |connection| outcomes::count(connection, &cohort)).await
    }

    async fn outcomes(&self, query: TallyQuery) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| outcomes::outcomes(c, query))).await
    }

    async fn statement(&self, query: StatementQuery) -> Result<Statement, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| Ok(statement::page(c, &query)))).await?
    }

    async fn suspense(&self, query: SuspenseQuery) -> Result<Vec<BookRow>, StoreError> {
        self.read(move |connection| statement::suspense(connection, query)).await
    }

    async fn beat(&self, node: NodeRow) -> Result<(), StoreError> {
        self.write(move |connection| nodes::beat(connection, &node)).await
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.read(nodes::all).await
    }

    async fn verify(&self, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError> {
        // On a thread and a connection of its own: it may take minutes, and the readers are for requests.
        let (reply, answer) = oneshot::channel();
        let path = self.path.clone();
        let work = move || {
            let connection = connection::open(&path, Purpose::Read).map_err(|e| StoreError::Unavailable(e.to_string()));
            let _ = reply.send(connection.and_then(|connection| verify::verify(&connection, looked_at)));
        };
        spawn("store-verify", &self.path, work).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        answer.await.map_err(|_| gone())?
    }

    async fn database(&self) -> Result<DatabaseFacts, StoreError> {
        let version = self.version();
        let wal = {
            let mut name = self.path.as_os_str().to_owned();
            name.push("-wal");
            std::fs::metadata(name).map_or(0, |file| file.len())
        };
        let (schema, bytes) = self.read(statement::database).await?;
        Ok(DatabaseFacts { version, schema, bytes: bytes + wal })
    }
}
