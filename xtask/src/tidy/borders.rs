//! Who may name whom inside the gateway; the borders between crates are Cargo's.

use super::Fault;
use super::source::Source;

const DIALECTS: [&str; 4] = ["cashier", "v3", "crypto", "transaction_services"];

/// The binary's own files. Everything else of the gateway is its library.
const BINARY: [&str; 3] = ["main.rs", "nodes.rs", "simulated.rs"];

/// Dialects, pages and portal see the engine and the kernel only; the binary alone names the providers.
pub fn gateway(source: &Source) -> Vec<Fault> {
    let Some(module) = source.path.strip_prefix("crates/gateway/src/") else { return Vec::new() };
    let outer = ["dialects/", "pages/", "portal/"].iter().any(|folder| module.starts_with(folder));
    let mut faults = Vec::new();
    for name in source.names() {
        if name.is_in("florin_providers") && !BINARY.contains(&module) {
            let text = format!(
                "`{}`: only the binary (main.rs, nodes.rs, simulated.rs) names the providers; pass what is needed from there",
                name.path
            );
            faults.push(source.fault(name.line, text));
        }
        if name.is_in("florin_store") && outer && !source.is_test() {
            let text = format!("`{}`: dialects, pages and portal see the engine and the kernel only", name.path);
            faults.push(source.fault(name.line, text));
        }
    }
    faults
}

/// Handlers are given to axum by `erased.rs` alone: of each that comes with its type axum compiles its services anew.
pub fn handlers(source: &Source) -> Vec<Fault> {
    const TAKERS: [&str; 3] = ["axum::routing::get", "axum::routing::post", "axum::routing::any"];
    let Some(module) = source.path.strip_prefix("crates/gateway/src/") else { return Vec::new() };
    if module == "erased.rs" || source.is_test() {
        return Vec::new();
    }
    let names = source.names();
    let typed = names.iter().filter(|name| TAKERS.contains(&name.path.as_str()));
    let text = "handlers go to axum through erased.rs, since each that comes with its type costs compile time";
    typed.map(|name| source.fault(name.line, text)).collect()
}

/// No dialect knows another.
pub fn dialects(source: &Source) -> Vec<Fault> {
    let Some(inside) = source.path.strip_prefix("crates/gateway/src/dialects/") else { return Vec::new() };
    let own = inside.split(['/', '.']).next().unwrap_or(inside);
    if !DIALECTS.contains(&own) {
        return Vec::new();
    }
    let other = |word: &str| word != own && DIALECTS.contains(&word);
    let mut faults = Vec::new();
    for name in source.names() {
        let words: Vec<&str> = name.path.split("::").collect();
        let pairs = words.windows(2).filter(|pair| matches!(pair[0], "dialects" | "super") && other(pair[1]));
        for pair in pairs {
            let text = format!("the {own} dialect names the {} dialect; move what both need beside them", pair[1]);
            faults.push(source.fault(name.line, text));
        }
    }
    faults
}

/// The crates whose feature `sabotage` plants defects. Nobody else names it, and nobody has it by default.
const SABOTAGED: [&str; 4] =
    ["crates/kernel/Cargo.toml", "crates/store/Cargo.toml", "crates/engine/Cargo.toml", "xtask/Cargo.toml"];

/// Planted defects never come into the product build.
pub fn sabotage(path: &str, text: &str) -> Vec<Fault> {
    let named = |line: &str| !line.trim_start().starts_with('#') && line.contains("sabotage");
    let refused = |line: &str| named(line) && (!SABOTAGED.contains(&path) || !line.starts_with("sabotage = ["));
    let fault = |line| {
        let text = "the feature `sabotage` is turned on; it is for the tests of our tests, by hand only".to_owned();
        Fault { path: path.to_owned(), line, text }
    };
    text.lines().enumerate().filter(|(_, line)| refused(line)).map(|(at, _)| fault(at + 1)).collect()
}
