//! A payment's page: what happened to it, from the merchant's request to the last webhook, with the money at the side and what can be done
//! about it. Withdrawals and payments made with coins have the same page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::office::{Step, Summary, What};
use florin_kernel::coin::{CoinPayment, RefundSource, State as CoinState, Units};
use florin_kernel::payment::{Operation, OperationKind, OperationStatus, Payment, Seq, State};
use florin_kernel::public_id::Reference;
use florin_kernel::user::Permission;
use florin_kernel::withdrawal::{self, Funding, Withdrawal};
use florin_kernel::{Money, PaymentId, Timestamp, Transaction};

use super::answer::page as answer;
use super::coin_words;
use super::payment_actions::next_number;
use super::payments::{kind_name, now_of, scope_of};
use super::refused;
use super::shell::Shell;
use super::show::{Badge, Moment};
use super::steps::{Fact, Line, Names, Reading};
use super::visit::{AtMerchant, Guest, mode_word};
use super::words;
use crate::pages::text;

#[derive(Template)]
#[template(path = "portal/payment.html")]
struct PaymentPage {
    shell: Shell,
    title: String,
    state: Badge,
    made: Moment,
    dialect: &'static str,
    /// What became of an order just given.
    note: Option<Note>,
    money: Vec<Fact>,
    about: Vec<Fact>,
    ids: Vec<Fact>,
    actions: Vec<Action>,
    lines: Vec<Line>,
    back: String,
}

/// A message with its meaning.
pub(super) struct Note {
    pub(super) meaning: &'static str,
    pub(super) text: String,
}

/// Something that can be done, on a page of its own.
struct Action {
    label: String,
    url: String,
    /// What it would do.
    text: String,
    /// The amount proposed; empty: there is nothing to choose.
    amount: String,
    currency: &'static str,
    /// Whether it may be the last of its kind.
    can_be_last: bool,
    /// The number of the operation that it would be; empty: it is none.
    operation: String,
}

impl Guest {
    /// The transaction that the path names, whosever it is.
    pub(super) fn payment_id(&self) -> Option<PaymentId> {
        self.read_id(self.parameter("payment"))
    }

    /// A transaction by its printed id.
    pub(super) fn read_id(&self, printed: &str) -> Option<PaymentId> {
        let read = self.engine().codec().read_base36(printed);
        read.filter(|reference| reference.sequence == 0).map(|reference| reference.payment)
    }

    /// A transaction's id as it is printed in paths.
    pub(super) fn print(&self, id: PaymentId) -> String {
        self.engine().codec().base36(Reference { payment: id, sequence: 0 })
    }
}

/// `GET …/payments/{payment}`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let Some(id) = at.payment_id() else { return refused::not_found(&at) };
    let (transaction, steps) = match at.engine().office_timeline(scope_of(&at), id).await {
        Ok(Some(found)) => found,
        Ok(None) => return refused::not_found(&at),
        Err(_) => return refused::unavailable(),
    };
    let names = Names::of(at.engine(), approvers(&transaction)).await;
    let reading = Reading { engine: at.engine(), names: &names, now: now_of(&at) };
    let lines = reading.lines(&visible(&at, steps));
    let row = Summary::of(&transaction);
    let page = PaymentPage {
        shell: at.shell(format!("{} of {}", kind_name(row.kind), text::amount(row.asked))),
        title: format!("{} of {}", kind_name(row.kind), text::amount(row.asked)),
        state: Badge::of_word(row.word),
        made: Moment::at(row.created_at, reading.now),
        dialect: words::dialect(row.dialect),
        note: note(&at, &transaction),
        money: money(&transaction, reading.now),
        about: about(&row, &transaction),
        ids: ids(&at, &transaction),
        actions: actions(&at, &transaction),
        lines,
        back: at.path_to("payments"),
    };
    answer(StatusCode::OK, &page)
}

/// Whoever may not see webhooks does not see them here either.
fn visible(at: &AtMerchant, steps: Vec<Step>) -> Vec<Step> {
    let sees_webhooks = at.visitor.user.may(at.merchant.id, Permission::ViewWebhooks);
    let is_webhook = |step: &Step| matches!(step.what, What::Announced { .. } | What::Delivered { .. });
    steps.into_iter().filter(|step| sees_webhooks || !is_webhook(step)).collect()
}

fn approvers(transaction: &Transaction) -> Vec<withdrawal::Approver> {
    let Transaction::Withdrawal(withdrawal) = transaction else { return Vec::new() };
    let mut approvers = withdrawal.approvals.clone();
    if let withdrawal::State::Ended(withdrawal::Ending::Rejected { by, .. }) = &withdrawal.state {
        approvers.push(*by);
    }
    approvers
}

/// What became of the order that led here.
fn note(at: &AtMerchant, transaction: &Transaction) -> Option<Note> {
    let text = match at.query.text("note") {
        "approved" => "Your approval is stored.",
        "rejected" => "The withdrawal is rejected, and its money is free again.",
        "resolved" => "Your word is stored and booked.",
        "coins_accepted" => "The coins are accepted.",
        "coins_cancelled" => "The payment is cancelled.",
        "coins_refunding" => "The refund is stored and goes out now. Its line below tells how far it is.",
        "screened" => "Your decision is stored.",
        _ => "",
    };
    if !text.is_empty() {
        return Some(Note { meaning: "good", text: text.to_owned() });
    }
    let payment = match transaction {
        Transaction::Payment(payment) => payment,
        Transaction::Coin(coins) if coins.state == CoinState::Blocked => {
            let text = "Screening holds these coins. The operator decides what becomes of them.";
            return Some(Note { meaning: "attention", text: text.to_owned() });
        }
        Transaction::Coin(_) | Transaction::Withdrawal(_) => return None,
    };
    let operation = payment.operation(Seq::new(at.query.text("done").parse().ok()?))?;
    Some(outcome(operation)).filter(|_| !operation.kind.is_attempt())
}

/// How an operation ended, in a sentence.
fn outcome(operation: &Operation) -> Note {
    let what = format!("{} of {}", words::operation(operation.kind), text::amount(operation.amount));
    let (meaning, text) = match &operation.status {
        OperationStatus::Approved => ("good", format!("{what}: done.")),
        OperationStatus::Pending | OperationStatus::NeedsPayer(_) => {
            ("waiting", format!("{what}: stored and under way. The provider will answer later."))
        }
        OperationStatus::Unknown(_) => (
            "attention",
            format!("{what}: no clear answer yet. The provider is asked what became of it; do not repeat it."),
        ),
        OperationStatus::Late => ("attention", format!("{what}: done late; its money is in suspense.")),
        OperationStatus::Declined(decline) => ("bad", format!("{what}: declined, {}.", words::decline(decline))),
        OperationStatus::Failed => ("bad", format!("{what}: the provider was not reached. Nothing moved.")),
        OperationStatus::Cancelled | OperationStatus::Expired => ("plain", format!("{what}: given up.")),
    };
    Note { meaning, text }
}

fn money(transaction: &Transaction, now: Timestamp) -> Vec<Fact> {
    match transaction {
        Transaction::Payment(payment) => money_of_payment(payment, now),
        Transaction::Withdrawal(withdrawal) => money_of_withdrawal(withdrawal),
        Transaction::Coin(coin) => money_of_coins(coin),
    }
}

fn some(name: &'static str, amount: Money) -> Option<Fact> {
    (!amount.is_zero()).then(|| Fact::new(name, text::amount(amount)))
}

fn money_of_payment(payment: &Payment, now: Timestamp) -> Vec<Fact> {
    let totals = payment.totals();
    let (held, until) = match payment.state {
        State::Funded(funds) => (funds.held, funds.hold_until),
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => (Money::zero(payment.asked.asset()), None),
    };
    let ends = until.map(|until| Fact::new("The hold ends", Moment::at(until, now).relative));
    let mut facts = vec![Fact::new("Asked for", text::amount(payment.asked))];
    facts.extend(some("Held", held));
    facts.extend(ends.filter(|_| !held.is_zero()));
    facts.push(Fact::new("Captured", text::amount(totals.captured)));
    facts.extend(some("Released", totals.reversed));
    facts.extend(some("Refunded", totals.refunded));
    facts.extend(some("Charged back", totals.charged_back));
    facts.extend(some("Can be refunded", payment.left_to_refund()));
    facts
}

fn money_of_withdrawal(withdrawal: &Withdrawal) -> Vec<Fact> {
    let returned = withdrawal
        .returns
        .iter()
        .try_fold(Money::zero(withdrawal.asked.asset()), |sum, returned| sum.plus(returned.amount));
    let funding = match withdrawal.funding {
        Funding::Balance => "the merchant\u{2019}s balance",
        Funding::Acquirer => "the merchant\u{2019}s money at the acquirer",
    };
    let mut facts = vec![Fact::new("Asked for", text::amount(withdrawal.asked))];
    facts.extend(some("Held", withdrawal.held()));
    facts.extend(returned.and_then(|returned| some("Came back", returned)));
    facts.push(Fact::new("Paid from", funding));
    facts
}

fn money_of_coins(coin: &CoinPayment) -> Vec<Fact> {
    let shown = |units: Units| coin_words::amount(units, coin.price.coin);
    let unless_zero = |name, units: Units| (!units.is_zero()).then(|| Fact::new(name, shown(units)));
    let mut facts = vec![
        Fact::new("Asked for", text::amount(coin.price.invoice)),
        Fact::new("In coins", shown(coin.amount())),
        Fact::new("Received", shown(coin.received())),
    ];
    facts.extend(unless_zero("Owed back", coin.opened()));
    facts.extend(unless_zero("Refunded", coin.refunded()));
    facts.extend(unless_zero("Can be refunded", coin.refundable()));
    facts.push(Fact::new("Network", coin.network.as_str()));
    facts.push(Fact::code("Address", coin.address.as_str()));
    facts
}

fn about(row: &Summary, transaction: &Transaction) -> Vec<Fact> {
    let payer = &transaction.details().payer;
    let name = [payer.first_name.as_str(), payer.last_name.as_str()].join(" ");
    let means = match (&row.card, row.method) {
        (Some(card), _) => format!("{}, {}\u{2026}{}", text::card(card), card.bin, card.last4),
        (None, Some(method)) => words::method(method).to_owned(),
        (None, None) => String::new(),
    };
    let to = match transaction {
        Transaction::Withdrawal(withdrawal) => {
            withdrawal.plan.as_ref().map(|plan| plan.destination.shown.clone()).unwrap_or_default()
        }
        Transaction::Payment(_) | Transaction::Coin(_) => String::new(),
    };
    let facts = [
        Fact::new("Name", name.trim()),
        Fact::new("E-mail", payer.email.as_str()),
        Fact::code("Merchant\u{2019}s id of the payer", payer.user_id.as_str()),
        Fact::new("Country", payer.country.as_str()),
        Fact::new("IP address", payer.ip.map(|ip| ip.to_string()).unwrap_or_default()),
        Fact::new(if to.is_empty() { "Paid with" } else { "Paid out by" }, means),
        Fact::new("To", to),
        Fact::new("Provider", row.provider_name.as_str()),
    ];
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

fn ids(at: &AtMerchant, transaction: &Transaction) -> Vec<Fact> {
    let whole = Reference { payment: transaction.id(), sequence: 0 };
    let codec = at.engine().codec();
    let mut facts = vec![Fact::code("Id", codec.base36(whole)), Fact::code("In Payments v3", codec.hex(whole))];
    if let Transaction::Coin(coin) = transaction {
        facts.push(Fact::code("In Crypto point of sale", coin.public_id.as_str()));
    }
    facts.push(Fact::code("Merchant\u{2019}s reference", transaction.details().reference.as_str()));
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

/// What of a hold can still be captured, captures under way counted.
pub(super) fn left_to_capture(payment: &Payment) -> Money {
    let zero = Money::zero(payment.asked.asset());
    let State::Funded(funds) = payment.state else { return zero };
    let open = payment.operations.iter().filter(|known| known.kind == OperationKind::Capture && known.is_open());
    open.fold(funds.held, |left, capture| left.minus(capture.amount).unwrap_or(zero))
}

fn actions(at: &AtMerchant, transaction: &Transaction) -> Vec<Action> {
    let user = &at.visitor.user;
    let printed = at.print(transaction.id());
    let mut actions = match transaction {
        Transaction::Payment(payment) if user.may(at.merchant.id, Permission::ChangePayments) => {
            of_payment(payment, &at.path_to(&format!("payments/{printed}")))
        }
        Transaction::Withdrawal(withdrawal) if user.may(at.merchant.id, Permission::ApproveWithdrawals) => {
            of_withdrawal(withdrawal, &at.path_to(&format!("withdrawals/{printed}")))
        }
        Transaction::Coin(payment) if user.may(at.merchant.id, Permission::ChangePayments) => {
            of_coins(payment, &at.path_to(&format!("payments/{printed}")))
        }
        Transaction::Payment(_) | Transaction::Withdrawal(_) | Transaction::Coin(_) => Vec::new(),
    };
    if user.is_operator() {
        actions.extend(to_screen(at, transaction, &printed));
        actions.extend(to_resolve(at, transaction, &printed));
    }
    actions
}

fn of_payment(payment: &Payment, base: &str) -> Vec<Action> {
    let action = |label: &str, verb: &str, text: &str, amount: Option<Money>| Action {
        label: label.to_owned(),
        url: format!("{base}/{verb}"),
        text: text.to_owned(),
        amount: amount.map(Money::decimal).unwrap_or_default(),
        currency: payment.asked.asset().code(),
        can_be_last: verb == "capture",
        operation: next_number(payment),
    };
    let (capture, refund) = (left_to_capture(payment), payment.left_to_refund());
    let busy = |kind| payment.operations.iter().any(|known| known.kind == kind && known.is_open());
    let mut actions = Vec::new();
    if !capture.is_zero() && !busy(OperationKind::Void) {
        actions.push(action("Capture\u{2026}", "capture", "Take money out of the hold.", Some(capture)));
        if !busy(OperationKind::Capture) {
            actions.push(action("Release the hold\u{2026}", "void", "Give the payer\u{2019}s money free.", None));
        }
    }
    if !refund.is_zero() {
        actions.push(action("Refund\u{2026}", "refund", "Give money back to the payer.", Some(refund)));
    }
    actions
}

fn of_withdrawal(withdrawal: &Withdrawal, base: &str) -> Vec<Action> {
    if !matches!(withdrawal.state, withdrawal::State::AwaitingApproval { .. }) {
        return Vec::new();
    }
    let action = |label: &str, verb: &str, text: &str| Action {
        label: label.to_owned(),
        url: format!("{base}/{verb}"),
        text: text.to_owned(),
        amount: String::new(),
        currency: "",
        can_be_last: false,
        operation: String::new(),
    };
    vec![
        action("Approve\u{2026}", "approve", "Let the payout go."),
        action("Reject\u{2026}", "reject", "Give the held money free."),
    ]
}

fn of_coins(payment: &CoinPayment, base: &str) -> Vec<Action> {
    let action = |label: &str, verb: &str, text: String| Action {
        label: label.to_owned(),
        url: format!("{base}/{verb}"),
        text,
        amount: String::new(),
        currency: "",
        can_be_last: false,
        operation: String::new(),
    };
    let (coin, open) = (payment.price.coin, payment.unaccepted());
    let begun = payment.refunds.iter().any(|refund| refund.is_active() && refund.source == RefundSource::Opened);
    let mut actions = Vec::new();
    match payment.state {
        CoinState::Waiting => {
            actions.push(action("Cancel\u{2026}", "cancel", "Wait for no coins any more.".to_owned()));
        }
        CoinState::Underpaid | CoinState::Confirmed | CoinState::Cancelled(_) if !open.is_zero() && !begun => {
            let worth = text::amount(payment.price.worth(payment.received()));
            let what = format!(
                "{} came, worth {worth} at this payment\u{2019}s price.",
                coin_words::amount(payment.received(), coin)
            );
            actions.push(action("Accept what came\u{2026}", "accept", what));
        }
        CoinState::Underpaid
        | CoinState::Processing { .. }
        | CoinState::Blocked
        | CoinState::ZeroConfirmed
        | CoinState::Confirmed
        | CoinState::Cancelled(_) => {}
    }
    if !payment.refundable().is_zero() {
        let what = format!("Send up to {} back to the payer.", coin_words::amount(payment.refundable(), coin));
        actions.push(action("Refund\u{2026}", "refund", what));
    }
    actions
}

/// Coins that screening holds.
fn to_screen(at: &AtMerchant, transaction: &Transaction, printed: &str) -> Option<Action> {
    let Transaction::Coin(payment) = transaction else { return None };
    (payment.state == CoinState::Blocked).then(|| Action {
        label: "Decide about them\u{2026}".to_owned(),
        url: format!("/portal/operator/screening/{}/{printed}", mode_word(at.mode)),
        text: "Screening holds these coins until a person has decided.".to_owned(),
        amount: String::new(),
        currency: "",
        can_be_last: false,
        operation: String::new(),
    })
}

/// Operations whose end only a person can find out.
fn to_resolve(at: &AtMerchant, transaction: &Transaction, printed: &str) -> Vec<Action> {
    let operations: Vec<&Operation> = match transaction {
        Transaction::Payment(payment) => payment.operations.iter().collect(),
        Transaction::Withdrawal(withdrawal) => withdrawal.payout.iter().collect(),
        Transaction::Coin(_) => Vec::new(),
    };
    let unknown = operations.into_iter().filter(|known| matches!(known.status, OperationStatus::Unknown(_)));
    let action = |operation: &Operation| {
        let mode = mode_word(at.mode);
        Action {
            label: "Say what became of it\u{2026}".to_owned(),
            url: format!("/portal/operator/resolve/{mode}/{printed}/{}", operation.seq.number()),
            text: format!(
                "{} of {} is unknown. Its provider is still asked; what you say ends that.",
                words::operation(operation.kind),
                text::amount(operation.amount)
            ),
            amount: String::new(),
            currency: "",
            can_be_last: false,
            operation: String::new(),
        }
    };
    unknown.map(action).collect()
}
