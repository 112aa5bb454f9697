//! What every dialect must do to be connected, and the helpers that draw keys.

use std::collections::HashMap;

use florin_kernel::payment::Mode;
use serde_json::{Value, json};

use super::{Order, digits, hint, letters, read};
use crate::dialects::CONNECTIONS;

fn said(fields: &[(&str, &str)]) -> HashMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_dialect_makes_credentials_that_differ() {
    for dialect in CONNECTIONS {
        for mode in [Mode::Dev, Mode::Live] {
            let nothing = |_: &str| String::new();
            let order = Order { mode, slug: "shop", said: &nothing };
            let (one, other) = (dialect.make(&order).expect("made"), dialect.make(&order).expect("made"));
            assert_ne!(one.key.expose(), other.key.expose(), "{}", dialect.name());
            let password = one.signature_password.expose();
            assert_eq!(password.is_empty(), dialect.password().is_none(), "{}", dialect.name());
            assert!(password.is_empty() || password != other.signature_password.expose(), "{}", dialect.name());
            assert!(one.settings.is_object() && !one.login.is_empty(), "{}", dialect.name());
            assert!(one.hint.chars().count() <= 40, "{}: {}", dialect.name(), one.hint);
        }
    }
}

#[test]
fn what_a_merchant_brings_is_taken_or_refused_by_name() {
    for (word, fields, wrong) in [
        ("v3", &[("entity_id", "EB123456"), ("access_token", "0123456789012345678901234567890123456789")][..], ""),
        ("v3", &[("entity_id", "EB-12345")], "entity_id"),
        ("v3", &[("access_token", "short")], "access_token"),
        ("transaction_services", &[("member_id", "11345"), ("partner_id", "195"), ("terminal_id", "7")], ""),
        ("transaction_services", &[("member_id", "12345678901")], "member_id"),
        ("transaction_services", &[("terminal_id", "1234567")], "terminal_id"),
        ("transaction_services", &[("partner_id", "1x")], "partner_id"),
        ("transaction_services", &[("secret_key", "short")], "secret_key"),
        ("cashier", &[], ""),
        ("crypto", &[], ""),
    ] {
        let dialect = CONNECTIONS.into_iter().find(|known| known.word() == word).expect("a dialect");
        let said = said(fields);
        let said = |name: &str| said.get(name).cloned().unwrap_or_default();
        let made = dialect.make(&Order { mode: Mode::Dev, slug: "shop", said: &said });
        match made {
            Ok(made) => {
                assert_eq!(wrong, "", "{word} {fields:?}");
                for (name, value) in fields {
                    let part = made.login.iter().find(|part| part.name == *name);
                    assert!(part.is_some_and(|part| part.value.expose() == *value), "{word} {name}");
                }
            }
            Err(unfit) => assert_eq!(unfit.field, wrong, "{word} {fields:?}"),
        }
    }
}

#[test]
fn settings_are_read_strictly() {
    type Cashier = crate::dialects::cashier::settings::Settings;
    let fault = |given: Value| read::<Cashier>(&given).map(drop).map_err(|unfit| unfit.field);
    for (given, expected) in [
        (json!({}), Ok(())),
        (json!({"edition": "flat", "attempts_max": null, "origins": []}), Ok(())),
        (json!({"edition": "round"}), Err("edition")),
        (json!({"extended_statuses": "on"}), Err("extended_statuses")),
        (json!({"webhook": "https://shop.example/"}), Err("webhook")),
        (json!(7), Err("settings")),
    ] {
        assert_eq!(fault(given.clone()), expected.map_err(str::to_owned), "{given}");
    }
}

#[test]
fn drawn_texts_have_their_form() {
    assert_ne!(letters(), letters());
    assert_eq!(letters().len(), 40);
    for count in [1, 6, 10] {
        let drawn = digits(count);
        assert!(drawn.len() == count as usize && !drawn.starts_with('0'), "{drawn}");
    }
    assert_eq!(hint("fl_live_0123456789wxYZ"), "fl_live_\u{2026}wxYZ");
    assert_eq!(hint("0123456789wxYZ"), "\u{2026}wxYZ");
}
