-- One payment in the ordinary style: a statement a row, a transaction before the provider is asked and one after.
-- It writes what Florin writes for the payments of the bench, which carry no webhook URL, so no outbox row.
-- (pgbench reads a colon before a word as a variable; hence the slashes and blanks in texts.)
-- The provider costs nothing here, and neither do HTTP and JSON: all of that is in PostgreSQL's favour.
\set key random(1, 9000000000000000000)

BEGIN;
INSERT INTO idempotency_keys (merchant_id, key, digest)
    VALUES (1, 'bench-' || :key, decode('00112233445566778899aabbccddeeff', 'hex'))
    RETURNING payment_id AS id \gset
INSERT INTO payments (id, merchant_id, tracking_id, amount_minor, currency, state, version, wake_at, details)
    VALUES (:id, 1, 'bench-' || :key, 1005, 'EUR', 'pending', 1, now() + interval '30 seconds',
            '{"user_id":"U123","ip":"127.34.125.54","edition":"nested","card":{"bin":"411111","last4":"1111","brand":"VISA","expiry":{"month": 5, "year": 2025}}}');
INSERT INTO operations (payment_id, sequence, kind, status, amount_minor, provider_id)
    VALUES (:id, 1, 'sale', 'pending', 1005, 210);
COMMIT;

BEGIN;
UPDATE payments SET state = 'captured', version = 2, wake_at = NULL, updated_at = now(),
       answer = '{"url":"","transaction_status":"successful"}'
    WHERE id = :id AND version = 1;
UPDATE operations SET status = 'approved', provider_reference = '9474883d-6c07-4205-8d89-d7ee0a6f3d7a'
    WHERE payment_id = :id AND sequence = 1;
INSERT INTO ledger_entries (payment_id, event, account, currency, amount_minor)
    VALUES (:id, 'captured', 'provider/210/clearing', 'EUR', -1005);
INSERT INTO ledger_entries (payment_id, event, account, currency, amount_minor)
    VALUES (:id, 'captured', 'merchant/1/available', 'EUR', 1005);
COMMIT;
