//! Payments and withdrawals in the document.

use serde_json::{Value, json};

use super::call;

type Parameter = (&'static str, &'static str, &'static str);

/// Fields that say which transactions, in lists and in exports.
const FILTERS: [Parameter; 16] = [
    ("mode", "query", "dev"),
    ("merchant_id", "query", "1"),
    ("status", "query", "captured"),
    ("kind", "query", "payment"),
    ("method", "query", "card"),
    ("provider", "query", "210"),
    ("currency", "query", "EUR"),
    ("min", "query", "10.00"),
    ("max", "query", "500.00"),
    ("from", "query", "2026-03-01"),
    ("until", "query", "2026-03-31"),
    ("reference", "query", "order-1"),
    ("payer", "query", "U123"),
    ("email", "query", "jane@example.com"),
    ("last4", "query", "1111"),
    ("sort", "query", "oldest"),
];

const ID: Parameter = ("payment", "path", "g7xp8kudinz3tyi");

/// Their operations.
pub(super) fn paths() -> Value {
    let list: Vec<Parameter> = [
        &FILTERS[..],
        &[
            ("q", "query", "order-1"),
            ("at", "query", "1772443800000.4611"),
            ("way", "query", "back"),
            ("limit", "query", "50"),
        ],
    ]
    .concat();
    json!({
        "/admin/v1/payments": {"get": call("List payments and withdrawals", "`mode` is required; without `merchant_id` those of every merchant. \
            `until` is a whole day, `status` may come several times, `min` and `max` need `currency`. `sort` is oldest, or \
            of one `currency` largest or smallest, which is refused (400) where more than 5,000 fit. `q` looks for an id of any API, a \
            reference, an e-mail address, a payer's id or the end of a card instead. `next` and `previous` are what to add to the query for \
            the page after or before; `more` with fewer lines than asked for says that only a part was looked through so far.",
            &list, None, 200, &json!({"payments": [sample()], "next": "at=1772443800000.4611", "previous": null, "more": true}))},
        "/admin/v1/payments.csv": {"get": export()},
        "/admin/v1/payments/{payment}": {"get": call("Show a payment and its timeline", "Payments, withdrawals and payments made with coins, test \
            and live. Each step of `timeline` has `at` and `what`: made, chosen, asked, answered, resolved, booked, webhook, webhook_attempt, \
            charged_back, approved, rejected, returned; of coins coins_priced, coins, coins_accepted, coins_given_up, coin_alert, coin_refund.", &[ID], None, 200,
            &json!({"payment": whole(), "timeline": [
                {"at": "2026-03-02T09:30:00Z", "what": "asked", "operation": 1, "kind": "sale", "amount": "10.05", "currency": "EUR", "provider": "Acme",
                    "reference": "k3v0x2m9q8r7t5w", "card": {"bin": "411111", "last4": "1111", "brand": "VISA"}},
                {"at": "2026-03-02T09:30:01Z", "what": "answered", "operation": 1, "status": "approved", "response": "00"}
            ]}))},
        "/admin/v1/payments/{payment}/{order}": {"post": call("Capture, void or refund", "`order` is capture, void or refund. A void takes no body; \
            a capture with `\"final\": true` releases what it leaves of the hold. Send an `Idempotency-Key`: the same request again is answered \
            as the first was, with `Idempotency-Replayed: true`; without it, the same request again is another order. Or send as `operation` the \
            number that the payment's next operation will have (`next_operation` of the payment): then the order becomes that one or nothing (409), \
            and without a key the same request again is one order as well. The answer tells the operation as it stands: approved, declined, failed, pending \
            or unknown; never repeat an unknown one. The merchant is told in the API that made the payment. A refund of coins takes `amount` in \
             coins and `address`, and is answered as the other orders about coins are: the payment, and the `refund` with its number and status.",
            &[ID, ("order", "path", "refund"), ("Idempotency-Key", "header", "refund-1")], Some(json!({"amount": "5.00", "operation": 2})), 200,
            &json!({"id": "g7xp8kudinz3tyi", "status": "partially_refunded", "operation": {"number": 2, "kind": "refund", "amount": "5.00",
                "currency": "EUR", "status": "approved", "response": "00"}}))},
        "/admin/v1/payments/{payment}/accept": {"post": call("Accept coins as they came", "Of a payment made with coins: what came counts for the \
            order, at the payment's own price. `amount` is what you believe came; another amount by now is refused (409).",
            &[ID], Some(json!({"amount": "0.00040000"})), 200, &json!({"payment": coins(), "refund": null}))},
        "/admin/v1/payments/{payment}/cancel": {"post": call("Stop waiting for coins", "Refused (409) once coins were seen.", &[ID], None, 200,
            &json!({"payment": coins(), "refund": null}))},
        "/admin/v1/payments/{payment}/screening": {"post": call("Decide about coins that screening holds", "`verdict` is release, refuse (the coins \
            are owed back) or freeze (they are kept back). `reason` stays in the audit log.", &[ID],
            Some(json!({"verdict": "release", "reason": "The analyst cleared it"})), 200, &json!({"payment": coins(), "refund": null}))},
        "/admin/v1/payments/{payment}/resolve": {"post": call("Say what became of an unknown operation", "Look it up in the provider's own records \
            first. `outcome` is done, which books it, or not_done, which ends it without money.", &[ID],
            Some(json!({"operation": 1, "outcome": "done", "provider_id": "acq-4711", "reason": "Seen in the acquirer's back office"})), 200,
            &json!({"payment": whole()}))},
        "/admin/v1/withdrawals": {"get": call("List withdrawals that wait for an approval", "The oldest first. `next_after` is the `after` of the next \
            page.", &[("mode", "query", "dev"), ("merchant_id", "query", "1"), ("after", "query", "g7xp8kudinz3tyi"), ("limit", "query", "50")],
            None, 200, &json!({"withdrawals": [waiting()], "next_after": null}))},
        "/admin/v1/withdrawals/{payment}/{decision}": {"post": call("Approve or reject a withdrawal", "`decision` is approve or reject; only a no may \
            have a `reason`. The token counts as the merchant's programs together do: where two approvals are needed, the other one is a \
            person's, in the portal. Refused (409) where only people may decide.", &[ID, ("decision", "path", "reject")],
            Some(json!({"reason": "Name differs"})), 200, &json!({"withdrawal": waiting()}))}
    })
}

fn export() -> Value {
    let mut export = call(
        "Export payments and withdrawals",
        "Exactly what the list shows with the same fields, all of it, as comma-separated values (RFC 4180) with a head. It is \
         made while it is sent; a connection that is cut means that it is not whole.",
        &FILTERS,
        None,
        200,
        &Value::Null,
    );
    export["responses"]["200"]["content"] = json!({"text/csv": {"schema": {"type": "string"}, "example": "id,created_at,mode,merchant,kind,status,amount,currency,…\r\n"}});
    export
}

fn sample() -> Value {
    json!({
        "id": "g7xp8kudinz3tyi", "merchant_id": 1, "mode": "dev", "kind": "payment", "dialect": "cashier", "status": "captured",
        "created_at": "2026-03-02T09:30:00Z", "amount": "10.05", "currency": "EUR", "method": "card", "provider_id": 210, "provider": "Acme",
        "card": {"bin": "411111", "last4": "1111", "brand": "VISA"}, "reference": "order-1", "payer_id": "U123", "payer_email": "jane@example.com"
    })
}

fn whole() -> Value {
    let mut whole = sample();
    for (name, amount) in [
        ("authorised", "10.05"),
        ("captured", "10.05"),
        ("refunded", "0.00"),
        ("charged_back", "0.00"),
        ("refundable", "10.05"),
    ] {
        whole[name] = amount.into();
    }
    whole["next_operation"] = 2.into();
    whole
}

fn coins() -> Value {
    let mut coins = sample();
    coins["kind"] = "coin".into();
    coins["dialect"] = "crypto".into();
    coins["method"] = "crypto".into();
    coins["card"] = Value::Null;
    for (name, value) in [
        ("coin", "BTC"),
        ("coins_asked", "0.00079744"),
        ("coins_received", "0.00040000"),
        ("coins_owed_back", "0.00000000"),
        ("coins_refunded", "0.00000000"),
        ("coins_refundable", "0.00000000"),
        ("address", "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk"),
    ] {
        coins[name] = value.into();
    }
    coins
}

fn waiting() -> Value {
    let mut waiting = sample();
    waiting["kind"] = "withdrawal".into();
    waiting["status"] = "awaiting_approval".into();
    waiting["to"] = "GB…5555".into();
    waiting["approvals"] = json!(["program"]);
    waiting["approvals_required"] = 2.into();
    waiting["approval_ends_at"] = Value::Null;
    waiting
}
