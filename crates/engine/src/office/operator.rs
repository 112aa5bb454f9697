//! What the operator looks at: how much waits, how far the workers are, what the database is.

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::{PaymentId, Timestamp};
use florin_store::office::{DatabaseFacts, NodeRow, TallyQuery};
use florin_store::{Backlog, StoreError};

use crate::Engine;
use crate::workers::report;

/// How the installation is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What waits: commits, events, payments.
    pub backlog: Backlog,
    /// Payments made until then are in the rates, by the wall clock.
    pub counted_until: Timestamp,
    /// What the database is.
    pub database: DatabaseFacts,
    /// Whether other processes may share it.
    pub shared: bool,
    /// This program's version.
    pub version: &'static str,
    /// The processes at work on the database, the one seen last first; this one among them.
    pub nodes: Vec<NodeRow>,
    /// Whether this process is stopping.
    pub draining: bool,
}

/// A process says so often that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(10);

impl Engine {
    /// Says that this process lives, for as long as it does, where others may be beside it.
    pub(crate) async fn say_alive(self: Arc<Self>) {
        if self.store.is_exclusive() {
            return;
        }
        loop {
            if let Err(error) = self.store.office().beat(self.as_node()).await {
                report(&error);
            }
            if !self.idle(&tokio::sync::Notify::new(), BEAT_EVERY).await {
                return;
            }
        }
    }

    fn as_node(&self) -> NodeRow {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        NodeRow { node: self.node, version, started_at: self.started_at, seen_at: self.clocks.wall() }
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let mut nodes = self.store.office().nodes().await?;
        nodes.retain(|node| node.node != self.node);
        nodes.insert(0, self.as_node());
        Ok(nodes)
    }

    /// How the installation is doing.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_operation(&self) -> Result<Operation, StoreError> {
        let backlog = self.backlog().await?;
        let nothing = TallyQuery {
            book: florin_kernel::payment::Mode::Live,
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
        };
        let (_, counted): (_, PaymentId) = self.store.office().outcomes(nothing).await?;
        Ok(Operation {
            backlog,
            counted_until: super::overview::made_at(counted),
            database: self.store.office().database().await?,
            shared: !self.store.is_exclusive(),
            version: env!("CARGO_PKG_VERSION"),
            nodes: self.nodes().await?,
            draining: self.is_draining(),
        })
    }
}
