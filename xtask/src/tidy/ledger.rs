//! Entries of the book are made in the kernel's chart and nowhere else.

use super::Fault;
use super::source::Source;

const CHART: &str = "crates/kernel/src/ledger/chart.rs";

/// Refuses `Entry { … }` outside the chart, in files that can mean the ledger's.
pub fn entries(source: &Source) -> Vec<Fault> {
    if source.path == CHART {
        return Vec::new();
    }
    let in_ledger = source.path.starts_with("crates/kernel/src/ledger");
    let brings_entry = source.names().iter().any(|name| name.ends_with("ledger::Entry"));
    if !in_ledger && !brings_entry {
        return Vec::new();
    }
    let literals = source.sequences(&["Entry", "{"]).filter(|at| is_literal(source, *at));
    let text = format!("an entry is made outside {CHART}; add a function there, named after the business event");
    literals.map(|at| source.fault(source.tokens[at].line, text.clone())).collect()
}

/// Tells `Entry { … }` that makes one from its declaration, a function that returns one, and a pattern.
fn is_literal(source: &Source, at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |at| source.tokens[at].text.as_str());
    if matches!(before, "struct" | "enum" | "impl" | "for" | ">" | "let") {
        return false;
    }
    let mut depth = 0_usize;
    for (place, token) in source.tokens.iter().enumerate().skip(at + 1) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return source.tokens.get(place + 1).is_none_or(|next| !matches!(next.text.as_str(), "=" | "|"));
        }
    }
    true
}
