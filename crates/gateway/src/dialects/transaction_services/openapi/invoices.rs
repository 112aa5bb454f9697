//! Invoices and pay links in the document.

use serde_json::{Value, json};

use super::schemas::{checksum, member, shown, text};
use super::{call, idempotency_key, reading_key};

/// Their paths.
pub(super) fn paths() -> Vec<(&'static str, Value)> {
    let about = |summary: &str, description: &str, parameters: Vec<Value>, body: &str, code: &'static str| {
        let sum = "Checksum: memberId|key|merchantInvoiceId, or with invoiceId in its place.";
        call(summary, &format!("{sum} {description}"), parameters, body, "InvoiceAnswer", answer(code))
    };
    vec![
        (
            "/invoiceServices/REST/v1/generate",
            post(call(
                "Make an invoice",
                "Checksum: memberId|key|merchantInvoiceId|amount|merchantRedirectUrl. An e-mail with transactionUrl goes to \
                    customer.email; the page there takes one payment, in as many tries as it needs, until expiryDate. The same \
                    merchantInvoiceId with the same fields gets the first answer again.",
                vec![idempotency_key()],
                "InvoiceRequest",
                "InvoiceAnswer",
                answer("00011"),
            )),
        ),
        (
            "/invoiceServices/REST/v1/regenerate",
            post(call(
                "Give an invoice a new link",
                "Checksum: invoiceId|memberId|key|merchantRedirectUrl. The old link is dead, the time begins anew, an e-mail goes out; also \
                    once it has expired.",
                vec![idempotency_key()],
                "InvoiceAgain",
                "InvoiceAnswer",
                answer("00014"),
            )),
        ),
        (
            "/invoiceServices/REST/v1/inquiry",
            post(about(
                "An invoice as it stands",
                "trackingid is the paymentId that paid it.",
                vec![reading_key()],
                "InvoiceNamed",
                "00026",
            )),
        ),
        (
            "/invoiceServices/REST/v1/cancel",
            post(about(
                "Call an invoice off",
                "Not while a payment is pending.",
                vec![idempotency_key()],
                "InvoiceCancelled",
                "00012",
            )),
        ),
        (
            "/invoiceServices/REST/v1/remind",
            post(about(
                "Write again",
                "One e-mail in five minutes; the repeat answers the same.",
                vec![idempotency_key()],
                "InvoiceNamed",
                "00013",
            )),
        ),
        (
            "/invoiceServices/REST/v1/getInvoice",
            post(call(
                "Invoices, newest first",
                "Checksum: memberId|key, or none.",
                vec![reading_key()],
                "InvoiceListRequest",
                "InvoiceList",
                list(),
            )),
        ),
        (
            "/invoiceServices/REST/v1/setInvoiceConfig",
            post(call(
                "Set how invoices are made",
                "Checksum: memberId|key, with merchantRedirectUrl also |merchantRedirectUrl. What is not sent stays. Also at \
                    getinvoiceconfigdetails, which only reads where nothing is sent.",
                vec![idempotency_key()],
                "InvoiceConfig",
                "InvoiceConfigAnswer",
                config(),
            )),
        ),
        (
            "/merchantServices/api/v1/generatePayByLink",
            post(call(
                "Make a pay link",
                "Checksum: memberId|merchant.orderID|merchant.amount|key. As an invoice that you send yourself: no e-mail goes out. The same \
                    merchant.orderID with the same fields is the same link.",
                vec![idempotency_key()],
                "LinkRequest",
                "LinkAnswer",
                link(),
            )),
        ),
    ]
}

fn post(operation: Value) -> Value {
    json!({"post": operation})
}

/// Their schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let named = || {
        json!({
            "merchantInvoiceId": shown(100, "Your number of it", "1001"),
            "invoiceId": text(10, "Ours, in its place")
        })
    };
    vec![
        ("InvoiceRequest", request()),
        (
            "InvoiceAgain",
            signed(
                &["invoiceId", "merchantRedirectUrl"],
                "bc0769302a27774562a5a510bb770487",
                json!({
                    "invoiceId": shown(10, "The invoice", "1746"),
                    "merchantRedirectUrl": shown(2048, "Where the payer returns", "https://shop.example/return"),
                    "expirationPeriod": text(4, "Hours, 1 to 8760; absent: as before")
                }),
            ),
        ),
        ("InvoiceNamed", signed(&[], "d882959cb42b7ad440337229f861f307", named())),
        (
            "InvoiceCancelled",
            signed(&["cancelReason"], "d882959cb42b7ad440337229f861f307", {
                let mut fields = named();
                fields["cancelReason"] = shown(50, "Told to the customer", "Sold out");
                fields
            }),
        ),
        (
            "InvoiceListRequest",
            json!({
                "type": "object",
                "required": ["authentication.memberId"],
                "properties": {
                    "authentication.memberId": member(),
                    "pagination.pageno": text(9, "From 1"),
                    "pagination.records": text(9, "At most 100; 10 if absent"),
                    "fromdate": text(19, "dd/mm/yyyy or yyyy-mm-dd, with or without a time"),
                    "todate": text(19, "Included"),
                    "invoiceStatus": {"type": "string", "enum": ["generated", "processed", "cancelled", "expired"]}
                }
            }),
        ),
        ("InvoiceConfig", signed(&[], "10e34279fa7ef1da816a8f4c521c6ea1", config_fields())),
        (
            "LinkRequest",
            signed(
                &["merchant.orderID", "merchant.amount", "merchant.currency"],
                "d0ad4d4cb1b3cdd00620ebe0770bc61b",
                json!({
                    "merchant.orderID": shown(100, "Your number of it", "LINK-5"),
                    "merchant.amount": shown(14, "As amount", "20.00"),
                    "merchant.currency": shown(3, "ISO 4217", "USD"),
                    "authentication.expirationTime": text(4, "Hours, or days by setting; 24 hours if absent, at most a year"),
                    "merchant.orderDescription": text(255, "What for"),
                    "merchant.contactName": text(100, "Who pays"),
                    "merchant.email": text(100, "Nothing is sent there"),
                    "merchant.phone": text(25, "Phone"),
                    "merchant.merchantRedirectUrl": text(2048, "Where the payer returns; absent: to our receipt"),
                    "merchant.notificationUrl": text(2048, "Where notifications go")
                }),
            ),
        ),
        ("InvoiceAnswer", shape(&["memberId", "result", "invoiceDetails", "timestamp"])),
        ("InvoiceList", shape(&["memberId", "invoiceList", "totalrecords", "result"])),
        ("InvoiceConfigAnswer", shape(&["memberId", "result", "invoiceConfig", "timestamp"])),
        ("LinkAnswer", shape(&["result"])),
    ]
}

/// An answer's members: texts, but for the objects.
fn shape(names: &[&str]) -> Value {
    let kind = |name: &str| match name {
        "memberId" | "totalrecords" | "timestamp" => json!({"type": "string"}),
        _ => json!({"type": "object"}),
    };
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), kind(name))).collect();
    json!({"type": "object", "properties": properties})
}

fn signed(required: &[&str], sum: &str, fields: Value) -> Value {
    let mut properties = json!({"authentication.memberId": member(), "authentication.checksum": checksum(sum)});
    if let (Some(all), Value::Object(fields)) = (properties.as_object_mut(), fields) {
        all.extend(fields);
    }
    let required: Vec<&str> =
        ["authentication.memberId", "authentication.checksum"].iter().chain(required).copied().collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn request() -> Value {
    signed(
        &["merchantInvoiceId", "amount", "currency", "customer.email", "orderDescription"],
        "1afae06edb639c527bc0245d511bc5c1",
        json!({
            "merchantInvoiceId": shown(100, "Your number of it", "1001"),
            "amount": shown(14, "As in payments", "50.00"),
            "currency": shown(3, "ISO 4217", "USD"),
            "customer.email": shown(100, "Where the e-mail goes", "jon.doe@example.com"),
            "orderDescription": shown(255, "What for", "Two tickets"),
            "merchantRedirectUrl": shown(2048, "Where the payer returns; required unless it is set", "https://shop.example/return"),
            "notificationUrl": text(2048, "Where notifications go"),
            "expirationPeriod": text(4, "Hours, 1 to 8760; absent: as set, 48 at first"),
            "raiseby": text(100, "Who asks; absent: as set, else the merchant"),
            "paymentMode": {"type": "string", "enum": ["CC", "EW", "NB"], "description": "The only way to offer"},
            "customer.givenName": text(50, "Given name"),
            "customer.surname": text(50, "Surname"),
            "customer.phone": text(25, "Phone")
        }),
    )
}

fn config_fields() -> Value {
    json!({
        "expirationPeriod": shown(4, "Hours, 1 to 8760", "48"),
        "remindAfter": shown(4, "Hours to a reminder that goes out by itself; 0: never", "0"),
        "maxReminders": shown(1, "0 to 5", "0"),
        "merchantRedirectUrl": text(2048, "Where payers return"),
        "notificationUrl": text(2048, "Where notifications go"),
        "raiseby": text(100, "Who asks")
    })
}

fn answer(code: &'static str) -> Value {
    json!({
        "memberId": "11344", "result": result(code), "invoiceDetails": row(), "timestamp": "2026-01-15 10:40:00"
    })
}

fn result(code: &'static str) -> Value {
    json!({"code": code, "description": crate::dialects::transaction_services::codes::description(code)})
}

fn row() -> Value {
    json!({
        "invoiceId": "1746000001", "systemInvoiceId": "1746000001", "merchantInvoiceId": "1001", "orderId": "1001", "amount": "50.00",
        "currency": "USD", "expirationPeriod": "48", "createdDate": "2026-01-15 10:40:00.0", "expiryDate": "2026-01-17 10:40:00.0",
        "transactionUrl": "https://pay.example/transaction/PayInvoice?inv=1746000001&ct=m2HcD9mpgdnaCmwk",
        "invoiceStatus": "generated", "transactionStatus": "", "trackingid": "", "raiseby": "Shop Ltd",
        "orderDescription": "Two tickets",
        "customerDetails": {
            "customername": "Jon Doe", "customeraddress": "", "customermobileno": "", "customeremail": "jon.doe@example.com"
        },
        "mailStatus": "queued", "remindersSent": "0", "cancelReason": "", "dtstamp": "1768473600"
    })
}

fn list() -> Value {
    json!({"memberId": "11344", "invoiceList": {"0": row()}, "totalrecords": "1", "result": result("00026")})
}

fn config() -> Value {
    json!({
        "memberId": "11344", "result": result("00020"),
        "invoiceConfig": {
            "expirationPeriod": "48", "remindAfter": "0", "maxReminders": "0", "merchantRedirectUrl": "", "notificationUrl": "",
            "raiseby": ""
        },
        "timestamp": "2026-01-15 10:40:00"
    })
}

fn link() -> Value {
    json!({"result": {
        "code": "00026", "description": "Your record found successfully",
        "url": "https://pay.example/transaction/PayByLink?orderId=LINK-5&authToken=a4000890-6b0e-4d3d-83f7-ca172753edae"
    }})
}
