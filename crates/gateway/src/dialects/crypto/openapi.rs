//! The OpenAPI 3.1 document of this dialect. The reference pages are rendered from it.

use serde_json::{Value, json};

/// The document.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Crypto point of sale API",
            "version": "2",
            "description": "Ask for a rate, start a payment, show its address and QR code, poll until the coins are there. Every call takes \
                GET with a query and POST with a form or multipart body, with or without the last slash. Amounts are decimal strings: coins \
                with eight decimals, fiat with those of the currency. Times are UTC. Answers are pressed with gzip where Accept-Encoding asks for it.\n\n\
                The same calls below /pay/v2 answer in the shape of older clients: GetTransactions wraps its list in invoices, \
                confirmations is a string, a waiting status ends with the time left, and business errors are HTTP 200.\n\n\
                Under a test key a simulated chain stands behind it: pay at sandbox_wallet_url, or call /sandbox/api."
        },
        "security": [{"basic": []}],
        "paths": {
            "/v2/GetRate/": {"get": call("What an invoice costs in one coin", "Writes nothing. The payment_id names the quote, which holds for a minute.",
                quoted(&[("currency", "BTC", true)]), rate_sample())},
            "/v2/GetRates/": {"get": call("The same in several coins", "A coin that cannot be priced now is left out.",
                quoted(&[("currencies", "ETH,USDT", true)]), json!({
                    "payment_id": "c55a45a5-8ddf-46f4-b9ed-7c59439ea9e6", "invoice_amount": "100.00", "invoice_currency": "EUR", "sid": null,
                    "currencies": [{"currency": "ETH", "rate": "2982.2166", "amount_exchange": "0.03353211",
                        "network_processing_fee": "0.00002100", "amount": "0.03355311", "wait_time": "Less than 3 minutes",
                        "fast_transaction_fee": "0.00004200", "fast_transaction_fee_currency": "ETH"}]
                }))},
            "/v2/StartPayment/": {"post": call("Start a payment", "Locks the price and gives the payment an address of its own. The same \
                payment_id with the same content is answered as before.",
                quoted(&[
                    ("currency", "BTC", true), ("payment_id", "123e4567-e89b-12d3-a456-426614174000", false),
                    ("reference_no", "12-23-456", false), ("accept_zero_confirmations", "true", false),
                    ("auto_accept_underpayment", "true", false), ("auto_accept_underpayment_min", "45.84", false),
                    ("auto_accept_overpayment", "true", false), ("auto_accept_overpayment_max", "50.66", false),
                    ("auto_accept_late_payment", "false", false), ("webhook_url", "https://shop.example/hook", false),
                    ("on_success_redirect_url", "https://shop.example/paid", false),
                    ("on_failure_redirect_url", "https://shop.example/failed", false),
                    ("payer_id", "U123", false), ("payer_ip_address", "1.1.1.1", false), ("item_name", "A ticket", false),
                    ("user", "till 3", false)
                ]), start_sample())},
            "/v2/CheckPayment/": {"get": call("Where a payment stands", "Poll it every five seconds until it is confirmed or cancelled.",
                named(&[]), check_sample())},
            "/v2/CancelPayment/": {"post": call("Cancel a payment that nobody has paid", "Coins that come afterwards are late.",
                named(&[("reason", "curious", false), ("comment", "", false)]), json!({"cancelled": true, "status": "Cancelled"}))},
            "/v2/AcceptPayment/": {"post": call("Take what came as it is", "accepted_amount is what CheckPayment shows as payment or \
                unconfirmed_amount; below /pay/v2 it may be left out.",
                named(&[("accepted_amount", "0.00040000", true), ("accepted_invoice_amount", "24.20", false)]), json!({"success": true}))},
            "/v2/RefundPayment/": {"post": call("Send coins back", "What is owed back must be refunded as a whole; else any part of what \
                was accepted. The coins need enough confirmations.",
                named(&[("address_out", "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", true), ("refund_amount", "0.00005256", true)]),
                json!({"wait_time": "120 minutes", "refund_id": "6d2f1c84-9c0e-7d1a-4b61-0d9e5a4f2c11", "refund_status": "Refund pending"}))},
            "/v2/GetCurrencyList/": {"get": call("The coins on offer", "", vec![parameter("invoice_currency", "EUR", false)], json!([{
                "currency": "BTC", "description": "Bitcoin", "status": "OK", "zero_confirmations_enabled": "1", "currency_fiat": "EUR",
                "icon_url": "http://127.0.0.1:8080/static/coins/btc.svg", "rate": "60622.2221", "sell_status": "OK",
                "sell_rate": "60622.2221", "buy_status": "DISABLED", "buy_rate": "", "sell_min_invoice_amount": "0.50",
                "sell_max_invoice_amount": "100000.00", "sell_network_processing_fee": "0.00000152", "buy_min_invoice_amount": "",
                "buy_max_invoice_amount": "", "buy_network_processing_fee": ""
            }]))},
            "/v2/GetTransactions/": {"get": call("Payments, the newest first", "", [
                ("offset", "0"), ("limit", "100"), ("reference_no", "12-23-456"), ("pos_id", "POS1"), ("currency", "BTC"), ("user", "till 3")
            ].into_iter().map(|(name, sample)| parameter(name, sample, false)).collect(), json!([]))},
            "/v2/Ping/": {"get": call("Try the login, and a webhook URL", "", vec![parameter("webhook_url", "https://shop.example/hook", false)],
                json!({"result": "pong"}))},
            "/api/qr/": {"get": {
                "summary": "A payment text as a QR code", "security": [],
                "description": "PNG, or SVG with f=svg. Draws payment texts of this installation only; an address may draw 120 at once, 20 a second.",
                "parameters": [parameter("d", "bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744", true), parameter("f", "svg", false)],
                "responses": {"200": {"description": "The image"}, "4XX": {"$ref": "#/components/responses/Error"}}
            }},
            "/sandbox/api/{op}": {"post": call("Do something to the simulated chain", "Test mode only: send, mine, reorg, double_spend, drop, \
                bump, node, rate, kyt, clock, state.",
                vec![
                    json!({"name": "op", "in": "path", "required": true, "schema": {"type": "string", "examples": ["send"]}}),
                    parameter("address", "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", false), parameter("mode", "exact", false),
                    parameter("currency", "BTC", false), parameter("blocks", "1", false), parameter("txid", "", false)
                ], json!({"ok": true, "txid": "4b61…", "amount": "0.00079744", "currency": "BTC"}))}
        },
        "webhooks": {"payment": {"post": {
            "summary": "Something became of a payment",
            "description": "Events payment.received, .underpaid, .processing, .confirmed, .cancelled, .refunded, in order per payment. Signed \
                with webhook-signature and X-Signature. Call CheckPayment and trust that.",
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": {
                "event": "payment.confirmed", "payment_id": "123e4567-e89b-12d3-a456-426614174000", "pos_id": "POS1",
                "status": "confirmed", "amount": "0.00079744", "currency": "BTC", "timestamp": "2024-01-15T10:30:00Z", "user": null,
                "address": "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", "reference_no": "12-23-456"
            }}}}
        }}},
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "responses": {"Error": {"description": "Refused", "content": {"application/json": {
                "schema": {"type": "object", "properties": {
                    "err": {"type": "string"}, "err_code": {"type": "string"}, "additional": {"type": "object"}
                }},
                "example": {"err": "Missing parameter: pos_id", "err_code": "missing_parameter", "additional": {"parameter": "pos_id"}}
            }}}}
        },
        "x-errors": errors()
    })
}

fn parameter(name: &str, sample: &str, required: bool) -> Value {
    json!({"name": name, "in": "query", "required": required, "schema": {"type": "string", "examples": [sample]}})
}

fn quoted(more: &[(&str, &str, bool)]) -> Vec<Value> {
    let shared = [("pos_id", "POS1", true), ("invoice_currency", "EUR", true), ("invoice_amount", "48.25", true)];
    let all = shared.iter().chain(more);
    all.map(|(name, sample, required)| parameter(name, sample, *required)).collect()
}

fn named(more: &[(&str, &str, bool)]) -> Vec<Value> {
    let shared = [
        ("pos_id", "POS1", true),
        ("currency", "BTC", true),
        ("payment_id", "123e4567-e89b-12d3-a456-426614174000", true),
        ("address", "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", false),
    ];
    let all = shared.iter().chain(more);
    all.map(|(name, sample, required)| parameter(name, sample, *required)).collect()
}

fn call(summary: &str, description: &str, parameters: Vec<Value>, sample: Value) -> Value {
    json!({
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": {"type": ["object", "array"]}, "example": sample}}},
            "4XX": {"$ref": "#/components/responses/Error"},
            "5XX": {"$ref": "#/components/responses/Error"}
        }
    })
}

fn rate_sample() -> Value {
    json!({
        "invoice_amount": "48.25", "invoice_currency": "EUR", "currency": "BTC", "rate": "60622.2221", "amount_exchange": "0.00079592",
        "network_processing_fee": "0.00000152", "amount": "0.00079744", "fast_transaction_fee": "0.00000009",
        "fast_transaction_fee_currency": "BTC/Byte", "wait_time": "5 seconds",
        "payment_id": "123e4567-e89b-12d3-a456-426614174000", "sid": null
    })
}

fn start_sample() -> Value {
    json!({
        "invoice_amount": "48.25", "invoice_currency": "EUR", "currency": "BTC", "rate": "60622.2221", "amount": "0.00079744",
        "payment_id": "123e4567-e89b-12d3-a456-426614174000", "address": "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk",
        "qr": "bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744", "min_confirmations": 0,
        "access_url": "http://127.0.0.1:8080/pay/fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa",
        "expires_at": "2024-01-15 10:30:00", "expires_in": 900
    })
}

fn check_sample() -> Value {
    json!({
        "state": "waiting", "status": "Waiting for transaction.", "confirmed": false, "cancelled": false, "amount": "0.00079744",
        "payment": "0.00000000", "confirmations": 0, "min_confirmations": 0, "unconfirmed_amount": null, "underpayment": null,
        "refund": "", "refund_amount_opened": "", "refund_status": null, "refundable_amount": "0.00000000", "transactions": []
    })
}

fn errors() -> Value {
    let rows = [
        ("auth_failed", 401, "Invalid API key or authentication failed"),
        ("endpoint_not_found", 404, "Unknown endpoint"),
        ("missing_parameter", 400, "Missing parameter: {name}"),
        ("invalid_parameter", 400, "Invalid {name}: {why}"),
        ("duplicate_parameter", 400, "Parameter given twice with different values: {name}"),
        ("unsupported_currency", 400, "Currency {code} is not available"),
        ("unsupported_invoice_currency", 400, "Currency {code} is not available"),
        ("amount_out_of_range", 400, "invoice_amount must be between {min} and {max} {fiat}"),
        ("payment_not_found", 400, "Payment not found"),
        ("payment_id_conflict", 400, "payment_id was already used with other parameters"),
        ("idempotency_conflict", 400, "Idempotency-Key was already used with other parameters"),
        ("payment_has_transaction", 400, "A transaction was already sent; the payment cannot be cancelled"),
        ("payment_final", 400, "Payment is already {status}"),
        ("payment_blocked", 400, "Payment is under compliance review"),
        ("payment_unconfirmed", 400, "The received coins do not have enough confirmations to be refunded"),
        ("nothing_to_accept", 400, "Nothing to accept"),
        ("accepted_amount_mismatch", 400, "accepted_amount must be {payment}"),
        ("refund_amount_mismatch", 400, "refund_amount must be {refund_amount_opened}"),
        ("refund_exceeds_payment", 400, "Refund is larger than the refundable amount"),
        ("invalid_address", 400, "address_out is not a valid {coin} address"),
        ("refund_below_dust", 400, "Refund is below the network minimum"),
        ("webhook_url_refused", 400, "webhook_url is not allowed"),
        ("kyc_not_enabled", 400, "Payer verification is not enabled"),
        ("rate_unavailable", 500, "No fresh rate"),
        ("node_unavailable", 500, "Network not in sync, try again"),
        ("internal_error", 503, "Service unavailable"),
    ];
    let row =
        |(code, http, message): (&str, u16, &str)| json!({"code": code, "http": http, "message": message, "when": ""});
    Value::Array(rows.into_iter().map(row).collect())
}
