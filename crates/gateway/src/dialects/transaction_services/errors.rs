//! What this dialect answers instead of doing what was asked: one enum, one table (contract, section 3).

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use florin_engine::{ClaimKind, StartError, StoreError, SubmitError};
use florin_kernel::card::without_numbers;
use serde::Serialize;

use super::codes::{ResultBody, description};
use super::envelope::Envelope;
use super::fields::Complaint;
use crate::dialects::request::StoreTrouble;

/// By which rule a field is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Rule {
    Missing,
    Format,
    Length,
    Range,
    Luhn,
    Value,
    Url,
    Duplicate,
}

/// A field that cannot be taken: `{"parameter":"card.number","rule":"luhn"}`. Its value is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its name.
    pub parameter: String,
    /// By which rule.
    pub rule: Rule,
    /// In words, to be read after the name.
    #[serde(skip)]
    pub reason: Cow<'static, str>,
}

impl Fault {
    /// A faulty field.
    pub fn new(parameter: impl Into<String>, Complaint { rule, reason }: Complaint) -> Fault {
        Fault { parameter: parameter.into(), rule, reason }
    }
}

/// Every refusal of this dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No header `AuthToken`.
    NoToken,
    /// Not a token of ours, or of a login that is no more.
    WrongToken,
    /// Its time is over.
    TokenExpired,
    /// Partner, user name or key not accepted.
    LoginFailed,
    /// No `authentication.memberId`, or one that the token does not act for.
    WrongMember,
    /// The checksum is not the fields'.
    WrongChecksum,
    /// Fields at fault.
    Fields(Vec<Fault>),
    /// The body has not the form that its type says.
    Unreadable(Cow<'static, str>),
    /// Neither form nor JSON.
    WrongContentType,
    /// The reference was used for another request.
    ReferenceTaken,
    /// The idempotency key was.
    KeyTaken,
    /// No terminal takes it.
    NoTerminal,
    /// A permission or an agreement is missing.
    NotEnabled,
    /// Too many failed logins.
    TooManyRequests,
    /// No such path.
    NoSuchPath,
    /// Another method is wanted; which.
    WrongMethod(&'static str),
    /// Over 64 KiB.
    TooLarge,
    /// Draining, overloaded, not writable: nothing was done.
    Busy,
    /// A fault of ours.
    Fault,
    /// Nothing of the member's has this id or reference.
    NotFound,
    /// Limits, block lists, rules of recurring payments; why.
    NotPermitted(Cow<'static, str>),
    /// What was asked of an invoice or of how invoices are made, by its code; why.
    Invoice(&'static str, Cow<'static, str>),
}

impl Problem {
    /// One field is at fault.
    pub fn field(name: &str, rule: Rule, reason: impl Into<Cow<'static, str>>) -> Problem {
        Problem::Fields(vec![Fault::new(name, Complaint::new(rule, reason))])
    }

    /// Whether an `Idempotency-Key` keeps it: what the state of things, a limit or a rule refuses (contract, section 6).
    pub fn is_kept(&self) -> bool {
        match self {
            Problem::NotPermitted(_) | Problem::Invoice(..) => true,
            Problem::NoToken
            | Problem::WrongToken
            | Problem::TokenExpired
            | Problem::LoginFailed
            | Problem::WrongMember
            | Problem::WrongChecksum
            | Problem::Fields(_)
            | Problem::Unreadable(_)
            | Problem::WrongContentType
            | Problem::ReferenceTaken
            | Problem::KeyTaken
            | Problem::NoTerminal
            | Problem::NotEnabled
            | Problem::TooManyRequests
            | Problem::NoSuchPath
            | Problem::WrongMethod(_)
            | Problem::TooLarge
            | Problem::Busy
            | Problem::Fault
            | Problem::NotFound => false,
        }
    }

    /// The table's line: code, HTTP status under `legacy`, and under `strict`.
    pub fn line(&self) -> (&'static str, u16, u16) {
        match self {
            Problem::NoToken => ("20001", 401, 401),
            Problem::WrongToken => ("20002", 401, 401),
            Problem::TokenExpired => ("20003", 401, 401),
            Problem::LoginFailed => ("20004", 401, 401),
            Problem::WrongMember => ("20005", 200, 403),
            Problem::WrongChecksum => ("20006", 200, 403),
            Problem::Fields(_) => ("20007", 200, 400),
            Problem::Unreadable(_) => ("20008", 400, 400),
            Problem::WrongContentType => ("20009", 415, 415),
            Problem::ReferenceTaken => ("20010", 200, 409),
            Problem::KeyTaken => ("20011", 200, 409),
            Problem::NoTerminal => ("20012", 200, 422),
            Problem::NotEnabled => ("20013", 200, 403),
            Problem::TooManyRequests => ("20014", 429, 429),
            Problem::NoSuchPath => ("20015", 404, 404),
            Problem::WrongMethod(_) => ("20016", 405, 405),
            Problem::TooLarge => ("20017", 413, 413),
            Problem::Busy => ("20099", 503, 503),
            Problem::Fault => ("20099", 500, 500),
            Problem::NotFound => ("10026", 200, 404),
            Problem::NotPermitted(_) => ("10002", 200, 200),
            Problem::Invoice(code, _) => (code, 200, 200),
        }
    }

    /// What it says.
    pub fn result(&self) -> ResultBody {
        let (code, _, _) = self.line();
        let words = description(code);
        match self {
            Problem::Fields(faults) => {
                let first = faults.first().map(|fault| format!("{words}: {} {}", fault.parameter, fault.reason));
                ResultBody::saying(code, first.unwrap_or_else(|| words.to_owned()))
            }
            Problem::Unreadable(reason) => ResultBody::saying(code, format!("{words}: {reason}")),
            Problem::NotPermitted(reason) | Problem::Invoice(_, reason) => {
                ResultBody::saying(code, format!("{words}: {reason}"))
            }
            Problem::NoToken
            | Problem::WrongToken
            | Problem::TokenExpired
            | Problem::LoginFailed
            | Problem::WrongMember
            | Problem::WrongChecksum
            | Problem::WrongContentType
            | Problem::ReferenceTaken
            | Problem::KeyTaken
            | Problem::NoTerminal
            | Problem::NotEnabled
            | Problem::TooManyRequests
            | Problem::NoSuchPath
            | Problem::WrongMethod(_)
            | Problem::TooLarge
            | Problem::Busy
            | Problem::Fault
            | Problem::NotFound => ResultBody::of(code),
        }
    }

    /// The fields it names.
    pub fn faults(&self) -> Option<&[Fault]> {
        match self {
            Problem::Fields(faults) => Some(faults),
            Problem::NoToken
            | Problem::WrongToken
            | Problem::TokenExpired
            | Problem::LoginFailed
            | Problem::WrongMember
            | Problem::WrongChecksum
            | Problem::Unreadable(_)
            | Problem::WrongContentType
            | Problem::ReferenceTaken
            | Problem::KeyTaken
            | Problem::NoTerminal
            | Problem::NotEnabled
            | Problem::TooManyRequests
            | Problem::NoSuchPath
            | Problem::WrongMethod(_)
            | Problem::TooLarge
            | Problem::Busy
            | Problem::Fault
            | Problem::NotFound
            | Problem::NotPermitted(_)
            | Problem::Invoice(..) => None,
        }
    }

    /// The answer.
    pub fn response(&self, envelope: &Envelope) -> Response {
        let status = StatusCode::from_u16(envelope.status(self)).expect("the table holds valid statuses");
        let mut response = envelope.format.response(status, envelope.refusal(self));
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// The header that HTTP wants beside it.
    fn header(&self) -> Option<(HeaderName, &'static str)> {
        if let Problem::WrongMethod(allowed) = self {
            return Some((header::ALLOW, allowed));
        }
        match self.line().1 {
            401 => Some((header::WWW_AUTHENTICATE, "AuthToken")),
            429 => Some((header::RETRY_AFTER, "60")),
            503 => Some((header::RETRY_AFTER, "1")),
            _ => None,
        }
    }
}

/// A text of the caller's that an answer repeats.
pub fn shown(text: &str) -> String {
    without_numbers(text).chars().take(100).collect()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match StoreTrouble::from(error) {
            StoreTrouble::Busy => Problem::Busy,
            StoreTrouble::Fault => Problem::Fault,
        }
    }
}

impl From<ClaimKind> for Problem {
    fn from(taken: ClaimKind) -> Problem {
        match taken {
            ClaimKind::Reference => Problem::ReferenceTaken,
            ClaimKind::IdempotencyKey => Problem::KeyTaken,
            // All the numbers that were drawn were taken; of operations this dialect promises none.
            ClaimKind::Number | ClaimKind::Operation => Problem::Busy,
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Problem {
        match error {
            StartError::Taken(kind) => kind.into(),
            StartError::Store(error) => error.into(),
            StartError::Draining => Problem::Busy,
            StartError::Refused(florin_kernel::payment::Refusal::BadAmount)
            | StartError::PayoutRefused(florin_kernel::withdrawal::Refusal::BadAmount) => {
                // The amount is fine in its own currency, but the provider's cannot hold what it converts to.
                Problem::NotPermitted("the amount is too large for this provider".into())
            }
            StartError::NoRoute(_) => Problem::NoTerminal,
            refusal @ (StartError::Refused(_)
            | StartError::PayoutRefused(_)
            | StartError::Order(_)
            | StartError::BalanceInsufficient) => {
                tracing::error!(%refusal, "a new payment was refused");
                Problem::Fault
            }
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Problem {
        match error {
            SubmitError::NotFound => Problem::NotFound,
            SubmitError::Taken(kind) => kind.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Draining => Problem::Busy,
            refusal @ (SubmitError::Refused(_)
            | SubmitError::WithdrawalRefused(_)
            | SubmitError::BalanceInsufficient) => {
                tracing::error!(%refusal, "an order was refused for no reason that merchants are told");
                Problem::Fault
            }
        }
    }
}
