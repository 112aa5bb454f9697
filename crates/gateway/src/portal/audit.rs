//! The audit log, of a merchant and of the installation.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::{Entry, Who};
use florin_kernel::{MerchantId, Timestamp};
use serde_json::Value;

use super::answer::page as answer;
use super::refused;
use super::shell::Shell;
use super::show::Moment;
use super::visit::{AtMerchant, Fields, Visit};

/// Entries on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "portal/audit.html")]
struct AuditPage {
    shell: Shell,
    lead: &'static str,
    entries: Vec<Line>,
    /// The way to older entries; empty where there are none.
    older: String,
}

struct Line {
    number: i64,
    at: Moment,
    who: String,
    from: String,
    action: String,
    object: String,
    /// What differs: name, before, after.
    changes: Vec<Change>,
}

/// One thing that differs.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: String,
    before: String,
    after: String,
}

/// `GET …/audit`.
pub(super) async fn of_merchant(at: AtMerchant) -> Response {
    let lead = "Who changed what of this merchant, the newest first. Entries are never changed or removed.";
    let (shell, base) = (at.shell("Audit log"), at.path_to("audit"));
    listed(&at, shell, lead, Some(at.merchant.id), &base).await
}

/// `GET /portal/operator/audit`.
pub(super) async fn of_installation(visit: Visit) -> Response {
    let lead = "Who changed what in the whole installation, the newest first. The command florin ledger verify checks that no entry was changed or removed.";
    listed(&visit, visit.shell("Audit log"), lead, None, "/portal/operator/audit").await
}

async fn listed(visit: &Visit, shell: Shell, lead: &'static str, merchant: Option<MerchantId>, base: &str) -> Response {
    let found = visit.engine().audit_entries(merchant, before(&visit.query), PAGE + 1).await;
    let Ok(mut entries) = found else { return refused::unavailable() };
    let older = match entries.len() > PAGE as usize {
        true => {
            entries.truncate(PAGE as usize);
            entries.last().map(|last| format!("{base}?before={}", last.number)).unwrap_or_default()
        }
        false => String::new(),
    };
    let now = visit.engine().wall();
    let entries = entries.into_iter().map(|entry| Line::of(entry, now)).collect();
    answer(StatusCode::OK, &AuditPage { shell, lead, entries, older })
}

/// Where a page begins.
fn before(query: &Fields) -> Option<i64> {
    query.text("before").parse().ok()
}

impl Line {
    fn of(entry: Entry, now: Timestamp) -> Line {
        let (who, from) = match &entry.who {
            Who::User { email, address, .. } => (email.clone(), address.to_string()),
            Who::AdminToken { address } => ("Admin token".to_owned(), address.to_string()),
            Who::CommandLine => ("Command line".to_owned(), String::new()),
            Who::Program => ("Florin".to_owned(), String::new()),
        };
        Line {
            number: entry.number,
            at: Moment::at(entry.at, now),
            who,
            from,
            changes: changes(&entry.before, &entry.after),
            action: entry.action.replace(['.', '_'], " "),
            object: entry.object,
        }
    }
}

/// What differs between two documents, field by field; of what is new or gone, every field.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut names: Vec<&String> = Vec::new();
    for document in [before, after] {
        for name in document.as_object().into_iter().flat_map(|fields| fields.keys()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let differs = |name: &&String| before.get(name.as_str()) != after.get(name.as_str());
    let change = |name: &String| {
        let shown = |document: &Value| document.get(name.as_str()).map(shown).unwrap_or_default();
        Change { name: name.replace('_', " "), before: shown(before), after: shown(after) }
    };
    names.into_iter().filter(differs).map(change).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, changes};
    use serde_json::{Value, json};

    #[test]
    fn only_what_differs_is_shown() {
        let change = |name: &str, before: &str, after: &str| Change {
            name: name.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let before = json!({"name": "a", "same": 1, "gone": true});
        let after = json!({"name": "b", "same": 1, "one_time": null});
        let expected = vec![change("name", "a", "b"), change("gone", "yes", ""), change("one time", "", "none")];
        assert_eq!(changes(&before, &after), expected);
        assert_eq!(changes(&Value::Null, &json!({"n": [1]})), [change("n", "", "[1]")]);
        assert_eq!(changes(&Value::Null, &Value::Null), []);
    }
}
