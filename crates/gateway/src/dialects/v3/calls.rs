//! Which call a method and path are (contract, sections 3, 4 and 10). Paths are read here and not by the router, because clients
//! write them in more ways than one.

use axum::http::Method;

use super::checkout::{Purpose, Visit};
use super::errors::Problem;

#[cfg(test)]
mod tests;

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'p> {
    /// `POST payments`
    Pay,
    /// `GET payments?merchantTransactionId=`
    NewestByReference,
    /// `GET query?merchantTransactionId=`
    ByReference,
    /// `POST payments/{id}`
    Order(&'p str),
    /// `POST registrations`
    Register,
    /// `POST registrations/{id}/payments`
    PayByToken(&'p str),
    /// `GET registrations/{id}`
    ShowRegistration(&'p str),
    /// `DELETE registrations/{id}`
    DeleteRegistration(&'p str),
    /// `POST registrations/{id}/extendlife`
    ExtendRegistration(&'p str),
    /// `GET payments/{id}`, `GET query/{id}`
    Inquire(&'p str),
    /// `POST checkouts`
    OpenCheckout,
    /// `POST checkouts/{id}`
    ChangeCheckout(&'p str),
    /// `DELETE checkouts/{id}`
    CloseCheckout(&'p str),
    /// `GET checkouts/{id}/payment`, `…/registration`
    ReadCheckout(&'p str, Purpose),
    /// A payer's browser at `checkouts/{id}/…` or `paymentWidgets.js`
    Visit(Visit<'p>),
    /// `GET resultcodes`
    ResultCodes,
    /// `GET redirect/{token}`
    ShowStep(&'p str),
    /// `POST redirect/{token}`
    ActStep(&'p str),
    /// `POST redirect/{token}/method`
    MethodStep(&'p str),
}

/// Reads the call of a path.
///
/// # Errors
/// [`Problem::NoSuchPath`], or [`Problem::WrongMethod`] with those that are taken.
pub fn read<'p>(method: &Method, path: &[&'p str]) -> Result<Call<'p>, Problem> {
    // What may be read may be asked for without its body.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let get = |call| if *method == Method::GET { Ok(call) } else { Err(Problem::WrongMethod("GET, HEAD")) };
    let post = |call| if *method == Method::POST { Ok(call) } else { Err(Problem::WrongMethod("POST")) };
    match *path {
        ["payments"] => match *method {
            Method::POST => Ok(Call::Pay),
            Method::GET => Ok(Call::NewestByReference),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST")),
        },
        ["payments", id] => match *method {
            Method::POST => Ok(Call::Order(id)),
            Method::GET => Ok(Call::Inquire(id)),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST")),
        },
        ["query", id] => get(Call::Inquire(id)),
        ["query"] => get(Call::ByReference),
        ["registrations"] => post(Call::Register),
        ["registrations", id] => match *method {
            Method::GET => Ok(Call::ShowRegistration(id)),
            Method::DELETE => Ok(Call::DeleteRegistration(id)),
            _ => Err(Problem::WrongMethod("GET, HEAD, DELETE")),
        },
        ["registrations", id, "payments"] => post(Call::PayByToken(id)),
        ["registrations", id, "extendlife"] => post(Call::ExtendRegistration(id)),
        ["checkouts"] => match *method {
            Method::POST => Ok(Call::OpenCheckout),
            _ => Err(Problem::WrongMethod("POST")),
        },
        ["checkouts", id] => match *method {
            Method::POST => Ok(Call::ChangeCheckout(id)),
            Method::DELETE => Ok(Call::CloseCheckout(id)),
            Method::GET => Ok(Call::Visit(Visit::Script(id))),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST, DELETE")),
        },
        ["checkouts", id, "payment"] => match *method {
            Method::POST => Ok(Call::Visit(Visit::Pay(id))),
            Method::GET => Ok(Call::ReadCheckout(id, Purpose::Payment)),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST")),
        },
        ["checkouts", id, "registration"] => get(Call::ReadCheckout(id, Purpose::Registration)),
        ["checkouts", id, "frame"] => get(Call::Visit(Visit::Frame(id))),
        ["checkouts", id, "page"] => get(Call::Visit(Visit::Page(id))),
        ["checkouts", id, "page", "status"] => get(Call::Visit(Visit::Poll(id))),
        ["paymentWidgets.js"] => get(Call::Visit(Visit::AnyScript)),
        ["resultcodes"] => get(Call::ResultCodes),
        ["redirect", token] => match *method {
            Method::POST => Ok(Call::ActStep(token)),
            Method::GET => Ok(Call::ShowStep(token)),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST")),
        },
        ["redirect", token, "method"] => post(Call::MethodStep(token)),
        _ => Err(Problem::NoSuchPath),
    }
}
