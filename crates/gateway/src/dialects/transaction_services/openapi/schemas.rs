//! The shapes of bodies, and the samples.

use serde_json::{Value, json};

/// A named schema.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn text(longest: u32, description: &str) -> Value {
    json!({"type": "string", "maxLength": longest, "description": description})
}

pub(super) fn shown(longest: u32, description: &str, example: &str) -> Value {
    json!({"type": "string", "maxLength": longest, "description": description, "examples": [example]})
}

pub(super) fn member() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,10}$", "description": "The member", "examples": ["11344"]})
}

pub(super) fn checksum(example: &str) -> Value {
    json!({"type": "string", "pattern": "^[0-9a-fA-F]{32}$", "description": "See above", "examples": [example]})
}

/// All named schemas.
pub(super) fn schemas() -> Value {
    json!({
        "MemberLogin": {
            "type": "object",
            "required": ["authentication.partnerId", "merchant.username", "authentication.sKey"],
            "properties": {
                "authentication.partnerId": shown(10, "The partner", "195"),
                "merchant.username": shown(100, "The member's name", "testdoc"),
                "authentication.memberId": text(10, "In place of name and partner"),
                "authentication.sKey": shown(255, "The member's key", "YOUR_KEY")
            }
        },
        "PartnerLogin": {
            "type": "object",
            "required": ["authentication.partnerId", "partner.userName", "authentication.sKey"],
            "properties": {
                "authentication.partnerId": shown(10, "The partner", "195"),
                "partner.userName": shown(100, "The partner's name", "florin"),
                "authentication.sKey": shown(255, "The partner's key", "YOUR_KEY")
            }
        },
        "Renewal": {
            "type": "object",
            "required": ["authentication.partnerId"],
            "properties": {
                "authentication.partnerId": shown(10, "The partner", "195"),
                "authToken": shown(4096, "The old token; else the header AuthToken", "YOUR_TOKEN")
            }
        },
        "Token": {
            "type": "object",
            "properties": {
                "partnerId": {"type": "string"},
                "memberId": {"type": "string", "description": "Members only"},
                "result": reference("Result"),
                "timestamp": {"type": "string"},
                "LoginName": {"type": "string"},
                "AuthToken": {"type": "string", "description": "A JSON Web Token, good for an hour"}
            }
        },
        "PaymentRequest": payment_request(),
        "InquiryRequest": {
            "type": "object",
            "required": ["authentication.memberId", "authentication.checksum"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("72f918ea8e660514df360bf12ac035c8"),
                "paymentType": {"type": "string", "enum": ["IN"], "description": "Below payments/{id}", "examples": ["IN"]},
                "idType": {"type": "string", "enum": ["PID", "MID"], "description": "Which id is meant; absent: ours, then yours"},
                "paymentId": text(100, "Ours"),
                "merchantTransactionId": text(100, "Yours")
            }
        },
        "Order": {
            "type": "object",
            "required": ["authentication.memberId", "authentication.checksum", "paymentType"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("1a7d6ac847ebeedd7a6f56a2ada53b8e"),
                "paymentType": {"type": "string", "enum": ["CP", "RV", "RF", "DB", "PA", "IN"], "examples": ["CP"]},
                "amount": {"type": "string", "description": "Required but for RV and IN", "examples": ["30.00"]},
                "currency": text(3, "That of the payment"),
                "merchantTransactionId": text(100, "Of one of several refunds, or of a repeat"),
                "recurringType": {"type": "string", "enum": ["REPEATED"], "description": "With DB and PA"},
                "idType": {"type": "string", "enum": ["PID", "MID"], "description": "Which id is meant, of RF, IN and repeats"}
            }
        },
        "OrderAnswer": {
            "type": "object",
            "properties": {
                "paymentId": {"type": "string"},
                "paymentType": {"type": "string"},
                "status": {"type": "string", "description": "Where the payment stands"},
                "transactionStatus": {
                    "type": "string", "enum": ["Y", "P", "N", "C", "3D"],
                    "description": "What became of the order: Y, P or N; of an inquiry (IN), where the payment stands"
                },
                "amount": {"type": "string"},
                "currency": {"type": "string"},
                "merchantTransactionId": {"type": "string"},
                "captureamount": {"type": "string"},
                "refundamount": {"type": "string"},
                "remark": {"type": "string"},
                "result": reference("Result"),
                "timestamp": {"type": "string"}
            }
        },
        "CheckoutForm": {
            "type": "object",
            "required": ["memberId", "totype", "amount", "merchantTransactionId", "merchantRedirectUrl", "checksum"],
            "properties": {
                "memberId": member(),
                "totype": shown(100, "The partner's name or id", "florin"),
                "amount": shown(18, "With or without commas between thousands", "50.00"),
                "currency": text(3, "Absent: the terminal's"),
                "merchantTransactionId": shown(100, "Your reference", "ORDER-1001"),
                "merchantRedirectUrl": shown(2048, "Where the payer returns", "https://shop.example/return"),
                "checksum": checksum("738d6048ea6711d3dd5c23f941f6780e"),
                "transactionType": {"type": "string", "enum": ["DB", "PA"]},
                "paymentMode": {"type": "string", "enum": ["CC", "EW", "NB"], "description": "The only way to offer"},
                "notificationUrl": text(2048, "Where notifications go"),
                "createRegistration": {"type": "string", "enum": ["true", "false"]},
                "lang": text(16, "The page's language")
            }
        },
        "ListRequest": {
            "type": "object",
            "required": ["authentication.memberId", "authentication.checksum"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("10e34279fa7ef1da816a8f4c521c6ea1"),
                "pagination.fromdate": shown(19, "dd/mm/yyyy or yyyy-mm-dd, with or without a time; at most 366 days", "01/01/2026"),
                "pagination.todate": shown(19, "Included", "31/01/2026"),
                "pagination.pageno": text(9, "From 1"),
                "pagination.records": text(9, "Rows of a page, at most 100; 10 if absent"),
                "status": text(32, "Only these: capturesuccess …")
            }
        },
        "Result": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "description": {"type": "string"},
                "bankCode": {"type": "string", "description": "The issuer's code as it was told"},
                "bankDescription": {"type": "string"}
            }
        },
        "Payment": payment(),
        "List": {
            "type": "object",
            "properties": {
                "memberId": {"type": "string"},
                "result": reference("Result"),
                "totalrecords": {"type": "string"},
                "transaction": {"type": "array", "items": {"type": "object"}},
                "timestamp": {"type": "string"}
            }
        },
        "Refusal": {
            "type": "object",
            "properties": {
                "paymentId": {"type": "string", "description": "\"-\": nothing was written"},
                "status": {"type": "string", "enum": ["failed", "notfound", "error"]},
                "transactionStatus": {"type": "string", "description": "N where money was to move"},
                "merchantTransactionId": {"type": "string"},
                "amount": {"type": "string"},
                "currency": {"type": "string"},
                "result": reference("Result"),
                "errors": {"type": "array", "description": "With 20007 only", "items": {
                    "type": "object",
                    "properties": {
                        "parameter": {"type": "string"},
                        "rule": {
                            "type": "string",
                            "enum": ["missing", "format", "length", "range", "luhn", "value", "url", "duplicate"]
                        }
                    }
                }},
                "timestamp": {"type": "string"}
            }
        }
    })
}

fn payment_request() -> Value {
    json!({
        "type": "object",
        "required": [
            "authentication.memberId", "authentication.checksum", "merchantTransactionId", "amount", "currency", "paymentType",
            "paymentMode", "paymentBrand"
        ],
        "properties": {
            "authentication.memberId": member(),
            "authentication.checksum": checksum("e49bedda4ba5e8669b4866080953e23e"),
            "authentication.terminalId": text(6, "Absent: the terminal that fits"),
            "merchantTransactionId": shown(100, "Your reference", "ORDER-1001"),
            "amount": {"type": "string", "pattern": "^[0-9]{1,10}(\\.[0-9]{1,3})?$", "examples": ["50.00"]},
            "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$", "examples": ["USD"]},
            "paymentType": {"type": "string", "enum": ["DB", "PA"], "examples": ["DB"]},
            "paymentMode": {"type": "string", "enum": ["CC", "EW", "NB"], "description": "Card, wallet, bank", "examples": ["CC"]},
            "paymentBrand": shown(32, "Of a card its number decides", "VISA"),
            "card.number": {"type": "string", "description": "12 to 19 digits", "examples": ["4000000000000051"]},
            "card.expiryMonth": shown(2, "1 to 12", "07"),
            "card.expiryYear": shown(4, "2 or 4 digits", "2030"),
            "card.cvv": {"type": "string", "pattern": "^[0-9]{3,4}$", "description": "Never stored", "examples": ["745"]},
            "card.holder": text(100, "The name on it"),
            "createRegistration": {"type": "string", "enum": ["true", "false"], "description": "Store the card; answers registrationId"},
            "attemptThreeD": {
                "type": "string", "enum": ["3D", "only3D", "direct"],
                "description": "As the issuer asks, always, or never"
            },
            "recurringType": {"type": "string", "enum": ["INITIAL"], "description": "The first of a series"},
            "merchantRedirectUrl": text(2048, "Where the payer returns; needed for wallets and banks"),
            "redirectMethod": {"type": "string", "enum": ["POST", "GET"], "description": "How the payer returns"},
            "notificationUrl": text(2048, "Where notifications go"),
            "orderDescriptor": text(255, "What is bought"),
            "tmpl_amount": text(14, "What the shop showed; echoed"),
            "tmpl_currency": text(3, "What the shop showed; echoed"),
            "customer.givenName": text(50, ""),
            "customer.surname": text(50, ""),
            "customer.email": text(100, ""),
            "customer.phone": text(25, ""),
            "customer.ip": text(45, "Checked against the block list"),
            "shipping.country": text(3, "2 or 3 letters"),
            "shipping.city": text(60, ""),
            "shipping.postcode": text(16, ""),
            "shipping.street1": text(100, "")
        }
    })
}

fn payment() -> Value {
    json!({
        "type": "object",
        "properties": {
            "paymentId": {"type": "string", "description": "Ten digits"},
            "paymentType": {"type": "string", "enum": ["DB", "PA", "PO"]},
            "paymentBrand": {"type": "string"},
            "paymentMode": {"type": "string"},
            "firstName": {"type": "string"},
            "lastName": {"type": "string"},
            "amount": {"type": "string"},
            "currency": {"type": "string"},
            "descriptor": {"type": "string"},
            "merchantTransactionId": {"type": "string"},
            "registrationId": {"type": "string", "description": "The stored card"},
            "status": {"type": "string", "description": "capturesuccess, authsuccessful, capturefailed …"},
            "transactionStatus": {"type": "string", "enum": ["Y", "N", "C", "P", "3D"]},
            "remark": {"type": "string"},
            "result": reference("Result"),
            "card": {"type": "object"},
            "customer": {"type": "object"},
            "eci": {"type": "string"},
            "bankReferenceId": {"type": "string"},
            "terminalId": {"type": "string"},
            "timestamp": {"type": "string", "description": "UTC"},
            "captureamount": {"type": "string", "description": "Inquiries only, as the next ones"},
            "refundamount": {"type": "string"},
            "chargebackamount": {"type": "string"},
            "transactionResult": reference("Result"),
            "redirect": {"type": "object", "description": "Where the payer must go: url, method, target, parameters"}
        }
    })
}

pub(super) fn token_sample() -> Value {
    json!({
        "partnerId": "195", "memberId": "11344", "result": {"code": "200", "description": "Token generated successfully"},
        "timestamp": "2026-01-15 10:22:31", "LoginName": "testdoc", "AuthToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIi….x1Qk"
    })
}

pub(super) fn partner_token_sample() -> Value {
    json!({
        "partnerId": "195", "result": {"code": "200", "description": "Token generated successfully"},
        "timestamp": "2026-01-15 10:22:31", "LoginName": "florin", "AuthToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIi….x1Qk"
    })
}

pub(super) fn payment_sample() -> Value {
    json!({
        "paymentId": "5428900001", "paymentType": "DB", "paymentBrand": "VISA", "paymentMode": "CC", "firstName": "Jon",
        "lastName": "Doe", "amount": "50.00", "currency": "USD", "descriptor": "FLORIN*SHOP",
        "merchantTransactionId": "ORDER-1001", "status": "capturesuccess", "transactionStatus": "Y", "remark": "Approved",
        "result": {"code": "00001", "description": "Transaction succeeded", "bankCode": "00", "bankDescription": "Approved"},
        "card": {
            "bin": "400000", "last4Digits": "0051", "lastFourDigits": "0051", "holder": "Jon Doe", "expiryMonth": "07",
            "expiryYear": "2030"
        },
        "customer": {"email": "jon.doe@example.com", "id": ""}, "eci": "07", "bankReferenceId": "756209",
        "terminalId": "19671", "timestamp": "2026-01-15 10:22:31"
    })
}

pub(super) fn inquiry_sample() -> Value {
    let mut sample = payment_sample();
    if let Some(members) = sample.as_object_mut() {
        members.shift_remove("result");
        members.insert("captureamount".to_owned(), json!("50.00"));
        members.insert("refundamount".to_owned(), json!("0.00"));
        members.insert("chargebackamount".to_owned(), json!("0.00"));
        members.insert("result".to_owned(), json!({"code": "00026", "description": "Your record found successfully"}));
        members.insert(
            "transactionResult".to_owned(),
            json!({
                "code": "00001", "description": "Transaction succeeded", "bankCode": "00", "bankDescription": "Approved"
            }),
        );
    }
    sample
}

pub(super) fn order_sample() -> Value {
    json!({
        "paymentId": "5428900001", "paymentType": "CP", "status": "capturesuccess", "transactionStatus": "Y", "amount": "30.00",
        "currency": "USD", "merchantTransactionId": "ORDER-1001", "captureamount": "30.00", "refundamount": "0.00",
        "remark": "Captured", "result": {"code": "00004", "description": "Transaction captured successfully"},
        "timestamp": "2026-01-15 10:25:02"
    })
}

pub(super) fn list_sample() -> Value {
    json!({
        "memberId": "11344", "result": {"code": "00026", "description": "Your record found successfully"}, "totalrecords": "1",
        "transaction": [{
            "amount": "50.00", "currency": "USD", "systemPaymentId": "5428900001", "merchantTransactionId": "ORDER-1001",
            "transactionStatus": "capturesuccess", "status": "capturesuccess", "shortStatus": "Y", "captureamount": "50.00",
            "refundamount": "0.00", "chargebackamount": "0.00", "payoutamount": "0.00", "date": "2026-01-15",
            "transactionDate": "2026-01-15 10:22:31", "remark": "Approved"
        }],
        "timestamp": "2026-01-15 12:00:00"
    })
}

pub(super) fn notification_sample() -> Value {
    json!({
        "paymentId": "5428900001", "status": "capturesuccess", "transactionStatus": "Y", "paymentBrand": "VISA", "paymentMode": "CC",
        "firstName": "Jon", "lastName": "Doe", "amount": "50.00", "currency": "USD", "descriptor": "FLORIN*SHOP",
        "merchantTransactionId": "ORDER-1001", "remark": "Approved", "tmpl_amount": "50.00", "tmpl_currency": "USD",
        "checksum": "8446a377386e5a2aa38e33274ff118ca", "result": {"code": "00001", "description": "Transaction succeeded"},
        "customer": {"email": "jon.doe@example.com", "id": ""},
        "card": {"bin": "400000", "last4Digits": "0051", "lastFourDigits": "0051", "expiryMonth": "07", "expiryYear": "2030"},
        "timestamp": "2026-01-15 10:22:31", "eci": "07", "bankReferenceId": "756209", "terminalId": "19671"
    })
}

pub(super) fn refusal_sample() -> Value {
    json!({
        "paymentId": "-", "status": "failed", "transactionStatus": "N", "merchantTransactionId": "ORDER-1001", "amount": "50.00",
        "currency": "USD",
        "result": {"code": "20007", "description": "Validation failed: card.number check digit is wrong"},
        "errors": [{"parameter": "card.number", "rule": "luhn"}], "timestamp": "2026-01-15 10:22:31"
    })
}
