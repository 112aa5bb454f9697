//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it.

use serde_json::{Value, json};

use super::codes::description;
use super::errors::Problem;

mod invoices;
mod schemas;
mod stored;

use schemas::reference;

/// The document.
pub fn openapi() -> Value {
    let mut document = document();
    stored::extend(&mut document);
    for (at, more) in [("/paths", invoices::paths()), ("/components/schemas", invoices::schemas())] {
        let members = document.pointer_mut(at).and_then(Value::as_object_mut);
        members.into_iter().for_each(|members| {
            members.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        });
    }
    document
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Transaction services API",
            "version": "1",
            "description": "Payments with tokens and checksums. Requests are forms, multipart text parts, or JSON with nested or dotted \
                names; answers are JSON, or XML where Accept ranks application/xml above JSON. All values are strings.\n\n\
                Every call needs the header AuthToken and, signed with the member's key, authentication.checksum: the MD5 of the \
                values that its description lists, joined with bars. Refusals are HTTP 200 once the token is accepted, unless the \
                member's setting http_errors is strict. Names of operations count without regard to letter case."
        },
        "security": [{"token": []}],
        "paths": {
            "/transactionServices/REST/v1/authToken": {"post": login(
                "A member's token",
                "For the partner's id, the member's name and key; the member's id in place of the name is taken too. Tokens are good \
                    for an hour. Also at /merchantServices/api/v1/authToken.",
                "MemberLogin",
                schemas::token_sample()
            )},
            "/transactionServices/REST/v1/partnerAuthToken": {"post": login(
                "A partner's token",
                "It acts for every member of the partner, each with the member's own checksum.",
                "PartnerLogin",
                schemas::partner_token_sample()
            )},
            "/transactionServices/REST/v1/regenerateToken": {"post": login(
                "A new token for an old one",
                "For a token that is good, or was until 24 hours ago, of a login whose key is the same. Also at \
                    /merchantServices/api/v1/regenerateToken and /fraudServices/REST/v1/regenerateToken.",
                "Renewal",
                schemas::token_sample()
            )},
            "/transactionServices/REST/v1/payments": {"post": call(
                "Make a payment",
                "Checksum: memberId|key|merchantTransactionId|amount. DB takes the money, PA holds it. While the payer must act the \
                    answer has transactionStatus 3D or P and redirect: send the payer's browser there, by POST or GET.\n\n\
                    The same merchantTransactionId, or the same Idempotency-Key, with the same fields gets the first answer again.",
                vec![idempotency_key()],
                "PaymentRequest",
                "Payment",
                schemas::payment_sample()
            )},
            "/transactionServices/REST/v1/payments/{id}": {
                "post": call(
                    "Capture, reverse, refund, repeat or inquire",
                    "CP takes what an authorisation holds, once, and releases the rest; checksum memberId|key|id|amount. RV releases the \
                        hold, or closes a payment that waits for its payer; memberId|key|id, with an amount also |amount. RF gives back, \
                        once or, with the setting refunds several, in parts that have a merchantTransactionId or an Idempotency-Key of \
                        their own; as CP. DB and PA with recurringType REPEATED charge the card of a payment made with INITIAL again; \
                        as CP. IN reads: memberId|key|id, where the id is paymentId, or with idType MID merchantTransactionId.\n\n\
                        transactionStatus is the order's outcome (Y, P, N), status where the payment stands then. The same capture, \
                        reversal or refund again gets the same answer; with an Idempotency-Key a refusal, too. Ids that other dialects of Florin print are taken too.",
                    vec![id(), idempotency_key()],
                    "Order",
                    "OrderAnswer",
                    schemas::order_sample()
                ),
                "get": {
                    "summary": "Inquiry by the path alone",
                    "description": "With the token only; authentication.checksum is verified if sent, authentication.memberId is needed \
                        with a partner's token.",
                    "parameters": [id(), {
                        "name": "authentication.memberId", "in": "query", "required": false,
                        "description": "The member", "schema": {"type": "string", "examples": ["11344"]}
                    }],
                    "responses": answers("Payment", schemas::inquiry_sample())
                }
            },
            "/transactionServices/REST/v1/refund/{id}": {"post": call(
                "Refund, by its other path",
                "As paymentType RF.",
                vec![id(), idempotency_key()],
                "Order",
                "OrderAnswer",
                schemas::order_sample()
            )},
            "/transaction/Checkout": {"post": {
                "summary": "Send a payer to our page",
                "description": "A form in the payer's browser, without a token; also at /transaction/PayProcessController, with old names and \
                    any letter case. Checksum: memberId|totype|amount|merchantTransactionId|merchantRedirectUrl|key. It leads (303) to \
                    a page where the payer chooses how to pay, may try three times and may give up, and then returns. The same reference \
                    leads to the same session, and after a failure to a new one. What is wrong is said on a page.",
                "security": [],
                "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
                    "schema": reference("CheckoutForm")
                }}},
                "responses": {
                    "303": {"description": "To the session's page"}, "4XX": {"description": "A page that says what is wrong"},
                    "5XX": {"description": "A page that says to come back"}
                }
            }},
            "/transactionServices/REST/v1/inquiry": {"post": call(
                "Inquiry by fields",
                "As IN, with the id in the body.",
                vec![reading_key()],
                "InquiryRequest",
                "Payment",
                schemas::inquiry_sample()
            )},
            "/transactionServices/REST/v1/getTransactionList": {"post": call(
                "Transactions, newest first",
                "Checksum: memberId|key. Those of every dialect of Florin, of the last 30 days unless dates are sent.",
                vec![reading_key()],
                "ListRequest",
                "List",
                schemas::list_sample()
            )}
        },
        "webhooks": {"notification": {"post": {
            "summary": "A payment reached a state",
            "description": "Posted to notificationUrl, else to the member's default: every final state, captures, refunds, chargebacks, and \
                open states that no answer has told. checksum is the MD5 of paymentId|merchantTransactionId|amount|transactionStatus|key. \
                Any 2xx acknowledges; else it is sent again after 15 s, 1, 5 and 15 min, 1, 3, 6, 12 and 24 h, the same bytes, in order \
                per payment. The Standard Webhooks headers stand beside it.",
            "requestBody": {"content": {"application/json": {
                "schema": reference("Payment"), "example": schemas::notification_sample()
            }}},
            "responses": {"200": {"description": "Taken"}}
        }}},
        "components": {
            "securitySchemes": {"token": {
                "type": "apiKey", "in": "header", "name": "AuthToken", "description": "Send the token in the header AuthToken."
            }},
            "responses": {"Error": {
                "description": "Not done; the code says why",
                "content": {"application/json": {"schema": reference("Refusal"), "example": schemas::refusal_sample()}}
            }},
            "schemas": schemas::schemas()
        },
        "x-errors": errors()
    })
}

fn login(summary: &str, description: &str, body: &str, answer: Value) -> Value {
    let mut call = call(summary, description, Vec::new(), body, "Token", answer);
    call["security"] = json!([]);
    call
}

/// A call whose body is a form.
fn call(summary: &str, description: &str, parameters: Vec<Value>, body: &str, schema: &str, answer: Value) -> Value {
    json!({
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {"schema": reference(body)}}},
        "responses": answers(schema, answer)
    })
}

fn answers(schema: &str, sample: Value) -> Value {
    let error = json!({"$ref": "#/components/responses/Error"});
    json!({
        "200": {
            "description": "Done, pending, declined, or refused; result.code says which",
            "content": {"application/json": {"schema": reference(schema), "example": sample}}
        },
        "4XX": error,
        "5XX": error
    })
}

fn id() -> Value {
    json!({
        "name": "id", "in": "path", "required": true, "description": "paymentId, or with idType MID merchantTransactionId",
        "schema": {"type": "string", "examples": ["5428900001"]}
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Makes the call repeatable, as merchantTransactionId does",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255}
    })
}

/// The same, of calls that only read.
fn reading_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The same answer again, whatever has changed since; send none to see how things stand",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255}
    })
}

/// The table of refusals, for the routes that exist.
fn errors() -> Vec<Value> {
    let lines = [
        (Problem::NoToken, "no header AuthToken"),
        (Problem::WrongToken, "not a token of this installation, or its key was changed since"),
        (Problem::TokenExpired, "log in again, or exchange it within 24 hours"),
        (Problem::LoginFailed, "one answer for every cause"),
        (Problem::WrongMember, "no authentication.memberId, or one that the token does not act for"),
        (Problem::WrongChecksum, "authentication.checksum is not that of the fields"),
        (Problem::Fields(Vec::new()), "missing or malformed fields; errors names every one, with 400 for logins"),
        (Problem::Unreadable("".into()), "not the form that Content-Type says, over 200 fields, deeper than 5 levels"),
        (Problem::WrongContentType, "neither form nor JSON"),
        (Problem::ReferenceTaken, "the reference was used for a request with other fields"),
        (Problem::KeyTaken, "the header was used for a request with other fields"),
        (Problem::NoTerminal, "no terminal of the member takes it, or nobody behind it"),
        (Problem::NotEnabled, "a permission is missing, such as card numbers (direct_cards) under a live credential"),
        (Problem::TooManyRequests, "over ten failed logins a minute; with Retry-After"),
        (Problem::NoSuchPath, "unknown path"),
        (Problem::WrongMethod(""), "wrong method; the header Allow says which"),
        (Problem::TooLarge, "over 64 KiB"),
        (Problem::NotFound, "no such transaction, or another member's; an inquiry says status notfound"),
        (Problem::NotPermitted("".into()), "limits, block lists"),
        (Problem::Invoice("10011", "".into()), "the amount is out of the merchant's limits"),
        (Problem::Invoice("10012", "".into()), "the invoice is paid, cancelled, expired, or being paid"),
        (Problem::Invoice("10013", "".into()), "as 10012, but for being paid; or no mail transport is configured"),
        (Problem::Invoice("10014", "".into()), "the invoice is paid or cancelled"),
        (Problem::Busy, "draining or overloaded, nothing was done: come back after Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, legacy, strict) = problem.line();
        let http = if legacy == strict { json!(legacy) } else { json!(format!("{legacy}, strict {strict}")) };
        json!({"code": code, "http": http, "message": description(code), "when": when})
    };
    lines.iter().map(line).collect()
}
