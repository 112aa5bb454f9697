//! The audit log in memory.

use super::Rows;
use crate::{AuditQuery, AuditRow, ConfigRow};

impl Rows {
    /// Entries, the newest first.
    pub(super) fn list_audit(&self, query: AuditQuery) -> Vec<AuditRow> {
        let before = self.audit.range(..query.before.unwrap_or(i64::MAX)).rev().map(|(_, row)| row);
        let about = before.filter(|row| query.merchant.is_none() || row.merchant == query.merchant);
        about.take(query.limit as usize).cloned().collect()
    }

    /// Writes configuration, and what is told of it and of others.
    pub(super) fn record(&mut self, config: Vec<ConfigRow>, audit: Vec<AuditRow>) {
        self.config.extend(config.into_iter().map(|row| ((row.kind as i64, row.id), row)));
        self.audit.extend(audit.into_iter().map(|row| (row.number, row)));
    }
}
