//! The tables, as numbered migrations. A migration that was released is never edited; a change is a new one.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::OpenError;

/// Times are milliseconds since the Unix epoch. The first makes an empty database one of version [`FIRST`], each later one brings it a
/// version further. Where a payment writes, alternatives are listed with `OR`: for an `IN` of more than two, in a check or in the condition of
/// an index, SQLite makes a temporary table at every write.
const MIGRATIONS: &[&str] = &[
    // The columns before the document stay small: an update rewrites the row, and lists read only the front of it.
    "CREATE TABLE payments (
        id            INTEGER PRIMARY KEY,
        version       INTEGER NOT NULL,
        merchant      INTEGER NOT NULL,
        mode          TEXT    NOT NULL,
        lane          INTEGER NOT NULL,
        word          TEXT    NOT NULL,
        created_at    INTEGER NOT NULL,
        wake_at       INTEGER,
        payer         INTEGER,
        answer_status INTEGER,
        answer_body   TEXT,
        document      TEXT    NOT NULL,
        kind          TEXT    NOT NULL
            CHECK (kind = 'payment' OR kind = 'verification' OR kind = 'withdrawal' OR kind = 'coin')
    ) STRICT;
    CREATE INDEX payments_listed ON payments (merchant, mode, created_at, id);
    CREATE INDEX payments_due ON payments (lane, wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX payments_of_payer ON payments (payer) WHERE payer IS NOT NULL;
    CREATE INDEX payments_answered ON payments (created_at) WHERE answer_status IS NOT NULL;

    -- Deleted or not is told by deleted_at alone; then everything that leads to the card is gone.
    CREATE TABLE registrations (
        id             INTEGER PRIMARY KEY,
        merchant       INTEGER NOT NULL,
        mode           TEXT    NOT NULL,
        lane           INTEGER NOT NULL,
        created_at     INTEGER NOT NULL,
        customer       TEXT,
        fingerprint    BLOB,
        retained_until INTEGER NOT NULL,
        deleted_at     INTEGER,
        key_version    INTEGER,
        wrapped_key    BLOB,
        sealed_card    BLOB,
        answer_status  INTEGER,
        answer_body    TEXT,
        document       TEXT    NOT NULL,
        CHECK ((deleted_at IS NULL) = (key_version IS NOT NULL AND wrapped_key IS NOT NULL AND sealed_card IS NOT NULL)),
        CHECK (deleted_at IS NULL OR (customer IS NULL AND fingerprint IS NULL))
    ) STRICT;
    CREATE INDEX registrations_listed ON registrations (merchant, mode, id) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_of_customer ON registrations (merchant, mode, customer, id)
        WHERE deleted_at IS NULL AND customer IS NOT NULL;
    CREATE INDEX registrations_of_card ON registrations (fingerprint, id) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_due ON registrations (lane, retained_until) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_by_key ON registrations (key_version, id) WHERE key_version IS NOT NULL;
    CREATE INDEX registrations_answered ON registrations (created_at) WHERE answer_status IS NOT NULL;

    CREATE TABLE claims (
        key      BLOB    PRIMARY KEY,
        digest   BLOB    NOT NULL,
        payment  INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        expires  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX claims_expiring ON claims (at) WHERE expires = 1;

    CREATE TABLE fresh_claims (
        id       INTEGER PRIMARY KEY,
        key      BLOB    NOT NULL,
        digest   BLOB    NOT NULL,
        payment  INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        expires  INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE answers (
        payment  INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        status   INTEGER NOT NULL,
        body     TEXT    NOT NULL,
        PRIMARY KEY (payment, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_time ON answers (at);

    CREATE TABLE entries (
        id           INTEGER PRIMARY KEY,
        payment      INTEGER NOT NULL,
        event        TEXT    NOT NULL,
        book         TEXT    NOT NULL,
        layer        TEXT    NOT NULL CHECK (layer IN ('pending', 'posted')),
        debit        TEXT    NOT NULL,
        credit       TEXT    NOT NULL CHECK (debit <> credit),
        asset        TEXT    NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        at           INTEGER NOT NULL,
        seal         INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX entries_of_payment ON entries (payment);
    CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END;
    CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END;

    CREATE TABLE seals (
        number    INTEGER PRIMARY KEY,
        hash      BLOB    NOT NULL CHECK (length(hash) = 32),
        transfers INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER seals_are_not_changed BEFORE UPDATE ON seals
        BEGIN SELECT RAISE(ABORT, 'ledger seals are never changed'); END;
    CREATE TRIGGER seals_are_not_deleted BEFORE DELETE ON seals
        BEGIN SELECT RAISE(ABORT, 'ledger seals are never deleted'); END;

    CREATE TABLE rollups (
        book          TEXT    NOT NULL,
        account       TEXT    NOT NULL,
        asset         TEXT    NOT NULL,
        pending_minor INTEGER NOT NULL,
        posted_minor  INTEGER NOT NULL,
        PRIMARY KEY (book, account, asset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rollup_state (
        only          INTEGER PRIMARY KEY CHECK (only = 1),
        through_entry INTEGER NOT NULL
    ) STRICT;
    INSERT INTO rollup_state (only, through_entry) VALUES (1, 0);

    CREATE TABLE outbox (
        id         INTEGER PRIMARY KEY,
        payment    INTEGER NOT NULL,
        lane       INTEGER NOT NULL,
        state      TEXT    NOT NULL CHECK (state = 'due' OR state = 'delivered' OR state = 'given_up'),
        attempts   INTEGER NOT NULL,
        first_at   INTEGER NOT NULL,
        next_at    INTEGER NOT NULL,
        hurried_after INTEGER,
        credential INTEGER NOT NULL,
        endpoint   TEXT    NOT NULL,
        url        TEXT    NOT NULL,
        form       TEXT    NOT NULL,
        body       TEXT    NOT NULL
    ) STRICT;
    CREATE INDEX outbox_due ON outbox (lane, next_at, endpoint, payment) WHERE state = 'due';
    CREATE INDEX outbox_of_payment ON outbox (payment, state);

    CREATE TABLE deliveries (
        id         INTEGER PRIMARY KEY,
        event      INTEGER NOT NULL,
        at         INTEGER NOT NULL,
        latency_ms INTEGER NOT NULL,
        status     INTEGER,
        note       TEXT    NOT NULL
    ) STRICT;
    CREATE INDEX deliveries_of_event ON deliveries (event);
    CREATE INDEX deliveries_by_time ON deliveries (at);

    -- Of coin payments: what their chains find them by. An address is one payment's for ever.
    CREATE TABLE watches (
        payment      INTEGER PRIMARY KEY,
        network      TEXT NOT NULL,
        lane         INTEGER NOT NULL,
        address      TEXT NOT NULL,
        account      TEXT NOT NULL,
        number       INTEGER NOT NULL,
        awaits_coins INTEGER NOT NULL,
        due_height   INTEGER,
        top_height   INTEGER,
        UNIQUE (network, address),
        UNIQUE (network, account, number)
    ) STRICT;
    CREATE INDEX watches_awaiting ON watches (network, lane) WHERE awaits_coins;
    CREATE INDEX watches_due ON watches (network, lane, due_height) WHERE due_height IS NOT NULL;
    CREATE INDEX watches_by_height ON watches (network, lane, top_height) WHERE top_height IS NOT NULL;

    CREATE TABLE chains (
        name     TEXT NOT NULL,
        lane     INTEGER NOT NULL,
        version  INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (name, lane)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE config (
        kind     TEXT    NOT NULL,
        id       INTEGER NOT NULL,
        document TEXT    NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE clocks (
        lane      INTEGER PRIMARY KEY,
        offset_ms INTEGER NOT NULL
    ) STRICT;
    INSERT INTO clocks (lane, offset_ms) VALUES (0, 0);

    -- What the back office is shown: sums over the entries, and what became of transactions, by hour and by day. They are added to
    -- beside the load; everything in them can be counted again.
    CREATE TABLE tallies (
        book         TEXT    NOT NULL,
        span         TEXT    NOT NULL CHECK (span IN ('hour', 'day')),
        start        INTEGER NOT NULL,
        event        TEXT    NOT NULL,
        debit        TEXT    NOT NULL,
        credit       TEXT    NOT NULL,
        asset        TEXT    NOT NULL,
        transfers    INTEGER NOT NULL,
        amount_minor INTEGER NOT NULL,
        PRIMARY KEY (book, span, start, event, debit, credit, asset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tally_state (
        chain   INTEGER PRIMARY KEY,
        through INTEGER NOT NULL
    ) STRICT;
    INSERT INTO tally_state (chain, through) VALUES (0, 0);
    CREATE TABLE outcomes (
        mode          TEXT    NOT NULL,
        span          TEXT    NOT NULL CHECK (span IN ('hour', 'day')),
        start         INTEGER NOT NULL,
        merchant      INTEGER NOT NULL,
        is_withdrawal INTEGER NOT NULL,
        provider      INTEGER NOT NULL,
        asset         TEXT    NOT NULL,
        class         TEXT    NOT NULL CHECK (class IN ('approved', 'declined', 'failed', 'abandoned')),
        transactions  INTEGER NOT NULL,
        PRIMARY KEY (mode, span, start, merchant, is_withdrawal, provider, asset, class)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outcome_state (
        only    INTEGER PRIMARY KEY CHECK (only = 1),
        through INTEGER NOT NULL
    ) STRICT;
    INSERT INTO outcome_state (only, through) VALUES (1, 0);
    CREATE TABLE outcomes_left (payment INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE nodes (
        node       INTEGER PRIMARY KEY,
        version    TEXT    NOT NULL,
        started_at INTEGER NOT NULL,
        seen_at    INTEGER NOT NULL
    ) STRICT;
    -- Few rows are in these indexes at a time: they cost a payment a comparison and no page.
    CREATE INDEX payments_standing ON payments (word, mode, id)
        WHERE word = 'unknown' OR word = 'awaiting_approval' OR word = 'review';
    CREATE INDEX outbox_given_up ON outbox (id, credential) WHERE state = 'given_up';
    CREATE INDEX entries_in_suspense ON entries (id)
        WHERE event = 'late_money' OR event = 'late_refund' OR event = 'late_money_charged_back' OR event = 'suspense_accepted'
        OR event = 'suspense_refunded' OR event = 'late_payout' OR event = 'late_payout_returned';",
    // Documents beside the transactions: invoices, plans, e-mails.
    "CREATE TABLE records (
        id         INTEGER PRIMARY KEY,
        kind       TEXT NOT NULL,
        version    INTEGER NOT NULL,
        merchant   INTEGER NOT NULL,
        mode       TEXT NOT NULL,
        lane       INTEGER NOT NULL,
        word       TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        wake_at    INTEGER,
        document   TEXT NOT NULL
    ) STRICT;
    CREATE INDEX records_listed ON records (merchant, mode, kind, created_at, id);
    CREATE INDEX records_due ON records (lane, wake_at, id) WHERE wake_at IS NOT NULL;",
    // Who did what, in one chain.
    "CREATE TABLE audit (
        number   INTEGER PRIMARY KEY,
        at       INTEGER NOT NULL,
        merchant INTEGER,
        document TEXT NOT NULL,
        hash     BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;
    CREATE INDEX audit_of_merchant ON audit (merchant, number) WHERE merchant IS NOT NULL;
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is never deleted'); END;",
];

/// Versions below it were on the way to the first release, whose tables differ.
const FIRST: i64 = 19;

const KNOWN: i64 = FIRST - 1 + MIGRATIONS.len() as i64;

/// Brings the database up to date, one transaction a migration.
pub(super) fn migrate(connection: &Connection) -> Result<(), OpenError> {
    loop {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        let done = match found {
            0 => 0,
            1..FIRST => return Err(OpenError::Unreleased { found }),
            _ => found - FIRST + 1,
        };
        let Some(migration) = usize::try_from(done).ok().and_then(|done| MIGRATIONS.get(done)) else {
            return if found == KNOWN { Ok(()) } else { Err(OpenError::Newer { found, known: KNOWN }) };
        };
        transaction.execute_batch(migration)?;
        transaction.execute_batch(&format!("PRAGMA user_version = {}", FIRST + done))?;
        transaction.commit()?;
    }
}

/// Refuses a database that is not up to date, without writing to it.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    let found = version(connection)?;
    match found.cmp(&KNOWN) {
        std::cmp::Ordering::Less => Err(OpenError::Older { found, known: KNOWN }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { found, known: KNOWN }),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
