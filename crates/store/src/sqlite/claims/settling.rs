//! Moving fresh claims to where they stay, a few with every batch. A process that ends in the middle loses no claim: rows stay in
//! `fresh_claims` until all of their generation are in `claims`, and the next process moves them again.

use std::ops::Range;

use rusqlite::{Connection, Statement, params};

use super::fresh::FreshClaims;

const MOVE: &str = "INSERT INTO claims (key, digest, payment, sequence, at, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO NOTHING";
const FIRST_ID: &str = "SELECT coalesce(min(id), 0) FROM fresh_claims";
const TRIM: &str = "DELETE FROM fresh_claims WHERE id <= ?1";

/// How many are moved with a batch for each one taken in it; so a generation is settled before the next one is complete.
const PACE: usize = 2;
/// And at least so many.
const STEP_MIN: usize = 16;

/// Where settling stands, as far as it is on disk.
enum Stage {
    Idle,
    /// The keys of a generation in order, how many are moved, and its last row.
    Moving {
        keys: Vec<[u8; 16]>,
        moved: usize,
        last_id: i64,
    },
    /// Rows up to one are gone, and go up to another.
    Trimming {
        gone_id: i64,
        last_id: i64,
    },
}

/// What one transaction does about it.
#[derive(Default)]
pub(super) enum Step {
    #[default]
    Nothing,
    Begin(Vec<[u8; 16]>, i64),
    Move(Range<usize>),
    Trim(i64),
}

pub(super) struct Settling<'c> {
    connection: &'c Connection,
    insert: Statement<'c>,
    trim: Statement<'c>,
    stage: Stage,
}

impl<'c> Settling<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let (insert, trim) = (connection.prepare(MOVE)?, connection.prepare(TRIM)?);
        Ok(Settling { connection, insert, trim, stage: Stage::Idle })
    }

    /// Does the next step of a batch that took so many; `last_id` is the last row on disk.
    pub(super) fn go_on(&mut self, fresh: &FreshClaims, last_id: i64, taken: usize) -> rusqlite::Result<Step> {
        let count = (PACE * taken).max(STEP_MIN);
        match &self.stage {
            Stage::Idle if fresh.are_many() => Ok(Step::Begin(fresh.keys(), last_id)),
            Stage::Idle => Ok(Step::Nothing),
            Stage::Moving { keys, moved, .. } => {
                let part = *moved..keys.len().min(moved + count);
                for claim in keys[part.clone()].iter().filter_map(|key| fresh.find(key)) {
                    let at = claim.at.as_millisecond();
                    let payment = claim.payment.number();
                    self.insert.execute(params![
                        claim.key,
                        claim.digest,
                        payment,
                        claim.sequence,
                        at,
                        claim.expires
                    ])?;
                }
                Ok(Step::Move(part))
            }
            Stage::Trimming { gone_id, last_id } => {
                let through = (*last_id).min(gone_id + 2 * count as i64);
                self.trim.execute([through])?;
                Ok(Step::Trim(through))
            }
        }
    }

    /// The step is on disk.
    pub(super) fn committed(&mut self, step: Step, fresh: &FreshClaims) {
        match (step, &mut self.stage) {
            (Step::Begin(keys, last_id), stage) => *stage = Stage::Moving { keys, moved: 0, last_id },
            (Step::Move(part), Stage::Moving { keys, moved, last_id }) => {
                *moved = part.end;
                fresh.drop_keys(keys[part].iter().copied());
                if *moved == keys.len() {
                    let last_id = *last_id;
                    self.stage = self.trimming(last_id);
                }
            }
            (Step::Trim(through), Stage::Trimming { gone_id, last_id }) => {
                *gone_id = through;
                if through == *last_id {
                    self.stage = Stage::Idle;
                }
            }
            (Step::Nothing | Step::Move(_) | Step::Trim(_), _) => {}
        }
    }

    fn trimming(&self, last_id: i64) -> Stage {
        // Where it cannot be read, a first step that deletes too many rows at once is slow, not wrong.
        let first_id = self.connection.query_row(FIRST_ID, [], |row| row.get::<_, i64>(0)).unwrap_or(0);
        Stage::Trimming { gone_id: first_id.max(1) - 1, last_id }
    }
}
