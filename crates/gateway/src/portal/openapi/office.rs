//! Operations about figures, the ledger, merchants and the installation.

use serde_json::{Value, json};

use super::call;

const MERCHANT_ID: (&str, &str, &str) = ("merchant_id", "query", "1");
const MODE: (&str, &str, &str) = ("mode", "query", "live");
const LIMIT: (&str, &str, &str) = ("limit", "query", "50");

pub(super) fn overview() -> Value {
    let figure = json!({"amount": "1234.50", "count": 12});
    let figures =
        json!({"captured": figure, "refunded": figure, "charged_back": figure, "paid_out": figure, "fees": figure});
    let rates = json!({"approved": 97, "declined": 3, "failed": 1, "abandoned": 4, "approved_permille": 970});
    json!({"/admin/v1/overview": {"get": call("Read the figures", "Of a merchant or of all, over `day` (24 hours), `week` (7 days) or \
    `month` (30 days) up to now, beside the time before it. Amounts are sums of the ledger. Rates count payments by when they were \
    made, those made before `counted_until`. `by_step` goes by the hour of a day, else by the day of UTC; steps without money are left \
    out. `open` tells how many transactions stand where.", &[MERCHANT_ID, MODE, ("period", "query", "week")], None, 200,
    &json!({
        "merchant_id": 1, "mode": "live", "period": "week", "from": "2026-02-23T10:00:00Z", "until": "2026-03-02T10:00:00Z",
        "by_currency": [{"currency": "EUR", "now": figures, "before": figures}],
        "by_provider": [{"currency": "EUR", "provider_id": 210, "now": figures, "before": figures}],
        "by_step": [{"begins_at": "2026-03-01T00:00:00Z", "currency": "EUR", "figures": figures}],
        "rates": {"now": rates, "before": rates},
        "rates_by_provider": [{"provider_id": 210, "now": rates, "before": rates}],
        "rates_by_currency": [{"currency": "EUR", "now": rates, "before": rates}],
        "counted_until": "2026-03-02T09:29:00Z", "open": {"pending": 2, "unknown": 1}, "open_more": false, "failed_webhooks": 0
    }))}})
}

pub(super) fn ledger() -> Value {
    let account = json!({"account": "merchant:1:available", "currency": "EUR", "posted": "1234.50", "pending": "0.00"});
    let audit = json!({
        "begun_at": "2026-03-02T09:30:00Z", "rows": 120_000, "state": "done",
        "report": {"transfers": 90_000, "payments": 30_000, "faults": []}
    });
    json!({
        "/admin/v1/ledger/accounts": {"get": call("List accounts", "With their balances: credits less debits of money that moved (`posted`) \
            and of holds (`pending`).", &[MERCHANT_ID, MODE], None, 200, &json!({"merchant_id": 1, "mode": "live", "accounts": [account]}))},
        "/admin/v1/ledger/trial_balance": {"get": call("Read the trial balance", "Sums of all accounts with debit balances and of all with \
            credit balances, by currency; they must be equal.", &[MODE], None, 200,
            &json!({"mode": "live", "currencies": [{"currency": "EUR", "debit": "1234.50", "credit": "1234.50", "balances": true}]}))},
        "/admin/v1/ledger/statement": {"get": call("Read a statement", "An account transfer by transfer, the newest first, with its balance \
            after each. `next_beyond` is the `beyond` of the next page. A page may hold fewer lines than `limit` and still have a next one: \
            enough of the book was looked through.", &[MERCHANT_ID, MODE, ("account", "query", "merchant:1:available"),
            ("currency", "query", "EUR"), ("beyond", "query", "…"), LIMIT], None, 200,
            &json!({"merchant_id": 1, "mode": "live", "account": account, "lines": [{
                "entry": 4711, "at": "2026-03-02T09:30:00Z", "event": "captured", "id": "a1b2c3d4e5f6g7h", "layer": "posted",
                "debit": "provider:210:clearing", "credit": "merchant:1:available", "amount": "10.05", "posted": "1234.50", "pending": "0.00"
            }], "next_beyond": null}))},
        "/admin/v1/ledger/verify": {
            "get": call("Read the last audit", "Of the process that answers. `state` is `under_way`, `done` or `broken_off`; while it is under \
                way, `rows` tells how far it is.", &[], None, 200, &audit),
            "post": call("Audit the whole book", "As `florin ledger verify` does, beside the load; one at a time in a process.", &[], None, 202,
                &json!({"begun_at": "2026-03-02T09:30:00Z", "rows": 0, "state": "under_way", "report": null}))
        }
    })
}

pub(super) fn merchants() -> Value {
    let merchant = json!({"merchant": sample_merchant()});
    let number = ("number", "path", "2");
    json!({
        "/admin/v1/merchants": {
            "get": call("List merchants", "By number, with how many credentials are in force. `next_after` is the `after` of the next page.",
                &[("after", "query", "50"), LIMIT], None, 200, &json!({"merchants": [sample_merchant()], "next_after": null})),
            "post": call("Make a merchant", "It gets the next number and webhook secrets of its own. The slug, 1 to 20 lower-case letters and \
                digits, becomes part of signature passwords and cannot be changed.", &[],
                Some(json!({"name": "Golden Shop", "slug": "golden"})), 201, &merchant)
        },
        "/admin/v1/merchants/{number}": {
            "get": call("Show a merchant", "", &[number], None, 200, &merchant),
            "post": call("Change a merchant", "Its name, or its rules for withdrawals; what is not named stays. Amounts are texts such as \
                `1000.00 EUR`, limits such as `10.00 5000.00 EUR`; `overdraft_dev` is a list or `unlimited`. New rules hold for withdrawals \
                confirmed from then on.", &[number], Some(json!({"name": "Golden Shop", "withdrawals": sample_rules()})), 200, &merchant)
        }
    })
}

pub(super) fn operation() -> Value {
    json!({
        "/admin/v1/operation": {"get": call("Read how the installation is doing", "Versions, the database, the processes at work on it, and \
            what waits for them.", &[], None, 200, &json!({
                "version": "0.1.0", "draining": false,
                "database": {"version": "SQLite 3.51.3", "schema": 1, "bytes": 12_345_678, "shared": false},
                "backlog": {"commits": 0, "payments_due": 0, "webhooks": 2, "oldest_webhook_ms": 0},
                "counted_until": "2026-03-02T09:29:00Z",
                "nodes": [{"node": "00f1e2d3c4b5a697", "version": "0.1.0", "started_at": "2026-03-01T00:00:00Z", "seen_at": "2026-03-02T09:30:00Z"}]
            }))},
        "/admin/v1/stuck": {"get": call("List what is stuck", "Transactions that do not go on by themselves, at most `limit` of each reason \
            (`unknown`, `review`, `overdue`), and money in suspense.", &[MERCHANT_ID, MODE, LIMIT], None, 200, &json!({
                "merchant_id": null, "mode": "live", "stuck": [{
                    "id": "a1b2c3d4e5f6g7h", "merchant_id": 1, "why": "unknown", "status": "unknown", "amount": "10.05", "currency": "EUR",
                    "provider": "Acquirer", "created_at": "2026-03-02T09:30:00Z", "goes_on_at": "2026-03-02T09:31:00Z"
                }],
                "suspense": [{"id": "a1b2c3d4e5f6g7h", "amount": "10.05", "currency": "EUR", "at": "2026-03-02T09:30:00Z"}],
                "stuck_more": false, "suspense_more": false
            }))}
    })
}

fn sample_rules() -> Value {
    json!({
        "limits": ["10.00 5000.00 EUR"], "four_eyes_from": ["1000.00 EUR"], "approval_days": 7, "portal_only": false, "closed_loop": true,
        "overdraft_dev": "unlimited", "overdraft_live": []
    })
}

fn sample_merchant() -> Value {
    json!({
        "id": 2, "name": "Golden Shop", "slug": "golden", "credentials": {"dev": 1, "live": 0}, "withdrawals": sample_rules()
    })
}
