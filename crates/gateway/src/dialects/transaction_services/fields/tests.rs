use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{Fields, body, form};
use crate::dialects::transaction_services::errors::{Problem, Rule};

fn read(content_type: &str, text: &[u8]) -> Result<Fields, Problem> {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a value"));
    }
    body::read(&headers, text)
}

fn check(content_type: &str, text: &[u8], expected: &[(&str, &str)]) {
    let fields = read(content_type, text).unwrap_or_else(|problem| panic!("{problem:?}"));
    let mut pairs: Vec<(&str, &str)> = fields.pairs().collect();
    pairs.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(pairs, expected, "{}", String::from_utf8_lossy(text));
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn forms_are_read_as_clients_send_them() {
    check(FORM, b"amount=50.00&card.number=4000+0000", &[("amount", "50.00"), ("card.number", "4000 0000")]);
    check("", b"a=1&b=", &[("a", "1")]);
    check("text/plain", b"a=%41%zz%4&b= x ", &[("a", "A%zz%4"), ("b", "x")]);
    check("text/whatever; charset=utf-8", b"a=1", &[("a", "1")]);
    // Nobody encoded the ampersand.
    check(FORM, b"order=Tickets & more&amount=1", &[("order", "Tickets & more"), ("amount", "1")]);
    check(FORM, b"url=https://shop.example/?a=b&c&", &[("url", "https://shop.example/?a=b&c")]);
    check(FORM, b"stray&a=1", &[("a", "1")]);
    // Not UTF-8: the Windows code page.
    check(FORM, b"name=J\xfcrgen \x80", &[("name", "J\u{fc}rgen \u{20ac}")]);
    check(FORM, b"name=J%FCrgen", &[("name", "J\u{fc}rgen")]);
    check(FORM, "name=Jürgen".as_bytes(), &[("name", "Jürgen")]);
    // A plus sign that was meant.
    check(
        FORM,
        b"customer.email=a+b@c.example&customer.phone=+49 1&customer.telnocc=+49",
        &[("customer.email", "a+b@c.example"), ("customer.phone", "+49 1"), ("customer.telnocc", "+49")],
    );
}

#[test]
fn json_is_nested_or_dotted_or_both() {
    let expected = [("amount", "50.0"), ("card.number", "4000"), ("card.cvv", "007"), ("createRegistration", "true")];
    for text in [
        r#"{"amount":50.0,"card":{"number":4000,"cvv":"007"},"createRegistration":true}"#,
        r#"{"amount":"50.0","card.number":"4000","card":{"cvv":"007"},"createRegistration":"true"}"#,
        r#"{"amount":50.0,"card.number":4000,"card.cvv":"007","createRegistration":true,"x":null,"y":"","z":[1]}"#,
    ] {
        check("application/json; charset=utf-8", text.as_bytes(), &expected);
    }
    check("", b"\n {\"a\":1}", &[("a", "1")]);
    check("application/json", br#"{"note":{"of":{"mine":"x"}}}"#, &[("note.of.mine", "x")]);
}

#[test]
fn multipart_has_text_parts() {
    let text =
        b"--B1\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n50.00\r\n--B1\r\nContent-Type: text/plain\r\n\
        content-disposition: form-data; name=card.cvv\r\n\r\n745\r\n--B1--\r\n";
    check("multipart/form-data; boundary=B1", text, &[("amount", "50.00"), ("card.cvv", "745")]);
    let file = b"--B1\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n1\r\n--B1--\r\n";
    assert_eq!(read("multipart/form-data; boundary=B1", file).err(), Some(Problem::WrongContentType));
    for (header, text) in [
        ("multipart/form-data", &b"--B1--"[..]),
        ("multipart/form-data; boundary=B1", b"--B1\r\nContent-Disposition: form-data; name=a\r\n\r\n1"),
        ("multipart/form-data; boundary=B1", b"--B1\r\n\r\n1\r\n--B1--"),
    ] {
        assert!(matches!(read(header, text), Err(Problem::Unreadable(_))), "{header}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let named = |content_type: &str, text: &str| match read(content_type, text.as_bytes()) {
        Err(Problem::Fields(faults)) => {
            faults.into_iter().map(|fault| (fault.parameter, fault.rule)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let one = |name: &str, rule| vec![(name.to_owned(), rule)];
    assert_eq!(named(FORM, "a=1&a=2"), one("a", Rule::Duplicate));
    check(FORM, b"a=1&a=1", &[("a", "1")]);
    assert_eq!(
        named("application/json", r#"{"card":{"number":"1"},"card.number":"2"}"#),
        one("card.number", Rule::Duplicate)
    );
    assert_eq!(named("application/json", r#"{"amount":{"x":1}}"#), one("amount", Rule::Format));
    assert_eq!(named("application/json", r#"{"card":{"number":[1]}}"#), one("card.number", Rule::Format));
    assert_eq!(named(FORM, "a=%00"), one("a", Rule::Format));
    for text in ["{", "[]", r#"{"a":{"b":{"c":{"d":{"e":{}}}}}}"#, "{} x"] {
        assert!(matches!(read("application/json", text.as_bytes()), Err(Problem::Unreadable(_))), "{text}");
    }
    let many: String = (0..201).map(|place| format!("a{place}=1&")).collect();
    assert!(matches!(read(FORM, many.as_bytes()), Err(Problem::Unreadable(_))));
    for content_type in ["application/xml", "text/xml", "image/png", "application/octet-stream"] {
        assert_eq!(read(content_type, b"a=1").err(), Some(Problem::WrongContentType), "{content_type}");
    }
}

proptest! {
    /// Whatever comes is read or refused; what is read is trimmed and never empty.
    #[test]
    fn any_bytes_are_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..300), place in 0_usize..4) {
        let content_type = ["", FORM, "application/json", "multipart/form-data; boundary=B"][place];
        if let Ok(fields) = read(content_type, &text) {
            for (name, value) in fields.pairs() {
                prop_assert!(!name.is_empty() && !value.is_empty() && value == value.trim());
            }
        }
        prop_assert!(form::decode(&text).len() <= text.len() * 3);
    }
}
