//! What would happen to a payment, by the answer of `POST /admin/v1/explain`, in words.

use serde_json::{Value, json};

use crate::admin::explained;
use crate::portal::show::Badge;
use crate::portal::visit::{AtMerchant, Fields};

/// The question as it was typed.
pub(in crate::portal) struct Asked {
    pub(in crate::portal) operation: String,
    pub(in crate::portal) method: String,
    pub(in crate::portal) amount: String,
    pub(in crate::portal) currency: String,
    pub(in crate::portal) country: String,
    pub(in crate::portal) kyc_status: String,
    pub(in crate::portal) tags: String,
    pub(in crate::portal) card_bin: String,
}

/// The answer.
pub(in crate::portal) struct Explained {
    pub(in crate::portal) verdict: Badge,
    pub(in crate::portal) text: String,
    pub(in crate::portal) methods: Vec<MethodAnswer>,
}

/// What becomes of it by one method.
pub(in crate::portal) struct MethodAnswer {
    pub(in crate::portal) method: String,
    pub(in crate::portal) verdict: Badge,
    pub(in crate::portal) text: String,
    pub(in crate::portal) rules: Vec<String>,
    pub(in crate::portal) providers: Vec<String>,
}

impl Asked {
    pub(in crate::portal) fn of(fields: &Fields) -> Asked {
        let text = |name: &str| fields.text(name).to_owned();
        Asked {
            operation: text("operation"),
            method: text("method"),
            amount: text("amount"),
            currency: text("currency"),
            country: text("country"),
            kyc_status: text("kyc_status"),
            tags: text("tags"),
            card_bin: text("card_bin"),
        }
    }

    /// The answer, or what is wrong with the question; nothing where none was asked.
    pub(in crate::portal) fn explained(&self, at: &AtMerchant) -> Option<Result<Explained, String>> {
        if self.operation.is_empty() {
            return None;
        }
        let or_null = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let tags: Vec<&str> = self.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
        let question = json!({
            "merchant_id": at.merchant.id.number(), "mode": at.mode, "operation": self.operation,
            "method": or_null(&self.method), "amount": self.amount, "currency": self.currency,
            "country": self.country, "kyc_status": self.kyc_status, "tags": tags, "card_bin": self.card_bin
        });
        let answer = explained(at.engine(), &question);
        Some(answer.map(|answer| Explained::of(&answer)).map_err(|fault| format!("The {fault}.")))
    }
}

impl Explained {
    fn of(answer: &Value) -> Explained {
        let methods = answer["methods"].as_array().into_iter().flatten().map(MethodAnswer::of).collect();
        let refusal = &answer["refusal"];
        let text = match refusal.is_null() {
            true => "It would be taken.".to_owned(),
            false => format!("It would be refused: {}.", text_of(&refusal["message"]).trim_end_matches('.')),
        };
        Explained { verdict: verdict(refusal.is_null()), text, methods }
    }
}

impl MethodAnswer {
    fn of(answer: &Value) -> MethodAnswer {
        let is_taken = answer["result"] == "taken";
        let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        let order: Vec<String> = list("order").iter().map(Value::to_string).collect();
        let text = match is_taken {
            true if answer["cascade"] == true => {
                format!("Asked in this order: {}, going on after a decline that permits it", order.join(", "))
            }
            true => format!("Asked: {}", order.first().cloned().unwrap_or_default()),
            false => text_of(&answer["reason"]),
        };
        MethodAnswer {
            method: text_of(&answer["method"]).replace('_', " "),
            verdict: verdict(is_taken),
            text,
            rules: list("rules").iter().map(rule).collect(),
            providers: list("providers").iter().map(provider).collect(),
        }
    }
}

fn verdict(is_taken: bool) -> Badge {
    match is_taken {
        true => Badge { meaning: "good", word: "Taken" },
        false => Badge { meaning: "bad", word: "Refused" },
    }
}

fn rule(rule: &Value) -> String {
    let became = match text_of(&rule["verdict"]).as_str() {
        "decides" => "decides".to_owned(),
        "awaits_card" => "may decide once the card is known".to_owned(),
        "leaves_nobody" => "is met, but leaves nobody".to_owned(),
        "not_reached" => "is not asked, one before it decides".to_owned(),
        _ => format!(
            "is not met: {} must be {}, is {}",
            text_of(&rule["condition"]).replace('_', " "),
            listed(&rule["wanted"]),
            listed(&rule["given"])
        ),
    };
    format!("Rule {} {became}", rule["id"])
}

fn provider(provider: &Value) -> String {
    match provider["fits"] == true {
        true => format!("{} {} can take it", provider["provider_id"], text_of(&provider["name"])),
        false => format!("{} is left out: {}", provider["provider_id"], text_of(&provider["reason"]).replace('_', " ")),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Values as a list of words.
fn listed(value: &Value) -> String {
    match value {
        Value::Array(values) if values.is_empty() => "empty".to_owned(),
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(" or "),
        Value::Null => "unknown".to_owned(),
        Value::String(text) if text.is_empty() => "unknown".to_owned(),
        other => text_of(other),
    }
}
