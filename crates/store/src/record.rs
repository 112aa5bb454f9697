//! Records, the documents beside the transactions: what goes in and what comes out. A driver keeps all kinds alike.

use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, Record, RecordId, RecordKind, Timestamp};

use crate::StoreError;

/// A record to insert or update. Made on the caller's thread, so that the writer only copies.
#[derive(Clone, Debug)]
pub struct RecordWrite {
    pub(crate) id: RecordId,
    pub(crate) kind: RecordKind,
    pub(crate) expected_version: Option<i64>,
    pub(crate) merchant: i64,
    pub(crate) mode: Mode,
    pub(crate) lane: i64,
    pub(crate) created_at: i64,
    pub(crate) wake_at: Option<i64>,
    pub(crate) word: &'static str,
    pub(crate) document: String,
}

impl RecordWrite {
    /// A new one; its version becomes 1. A taken id is a conflict.
    pub fn insert(record: &impl Record) -> RecordWrite {
        RecordWrite::of(record, None)
    }

    /// The next version of one read at `version`; that it has another by now is a conflict.
    pub fn update(record: &impl Record, version: i64) -> RecordWrite {
        RecordWrite::of(record, Some(version))
    }

    /// Which record it writes.
    pub fn record(&self) -> RecordId {
        self.id
    }

    fn of(record: &impl Record, expected_version: Option<i64>) -> RecordWrite {
        RecordWrite {
            id: record.record_id(),
            kind: record.kind(),
            expected_version,
            merchant: record.merchant().number(),
            mode: record.mode(),
            lane: Lane::of(record.merchant(), record.mode()).number(),
            created_at: record.created_at().as_millisecond(),
            wake_at: record.wake_at().map(Timestamp::as_millisecond),
            word: record.word_text(),
            document: serde_json::to_string(record).expect("a record has string keys and plain values only"),
        }
    }
}

/// A record as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its id.
    pub id: RecordId,
    /// What it is.
    pub kind: RecordKind,
    /// Grows by 1 with every change.
    pub version: i64,
    /// JSON, read by [`StoredRecord::read`].
    pub document: String,
}

impl StoredRecord {
    /// The record itself; nothing where it is of another kind.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it cannot be read.
    pub fn read<R: Record>(&self) -> Result<Option<R>, StoreError> {
        if !R::KINDS.contains(&self.kind) {
            return Ok(None);
        }
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("record {}: {error}", self.id));
        serde_json::from_str(&self.document).map(Some).map_err(corrupt)
    }
}

/// Which of the records that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueOf {
    /// E-mails, which wait for other machines.
    Mail,
    /// All others, which shall not wait behind them.
    Others,
}

impl DueOf {
    /// Whether records of a kind are meant.
    pub fn has(self, kind: RecordKind) -> bool {
        match kind {
            RecordKind::Mail => self == DueOf::Mail,
            RecordKind::Invoice | RecordKind::PayLink | RecordKind::Plan | RecordKind::Customer | RecordKind::User => {
                self == DueOf::Others
            }
        }
    }
}

/// Which records of a merchant: the newest first, by time of creation, then by id.
#[derive(Clone, Debug)]
pub struct RecordQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Of which kind.
    pub kind: RecordKind,
    /// Only where they stand so, as rows write it.
    pub word: Option<&'static str>,
    /// Created at or after.
    pub from: Timestamp,
    /// Created before.
    pub until: Timestamp,
    /// How many to leave out before the first: pages are numbered on the wire.
    pub skip: u32,
    /// At most.
    pub limit: u32,
}

impl RecordQuery {
    /// All of a kind.
    pub fn all(merchant: MerchantId, mode: Mode, kind: RecordKind) -> RecordQuery {
        let (from, until) = (Timestamp::MIN, Timestamp::MAX);
        RecordQuery { merchant, mode, kind, word: None, from, until, skip: 0, limit: u32::MAX }
    }
}
