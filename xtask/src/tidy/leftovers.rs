//! Words that must not stay: unfinished work, switched-off tests, unsafe code, stray prints.

use super::Fault;
use super::source::Source;

/// Refuses what marks work as unfinished or unsafe.
pub fn code(source: &Source) -> Vec<Fault> {
    let rules: [(&[&str], &str); 6] = [
        (&["unsafe"], "`unsafe`; there is always a safe way here, or a crate that has one"),
        (&["todo", "!"], "`todo!`; finish it, or refuse the input"),
        (&["unimplemented", "!"], "`unimplemented!`; finish it, or refuse the input"),
        (&["dbg", "!"], "`dbg!`; remove it"),
        (&["#", "[", "ignore"], "a test that is switched off; make it pass or remove it"),
        (&["#", "!", "[", "allow"], "a lint switched off for a whole module; allow it at the place, with the reason"),
    ];
    let mut faults = Vec::new();
    for (words, text) in rules {
        faults.extend(source.sequences(words).map(|at| source.fault(source.tokens[at].line, text)));
    }
    for (line, comment) in &source.comments {
        if ["FIXME", "TODO"].iter().any(|mark| comment.contains(mark)) {
            faults.push(source.fault(*line, "a note to do something later; do it, or open an issue"));
        }
    }
    faults
}

/// Libraries do not write to the terminal; the binary's commands and the tools do.
pub fn printing(source: &Source) -> Vec<Fault> {
    // A build script speaks to Cargo by printing.
    const WRITERS: [&str; 4] =
        ["crates/gateway/build.rs", "crates/gateway/src/main.rs", "crates/gateway/src/commands", "xtask/"];
    if WRITERS.iter().any(|writer| source.path.starts_with(writer)) || source.is_test() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for word in ["print", "println", "eprint", "eprintln"] {
        let text = format!("`{word}!` in a library; return it, or use tracing");
        faults.extend(source.sequences(&[word, "!"]).map(|at| source.fault(source.tokens[at].line, text.clone())));
    }
    faults
}
