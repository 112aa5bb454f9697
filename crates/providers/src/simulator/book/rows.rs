//! The book's SQL: entries and letters as rows. Every function runs on the book's thread, within its transaction.

use florin_kernel::payment::Decline;
use florin_kernel::ports::Lane;
use florin_kernel::{Money, Timestamp};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{
    card_column, kind_word, lane, read_entry, select, standing_columns, topic, topic_word, unreadable, visit_column,
};
use super::{Opened, Order, Turned, Waiting};
use crate::simulator::entry::{Entry, Letter, Standing};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 8192;
    CREATE TABLE IF NOT EXISTS operations (
        place INTEGER NOT NULL,
        reference TEXT NOT NULL,
        account INTEGER NOT NULL,
        lane INTEGER NOT NULL,
        kind TEXT NOT NULL,
        amount_minor INTEGER NOT NULL,
        asset TEXT NOT NULL,
        acts_on TEXT,
        root TEXT,
        status TEXT NOT NULL,
        decline TEXT,
        pending_until_ms INTEGER,
        visit TEXT,
        charged_back_minor INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        card TEXT,
        PRIMARY KEY (place, reference)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS operations_by_root ON operations (root) WHERE root IS NOT NULL;
    CREATE TABLE IF NOT EXISTS letters (
        id INTEGER PRIMARY KEY,
        reference TEXT NOT NULL,
        lane INTEGER NOT NULL,
        topic TEXT NOT NULL,
        due_ms INTEGER NOT NULL,
        times_left INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS letters_by_due ON letters (lane, due_ms);
    CREATE INDEX IF NOT EXISTS letters_by_reference ON letters (reference);
";

/// Makes the tables where they are missing, and `place(reference)` a function of SQL: rows lie in that order, so that those of
/// one time lie together and a transaction writes few pages.
pub(super) fn prepare(db: &Connection, order: Order) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("place", 1, flags, move |call| Ok(order(call.get_raw(0).as_str()?)))?;
    // An operator may read the file with another program meanwhile.
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.execute_batch(SCHEMA)
}

pub(super) fn open_entry(db: &Connection, entry: Entry, letters: &[Letter]) -> rusqlite::Result<Opened> {
    let Some(on) = &entry.on else {
        // The road most travelled: one statement, nothing read.
        if insert(db, &entry, None)? {
            post(db, &entry, letters)?;
            return Ok(Opened::Fresh(entry));
        }
        return asked_again(db, &entry);
    };
    if find(db, &entry.reference)?.is_some() {
        return asked_again(db, &entry);
    }
    let fits = match find(db, on)? {
        Some(original) => entry.fits(&original, &family(db, &root(db, on)?)?, entry.at),
        None => false,
    };
    if !fits {
        let refused = Entry { standing: Standing::Declined(Decline::Response("12".into())), ..entry };
        insert(db, &refused, None)?;
        return Ok(Opened::Refused(refused));
    }
    let root = root(db, on)?;
    insert(db, &entry, Some(&root))?;
    post(db, &entry, letters)?;
    Ok(Opened::Fresh(entry))
}

/// Writes a row unless its reference is taken.
fn insert(db: &Connection, entry: &Entry, root: Option<&str>) -> rusqlite::Result<bool> {
    let (status, decline, pending_until) = standing_columns(&entry.standing);
    let inserted = db
        .prepare_cached(
            "INSERT INTO operations (place, reference, account, lane, kind, amount_minor, asset, acts_on, root, status, decline, \
             pending_until_ms, visit, charged_back_minor, attempts, at_ms, card) \
             VALUES (place(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, ?14, ?15) \
             ON CONFLICT (place, reference) DO NOTHING",
        )?
        .execute(params![
            entry.reference,
            entry.account.number(),
            entry.lane.number(),
            kind_word(entry.kind),
            entry.amount.minor(),
            entry.amount.asset().code(),
            entry.on,
            root,
            status,
            decline,
            pending_until,
            visit_column(entry.visit.as_ref()),
            entry.charged_back_minor,
            entry.at.as_millisecond(),
            card_column(entry.card.as_ref()),
        ])?;
    Ok(inserted == 1)
}

fn asked_again(db: &Connection, entry: &Entry) -> rusqlite::Result<Opened> {
    let reference = &entry.reference;
    db.prepare_cached("UPDATE operations SET attempts = attempts + 1 WHERE place = place(?1) AND reference = ?1")?
        .execute([reference])?;
    let known =
        db.prepare_cached(select!("WHERE place = place(?1) AND reference = ?1"))?.query_row([reference], read_entry)?;
    Ok(if known.same_request(entry) { Opened::Known(known) } else { Opened::Other })
}

fn post(db: &Connection, entry: &Entry, letters: &[Letter]) -> rusqlite::Result<()> {
    for letter in letters {
        db.prepare_cached(
            "INSERT INTO letters (reference, lane, topic, due_ms, times_left) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            entry.reference,
            entry.lane.number(),
            topic_word(letter.topic),
            letter.due.as_millisecond(),
            letter.times
        ])?;
    }
    Ok(())
}

pub(super) fn find(db: &Connection, reference: &str) -> rusqlite::Result<Option<Entry>> {
    db.prepare_cached(select!("WHERE place = place(?1) AND reference = ?1"))?
        .query_row([reference], read_entry)
        .optional()
}

pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Entry>> {
    db.prepare_cached(select!("ORDER BY reference"))?.query_map([], read_entry)?.collect()
}

pub(super) fn attempts(db: &Connection, reference: &str) -> rusqlite::Result<u32> {
    let attempts = db
        .prepare_cached("SELECT attempts FROM operations WHERE place = place(?1) AND reference = ?1")?
        .query_row([reference], |row| row.get(0))
        .optional()?;
    Ok(attempts.unwrap_or(0))
}

/// The attempt at the root of an operation's family: itself, when it acts on nothing.
fn root(db: &Connection, reference: &str) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT coalesce(root, reference) FROM operations WHERE place = place(?1) AND reference = ?1")?
        .query_row([reference], |row| row.get(0))
}

/// An attempt and everything that acted on it.
fn family(db: &Connection, root: &str) -> rusqlite::Result<Vec<Entry>> {
    let mut family: Vec<Entry> =
        db.prepare_cached(select!("WHERE root = ?1"))?.query_map([root], read_entry)?.collect::<Result<_, _>>()?;
    family.extend(find(db, root)?);
    Ok(family)
}

pub(super) fn turn_page(db: &Connection, before: &Entry, after: &Turned, letters: &[Letter]) -> rusqlite::Result<bool> {
    let (status, decline, pending_until) = standing_columns(&after.standing);
    let turned = db
        .prepare_cached(
            "UPDATE operations SET status = ?3, decline = ?4, pending_until_ms = ?5, visit = ?6, card = ?7 \
             WHERE place = place(?1) AND reference = ?1 AND status = 'needs_payer' AND visit = ?2",
        )?
        .execute(params![
            before.reference,
            visit_column(before.visit.as_ref()),
            status,
            decline,
            pending_until,
            visit_column(Some(&after.visit)),
            card_column(after.card.as_ref()),
        ])?;
    if turned == 1 {
        post(db, before, letters)?;
    }
    Ok(turned == 1)
}

pub(super) fn lanes_waiting(db: &Connection) -> rusqlite::Result<Vec<Lane>> {
    db.prepare_cached("SELECT DISTINCT lane FROM letters")?.query_map([], |row| row.get(0).map(lane))?.collect()
}

pub(super) fn references_due(db: &Connection, lane: Lane, now: Timestamp) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT reference FROM letters WHERE lane = ?1 AND due_ms <= ?2 GROUP BY reference ORDER BY min(due_ms), min(id) LIMIT 256",
    )?
    .query_map(params![lane.number(), now.as_millisecond()], |row| row.get(0))?
    .collect()
}

pub(super) fn letters_due(db: &Connection, reference: &str, now: Timestamp) -> rusqlite::Result<Vec<Waiting>> {
    let read = |row: &Row<'_>| {
        Ok(Waiting {
            id: row.get(0)?,
            topic: topic(row.get_ref(1)?.as_str()?).ok_or_else(|| unreadable(1))?,
            left: row.get(2)?,
        })
    };
    db.prepare_cached(
        "SELECT id, topic, times_left FROM letters WHERE reference = ?1 AND due_ms <= ?2 ORDER BY due_ms, id",
    )?
    .query_map(params![reference, now.as_millisecond()], read)?
    .collect()
}

pub(super) fn letter_taken(db: &Connection, letter: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE letters SET times_left = times_left - 1 WHERE id = ?1")?.execute([letter])?;
    db.prepare_cached("DELETE FROM letters WHERE id = ?1 AND times_left < 1")?.execute([letter])?;
    Ok(())
}

pub(super) fn letter_put_off(db: &Connection, letter: i64, until: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE letters SET due_ms = ?2 WHERE id = ?1")?
        .execute(params![letter, until.as_millisecond()])?;
    Ok(())
}

pub(super) fn charge_back(db: &Connection, reference: &str, now: Timestamp) -> rusqlite::Result<Option<Money>> {
    let Some(entry) = find(db, reference)? else { return Ok(None) };
    let mut struck_minor = entry.charged_back_minor;
    if struck_minor == 0 {
        struck_minor = entry.strikeable_minor(&family(db, &root(db, reference)?)?, now);
        db.prepare_cached("UPDATE operations SET charged_back_minor = ?2 WHERE place = place(?1) AND reference = ?1")?
            .execute(params![reference, struck_minor])?;
    }
    Ok((struck_minor > 0).then(|| Money::new(struck_minor, entry.amount.asset())))
}
