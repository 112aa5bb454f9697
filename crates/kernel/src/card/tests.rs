use super::{Brand, Cvc, Pan, PanError};

#[test]
fn numbers_are_checked_and_branded() {
    for (text, brand) in [
        ("4111 1111-1111 1111", Brand::Visa),
        ("5555555555554444", Brand::Mastercard),
        ("378282246310005", Brand::Amex),
        ("6011111111111117", Brand::Discover),
        ("3530111333300000", Brand::Jcb),
        ("30569309025904", Brand::Diners),
    ] {
        assert_eq!(Pan::parse(text).expect(text).brand(), brand, "{text}");
    }
    for (text, error) in [
        ("4111111111111112", PanError::Luhn),
        ("41111111111", PanError::Length),
        ("41111111111111111111", PanError::Length),
        ("4111x11111111111", PanError::NotDigits),
        ("", PanError::Length),
    ] {
        assert_eq!(Pan::parse(text).err(), Some(error), "{text}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let pan = Pan::parse("4111111111111111").expect("a test number");
    let cvc = Cvc::parse("737", pan.brand()).expect("three digits");
    assert_eq!(format!("{pan:?} {cvc:?}"), "Pan(…) Cvc(…)");
}

#[test]
fn american_express_has_four_digits() {
    assert!(Cvc::parse("123", Brand::Amex).is_none());
    assert!(Cvc::parse("1234", Brand::Amex).is_some());
    assert!(Cvc::parse("12a", Brand::Visa).is_none());
    assert!(Cvc::parse("12", Brand::Visa).is_none());
}
