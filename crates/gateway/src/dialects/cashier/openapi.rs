//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it.

use serde_json::{Value, json};

use super::errors::Problem;

mod schemas;

/// The document.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cashier API",
            "version": "1",
            "description": "Hosted, card and redirect deposits, withdrawals with approval, their status and list, and webhooks.\n\n\
                One base URL serves both kinds of key: a DEV key runs on the simulator and sees DEV transactions only, a \
                LIVE key moves money. Requests and answers are UTF-8 JSON. Errors are HTTP 400 with a code unless the \
                table says otherwise; a declined payment is no error but a 200 with transaction_status rejected."
        },
        "security": [{"apiKey": []}],
        "paths": {
            "/v1/payments/s2s": {"post": create(
                "Take a card payment, server to server",
                "The merchant's own form collected the card, which takes the permission s2s_cards. A url in the answer must \
                 be opened in the payer's browser; it is valid for 15 minutes.",
                "S2sRequest",
                s2s_sample(),
                json!({"url": "", "transaction_status": "successful"})
            )},
            "/v1/payments/hosted": {"post": hosted()},
            "/v1/payments/direct": {"post": create(
                "Send the payer to a provider's page",
                "Redirect the payer to the url of the answer. Takes the permission deposits.",
                "DirectRequest",
                direct_sample(),
                json!({"url": "https://pay.example/sim/pay/k3v9q0x1m7t2c8z", "transaction_status": "pending"})
            )},
            "/v1/withdrawals/hosted": {"post": withdrawal()},
            "/v1/withdrawals/approve": {"post": approval(
                "Approve a withdrawal",
                "Answers when the approval is on disk; the payout runs afterwards. All keys of a merchant together count as \
                 one approver: where the merchant asks for two, a person in the portal gives the other. Asked again, it \
                 answers the same. Takes the permission approve.",
                "Approval",
                json!({
                    "message": "Transaction Withdrawal has been approved successfully", "transaction_status": "pending"
                })
            )},
            "/v1/withdrawals/reject": {"post": approval(
                "Reject a withdrawal",
                "The held money is free again. Edition flat answers {}. Takes the permission approve.",
                "Rejection",
                json!({"message": "Withdrawal has been rejected successfully"})
            )},
            "/v1/transactions/{id}": {"get": {
                "summary": "Status of one transaction",
                "description": "By our transaction id, else by tracking_id. GET /v1/transactions?id=… is the same call. \
                    Takes the permission read.",
                "parameters": [parameter("id", "path", "Our transaction id or the tracking_id", json!({
                    "type": "string", "examples": ["g7xp8kudinz3tyi"]
                }))],
                "responses": answers(
                    reference("Status"),
                    json!({"transaction_status": "rejected", "rejected_reason": "Insufficient funds"})
                )
            }},
            "/v1/transactions": {"get": {
                "summary": "List of transactions",
                "description": "Oldest first, complete unless limit asks for pages. Days are UTC, both included, at most 7 \
                    apart; without any it is today. Takes the permission read.",
                "parameters": [
                    parameter("from", "query", "First day", json!({"type": "string", "examples": ["05-07-2024"]})),
                    parameter("to", "query", "Last day", json!({"type": "string", "examples": ["06-07-2024"]})),
                    parameter("limit", "query", "Rows of a page; the header Link leads to the next", json!({
                        "type": "integer", "minimum": 1, "maximum": 1000
                    })),
                    parameter("after", "query", "The transaction id that the page begins after", json!({"type": "string"}))
                ],
                "responses": answers(json!({"anyOf": [
                    {"type": "array", "items": reference("NestedRow")},
                    {"type": "array", "items": reference("FlatRow")}
                ]}), json!([schemas::nested_sample()]))
            }}
        },
        "webhooks": {"status": {"post": {
            "summary": "A transaction's status changed",
            "description": "Sent to the webhook_url of the request, else of the credential: pending at most once, then the \
                final status. Answer with any 2xx within 10 seconds; else it is sent again every 5 minutes, 15 times in \
                all. Check webhook-signature (Standard Webhooks) or x-signature: upper-case hexadecimal SHA-1 of body and \
                signature password.",
            "requestBody": {"content": {"application/json": {
                "schema": reference("Webhook"), "example": schemas::webhook_sample()
            }}},
            "responses": {"2XX": {"description": "Received"}}
        }}},
        "components": {
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "responses": {"Error": {
                "description": "Not done; the code says why",
                "content": {"application/json": {"schema": reference("Error")}}
            }},
            "schemas": schemas::schemas()
        },
        "x-errors": errors()
    })
}

fn create(summary: &str, description: &str, body: &str, sample: Value, answer: Value) -> Value {
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Makes the call repeatable, as tracking_id does: same key and content, same answer",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255}
    });
    json!({
        "summary": summary,
        "description": description,
        "parameters": [key],
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": reference(body), "example": sample
        }}},
        "responses": answers(reference("Payment"), answer)
    })
}

fn withdrawal() -> Value {
    let sample = json!({"request": {
        "mode": "test", "user_id": "128", "tracking_id": "b8f04416-116a-11ed-861d-0242ac120002", "amount": 200,
        "currency": "EUR", "customer": {"first_name": "John", "last_name": "Doe", "tags": ["auto-payout"]}
    }});
    let mut call = create(
        "Open the withdrawal cashier",
        "The payer says on the page at X-Cashier-Url where the money goes and confirms; it is held from then on. The token \
         lives for 30 minutes. Takes the permission withdrawals.",
        "WithdrawalRequest",
        sample,
        json!({"token": "Qx7Lw2VbN0sKeTz94RhYpGm1CdUa8JfXo5iWq3EvBt6MlSyDk2"}),
    );
    call["responses"]["200"]["content"]["application/json"]["schema"] = reference("Token");
    call
}

fn approval(summary: &str, description: &str, body: &str, answer: Value) -> Value {
    json!({
        "summary": summary,
        "description": description,
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": reference(body), "example": {"transaction_id": "r21nmrtpcmrcava"}
        }}},
        "responses": answers(reference("Approved"), answer)
    })
}

/// The hosted call differs from the other create calls in its answer alone.
fn hosted() -> Value {
    let token = json!({"token": "Mtg4OakI0YSGdHPY1y4vUnGLOaMxnJJZ9BX09LQ1u3yft0OY81"});
    let mut call = create(
        "Send the payer to our page",
        "Redirect the payer to the address in X-Cashier-Url, which is /cashier/{token}, or put the page into your own with \
         /cashier.js. The page offers what your rules allow; a declined payment can be tried again, up to 5 times in 30 \
         minutes. Takes the permission deposits.",
        "HostedRequest",
        hosted_sample(),
        token.clone(),
    );
    call["responses"] = answers(reference("Token"), token);
    call
}

fn hosted_sample() -> Value {
    json!({"request": {
        "mode": "test", "theme": "dark", "user_id": "128",
        "tracking_id": "fb832194-34e1-4e6c-8494-d88034cf3e47", "amount": 10.05, "currency": "EUR",
        "amount_restricted": true,
        "settings": {
            "success_url": "https://shop.example/ok", "failure_url": "https://shop.example/no", "locale": "en",
            "methods": ["card", "bank_transfer"]
        }
    }})
}

fn s2s_sample() -> Value {
    json!({
        "request": {
            "mode": "test", "routing_id": 210, "user_id": "U123",
            "tracking_id": "0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77", "ip": "127.34.125.54", "amount": 10.05,
            "currency": "EUR"
        },
        "card_details": {
            "holder_name": "John Doe", "card_number": "4111111111111111", "cvc": "444", "exp_month": "05",
            "exp_year": "2025"
        }
    })
}

fn direct_sample() -> Value {
    json!({"request": {
        "mode": "test", "provider_id": 211, "user_id": "128",
        "tracking_id": "fb832194-34e1-4e6c-8494-d88034cf3e47", "amount": 10.05, "currency": "EUR",
        "settings": {"success_url": "https://shop.example/ok", "failure_url": "https://shop.example/no"}
    }})
}

fn answers(schema: Value, sample: Value) -> Value {
    let error = json!({"$ref": "#/components/responses/Error"});
    json!({
        "200": {"description": "Done", "content": {"application/json": {"schema": schema, "example": sample}}},
        "4XX": error,
        "5XX": error
    })
}

fn parameter(name: &str, place: &str, description: &str, schema: Value) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "description": description, "schema": schema
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The table of errors, for the routes that exist.
fn errors() -> Vec<Value> {
    let lines = [
        (Problem::CredentialNotFound, "provider or route unknown, not yours, disabled, or not set up for this mode"),
        (Problem::TransactionIdMissing, "status, approve or reject without an id"),
        (
            Problem::Busy,
            "draining or overloaded: come back after Retry-After; 500 with the same code is a fault of ours",
        ),
        (Problem::ApiKeyMissing, "no header X-Api-Key, or an empty one"),
        (Problem::ApiKeyNotFound, "unknown or revoked key, or two of them"),
        (Problem::ApiKeyExpired, "the key's time is over"),
        (Problem::TransactionUnknown, "unknown id, another merchant's, or of the other mode"),
        (Problem::NotChangeable, "approve or reject of a deposit, of what was decided otherwise, or not yet confirmed"),
        (Problem::TrackingIdMissing, "request.tracking_id absent, null or empty"),
        (Problem::NotCancellable, "reject of a withdrawal already approved, sent or paid"),
        (Problem::WebhookUnavailable, "the host of the webhook URL does not exist or leads to a refused address"),
        (Problem::CallerBlocked, "by the rules on callers, or, with errors, on payers"),
        (Problem::Validation(Vec::new()), "bad JSON, or missing or malformed fields; errors names every one"),
        (Problem::TrackingIdTaken, "one tracking_id is one transaction: a new try needs a new one"),
        (Problem::AmountOutside(Vec::new()), "provider, merchant or customer limit; errors names the bounds"),
        (Problem::ProviderUnavailable(Vec::new()), "the provider named cannot take this payment"),
        (Problem::NoRule, "no provider was named and the rules leave none"),
        (Problem::ModeMismatch, "request.mode contradicts the key"),
        (Problem::BalanceInsufficient, "the merchant's available balance is clearly short"),
        (Problem::NotPermitted, "a permission is missing"),
        (Problem::IdempotencyKeyTaken, "the header's key came with other content before"),
        (Problem::PortalOnly, "the merchant switched approval by API off"),
        (Problem::NotFound, "unknown path"),
        (Problem::MethodNotAllowed(""), "wrong method; the header Allow says which"),
        (Problem::BodyTooLarge, "over 64 KiB"),
        (Problem::TooManyRequests, "only where the operator limits rates; with Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, http, message) = problem.line();
        json!({"code": code, "http": http, "message": message, "when": when})
    };
    lines.iter().map(line).collect()
}
