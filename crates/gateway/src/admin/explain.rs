//! `POST /admin/v1/explain`: what would happen to a payment, and why, without making it. The kernel explains by the very
//! choice that a payment goes by; here the question is read and the answer is written.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use florin_engine::directory::Limit;
use florin_engine::{Engine, Needs};
use florin_kernel::card::{BIN_DIGITS, Brand};
use florin_kernel::payment::Mode;
use florin_kernel::routing::{
    CardFacts, Choice, Condition, Explanation, Facts, Method, Misfit, NoRoute, ProviderAccount, ProviderId, Rule,
    RuleOperation, RuleVerdict, explain as explained,
};
use florin_kernel::{Asset, MerchantId, Money};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Refusal, authorise, merchant, read};
use crate::dialects::cashier::Problem;
use crate::server::Gateway;

/// What may be asked about, beside the merchant.
const FIELDS: [&str; 11] = [
    "merchant_id",
    "mode",
    "operation",
    "method",
    "amount",
    "currency",
    "country",
    "kyc_status",
    "tags",
    "card_bin",
    "provider_id",
];
const METHODS: [Method; 5] = [Method::Card, Method::BankTransfer, Method::EWallet, Method::Voucher, Method::Crypto];
/// Fewer digits do not tell the brand.
const BIN_DIGITS_MIN: usize = 6;

/// A hypothetical payment.
struct Question {
    merchant: MerchantId,
    mode: Mode,
    operation: RuleOperation,
    /// None: all, as a page of ours would offer them.
    method: Option<Method>,
    amount: Money,
    country: String,
    kyc_status: String,
    tags: Vec<String>,
    card_bin: String,
    choice: Choice,
}

/// Answers; nothing is written.
pub async fn explain(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let engine = &gateway.engine;
    let question = authorise(engine, &headers).and_then(|()| question(engine, &body));
    match question {
        Ok(question) => Json(answer(engine, &question)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The same for a screen: the answer, or what is wrong with the question, as a sentence without its end.
pub(crate) fn explained_to_a_person(engine: &Engine, body: &Value) -> Result<Value, String> {
    match asked(engine, body) {
        Ok(question) => Ok(answer(engine, &question)),
        Err(Refusal::Invalid { field, message }) => Err(format!("{} {message}", field.replace('_', " "))),
        Err(Refusal::NotFound(message) | Refusal::Conflict(message) | Refusal::Unavailable(message)) => Err(message),
        Err(Refusal::Named { field, message }) => Err(format!("{} {message}", field.replace('_', " "))),
        Err(Refusal::Unauthorised) => Err("question is not allowed".to_owned()),
    }
}

fn question(engine: &Engine, body: &[u8]) -> Result<Question, Refusal> {
    asked(engine, &read(body)?)
}

fn asked(engine: &Engine, body: &Value) -> Result<Question, Refusal> {
    let fields = body.as_object().ok_or_else(|| Refusal::invalid("body", "must be a JSON object"))?;
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(Refusal::invalid(
            "body",
            format!("has a field {unknown:?}, which is none of {}", FIELDS.join(", ")),
        ));
    }
    let currency = text(fields, "currency")?;
    let currency = Asset::from_code(&currency.to_ascii_uppercase());
    let currency = currency.ok_or_else(|| Refusal::invalid("currency", "must be a currency's code"))?;
    let provider = &fields.get("provider_id").cloned().unwrap_or_default();
    Ok(Question {
        merchant: merchant(engine, fields.get("merchant_id").unwrap_or(&Value::Null))?,
        mode: one_of(fields, "mode", "dev or live")?
            .ok_or_else(|| Refusal::invalid("mode", "is required: dev or live"))?,
        operation: one_of(fields, "operation", "deposit or withdrawal")?
            .ok_or_else(|| Refusal::invalid("operation", "is required: deposit or withdrawal"))?,
        method: one_of(fields, "method", "card, bank_transfer, e_wallet, voucher or crypto")?,
        amount: amount(fields, currency)?,
        country: text(fields, "country")?.to_ascii_uppercase(),
        kyc_status: text(fields, "kyc_status")?.to_ascii_lowercase(),
        tags: one_of(fields, "tags", "an array of strings")?.unwrap_or_default(),
        card_bin: card_bin(fields)?,
        choice: match (provider, provider.as_i64()) {
            (Value::Null, _) => Choice::Rules,
            (_, Some(number)) => Choice::Named(ProviderId::new(number)),
            (_, None) => return Err(Refusal::invalid("provider_id", "must be the number of a provider or route")),
        },
    })
}

fn text(fields: &Map<String, Value>, field: &'static str) -> Result<String, Refusal> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(value) => value.as_str().map(str::to_owned).ok_or_else(|| Refusal::invalid(field, "must be a string")),
    }
}

/// A field that is one of our own words, or a list of texts.
fn one_of<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    field: &'static str,
    what: &str,
) -> Result<Option<T>, Refusal> {
    let read = fields.get(field).cloned().filter(|value| !value.is_null()).map(serde_json::from_value);
    read.transpose().map_err(|_| Refusal::invalid(field, format!("must be {what}")))
}

fn amount(fields: &Map<String, Value>, currency: Asset) -> Result<Money, Refusal> {
    let text = match fields.get("amount") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        None | Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(Refusal::invalid("amount", "must be a decimal number, or a string of one"));
        }
    };
    Money::parse(&text, currency).map_err(|error| Refusal::invalid("amount", error.to_string()))
}

fn card_bin(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let bin = text(fields, "card_bin")?;
    let fits = (BIN_DIGITS_MIN..=BIN_DIGITS).contains(&bin.len()) && bin.bytes().all(|byte| byte.is_ascii_digit());
    match bin.is_empty() || fits {
        true => Ok(bin),
        // Nobody shall send a whole card number here.
        false => Err(Refusal::invalid("card_bin", "must be the first 6 to 8 digits of a card's number, as a string")),
    }
}

impl Question {
    fn facts(&self, engine: &Engine, method: Method, needs: Needs) -> Facts<'_> {
        let is_entered = method == Method::Card && matches!(needs, Needs::TakesCards | Needs::Payout);
        let card = match (is_entered, self.card_bin.as_str()) {
            (false, _) => CardFacts::Unseen,
            (true, "") => CardFacts::Awaited,
            (true, bin) => CardFacts::Given { brand: Brand::of(bin), bin },
        };
        Facts {
            payment: engine.new_payment_id(),
            attempt: 0,
            merchant: self.merchant,
            mode: self.mode,
            operation: self.operation,
            method,
            card,
            amount: self.amount,
            country: &self.country,
            kyc_status: &self.kyc_status,
            tags: &self.tags,
        }
    }
}

fn answer(engine: &Engine, question: &Question) -> Value {
    let methods: Vec<Method> = question.method.map_or(METHODS.to_vec(), |method| vec![method]);
    let (mut answers, mut refusal, mut is_taken) = (Vec::new(), NoRoute::NoRule, false);
    for method in methods {
        let (answer, result) = method_answer(engine, question, method);
        answers.push(answer);
        match result {
            Ok(()) => is_taken = true,
            Err(NoRoute::NoRule) => {}
            Err(other) => refusal = other,
        }
    }
    let limits = broken_limits(engine, question);
    let problem = match (&limits[..], is_taken) {
        ([_, ..], _) => Some(Problem::AmountOutside(Vec::new())),
        ([], true) => None,
        ([], false) => Some(problem(&refusal)),
    };
    let refusal = problem.map(|problem| {
        let (code, _, message) = problem.line();
        json!({"cashier_code": code, "message": message, "broken_limits": limits})
    });
    json!({
        "merchant_id": question.merchant.number(),
        "mode": question.mode,
        "operation": question.operation,
        "amount": question.amount.decimal(),
        "currency": question.amount.asset(),
        "result": if refusal.is_none() { "taken" } else { "refused" },
        "refusal": refusal,
        "methods": answers,
    })
}

/// The merchant's own limits that do not admit the amount.
fn broken_limits(engine: &Engine, question: &Question) -> Vec<Value> {
    let directory = engine.directory();
    let Some(merchant) = directory.merchant(question.merchant) else { return Vec::new() };
    let limits = match question.operation {
        RuleOperation::Deposit => &merchant.limits,
        RuleOperation::Withdrawal => &merchant.withdrawals.limits,
    };
    let amount = question.amount;
    let breaks =
        |limit: &&Limit| limit.asset() == amount.asset() && (limit.min.exceeds(amount) || amount.exceeds(limit.max));
    limits.iter().filter(breaks).map(|limit| bounds(limit.min, limit.max)).collect()
}

fn bounds(min: Money, max: Money) -> Value {
    json!({"min": min.decimal(), "max": max.decimal()})
}

fn problem(refusal: &NoRoute) -> Problem {
    match refusal {
        NoRoute::NotFound => Problem::CredentialNotFound,
        NoRoute::Unavailable => Problem::ProviderUnavailable(Vec::new()),
        NoRoute::Amount { .. } => Problem::AmountOutside(Vec::new()),
        NoRoute::NoRule => Problem::NoRule,
    }
}

/// One method, as a page of ours would offer it: what is best for the payer first.
fn method_answer(engine: &Engine, question: &Question, method: Method) -> (Value, Result<(), NoRoute>) {
    let directory = engine.directory();
    let mut last = (Value::Null, Err(NoRoute::NoRule));
    for needs in Needs::of(question.operation, method) {
        let facts = question.facts(engine, method, *needs);
        let explanation =
            explained(directory.catalogue(), &facts, question.choice, &|account| engine.can(account, *needs));
        let result = explanation.accounts.as_ref().map(drop).map_err(NoRoute::clone);
        let is_taken = result.is_ok();
        // The first refusal stands: the way that was preferred.
        if is_taken || last.0.is_null() {
            last = (write(&explanation, &facts, *needs), result);
        }
        if is_taken {
            break;
        }
    }
    last
}

fn write(explanation: &Explanation<'_>, facts: &Facts<'_>, needs: Needs) -> Value {
    let entry = match needs {
        Needs::TakesCards => "card",
        Needs::TakesVouchers => "voucher",
        Needs::Page => "provider_page",
        Needs::Payout => "payout",
        Needs::Verification => "verification",
    };
    let rules: Vec<Value> =
        explanation.rules.iter().map(|(rule, verdict)| rule_answer(rule, *verdict, facts)).collect();
    let providers: Vec<Value> = explanation.members.iter().map(|(id, fits)| member_answer(*id, fits, facts)).collect();
    let mut answer = json!({"method": facts.method, "entry": entry, "rules": rules, "providers": providers});
    match &explanation.accounts {
        Ok(accounts) => {
            answer["result"] = "taken".into();
            answer["order"] = accounts.iter().map(|account| account.id.number()).collect();
            answer["cascade"] = explanation.cascade.into();
            if let Some(auto) = explanation.auto_approval {
                let daily = auto.daily.map(Money::decimal);
                answer["auto_approve"] = json!({"up_to": auto.up_to.decimal(), "daily_per_user": daily});
            }
            answer["trail"] = json!(explanation.trail);
        }
        Err(refusal) => {
            answer["result"] = "refused".into();
            answer["reason"] = refusal.to_string().into();
        }
    }
    answer
}

fn rule_answer(rule: &Rule, verdict: RuleVerdict, facts: &Facts<'_>) -> Value {
    let word = match verdict {
        RuleVerdict::Decides => "decides",
        RuleVerdict::NotMet(_) => "not_met",
        RuleVerdict::AwaitsCard => "awaits_card",
        RuleVerdict::LeavesNobody => "leaves_nobody",
        RuleVerdict::NotReached => "not_reached",
    };
    let mut answer = json!({"id": rule.id, "order": rule.order, "verdict": word});
    if let RuleVerdict::NotMet(condition) = verdict {
        let (wanted, given) = compared(rule, condition, facts);
        answer["condition"] = json!(condition);
        answer["wanted"] = wanted;
        answer["given"] = given;
    }
    answer
}

/// What a rule asks for and what the payment has.
fn compared(rule: &Rule, condition: Condition, facts: &Facts<'_>) -> (Value, Value) {
    let asked = &rule.conditions;
    let (brand, bin) = match facts.card {
        CardFacts::Given { brand, bin } => (json!(brand), json!(bin)),
        CardFacts::Unseen | CardFacts::Awaited => (Value::Null, Value::Null),
    };
    let amount = || json!(facts.amount.decimal());
    match condition {
        Condition::Currencies => (json!(asked.currencies), json!(facts.amount.asset())),
        Condition::Countries => (json!(asked.countries), json!(facts.country)),
        Condition::AmountMin => (json!(asked.amount_min), amount()),
        Condition::AmountMax => (json!(asked.amount_max), amount()),
        Condition::KycStatus => (json!(asked.kyc_status), json!(facts.kyc_status())),
        Condition::TagsAny => (json!(asked.tags_any), json!(facts.tags)),
        Condition::TagsAll => (json!(asked.tags_all), json!(facts.tags)),
        Condition::TagsNone => (json!(asked.tags_none), json!(facts.tags)),
        Condition::CardBrands => (json!(asked.card_brands), brand),
        Condition::CardBins => (json!(asked.card_bins), bin),
    }
}

fn member_answer(id: ProviderId, fits: &Result<&Arc<ProviderAccount>, Misfit>, facts: &Facts<'_>) -> Value {
    match fits {
        Ok(account) => json!({"provider_id": id.number(), "name": account.name, "fits": true}),
        Err(misfit) => {
            let mut answer = json!({"provider_id": id.number(), "fits": false, "reason": misfit});
            if let Misfit::Amount = misfit {
                answer["given"] = facts.amount.decimal().into();
            }
            answer
        }
    }
}
