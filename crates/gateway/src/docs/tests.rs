use serde_json::json;

use super::reference::Reference;
use super::sample::pretty;

fn document() -> serde_json::Value {
    json!({
        "info": {"title": "Sample", "description": "One.\n\nTwo."},
        "x-errors": [{"code": 9001, "http": 400, "message": "Validation failed", "when": "bad field"}],
        "paths": {"/v1/things/{id}": {"post": {
            "summary": "Make",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "examples": ["g7"]}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "responses": {"200": {"$ref": "#/components/responses/Made"}}
        }}},
        "webhooks": {"status": {"post": {"summary": "Told", "requestBody": {"content": {"application/json": {
            "example": {"status": "it's"}, "schema": {"type": "object"}}}}}}},
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "responses": {"Made": {"description": "Done", "content": {"application/json": {"schema": {
                "type": "object", "properties": {"url": {"type": "string"}}}}}}},
            "schemas": {"Thing": {"type": "object", "required": ["amount", "inner"], "properties": {
                "amount": {"type": ["number", "string"], "examples": [10.05]},
                "note": {"type": "string", "maxLength": 9, "minLength": 1},
                "inner": {"type": "object", "required": ["tags"], "properties": {
                    "tags": {"type": "array", "maxItems": 20, "items": {"type": "string"}}}}
            }}}
        }
    })
}

#[test]
fn fields_are_listed_with_their_rules() {
    let reference = Reference::read(&document(), "http://host");
    let operation = &reference.operations[0];
    let rows: Vec<_> = operation
        .fields
        .iter()
        .map(|field| {
            (format!("{}{}", field.within, field.leaf), field.kind.as_str(), field.required, field.rule.as_str())
        })
        .collect();
    let rows: Vec<_> =
        rows.iter().map(|(name, kind, required, rule)| (name.as_str(), *kind, *required, *rule)).collect();
    assert_eq!(
        rows,
        [
            ("amount", "number or string", true, ""),
            ("note", "string", false, "1 to 9 characters"),
            ("inner", "object", true, ""),
            ("inner.tags", "array of string", true, "at most 20 entries"),
        ]
    );
    assert_eq!(reference.description, ["One.", "Two."]);
    assert_eq!(reference.errors[0].when, "bad field");
    assert_eq!(reference.security, ["Send the key in the header X-Api-Key."]);
    assert_eq!(operation.anchor, "post-v1-things--id");
}

#[test]
fn commands_can_be_pasted() {
    let reference = Reference::read(&document(), "http://host");
    let expected = "curl -sS 'http://host/v1/things/g7' \\\n  -H 'X-Api-Key: YOUR_KEY' \\\n  -d '{\"amount\": 10.05, \"inner\": {\"tags\": [\"text\"]}}'";
    assert_eq!(reference.operations[0].command, expected);
    assert_eq!(reference.operations[0].answers[0].body, r#"{"url": "text"}"#);
    assert_eq!(reference.webhooks[0].body, r#"{"status": "it's"}"#);
}

#[test]
fn forms_and_tokens_have_commands_too() {
    let mut document = document();
    let operation = &mut document["paths"]["/v1/things/{id}"]["post"];
    operation["requestBody"]["content"] = json!({"application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": {"card.holder": {"type": "string"}}},
        "example": {"amount": "92.00", "card.holder": "Jo O'Neil"}
    }});
    document["components"]["securitySchemes"] = json!({"token": {
        "type": "http", "scheme": "bearer", "description": "Send the token."
    }});
    let reference = Reference::read(&document, "http://host");
    let expected = "curl -sS 'http://host/v1/things/g7' \\\n  -H 'Authorization: Bearer YOUR_TOKEN' \\\n  -d 'amount=92.00' \\\n  -d 'card.holder=Jo O'\\''Neil'";
    assert_eq!(reference.operations[0].command, expected);
    assert_eq!(reference.operations[0].fields[0].leaf, "card.holder");
    assert_eq!(reference.security, ["Send the token."]);
    document["paths"]["/v1/things/{id}"]["post"]["security"] = json!([]);
    let reference = Reference::read(&document, "http://host");
    assert!(!reference.operations[0].command.contains("Bearer"));
}

#[test]
fn long_samples_are_broken_where_people_would() {
    let long = json!({"a": "x".repeat(40), "b": {"c": "y".repeat(40), "d": [1, 2]}});
    let expected =
        format!("{{\n  \"a\": \"{}\",\n  \"b\": {{\"c\": \"{}\", \"d\": [1, 2]}}\n}}", "x".repeat(40), "y".repeat(40));
    assert_eq!(pretty(&long), expected);
}

/// Every file is one document of JSON, and names nothing that it does not hold.
#[test]
fn documents_hold_what_they_name() {
    for document in super::DOCUMENTS.iter() {
        assert_eq!(document.value["openapi"], "3.1.0", "{}", document.name);
        for reference in document.text.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().expect("a pointer");
            assert!(document.value.pointer(pointer).is_some(), "{}: {pointer}", document.name);
        }
    }
}
