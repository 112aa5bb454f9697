use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use static_assertions::{assert_impl_all, assert_not_impl_any};

use super::{Brand, Card, CardSummary, Cvc, Expiry, Pan, PanError, looks_like_a_number, without_numbers};
use crate::secret::Secret;

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
fn some_texts_look_like_a_card_number() {
    for (text, looks) in [
        ("4111 1111 1111 1111", true),
        ("4111111111111112", false),
        ("1111111111111117", false),
        ("GB33BUKB20201555555555", false),
        ("", false),
    ] {
        assert_eq!(looks_like_a_number(text), looks, "{text}");
    }
}

#[test]
fn numbers_are_hidden_wherever_they_were_typed() {
    for (text, left) in [
        ("4111111111111111", "411111******1111"),
        ("4111 1111-1111 1111", "4111 11**-**** 1111"),
        ("Jane 4111111111111111 Jones", "Jane 411111******1111 Jones"),
        ("41111111111111119", "411111*******1119"),
        ("https://shop.example/4111111111111111?a=1", "https://shop.example/411111******1111?a=1"),
        ("Jane Jones", "Jane Jones"),
        ("4111111111111112", "4111111111111112"),
        ("12345678901", "12345678901"),
        ("Müller – 2", "Müller – 2"),
        ("", ""),
    ] {
        assert_eq!(without_numbers(text), left, "{text}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let pan = Pan::parse("4111111111111111").expect("a test number");
    let cvc = Cvc::parse("737", pan.brand()).expect("three digits");
    assert_eq!(format!("{pan:?} {cvc:?}"), "Pan(…) Cvc(…)");
    let holder = "4111 1111 1111 1111".to_owned();
    let card = Card { holder, pan, cvc: Some(cvc), expiry: Expiry { month: 5, year: 2034 }, cryptogram: None };
    assert_eq!(format!("{card:?}"), "Card(…)", "payers type their number into the holder's field, too");
    assert_eq!(format!("{:?}", Secret::new("whsec".into())), "Secret(…)");
}

#[test]
fn american_express_has_four_digits() {
    assert!(Cvc::parse("123", Brand::Amex).is_none());
    assert!(Cvc::parse("1234", Brand::Amex).is_some());
    assert!(Cvc::parse("12a", Brand::Visa).is_none());
    assert!(Cvc::parse("12", Brand::Visa).is_none());
}

// What a card is made of can be neither printed nor serialised: adding a derive to one of these stops the build of this test.
// Asserted on the types, because a file that must not compile says only that something in it does not.
assert_not_impl_any!(Pan: fmt::Display, Serialize, DeserializeOwned, Deref, AsRef<str>, Into<String>);
assert_not_impl_any!(Cvc: fmt::Display, Serialize, DeserializeOwned, Deref, AsRef<str>, Into<String>);
assert_not_impl_any!(Card: fmt::Display, Serialize, DeserializeOwned);
assert_not_impl_any!(Secret: fmt::Display, Serialize, DeserializeOwned, Deref, AsRef<str>, Into<String>);
// The assertion does tell: what may be kept of a card is serialised.
assert_impl_all!(CardSummary: Serialize, DeserializeOwned);
