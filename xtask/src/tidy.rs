//! `cargo xtask tidy`: the rules of the source that Cargo and the compiler cannot hold.
//!
//! A rule group is a file in `tidy/`; each is a function from one file to faults. The tests run it over the repository, so
//! `cargo nextest run` finds what this command finds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod borders;
mod ledger;
mod leftovers;
mod links;
mod purity;
mod shape;
mod source;
#[cfg(test)]
mod tests;

use source::Source;

/// One broken rule, printed as `path:line: what, and what to do`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    path: String,
    line: usize,
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

/// Checks the repository, prints every fault, and fails if there is one.
pub fn main(root: &Path) -> ExitCode {
    let (files, faults) = check_repository(root);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        println!("tidy: {files} files, no faults");
        ExitCode::SUCCESS
    } else {
        eprintln!("tidy: {} faults in {files} files", faults.len());
        ExitCode::FAILURE
    }
}

/// The number of files read, and what is wrong with them in order of path and line.
fn check_repository(root: &Path) -> (usize, Vec<Fault>) {
    let mut paths = Vec::new();
    collect(root, &mut paths);
    let mut faults = Vec::new();
    for path in &paths {
        // Binary files have no style.
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let exists = |target: &Path| root.join(target).exists();
        faults.extend(check_file(&name, &text, &exists));
    }
    faults.sort();
    (paths.len(), faults)
}

/// Checks one file. `exists` tells whether a path relative to the repository is there.
fn check_file(path: &str, text: &str, exists: &dyn Fn(&Path) -> bool) -> Vec<Fault> {
    let mut faults = shape::trailing_space(path, text);
    if path.ends_with(".rs") {
        let source = Source::read(path, text);
        faults.extend(shape::module_head(&source));
        faults.extend(shape::length(&source));
        faults.extend(purity::kernel(&source));
        faults.extend(purity::clock(&source));
        faults.extend(borders::gateway(&source));
        faults.extend(borders::handlers(&source));
        faults.extend(borders::dialects(&source));
        faults.extend(ledger::entries(&source));
        faults.extend(leftovers::code(&source));
        faults.extend(leftovers::printing(&source));
    }
    if path.ends_with("Cargo.toml") {
        faults.extend(borders::sabotage(path, text));
    }
    if path.ends_with(".md") {
        faults.extend(links::resolve(path, text, exists));
    }
    faults
}

/// Every file whose style is ours: no build output, no hidden folders but those with settings, no snapshots.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    const SKIPPED: [&str; 4] = ["target", "florin-data", "snapshots", "node_modules"];
    const HIDDEN_BUT_OURS: [&str; 4] = [".ci", ".cargo", ".config", ".gitignore"];
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && !HIDDEN_BUT_OURS.contains(&name.as_str());
        let Ok(kind) = entry.file_type() else { continue };
        if hidden || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), paths);
        } else if kind.is_file() && name != "Cargo.lock" {
            paths.push(entry.path());
        }
    }
}
