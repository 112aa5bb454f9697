use axum::http::Method;

use super::super::checkout::{Purpose, Visit};
use super::super::errors::Problem;
use super::{Call, read};

#[test]
fn paths_and_methods_name_calls() {
    let check = |method: &str, path: &str, expected: Result<Call<'_>, Problem>| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        assert_eq!(read(&method, &segments), expected, "{method} {path}");
    };
    check("POST", "payments", Ok(Call::Pay));
    check("GET", "payments", Ok(Call::NewestByReference));
    check("PUT", "payments", Err(Problem::WrongMethod("GET, HEAD, POST")));
    check("GET", "payments/8ac7", Ok(Call::Inquire("8ac7")));
    check("POST", "payments/8ac7", Ok(Call::Order("8ac7")));
    check("DELETE", "payments/8ac7", Err(Problem::WrongMethod("GET, HEAD, POST")));
    check("HEAD", "payments/8ac7", Ok(Call::Inquire("8ac7")));
    check("GET", "query/8ac7", Ok(Call::Inquire("8ac7")));
    check("GET", "query", Ok(Call::ByReference));
    check("POST", "query", Err(Problem::WrongMethod("GET, HEAD")));
    check("DELETE", "query/8ac7", Err(Problem::WrongMethod("GET, HEAD")));
    check("GET", "resultcodes", Ok(Call::ResultCodes));
    check("POST", "resultcodes", Err(Problem::WrongMethod("GET, HEAD")));
    check("GET", "redirect/t", Ok(Call::ShowStep("t")));
    check("POST", "redirect/t", Ok(Call::ActStep("t")));
    check("POST", "redirect/t/method", Ok(Call::MethodStep("t")));
    check("POST", "registrations", Ok(Call::Register));
    check("GET", "registrations", Err(Problem::WrongMethod("POST")));
    check("GET", "registrations/8ac7", Ok(Call::ShowRegistration("8ac7")));
    check("DELETE", "registrations/8ac7", Ok(Call::DeleteRegistration("8ac7")));
    check("POST", "registrations/8ac7", Err(Problem::WrongMethod("GET, HEAD, DELETE")));
    check("POST", "registrations/8ac7/payments", Ok(Call::PayByToken("8ac7")));
    check("POST", "registrations/8ac7/extendlife", Ok(Call::ExtendRegistration("8ac7")));
    check("POST", "checkouts", Ok(Call::OpenCheckout));
    check("GET", "checkouts", Err(Problem::WrongMethod("POST")));
    check("POST", "checkouts/a03a", Ok(Call::ChangeCheckout("a03a")));
    check("DELETE", "checkouts/a03a", Ok(Call::CloseCheckout("a03a")));
    check("GET", "checkouts/a03a", Ok(Call::Visit(Visit::Script("a03a"))));
    check("GET", "checkouts/a03a/payment", Ok(Call::ReadCheckout("a03a", Purpose::Payment)));
    check("POST", "checkouts/a03a/payment", Ok(Call::Visit(Visit::Pay("a03a"))));
    check("GET", "checkouts/a03a/registration", Ok(Call::ReadCheckout("a03a", Purpose::Registration)));
    check("POST", "checkouts/a03a/frame", Err(Problem::WrongMethod("GET, HEAD")));
    check("GET", "checkouts/a03a/page/status", Ok(Call::Visit(Visit::Poll("a03a"))));
    check("GET", "paymentWidgets.js", Ok(Call::Visit(Visit::AnyScript)));
    for path in ["", "payment", "payments/8ac7/x/y", "Payments", "threeDSecure", "query/1/2", "redirect", "rebill"] {
        check("GET", path, Err(Problem::NoSuchPath));
        check("POST", path, Err(Problem::NoSuchPath));
    }
}
