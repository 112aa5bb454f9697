//! How a file looks: what it says first, how long it is, no space at the ends of lines.

use super::Fault;
use super::source::Source;

const LINES_MAX: usize = 500;
const EXCUSE: &str = "This file is long because";

/// Lines end with their last word.
pub fn trailing_space(path: &str, text: &str) -> Vec<Fault> {
    let loose = |line: &str| line.ends_with([' ', '\t', '\r']);
    let fault =
        |line| Fault { path: path.to_owned(), line, text: "space at the end of the line; remove it".to_owned() };
    let mut faults: Vec<Fault> =
        text.split('\n').enumerate().filter(|(_, line)| loose(line)).map(|(at, _)| fault(at + 1)).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        let text = "the last line does not end with a newline; add one".to_owned();
        faults.push(Fault { path: path.to_owned(), line: 1, text });
    }
    faults
}

/// A module says what it is before it does anything. Files of tests are named after what they test.
pub fn module_head(source: &Source) -> Option<Fault> {
    let first = source.text.lines().find(|line| !line.trim().is_empty());
    let good = first.is_some_and(|line| line.starts_with("//!"));
    let text = "the file does not begin with `//!`; say in a sentence what it is";
    (!good && !source.is_test()).then(|| source.fault(1, text))
}

/// A file of more than 500 lines is split by noun, or says at its top why not.
pub fn length(source: &Source) -> Option<Fault> {
    let lines = source.text.lines().count();
    let excused = source.text.lines().take(40).any(|line| line.contains(EXCUSE));
    let text = format!("{lines} lines; split the file by noun, or say at its top \"{EXCUSE} …\"");
    (lines > LINES_MAX && !excused).then(|| source.fault(1, text))
}
