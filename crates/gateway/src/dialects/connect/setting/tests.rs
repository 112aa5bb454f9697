//! Each table knows every setting of its dialect, and what is typed is what is shown.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Kind, Setting, check};
use crate::dialects::{cashier, connection};
use crate::dialects::{crypto, transaction_services, v3};
use florin_kernel::payment::Dialect;

fn names(settings: &Value, more: &[&str], without: &[&str]) -> BTreeSet<String> {
    let written = settings.as_object().expect("an object").keys().cloned();
    let more = more.iter().map(|name| (*name).to_owned());
    written.chain(more).filter(|name| !without.contains(&name.as_str())).collect()
}

fn table(settings: &[Setting]) -> BTreeSet<String> {
    settings.iter().map(|setting| setting.name.to_owned()).collect()
}

#[test]
fn every_setting_has_a_line() {
    let fields = |dialect: Dialect| connection(dialect).setting_table();
    let written = |value: Result<Value, serde_json::Error>| value.expect("JSON");
    let cashier = written(serde_json::to_value(cashier::settings::Settings::default()));
    assert_eq!(table(fields(Dialect::Cashier)), names(&cashier, &["attempts_max"], &[]));
    let v3 = written(serde_json::to_value(v3::settings::Settings::default()));
    let left_out = ["decline_status", "authorization_days", "checkout_minutes", "checkout_attempts", "origins"];
    assert_eq!(table(fields(Dialect::V3)), names(&v3, &left_out, &[]));
    let crypto = written(serde_json::to_value(crypto::settings::Settings::default()));
    assert_eq!(table(fields(Dialect::Crypto)), names(&crypto, &[], &[]));
    let ts = written(serde_json::to_value(transaction_services::settings::Settings::default()));
    assert_eq!(table(fields(Dialect::TransactionServices)), names(&ts, &[], &["member_id", "partner_id", "username"]));
    let terminals = fields(Dialect::TransactionServices).iter().find_map(|setting| setting.kind.rows());
    let terminal = written(serde_json::to_value(transaction_services::settings::Terminal::default()));
    assert_eq!(table(terminals.expect("terminals")), names(&terminal, &["default_currency"], &[]));
}

#[test]
fn a_words_default_is_offered_and_every_line_says_something() {
    fn look(table: &[Setting]) {
        for Setting { name, label, hint, kind } in table {
            assert!(!label.is_empty() && !hint.is_empty() && !label.ends_with('.'), "{name}");
            assert!(hint.ends_with(['.', ':']), "{name}: {hint}");
            match kind {
                Kind::Rows(rows) => look(rows),
                Kind::Choice(words) => assert!(words.len() > 1, "{name}"),
                _ => {}
            }
        }
    }
    for dialect in crate::dialects::CONNECTIONS {
        look(dialect.setting_table());
    }
}

#[test]
fn what_is_typed_is_what_is_shown() {
    const WORDS: &[(&str, &str)] = &[("", "As it comes"), ("one", "One"), ("two", "Two")];
    let setting = |kind| Setting { name: "it", label: "It", hint: "It.", kind };
    for (kind, typed, value) in [
        (Kind::Text, "dark", json!("dark")),
        (Kind::TextOrNull, "", Value::Null),
        (Kind::Url, "https://shop.example/", json!("https://shop.example/")),
        (Kind::UrlOrNull, "", Value::Null),
        (Kind::Number(1, 10), "7", json!(7)),
        (Kind::Choice(WORDS), "two", json!("two")),
        (Kind::Choice(WORDS), "", Value::Null),
        (Kind::Switch, "on", json!(true)),
        (Kind::Switch, "", json!(false)),
        (Kind::SwitchOrNull(""), "off", json!(false)),
        (Kind::SwitchOrNull(""), "", Value::Null),
        (Kind::Words, "a\nb", json!(["a", "b"])),
        (Kind::Words, "", json!([])),
        (Kind::WordsOrNull, "", Value::Null),
        (Kind::WordsOrNull, "none", json!([])),
        (Kind::WordsOrNull, "BTC\nETH", json!(["BTC", "ETH"])),
        (Kind::Pairs, "BTC 0.0001\nETH 1", json!({"BTC": "0.0001", "ETH": "1"})),
        (
            Kind::PairsWithUrl,
            "POS1\nPOS2 https://shop.example/",
            json!({"POS1": null, "POS2": "https://shop.example/"}),
        ),
    ] {
        let setting = setting(kind);
        assert_eq!(setting.read(typed), Ok(Some(value.clone())), "{kind:?} {typed}");
        assert_eq!(setting.typed(&value), typed, "{kind:?} {value}");
    }
    assert_eq!(setting(Kind::Number(1, 10)).read(" "), Ok(None), "its default");
    for (kind, typed) in [
        (Kind::Number(1, 10), "many"),
        (Kind::Number(1, 10), "-1"),
        (Kind::Choice(WORDS), "three"),
        (Kind::Pairs, "BTC"),
    ] {
        assert_eq!(setting(kind).read(typed).map_err(|unfit| unfit.field), Err("it".to_owned()), "{kind:?}");
    }
}

#[test]
fn settings_are_checked_by_the_table() {
    const ROW: &[Setting] = &[Setting { name: "id", label: "Id", hint: "Its.", kind: Kind::Number(1, 9) }];
    const TABLE: &[Setting] = &[
        Setting { name: "url", label: "URL", hint: "It.", kind: Kind::Url },
        Setting { name: "many", label: "Many", hint: "So.", kind: Kind::Number(2, 5) },
        Setting { name: "pos", label: "POS", hint: "All.", kind: Kind::PairsWithUrl },
        Setting { name: "rows", label: "Rows", hint: "All.", kind: Kind::Rows(ROW) },
    ];
    for (given, wrong) in [
        (json!({}), ""),
        (json!({"url": "", "many": null, "pos": {"a": null}, "rows": [{"id": 9}, {}], "other": 7}), ""),
        (json!({"url": "ftp://shop.example"}), "url"),
        (json!({"many": 6}), "many"),
        (json!({"many": 1}), "many"),
        (json!({"pos": {"a": null, "b": "shop"}}), "pos"),
        (json!({"rows": [{"id": 1}, {"id": 10}]}), "id"),
    ] {
        let settings: Map<String, Value> = given.as_object().cloned().expect("an object");
        let checked = check(TABLE, &settings).map_err(|unfit| unfit.field);
        assert_eq!(checked.err().unwrap_or_default(), wrong, "{given}");
    }
}
