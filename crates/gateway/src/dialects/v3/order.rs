//! `POST payments/{id}`: capture, refund and reversal (contract, section 10.4).
//!
//! What never changes about a transaction (its kind, its currency) is looked at first; whether its money allows the order is the
//! core's decision, taken after a copy of an earlier request was looked for. What the core refuses is told in this dialect's
//! codes by where the payment stands.

use std::sync::Arc;

use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::{Answer, ClaimRequest, OperationRequest, RenderOperation, SubmitError};
use florin_kernel::payment::{
    CaptureMode, Command, Dialect, Ending, OperationKind, OperationStatus, Payment, Portion, Refusal, Seq, State,
};
use florin_kernel::{Asset, Money, Transaction};

use super::amounts;
use super::content::content;
use super::errors::{FieldError, Problem};
use super::fields::{Reader, text};
use super::pay::{response, status_of};
use super::references;
use super::request::common;
use super::settings::{Decimals, DeclineStatus, ReverseDebit};
use super::state::{Asked, V3State};
use super::view::{Detail, Note, Viewer};

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `CP`
    Capture,
    /// `RF`
    Refund,
    /// `RV`
    Reversal,
    /// Known to the older platform, not offered here.
    NotOffered,
}

const KINDS: [(&str, Kind); 7] = [
    ("CP", Kind::Capture),
    ("RF", Kind::Refund),
    ("RV", Kind::Reversal),
    ("RB", Kind::NotOffered),
    ("RC", Kind::NotOffered),
    ("RG", Kind::NotOffered),
    ("CB", Kind::NotOffered),
];

/// Whether a capture is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    No,
    Yes,
}

/// An order as it was read.
struct Order {
    kind: Kind,
    amount: Option<String>,
    currency: Option<String>,
    last: Last,
    reference: Option<String>,
    /// For what is wrong with the amount and the currency that were sent.
    amount_error: FieldError,
    currency_error: FieldError,
}

/// Does what is ordered, or finds that it was done before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn order(state: &V3State, asked: Asked, id: &str, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&[Permission::Deposits])?;
    let mut reader = Reader::new(&form, faults);
    common(&mut reader, state.reading(&caller));
    let order = Order::read(reader, id)?;
    let currency = order.known_currency()?;
    let digest = state.engine.digest(&[&content("POST", path, &form)]);
    let (transaction, sequence) = state.find(&caller, id).await?.ok_or(Problem::PaymentUnknown)?;
    let part = (sequence != 0).then(|| Seq::new(sequence));
    let Transaction::Payment(payment) = transaction else { return Err(order.kind.unfounded()) };
    let on = acted_on(&payment, part, order.kind, caller.settings.reverse_debit)?;
    let amount = order.amount_in(&payment, currency, caller.settings.strict_decimals)?;
    let command = command(&order, &payment, on, amount)?;
    let viewer = state.viewer(&caller);
    let target = viewer.print(payment.id, on.map_or(0, Seq::number));
    let reference = order.reference.as_deref();
    let reference = reference.map(|text| {
        [references::of_order(&caller, order.kind.word(), &target, text), references::of_orders(&caller, text)]
    });
    let claims: Vec<ClaimRequest> = reference
        .into_iter()
        .flatten()
        .chain(idempotency_key.map(|text| references::key_claim(caller.credential.id, &text)))
        .collect();
    let note = Note {
        entity: caller.entity.clone(),
        kind: order.kind.word().to_owned(),
        reference: order.reference.clone().unwrap_or_default(),
    };
    let render = render(viewer, caller.settings.decline_status(state.mount.profile));
    let (dialect, echo, promised) = (Dialect::V3, note.text(), None);
    let request = OperationRequest { dialect, command, claims, digest, echo, promised, render };
    match state.engine.operate(caller.owner(), payment.id, request).await {
        Ok(reply) => Ok(response(reply)),
        Err(SubmitError::Refused(refusal)) => {
            let payment = state.engine.find(caller.owner(), payment.id).await?.ok_or(Problem::PaymentUnknown)?;
            Err(refused(order.kind, &refusal, &payment, on))
        }
        Err(error) => Err(error.into()),
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Capture => "CP",
            Kind::Refund => "RF",
            Kind::Reversal => "RV",
            Kind::NotOffered => "",
        }
    }

    /// That there is no money that it could act on.
    fn unfounded(self) -> Problem {
        match self {
            Kind::Capture => Problem::NoAuthorisation,
            Kind::Refund => Problem::NoCapture,
            Kind::Reversal => Problem::NothingToReverse,
            Kind::NotOffered => Problem::TypeNotOffered,
        }
    }
}

impl Order {
    fn read(mut reader: Reader<'_>, id: &str) -> Result<Order, Problem> {
        let named = |word: &str| KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
        let sent = reader.form.get("currency").map(ToOwned::to_owned);
        let amount_rule = |value: &str| amounts::text(value, sent.as_deref()).map(ToOwned::to_owned);
        let currency_rule = |value: &str| amounts::currency_text(value).map(ToOwned::to_owned);
        let (amount, currency) = match reader.form.get("paymentType").and_then(named) {
            Some(Kind::Reversal) => (reader.read("amount", amount_rule), reader.read("currency", currency_rule)),
            Some(Kind::Capture | Kind::Refund | Kind::NotOffered) | None => {
                (reader.require("amount", amount_rule), reader.require("currency", currency_rule))
            }
        };
        let kind = reader.require("paymentType", |word| named(word).ok_or("must be one of CP, RF, RV".into()));
        let last = reader.read("sequence", |word| Ok(if word == "FINAL" { Last::Yes } else { Last::No }));
        let reference = reader.read("merchantTransactionId", text(1, 255));
        reader.read("originalTransactionId", |original| match original.eq_ignore_ascii_case(id) {
            true => Ok(()),
            false => Err("must be the id in the path".into()),
        });
        let (amount_error, currency_error) = (reader.error("amount", ""), reader.error("currency", ""));
        reader.finish()?;
        match kind.ok_or(Problem::Fault)? {
            Kind::NotOffered => Err(Problem::TypeNotOffered),
            kind @ (Kind::Capture | Kind::Refund | Kind::Reversal) => {
                let last = last.unwrap_or(Last::No);
                Ok(Order { kind, amount, currency, last, reference, amount_error, currency_error })
            }
        }
    }

    fn known_currency(&self) -> Result<Option<Asset>, Problem> {
        self.currency.as_deref().map(|code| amounts::currency(code, || self.currency_error.clone())).transpose()
    }

    /// The amount that was sent, in the payment's currency.
    fn amount_in(&self, payment: &Payment, sent: Option<Asset>, decimals: Decimals) -> Result<Option<Money>, Problem> {
        let currency = payment.asked.asset();
        let amount = self.amount.as_deref();
        // An amount without meaning in its own currency is refused as that, whatever the payment's is.
        let read = |text| amounts::amount(text, sent.unwrap_or(currency), decimals, || self.amount_error.clone());
        let amount = amount.map(read).transpose()?;
        if amount.is_some_and(|amount| amount.is_zero()) {
            return Err(Problem::AmountTooLow(self.amount_error.saying("must be greater than zero")));
        }
        if sent.is_some_and(|sent| sent != currency) {
            let message = format!("must be {currency}, the currency of the original");
            return Err(Problem::CurrencyDiffers(self.currency_error.saying(message)));
        }
        Ok(amount)
    }
}

/// What never changes about a transaction and an order: whether the one can be for the other at all, and which capture is meant.
fn acted_on(payment: &Payment, part: Option<Seq>, kind: Kind, reverse: ReverseDebit) -> Result<Option<Seq>, Problem> {
    let capture = part.filter(|seq| payment.operation(*seq).is_some_and(|on| on.kind == OperationKind::Capture));
    match (kind, part, payment.capture) {
        (_, _, CaptureMode::Never) => Err(Problem::Unsuitable),
        (_, Some(_), _) if capture.is_none() => Err(Problem::Unsuitable),
        (Kind::Capture, Some(_), _) => Err(Problem::Unsuitable),
        (Kind::Capture, None, CaptureMode::Later) => Ok(None),
        (Kind::Capture, None, CaptureMode::Now) => Err(Problem::NoAuthorisation),
        (Kind::Refund, _, _) => Ok(capture),
        (Kind::Reversal, None, CaptureMode::Later) => Ok(None),
        (Kind::Reversal, _, _) if reverse == ReverseDebit::Refund => Ok(capture),
        (Kind::Reversal, _, _) => Err(Problem::CannotReverse),
        (Kind::NotOffered, _, _) => Err(Problem::TypeNotOffered),
    }
}

/// The core's command. The amount of a reversal must be the whole, since the whole is released.
fn command(order: &Order, payment: &Payment, on: Option<Seq>, amount: Option<Money>) -> Result<Command, Problem> {
    let whole = on.and_then(|on| payment.operation(on)).map_or(payment.asked, |capture| capture.amount);
    match (order.kind, amount) {
        (Kind::Capture, Some(amount)) if order.last == Last::Yes => Ok(Command::CaptureFinal(amount)),
        (Kind::Capture, Some(amount)) => Ok(Command::Capture(amount)),
        (Kind::Refund, Some(amount)) => Ok(Command::Refund { amount: Portion::Exactly(amount), on }),
        (Kind::Reversal, Some(amount)) if amount != whole => {
            let message = format!("must be {}, the whole", amounts::printed(whole));
            Err(Problem::AmountDiffers(order.amount_error.saying(message)))
        }
        (Kind::Reversal, _) if on.is_none() && payment.capture == CaptureMode::Later => Ok(Command::Reverse),
        (Kind::Reversal, _) => Ok(Command::Refund { amount: Portion::AllLeft, on }),
        (Kind::Capture | Kind::Refund | Kind::NotOffered, _) => Err(Problem::Fault),
    }
}

/// Why an order was refused, by where the payment stands.
fn refused(kind: Kind, refusal: &Refusal, payment: &Payment, on: Option<Seq>) -> Problem {
    if let Some(capture) = on.and_then(|on| payment.operation(on)).filter(|on| on.status != OperationStatus::Approved) {
        return if capture.is_open() { Problem::ReferencedOpen } else { kind.unfounded() };
    }
    match (&payment.state, kind) {
        (State::Pending { .. } | State::Unknown { .. }, _) => Problem::ReferencedOpen,
        (State::Created | State::PendingPayer { .. }, _) => kind.unfounded(),
        (State::Ended(Ending::AuthorisationExpired), Kind::Capture) => Problem::AuthorisationExpired,
        (State::Ended(Ending::Voided), Kind::Capture) => Problem::CaptureExceeds,
        (State::Ended(Ending::Voided | Ending::AuthorisationExpired), Kind::Reversal) => Problem::CannotReverse,
        (State::Ended(_), _) => kind.unfounded(),
        (State::Funded(_), _) if *refusal == Refusal::HoldBusy => Problem::ReferencedOpen,
        (State::Funded(_), Kind::Capture) => Problem::CaptureExceeds,
        (State::Funded(_), Kind::Reversal) => Problem::CannotReverse,
        (State::Funded(funds), _) if funds.captured.is_zero() => kind.unfounded(),
        (State::Funded(funds), _) if !funds.charged_back.is_zero() && funds.refundable().is_zero() => {
            Problem::ChargedBack
        }
        (State::Funded(_), Kind::Refund | Kind::NotOffered) => Problem::RefundExceeds,
    }
}

fn render(viewer: Viewer, declines: DeclineStatus) -> RenderOperation {
    Arc::new(move |payment, seq| {
        let operation = seq.and_then(|seq| payment.operation(seq));
        let body = match operation {
            Some(operation) => viewer.operation(payment, operation, Detail::Made),
            None => viewer.payment(payment, Detail::Made),
        };
        Answer { status: status_of(&body, viewer.set, declines), body: body.text() }
    })
}
