//! Stored cards, customers and payouts: their calls, the shapes of their bodies, and the samples.

use serde_json::{Map, Value, json};

use super::schemas::{checksum, member, reference, shown, text};
use super::{call, idempotency_key, reading_key};

/// Lays the calls and shapes into the document.
pub(super) fn extend(document: &mut Value) {
    for (place, more) in [("/paths", paths()), ("/components/schemas", schemas())] {
        if let Some(members) = document.pointer_mut(place).and_then(Value::as_object_mut) {
            members.extend(more);
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn paths() -> Map<String, Value> {
    object(json!({
        "/transactionServices/REST/v1/payout": {"post": call(
            "Pay out",
            "Checksum: memberId|merchantTransactionId|amount|key. To the card of a captured payment (paymentId), a stored card \
                (registrationId), a card (cardNumber …) or an account (bankAccount.*), the first of them that is sent. What is accepted \
                is always P: its end, payoutsuccessful or payoutfailed, is told by a notification and by inquiries. The money is held \
                from then on; too little of it is N with 11051, and nothing is written. References of payouts and of purchases do not meet.\n\n\
                A payment's card can be named where it was kept: with createRegistration, INITIAL, or the setting keep_cards.",
            vec![idempotency_key()],
            "PayoutRequest",
            "Payout",
            payout_sample()
        )},
        "/transactionServices/REST/v1/registrations": {"post": call(
            "Store a card",
            "Checksum: memberId|key|card.number, or memberId|key. Where a provider can ask the card's bank without taking money, it is \
                asked, and its no is 10003. The same card of the same customer is the same registration. Bank accounts are not stored: \
                20013.",
            vec![idempotency_key()],
            "RegistrationRequest",
            "Registration",
            registration_sample()
        )},
        "/transactionServices/REST/v1/paywithtoken/{registrationId}": {"post": call(
            "Charge or delete a stored card",
            "Checksum: memberId|key|registrationId|amount, or memberId|key|merchantTransactionId|amount. Answered as a payment. With \
                recurringType REPEATED the payer takes no part. paymentType DL deletes the card; checksum memberId|key|registrationId; \
                again is no harm. Also at /transactionServices/REST/v1/registrations/{registrationId}.",
            vec![registration_id(), idempotency_key()],
            "TokenPayment",
            "Payment",
            super::schemas::payment_sample()
        )},
        "/transactionServices/REST/v1/getCardsAndAccounts": {"post": call(
            "Stored cards, oldest first",
            "Checksum: memberId|key; with a partner's token also partnerId|partner key.",
            vec![reading_key()],
            "CardsRequest",
            "Cards",
            cards_sample()
        )},
        "/merchantServices/api/v1/customerSignup": {"post": call(
            "Sign a customer up",
            "Checksum: memberId|key|givenName|surname|email, memberId|key, or with a partner's token partnerId|partner \
                key|givenName|surname|email. One customer per member and address: again gives the same number and takes over what has changed.",
            vec![idempotency_key()],
            "CustomerRequest",
            "Customer",
            customer_sample()
        )}
    }))
}

fn registration_id() -> Value {
    json!({
        "name": "registrationId", "in": "path", "required": true, "description": "The stored card",
        "schema": {"type": "string", "examples": ["kGuadVKOymeTYkuAYoxon2vKUzu88Po1"]}
    })
}

fn amount(example: &str) -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,10}(\\.[0-9]{1,3})?$", "examples": [example]})
}

fn schemas() -> Map<String, Value> {
    object(json!({
        "PayoutRequest": {
            "type": "object",
            "required": ["authentication.memberId", "authentication.checksum", "merchantTransactionId", "amount"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("d3e7810be74f8d963b92da34a8ec80af"),
                "authentication.terminalId": text(6, "Absent: the terminal that fits"),
                "merchantTransactionId": shown(100, "Your reference, in a space of its own", "PAYOUT-7"),
                "amount": amount("25.00"),
                "currency": shown(3, "Absent: that of paymentId", "USD"),
                "paymentType": {"type": "string", "enum": ["PO"]},
                "paymentId": text(100, "A captured payment, to whose card it goes"),
                "registrationId": text(100, "A stored card"),
                "cardNumber": {"type": "string", "description": "12 to 19 digits; or card.number", "examples": ["4000000000000051"]},
                "cardExpMonth": shown(2, "1 to 12; or card.expiryMonth", "07"),
                "cardExpYear": shown(4, "2 or 4 digits; or card.expiryYear", "2030"),
                "cardHolderName": text(100, "The name on it; or card.holder"),
                "bankAccount.iban": text(34, "An account"),
                "bankAccount.accountNumber": text(34, "An account without an IBAN"),
                "bankAccount.routingNumber": text(15, "Its bank"),
                "bankAccount.bic": text(11, "Its bank"),
                "bankAccount.holder": text(100, "Whose it is"),
                "notificationUrl": text(2048, "Where the end is told")
            }
        },
        "Payout": {
            "type": "object",
            "properties": {
                "paymentId": {"type": "string"},
                "paymentType": {"type": "string"},
                "status": {"type": "string", "description": "P or N; with the setting payout_answer_status long as payoutStatus"},
                "transactionStatus": {"type": "string", "enum": ["P", "N"]},
                "paymentBrand": {"type": "string"},
                "paymentMode": {"type": "string"},
                "amount": {"type": "string"},
                "currency": {"type": "string"},
                "merchantTransactionId": {"type": "string"},
                "payoutStatus": {"type": "string", "enum": ["payoutstarted", "payoutfailed"]},
                "remark": {"type": "string"},
                "result": reference("Result"),
                "timestamp": {"type": "string"}
            }
        },
        "RegistrationRequest": {
            "type": "object",
            "required": [
                "authentication.memberId", "authentication.checksum", "paymentMode", "paymentBrand", "card.number", "card.expiryMonth",
                "card.expiryYear"
            ],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("a7d2bed832f1302e4f19d8d9b70f5709"),
                "paymentMode": {"type": "string", "enum": ["CC"], "examples": ["CC"]},
                "paymentBrand": shown(32, "The number decides", "VISA"),
                "card.number": {"type": "string", "description": "12 to 19 digits", "examples": ["4000000000000051"]},
                "card.expiryMonth": shown(2, "1 to 12", "07"),
                "card.expiryYear": shown(4, "2 or 4 digits", "2030"),
                "card.cvv": {"type": "string", "pattern": "^[0-9]{3,4}$", "description": "Never stored", "examples": ["745"]},
                "card.holder": text(100, "The name on it"),
                "customer.customerId": text(10, "A customer of customerSignup")
            }
        },
        "Registration": {
            "type": "object",
            "properties": {
                "registrationId": {"type": "string", "description": "32 letters and digits"},
                "id": {"type": "string", "description": "The same"},
                "memberId": {"type": "string"},
                "paymentBrand": {"type": "string"},
                "paymentMode": {"type": "string"},
                "status": {"type": "string", "enum": ["active", "pending", "failed"]},
                "customerId": {"type": "string"},
                "card": {"type": "object"},
                "result": reference("Result"),
                "timestamp": {"type": "string"}
            }
        },
        "TokenPayment": {
            "type": "object",
            "required": ["authentication.memberId", "authentication.checksum"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.checksum": checksum("7b22c81365a3041e5ddd520e369714dc"),
                "amount": amount("50.00"),
                "currency": shown(3, "Required but for DL", "USD"),
                "paymentType": {"type": "string", "enum": ["DB", "PA", "DL"], "description": "DB if absent", "examples": ["DB"]},
                "merchantTransactionId": text(100, "Your reference; absent: FL- and the paymentId"),
                "card.cvv": text(4, "Required with the setting token_cvv_required"),
                "recurringType": {"type": "string", "enum": ["INITIAL", "REPEATED"], "description": "A place in a series"},
                "merchantRedirectUrl": text(2048, "Where the payer returns"),
                "notificationUrl": text(2048, "Where notifications go")
            }
        },
        "CardsRequest": {
            "type": "object",
            "required": ["authentication.checksum"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.partnerId": text(10, "With a partner's token"),
                "authentication.checksum": checksum("10e34279fa7ef1da816a8f4c521c6ea1"),
                "customer.customerId": text(10, "Only this customer's")
            }
        },
        "Cards": {
            "type": "object",
            "properties": {
                "partnerId": {"type": "string"},
                "memberId": {"type": "string"},
                "customerId": {"type": "string"},
                "cards": {"type": "array", "items": {"type": "object"}},
                "bankaccounts": {"type": "array", "items": {"type": "object"}, "description": "Empty: the vault keeps cards"},
                "result": reference("Result"),
                "timestamp": {"type": "string"}
            }
        },
        "CustomerRequest": {
            "type": "object",
            "required": ["authentication.checksum", "customer.givenName", "customer.surname", "customer.email"],
            "properties": {
                "authentication.memberId": member(),
                "authentication.partnerId": text(10, "In place of the member, with a partner's token"),
                "authentication.checksum": checksum("b2c68caa1a25bb0cf1a71eef800dcda8"),
                "customer.givenName": shown(50, "First name", "Jon"),
                "customer.surname": shown(50, "Family name", "Doe"),
                "customer.email": shown(100, "Address", "jon.doe@example.com"),
                "customer.sex": text(10, ""),
                "customer.phone": text(25, ""),
                "customer.birthDate": text(8, "YYYYMMDD"),
                "shipping.country": text(3, "2 or 3 letters"),
                "shipping.postcode": text(16, "")
            }
        },
        "Customer": {
            "type": "object",
            "properties": {
                "memberId": {"type": "string"},
                "customerId": {"type": "string", "description": "Ten digits"},
                "result": reference("Result"),
                "timestamp": {"type": "string"}
            }
        }
    }))
}

fn payout_sample() -> Value {
    json!({
        "paymentId": "5431000001", "paymentType": "PO", "status": "P", "transactionStatus": "P", "paymentBrand": "VISA",
        "paymentMode": "CC", "amount": "25.00", "currency": "USD", "merchantTransactionId": "PAYOUT-7",
        "payoutStatus": "payoutstarted", "remark": "Payout accepted",
        "result": {"code": "00002", "description": "Transaction pending"}, "timestamp": "2026-01-15 11:00:00"
    })
}

fn registration_sample() -> Value {
    json!({
        "registrationId": "kGuadVKOymeTYkuAYoxon2vKUzu88Po1", "id": "kGuadVKOymeTYkuAYoxon2vKUzu88Po1", "memberId": "11344",
        "paymentBrand": "VISA", "paymentMode": "CC", "status": "active", "customerId": "1027900001",
        "card": {"bin": "400000", "last4Digits": "0051", "lastFourDigits": "0051", "expiryMonth": "07", "expiryYear": "2030"},
        "result": {"code": "00003", "description": "Registration created successfully"}, "timestamp": "2026-01-15 10:30:00"
    })
}

fn cards_sample() -> Value {
    json!({
        "partnerId": "195", "memberId": "11344", "customerId": "1027900001",
        "cards": [{
            "registrationId": "kGuadVKOymeTYkuAYoxon2vKUzu88Po1", "registrationStatus": "active", "cardType": "VISA",
            "bin": "400000", "last4Digits": "0051", "expiryMonth": "07", "expiryYear": "2030"
        }],
        "bankaccounts": [], "result": {"code": "00026", "description": "Your record found successfully"},
        "timestamp": "2026-01-15 10:31:00"
    })
}

fn customer_sample() -> Value {
    json!({
        "memberId": "11344", "customerId": "1027900001",
        "result": {"code": "00007", "description": "Cardholder successfully registered"}, "timestamp": "2026-01-15 10:28:39"
    })
}
