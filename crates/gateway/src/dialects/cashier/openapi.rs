//! The OpenAPI 3.1 document of this dialect, for the routes that exist.

use serde_json::{Value, json};

/// The document.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Florin Cashier API",
            "version": "1",
            "description": "Deposits by redirect or server-to-server card; status, list and webhooks. \
                One base URL serves test (DEV) and live keys."
        },
        "security": [{"apiKey": []}],
        "paths": {
            "/v1/payments/s2s": {"post": create(
                "Server-to-server card deposit",
                "The merchant's own form collected the card. Needs the permission s2s_cards.",
                "S2sRequest"
            )},
            "/v1/payments/direct": {"post": create(
                "Direct deposit",
                "Skips the cashier: the payer must be redirected to url. Needs the permission deposits.",
                "DirectRequest"
            )},
            "/v1/transactions/{id}": {"get": {
                "summary": "Status of one transaction",
                "description": "By our transaction id, else by tracking_id. Also GET /v1/transactions?id=….",
                "parameters": [parameter("id", "path", json!({"type": "string"}))],
                "responses": answers(reference("Status"))
            }},
            "/v1/transactions": {"get": {
                "summary": "List of transactions",
                "description": "Oldest first; days are UTC, both included. Complete unless limit asks for pages.",
                "parameters": [
                    parameter("from", "query", json!({"type": "string", "examples": ["05-07-2024"]})),
                    parameter("to", "query", json!({"type": "string", "examples": ["06-07-2024"]})),
                    parameter("limit", "query", json!({"type": "integer", "minimum": 1, "maximum": 1000})),
                    parameter("after", "query", json!({"type": "string"})),
                    parameter("id", "query", json!({"type": "string"}))
                ],
                "responses": answers(json!({"oneOf": [
                    {"type": "array", "items": reference("NestedRow")},
                    {"type": "array", "items": reference("FlatRow")},
                    reference("Status")
                ]}))
            }}
        },
        "webhooks": {"status": {"post": {
            "summary": "A transaction's status",
            "description": "Signed by x-signature and by the Standard Webhooks headers.",
            "requestBody": {"content": {"application/json": {"schema": reference("Webhook")}}},
            "responses": {"2XX": {"description": "Received"}}
        }}},
        "components": {
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "responses": {"Error": {
                "description": "Not done; the code says why",
                "content": {"application/json": {"schema": reference("Error")}}
            }},
            "schemas": schemas()
        }
    })
}

fn create(summary: &str, description: &str, body: &str) -> Value {
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255}
    });
    json!({
        "summary": summary,
        "description": description,
        "parameters": [key],
        "requestBody": {"required": true, "content": {"application/json": {"schema": reference(body)}}},
        "responses": answers(reference("Payment"))
    })
}

fn answers(schema: Value) -> Value {
    let error = json!({"$ref": "#/components/responses/Error"});
    json!({
        "200": {"description": "Done", "content": {"application/json": {"schema": schema}}},
        "4XX": error,
        "5XX": error
    })
}

fn parameter(name: &str, place: &str, schema: Value) -> Value {
    json!({"name": name, "in": place, "required": place == "path", "schema": schema})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn schemas() -> Value {
    let text = json!({"type": "string"});
    let amount = json!({"type": "object", "properties": {"value": {"type": "number"}, "currency": text}});
    json!({
        "S2sRequest": {
            "type": "object",
            "required": ["request", "card_details"],
            "properties": {"request": request(&["ip"]), "card_details": reference("CardDetails")}
        },
        "DirectRequest": {
            "type": "object",
            "required": ["request"],
            "properties": {"request": request(&["provider_id"])}
        },
        "CardDetails": {
            "type": "object",
            "required": ["holder_name", "card_number", "cvc", "exp_month", "exp_year"],
            "properties": {
                "holder_name": {"type": "string", "minLength": 2, "maxLength": 100},
                "card_number": {"type": "string", "description": "12 to 19 digits; spaces and dashes are dropped"},
                "cvc": {"type": "string", "pattern": "^[0-9]{3,4}$"},
                "exp_month": {"type": ["string", "integer"]},
                "exp_year": {"type": ["string", "integer"]}
            }
        },
        "Customer": customer(),
        "Settings": {
            "type": ["object", "null"],
            "properties": {
                "success_url": text, "failure_url": text, "pending_url": text, "webhook_url": text, "locale": text
            }
        },
        "Payment": {
            "type": "object",
            "required": ["url", "transaction_status"],
            "properties": {
                "url": {"type": "string", "description": "Where to send the payer's browser; empty: nowhere"},
                "transaction_status": status(),
                "error": {"description": "Only with rejected", "oneOf": [
                    text,
                    {"type": "object", "properties": {"code": text, "message": text}}
                ]}
            }
        },
        "Status": {
            "type": "object",
            "required": ["transaction_status"],
            "properties": {"transaction_status": status(), "rejected_reason": text}
        },
        "NestedRow": {"type": "object", "properties": {
            "transaction": {"type": "object", "properties": {
                "id": text, "date": text, "type": text, "status": status(), "transaction_id": text, "tracking_id": text
            }},
            "provider": {"type": "object", "properties": {
                "provider": text, "provider_name": text, "provider_id": text,
                "amount": amount, "credited_amount": amount, "fx": amount
            }},
            "customer": {"type": "object", "properties": {
                "id": {"type": ["string", "integer"]}, "first_name": text, "last_name": text, "dob": text,
                "country": text, "tags": {"type": "array", "items": text}, "IP": text
            }}
        }},
        "FlatRow": {"type": "object", "properties": {
            "transaction_id": text, "gateway_transaction_id": text, "provider_transaction_id": text,
            "transaction_type": text, "transaction_date": text, "status": status(), "payment_provider": text,
            "customer_id": {"type": ["string", "integer"]}, "amount": {"type": "number"}, "currency": text,
            "user_amount": {"type": "number"}, "user_currency": text, "fx_amount": {"type": "number"}
        }},
        "Webhook": {
            "type": "object",
            "required": [
                "transaction_id", "user_id", "tracking_id", "status", "currency", "amount", "transaction_type"
            ],
            "properties": {
                "transaction_id": text, "user_id": text, "tracking_id": text, "status": status(), "currency": text,
                "amount": text, "transaction_type": text, "provider": text, "rejected_reason": text
            }
        },
        "Error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": text,
                "errors": {"type": "array", "items": {
                    "type": "object", "required": ["field", "message"], "properties": {"field": text, "message": text}
                }}
            }
        }
    })
}

fn request(more: &[&str]) -> Value {
    let required: Vec<&str> = ["user_id", "tracking_id", "amount", "currency"].iter().chain(more).copied().collect();
    json!({
        "type": "object",
        "required": required,
        "properties": {
            "mode": {"type": "string", "examples": ["test", "live"]},
            "settings": reference("Settings"),
            "user_id": {"type": ["string", "integer"], "maxLength": 64},
            "tracking_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "ip": {"type": "string"},
            "amount": {"type": ["number", "string"], "examples": [10.05]},
            "currency": {"type": "string", "examples": ["EUR"]},
            "provider_id": {"type": ["integer", "string"]},
            "routing_id": {"type": ["integer", "string"]},
            "customer": reference("Customer")
        }
    })
}

fn customer() -> Value {
    let text = |length_max: u32| json!({"type": "string", "maxLength": length_max});
    json!({
        "type": ["object", "null"],
        "properties": {
            "max_deposit_limit": {"type": "number", "minimum": 0},
            "first_name": text(100), "last_name": text(100), "city": text(100), "address": text(200),
            "zip_code": {"type": ["string", "integer"], "maxLength": 16},
            "email": text(254), "kyc_status": text(32),
            "dob": {"type": "string", "examples": ["05/03/2000"]},
            "country_code": text(2),
            "phone": {"type": ["object", "null"], "properties": {
                "country": text(2), "number": {"type": ["integer", "string"]}, "prefix": {"type": ["integer", "string"]}
            }},
            "tags": {"type": "array", "maxItems": 20, "items": text(32)}
        }
    })
}

fn status() -> Value {
    json!({
        "type": "string",
        "examples": ["pending", "successful", "rejected"],
        "description": "With extended_statuses also partially_refunded, refunded, charged_back, cancelled, expired"
    })
}
