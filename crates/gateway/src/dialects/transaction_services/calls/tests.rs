use axum::http::Method;

use super::{Call, read};
use crate::dialects::transaction_services::errors::Problem;

#[test]
fn paths_are_read_without_regard_to_letter_case() {
    let check = |method: Method, path: &str, expected: Result<Call, Problem>| {
        assert_eq!(read(&method, path), expected, "{method} {path}");
    };
    let post = |path: &str, expected: Call| check(Method::POST, path, Ok(expected));
    post("/transactionServices/REST/v1/authToken", Call::MemberToken);
    post("/transactionServices/REST/v1/AUTHTOKEN/", Call::MemberToken);
    post("/merchantServices/api/v1/authToken", Call::MemberToken);
    post("/transactionServices/REST/v1/partnerAuthToken", Call::PartnerToken);
    post("/fraudServices/REST/v1/regenerateToken", Call::TokenAgain);
    post("/transactionServices/REST/v1/payments", Call::Pay);
    post("/transactionServices/REST/v1/payments/54289", Call::Order("54289".into()));
    post("/transactionServices/REST/v1/payments/A%20b+c", Call::Order("A b+c".into()));
    post("/transactionServices/REST/v1/refund/54289", Call::Refund("54289".into()));
    post("/transactionServices/REST/v1/inquiry", Call::Inquire);
    post("/transactionServices/REST/v1/getTransactionList", Call::List);
    post("/merchantServices/api/v1/merchantSignup", Call::Reserved);
    check(Method::GET, "/transactionServices/REST/v1/payments/54289", Ok(Call::Show("54289".into())));
    check(Method::GET, "/transactionServices/REST/v1/payments", Err(Problem::WrongMethod("POST")));
    check(Method::PUT, "/transactionServices/REST/v1/payments/1", Err(Problem::WrongMethod("GET, POST")));
    check(Method::POST, "/transactionServices/REST/v1/", Err(Problem::NoSuchPath));
    check(Method::POST, "/transactionServices/REST/v1/payments/1/2", Err(Problem::NoSuchPath));
    check(Method::POST, "/merchantServices/api/v1/payments", Err(Problem::NoSuchPath));
    check(Method::DELETE, "/transactionServices/REST/v1/nothing", Err(Problem::NoSuchPath));
}
