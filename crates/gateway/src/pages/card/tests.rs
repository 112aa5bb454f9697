use super::{CardFields, Submitted};

fn problems(form: &str) -> Vec<&'static str> {
    let fields = match Submitted::read(form.as_bytes()).card(crate::pages::words::english()) {
        Ok(_) => CardFields::default(),
        Err(fields) => *fields,
    };
    let all = [
        ("holder", &fields.holder_problem),
        ("number", &fields.number_problem),
        ("month", &fields.month_problem),
        ("year", &fields.year_problem),
        ("cvc", &fields.cvc_problem),
    ];
    all.into_iter().filter(|(_, problem)| problem.is_some()).map(|(name, _)| name).collect()
}

#[test]
fn every_problem_is_told_at_once() {
    let check = |form: &str, expected: &[&str]| assert_eq!(problems(form), expected, "{form}");
    check("", &["holder", "number", "month", "year", "cvc"]);
    check("holder_name=John+Doe&card_number=4111+1111-1111+1111&exp_month=5&exp_year=25&cvc=123", &[]);
    check("holder_name=John+Doe&card_number=4111111111111112&exp_month=05&exp_year=2025&cvc=123", &["number"]);
    check(
        "holder_name=J&card_number=4111111111111111&exp_month=13&exp_year=1999&cvc=12",
        &["holder", "month", "year", "cvc"],
    );
    check("holder_name=John+Doe&card_number=378282246310005&exp_month=5&exp_year=25&cvc=123", &["cvc"]);
}

#[test]
fn number_and_code_are_not_kept() {
    let form = "holder_name=John+Doe&card_number=4111111111111112&exp_month=05&exp_year=2025&cvc=123";
    let fields = Submitted::read(form.as_bytes()).card(crate::pages::words::english()).expect_err("a wrong digit");
    assert_eq!((fields.holder_name.as_str(), fields.exp_month.as_str()), ("John Doe", "05"));
    let shown = format!("{fields:?}");
    assert!(!shown.contains("4111") && !shown.contains("123"), "{shown}");
}
