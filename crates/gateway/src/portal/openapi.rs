//! The OpenAPI 3.1 document of the admin API. The reference page is rendered from it.

use serde_json::{Map, Value, json};

mod office;
mod payments;
mod settings;

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for part in [
        office::overview(),
        payments::paths(),
        office::ledger(),
        office::merchants(),
        users(),
        audit(),
        settings::credentials(),
        settings::webhooks(),
        settings::routing(),
        office::operation(),
        others(),
    ] {
        let Value::Object(part) = part else { continue };
        paths.extend(part);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Admin API",
            "version": "1",
            "description": "What the portal does, for the operator's programs: each call is the same function as the portal's screen, and each \
                change is told in the audit log. Bodies and answers are JSON; amounts are decimal strings; times are UTC.\n\n\
                The admin token may do everything an operator may. Keep it as one keeps a root password."
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {
            "type": "http", "scheme": "bearer", "description": "Send the admin token as Authorization: Bearer."
        }}},
        "x-errors": [
            {"code": "invalid", "http": 400, "message": "field …", "when": "a field is missing or cannot be read; `field` names it"},
            {"code": "unauthorised", "http": 401, "message": "Send the admin token …", "when": "the token is missing or wrong"},
            {"code": "not_found", "http": 404, "message": "there is no such …", "when": "the path names nothing"},
            {"code": "conflict", "http": 409, "message": "…", "when": "what is there does not allow it"},
            {"code": "unavailable", "http": 503, "message": "…", "when": "the database does not answer; nothing was done"}
        ]
    })
}

fn users() -> Value {
    let user = json!({"user": sample_user()});
    let change = |summary: &str, description: &str| {
        call(summary, description, &[("user", "path", "1234567890123456789")], None, 200, &user)
    };
    json!({
        "/admin/v1/users": {
            "get": call("List users", "All of the installation, or the members of a merchant, by e-mail address. `next_after` is the `after` \
                of the next page.", &[("merchant_id", "query", "1"), ("after", "query", "ann@example.com"), ("limit", "query", "50")], None, 200,
                &json!({"users": [sample_user()], "next_after": null})),
            "post": call("Invite somebody", "With a role at a merchant, or as an operator (`\"operator\": true` instead). The answer's link is \
                shown once and is good for one use within 72 hours. Who has a login already gets the role and needs no link (status 200).",
                &[], Some(json!({"email": "ann@example.com", "name": "Ann", "merchant_id": 1, "role": "back_office"})), 201,
                &json!({"user": sample_user(), "link": "https://pay.example/portal/invitation/…"}))
        },
        "/admin/v1/users/{user}/role": {"post": call("Change a role", "`null` takes it away.",
            &[("user", "path", "1234567890123456789")], Some(json!({"merchant_id": 1, "role": "approver"})), 200, &user)},
        "/admin/v1/users/{user}/link": {"post": call("Make another one-time link", "For somebody who lost the password. The old one stays \
            until the link is used; then all sessions end.", &[("user", "path", "1234567890123456789")], None, 200,
            &json!({"link": "https://pay.example/portal/invitation/…"}))},
        "/admin/v1/users/{user}/disable": {"post": change("Keep somebody out", "Signs them out everywhere.")},
        "/admin/v1/users/{user}/enable": {"post": change("Let somebody in again", "")},
        "/admin/v1/users/{user}/one_time/reset": {"post": change("Take a lost second factor away", "Signs them out everywhere; the password alone \
            is enough until they set one-time passwords up again.")}
    })
}

fn audit() -> Value {
    json!({"/admin/v1/audit": {"get": call("Read the audit log", "The newest entries first; all, or those about a merchant. `next_before` is \
        the `before` of the next page.", &[("merchant_id", "query", "1"), ("before", "query", "120"), ("limit", "query", "50")], None, 200,
        &json!({"entries": [{
            "number": 119, "at": "2026-03-02T09:30:00Z", "merchant_id": 1,
            "who": {"user": {"id": 1_234_567_890_123_456_789_i64, "email": "owner@example.com", "session": "9f86d081884c", "address": "192.0.2.7"}},
            "action": "user.invited", "object": "ann@example.com", "before": null, "after": sample_user()
        }], "next_before": null}))}})
}

fn others() -> Value {
    let plan = json!({"id": "…", "state": "active"});
    json!({
        "/admin/v1/clock": {"post": call("Advance a test clock", "Every timer of the merchant's test payments follows.", &[],
            Some(json!({"advance_s": 3600, "merchant_id": 1})), 200, &json!({"merchant_id": 1, "now": "2026-03-02T10:30:00Z"}))},
        "/admin/v1/explain": {"post": call("Explain a choice of providers", "What would happen to a payment, and why, without making it.", &[],
            Some(json!({"merchant_id": 1, "mode": "dev", "operation": "deposit", "method": "card", "amount": "10.05", "currency": "EUR"})), 200,
            &json!({}))},
        "/admin/v1/notifications/test": {"post": call("Try a receiver", "Sends a credential's receiver the message that its dialect has for \
            trying it.", &[], Some(json!({"credential_id": 2})), 200, &json!({"credential_id": 2, "webhook_id": "msg_…"}))},
        "/admin/v1/plans": {
            "get": call("List recurring plans", "", &[("merchant_id", "query", "1"), ("mode", "query", "dev")], None, 200, &json!({"plans": [plan]})),
            "post": call("Make a recurring plan", "See docs/recurring.md.", &[], Some(json!({"registration_id": "…", "amount": "9.90",
                "currency": "EUR", "unit": "month", "every": 1})), 201, &plan)
        },
        "/admin/v1/plans/{id}": {"get": call("Show a recurring plan", "", &[("id", "path", "…")], None, 200, &plan)},
        "/admin/v1/plans/{id}/{verb}": {"post": call("Pause, resume or cancel a plan", "", &[("id", "path", "…"), ("verb", "path", "pause")],
            None, 200, &plan)}
    })
}

fn sample_user() -> Value {
    json!({
        "id": 1_234_567_890_123_456_789_i64, "email": "ann@example.com", "name": "Ann",
        "standing": {"member": [{"merchant": 1, "role": "back_office"}]}, "state": "invited", "one_time_password": false,
        "created_at": "2026-03-02T09:30:00Z"
    })
}

/// An operation: parameters as name, place and sample; its body and answer by sample.
fn call(
    summary: &str,
    description: &str,
    parameters: &[(&str, &str, &str)],
    body: Option<Value>,
    status: u16,
    answer: &Value,
) -> Value {
    let parameter = |(name, place, sample): &(&str, &str, &str)| json!({"name": name, "in": place, "required": *place == "path", "schema": {"type": "string", "examples": [sample]}});
    let mut operation = json!({
        "summary": summary,
        "description": description,
        "parameters": parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": {status.to_string(): {"description": "Done", "content": {"application/json": {
            "schema": {"type": "object"}, "example": answer
        }}}}
    });
    if let Some(body) = body {
        let kind = |value: &Value| match value {
            Value::Number(_) => "integer",
            Value::Bool(_) => "boolean",
            Value::Object(_) => "object",
            Value::Null | Value::String(_) | Value::Array(_) => "string",
        };
        let fields: Map<String, Value> = body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!({"type": kind(value), "examples": [value]})))
            .collect();
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {
            "schema": {"type": "object", "properties": fields}, "example": body
        }}});
    }
    operation
}
