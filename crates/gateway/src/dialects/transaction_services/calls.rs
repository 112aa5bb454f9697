//! Which call a path is (contract, section 1). The operation's name counts without regard to letter case.

use axum::http::Method;

use super::envelope::Topic;
use super::errors::Problem;
use super::fields::form::decode;

#[cfg(test)]
mod tests;

/// What stands before the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Payments.
    Transactions,
    /// Merchants and customers.
    Merchants,
    /// Tokens again.
    Fraud,
    /// Invoices.
    Invoices,
}

impl Service {
    /// All of them, with their paths.
    pub const ALL: [(&'static str, Service); 4] = [
        ("/transactionServices/REST/v1", Service::Transactions),
        ("/merchantServices/api/v1", Service::Merchants),
        ("/fraudServices/REST/v1", Service::Fraud),
        ("/invoiceServices/REST/v1", Service::Invoices),
    ];
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A member logs in.
    MemberToken,
    /// A partner logs in.
    PartnerToken,
    /// A new token for an old one.
    TokenAgain,
    /// A new payment.
    Pay,
    /// Something about a payment; `paymentType` says what.
    Order(String),
    /// A refund of a payment.
    Refund(String),
    /// One transaction, by the path alone.
    Show(String),
    /// One transaction, by fields.
    Inquire,
    /// Transactions.
    List,
    /// For later.
    Reserved,
}

impl Call {
    /// What its refusals are about, before the fields are read.
    pub fn topic(&self) -> Topic {
        match self {
            Call::MemberToken | Call::PartnerToken | Call::TokenAgain => Topic::Login,
            Call::Pay | Call::Refund(_) => Topic::Money,
            // It may be an inquiry, and one must not look like a payment that failed.
            Call::Order(_) | Call::Show(_) | Call::Inquire => Topic::Inquiry,
            Call::List | Call::Reserved => Topic::Other,
        }
    }

    /// The id in the path.
    pub fn id(&self) -> &str {
        match self {
            Call::Order(id) | Call::Refund(id) | Call::Show(id) => id,
            Call::MemberToken
            | Call::PartnerToken
            | Call::TokenAgain
            | Call::Pay
            | Call::Inquire
            | Call::List
            | Call::Reserved => "",
        }
    }
}

/// Reads a path.
///
/// # Errors
/// [`Problem::NoSuchPath`], [`Problem::WrongMethod`].
pub fn read(method: &Method, path: &str) -> Result<Call, Problem> {
    let (service, rest) = Service::ALL
        .iter()
        .find_map(|(prefix, service)| Some((*service, path.strip_prefix(prefix)?)))
        .ok_or(Problem::NoSuchPath)?;
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    let name = segments.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    let id = segments.get(1).map(|id| decode(id.replace('+', "%2B").as_bytes()));
    if segments.len() > 2 {
        return Err(Problem::NoSuchPath);
    }
    let call = match (service, name.as_str(), id) {
        (Service::Transactions | Service::Merchants, "authtoken", None) => Call::MemberToken,
        (Service::Transactions, "partnerauthtoken", None) => Call::PartnerToken,
        (Service::Transactions | Service::Merchants | Service::Fraud, "regeneratetoken", None) => Call::TokenAgain,
        (Service::Transactions, "payments", None) => Call::Pay,
        (Service::Transactions, "payments", Some(id)) if *method == Method::GET => return Ok(Call::Show(id)),
        (Service::Transactions, "payments", Some(id)) if *method == Method::POST => return Ok(Call::Order(id)),
        (Service::Transactions, "payments", Some(_)) => return Err(Problem::WrongMethod("GET, POST")),
        (Service::Transactions, "refund", Some(id)) => Call::Refund(id),
        (Service::Transactions, "inquiry", None) => Call::Inquire,
        (Service::Transactions, "gettransactionlist", None) => Call::List,
        (Service::Merchants, "merchantsignup" | "generateappotp" | "verifyappotp", None) => Call::Reserved,
        _ => return Err(Problem::NoSuchPath),
    };
    if *method == Method::POST { Ok(call) } else { Err(Problem::WrongMethod("POST")) }
}
