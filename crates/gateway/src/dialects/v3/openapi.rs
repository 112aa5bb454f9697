//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it.

use serde_json::{Value, json};

use super::codes::Set;
use super::errors::{FieldError, Problem};
use super::mounts::Profile;

mod checkouts;
mod schemas;

/// The document.
pub fn openapi() -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Payments v3 API",
            "version": "3",
            "description": "Card payments server to server, a checkout page, redirect brands, 3-D Secure and inquiry. Requests are forms, \
                percent-encoded or not; answers are JSON whose result.code says what became of the transaction.\n\n\
                Every path also works below /gateway/v3, /eastpay/v3 and /pay/v3, and below /oppwa/v1 for clients of the older \
                platform: there with its codes, its timestamps, and HTTP 200 for a decline. The operator may mount it elsewhere."
        },
        "security": [{"token": []}],
        "paths": {
            "/v3/payments": {
                "post": pay(),
                "get": {
                    "summary": "The newest payment of a reference",
                    "description": "One object, with all that were made under the reference in payments.",
                    "parameters": [entity(), reference_parameter()],
                    "responses": answers(schemas::reference("Transaction"), schemas::payment_sample())
                }
            },
            "/v3/payments/{id}": {"post": order(), "get": inquiry("Status of one transaction", "The transaction with a summary of where its \
                payment's money stands. Ids that other dialects of Florin print are taken too. Takes the permission read.")},
            "/v3/query/{id}": {"get": inquiry("The same, by its other path", "As GET /v3/payments/{id}.")},
            "/v3/query": {"get": {
                "summary": "All payments of a reference",
                "description": "An envelope with code 000.000.100 around the transactions, the newest first.",
                "parameters": [entity(), reference_parameter()],
                "responses": answers(schemas::reference("List"), schemas::list_sample())
            }},
            "/v3/registrations": {"post": form(
                "Store a card",
                "The id of the answer is the token: charge it below registrations/{id}/payments, or send it as card.token. A \
                    payment stores its card with createRegistration=true. Takes the permission s2s_cards.",
                vec![idempotency_key()],
                "CardRequest",
                schemas::card_sample(),
                schemas::registration_sample()
            )},
            "/v3/registrations/{id}": {
                "get": {
                    "summary": "A stored card",
                    "parameters": [id(), entity()],
                    "responses": answers(schemas::reference("Transaction"), schemas::registration_sample())
                },
                "delete": {
                    "summary": "Delete a stored card",
                    "description": "Its number is wiped. Payments that were begun with it go on.",
                    "parameters": [id(), entity()],
                    "responses": answers(schemas::reference("Transaction"), schemas::registration_sample())
                }
            },
            "/v3/registrations/{id}/payments": {"post": form(
                "Charge a stored card",
                "As POST /v3/payments, without card fields. With standingInstruction.mode REPEATED and .source MIT the payer is not \
                    there: no security code, no 3-D Secure.",
                vec![id(), idempotency_key()],
                "PaymentRequest",
                schemas::charge_sample(),
                schemas::payment_sample()
            )},
            "/v3/registrations/{id}/extendlife": {"post": form(
                "Keep a stored card longer",
                "For 24 months from now; every charge does the same.",
                vec![id()],
                "EntityRequest",
                json!({"entityId": "EB000001"}),
                schemas::registration_sample()
            )},
            "/v3/resultcodes": {"get": {
                "summary": "All result codes",
                "description": "Without a login. set=oppwa lists the older platform's.",
                "security": [],
                "parameters": [{
                    "name": "set", "in": "query", "required": false, "description": "Whose codes",
                    "schema": {"type": "string", "enum": ["v3", "oppwa"]}
                }],
                "responses": answers(schemas::reference("ResultCodes"), json!({"resultCodes": [
                    {"code": "000.000.000", "description": "Transaction succeeded"}
                ]}))
            }}
        },
        "components": {
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": "Send the access token in the header Authorization, after the word Bearer. The entity that it \
                    acts for is the field or parameter entityId."
            }},
            "responses": {"Error": {
                "description": "Not done; the code says why",
                "content": {"application/json": {"schema": schemas::reference("Error"), "example": error_sample()}}
            }},
            "schemas": schemas::schemas()
        },
        "x-errors": errors()
    });
    for (path, calls) in checkouts::paths() {
        document["paths"][path] = calls;
    }
    for (name, schema) in checkouts::schemas() {
        document["components"]["schemas"][name] = schema;
    }
    document
}

fn pay() -> Value {
    form(
        "Make a payment",
        "paymentType DB takes the money, PA holds it, CV verifies the card, CD pays out. With card fields it takes the permission \
         s2s_cards. While the payer must act the answer is 200 with code 000.200.000 and redirect: send the payer's browser there.\n\n\
         A declined payment is HTTP 400 here and 200 below /oppwa/v1. The same merchantTransactionId, or the same Idempotency-Key, \
         with the same fields gets the first answer again.",
        vec![idempotency_key()],
        "PaymentRequest",
        schemas::request_sample(),
        schemas::payment_sample(),
    )
}

/// A call whose body is a form and whose answer a transaction.
fn form(summary: &str, description: &str, parameters: Vec<Value>, body: &str, sample: Value, answer: Value) -> Value {
    json!({
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
            "schema": schemas::reference(body), "example": sample
        }}},
        "responses": answers(schemas::reference("Transaction"), answer)
    })
}

fn order() -> Value {
    form(
        "Capture, refund or reverse",
        "CP takes money out of an approved PA, in parts as well; sequence FINAL releases the rest. RF gives back money of a DB, of a \
         CP, or of all captures of a PA, the oldest first. RV releases a PA that nothing was captured of. Each is a transaction of its \
         own, with an id of its own; its merchantTransactionId makes it repeatable.\n\nCaptures never exceed what is held, refunds \
         never what was taken, whatever runs at the same time.",
        vec![id(), idempotency_key()],
        "Order",
        schemas::order_sample(),
        schemas::captured_sample(),
    )
}

fn id() -> Value {
    json!({
        "name": "id", "in": "path", "required": true, "description": "32 hexadecimal digits",
        "schema": {"type": "string", "minLength": 1, "examples": ["8ac7a4a282d522f70182d53e7a873640"]}
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Makes the call repeatable, as merchantTransactionId does",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255}
    })
}

fn inquiry(summary: &str, description: &str) -> Value {
    json!({
        "summary": summary,
        "description": description,
        "parameters": [
            id(),
            entity(),
            {
                "name": "includeLinkedTransactions", "in": "query", "required": false,
                "description": "Adds payments: what was done with the payment, the oldest first", "schema": {"type": "boolean"}
            },
            {
                "name": "paymentTypes", "in": "query", "required": false,
                "description": "Of the linked ones only these, with commas between: CP,RF", "schema": {"type": "string"}
            }
        ],
        "responses": answers(schemas::reference("Transaction"), schemas::inquiry_sample())
    })
}

fn entity() -> Value {
    json!({
        "name": "entityId", "in": "query", "required": true, "description": "The entity that the token acts for",
        "schema": {"type": "string", "examples": ["EB000001"]}
    })
}

fn reference_parameter() -> Value {
    json!({
        "name": "merchantTransactionId", "in": "query", "required": true, "description": "The reference of the request",
        "schema": {"type": "string", "maxLength": 255, "examples": ["order-1001"]}
    })
}

fn answers(schema: Value, sample: Value) -> Value {
    let error = json!({"$ref": "#/components/responses/Error"});
    json!({
        "200": {"description": "Done, or pending", "content": {"application/json": {"schema": schema, "example": sample}}},
        "4XX": error,
        "5XX": error
    })
}

fn error_sample() -> Value {
    json!({
        "result": {
            "code": "200.300.404", "description": "invalid or missing parameter",
            "parameterErrors": [
                {"name": "amount", "value": "-20.20", "message": "must match ^[0-9]{1,12}(\\.[0-9]{2})?$"},
                {"name": "paymentType", "message": "may not be empty"}
            ]
        },
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:39:00+00:00", "ndc": "EB000001_2bac8e434db544f7898023457f80c78f"
    })
}

/// The table of refusals, for the routes that exist.
fn errors() -> Vec<Value> {
    let field = || FieldError::new("", "");
    let lines = [
        (Problem::NoLogin, "no header Authorization, another scheme, or an empty token"),
        (Problem::WrongLogin, "token unknown, revoked or expired; entityId unknown or another token's"),
        (Problem::NotPermitted, "a permission is missing: withdrawals for payouts, s2s_cards for card fields"),
        (Problem::Fields(Vec::new()), "missing or malformed fields; parameterErrors names every one"),
        (Problem::AmountTooLow(field()), "the amount is zero or below what the provider takes"),
        (Problem::AmountTooLarge(field()), "the amount is above a limit of merchant or provider"),
        (Problem::AmountDecimals(field()), "decimals that the currency does not have"),
        (Problem::CurrencyUnknown(field()), "not a currency of ISO 4217"),
        (Problem::NoAccount, "no card, no token, no brand"),
        (Problem::CardNumber(field()), "the card number fails its check digit or length"),
        (Problem::CardExpired(field()), "the card has expired; live only"),
        (Problem::BrandUnknown(field()), "no such card brand"),
        (Problem::BrandDiffers(field()), "the card number is not of the brand"),
        (Problem::RegistrationMalformed, "card.token is not 32 hexadecimal digits"),
        (Problem::RegistrationUnknown, "no such registration"),
        (Problem::RegistrationUndecided, "the first payment of the registration is not decided yet"),
        (Problem::RegistrationDeleted, "the registration was deleted"),
        (Problem::RegistrationDeclined, "the first payment of the registration was declined"),
        (Problem::NoProviderForBrand, "nobody takes this brand"),
        (Problem::NoProviderForCurrency, "nobody takes this currency"),
        (Problem::TypeNotOffered, "a payment type that is not offered"),
        (Problem::Risk, "refused by a block list or risk rule"),
        (Problem::ReferenceTaken, "merchantTransactionId was used for a request with other fields"),
        (Problem::BalanceInsufficient, "a payout that the merchant's balance does not cover"),
        (Problem::PaymentUnknown, "no such transaction, or another merchant's"),
        (Problem::NoSession, "no such checkout, or nothing was tried before its time was over"),
        (Problem::CurrencyDiffers(field()), "the currency is not the original's"),
        (Problem::AmountDiffers(field()), "the amount of a reversal is not the whole"),
        (
            Problem::Unsuitable,
            "the id is of something that the order cannot act on, such as a verification or a refund",
        ),
        (Problem::CaptureExceeds, "more than the authorisation has left, or it was reversed"),
        (Problem::RefundExceeds, "more than is left to give back"),
        (Problem::CannotReverse, "captured, reversed or expired, or a DB"),
        (Problem::NoAuthorisation, "a capture of something else than an approved PA"),
        (Problem::NoCapture, "a refund without an approved DB or CP"),
        (Problem::NothingToReverse, "a reversal without an approved PA"),
        (Problem::ReferencedOpen, "the transaction to act on is not decided yet"),
        (Problem::AuthorisationExpired, "the hold ran out"),
        (Problem::ChargedBack, "the payer's bank took the money back"),
        (Problem::NoSuchPath, "unknown path"),
        (Problem::WrongMethod(""), "wrong method; the header Allow says which"),
        (Problem::BodyTooLarge, "over 64 KiB"),
        (Problem::TooManyRequests, "only where the operator limits rates; with Retry-After"),
        (Problem::Busy, "draining or overloaded, nothing was done: come back after Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, http) = problem.line(Profile::V3);
        json!({"code": code.text(), "http": http, "message": code.description(Set::V3), "when": when})
    };
    lines.iter().map(line).collect()
}
