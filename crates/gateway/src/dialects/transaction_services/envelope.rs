//! What a refusal is written on. It learns more while a request is read: what kind of call it is, whose, about what (contract, section 3).

use florin_kernel::Timestamp;
use serde::Serialize;

use super::amounts;
use super::codes::ResultBody;
use super::errors::{Fault, Problem, shown};
use super::fields::Fields;
use super::format::Format;
use super::settings::HttpErrors;
use super::wire::{self, timestamp};

/// What a call is about, as far as refusals differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A login.
    Login,
    /// Moving money.
    Money,
    /// Reading one transaction.
    Inquiry,
    /// Reading a list, or anything that is no transaction.
    Other,
}

/// What a refusal is written on.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// In which form answers go out.
    pub format: Format,
    /// What the call is about.
    pub topic: Topic,
    /// Whether refusals have HTTP statuses of their own.
    pub http_errors: HttpErrors,
    /// Now, by the merchant's clock once the merchant is known.
    pub now: Timestamp,
    reference: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refusal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    result: ResultBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Fault]>,
    timestamp: String,
}

impl Envelope {
    /// For a request of which nothing is known.
    pub fn new(format: Format, topic: Topic, now: Timestamp) -> Envelope {
        Envelope { format, topic, http_errors: HttpErrors::Legacy, now, reference: None, amount: None, currency: None }
    }

    /// Learns what a request is about, as far as it may be repeated.
    pub fn note(&mut self, fields: &Fields) {
        self.reference = fields.get("merchantTransactionId").map(shown);
        self.amount = fields.get("amount").filter(|amount| amounts::text(amount).is_ok()).map(ToOwned::to_owned);
        let letters = |code: &&str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        self.currency = fields.get("currency").filter(letters).map(str::to_ascii_uppercase);
    }

    /// The HTTP status of a refusal.
    pub fn status(&self, problem: &Problem) -> u16 {
        let (_, legacy, strict) = problem.line();
        match (self.http_errors, self.topic) {
            // Before a login there is no setting, and clients look at the status.
            (_, Topic::Login) | (HttpErrors::Strict, _) => strict,
            (HttpErrors::Legacy, Topic::Money | Topic::Inquiry | Topic::Other) => legacy,
        }
    }

    /// The body of a refusal.
    pub fn refusal(&self, problem: &Problem) -> String {
        let broken = self.status(problem) >= 500;
        let status = match (broken, self.topic, problem) {
            (true, _, _) => "error",
            (false, Topic::Inquiry, Problem::NotFound) => "notfound",
            (false, _, _) => "failed",
        };
        let about_one = matches!(self.topic, Topic::Money | Topic::Inquiry);
        let moves = self.topic == Topic::Money;
        wire::text(&Refusal {
            payment_id: about_one.then_some("-"),
            status,
            transaction_status: (moves && !broken).then_some("N"),
            merchant_transaction_id: self.reference.as_deref().filter(|_| about_one),
            amount: self.amount.as_deref().filter(|_| moves),
            currency: self.currency.as_deref().filter(|_| moves),
            result: problem.result(),
            errors: problem.faults(),
            timestamp: timestamp(self.now),
        })
    }
}
