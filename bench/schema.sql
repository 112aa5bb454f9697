-- Tables for bench/ordinary.sql: what a payment gateway in the ordinary style keeps on PostgreSQL.
-- There is no balance row to fight over, because that would serialise everything and measure only the lock.

CREATE SEQUENCE payment_ids CACHE 50;

CREATE TABLE idempotency_keys (
    merchant_id bigint NOT NULL,
    key         text NOT NULL,
    digest      bytea NOT NULL,
    payment_id  bigint NOT NULL DEFAULT nextval('payment_ids'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, key)
);

CREATE TABLE payments (
    id           bigint PRIMARY KEY,
    merchant_id  bigint NOT NULL,
    tracking_id  text NOT NULL,
    amount_minor bigint NOT NULL,
    currency     text NOT NULL,
    state        text NOT NULL,
    version      integer NOT NULL,
    wake_at      timestamptz,
    details      jsonb NOT NULL,
    answer       text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_by_time ON payments (merchant_id, created_at);
CREATE INDEX payments_to_wake ON payments (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE operations (
    id            bigserial PRIMARY KEY,
    payment_id    bigint NOT NULL REFERENCES payments (id),
    sequence      integer NOT NULL,
    kind          text NOT NULL,
    status        text NOT NULL,
    amount_minor  bigint NOT NULL,
    provider_id   bigint NOT NULL,
    provider_reference text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (payment_id, sequence)
);

CREATE TABLE ledger_entries (
    id           bigserial PRIMARY KEY,
    payment_id   bigint NOT NULL REFERENCES payments (id),
    event        text NOT NULL,
    account      text NOT NULL,
    currency     text NOT NULL,
    amount_minor bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_entries_by_payment ON ledger_entries (payment_id);
