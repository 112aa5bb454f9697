//! Capturing, releasing and refunding from the portal. An order is made in two steps, so that it says first what it does; the second names
//! the operation that it will be, by which a double click does it once and a page that is out of date does nothing.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::Who;
use florin_engine::office::Ordered;
use florin_engine::{Answer, ClaimRequest, Engine, OperationRequest, RenderOperation, SubmitError};
use florin_kernel::payment::{Command, Decision, Payment, Portion, Refusal, Seq, State, decide};
use florin_kernel::public_id::Reference;
use florin_kernel::{Money, Timestamp, Transaction};
use serde_json::{Value, json};

use super::answer::{page as answer, see_other};
use super::confirm::{ConfirmPage, Form, Input, Kind, Method};
use super::payment::left_to_capture;
use super::payments::{now_of, scope_of};
use super::steps::Fact;
use super::visit::{AtMerchant, Fields};
use super::{coin_actions, refused, words};
use crate::pages::text;

/// Within which the keys of orders from the portal and the admin API stand: no merchant's key is ever one of these.
pub(super) const SCOPE: &str = "portal";

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Capture,
    Void,
    Refund,
}

impl Verb {
    const ALL: [Verb; 3] = [Verb::Capture, Verb::Void, Verb::Refund];

    /// Its word in paths.
    pub(super) fn word(self) -> &'static str {
        match self {
            Verb::Capture => "capture",
            Verb::Void => "void",
            Verb::Refund => "refund",
        }
    }

    /// Reads it.
    pub(super) fn parse(word: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// As the audit log tells it.
    fn action(self) -> &'static str {
        match self {
            Verb::Capture => "payment.capture_ordered",
            Verb::Void => "payment.void_ordered",
            Verb::Refund => "payment.refund_ordered",
        }
    }

    /// What it may take at most; of a release, all that is held.
    fn left(self, payment: &Payment) -> Money {
        match (self, &payment.state) {
            (Verb::Capture, _) => left_to_capture(payment),
            (Verb::Refund, _) => payment.left_to_refund(),
            (Verb::Void, State::Funded(funds)) => funds.held,
            (
                Verb::Void,
                State::Created
                | State::PendingPayer { .. }
                | State::Pending { .. }
                | State::Unknown { .. }
                | State::Ended(_),
            ) => Money::zero(payment.asked.asset()),
        }
    }
}

/// Whether a capture is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    No,
    Yes,
}

/// An order as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) verb: Verb,
    pub(super) amount: Money,
    pub(super) last: Last,
}

impl Order {
    /// Reads an order about a payment. A release takes no amount.
    ///
    /// # Errors
    /// How to mend the amount; empty where none was given.
    pub(super) fn read(verb: Verb, payment: &Payment, amount: &str, last: Last) -> Result<Order, String> {
        let amount = match (verb, amount) {
            (Verb::Void, _) => verb.left(payment),
            (Verb::Capture | Verb::Refund, "") => return Err(String::new()),
            (Verb::Capture | Verb::Refund, text) => {
                let currency = payment.asked.asset();
                Money::parse(text, currency).map_err(|error| format!("The amount {error}. Write it as 10.05."))?
            }
        };
        let last = if verb == Verb::Capture { last } else { Last::No };
        Ok(Order { verb, amount, last })
    }

    /// As the core knows it.
    pub(super) fn command(self) -> Command {
        match (self.verb, self.last) {
            (Verb::Capture, Last::No) => Command::Capture(self.amount),
            (Verb::Capture, Last::Yes) => Command::CaptureFinal(self.amount),
            (Verb::Void, _) => Command::Void,
            (Verb::Refund, _) => Command::Refund { amount: Portion::Exactly(self.amount), on: None },
        }
    }

    /// What the audit log tells.
    pub(super) fn ordered(self, who: Who) -> Ordered {
        let last = if self.last == Last::Yes { "yes" } else { "" };
        Ordered::new(who, self.verb.action(), &[("amount", self.amount.to_string()), ("final", last.to_owned())])
    }

    /// By which repeats of it are known.
    pub(super) fn digest(self, engine: &Engine, who: &str) -> [u8; 16] {
        let last = if self.last == Last::Yes { "final" } else { "" };
        // A release takes all that is held, which is nothing once it is done.
        let amount = if self.verb == Verb::Void { String::new() } else { self.amount.to_string() };
        engine.digest(&[b"portal", who.as_bytes(), self.verb.word().as_bytes(), amount.as_bytes(), last.as_bytes()])
    }
}

/// Makes the answer that is kept with the order: what the admin API says of its operation.
pub(super) fn render(engine: &Arc<Engine>) -> RenderOperation {
    let engine = engine.clone();
    Arc::new(move |payment, seq| {
        let id = engine.codec().base36(Reference { payment: payment.id, sequence: 0 });
        let operation = seq.and_then(|seq| payment.operation(seq)).map(|operation| {
            json!({
                "number": operation.seq.number(), "kind": words::operation_word(operation.kind),
                "amount": operation.amount.decimal(), "currency": operation.amount.asset().code(),
                "status": words::operation_status(&operation.status), "response": operation.response()
            })
        });
        let body = json!({"id": id, "status": payment.word().text(), "operation": operation});
        Answer { status: 200, body: body.to_string() }
    })
}

/// The payment, or the one made with coins, that a path names.
async fn transaction(at: &AtMerchant) -> Result<Transaction, Box<Response>> {
    let Some(id) = at.payment_id() else { return Err(Box::new(refused::not_found(at))) };
    let found = at.engine().office_transaction(scope_of(at), id).await.map_err(|_| Box::new(refused::unavailable()))?;
    found.ok_or_else(|| Box::new(refused::not_found(at)))
}

/// The payment and the order that a path names.
struct About {
    payment: Payment,
    verb: Verb,
}

fn about(at: &AtMerchant, transaction: Transaction) -> Result<About, Box<Response>> {
    match (Verb::parse(at.parameter("order")), transaction) {
        (Some(verb), Transaction::Payment(payment)) => Ok(About { payment, verb }),
        (_, Transaction::Payment(_) | Transaction::Withdrawal(_) | Transaction::Coin(_)) => {
            Err(Box::new(refused::not_found(at)))
        }
    }
}

fn last(fields: &Fields) -> Last {
    if fields.text("final") == "yes" { Last::Yes } else { Last::No }
}

/// `GET …/payments/{payment}/{order}`: what it would do; with an amount that can be.
pub(super) async fn page(at: AtMerchant) -> Response {
    let about = match transaction(&at).await {
        Ok(Transaction::Coin(payment)) => return coin_actions::page(&at, &payment).await,
        Ok(transaction) => about(&at, transaction),
        Err(response) => Err(response),
    };
    let about = match about {
        Ok(about) => about,
        Err(response) => return *response,
    };
    // A page that was made for an operation that is done by now comes back by the browser's own way.
    let promised = at.query.text("operation");
    if !promised.is_empty() && promised != next_number(&about.payment) {
        return changed_meanwhile(&at, &about);
    }
    let given = at.query.text("amount");
    match Order::read(about.verb, &about.payment, given, last(&at.query)) {
        Ok(order) => match decide(&about.payment, order.command(), now_of(&at)) {
            Ok(decision) => answer(StatusCode::OK, &confirmation(&at, &about, order, &decision)),
            Err(refusal) => refused_order(&at, &about, &refusal),
        },
        Err(fault) => asks_again(&at, &about, given, last(&at.query), fault),
    }
}

/// `POST …/payments/{payment}/{order}`.
pub(super) async fn submit(at: AtMerchant) -> Response {
    let about = match transaction(&at).await {
        Ok(Transaction::Coin(payment)) => return coin_actions::submit(&at, &payment).await,
        Ok(transaction) => about(&at, transaction),
        Err(response) => Err(response),
    };
    let about = match about {
        Ok(about) => about,
        Err(response) => return *response,
    };
    let given = at.form.text("amount");
    let order = match Order::read(about.verb, &about.payment, given, last(&at.form)) {
        Ok(order) => order,
        Err(fault) => return asks_again(&at, &about, given, last(&at.form), fault),
    };
    let Some(promised) = read_promise(at.form.text("operation")) else { return changed_meanwhile(&at, &about) };
    match obeyed(&at, &about, order, promised).await {
        Ok(body) => {
            let told: Value = serde_json::from_str(&body).unwrap_or_default();
            let page = at.path_to(&format!("payments/{}", at.print(about.payment.id)));
            match told["operation"]["number"].as_u64() {
                Some(number) => see_other(&format!("{page}?done={number}")),
                None => see_other(&page),
            }
        }
        Err(SubmitError::Refused(refusal)) => refused_order(&at, &about, &refusal),
        Err(SubmitError::Taken(_)) => changed_meanwhile(&at, &about),
        Err(SubmitError::NotFound | SubmitError::WithdrawalRefused(_)) => refused::not_found(&at),
        Err(SubmitError::BalanceInsufficient | SubmitError::Store(_) | SubmitError::Draining) => refused::unavailable(),
    }
}

/// Orders it as the operation that the page promised: the same form sent twice is one order, and nobody orders what somebody else, or the
/// merchant's program, has ordered meanwhile.
async fn obeyed(at: &AtMerchant, about: &About, order: Order, promised: Seq) -> Result<String, SubmitError> {
    let (engine, id) = (at.engine(), about.payment.id);
    let request = OperationRequest {
        dialect: about.payment.dialect,
        command: order.command(),
        claims: vec![promise_claim(&at.print(id), promised)],
        digest: order.digest(engine, &at.visitor.user.id.to_string()),
        echo: String::new(),
        promised: Some(promised),
        render: render(engine),
    };
    let reply = engine.operate_by(order.ordered(at.who()), at.owner(), id, request).await?;
    Ok(reply.answer.body)
}

/// What an order takes that is to become a certain operation of a payment: whoever orders that again, orders the same.
pub(super) fn promise_claim(printed: &str, promised: Seq) -> ClaimRequest {
    ClaimRequest::idempotency_key(format!("{printed}:{}", promised.number())).within(SCOPE)
}

/// Reads the number of an operation that an order is to become.
pub(super) fn read_promise(text: &str) -> Option<Seq> {
    text.parse().ok().filter(|number| (1..=Seq::MAX).contains(number)).map(Seq::new)
}

/// The number of the operation that an order would begin now.
pub(super) fn next_number(payment: &Payment) -> String {
    (payment.operations.len() + 1).to_string()
}

fn titled(verb: Verb, amount: Money) -> String {
    let amount = text::amount(amount);
    match verb {
        Verb::Capture => format!("Capture {amount}"),
        Verb::Void => format!("Release the hold of {amount}"),
        Verb::Refund => format!("Refund {amount}"),
    }
}

fn facts(at: &AtMerchant, about: &About) -> Vec<Fact> {
    let (payment, left) = (&about.payment, about.verb.left(&about.payment));
    let left = match about.verb {
        Verb::Capture => Fact::new("Can be captured", text::amount(left)),
        Verb::Void => Fact::new("Held", text::amount(left)),
        Verb::Refund => Fact::new("Can be refunded", text::amount(left)),
    };
    let facts = [
        Fact::new("Payment of", text::amount(payment.asked)),
        left,
        Fact::new("Paid with", text::paid_with(payment).unwrap_or_default()),
        Fact::new("Reference", payment.details.reference.as_str()),
        Fact::code("Id", at.print(payment.id)),
    ];
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

fn back(at: &AtMerchant, about: &About) -> String {
    at.path_to(&format!("payments/{}", at.print(about.payment.id)))
}

/// The yes that is asked for.
fn confirmation(at: &AtMerchant, about: &About, order: Order, decision: &Decision) -> ConfirmPage {
    let mut hidden = vec![("operation", next_number(&about.payment)), ("amount", order.amount.decimal())];
    if order.last == Last::Yes {
        hidden.push(("final", "yes".to_owned()));
    }
    let title = titled(order.verb, order.amount);
    let action = format!("{}/{}", back(at, about), order.verb.word());
    let consequences = consequences(order, about, decision, now_of(at));
    ConfirmPage::asking(
        (at.shell(title.as_str()), title),
        facts(at, about),
        consequences,
        (action, hidden),
        back(at, about),
    )
}

/// What follows, and whether it can be undone.
fn consequences(order: Order, about: &About, decision: &Decision, now: Timestamp) -> Vec<String> {
    let (payment, amount) = (&about.payment, text::amount(order.amount));
    let from = text::paid_with(payment).unwrap_or_else(|| "the payer".to_owned());
    let rest = |left: Money| text::amount(left);
    match order.verb {
        Verb::Capture => {
            let left = left_to_capture(&decision.payment);
            let kept = match (order.last, left.is_zero()) {
                (_, true) => "That is all that is held.".to_owned(),
                (Last::Yes, false) => format!("The rest of the hold, {}, is released.", rest(left)),
                (Last::No, false) => format!("{} stays held{}.", rest(left), hold_end(payment, now)),
            };
            vec![
                format!("{amount} is taken from {from} and counts for your balance."),
                kept,
                "It cannot be undone, but it can be refunded.".to_owned(),
            ]
        }
        Verb::Void => vec![
            format!("{amount} that is held on {from} is given free. The payer is not charged for it."),
            "It cannot be undone: to charge the payer later you need a new payment.".to_owned(),
        ],
        Verb::Refund => {
            let left = decision.payment.left_to_refund();
            let kept = match left.is_zero() {
                true => "Nothing is left to refund then.".to_owned(),
                false => format!("{} can still be refunded then.", rest(left)),
            };
            vec![
                format!("{amount} goes back to {from} and leaves your balance."),
                kept,
                "It cannot be undone.".to_owned(),
            ]
        }
    }
}

fn hold_end(payment: &Payment, now: Timestamp) -> String {
    let State::Funded(funds) = payment.state else { return String::new() };
    let ends = funds.hold_until.filter(|until| *until > now);
    ends.map(|until| format!(" until {}", text::moment(until))).unwrap_or_default()
}

/// The question how much, with what is wrong with the last answer to it.
fn asks_again(at: &AtMerchant, about: &About, given: &str, last: Last, fault: String) -> Response {
    let left = about.verb.left(&about.payment);
    let proposed = if given.is_empty() { left.decimal() } else { given.to_owned() };
    let amount = Input {
        name: "amount",
        label: format!("Amount in {}", left.asset().code()),
        hint: "",
        value: proposed,
        fault: fault.clone(),
        kind: Kind::Amount,
    };
    let mut inputs = vec![amount];
    if about.verb == Verb::Capture {
        inputs.push(Input {
            name: "final",
            label: "Last capture".to_owned(),
            hint: "What it leaves of the hold is released.",
            value: if last == Last::Yes { "yes".to_owned() } else { String::new() },
            fault: String::new(),
            kind: Kind::Box,
        });
    }
    let title = words::sentence(about.verb.word());
    let action = format!("{}/{}", back(at, about), about.verb.word());
    let hidden = vec![("operation", next_number(&about.payment))];
    let form = Form { method: Method::Get, action, hidden, inputs, button: "Go on".to_owned() };
    let page = ConfirmPage {
        shell: at.shell(title.as_str()),
        title,
        error: String::new(),
        facts: facts(at, about),
        consequences: Vec::new(),
        form: Some(form),
        back: back(at, about),
    };
    let status = if fault.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    answer(status, &page)
}

/// An amount that is too much can be mended; everything else stands against the order as such.
fn refused_order(at: &AtMerchant, about: &About, refusal: &Refusal) -> Response {
    let fields = if at.form.text("amount").is_empty() { &at.query } else { &at.form };
    let sentence = words::refusal(refusal);
    match refusal {
        Refusal::CaptureExceedsHold { left, .. } | Refusal::RefundExceedsCapture { left, .. } if !left.is_zero() => {
            asks_again(at, about, fields.text("amount"), last(fields), sentence)
        }
        Refusal::BadAmount => asks_again(at, about, fields.text("amount"), last(fields), sentence),
        Refusal::CaptureExceedsHold { .. }
        | Refusal::RefundExceedsCapture { .. }
        | Refusal::Ended(_)
        | Refusal::AttemptOpen
        | Refusal::AlreadyFunded
        | Refusal::SessionOver
        | Refusal::NotFunded
        | Refusal::ChargebackExceedsCapture { .. }
        | Refusal::HoldCaptured
        | Refusal::HoldBusy
        | Refusal::NoSuchOperation
        | Refusal::NotUnknown
        | Refusal::TooManyOperations => stopped(at, about, sentence),
    }
}

fn changed_meanwhile(at: &AtMerchant, about: &About) -> Response {
    let text = "Something else was done with this payment since you opened the page, so nothing was ordered. Look at it again.";
    stopped(at, about, text.to_owned())
}

fn stopped(at: &AtMerchant, about: &About, error: String) -> Response {
    let title = words::sentence(about.verb.word());
    let (shell, facts) = (at.shell(title.as_str()), facts(at, about));
    ConfirmPage::stopped(shell, title, error, facts, back(at, about))
}
