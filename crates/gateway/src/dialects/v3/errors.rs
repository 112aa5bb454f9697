//! What this dialect answers instead of doing what was asked: one enum, one table (contract, sections 3, 4 and 7.4).

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use florin_engine::{ClaimKind, StartError, StoreError, SubmitError};
use florin_kernel::payment::Refusal;
use serde::Serialize;

use super::codes::Code;
use super::mounts::Profile;
use super::settings::DeclineStatus;
use super::stamp::Envelope;
use super::wire::ErrorBody;
use crate::dialects::request::StoreTrouble;

/// A field that cannot be taken, and why: `{"name":"amount","value":"-1","message":"must match …"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Its path.
    pub name: String,
    /// What was sent, as far as it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it must be.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A faulty field whose value is not shown.
    pub fn new(name: impl Into<String>, message: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { name: name.into(), value: None, message: message.into() }
    }

    /// The same field and value with something to say.
    pub fn saying(&self, message: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { message: message.into(), ..self.clone() }
    }

    /// A field that is not there.
    pub fn missing(name: impl Into<String>) -> FieldError {
        FieldError::new(name, "may not be empty")
    }
}

/// Every refusal of this dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No header, another scheme, an empty token.
    NoLogin,
    /// Token or entity unknown, or not each other's.
    WrongLogin,
    /// The credential may not do this.
    NotPermitted,
    /// Fields missing or malformed.
    Fields(Vec<FieldError>),
    /// No such path.
    NoSuchPath,
    /// Another method is wanted; which.
    WrongMethod(&'static str),
    /// Over 64 KiB.
    BodyTooLarge,
    /// The operator's limit.
    TooManyRequests,
    /// Draining, overloaded, not writable: nothing was done.
    Busy,
    /// A fault of ours.
    Fault,
    /// The amount is nothing, or below what is taken.
    AmountTooLow(FieldError),
    /// The amount is above a limit.
    AmountTooLarge(FieldError),
    /// The amount has decimals that its currency has not.
    AmountDecimals(FieldError),
    /// Not a currency of ISO 4217.
    CurrencyUnknown(FieldError),
    /// Neither card nor token nor account nor brand.
    NoAccount,
    /// The number is none.
    CardNumber(FieldError),
    /// The card's time is over; live only.
    CardExpired(FieldError),
    /// No card brand of this name.
    BrandUnknown(FieldError),
    /// The number is not of the brand.
    BrandDiffers(FieldError),
    /// Nobody takes this brand.
    NoProviderForBrand,
    /// The payment type is known and not offered.
    TypeNotOffered,
    /// Nobody takes this currency.
    NoProviderForCurrency,
    /// The reference came with other content before.
    ReferenceTaken,
    /// A risk rule or block list says no.
    Risk,
    /// No such payment.
    PaymentUnknown,
    /// No such checkout, or none any more.
    NoSession,
    /// The currency is not the original's.
    CurrencyDiffers(FieldError),
    /// The amount of a reversal is not the whole.
    AmountDiffers(FieldError),
    /// The id is of something that the operation cannot act on.
    Unsuitable,
    /// More than the authorisation has left.
    CaptureExceeds,
    /// More than can be given back.
    RefundExceeds,
    /// Captured, reversed or over.
    CannotReverse,
    /// A capture needs an approved PA.
    NoAuthorisation,
    /// A refund needs an approved DB or CP.
    NoCapture,
    /// A reversal needs an approved PA.
    NothingToReverse,
    /// The referenced transaction is undecided.
    ReferencedOpen,
    /// The hold ran out.
    AuthorisationExpired,
    /// The payer's bank took the money back.
    ChargedBack,
    /// Not the form of a registration's id.
    RegistrationMalformed,
    /// No such registration.
    RegistrationUnknown,
    /// Its first payment is undecided.
    RegistrationUndecided,
    /// It was taken back.
    RegistrationDeleted,
    /// Its first payment was declined.
    RegistrationDeclined,
    /// The merchant's balance does not cover it.
    BalanceInsufficient,
}

impl Problem {
    /// One faulty field.
    pub fn field(name: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::Fields(vec![FieldError::new(name, message)])
    }

    /// Code and HTTP status.
    pub fn line(&self, profile: Profile) -> (Code, u16) {
        // The older platform has one status for what is not there.
        let unknown = match profile {
            Profile::V3 => 404,
            Profile::Oppwa => 400,
        };
        let (code, status) = match self {
            Problem::NoLogin => ("800.900.300", 401),
            Problem::WrongLogin => ("800.900.300", 403),
            Problem::NotPermitted => ("800.900.301", 403),
            Problem::Fields(_) => ("200.300.404", 400),
            Problem::NoSuchPath => ("200.300.406", 404),
            Problem::WrongMethod(_) => ("200.300.403", 404),
            Problem::BodyTooLarge => ("200.100.103", 413),
            Problem::TooManyRequests => ("800.120.100", 429),
            Problem::Busy => ("800.800.801", 503),
            Problem::Fault => ("600.100.100", 500),
            Problem::AmountTooLow(_) => ("100.550.300", 400),
            Problem::AmountTooLarge(_) => ("100.550.301", 400),
            Problem::AmountDecimals(_) => ("100.550.303", 400),
            Problem::CurrencyUnknown(_) => ("100.550.401", 400),
            Problem::NoAccount => ("100.100.100", 400),
            Problem::CardNumber(_) => ("100.100.101", 400),
            Problem::CardExpired(_) => ("100.100.303", 400),
            Problem::BrandUnknown(_) => ("100.100.501", 400),
            Problem::BrandDiffers(_) => ("100.100.700", 400),
            Problem::NoProviderForBrand => ("600.200.200", 400),
            Problem::TypeNotOffered => ("600.200.400", 400),
            Problem::NoProviderForCurrency => ("600.200.500", 400),
            Problem::ReferenceTaken => ("800.130.100", 400),
            Problem::Risk => ("100.400.319", 400),
            Problem::PaymentUnknown => ("700.400.580", unknown),
            Problem::NoSession => ("200.300.404", unknown),
            Problem::CurrencyDiffers(_) => ("700.100.500", 400),
            Problem::AmountDiffers(_) => ("700.100.200", 400),
            Problem::Unsuitable => ("700.100.700", 400),
            Problem::CaptureExceeds => ("700.400.100", 400),
            Problem::RefundExceeds => ("700.400.200", 400),
            Problem::CannotReverse => ("700.400.300", 400),
            Problem::NoAuthorisation => ("700.400.510", 400),
            Problem::NoCapture => ("700.400.520", 400),
            Problem::NothingToReverse => ("700.400.530", 400),
            Problem::ReferencedOpen => ("700.400.570", 400),
            Problem::AuthorisationExpired => ("700.300.400", 400),
            Problem::ChargedBack => ("700.300.600", 400),
            Problem::RegistrationMalformed => ("100.150.101", 400),
            Problem::RegistrationUnknown => ("100.150.200", unknown),
            Problem::RegistrationUndecided => ("100.150.201", 400),
            Problem::RegistrationDeleted => ("100.150.202", 400),
            Problem::RegistrationDeclined => ("100.150.203", 400),
            Problem::BalanceInsufficient => ("100.550.311", 400),
        };
        (Code::of(code), status)
    }

    /// The fields it names.
    pub fn fields(self) -> Option<Vec<FieldError>> {
        match self {
            Problem::Fields(errors) => Some(errors),
            Problem::AmountTooLow(error)
            | Problem::AmountTooLarge(error)
            | Problem::AmountDecimals(error)
            | Problem::CurrencyUnknown(error)
            | Problem::CardNumber(error)
            | Problem::CardExpired(error)
            | Problem::BrandUnknown(error)
            | Problem::BrandDiffers(error)
            | Problem::CurrencyDiffers(error)
            | Problem::AmountDiffers(error) => Some(vec![error]),
            Problem::NoLogin
            | Problem::WrongLogin
            | Problem::NotPermitted
            | Problem::NoSuchPath
            | Problem::WrongMethod(_)
            | Problem::BodyTooLarge
            | Problem::TooManyRequests
            | Problem::Busy
            | Problem::Fault
            | Problem::NoAccount
            | Problem::NoProviderForBrand
            | Problem::TypeNotOffered
            | Problem::NoProviderForCurrency
            | Problem::ReferenceTaken
            | Problem::Risk
            | Problem::PaymentUnknown
            | Problem::NoSession
            | Problem::Unsuitable
            | Problem::CaptureExceeds
            | Problem::RefundExceeds
            | Problem::CannotReverse
            | Problem::NoAuthorisation
            | Problem::NoCapture
            | Problem::NothingToReverse
            | Problem::ReferencedOpen
            | Problem::AuthorisationExpired
            | Problem::ChargedBack
            | Problem::RegistrationMalformed
            | Problem::RegistrationUnknown
            | Problem::RegistrationUndecided
            | Problem::RegistrationDeleted
            | Problem::RegistrationDeclined
            | Problem::BalanceInsufficient => None,
        }
    }

    /// The answer.
    pub fn response(self, envelope: &Envelope) -> Response {
        let (code, status) = self.line(envelope.profile);
        // A block list's no is a decline like a bank's.
        let declined = self == Problem::Risk && envelope.declines == DeclineStatus::Never;
        let status = if declined { 200 } else { status };
        let (extra, described) = (self.header(), self.described());
        let mut body = ErrorBody::new(envelope, code, self.fields());
        if let Some(words) = described {
            body.result.description = words.into();
        }
        let status = StatusCode::from_u16(status).expect("the table holds valid statuses");
        let mut response = super::wire::response(status, body.text());
        if let Some((name, value)) = extra {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// Its own words, where the code's would not do.
    fn described(&self) -> Option<&'static str> {
        let no_session = "invalid or missing parameter - (opp) No payment session found for the requested id";
        matches!(self, Problem::NoSession).then_some(no_session)
    }

    /// The header that HTTP wants beside it.
    fn header(&self) -> Option<(HeaderName, &'static str)> {
        if let Problem::WrongMethod(allowed) = self {
            return Some((header::ALLOW, allowed));
        }
        let wait = matches!(self, Problem::Busy | Problem::TooManyRequests);
        let wait = wait.then_some((header::RETRY_AFTER, "1"));
        wait.or_else(|| matches!(self, Problem::NoLogin).then_some((header::WWW_AUTHENTICATE, "Bearer")))
    }
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
            // Nothing of this dialect is printed as a number, and it promises none.
            ClaimKind::Reference | ClaimKind::Number | ClaimKind::Operation => Problem::ReferenceTaken,
            ClaimKind::IdempotencyKey => {
                Problem::field("Idempotency-Key", "was already used for a request with other content")
            }
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Problem {
        match error {
            StartError::Taken(kind) => kind.into(),
            StartError::Store(error) => error.into(),
            StartError::Draining => Problem::Busy,
            StartError::Refused(Refusal::BadAmount) => {
                // The amount is fine in its own currency, but the provider's cannot hold what it converts to.
                Problem::AmountTooLarge(FieldError::new("amount", "is too large for this provider"))
            }
            StartError::NoRoute(_) => Problem::NoProviderForBrand,
            StartError::BalanceInsufficient => Problem::BalanceInsufficient,
            refusal @ (StartError::Refused(_) | StartError::PayoutRefused(_) | StartError::Order(_)) => {
                tracing::error!(%refusal, "a new payment was refused");
                Problem::Fault
            }
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Problem {
        match error {
            SubmitError::NotFound => Problem::PaymentUnknown,
            SubmitError::Taken(kind) => kind.into(),
            SubmitError::BalanceInsufficient => Problem::BalanceInsufficient,
            SubmitError::Store(error) => error.into(),
            SubmitError::Draining => Problem::Busy,
            refusal @ (SubmitError::Refused(_) | SubmitError::WithdrawalRefused(_)) => {
                tracing::error!(%refusal, "an order was refused for no reason that merchants are told");
                Problem::Fault
            }
        }
    }
}
