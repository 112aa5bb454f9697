//! The reading side of a store on a bad day. It only adds up what payments wrote, so it meets no trouble of its own: but it must
//! not give way while a real thread works for it, or simulated time would run on.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use florin_kernel::{CredentialId, EventId, PaymentId, Transaction};
use florin_store::office::{
    AttemptRow, BookRow, Browse, Browsed, Cohort, Counting, DatabaseFacts, EventBrowse, EventsBrowsed, NodeRow, Office,
    OpenWords, OutcomeRow, Standing, Statement, StatementQuery, SuspenseQuery, Tally, TallyQuery,
};
use florin_store::{DeliveryRow, EventRow, LedgerReport, StoreError};

use super::store::{TroubledStore, at_once};

#[async_trait]
impl Office for TroubledStore {
    async fn browse(&self, query: Browse) -> Result<Browsed, StoreError> {
        at_once(self.calmly().await.office().browse(query))
    }

    async fn standing(&self, query: Standing) -> Result<Vec<Transaction>, StoreError> {
        at_once(self.calmly().await.office().standing(query))
    }

    async fn open_words(&self, scan_max: u32) -> Result<OpenWords, StoreError> {
        at_once(self.calmly().await.office().open_words(scan_max))
    }

    async fn browse_events(&self, query: EventBrowse) -> Result<EventsBrowsed, StoreError> {
        at_once(self.calmly().await.office().browse_events(query))
    }

    async fn event(&self, id: EventId) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        at_once(self.calmly().await.office().event(id))
    }

    async fn attempts(&self, limit: u32) -> Result<Vec<AttemptRow>, StoreError> {
        at_once(self.calmly().await.office().attempts(limit))
    }

    async fn given_up(&self, from: EventId) -> Result<Vec<(CredentialId, u64)>, StoreError> {
        at_once(self.calmly().await.office().given_up(from))
    }

    async fn tally(&self, limit: u32) -> Result<u64, StoreError> {
        at_once(self.calmly().await.office().tally(limit))
    }

    async fn tallied(&self, query: TallyQuery) -> Result<Vec<Tally>, StoreError> {
        at_once(self.calmly().await.office().tallied(query))
    }

    async fn uncounted(&self, until: PaymentId, left_after: PaymentId, limit: u32) -> Result<Counting, StoreError> {
        at_once(self.calmly().await.office().uncounted(until, left_after, limit))
    }

    async fn count_outcomes(&self, cohort: Cohort) -> Result<bool, StoreError> {
        at_once(self.calmly().await.office().count_outcomes(cohort))
    }

    async fn outcomes(&self, query: TallyQuery) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError> {
        at_once(self.calmly().await.office().outcomes(query))
    }

    async fn statement(&self, query: StatementQuery) -> Result<Statement, StoreError> {
        at_once(self.calmly().await.office().statement(query))
    }

    async fn suspense(&self, query: SuspenseQuery) -> Result<Vec<BookRow>, StoreError> {
        at_once(self.calmly().await.office().suspense(query))
    }

    async fn beat(&self, node: NodeRow) -> Result<(), StoreError> {
        at_once(self.calmly().await.office().beat(node))
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        at_once(self.calmly().await.office().nodes())
    }

    async fn verify(&self, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError> {
        at_once(self.calmly().await.office().verify(looked_at))
    }

    async fn database(&self) -> Result<DatabaseFacts, StoreError> {
        at_once(self.calmly().await.office().database())
    }
}
