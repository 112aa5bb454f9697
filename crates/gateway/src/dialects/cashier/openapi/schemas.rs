//! The shapes of bodies.

use serde_json::{Value, json};

use super::reference;

/// All named schemas.
pub(super) fn schemas() -> Value {
    json!({
        "S2sRequest": {
            "type": "object",
            "required": ["request", "card_details"],
            "properties": {
                "request": request(
                    "routing_id",
                    "Provider or route; absent: the rules for cards decide. provider_id is read when it is absent",
                    &["ip"]
                ),
                "card_details": reference("CardDetails")
            }
        },
        "DirectRequest": {
            "type": "object",
            "required": ["request"],
            "properties": {"request": request(
                "provider_id",
                "Provider or route, of a route the first member with a page. routing_id is read when it is absent",
                &["provider_id"]
            )}
        },
        "WithdrawalRequest": {
            "type": "object",
            "required": ["request"],
            "properties": {"request": withdrawal_request()}
        },
        "HostedRequest": {
            "type": "object",
            "required": ["request"],
            "properties": {"request": hosted_request()}
        },
        "Token": {
            "type": "object",
            "required": ["token"],
            "properties": {"token": {
                "type": "string", "minLength": 50, "maxLength": 50,
                "description": "Names the payer's page, for 30 minutes from now"
            }}
        },
        "Approval": {
            "type": "object",
            "required": ["transaction_id"],
            "properties": {"transaction_id": described("string", "Our transaction id or the tracking_id")}
        },
        "Rejection": {
            "type": "object",
            "required": ["transaction_id"],
            "properties": {
                "transaction_id": described("string", "Our transaction id or the tracking_id"),
                "reason": {
                    "type": "string", "maxLength": 200, "description": "Printable ASCII; becomes rejected_reason"
                }
            }
        },
        "Approved": {
            "type": "object",
            "properties": {"message": {"type": "string"}, "transaction_status": status()}
        },
        "CardDetails": card_details(),
        "Customer": customer(),
        "Settings": settings(),
        "Payment": {
            "type": "object",
            "required": ["url", "transaction_status"],
            "properties": {
                "url": described("string", "Where to send the payer's browser; empty: nowhere"),
                "transaction_status": status(),
                "error": {
                    "description": "Only with rejected. A string, or with the setting s2s_error an object",
                    "oneOf": [
                        {"type": "string"},
                        {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
                    ]
                }
            }
        },
        "Status": {
            "type": "object",
            "required": ["transaction_status"],
            "properties": {
                "transaction_status": status(),
                "rejected_reason": described("string", "Only with rejected")
            }
        },
        "NestedRow": nested_row(),
        "FlatRow": flat_row(),
        "Webhook": webhook(),
        "Error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "errors": {
                    "type": "array",
                    "description": "With 9001, 9003, 9004 and a blocked payer: every faulty field",
                    "items": {
                        "type": "object",
                        "required": ["field", "message"],
                        "properties": {
                            "field": described("string", "Path with dots, such as request.customer.dob"),
                            "message": {"type": "string"}
                        }
                    }
                }
            }
        }
    })
}

fn described(kind: &str, description: &str) -> Value {
    json!({"type": kind, "description": description})
}

fn request(provider_field: &str, provider: &str, more: &[&str]) -> Value {
    let required: Vec<&str> = ["user_id", "tracking_id", "amount", "currency"].iter().chain(more).copied().collect();
    let ip = "IPv4 or IPv6 address of the payer";
    json!({
        "type": "object",
        "required": required,
        "properties": {
            "mode": described("string", "test or live; absent: the key decides. A contradiction is 9006"),
            "settings": reference("Settings"),
            "user_id": {
                "type": ["string", "integer"], "minLength": 1, "maxLength": 64,
                "description": "Your id of the payer; printable ASCII, kept as text"
            },
            "tracking_id": {
                "type": "string", "minLength": 1, "maxLength": 64,
                "description": "Your id of the transaction; printable ASCII without spaces, used once"
            },
            "ip": described("string", ip),
            "amount": {
                "type": ["number", "string"], "examples": [10.05],
                "description": "Major units, a plain decimal with no more decimals than the currency has"
            },
            "currency": {
                "type": "string", "minLength": 3, "maxLength": 3, "examples": ["EUR"],
                "description": "Active ISO 4217 code"
            },
            provider_field: {"type": ["integer", "string"], "description": provider},
            "customer": reference("Customer")
        }
    })
}

/// A withdrawal's provider is chosen by the rules.
fn withdrawal_request() -> Value {
    let mut request = request("theme", "", &[]);
    request["properties"]["theme"] = theme();
    request
}

fn theme() -> Value {
    described("string", "dark, light or auto; another name counts as the credential's own")
}

/// A request without a provider: the payer chooses.
fn hosted_request() -> Value {
    let mut request = request("theme", "", &[]);
    request["properties"]["theme"] = theme();
    request["properties"]["amount_restricted"] = json!({
        "type": "boolean", "default": true,
        "description": "false: the payer may choose any amount within the limits, and what was paid is what is reported"
    });
    request["properties"]["settings"] = json!({"allOf": [reference("Settings"), {
        "type": "object",
        "properties": {
            "methods": {
                "type": "array",
                "items": {"enum": ["card", "bank_transfer", "e_wallet", "voucher", "crypto"]},
                "description": "What to offer, in this order; absent or empty: all"
            },
            "providers": {
                "type": "array", "items": {"type": "integer"},
                "description": "Whom to offer, by their numbers; absent or empty: all"
            }
        }
    }]});
    request
}

fn settings() -> Value {
    let page = |when: &str| {
        let description =
            format!("Where the payer's browser goes when {when}; absent: the credential's, else our receipt");
        json!({"type": "string", "maxLength": 2048, "description": description})
    };
    json!({
        "type": ["object", "null"],
        "properties": {
            "success_url": page("paid"),
            "failure_url": page("rejected"),
            "pending_url": page("the payment is still open"),
            "webhook_url": {
                "type": "string", "maxLength": 2048,
                "description": "Where events go; absent: the credential's. https, under DEV also http"
            },
            "locale": described("string", "Language of the payer's pages, BCP 47")
        }
    })
}

fn customer() -> Value {
    let text = |length_max: u32| json!({"type": "string", "maxLength": length_max});
    json!({
        "type": ["object", "null"],
        "properties": {
            "max_deposit_limit": {
                "type": "number", "minimum": 0, "description": "The most that may be paid, in the request's currency"
            },
            "first_name": text(100), "last_name": text(100), "city": text(100), "address": text(200),
            "zip_code": {"type": ["string", "integer"], "maxLength": 16},
            "email": text(254),
            "kyc_status": {"type": "string", "maxLength": 32, "description": "Read by provider rules"},
            "dob": described("string", "DD/MM/YYYY, or by a setting MM/DD/YYYY; YYYY-MM-DD always"),
            "country_code": {"type": "string", "maxLength": 2, "description": "ISO 3166-1 alpha-2"},
            "phone": {"type": ["object", "null"], "properties": {
                "country": text(2), "number": {"type": ["integer", "string"]}, "prefix": {"type": ["integer", "string"]}
            }},
            "tags": {"type": "array", "maxItems": 20, "items": text(32), "description": "Read by provider rules"}
        }
    })
}

fn card_details() -> Value {
    json!({
        "type": "object",
        "required": ["holder_name", "card_number", "cvc", "exp_month", "exp_year"],
        "properties": {
            "holder_name": {"type": "string", "minLength": 2, "maxLength": 100},
            "card_number": described("string", "12 to 19 digits with a right check digit; spaces and dashes are dropped"),
            "cvc": {"type": "string", "pattern": "^[0-9]{3,4}$", "description": "3 or 4 digits, American Express 4"},
            "exp_month": {"type": ["string", "integer"], "description": "05 or 5"},
            "exp_year": {"type": ["string", "integer"], "description": "2025 or 25"}
        }
    })
}

fn nested_row() -> Value {
    let (text, amount) = (json!({"type": "string"}), amount());
    json!({"type": "object", "properties": {
        "transaction": {"type": "object", "properties": {
            "id": text, "date": text, "type": text, "status": status(), "transaction_id": text, "tracking_id": text
        }},
        "provider": {"type": "object", "properties": {
            "provider": text, "provider_name": text, "provider_id": text,
            "amount": amount, "credited_amount": amount, "fx": amount
        }},
        "customer": {"type": "object", "properties": {
            "id": {"type": ["string", "integer"]}, "first_name": text, "last_name": text, "dob": text, "country": text,
            "tags": {"type": "array", "items": text}, "IP": text
        }}
    }})
}

fn amount() -> Value {
    json!({"type": "object", "properties": {"value": {"type": "number"}, "currency": {"type": "string"}}})
}

fn flat_row() -> Value {
    let (text, number) = (json!({"type": "string"}), json!({"type": "number"}));
    json!({"type": "object", "properties": {
        "transaction_id": text, "gateway_transaction_id": text, "provider_transaction_id": text,
        "transaction_type": text, "transaction_date": text, "status": status(), "payment_provider": text,
        "customer_id": {"type": ["string", "integer"]}, "amount": number, "currency": text, "user_amount": number,
        "user_currency": text, "fx_amount": number
    }})
}

fn webhook() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["transaction_id", "user_id", "tracking_id", "status", "currency", "amount", "transaction_type"],
        "properties": {
            "transaction_id": text, "user_id": text, "tracking_id": text, "status": status(), "currency": text,
            "amount": described("string", "With all decimals of the currency"),
            "transaction_type": text,
            "provider": described("string", "Edition nested only"),
            "rejected_reason": described("string", "Edition nested only, and only with rejected")
        }
    })
}

fn status() -> Value {
    json!({
        "type": "string",
        "description": "pending, successful or rejected; with the setting extended_statuses also partially_refunded, \
            refunded, charged_back, cancelled, expired, returned"
    })
}

/// A row of the nested list.
pub(super) fn nested_sample() -> Value {
    json!({
        "transaction": {
            "id": "g7xp8kudinz3tyi", "date": "2024-07-05 11:53:25", "type": "deposit", "status": "successful",
            "transaction_id": "g7xp8kudinz3tyi", "tracking_id": "fb832194-34e1-4e6c-8494-d88034cf3e47"
        },
        "provider": {
            "provider": "simulator", "provider_name": "Card Simulator", "provider_id": "sh7gv8knfxpktgh",
            "amount": {"value": 10, "currency": "EUR"}, "credited_amount": {"value": 10, "currency": "EUR"},
            "fx": {"value": 10, "currency": "EUR"}
        },
        "customer": {
            "id": 128, "first_name": "John", "last_name": "Doe", "dob": "1985-05-20", "country": "US",
            "tags": ["Premium", "Trusted"], "IP": "192.168.0.1"
        }
    })
}

/// A webhook's body.
pub(super) fn webhook_sample() -> Value {
    json!({
        "transaction_id": "g7xp8kudinz3tyi", "user_id": "U123",
        "tracking_id": "fb832194-34e1-4e6c-8494-d88034cf3e47", "status": "rejected", "currency": "EUR",
        "amount": "10.05", "transaction_type": "deposit", "provider": "simulator",
        "rejected_reason": "Insufficient funds"
    })
}
