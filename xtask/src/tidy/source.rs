//! One Rust file as the rules see it: its code without comments and strings, its comments, and the paths it names.

use super::Fault;

/// A Rust file.
pub struct Source<'a> {
    /// Relative to the repository, with forward slashes.
    pub path: &'a str,
    /// As written.
    pub text: &'a str,
    /// Words and punctuation of the code; comments and the insides of literals are gone.
    pub tokens: Vec<Token>,
    /// Text of comments, with the line each piece stands on.
    pub comments: Vec<(usize, String)>,
}

/// A word, or one character of punctuation (`::` is one token).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// A path named in the code, such as `std::fs::read`; groups in `use` are written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    pub path: String,
}

impl<'a> Source<'a> {
    /// Splits a file into tokens and comments.
    pub fn read(path: &'a str, text: &'a str) -> Source<'a> {
        let mut reader = Reader { rest: text, line: 1, tokens: Vec::new(), comments: Vec::new() };
        while !reader.rest.is_empty() {
            reader.step();
        }
        Source { path, text, tokens: reader.tokens, comments: reader.comments }
    }

    /// A fault in this file.
    pub fn fault(&self, line: usize, text: impl Into<String>) -> Fault {
        Fault { path: self.path.to_owned(), line, text: text.into() }
    }

    /// Whether the file holds tests only, by the names our tests have.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        matches!(name, "tests.rs" | "properties.rs" | "conformance.rs")
            || self.path.split('/').any(|folder| matches!(folder, "tests" | "conformance"))
    }

    /// Every path of two or more words, and every single word that a `use` brings in.
    pub fn names(&self) -> Vec<Named> {
        let mut names = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            at = if is_word(&self.tokens[at].text) { path_from(&self.tokens, at, "", &mut names) } else { at + 1 };
        }
        names
    }

    /// Places where `words` follow each other in the code.
    pub fn sequences<'s>(&'s self, words: &'s [&str]) -> impl Iterator<Item = usize> + 's {
        let fits = move |window: &[Token]| window.iter().zip(words).all(|(token, word)| token.text == *word);
        self.tokens.windows(words.len()).enumerate().filter(move |(_, window)| fits(window)).map(|(at, _)| at)
    }
}

impl Named {
    /// Whether the path is `module` or something in it.
    pub fn is_in(&self, module: &str) -> bool {
        self.path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }

    /// Whether the path's last words are `tail`.
    pub fn ends_with(&self, tail: &str) -> bool {
        self.path.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
    }
}

/// Reads the path that starts at `at` below `prefix`, groups included; returns where the code goes on.
fn path_from(tokens: &[Token], mut at: usize, prefix: &str, names: &mut Vec<Named>) -> usize {
    let line = tokens[at].line;
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut path = format!("{prefix}{}", text(at));
    at += 1;
    while text(at) == "::" {
        if is_word(text(at + 1)) {
            path = format!("{path}::{}", text(at + 1));
            at += 2;
        } else if text(at + 1) == "{" {
            return group_from(tokens, at + 2, &format!("{path}::"), names);
        } else {
            break;
        }
    }
    names.push(Named { line, path });
    at
}

fn group_from(tokens: &[Token], mut at: usize, prefix: &str, names: &mut Vec<Named>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            "as" => at += 2,
            word if is_word(word) => at = path_from(tokens, at, prefix, names),
            _ => at += 1,
        }
    }
    at
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
    comments: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().unwrap_or(' ');
        if rest.starts_with("//") {
            self.comment(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comment(block_comment_length(rest));
        } else if let Some(length) = literal_length(rest) {
            self.push("\"\"");
            self.skip(length);
        } else if is_word(rest) || first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.push(&rest[..length]);
            self.skip(length);
        } else if rest.starts_with("::") {
            self.push("::");
            self.skip(2);
        } else {
            if !first.is_whitespace() {
                self.push(&rest[..first.len_utf8()]);
            }
            self.skip(first.len_utf8());
        }
    }

    fn push(&mut self, text: &str) {
        self.tokens.push(Token { line: self.line, text: text.to_owned() });
    }

    fn comment(&mut self, length: usize) {
        for (offset, line) in self.rest[..length].lines().enumerate() {
            self.comments.push((self.line + offset, line.to_owned()));
        }
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest[..length].matches('\n').count();
        self.rest = &self.rest[length..];
    }
}

fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string or character literal that `text` begins with, if it begins with one.
fn literal_length(text: &str) -> Option<usize> {
    for prefix in ["br", "cr", "r", "b", "c", ""] {
        let Some(rest) = text.strip_prefix(prefix) else { continue };
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let raw = prefix.ends_with('r');
        if raw && rest[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &rest[hashes + 1..];
            let close = body.find(&end).map_or(body.len(), |at| at + end.len());
            return Some(prefix.len() + hashes + 1 + close);
        }
        if !raw && rest.starts_with('"') {
            return Some(prefix.len() + quoted_length(rest, '"'));
        }
        if matches!(prefix, "b" | "") && is_character(rest) {
            return Some(prefix.len() + quoted_length(rest, '\''));
        }
    }
    None
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars();
    let (Some('\''), Some(inside), after) = (characters.next(), characters.next(), characters.next()) else {
        return false;
    };
    inside == '\\' || after == Some('\'')
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
