//! The audit log: who did what, in one hash chain per installation. An entry's hash is SHA-256 over the hash before it, its number and all
//! it says, so that who changes, removes, adds or reorders one later would have to make every later one anew.
//!
//! An entry is numbered by who writes it, after the last one that it read; of two that read the same last one, one is a conflict. So the
//! log is in the order of what it tells, and nothing recorded here is decided on what another recorded change has made stale.

use async_recursion::async_recursion as boxed;
use florin_kernel::{MerchantId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Store, StoreError};

/// An entry's hash.
pub type AuditHash = [u8; 32];

/// Says what is hashed and in which form; a change of the encoding is a new one.
const DOMAIN: &[u8] = b"florin audit entry 1";
/// Entries read at a time while the chain is verified.
const CHUNK: u32 = 1_000;
/// Faults told in full.
const FAULTS_MAX: usize = 100;

/// An entry of the log, as it goes in and comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place, from 1 without gaps.
    pub number: i64,
    /// When, by the wall clock, to the millisecond.
    pub at: Timestamp,
    /// Whom it is about; nothing: the installation.
    pub merchant: Option<MerchantId>,
    /// JSON: who, what, before and after.
    pub document: String,
    /// Over it and everything before.
    pub hash: AuditHash,
}

impl AuditRow {
    /// The entry that follows `last`; the first one of all where there is none.
    pub fn after(last: Option<&AuditRow>, at: Timestamp, merchant: Option<MerchantId>, document: String) -> AuditRow {
        let number = last.map_or(1, |last| last.number + 1);
        // Rows hold milliseconds, and the hash is made of what rows hold.
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let mut row = AuditRow { number, at, merchant, document, hash: [0; 32] };
        row.hash = row.hash_after(&last.map_or([0; 32], |last| last.hash));
        row
    }

    /// What its hash must be.
    fn hash_after(&self, previous: &AuditHash) -> AuditHash {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(previous);
        hasher.update(self.number.to_be_bytes());
        hasher.update(self.at.as_millisecond().to_be_bytes());
        hasher.update([u8::from(self.merchant.is_some())]);
        hasher.update(self.merchant.map_or(0, MerchantId::number).to_be_bytes());
        hasher.update((self.document.len() as u64).to_be_bytes());
        hasher.update(&self.document);
        hasher.finalize().into()
    }
}

/// Which entries: the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// About this merchant; nothing: all.
    pub merchant: Option<MerchantId>,
    /// Only those before this number.
    pub before: Option<i64>,
    /// At most.
    pub limit: u32,
}

/// What verifying the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries read.
    pub entries: u64,
    /// The newest one's hash, hexadecimal; a copy of it kept elsewhere shows whether the end was cut off. Empty where there is none.
    pub head: String,
    /// What does not agree, a sentence each; empty is good.
    pub faults: Vec<String>,
}

/// The newest entry.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
#[boxed]
pub async fn last_entry(store: &dyn Store) -> Result<Option<AuditRow>, StoreError> {
    Ok(store.audit(AuditQuery { merchant: None, before: None, limit: 1 }).await?.pop())
}

/// Reads the whole log from its end, a chunk at a time, and computes every hash again.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
#[boxed]
pub async fn verify_audit(store: &dyn Store) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    let mut later: Option<AuditRow> = None;
    loop {
        let before = later.as_ref().map(|later| later.number);
        let chunk = store.audit(AuditQuery { merchant: None, before, limit: CHUNK }).await?;
        if chunk.is_empty() {
            break;
        }
        for row in chunk {
            report.entries += 1;
            match later.replace(row.clone()) {
                Some(later) => report.compare(&later, Some(&row)),
                None => report.head = row.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            }
        }
    }
    if let Some(first) = &later {
        report.compare(first, None);
    }
    Ok(report)
}

impl AuditReport {
    /// Compares an entry with what it must be after the one before it.
    fn compare(&mut self, row: &AuditRow, previous: Option<&AuditRow>) {
        let (first, last) = (previous.map_or(1, |previous| previous.number + 1), row.number - 1);
        if first <= last {
            self.fault(format!("Entries {first} to {last} of the audit log are missing."));
        } else if row.hash != row.hash_after(&previous.map_or([0; 32], |previous| previous.hash)) {
            self.fault(format!("Entry {} of the audit log is not what was written, or not where.", row.number));
        }
    }

    fn fault(&mut self, sentence: String) {
        match self.faults.len() {
            count if count < FAULTS_MAX => self.faults.push(sentence),
            FAULTS_MAX => self.faults.push(format!("There are more than {FAULTS_MAX} faults.")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditReport, AuditRow};
    use florin_kernel::{MerchantId, Timestamp};

    fn log() -> Vec<AuditRow> {
        let mut rows: Vec<AuditRow> = Vec::new();
        for number in 1..=4 {
            let merchant = (number % 2 == 0).then_some(MerchantId::from_number(7));
            let at = Timestamp::from_second(number).expect("a time");
            rows.push(AuditRow::after(rows.last(), at, merchant, format!("{{\"n\":{number}}}")));
        }
        rows
    }

    /// The faults of a log, the sentences from the newest entry on.
    fn faults(rows: &[AuditRow]) -> Vec<String> {
        let mut report = AuditReport::default();
        for (place, row) in rows.iter().enumerate().rev() {
            report.compare(row, place.checked_sub(1).map(|before| &rows[before]));
        }
        report.faults
    }

    #[test]
    fn every_change_is_found() {
        let check = |change: &dyn Fn(&mut Vec<AuditRow>), expected: &[&str]| {
            let mut rows = log();
            change(&mut rows);
            assert_eq!(faults(&rows), expected);
        };
        let wrong = "Entry 2 of the audit log is not what was written, or not where.";
        check(&|_| (), &[]);
        check(&|rows| rows[1].document = "{}".to_owned(), &[wrong]);
        check(&|rows| rows[1].at = rows[2].at, &[wrong]);
        check(&|rows| rows[1].merchant = None, &[wrong]);
        check(&|rows| rows[1].merchant = Some(MerchantId::from_number(8)), &[wrong]);
        check(&|rows| drop(rows.remove(1)), &["Entries 2 to 2 of the audit log are missing."]);
        check(&|rows| drop(rows.drain(..2)), &["Entries 1 to 2 of the audit log are missing."]);
        let remade = |rows: &mut Vec<AuditRow>| {
            rows[1] = AuditRow::after(Some(&rows[0]), rows[1].at, None, "{}".to_owned());
        };
        check(&remade, &["Entry 3 of the audit log is not what was written, or not where."]);
    }
}
