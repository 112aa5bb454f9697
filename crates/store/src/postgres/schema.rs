//! The tables, as numbered migrations. A migration that was released is never edited; a change is a new one.

use tokio_postgres::Client;

use super::rows::{get, open_error};
use crate::OpenError;

/// Times are milliseconds since the Unix epoch; those of batches and seals, which no answer shows, are the server's own. Migration `n` brings a database from version n-1 to n.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE payments (
        id            bigint  PRIMARY KEY,
        version       bigint  NOT NULL,
        merchant      bigint  NOT NULL,
        mode          text    NOT NULL,
        lane          bigint  NOT NULL,
        word          text    NOT NULL,
        created_at    bigint  NOT NULL,
        wake_at       bigint,
        payer         bigint,
        answer_status integer,
        answer_body   text,
        document      text    NOT NULL,
        kind          text    NOT NULL CHECK (kind IN ('payment', 'verification', 'withdrawal', 'coin'))
    );
    CREATE INDEX payments_listed ON payments (merchant, mode, created_at, id);
    CREATE INDEX payments_due ON payments (lane, wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX payments_of_payer ON payments (payer, id) WHERE payer IS NOT NULL;
    CREATE INDEX payments_answered ON payments (created_at) WHERE answer_status IS NOT NULL;

    -- Deleted or not is told by deleted_at alone; then everything that leads to the card is gone.
    CREATE TABLE registrations (
        id             bigint  PRIMARY KEY,
        merchant       bigint  NOT NULL,
        mode           text    NOT NULL,
        lane           bigint  NOT NULL,
        created_at     bigint  NOT NULL,
        customer       text,
        fingerprint    bytea,
        retained_until bigint  NOT NULL,
        deleted_at     bigint,
        key_version    bigint,
        wrapped_key    bytea,
        sealed_card    bytea,
        answer_status  integer,
        answer_body    text,
        document       text    NOT NULL,
        CHECK ((deleted_at IS NULL) = (key_version IS NOT NULL AND wrapped_key IS NOT NULL AND sealed_card IS NOT NULL)),
        CHECK (deleted_at IS NULL OR (customer IS NULL AND fingerprint IS NULL))
    );
    CREATE INDEX registrations_listed ON registrations (merchant, mode, id) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_of_customer ON registrations (merchant, mode, customer, id)
        WHERE deleted_at IS NULL AND customer IS NOT NULL;
    CREATE INDEX registrations_of_card ON registrations (fingerprint, id) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_due ON registrations (lane, retained_until) WHERE deleted_at IS NULL;
    CREATE INDEX registrations_by_key ON registrations (key_version, id) WHERE key_version IS NOT NULL;
    CREATE INDEX registrations_answered ON registrations (created_at) WHERE answer_status IS NOT NULL;

    CREATE TABLE claims (
        key      bytea   PRIMARY KEY,
        digest   bytea   NOT NULL,
        payment  bigint  NOT NULL,
        sequence integer NOT NULL,
        at       bigint  NOT NULL,
        expires  boolean NOT NULL
    );
    CREATE INDEX claims_expiring ON claims (at) WHERE expires;

    CREATE TABLE answers (
        payment  bigint  NOT NULL,
        sequence integer NOT NULL,
        at       bigint  NOT NULL,
        status   integer NOT NULL,
        body     text    NOT NULL,
        PRIMARY KEY (payment, sequence)
    );
    CREATE INDEX answers_by_time ON answers (at);

    -- Of writers, which are connections of processes: each numbers its transactions and its seals.
    CREATE SEQUENCE writers;

    -- A row for every transaction, so that one whose COMMIT was not answered can be looked for. `lost` marks a row that its
    -- writer wrote afterwards, so that the transaction never can be committed any more.
    CREATE TABLE batches (
        writer bigint  NOT NULL,
        number bigint  NOT NULL,
        at     bigint  NOT NULL,
        lost   boolean NOT NULL,
        PRIMARY KEY (writer, number)
    );

    CREATE TABLE seals (
        chain     bigint NOT NULL,
        number    bigint NOT NULL,
        hash      bytea  NOT NULL CHECK (length(hash) = 32),
        transfers bigint NOT NULL,
        at        bigint NOT NULL,
        PRIMARY KEY (chain, number)
    );
    -- `id` orders the entries of one payment: its writers wait for each other, so that ids grow in the order of commits.
    CREATE TABLE entries (
        chain        bigint NOT NULL,
        seal         bigint NOT NULL,
        place        bigint NOT NULL,
        id           bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        payment      bigint NOT NULL,
        event        text   NOT NULL,
        book         text   NOT NULL,
        layer        text   NOT NULL CHECK (layer IN ('pending', 'posted')),
        debit        text   NOT NULL,
        credit       text   NOT NULL CHECK (debit <> credit),
        asset        text   NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        at           bigint NOT NULL,
        PRIMARY KEY (chain, seal, place)
    );
    CREATE INDEX entries_of_payment ON entries (payment);
    CREATE FUNCTION refuse_to_change_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'ledger entries are never changed or deleted'; END
    $$;
    CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();
    CREATE TRIGGER seals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_ledger();

    -- What moved since the last rollup, a row an account and transaction, so that no account has a row to wait for.
    CREATE TABLE deltas (
        id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        book          text   NOT NULL,
        account       text   NOT NULL,
        asset         text   NOT NULL,
        pending_minor bigint NOT NULL,
        posted_minor  bigint NOT NULL
    );
    CREATE INDEX deltas_of_account ON deltas (account);
    CREATE TABLE rollups (
        book          text   NOT NULL,
        account       text   NOT NULL,
        asset         text   NOT NULL,
        pending_minor bigint NOT NULL,
        posted_minor  bigint NOT NULL,
        PRIMARY KEY (book, account, asset)
    );

    -- `position` orders the events of one payment: processes whose clocks differ make ids that do not.
    CREATE TABLE outbox (
        id          bigint  PRIMARY KEY,
        position    bigint  NOT NULL GENERATED ALWAYS AS IDENTITY,
        payment     bigint  NOT NULL,
        lane        bigint  NOT NULL,
        state       text    NOT NULL CHECK (state IN ('due', 'delivered', 'given_up')),
        attempts    bigint  NOT NULL,
        first_at    bigint  NOT NULL,
        next_at     bigint  NOT NULL,
        hurried_after bigint,
        leased_by   bigint  NOT NULL,
        lease_until bigint  NOT NULL,
        credential  bigint  NOT NULL,
        endpoint    text    NOT NULL,
        url         text    NOT NULL,
        form        text    NOT NULL,
        body        text    NOT NULL
    );
    CREATE INDEX outbox_due ON outbox (lane, next_at) WHERE state = 'due';
    CREATE INDEX outbox_of_payment ON outbox (payment, position);

    CREATE TABLE deliveries (
        id         bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        event      bigint  NOT NULL,
        at         bigint  NOT NULL,
        latency_ms bigint  NOT NULL,
        status     integer,
        note       text    NOT NULL
    );
    CREATE INDEX deliveries_of_event ON deliveries (event);
    CREATE INDEX deliveries_by_time ON deliveries (at);

    -- Of coin payments: what their chains find them by. An address is one payment's for ever.
    CREATE TABLE watches (
        payment      bigint PRIMARY KEY,
        network      text NOT NULL,
        lane         bigint NOT NULL,
        address      text NOT NULL,
        account      text NOT NULL,
        number       bigint NOT NULL,
        awaits_coins boolean NOT NULL,
        due_height   bigint,
        top_height   bigint,
        UNIQUE (network, address),
        UNIQUE (network, account, number)
    );
    CREATE INDEX watches_awaiting ON watches (network, lane) WHERE awaits_coins;
    CREATE INDEX watches_due ON watches (network, lane, due_height) WHERE due_height IS NOT NULL;
    CREATE INDEX watches_by_height ON watches (network, lane, top_height) WHERE top_height IS NOT NULL;

    CREATE TABLE chains (
        name     text NOT NULL,
        lane     bigint NOT NULL,
        version  bigint NOT NULL,
        document text NOT NULL,
        PRIMARY KEY (name, lane)
    );

    CREATE TABLE config (
        kind     text   NOT NULL,
        id       bigint NOT NULL,
        document text   NOT NULL,
        PRIMARY KEY (kind, id)
    );

    CREATE TABLE clocks (
        lane      bigint PRIMARY KEY,
        offset_ms bigint NOT NULL
    );
    INSERT INTO clocks (lane, offset_ms) VALUES (0, 0);

    -- Grows with every change of configuration and clocks, so that other processes notice.
    CREATE TABLE revision (
        single boolean PRIMARY KEY CHECK (single),
        number bigint  NOT NULL
    );
    INSERT INTO revision (single, number) VALUES (true, 0);

    -- What the back office is shown: sums over the entries, and what became of transactions, by hour and by day. They are added to
    -- beside the load; everything in them can be counted again.
    CREATE TABLE tallies (
        book         text   NOT NULL,
        span         text   NOT NULL CHECK (span IN ('hour', 'day')),
        start        bigint NOT NULL,
        event        text   NOT NULL,
        debit        text   NOT NULL,
        credit       text   NOT NULL,
        asset        text   NOT NULL,
        transfers    bigint NOT NULL,
        amount_minor bigint NOT NULL,
        PRIMARY KEY (book, span, start, event, debit, credit, asset)
    );
    -- Of each chain the last seal whose entries are in the tallies: a chain's seals are committed in order, entries' ids are not.
    CREATE TABLE tally_state (
        chain   bigint PRIMARY KEY,
        through bigint NOT NULL
    );
    CREATE TABLE outcomes (
        mode          text    NOT NULL,
        span          text    NOT NULL CHECK (span IN ('hour', 'day')),
        start         bigint  NOT NULL,
        merchant      bigint  NOT NULL,
        is_withdrawal boolean NOT NULL,
        provider      bigint  NOT NULL,
        asset         text    NOT NULL,
        class         text    NOT NULL CHECK (class IN ('approved', 'declined', 'failed', 'abandoned')),
        transactions  bigint  NOT NULL,
        PRIMARY KEY (mode, span, start, merchant, is_withdrawal, provider, asset, class)
    );
    CREATE TABLE outcome_state (
        single  boolean PRIMARY KEY CHECK (single),
        through bigint  NOT NULL
    );
    INSERT INTO outcome_state (single, through) VALUES (true, 0);
    CREATE TABLE outcomes_left (payment bigint PRIMARY KEY);
    CREATE TABLE nodes (
        node       bigint PRIMARY KEY,
        version    text   NOT NULL,
        started_at bigint NOT NULL,
        seen_at    bigint NOT NULL
    );
    -- Few rows are in these indexes at a time: they cost a payment a comparison and no page. The last one is a summary of pages.
    CREATE INDEX payments_standing ON payments (word, mode, id) WHERE word IN ('unknown', 'awaiting_approval', 'review');
    CREATE INDEX outbox_given_up ON outbox (id, credential) WHERE state = 'given_up';
    CREATE INDEX entries_in_suspense ON entries (id) WHERE event IN ('late_money', 'late_refund',
        'late_money_charged_back', 'suspense_accepted', 'suspense_refunded', 'late_payout', 'late_payout_returned');
    CREATE INDEX entries_by_id ON entries USING brin (id) WITH (pages_per_range = 32, autosummarize = on);
",
    // Documents beside the transactions: invoices, plans, e-mails.
    "
    CREATE TABLE records (
        id         bigint PRIMARY KEY,
        kind       text NOT NULL,
        version    bigint NOT NULL,
        merchant   bigint NOT NULL,
        mode       text NOT NULL,
        lane       bigint NOT NULL,
        word       text NOT NULL,
        created_at bigint NOT NULL,
        wake_at    bigint,
        document   text NOT NULL
    );
    CREATE INDEX records_listed ON records (merchant, mode, kind, created_at, id);
    CREATE INDEX records_due ON records (lane, wake_at, id) WHERE wake_at IS NOT NULL;
",
    // Who did what, in one chain.
    "
    CREATE TABLE audit (
        number   bigint PRIMARY KEY,
        at       bigint NOT NULL,
        merchant bigint,
        document text   NOT NULL,
        hash     bytea  NOT NULL CHECK (length(hash) = 32)
    );
    CREATE INDEX audit_of_merchant ON audit (merchant, number) WHERE merchant IS NOT NULL;
    CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the audit log is never changed or deleted'; END
    $$;
    CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();
",
];

const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Held by the process that migrates, so that several may start at once.
const MIGRATING: i64 = 0x666c_6f72_696e_0001;

/// Brings the database up to date, one transaction a migration.
pub(super) async fn migrate(client: &mut Client) -> Result<(), OpenError> {
    loop {
        let transaction = client.transaction().await.map_err(open_error)?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await.map_err(open_error)?;
        let found = version(transaction.client()).await?;
        let Some(migration) = usize::try_from(found).ok().and_then(|done| MIGRATIONS.get(done)) else {
            return if found == KNOWN { Ok(()) } else { Err(OpenError::Newer { found, known: KNOWN }) };
        };
        if found == 0 {
            let table =
                "CREATE TABLE schema_version (single boolean PRIMARY KEY CHECK (single), version bigint NOT NULL);
                INSERT INTO schema_version (single, version) VALUES (true, 0)";
            transaction.batch_execute(table).await.map_err(open_error)?;
        }
        transaction.batch_execute(migration).await.map_err(open_error)?;
        transaction.execute("UPDATE schema_version SET version = $1", &[&(found + 1)]).await.map_err(open_error)?;
        transaction.commit().await.map_err(open_error)?;
    }
}

/// Refuses a database that is not up to date, without writing to it.
pub(super) async fn check(client: &Client) -> Result<(), OpenError> {
    let found = version(client).await?;
    match found.cmp(&KNOWN) {
        std::cmp::Ordering::Less => Err(OpenError::Older { found, known: KNOWN }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { found, known: KNOWN }),
    }
}

/// 0 when nothing was ever migrated.
async fn version(client: &Client) -> Result<i64, OpenError> {
    let exists = client.query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await.map_err(open_error)?;
    if !get::<bool>(&exists, 0).map_err(|error| OpenError::Server(error.to_string()))? {
        return Ok(0);
    }
    let row = client.query_one("SELECT version FROM schema_version", &[]).await.map_err(open_error)?;
    get(&row, 0).map_err(|error| OpenError::Server(error.to_string()))
}
