//! Withdrawals that wait for a yes or a no. From the merchant's four-eyes amount on two different people are needed, or one person beside
//! the merchant's programs, which count as one together (cashier contract, section 9).

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::Who;
use florin_engine::office::{Ordered, Waiting};
use florin_engine::{Obeyed, Owner, SubmitError, WithdrawalRequest};
use florin_kernel::user::Permission;
use florin_kernel::withdrawal::{Approver, Command, Refusal, State, Withdrawal};
use florin_kernel::{Timestamp, Transaction};

use super::answer::{page as answer, see_other};
use super::confirm::{ConfirmPage, Form, Input, Kind, Method};
use super::payments::{now_of, payment_path, scope_of};
use super::shell::Shell;
use super::show::{Id, Moment};
use super::steps::{Fact, Names};
use super::visit::{AtMerchant, Guest};
use super::{refused, words};
use crate::pages::text;

/// Lines of a page.
const PAGE: u32 = 50;
/// Characters of a reason (cashier contract, section 10).
const REASON_MAX: usize = 200;

#[derive(Template)]
#[template(path = "portal/withdrawals.html")]
struct WithdrawalsPage {
    shell: Shell,
    note: &'static str,
    rows: Vec<Row>,
    may_decide: bool,
    next: String,
    all: String,
}

struct Row {
    url: String,
    approve: String,
    reject: String,
    id: Id,
    made: Moment,
    amount: String,
    payer: String,
    to: String,
    provider: String,
    /// `1 of 2`
    approvals: String,
    by: String,
    is_yours: bool,
    ends: Option<Moment>,
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Approve,
    Reject { reason: String },
}

impl Decision {
    /// Reads its word, and the reason of a no.
    ///
    /// # Errors
    /// Nothing, where the word is none; else how to mend the reason.
    pub(super) fn read(word: &str, reason: &str) -> Result<Decision, Option<&'static str>> {
        let plain = reason.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && reason.len() <= REASON_MAX;
        match word {
            "approve" => Ok(Decision::Approve),
            "reject" if plain => Ok(Decision::Reject { reason: reason.to_owned() }),
            "reject" => Err(Some(
                "Use at most 200 letters, digits and signs of English; the merchant\u{2019}s program reads it.",
            )),
            _ => Err(None),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Decision::Approve => "approve",
            Decision::Reject { .. } => "reject",
        }
    }

    fn command(&self, by: Approver) -> Command {
        match self {
            Decision::Approve => Command::Approve(by),
            Decision::Reject { reason } => Command::Reject { by, reason: reason.clone() },
        }
    }

    fn ordered(&self, who: Who, withdrawal: &Withdrawal) -> Ordered {
        let (action, reason) = match self {
            Decision::Approve => ("withdrawal.approved", String::new()),
            Decision::Reject { reason } => ("withdrawal.rejected", reason.clone()),
        };
        Ordered::new(who, action, &[("amount", withdrawal.asked.to_string()), ("reason", reason)])
    }
}

impl Guest {
    /// Decides about a withdrawal; when this returns, the decision is on disk, and the payout runs on.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is written then.
    pub(super) async fn decide(
        &self,
        withdrawal: &Withdrawal,
        decision: &Decision,
        by: Approver,
        who: Who,
    ) -> Result<Obeyed, SubmitError> {
        let owner = Owner { merchant: withdrawal.merchant, mode: withdrawal.mode };
        let request = WithdrawalRequest::plain(withdrawal.dialect, decision.command(by));
        let ordered = decision.ordered(who, withdrawal);
        self.engine().submit_withdrawal_by(ordered, owner, withdrawal.id, request).await
    }
}

/// She as an approver.
fn herself(at: &AtMerchant) -> Approver {
    Approver::User(at.visitor.user.id.number())
}

/// `GET …/withdrawals`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let after = at.read_id(at.query.text("after"));
    let found = at.engine().office_approvals(scope_of(&at), after, PAGE).await;
    let Ok(Waiting { rows: found, onward }) = found else { return refused::unavailable() };
    let next = onward.map(|last| format!("{}?after={}", at.path_to("withdrawals"), at.print(last)));
    let approvers: Vec<Approver> = found.iter().flat_map(|withdrawal| withdrawal.approvals.clone()).collect();
    let names = Names::of(at.engine(), approvers).await;
    let now = now_of(&at);
    let page = WithdrawalsPage {
        shell: at.shell("Withdrawals"),
        note: note(at.query.text("note")),
        rows: found.iter().map(|withdrawal| Row::of(&at, withdrawal, &names, now)).collect(),
        may_decide: may_decide(&at),
        next: next.unwrap_or_default(),
        all: format!("{}?kind=withdrawal", at.path_to("payments")),
    };
    answer(StatusCode::OK, &page)
}

fn note(word: &str) -> &'static str {
    match word {
        "approved" => "Approved. The payout is on its way.",
        "first" => "Your approval is stored. A second person has to approve before it is paid.",
        "rejected" => "Rejected. The held money is free again.",
        _ => "",
    }
}

fn may_decide(at: &AtMerchant) -> bool {
    at.visitor.user.may(at.merchant.id, Permission::ApproveWithdrawals)
}

impl Row {
    fn of(at: &AtMerchant, withdrawal: &Withdrawal, names: &Names, now: Timestamp) -> Row {
        let printed = at.print(withdrawal.id);
        let base = at.path_to(&format!("withdrawals/{printed}"));
        let by: Vec<String> = withdrawal.approvals.iter().map(|by| names.name(*by)).collect();
        let plan = withdrawal.plan.as_ref();
        let (required, until) = awaited(withdrawal);
        Row {
            url: payment_path(withdrawal.merchant, withdrawal.mode, &printed),
            approve: format!("{base}/approve"),
            reject: format!("{base}/reject"),
            id: Id::of(printed),
            made: Moment::at(withdrawal.created_at, now),
            amount: text::amount(withdrawal.asked),
            payer: payer(withdrawal),
            to: to(withdrawal),
            provider: plan.map(|plan| plan.route.name.clone()).unwrap_or_default(),
            approvals: format!("{} of {required}", withdrawal.approvals.len()),
            by: by.join(", "),
            is_yours: withdrawal.approvals.contains(&herself(at)),
            ends: until.map(|until| Moment::at(until, now)),
        }
    }
}

/// How many approvals are needed in all, and until when.
fn awaited(withdrawal: &Withdrawal) -> (u8, Option<Timestamp>) {
    match &withdrawal.state {
        State::AwaitingApproval { required, until } => (*required, *until),
        State::Created { .. }
        | State::Approved
        | State::Sent
        | State::Unknown
        | State::Paid
        | State::Returned { .. }
        | State::Ended(_) => (1, None),
    }
}

fn payer(withdrawal: &Withdrawal) -> String {
    let payer = &withdrawal.details.payer;
    let name = [payer.first_name.as_str(), payer.last_name.as_str()].join(" ");
    [name.trim(), &payer.email, &payer.user_id].into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// Where the money goes, as people may read it.
fn to(withdrawal: &Withdrawal) -> String {
    let Some(plan) = &withdrawal.plan else { return String::new() };
    match &plan.destination.card {
        Some(card) => text::card(card),
        None => match plan.destination.shown.as_str() {
            "" => words::method(plan.destination.method).to_owned(),
            shown => format!("{} {shown}", words::method(plan.destination.method)),
        },
    }
}

async fn withdrawal(at: &AtMerchant) -> Result<Box<Withdrawal>, Box<Response>> {
    let Some(id) = at.payment_id() else { return Err(Box::new(refused::not_found(at))) };
    match at.engine().office_transaction(scope_of(at), id).await {
        Ok(Some(Transaction::Withdrawal(withdrawal))) => Ok(withdrawal),
        Ok(Some(Transaction::Payment(_) | Transaction::Coin(_)) | None) => Err(Box::new(refused::not_found(at))),
        Err(_) => Err(Box::new(refused::unavailable())),
    }
}

/// `GET …/withdrawals/{payment}/{decision}`: what it would do.
pub(super) async fn decision_page(at: AtMerchant) -> Response {
    let withdrawal = match withdrawal(&at).await {
        Ok(withdrawal) => withdrawal,
        Err(response) => return *response,
    };
    let Ok(decision) = Decision::read(at.parameter("decision"), "") else { return refused::not_found(&at) };
    match withdrawal.state {
        State::AwaitingApproval { .. } => asks(&at, &withdrawal, &decision, "", "").await,
        State::Created { .. }
        | State::Approved
        | State::Sent
        | State::Unknown
        | State::Paid
        | State::Returned { .. }
        | State::Ended(_) => {
            let refusal =
                match florin_kernel::withdrawal::decide(&withdrawal, decision.command(herself(&at)), now_of(&at)) {
                    Err(refusal) => refusal,
                    Ok(_) if matches!(withdrawal.state, State::Created { .. }) => Refusal::NotConfirmed,
                    Ok(_) => Refusal::Decided(withdrawal.word()),
                };
            stopped(&at, &withdrawal, &decision, words::withdrawal_refusal(&refusal)).await
        }
    }
}

/// `POST …/withdrawals/{payment}/{decision}`.
pub(super) async fn decide(at: AtMerchant) -> Response {
    let withdrawal = match withdrawal(&at).await {
        Ok(withdrawal) => withdrawal,
        Err(response) => return *response,
    };
    let reason = at.form.text("reason");
    let decision = match Decision::read(at.parameter("decision"), reason) {
        Ok(decision) => decision,
        Err(None) => return refused::not_found(&at),
        Err(Some(fault)) => {
            return asks(&at, &withdrawal, &Decision::Reject { reason: String::new() }, reason, fault).await;
        }
    };
    match at.decide(&withdrawal, &decision, herself(&at), at.who()).await {
        Ok(obeyed) => see_other(&format!("{}?note={}", at.path_to("withdrawals"), outcome(&decision, &obeyed))),
        Err(SubmitError::WithdrawalRefused(refusal)) => {
            stopped(&at, &withdrawal, &decision, words::withdrawal_refusal(&refusal)).await
        }
        Err(SubmitError::NotFound | SubmitError::Refused(_)) => refused::not_found(&at),
        Err(
            SubmitError::Taken(_) | SubmitError::BalanceInsufficient | SubmitError::Store(_) | SubmitError::Draining,
        ) => refused::unavailable(),
    }
}

/// What the queue says then.
fn outcome(decision: &Decision, obeyed: &Obeyed) -> &'static str {
    match (decision, obeyed) {
        (Decision::Reject { .. }, _) => "rejected",
        (Decision::Approve, Obeyed::Now(withdrawal)) if matches!(withdrawal.state, State::AwaitingApproval { .. }) => {
            "first"
        }
        (Decision::Approve, Obeyed::Now(_) | Obeyed::Before) => "approved",
    }
}

async fn facts(at: &AtMerchant, withdrawal: &Withdrawal) -> Vec<Fact> {
    let names = Names::of(at.engine(), withdrawal.approvals.clone()).await;
    let by: Vec<String> = withdrawal.approvals.iter().map(|by| names.name(*by)).collect();
    let facts = [
        Fact::new("Amount", text::amount(withdrawal.asked)),
        Fact::new("Payer", payer(withdrawal)),
        Fact::new("To", to(withdrawal)),
        Fact::new("Approved by", by.join(", ")),
        Fact::new("Reference", withdrawal.details.reference.as_str()),
        Fact::code("Id", at.print(withdrawal.id)),
    ];
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

async fn asks(
    at: &AtMerchant,
    withdrawal: &Withdrawal,
    decision: &Decision,
    reason: &str,
    fault: &'static str,
) -> Response {
    let (amount, missing) = (text::amount(withdrawal.asked), missing(at, withdrawal));
    let (title, consequences, inputs) = match decision {
        Decision::Approve => {
            (format!("Approve {amount}"), approval_consequences(&amount, missing, withdrawal), Vec::new())
        }
        Decision::Reject { .. } => {
            let text = format!("{amount} is held no longer and counts for the balance again. The payer is not paid.");
            let input = Input {
                name: "reason",
                label: "Reason".to_owned(),
                hint: "May be empty. The merchant\u{2019}s program is told.",
                value: reason.to_owned(),
                fault: fault.to_owned(),
                kind: Kind::Text,
            };
            (format!("Reject {amount}"), vec![text, "It cannot be undone.".to_owned()], vec![input])
        }
    };
    let form = Form {
        method: Method::Post,
        action: at.path_to(&format!("withdrawals/{}/{}", at.print(withdrawal.id), decision.word())),
        hidden: Vec::new(),
        inputs,
        button: title.clone(),
    };
    let page = ConfirmPage {
        shell: at.shell(title.as_str()),
        title: format!("{title}?"),
        error: String::new(),
        facts: facts(at, withdrawal).await,
        consequences,
        form: Some(form).filter(|_| missing != Missing::Others || *decision != Decision::Approve),
        back: at.path_to("withdrawals"),
    };
    let status = if fault.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    answer(status, &page)
}

/// Whose approval is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// Hers alone.
    Hers,
    /// Hers and another one's.
    HersAndOthers,
    /// She has given hers.
    Others,
}

fn missing(at: &AtMerchant, withdrawal: &Withdrawal) -> Missing {
    let (required, _) = awaited(withdrawal);
    match withdrawal.approvals.contains(&herself(at)) {
        true => Missing::Others,
        false if withdrawal.approvals.len() + 1 >= usize::from(required) => Missing::Hers,
        false => Missing::HersAndOthers,
    }
}

fn approval_consequences(amount: &str, missing: Missing, withdrawal: &Withdrawal) -> Vec<String> {
    match missing {
        Missing::Hers => {
            vec![format!("{amount} is sent to {} at once.", to(withdrawal)), "It cannot be undone.".to_owned()]
        }
        Missing::HersAndOthers => vec![
            "This amount needs two people. Your approval is stored; nothing is sent before somebody else approves."
                .to_owned(),
            "It cannot be taken back, but until then it can be rejected.".to_owned(),
        ],
        Missing::Others => vec!["You have approved it already. Somebody else has to approve it, too.".to_owned()],
    }
}

async fn stopped(at: &AtMerchant, withdrawal: &Withdrawal, decision: &Decision, error: String) -> Response {
    let title = format!("{} {}", words::sentence(decision.word()), text::amount(withdrawal.asked));
    let (shell, facts) = (at.shell(title.as_str()), facts(at, withdrawal).await);
    ConfirmPage::stopped(shell, title, error, facts, at.path_to("withdrawals"))
}
