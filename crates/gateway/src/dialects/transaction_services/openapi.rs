//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it. It is the file
//! `openapi.json`, and the table of refusals behind it, which is made here from what the dialect answers.

use serde_json::{Value, json};

use super::codes::description;
use super::errors::Problem;

/// The document.
pub fn openapi() -> Value {
    let mut document: Value = serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON");
    document["x-errors"] = errors().into();
    document
}

/// The table of refusals, for the routes that exist.
fn errors() -> Vec<Value> {
    let lines = [
        (Problem::NoToken, "no header AuthToken"),
        (Problem::WrongToken, "not a token of this installation, or its key was changed since"),
        (Problem::TokenExpired, "log in again, or exchange it within 24 hours"),
        (Problem::LoginFailed, "one answer for every cause"),
        (Problem::WrongMember, "no authentication.memberId, or one that the token does not act for"),
        (Problem::WrongChecksum, "authentication.checksum is not that of the fields"),
        (Problem::Fields(Vec::new()), "missing or malformed fields; errors names every one, with 400 for logins"),
        (Problem::Unreadable("".into()), "not the form that Content-Type says, over 200 fields, deeper than 5 levels"),
        (Problem::WrongContentType, "neither form nor JSON"),
        (Problem::ReferenceTaken, "the reference was used for a request with other fields"),
        (Problem::KeyTaken, "the header was used for a request with other fields"),
        (Problem::NoTerminal, "no terminal of the member takes it, or nobody behind it"),
        (Problem::NotEnabled, "a permission is missing, such as card numbers (direct_cards) under a live credential"),
        (Problem::TooManyRequests, "over ten failed logins a minute; with Retry-After"),
        (Problem::NoSuchPath, "unknown path"),
        (Problem::WrongMethod(""), "wrong method; the header Allow says which"),
        (Problem::TooLarge, "over 64 KiB"),
        (Problem::NotFound, "no such transaction, or another member's; an inquiry says status notfound"),
        (Problem::NotPermitted("".into()), "limits, block lists"),
        (Problem::Invoice("10011", "".into()), "the amount is out of the merchant's limits"),
        (Problem::Invoice("10012", "".into()), "the invoice is paid, cancelled, expired, or being paid"),
        (Problem::Invoice("10013", "".into()), "as 10012, but for being paid; or no mail transport is configured"),
        (Problem::Invoice("10014", "".into()), "the invoice is paid or cancelled"),
        (Problem::Busy, "draining or overloaded, nothing was done: come back after Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, legacy, strict) = problem.line();
        let http = if legacy == strict { json!(legacy) } else { json!(format!("{legacy}, strict {strict}")) };
        json!({"code": code, "http": http, "message": description(code), "when": when})
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples say of each code what answers say.
    #[test]
    fn results_of_samples_are_in_the_words_of_the_table() {
        let mut within = vec![openapi()];
        let mut seen = 0;
        while let Some(value) = within.pop() {
            if let (Some(code), Some(words)) = (value["code"].as_str(), value["description"].as_str()) {
                assert!(words.starts_with(description(code)), "{code}: {words}");
                seen += 1;
            }
            match value {
                Value::Object(members) => within.extend(members.into_iter().map(|(_, value)| value)),
                Value::Array(values) => within.extend(values),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        assert!(seen > 10, "{seen}");
    }
}
