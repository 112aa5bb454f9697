//! What a provider says about an operation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Authentication, AuthenticationFailure};

/// What a provider said, asked or unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is known of the operation.
    pub outcome: Outcome,
    /// What is known of the payer's authentication, if there was one: of a yes and a no alike.
    pub authentication: Option<Box<Authentication>>,
    /// Who says so in the provider's place, where it was not the provider itself.
    pub resolution: Option<Box<Resolution>>,
}

/// That an operator found out what became of an operation whose provider gives no clear answer, and says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who, as the audit log names them.
    pub by: String,
    /// How it is known, in the operator's words.
    pub reason: String,
    /// When it was said, by the merchant's clock.
    pub at: Timestamp,
}

/// What is known of an operation after asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Approved(Approval),
    /// An explicit no.
    Declined(Decline),
    /// The payer gave up on the provider's page.
    Cancelled,
    /// The payer must act first.
    NeedsPayer(PayerStep),
    /// The provider has it and will answer later.
    Pending,
    /// Surely never sent: no connection was made.
    NotSent,
    /// The provider, asked later, does not know the operation.
    NotFound,
    /// Sent, and no clear answer came. The money may have moved.
    Unknown(Doubt),
}

/// Why no clear answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// None came in time.
    TimedOut,
    /// One came that says nothing: a 5xx, HTML, a cut body.
    Garbled,
    /// It was lost in another way: the connection broke, the process died, the provider does not know it yet.
    Lost,
}

/// A yes. What the provider does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// The provider's own id of what it did.
    pub provider_id: String,
    /// The response code (ISO 8583, data element 39) of a yes that has another than `00`.
    pub response: String,
    /// The issuer's authorisation code, six characters.
    pub auth_code: String,
    /// The card network's id of the transaction, which later ones without the payer name.
    pub network_id: String,
}

/// A definite no.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// The issuer's response code (ISO 8583, data element 39), two characters such as `51` or `N7`. `1A` is the soft decline of
    /// an issuer that wants the payer authenticated.
    Response(String),
    /// 3-D Secure: the payer was not authenticated.
    Authentication(AuthenticationFailure),
    /// Blocked by a risk rule.
    Risk,
    /// The provider refused to take part in this payment (could not open a page, does not know the original).
    Provider,
}

impl Decline {
    /// Whether the same card may well be approved some days later, without anybody doing anything: the soft declines. Lost,
    /// expired, blocked, not permitted and not authenticated stay as they are.
    pub fn is_soft(&self) -> bool {
        match self {
            // Do not honour, re-enter, insufficient funds, over a limit or a count, answered late, issuer or system unavailable.
            Decline::Response(code) => {
                matches!(code.as_str(), "05" | "19" | "51" | "61" | "65" | "68" | "91" | "92" | "96")
            }
            Decline::Authentication(_) | Decline::Risk | Decline::Provider => false,
        }
    }
}

/// What the payer has to do before a provider can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerStep {
    /// Which kind of step.
    pub kind: StepKind,
    /// The page of the provider that the payer must visit: a path on this server for simulated pages, else a URL.
    pub url: String,
    /// What the payer's browser should do unseen before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Box<MethodForm>>,
}

/// A form that the payer's browser posts in a hidden frame, by which the issuer gets to know it (EMV 3-D Secure, "3DS Method").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodForm {
    /// Where to: a path on this server for a simulated issuer, else a URL.
    pub url: String,
    /// The field `threeDSMethodData`: base64url.
    pub data: String,
}

/// Kinds of payer step; they differ in how long the payer has (product document, "Payer's time").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A 3-D Secure challenge: 15 minutes.
    Challenge,
    /// A bank's, wallet's or card page, a voucher: 30 minutes.
    Redirect,
}

impl From<Outcome> for Report {
    fn from(outcome: Outcome) -> Report {
        Report { outcome, authentication: None, resolution: None }
    }
}

impl PayerStep {
    /// A visit to a page, with nothing before it.
    pub fn page(kind: StepKind, url: impl Into<String>) -> PayerStep {
        PayerStep { kind, url: url.into(), method: None }
    }
}
