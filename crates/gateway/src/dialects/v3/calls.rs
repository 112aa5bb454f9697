//! Which call a method and path are (contract, sections 3, 4 and 10). Paths are read here and not by the router, because clients
//! write them in more ways than one.

use axum::http::Method;

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
    /// `GET payments/{id}`, `GET query/{id}`
    Inquire(&'p str),
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
        ["resultcodes"] => get(Call::ResultCodes),
        ["redirect", token] => match *method {
            Method::POST => Ok(Call::ActStep(token)),
            Method::GET => Ok(Call::ShowStep(token)),
            _ => Err(Problem::WrongMethod("GET, HEAD, POST")),
        },
        ["redirect", token, "method"] => match *method {
            Method::POST => Ok(Call::MethodStep(token)),
            _ => Err(Problem::WrongMethod("POST")),
        },
        _ => Err(Problem::NoSuchPath),
    }
}
