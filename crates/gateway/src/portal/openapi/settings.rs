//! The operations about credentials, webhooks, providers, rules and branding.

use serde_json::{Value, json};

use super::call;

const CREDENTIAL: (&str, &str, &str) = ("credential", "path", "7");
const EVENT: (&str, &str, &str) = ("event", "path", "1234567890123456789");

/// Credentials.
pub(super) fn credentials() -> Value {
    let credential = json!({"credential": sample_credential()});
    json!({
        "/admin/v1/credentials": {
            "get": call("List credentials", "Of all merchants or one, without their secrets.",
                &[("merchant_id", "query", "1"), ("mode", "query", "dev")], None, 200, &json!({"credentials": [sample_credential()]})),
            "post": call("Make a credential", "`api` is cashier, v3, transaction_services or crypto. Without `permissions` a test credential \
                may everything of its API, a live one `deposits` and `read`. Merchants who move bring what they have: v3 takes `entity_id` and \
                `access_token`, transaction services `partner_id`, `member_id`, `username`, `secret_key` and `terminal_id`; what is left out is \
                drawn. The secrets of the answer are shown once. Say as `known` how many credentials the merchant has in the mode, and the same \
                request again makes no other (409).", &[], Some(json!({"merchant_id": 1, "mode": "live", "api": "cashier", "known": 0,
                "name": "Web shop", "permissions": ["deposits", "read"], "expires_at": null, "allow": ["192.0.2.0/24"], "deny": []})), 201,
                &json!({"credential": sample_credential(), "secrets": {"api_key": "fl_live_…", "signature_password": "spg_live_…"}}))
        },
        "/admin/v1/credentials/{credential}": {
            "get": call("Show a credential", "", &[CREDENTIAL], None, 200, &credential),
            "post": call("Change a credential", "What is not named stays.", &[CREDENTIAL],
                Some(json!({"name": "Web shop", "permissions": ["deposits"], "expires_at": "2026-12-31T23:59:59Z", "allow": [], "deny": []})),
                200, &credential)
        },
        "/admin/v1/credentials/{credential}/settings": {"post": call("Set what the API does differently", "The body is the settings as a whole, \
            by their names in the API's reference; what is left out has its default.", &[CREDENTIAL],
            Some(json!({"edition": "flat", "webhook_url": "https://shop.example/webhooks"})), 200, &credential)},
        "/admin/v1/credentials/{credential}/password": {"post": call("Make a new signature password", "Of transaction services it is the member's \
            key, and the one before stays accepted. Shown once.", &[CREDENTIAL], None, 200, &json!({"secrets": {"signature_password": "spg_live_…"}}))},
        "/admin/v1/credentials/{credential}/end": {"post": call("End a credential for good", "Requests with it are refused from then on.",
            &[CREDENTIAL], None, 200, &credential)}
    })
}

/// Webhooks.
pub(super) fn webhooks() -> Value {
    let filter = [
        ("merchant_id", "query", "1"),
        ("mode", "query", "live"),
        ("state", "query", "given_up"),
        ("endpoint", "query", "shop.example:443"),
        ("from", "query", "2026-03-02T09:30:00Z"),
        ("until", "query", "2026-03-03T09:30:00Z"),
        ("before", "query", "1234567890123456789"),
        ("limit", "query", "50"),
    ];
    let event = sample_event();
    let mut whole = event.clone();
    whole["body"] = "{…}".into();
    json!({
        "/admin/v1/webhooks": {"get": call("List webhooks", "The newest first. `next_before` is the `before` of the next page.", &filter, None, 200,
            &json!({"events": [event], "next_before": null}))},
        "/admin/v1/webhooks/receivers": {"get": call("How receivers answer", "By the newest attempts, the least healthy first.",
            &[("merchant_id", "query", "1"), ("mode", "query", "live")], None, 200, &json!({"receivers": [{"endpoint": "shop.example:443",
            "attempts": 120, "taken": 119, "latency_ms_p50": 41, "latency_ms_p95": 180, "last_at": "2026-03-02T09:30:00Z",
            "last_failure": {"at": "2026-03-02T09:12:00Z", "status": 500, "answer": "…"}}]}))},
        "/admin/v1/webhooks/{event}": {"get": call("Show a webhook", "With its content and every attempt of the last 30 days.", &[EVENT], None, 200,
            &json!({"event": whole, "attempts": [{"at": "2026-03-02T09:30:00Z", "status": 200, "latency_ms": 41, "answer": "OK"}]}))},
        "/admin/v1/webhooks/{event}/replay": {"post": call("Send a webhook again", "Its id and content stay. One that waits for its next attempt is \
            left alone (409).", &[EVENT], None, 200, &json!({"replayed": 1, "more": false}))},
        "/admin/v1/webhooks/replay": {"post": call("Send a range again", "The newest thousand at most, the oldest of them first; those that wait for \
            their next attempt are left alone. `more`: others may fit as well, because there are more than a thousand or because only a part of \
            the events was looked through; narrow the range to reach them.", &[], Some(json!({"merchant_id": 1, "mode": "live", "state": "given_up", "endpoint": "shop.example:443",
            "from": "2026-03-02T09:30:00Z", "until": "2026-03-03T09:30:00Z"})), 200, &json!({"replayed": 12, "more": false}))},
        "/admin/v1/webhooks/secret": {"post": call("Rotate the signing secret", "`begin`: a new one signs, and the present one beside it; `end`: \
            only the newest signs.", &[], Some(json!({"merchant_id": 1, "mode": "live", "do": "begin"})), 200,
            &json!({"merchant_id": 1, "mode": "live", "secrets": ["whsec_…", "whsec_…"]}))}
    })
}

/// Providers, rules and branding.
pub(super) fn routing() -> Value {
    let merchant = [("merchant_id", "query", "1")];
    let rule = json!({"id": 3, "operation": "deposit", "method": "card", "order": 10, "merchant": 1, "conditions": {"currencies": ["EUR"]},
        "members": [{"provider_id": 210, "tier": 1, "weight": 1}], "cascade": false});
    let wanted = json!({"merchant_id": 1, "rule": 3, "operation": "deposit", "method": "card", "order": 10, "currencies": ["EUR"],
        "amount_max": "100", "members": [{"provider_id": 210, "tier": 1, "weight": 1}], "cascade": false});
    let mut tried = wanted.clone();
    tried["mode"] = "live".into();
    json!({
        "/admin/v1/providers": {
            "get": call("List providers and routes", "Of all merchants, or those that one may use. Secrets are never shown.", &merchant, None, 200,
                &json!({"providers": [sample_provider()], "routes": []})),
            "post": call("Make a provider account", "`driver` is one of this build (`GET /admin/v1/drivers`), `method` is card, bank_transfer, \
                e_wallet, voucher or crypto. Without `number` it gets the next one; without `merchant_id` it is every merchant's. Empty \
                `currencies` and `countries` are any. `settings` is an object of texts: what the driver is told, by the names it knows; its secrets \
                are sealed and never shown again.", &[], Some(json!({"driver": "simulator", "number": 217, "merchant_id": 1, "method": "card",
                "code": "acme", "name": "Acme", "modes": ["dev"], "currencies": ["EUR"], "countries": ["DE"], "amount_min": "1", "amount_max": "500",
                "conversion_currency": "GBP", "conversion_rate": "0.856", "settings": {"approves_declined": "true"}})), 201,
                &json!({"provider_id": 210, "provider": sample_provider()}))
        },
        "/admin/v1/providers/{provider}": {
            "get": call("Show a provider account", "", &[("provider", "path", "210")], None, 200,
                &json!({"provider_id": 210, "provider": sample_provider()})),
            "post": call("Change a provider account", "What is not named stays; in `settings`, `null` takes one away. `disabled`: no new payment \
                goes to it. Number, driver, method and owner stay for good.", &[("provider", "path", "210")],
                Some(json!({"name": "Card Simulator", "modes": ["dev"], "currencies": [], "amount_min": "0.01", "amount_max": "1000000",
                "settings": {"approves_declined": null}, "disabled": true})), 200, &json!({"provider_id": 210, "provider": sample_provider()}))
        },
        "/admin/v1/drivers": {"get": call("List the drivers of this build", "With the modes in which accounts of them may be made, and what they may \
            be told.", &[], None, 200, &json!({"drivers": [{"name": "simulator", "modes": ["dev"], "settings": [{"name": "approves_declined",
            "label": "Approves what others decline", "hint": "…", "secret": false}]}]}))},
        "/admin/v1/rules": {
            "get": call("List rules", "In the order in which they are tried.", &merchant, None, 200, &json!({"rules": [rule]})),
            "post": call("Make or change a rule", "Without `rule` a new one; without `merchant_id` it is every merchant's. Conditions that are left \
                out are met by anything.", &[], Some(wanted), 200, &json!({"rule": 3}))
        },
        "/admin/v1/rules/try": {"post": call("Try a rule on the last 30 days", "What it would have done in place of the one with its number, or \
            beside all; nothing is changed.", &[], Some(tried), 200, &json!({"from": "2026-02-01T00:00:00Z", "tried": 420, "same": 400,
            "sampled": false, "moved": [{"from": 210, "to": 215, "payments": 20, "amount": "1234.50", "currency": "EUR"}]}))},
        "/admin/v1/rules/{rule}/switch": {"post": call("Switch a rule on or off", "", &[("rule", "path", "3")], Some(json!({"disabled": true})), 200,
            &json!({"rule": 3}))},
        "/admin/v1/branding": {"post": call("Change how a merchant's pages look", "What is not named stays. `logo` is an image as a `data:` URL.",
            &[], Some(json!({"merchant_id": 1, "name": "Demo Shop", "accent": "#1b4f8a", "logo": ""})), 200,
            &json!({"merchant_id": 1, "name": "Demo Shop", "accent": "#1b4f8a", "has_logo": false}))}
    })
}

fn sample_provider() -> Value {
    json!({
        "id": 210, "code": "simulator", "name": "Card Simulator", "driver": "simulator", "method": "card", "modes": ["dev"],
        "disabled": false, "amounts": ["0.01", "1000000"], "settings": {}
    })
}

fn sample_credential() -> Value {
    json!({
        "id": 7, "merchant_id": 1, "mode": "live", "api": "cashier", "name": "Web shop", "known_as": "", "hint": "fl_live_…x7Qa",
        "permissions": ["deposits", "read"], "expires_at": null, "ended": false, "allow": ["192.0.2.0/24"], "deny": [], "settings": {}
    })
}

fn sample_event() -> Value {
    json!({
        "id": 1_234_567_890_123_456_789_i64, "webhook_id": "msg_k3v9q0x1m7t2c8z", "credential_id": 7,
        "url": "https://shop.example/webhooks", "endpoint": "shop.example:443", "state": "delivered", "attempts": 1,
        "first_at": "2026-03-02T09:30:00Z"
    })
}
