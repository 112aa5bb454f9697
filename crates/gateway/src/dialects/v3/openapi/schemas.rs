//! The shapes of bodies, and the samples.

use serde_json::{Value, json};

/// All named schemas.
pub(super) fn schemas() -> Value {
    json!({
        "PaymentRequest": {
            "type": "object",
            "required": ["entityId", "paymentType"],
            "properties": {
                "entityId": {"type": "string", "description": "The entity that the token acts for", "examples": ["EB000001"]},
                "amount": {
                    "type": "string", "pattern": "^[0-9]{1,12}(\\.[0-9]{2})?$",
                    "description": "Needed but for CV. Three decimals where the currency has three", "examples": ["92.00"]
                },
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "Needed but for CV", "examples": ["EUR"]},
                "paymentType": {"type": "string", "enum": ["DB", "PA", "CV", "CD"], "description": "Take the money, hold it, verify the card (for which no amount is needed), or pay out"},
                "paymentBrand": text(32, "Absent: told by the card number. A redirect brand, such as IDEAL or PAYPAL, without card fields"),
                "card.number": {"type": "string", "description": "12 to 19 digits; blanks and dashes are dropped", "examples": ["4200000000000000"]},
                "card.holder": text(128, "The name on the card"),
                "card.expiryMonth": {"type": "string", "pattern": "^(0[1-9]|1[0-2])$", "description": "Required with card.number"},
                "card.expiryYear": {"type": "string", "pattern": "^(19|20)[0-9]{2}$", "description": "Required with card.number"},
                "card.cvv": {"type": "string", "pattern": "^[0-9]{3,4}$", "description": "Never stored"},
                "card.token": text(64, "A registration in place of the card fields"),
                "createRegistration": {"type": "string", "enum": ["true", "false"], "description": "Store the card; answers registrationId"},
                "merchantTransactionId": text(255, "Your reference; the same again gets the same answer"),
                "shopperResultUrl": text(2048, "Where the payer's browser returns; required when the payer must act"),
                "notificationUrl": text(2048, "Where notifications go, else to the credential's"),
                "bankAccount.iban": text(34, "Where a payout goes, in place of a card; with bankAccount.holder"),
                "standingInstruction.mode": {"type": "string", "enum": ["INITIAL", "REPEATED"], "description": "With .type and .source: an agreement, or a charge on one"},
                "threeDSecure.eci": text(2, "With .authenticationStatus, .verificationId and others: a result obtained elsewhere"),
                "descriptor": text(127, "What stands on the payer's statement"),
                "merchantInvoiceId": text(255, "Echoed"),
                "merchantMemo": text(255, "Kept"),
                "transactionCategory": text(32, "Kept"),
                "testMode": {
                    "type": "string", "enum": ["INTERNAL", "EXTERNAL"],
                    "description": "Test credentials: which success code of the older platform is answered"
                },
                "entityType": {"type": "string", "enum": ["MERCHANT", "POS", "PARTICIPATOR"]},
                "merchant.id": text(255, "The sub-merchant; echoed"),
                "customer.givenName": text(50, "As all customer.* fields: echoed"),
                "customer.surname": text(50, ""),
                "customer.email": text(128, ""),
                "customer.ip": text(50, "Checked against the block list"),
                "billing.street1": text(100, "As all billing.* and shipping.* fields: echoed"),
                "billing.country": {"type": "string", "pattern": "^[A-Z]{2}$"},
                "cart.items[0].name": text(2048, "Any field of any item; echoed in the order of the items"),
                "customParameters[key]": text(2048, "Your own; the key has 3 to 64 letters, digits, dots and underscores")
            }
        },
        "EntityRequest": {
            "type": "object",
            "required": ["entityId"],
            "properties": {"entityId": {"type": "string", "description": "The entity that the token acts for", "examples": ["EB000001"]}}
        },
        "CardRequest": {
            "type": "object",
            "required": ["entityId", "card.number", "card.expiryMonth", "card.expiryYear"],
            "properties": {
                "entityId": {"type": "string", "description": "The entity that the token acts for", "examples": ["EB000001"]},
                "card.number": {"type": "string", "description": "12 to 19 digits"},
                "card.holder": text(128, "The name on the card"),
                "card.expiryMonth": {"type": "string", "pattern": "^(0[1-9]|1[0-2])$"},
                "card.expiryYear": {"type": "string", "pattern": "^(19|20)[0-9]{2}$"},
                "paymentBrand": text(32, "Absent: told by the card number"),
                "customer.merchantCustomerId": text(255, "Your name for the payer"),
                "merchantTransactionId": text(255, "Your reference; the same again gets the same answer")
            }
        },
        "Order": {
            "type": "object",
            "required": ["entityId", "paymentType"],
            "properties": {
                "entityId": {"type": "string", "description": "The entity that the token acts for", "examples": ["EB000001"]},
                "paymentType": {"type": "string", "enum": ["CP", "RF", "RV"]},
                "amount": {"type": "string", "description": "Required but for RV, where it must be the whole when sent"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "The original's; required but for RV"},
                "sequence": {"type": "string", "enum": ["FINAL"], "description": "Of a capture: the last, the rest is released"},
                "merchantTransactionId": text(255, "The reference of this order"),
                "originalTransactionId": text(32, "When sent, the id in the path")
            }
        },
        "Transaction": {
            "type": "object",
            "required": ["id", "result", "buildNumber", "timestamp", "ndc"],
            "properties": {
                "id": described("32 hexadecimal digits"),
                "registrationId": described("The stored card, where one is stored or was charged"),
                "referencedId": described("The transaction that it acts on; CP, RF and RV only"),
                "paymentType": {"type": "string", "enum": ["DB", "PA", "CV", "CD", "CP", "RF", "RV", "CB"]},
                "paymentBrand": described("The brand of card, bank or wallet"),
                "amount": described("Two decimals, three where the currency has three"),
                "currency": described("ISO 4217"),
                "descriptor": described("What stands on the payer's statement"),
                "merchantTransactionId": described("Your reference"),
                "merchantInvoiceId": described("Your invoice"),
                "result": reference("Result"),
                "resultDetails": {"type": "object", "properties": {
                    "ExtendedDescription": described("What happened, in words"),
                    "AcquirerResponse": described("The bank's response code as it was told"),
                    "ConnectorTxID1": described("The provider's reference"),
                    "clearingInstituteName": described("The provider")
                }},
                "card": {"type": "object", "properties": {
                    "bin": described("The first six digits"),
                    "last4Digits": described("The last four"),
                    "holder": described("The name on it, or nothing"),
                    "expiryMonth": described("01 to 12"),
                    "expiryYear": described("Four digits")
                }},
                "customer": echoed(),
                "billing": echoed(),
                "shipping": echoed(),
                "cart": echoed(),
                "customParameters": echoed(),
                "merchant": echoed(),
                "redirect": {
                    "type": "object",
                    "description": "Only while the payer must act",
                    "properties": {
                        "url": described("Send the payer's browser there, by GET or POST"),
                        "method": {"type": "string", "enum": ["POST"]},
                        "parameters": {"type": "array", "items": {"type": "object"}}
                    }
                },
                "risk": {"type": "object", "properties": {"score": described("0 to 100")}},
                "summary": {
                    "type": "object",
                    "description": "Where the payment's money stands; readings only",
                    "properties": {
                        "state": described("authorised, captured, refunded …"),
                        "authorized": described("Ever held or taken"),
                        "captured": described("Taken"),
                        "refunded": described("Given back"),
                        "reversed": described("Released by order"),
                        "chargedBack": described("Taken back by the payer's bank")
                    }
                },
                "buildNumber": described("Which build of Florin answered"),
                "timestamp": described("When the transaction changed last"),
                "ndc": described("A trace id, the same in every answer about the transaction"),
                "payments": {"type": "array", "items": {"type": "object"}, "description": "Linked transactions, where asked for"}
            }
        },
        "Result": {"type": "object", "required": ["code", "description"], "properties": {
            "code": described("What became of it; GET /v3/resultcodes lists all"),
            "description": described("What the code says"),
            "parameterErrors": {"type": "array", "items": {"type": "object", "properties": {
                "name": described("The field"), "value": described("What was sent, as far as it may be shown"),
                "message": described("What it must be")
            }}}
        }},
        "List": {"type": "object", "required": ["result", "payments"], "properties": {
            "result": reference("Result"),
            "buildNumber": described("Which build of Florin answered"),
            "timestamp": described("Now"),
            "ndc": described("A trace id"),
            "payments": {"type": "array", "items": reference("Transaction")}
        }},
        "ResultCodes": {"type": "object", "properties": {"resultCodes": {"type": "array", "items": {
            "type": "object", "properties": {"code": described("000.000.000"), "description": described("What it says")}
        }}}},
        "Error": {"type": "object", "required": ["result", "buildNumber", "timestamp", "ndc"], "properties": {
            "result": reference("Result"),
            "buildNumber": described("Which build of Florin answered"),
            "timestamp": described("Now"),
            "ndc": described("A trace id")
        }}
    })
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn text(longest: u16, description: &str) -> Value {
    // An empty value is an absent one, so it is never too short.
    json!({"type": "string", "maxLength": longest, "description": description})
}

fn described(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn echoed() -> Value {
    json!({"type": "object", "description": "As it was sent"})
}

/// The contract's sample request.
pub(super) fn request_sample() -> Value {
    json!({
        "entityId": "EB000001", "amount": "92.00", "currency": "EUR", "paymentType": "DB", "paymentBrand": "VISA",
        "card.number": "4200000000000000", "card.holder": "Jane Jones", "card.expiryMonth": "05", "card.expiryYear": "2034",
        "card.cvv": "123", "merchantTransactionId": "order-1001"
    })
}

/// The contract's sample of a card to store.
pub(super) fn card_sample() -> Value {
    json!({
        "entityId": "EB000001", "card.number": "4242424242424242", "card.holder": "John Doe", "card.expiryMonth": "03",
        "card.expiryYear": "2030"
    })
}

/// The contract's sample registration.
pub(super) fn registration_sample() -> Value {
    json!({
        "id": "8ac7a49f78a6ec6b0178b0b1f4644a3d", "paymentBrand": "VISA",
        "result": {"code": "000.000.000", "description": "Transaction succeeded"},
        "card": {"bin": "424242", "last4Digits": "4242", "holder": "John Doe", "expiryMonth": "03", "expiryYear": "2030"},
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:41:00+00:00", "ndc": "EB000001_791bb52e8965445aa57e5b4f188495a2"
    })
}

/// A charge of a stored card.
pub(super) fn charge_sample() -> Value {
    json!({"entityId": "EB000001", "amount": "10.00", "currency": "EUR", "paymentType": "DB"})
}

/// The contract's sample capture.
pub(super) fn order_sample() -> Value {
    json!({
        "entityId": "EB000001", "paymentType": "CP", "amount": "50.00", "currency": "EUR", "merchantTransactionId": "ship-1"
    })
}

/// The contract's sample answer to it.
pub(super) fn captured_sample() -> Value {
    json!({
        "id": "8ac7a4a19e320e7c019e3369ce872672", "referencedId": "8ac7a4a282d522f70182d53e7a873640", "paymentType": "CP",
        "paymentBrand": "VISA", "amount": "50.00", "currency": "EUR", "descriptor": "4610.8883.4210 Demo Shop",
        "merchantTransactionId": "ship-1", "result": {"code": "000.000.000", "description": "Transaction succeeded"},
        "resultDetails": {"ExtendedDescription": "Approved", "AcquirerResponse": "00", "clearingInstituteName": "Card Simulator"},
        "card": {"bin": "420000", "last4Digits": "0000", "holder": "Jane Jones", "expiryMonth": "05", "expiryYear": "2034"},
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:40:00+00:00", "ndc": "EB000001_66b12f658442479c8ca66166c4999e78"
    })
}

/// The contract's sample answer.
pub(super) fn payment_sample() -> Value {
    json!({
        "id": "8ac7a4a282d522f70182d53e7a873640", "paymentType": "DB", "paymentBrand": "VISA", "amount": "92.00",
        "currency": "EUR", "descriptor": "4610.8883.4210 Demo Shop", "merchantTransactionId": "order-1001",
        "result": {"code": "000.000.000", "description": "Transaction succeeded"},
        "resultDetails": {"ExtendedDescription": "Approved", "AcquirerResponse": "00", "clearingInstituteName": "Card Simulator"},
        "card": {"bin": "420000", "last4Digits": "0000", "holder": "Jane Jones", "expiryMonth": "05", "expiryYear": "2034"},
        "risk": {"score": "100"},
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:39:00+00:00", "ndc": "EB000001_2bac8e434db544f7898023457f80c78f"
    })
}

/// A payment as it is read.
pub(super) fn inquiry_sample() -> Value {
    let mut sample = payment_sample();
    sample["summary"] = json!({
        "state": "captured", "authorized": "92.00", "captured": "92.00", "refunded": "0.00", "reversed": "0.00",
        "chargedBack": "0.00"
    });
    sample
}

/// The contract's sample of a list.
pub(super) fn list_sample() -> Value {
    json!({
        "result": {"code": "000.000.100", "description": "successful request"},
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:43:00+00:00", "ndc": "EB000001_a8efc35bca764fcf8fb4f6711f928c0c",
        "payments": [inquiry_sample()]
    })
}
