use std::path::Path;

use super::{check_file, check_repository};

/// The faults of one file in a repository that also holds `docs/operations.md`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let exists = |target: &Path| target == Path::new("docs/operations.md") || target == Path::new("docs");
    check_file(path, text, &exists).iter().map(|fault| format!("{}: {}", fault.line, fault.text)).collect()
}

/// One line of code in a file: the rule that refuses it has `word` in its text; an empty word means that it is fine.
fn check(path: &str, code: &str, word: &str) {
    let found = faults(path, &format!("//! A file.\n\n{code}\n"));
    match word {
        "" => assert_eq!(found, Vec::<String>::new(), "{path}: {code}"),
        word => {
            assert_eq!(found.len(), 1, "{path}: {code}: {found:?}");
            assert!(found[0].starts_with("3: ") && found[0].contains(word), "{path}: {code}: {found:?}");
        }
    }
}

#[test]
fn the_repository_is_tidy() {
    let (files, faults) = check_repository(&crate::repository_root());
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert!(files > 50, "only {files} files were found: the walk is broken");
}

#[test]
fn the_kernel_stays_pure() {
    let kernel = "crates/kernel/src/payment.rs";
    for (code, word) in [
        ("use std::net::IpAddr;", ""),
        ("use std::net::{IpAddr, Ipv4Addr};", ""),
        ("use std::net::{IpAddr, TcpStream};", "std::net::TcpStream"),
        ("use std::{fmt, fs};", "std::fs"),
        ("use std::{collections::{BTreeMap, BTreeSet}, time::Instant};", "std::time::Instant"),
        ("use std::time::Duration;", ""),
        ("fn f() { tokio::spawn(g()); }", "tokio::spawn"),
        ("fn f() -> u64 { rand::random() }", "rand::random"),
        ("// std::fs is not for us", ""),
        ("const TEXT: &str = \"std::fs\";", ""),
        ("const TEXT: &str = r#\"std::fs \"quoted\" \"#;", ""),
        ("fn f<'a>(text: &'a str) -> char { 'a' }", ""),
    ] {
        check(kernel, code, word);
    }
    check("crates/engine/src/submit.rs", "use std::fs;", "");
}

#[test]
fn the_clock_is_read_in_few_places() {
    let code = "fn f() -> Timestamp { Timestamp::now() }";
    check("crates/engine/src/submit.rs", code, "take the time as a parameter");
    check("crates/engine/src/clock.rs", code, "");
    check("crates/engine/src/submit/tests.rs", code, "");
}

#[test]
fn borders_inside_the_gateway() {
    let routes = "crates/gateway/src/dialects/cashier/routes.rs";
    for (path, code, word) in [
        (routes, "use florin_engine::Engine;", ""),
        (routes, "use florin_store::Answer;", "florin_store::Answer"),
        (routes, "use florin_providers::simulator::Simulator;", "only the binary"),
        (routes, "use crate::dialects::v3::Wire;", "names the v3 dialect"),
        (routes, "use crate::dialects::{cashier, crypto};", "names the crypto dialect"),
        (routes, "use crate::dialects::cashier::wire;", ""),
        (routes, "use axum::routing::{MethodRouter, get};", "erased.rs"),
        (routes, "use axum::routing::MethodRouter; use crate::erased::get;", ""),
        ("crates/gateway/src/erased.rs", "use axum::routing; fn f() { axum::routing::get(g) }", ""),
        ("crates/gateway/src/dialects/v3.rs", "use super::cashier;", "names the cashier dialect"),
        ("crates/gateway/src/dialects/mod.rs", "use self::cashier;", ""),
        ("crates/gateway/src/main.rs", "use florin_providers::simulator::Simulator;", ""),
        ("crates/gateway/src/simulated.rs", "use florin_providers::simulator::{self, Book};", ""),
        ("crates/gateway/src/nodes.rs", "use florin_providers::coins::bitcoin::BitcoinNode;", ""),
        ("crates/gateway/src/demo.rs", "use florin_providers::simulator::Simulator;", "only the binary"),
        ("crates/gateway/src/portal/payments.rs", "use florin_store::Store;", "florin_store::Store"),
    ] {
        check(path, code, word);
    }
}

#[test]
fn entries_are_made_in_the_chart() {
    let submit = "crates/engine/src/submit.rs";
    for (path, code, word) in [
        (submit, "use florin_kernel::ledger::Entry; fn f() { post(Entry { event, book, transfers }) }", "chart.rs"),
        (submit, "use florin_kernel::ledger::Entry; fn f() -> Entry { chart::captured(m) }", ""),
        (submit, "use florin_kernel::ledger::Entry; fn f(e: Entry) { let Entry { event, .. } = e; }", ""),
        (submit, "fn f() { match e { ledger::Entry { event, .. } => event } }", ""),
        (submit, "fn f() { let e = ledger::Entry { event }; }", "chart.rs"),
        ("crates/providers/src/simulator.rs", "struct Entry { key: u8 } fn f() { g(Entry { key: 1 }) }", ""),
        ("crates/kernel/src/ledger.rs", "pub struct Entry { pub event: u8 }", ""),
        ("crates/kernel/src/ledger/chart.rs", "fn f() -> Entry { Entry { event } }", ""),
    ] {
        check(path, code, word);
    }
}

#[test]
fn leftovers_are_refused() {
    let path = "crates/store/src/lib.rs";
    for (code, word) in [
        ("fn f() { todo!() }", "todo!"),
        ("fn f() { unimplemented!() }", "unimplemented!"),
        ("#[ignore] #[test] fn f() {}", "switched off"),
        ("fn f() { unsafe { g() } }", "unsafe"),
        ("// FIXME: later", "open an issue"),
        ("const MARK: &str = \"FIXME\";", ""),
        ("fn f() { println!(\"x\") }", "in a library"),
        ("fn f() { writeln!(out, \"x\"); }", ""),
    ] {
        check(path, code, word);
    }
    check("crates/gateway/src/main.rs", "fn f() { println!(\"x\") }", "");
}

#[test]
fn files_have_a_head_a_length_and_clean_ends() {
    assert_eq!(faults("crates/store/src/lib.rs", "use std::fmt;\n").len(), 1);
    assert_eq!(faults("crates/store/src/tests.rs", "use std::fmt;\n").len(), 0);
    assert_eq!(faults("docs/a.md", "text \n"), ["1: space at the end of the line; remove it"]);
    assert_eq!(faults("docs/a.md", "text").len(), 1);
    let long = "//! A file.\n".to_owned() + &"fn f() {}\n".repeat(500);
    assert!(faults("crates/store/src/lib.rs", &long)[0].contains("501 lines"));
    let excused = long.replace("A file.", "A file. This file is long because it is a table.");
    assert!(faults("crates/store/src/lib.rs", &excused).is_empty());
}

#[test]
fn links_lead_somewhere() {
    for (path, text, good) in [
        ("README.md", "see [operations](docs/operations.md#logs)\n", true),
        ("README.md", "see [operations](docs/operation.md)\n", false),
        ("docs/webhooks.md", "see [operations](operations.md) and [home](https://example.org/x)\n", true),
        ("docs/webhooks.md", "see [operations](../../operations.md)\n", false),
        ("README.md", "[operations]: docs/missing.md\n", false),
        ("README.md", "```\n[a](b)\n```\n", true),
        ("README.md", "[below](#below)\n", true),
    ] {
        assert_eq!(faults(path, text).is_empty(), good, "{path}: {text}");
    }
}

#[test]
fn sabotage_is_never_turned_on() {
    for (path, text, good) in [
        ("crates/kernel/Cargo.toml", "[features]\nsabotage = []\n", true),
        ("xtask/Cargo.toml", "[features]\nsabotage = [\"florin-kernel/sabotage\"]\n", true),
        ("crates/kernel/Cargo.toml", "[features]\ndefault = [\"sabotage\"]\n", false),
        ("crates/engine/Cargo.toml", "florin-kernel = { workspace = true, features = [\"sabotage\"] }\n", false),
        ("crates/gateway/Cargo.toml", "[features]\nsabotage = [\"florin-engine/sabotage\"]\n", false),
        ("Cargo.toml", "florin-store = { path = \"crates/store\", features = [\"sabotage\"] }\n", false),
        ("Cargo.toml", "# sabotage is never here\n", true),
    ] {
        assert_eq!(faults(path, text).is_empty(), good, "{path}: {text}");
    }
}
