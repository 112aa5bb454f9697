//! An operator's word about an operation whose provider gives no clear answer. It books money, or says that none moved, on nothing but that
//! word; so it is the operator's alone, and asks how it is known.

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::SubmitError;
use florin_engine::office::{Resolved, Scope, Verdict};
use florin_kernel::Transaction;
use florin_kernel::payment::{Operation, OperationStatus, Seq};

use super::answer::{page as answer, see_other};
use super::confirm::{ConfirmPage, Form, Input, Kind, Method};
use super::payments::payment_path;
use super::steps::Fact;
use super::visit::{Fields, Guest, Visit, parse_mode};
use super::{refused, words};
use crate::pages::text;

/// Characters of a reason.
const REASON_MAX: usize = 500;
/// Characters of a provider's id.
const ID_MAX: usize = 100;

/// What the path names.
struct About {
    scope: Scope,
    transaction: Transaction,
    seq: Seq,
}

impl About {
    fn operation(&self) -> Option<&Operation> {
        operation(&self.transaction, self.seq)
    }
}

/// An operation of a payment or withdrawal.
pub(super) fn operation(transaction: &Transaction, seq: Seq) -> Option<&Operation> {
    match transaction {
        Transaction::Payment(payment) => payment.operation(seq),
        Transaction::Withdrawal(withdrawal) => withdrawal.operation(seq),
        Transaction::Coin(_) => None,
    }
}

/// What an operator says, read. Names its fields in screens and in the admin API alike.
///
/// # Errors
/// The field, and how to mend it.
pub(super) fn verdict(outcome: &str, provider_id: &str) -> Result<Verdict, (&'static str, &'static str)> {
    let fits = provider_id.chars().count() <= ID_MAX && !provider_id.chars().any(char::is_control);
    match outcome {
        "done" if fits => Ok(Verdict::Succeeded { provider_id: provider_id.to_owned() }),
        "done" => Err(("provider_id", "must be one line of at most 100 characters")),
        "not_done" => Ok(Verdict::Failed),
        _ => Err(("outcome", "must be done or not_done")),
    }
}

/// How it is known.
///
/// # Errors
/// The field, and how to mend it.
pub(super) fn reason(text: &str) -> Result<String, (&'static str, &'static str)> {
    let fits = !text.is_empty() && text.chars().count() <= REASON_MAX;
    fits.then(|| text.to_owned()).ok_or(("reason", "must say how it is known, in at most 500 characters"))
}

async fn about(visit: &Visit) -> Result<About, Box<Response>> {
    let seq = visit.parameter("operation").parse().ok().map(Seq::new);
    let named = (parse_mode(visit.parameter("mode")), visit.payment_id(), seq);
    let (Some(mode), Some(id), Some(seq)) = named else { return Err(Box::new(refused::not_found(visit))) };
    let scope = Scope { mode, merchant: None };
    let found = visit.engine().office_transaction(scope, id).await.map_err(|_| Box::new(refused::unavailable()))?;
    let about = found.map(|transaction| About { scope, transaction, seq });
    about.filter(|about| about.operation().is_some()).ok_or_else(|| Box::new(refused::not_found(visit)))
}

/// `GET /portal/operator/resolve/{mode}/{payment}/{operation}`.
pub(super) async fn page(visit: Visit) -> Response {
    match about(&visit).await {
        Ok(about) => asks(&visit, &about, None),
        Err(response) => *response,
    }
}

/// `POST /portal/operator/resolve/{mode}/{payment}/{operation}`.
pub(super) async fn submit(visit: Visit) -> Response {
    let about = match about(&visit).await {
        Ok(about) => about,
        Err(response) => return *response,
    };
    let read = verdict(visit.form.text("outcome"), visit.form.text("provider_id"));
    let read = read.and_then(|verdict| Ok((verdict, reason(visit.form.text("reason"))?)));
    let (verdict, reason) = match read {
        Ok(read) => read,
        Err(fault) => return asks(&visit, &about, Some(fault)),
    };
    let resolved = Resolved { seq: about.seq, verdict, who: visit.who(), reason };
    match visit.engine().office_resolve(about.scope, about.transaction.id(), resolved).await {
        Ok(transaction) => {
            let printed = visit.print(transaction.id());
            let page = payment_path(transaction.merchant(), transaction.mode(), &printed);
            see_other(&format!("{page}?note=resolved"))
        }
        Err(SubmitError::Refused(refusal)) => stopped(&visit, &about, words::refusal(&refusal)),
        Err(SubmitError::WithdrawalRefused(refusal)) => stopped(&visit, &about, words::withdrawal_refusal(&refusal)),
        Err(SubmitError::NotFound) => refused::not_found(&visit),
        Err(
            SubmitError::Taken(_) | SubmitError::BalanceInsufficient | SubmitError::Store(_) | SubmitError::Draining,
        ) => refused::unavailable(),
    }
}

fn facts(visit: &Visit, about: &About, operation: &Operation) -> Vec<Fact> {
    let directory = visit.engine().directory();
    let merchant = directory.merchant(about.transaction.merchant()).map(|merchant| merchant.name.clone());
    let doubt = match &operation.status {
        OperationStatus::Unknown(doubt) => words::sentence(words::doubt(*doubt)),
        OperationStatus::Pending
        | OperationStatus::NeedsPayer(_)
        | OperationStatus::Approved
        | OperationStatus::Late
        | OperationStatus::Declined(_)
        | OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::Expired => words::sentence(words::operation_status(&operation.status)),
    };
    vec![
        Fact::new("Merchant", merchant.unwrap_or_default()),
        Fact::new(words::operation(operation.kind), text::amount(operation.amount)),
        Fact::new("Provider", operation.route.name.as_str()),
        Fact::new("Begun", text::moment(operation.started_at)),
        Fact::new("Why it is unknown", doubt),
        Fact::new("Look-ups made", operation.look_ups.to_string()),
        Fact::code("Our reference at the provider", reference(visit, about)),
    ]
}

fn reference(guest: &Guest, about: &About) -> String {
    let (payment, sequence) = (about.transaction.id(), about.seq.number());
    guest.engine().codec().base36(florin_kernel::public_id::Reference { payment, sequence })
}

fn back(visit: &Visit, about: &About) -> String {
    let transaction = &about.transaction;
    payment_path(transaction.merchant(), transaction.mode(), &visit.print(transaction.id()))
}

fn asks(visit: &Visit, about: &About, fault: Option<(&'static str, &'static str)>) -> Response {
    let Some(operation) = about.operation() else { return refused::not_found(visit) };
    if !matches!(operation.status, OperationStatus::Unknown(_)) {
        return stopped(visit, about, words::refusal(&florin_kernel::payment::Refusal::NotUnknown));
    }
    let what = format!("{} of {}", words::operation(operation.kind), text::amount(operation.amount));
    let form = Form {
        method: Method::Post,
        action: visit.path.clone(),
        hidden: Vec::new(),
        inputs: inputs(&visit.form, fault),
        button: "Store what I found out".to_owned(),
    };
    let page = ConfirmPage {
        shell: visit.shell("Unknown operation"),
        title: format!("{what}: what became of it?"),
        error: String::new(),
        facts: facts(visit, about, operation),
        consequences: vec![
            format!("Look it up at {} first, by our reference.", operation.route.name),
            format!("“It was done” books {} as if the provider had said yes. “It was not done” books nothing and ends it; should the provider say yes later, the money goes to suspense.", text::amount(operation.amount)),
            "The merchant is told by webhook. Your word, your name and how you know it stay on the payment and in the audit log. It cannot be undone.".to_owned(),
        ],
        form: Some(form),
        back: back(visit, about),
    };
    answer(if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

fn inputs(form: &Fields, fault: Option<(&'static str, &'static str)>) -> Vec<Input> {
    let told = |field: &str| match fault {
        Some((wrong, text)) if wrong == field => format!("It {text}."),
        Some(_) | None => String::new(),
    };
    let input = |name: &'static str, label: &str, hint: &'static str, kind: Kind| Input {
        name,
        label: label.to_owned(),
        hint,
        value: form.text(name).to_owned(),
        fault: told(name),
        kind,
    };
    let outcomes = vec![("done", "It was done"), ("not_done", "It was not done")];
    vec![
        input("outcome", "What the provider\u{2019}s own records say", "", Kind::Choice(outcomes)),
        input("provider_id", "The provider\u{2019}s id of it", "If it was done and you know it.", Kind::Text),
        input("reason", "How you know", "Who told you, or where you saw it.", Kind::Text),
    ]
}

fn stopped(visit: &Visit, about: &About, error: String) -> Response {
    let Some(operation) = about.operation() else { return refused::not_found(visit) };
    let (shell, facts) = (visit.shell("Unknown operation"), facts(visit, about, operation));
    ConfirmPage::stopped(shell, "Nothing to find out".to_owned(), error, facts, back(visit, about))
}
