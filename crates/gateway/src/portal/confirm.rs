//! The page before anything that moves money or cannot be undone: it says how much and what follows, and asks for a yes. Orders about
//! payments, decisions about withdrawals and an operator's word about an unknown operation have it in common.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::page as answer;
use super::shell::Shell;
use super::steps::Fact;

/// The page.
#[derive(Template)]
#[template(path = "portal/confirm.html")]
pub(super) struct ConfirmPage {
    pub(super) shell: Shell,
    pub(super) title: String,
    /// Why it is not done; empty: nothing speaks against it.
    pub(super) error: String,
    pub(super) facts: Vec<Fact>,
    /// What follows, a sentence each; that and how it can be undone is the last one.
    pub(super) consequences: Vec<String>,
    pub(super) form: Option<Form>,
    pub(super) back: String,
}

impl ConfirmPage {
    /// The yes that is asked for: what the button does is the title.
    pub(super) fn asking(
        (shell, title): (Shell, String),
        facts: Vec<Fact>,
        consequences: Vec<String>,
        (action, hidden): (String, Vec<(&'static str, String)>),
        back: String,
    ) -> ConfirmPage {
        let asked = format!("{title}?");
        let form = Form { method: Method::Post, action, hidden, inputs: Vec::new(), button: title };
        ConfirmPage { shell, title: asked, error: String::new(), facts, consequences, form: Some(form), back }
    }

    /// Nothing is done, and why.
    pub(super) fn stopped(shell: Shell, title: String, error: String, facts: Vec<Fact>, back: String) -> Response {
        let page = ConfirmPage { shell, title, error, facts, consequences: Vec::new(), form: None, back };
        answer(StatusCode::CONFLICT, &page)
    }
}

/// What is sent on. Nothing is sent where it cannot be done.
pub(super) struct Form {
    pub(super) method: Method,
    pub(super) action: String,
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) inputs: Vec<Input>,
    pub(super) button: String,
}

/// Whether the form asks for this page again, with what it says then, or does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
        }
    }
}

/// Something to be filled in.
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: &'static str,
    pub(super) value: String,
    pub(super) fault: String,
    pub(super) kind: Kind,
}

/// How it is filled in.
pub(super) enum Kind {
    /// A line of text.
    Text,
    /// An amount.
    Amount,
    /// A box to tick.
    Box,
    /// One of these: word and label.
    Choice(Vec<(&'static str, &'static str)>),
}

impl Input {
    /// Whether it is filled in with a word.
    fn has(&self, word: &str) -> bool {
        self.value == word
    }
}
