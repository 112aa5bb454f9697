//! Records in memory.

use std::cmp::Reverse;

use florin_kernel::{RecordId, RecordKind, Timestamp};

use super::Rows;
use crate::{DueOf, RecordQuery, RecordWrite, StoredRecord};

pub(super) struct Row {
    version: i64,
    write: RecordWrite,
}

impl Row {
    pub(super) fn read(&self) -> StoredRecord {
        let RecordWrite { id, kind, ref document, .. } = self.write;
        StoredRecord { id, kind, version: self.version, document: document.clone() }
    }
}

impl Rows {
    pub(super) fn refuses_record(&self, write: &RecordWrite) -> bool {
        self.records.get(&write.id.number()).map(|row| row.version) != write.expected_version
    }

    pub(super) fn write_record(&mut self, write: RecordWrite) {
        self.clocks.entry(write.lane).or_default();
        let id = write.id.number();
        if let Some(before) = self.records.get(&id) {
            self.records_due.remove(&(before.write.lane, before.write.wake_at, id));
        }
        self.records_due.insert((write.lane, write.wake_at, id));
        let version = write.expected_version.unwrap_or(0) + 1;
        self.records.insert(id, Row { version, write });
    }

    pub(super) fn list_records(&self, query: &RecordQuery) -> Vec<&Row> {
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let listed = |row: &&Row| {
            let write = &row.write;
            (write.merchant, write.mode, write.kind) == (query.merchant.number(), query.mode, query.kind)
                && (from..until).contains(&write.created_at)
                && query.word.is_none_or(|word| write.word == word)
        };
        let mut found: Vec<&Row> = self.records.values().filter(listed).collect();
        found.sort_by_key(|row| Reverse((row.write.created_at, row.write.id)));
        found
    }

    pub(super) fn due_records(&self, wall: Timestamp, of: DueOf, limit: u32) -> Vec<(RecordKind, RecordId)> {
        let due = self.due(&self.records_due, wall, u32::MAX).into_iter();
        let due = due.map(|id| (self.records[&id].write.kind, RecordId::from_number(id)));
        due.filter(|(kind, _)| of.has(*kind)).take(limit as usize).collect()
    }
}
