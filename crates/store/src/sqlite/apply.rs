//! One changeset, applied within the writer's transaction. Knows nothing of batches and commits.

use std::sync::Arc;

use rusqlite::Connection;

use super::answers::AnswerWriter;
use super::audit::AuditWriter;
use super::chains::ChainWriter;
use super::claims::ClaimWriter;
use super::claims::fresh::FreshClaims;
use super::clocks::LaneWriter;
use super::config::ConfigWriter;
use super::ledger::LedgerWriter;
use super::outbox::OutboxWriter;
use super::payments::PaymentWriter;
use super::records::RecordWriter;
use super::registrations::{RegistrationWriter, Written};
use crate::RegistrationWrite;
use crate::{Changeset, Verdict};

/// The writer's prepared statements, a set per noun.
pub(super) struct Apply<'c> {
    claims: ClaimWriter<'c>,
    payments: PaymentWriter<'c>,
    records: RecordWriter<'c>,
    answers: AnswerWriter<'c>,
    registrations: RegistrationWriter<'c>,
    lanes: LaneWriter<'c>,
    ledger: LedgerWriter<'c>,
    outbox: OutboxWriter<'c>,
    chains: ChainWriter<'c>,
    config: ConfigWriter<'c>,
    audit: AuditWriter<'c>,
}

/// What a changeset that was not refused, or was, has left in the transaction.
#[derive(Debug)]
pub(super) enum Applied {
    /// All of it.
    Whole,
    /// Nothing: it was refused before its first write.
    Nothing(Verdict),
    /// A part, which must be rolled back: it was refused after a write.
    Part(Verdict),
}

impl<'c> Apply<'c> {
    pub(super) fn prepare(connection: &'c Connection, fresh_claims: Arc<FreshClaims>) -> rusqlite::Result<Self> {
        Ok(Apply {
            claims: ClaimWriter::prepare(connection, fresh_claims)?,
            payments: PaymentWriter::prepare(connection)?,
            records: RecordWriter::prepare(connection)?,
            answers: AnswerWriter::prepare(connection)?,
            registrations: RegistrationWriter::prepare(connection)?,
            lanes: LaneWriter::prepare(connection)?,
            ledger: LedgerWriter::prepare(connection)?,
            outbox: OutboxWriter::prepare(connection)?,
            chains: ChainWriter::prepare(connection)?,
            config: ConfigWriter::prepare(connection)?,
            audit: AuditWriter::prepare(connection)?,
        })
    }

    /// Applies a changeset, up to where it is refused.
    pub(super) fn changeset(&mut self, changeset: &Changeset) -> rusqlite::Result<Applied> {
        let mut wrote = false;
        let refused = self.write(changeset, &mut wrote)?;
        Ok(match refused {
            None => Applied::Whole,
            Some(verdict) if wrote => Applied::Part(verdict),
            Some(verdict) => Applied::Nothing(verdict),
        })
    }

    /// What belongs to a batch rather than to a changeset.
    pub(super) fn end_batch(&mut self) -> rusqlite::Result<()> {
        self.claims.end_batch()?;
        self.ledger.seals.write()?;
        self.ledger.roll_up_now_and_then()
    }

    /// The batch is on disk.
    pub(super) fn committed(&mut self) {
        self.claims.committed();
        self.ledger.seals.committed();
    }

    /// A changeset begins that may be rolled back alone.
    pub(super) fn begin_changeset(&mut self) {
        self.claims.begin_changeset();
        self.ledger.seals.begin_changeset();
    }

    /// After the rollback of one changeset: drops what was remembered of its writes.
    pub(super) fn forget_changeset(&mut self) {
        self.claims.forget_changeset();
        self.lanes.forget();
        self.ledger.forget_changeset();
    }

    /// After a rollback: drops what was remembered of the writes undone.
    pub(super) fn forget(&mut self) {
        self.claims.forget();
        self.lanes.forget();
        self.ledger.forget();
    }

    fn write(&mut self, changeset: &Changeset, wrote: &mut bool) -> rusqlite::Result<Option<Verdict>> {
        for claim in &changeset.claims {
            if let Some(first) = self.claims.take(claim)? {
                return Ok(Some(Verdict::Duplicate(first)));
            }
            *wrote = true;
        }
        for payment in &changeset.payments {
            if let Some(version) = payment.expected_version {
                if self.payments.update(payment, version)? == 0 {
                    return Ok(Some(Verdict::Conflict));
                }
                *wrote = true;
            }
        }
        for payment in changeset.payments.iter().filter(|payment| payment.expected_version.is_none()) {
            if self.payments.insert(payment)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
            self.lanes.ensure(payment.lane)?;
        }
        if let Some(conflict) = self.follow(changeset, wrote)? {
            return Ok(Some(conflict));
        }
        if let Some(conflict) = self.record(changeset, wrote)? {
            return Ok(Some(conflict));
        }
        for record in &changeset.records {
            if self.records.write(record)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
            self.lanes.ensure(record.lane)?;
        }
        for answer in &changeset.answers {
            self.answers.keep(answer)?;
            *wrote = true;
        }
        for registration in &changeset.registrations {
            if self.registrations.write(registration)? == Written::Conflict {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
            if let RegistrationWrite::Insert(insert) = registration {
                self.lanes.ensure(insert.lane)?;
            }
        }
        for entry in &changeset.entries {
            self.ledger.post(entry)?;
            *wrote = true;
        }
        for floor in &changeset.floors {
            if !self.ledger.holds(floor)? {
                let (account, asset) = (floor.account, floor.minimum.asset());
                return Ok(Some(Verdict::BelowFloor { account, asset }));
            }
        }
        for event in &changeset.events {
            self.outbox.announce(event)?;
            self.lanes.ensure(event.lane.number())?;
            *wrote = true;
        }
        for delivery in &changeset.deliveries {
            if self.outbox.deliver(delivery)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
        }
        Ok(None)
    }

    /// Configuration, and what the audit log tells.
    fn record(&mut self, changeset: &Changeset, wrote: &mut bool) -> rusqlite::Result<Option<Verdict>> {
        for row in &changeset.audit {
            if self.audit.write(row)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
        }
        for row in &changeset.config {
            self.config.write(row)?;
            *wrote = true;
        }
        Ok(None)
    }

    /// What chains find payments by, and how far they were followed.
    fn follow(&mut self, changeset: &Changeset, wrote: &mut bool) -> rusqlite::Result<Option<Verdict>> {
        for write in &changeset.payments {
            let Some(watch) = &write.watch else { continue };
            if self.chains.watch(write, watch)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
        }
        for chain in &changeset.chains {
            if self.chains.chain(chain)? == 0 {
                return Ok(Some(Verdict::Conflict));
            }
            *wrote = true;
            self.lanes.ensure(chain.lane.number())?;
        }
        Ok(None)
    }
}
