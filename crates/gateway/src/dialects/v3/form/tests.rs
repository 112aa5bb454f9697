use proptest::prelude::*;

use super::{Form, Name, is_no_form};

fn read(body: &str) -> Result<Vec<String>, Vec<String>> {
    let (form, faults) = Form::read(body.as_bytes());
    let fields = form.fields.iter().map(|field| format!("{}={}", field.name.text(), field.value)).collect();
    match faults.is_empty() {
        true => Ok(fields),
        false => Err(faults.into_iter().map(|fault| format!("{} {}", fault.name, fault.message)).collect()),
    }
}

#[test]
fn bodies_are_read_as_they_come() {
    let check = |body: &str, expected: &[&str]| {
        assert_eq!(read(body), Ok(expected.iter().map(|text| (*text).to_owned()).collect()), "{body}");
    };
    check("", &[]);
    check("&&", &[]);
    check("amount=92.00&currency=EUR", &["amount=92.00", "currency=EUR"]);
    // Names in all their forms are one name.
    check("card[number]=1&card.holder=2", &["card.number=1", "card.holder=2"]);
    check("registrations[0].id=a&registrations[1][id]=b", &["registrations[0].id=a", "registrations[1].id=b"]);
    check("registrations.0.id=a", &["registrations[0].id=a"]);
    check("cart.items[07].name=x", &["cart.items[7].name=x"]);
    check("customParameters[3Dsimulator.forceEnrolled]=true", &["customParameters[3Dsimulator.forceEnrolled]=true"]);
    check("customParameters.3DS2_enrolled=true", &["customParameters[3DS2_enrolled]=true"]);
    check("customParameters[7]=x", &["customParameters[7]=x"]);
    // Empty and blank values are absent; others are trimmed.
    check("merchant.id=&checkoutId=&a", &[]);
    check("a=+&b=%20%09", &[]);
    check("a=+x+&b=y%0D%0A", &["a=x", "b=y"]);
    // Escapes, whole and broken, in either letter case.
    check("card.holder=Jane+Jones&x=%c3%A9", &["card.holder=Jane Jones", "x=é"]);
    check("x=100%&y=%zz&z=%4", &["x=100%", "y=%zz", "z=%4"]);
    check("card%5Bholder%5D=J", &["card.holder=J"]);
    // Nobody encoded this.
    check("shopperResultUrl=https://shop/x?a=1&b=2", &["shopperResultUrl=https://shop/x?a=1", "b=2"]);
    check("x=a=b==", &["x=a=b=="]);
    check("name=Jürgen", &["name=Jürgen"]);
    // The same twice is once, in whatever form.
    check("amount=1&amount=1", &["amount=1"]);
    check("card.holder=J&card[holder]=J", &["card.holder=J"]);
    check("amount=&amount=1", &["amount=1"]);
    // What is no path is a name of its own.
    check("a[=1&b]=2&.c=3&d..e=4&f[]=5&g[h]i=6", &["a[=1", "b]=2", ".c=3", "d..e=4", "f[]=5", "g[h]i=6"]);
    check("a.b.c.d.e.f=1", &["a.b.c.d.e.f=1"]);
    check("a[99]=1", &["a[99]=1"]);
    check("123=x", &["123=x"]);
}

#[test]
fn faults_name_their_field() {
    let check = |body: &str, expected: &[&str]| {
        assert_eq!(read(body), Err(expected.iter().map(|text| (*text).to_owned()).collect()), "{body}");
    };
    let twice = "must not be sent twice with different values";
    check("amount=1&amount=2", &[&format!("amount {twice}")]);
    check("card[cvv]=1&card.cvv=2", &[&format!("card.cvv {twice}")]);
    check("a.b.c.d.e.f.g=1", &["a.b.c.d.e.f.g must not be nested deeper than 6 levels"]);
    check(
        "a[100]=1&b.4294967296=1",
        &["a[100] must not have an index above 99", "b.4294967296 must not have an index above 99"],
    );
    check(
        "amount=%00&b=a%0Ab&c=x%C2%85y",
        &[
            "amount must not contain control characters",
            "b must not contain control characters",
            "c must not contain control characters",
        ],
    );
    check("card.holder=%ff", &["card.holder must be UTF-8"]);
    check("%ff=1", &["\u{fffd} must be UTF-8"]);
    check("a%00=1", &["a\\0 must not contain control characters"]);
    // Also an unknown field's, and beside fields that are right.
    check("x=1&nobody=%01&y=2", &["nobody must not contain control characters"]);
}

#[test]
fn a_body_of_faults_gets_an_answer_of_a_size() {
    let body = "a=%01&".repeat(10_000);
    assert_eq!(Form::read(body.as_bytes()).1.len(), 100);
}

#[test]
fn all_but_three_kinds_of_body_are_forms() {
    let check = |content_type: &str, expected: bool| assert_eq!(is_no_form(content_type), expected, "{content_type}");
    check("application/x-www-form-urlencoded", false);
    check("application/x-www-form-urlencoded; charset=UTF-8", false);
    check("", false);
    check("text/plain", false);
    check("application/octet-stream", false);
    check("application/json", true);
    check("Application/JSON; charset=utf-8", true);
    check("application/xml", true);
    check("text/xml;charset=utf-8", true);
    check("multipart/form-data; boundary=x", true);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    /// Whatever bytes come: no panic, and what is taken is trimmed, not empty and free of control characters.
    #[test]
    fn any_bytes_can_be_read(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (form, faults) = Form::read(&body);
        for field in &form.fields {
            prop_assert_eq!(field.value.trim(), &field.value);
            prop_assert!(!field.value.is_empty() && !field.value.chars().any(char::is_control));
            prop_assert_eq!(form.get(field.name.text()), Some(field.value.as_str()));
        }
        prop_assert!(faults.iter().all(|fault| !fault.message.is_empty()));
    }

    /// Values survive encoding.
    #[test]
    fn an_encoded_value_comes_back(value in "[^\\p{Cc}]{0,40}") {
        let (form, faults) = Form::read(format!("x={}", encoded(&value)).as_bytes());
        prop_assert_eq!(faults.len(), 0);
        prop_assert_eq!(form.get("x").unwrap_or_default(), value.trim());
    }

    /// A name written with dots and one with brackets are the same, and reading the written form changes nothing.
    #[test]
    fn dots_and_brackets_are_one(parts in proptest::collection::vec("[a-z]{1,8}|[0-9]{1,2}", 1..6)) {
        let dots = format!("x.{}", parts.join("."));
        let brackets = format!("x[{}]", parts.join("]["));
        let (dots, brackets) = (Name::parse(&dots), Name::parse(&brackets));
        prop_assert_eq!(&dots, &brackets);
        let name = dots.expect("at most six parts and small indexes");
        prop_assert_eq!(Name::parse(name.text()), Ok(name.clone()));
    }

    /// Reading takes time in proportion, whatever the names: thousands of fields are nothing.
    #[test]
    fn the_order_of_equal_fields_does_not_matter(count in 1..50_usize) {
        let body = |numbers: &mut dyn Iterator<Item = usize>| {
            numbers.map(|number| format!("f{number}=v{number}")).collect::<Vec<_>>().join("&")
        };
        let (forth, _) = Form::read(body(&mut (0..count)).as_bytes());
        let (back, _) = Form::read(body(&mut (0..count).rev()).as_bytes());
        prop_assert_eq!(forth.sorted(), back.sorted());
    }
}
