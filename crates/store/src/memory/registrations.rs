//! Stored cards in memory: what was inserted, and when it was deleted.

use std::collections::BTreeMap;

use florin_kernel::{RegistrationId, Timestamp};

use super::Rows;
use crate::registration::{RawRegistration, RegistrationInsert};
use crate::{KeyUse, RegistrationQuery, RegistrationWrite, RegistrationsOf, StoreError, StoredRegistration};

pub(super) struct Row {
    insert: RegistrationInsert,
    deleted_at: Option<i64>,
}

impl Row {
    fn is_kept(&self) -> bool {
        self.deleted_at.is_none()
    }

    pub(super) fn read(&self) -> Result<StoredRegistration, StoreError> {
        let insert = self.insert.clone();
        let kept = self.is_kept();
        let raw = RawRegistration {
            id: insert.id.number(),
            merchant: insert.merchant,
            mode: insert.mode,
            created_at: insert.created_at,
            customer: insert.customer.filter(|_| kept),
            fingerprint: insert.fingerprint.filter(|_| kept),
            retained_until: insert.retained_until,
            deleted_at: self.deleted_at,
            sealed: Some(insert.sealed).filter(|_| kept),
            answer: insert.answer,
            document: insert.document,
        };
        raw.read()
    }
}

impl Rows {
    pub(super) fn refuses_registration(&self, write: &RegistrationWrite) -> bool {
        let row = self.registrations.get(&write.registration().number());
        match write {
            RegistrationWrite::Insert(_) => row.is_some(),
            RegistrationWrite::Erase { kept_until, .. } => {
                let may_go =
                    |row: &Row| kept_until.is_none_or(|until| row.insert.retained_until <= until.as_millisecond());
                !row.is_some_and(|row| row.is_kept() && may_go(row))
            }
            RegistrationWrite::Retain { .. } | RegistrationWrite::Rewrap { .. } => false,
        }
    }

    pub(super) fn write_registration(&mut self, write: RegistrationWrite) {
        let id = write.registration().number();
        if let RegistrationWrite::Insert(insert) = write {
            self.clocks.entry(insert.lane).or_default();
            self.registrations.insert(id, Row { insert: *insert, deleted_at: None });
            return;
        }
        let Some(row) = self.registrations.get_mut(&id).filter(|row| row.is_kept()) else { return };
        match write {
            RegistrationWrite::Insert(_) => {}
            RegistrationWrite::Retain { until, .. } => {
                row.insert.retained_until = row.insert.retained_until.max(until.as_millisecond());
            }
            RegistrationWrite::Erase { at, .. } => row.deleted_at = Some(at.as_millisecond()),
            RegistrationWrite::Rewrap { from, to, wrapped_key, .. } => {
                if row.insert.sealed.key_version == from {
                    row.insert.sealed.key_version = to;
                    row.insert.sealed.wrapped_key = wrapped_key;
                }
            }
        }
    }

    pub(super) fn list_registrations(&self, query: &RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError> {
        let listed = |row: &&Row| {
            row.is_kept()
                && row.insert.merchant == query.merchant.number()
                && row.insert.mode == query.mode
                && query.after.is_none_or(|after| row.insert.id > after)
                && match &query.of {
                    RegistrationsOf::Anybody => true,
                    RegistrationsOf::Customer(customer) => row.insert.customer.as_ref() == Some(customer),
                    RegistrationsOf::Card(fingerprint) => row.insert.fingerprint == Some(*fingerprint),
                }
        };
        self.registrations.values().filter(listed).take(query.limit as usize).map(Row::read).collect()
    }

    pub(super) fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError> {
        let kept = self.registrations.values().filter(|row| row.is_kept());
        let since = |row: &Row| self.overdue_since(row.insert.lane, row.insert.retained_until, wall);
        let mut due: Vec<(i64, &RegistrationInsert)> =
            kept.filter_map(|row| Some((since(row)?, &row.insert))).collect();
        due.sort_unstable_by_key(|(since, insert)| (*since, insert.id));
        due.truncate(limit as usize);
        let until = |insert: &RegistrationInsert| {
            Timestamp::from_millisecond(insert.retained_until).map_err(|error| StoreError::Corrupt(error.to_string()))
        };
        due.into_iter().map(|(_, insert)| Ok((insert.id, until(insert)?))).collect()
    }

    pub(super) fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError> {
        let wrapped = |row: &&Row| {
            row.is_kept() && row.insert.sealed.key_version == version && after.is_none_or(|after| row.insert.id > after)
        };
        self.registrations.values().filter(wrapped).take(limit as usize).map(Row::read).collect()
    }

    pub(super) fn key_use(&self) -> Vec<KeyUse> {
        let mut counted: BTreeMap<u32, u64> = BTreeMap::new();
        for row in self.registrations.values().filter(|row| row.is_kept()) {
            *counted.entry(row.insert.sealed.key_version).or_default() += 1;
        }
        counted.into_iter().map(|(version, cards)| KeyUse { version, cards }).collect()
    }

    /// Drops answers of before a moment, at most so many; returns how many.
    pub(super) fn purge_registrations(&mut self, before_ms: i64, limit: usize) -> usize {
        let answered = |row: &&mut Row| row.insert.answer.is_some() && row.insert.created_at < before_ms;
        self.registrations.values_mut().filter(answered).take(limit).map(|row| row.insert.answer = None).count()
    }
}
