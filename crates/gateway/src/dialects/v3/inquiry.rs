//! Reading transactions: by id, by reference, with those linked to them (contract, section 10.7).

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::directory::Permission;
use florin_kernel::Transaction;
use florin_kernel::payment::Payment;

use super::codes::{Class, Code};
use super::errors::Problem;
use super::fields::{Reader, text};
use super::references;
use super::request::common;
use super::settings::DeclineStatus;
use super::stamp::Envelope;
use super::state::{Asked, V3State};
use super::view::{Detail, Viewer};
use super::wire::{self, Body, ErrorBody};

/// What a query asks for besides the transaction.
struct Wanted {
    linked: Linked,
    types: Vec<String>,
}

/// Whether linked transactions are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linked {
    Without,
    With,
}

/// `GET payments/{id}`, `GET query/{id}`.
///
/// # Errors
/// [`Problem::PaymentUnknown`] for an id that is nobody's or somebody else's.
pub async fn by_id(state: &V3State, asked: Asked, id: &str) -> Result<Response, Problem> {
    asked.caller.may(&[Permission::Read])?;
    let viewer = state.viewer(&asked.caller);
    let mut reader = Reader::new(&asked.form, asked.faults);
    common(&mut reader, state.reading(&asked.caller));
    let wanted = wanted(&mut reader);
    reader.finish()?;
    let (transaction, sequence) = state.find(&asked.caller, id).await?.ok_or(Problem::PaymentUnknown)?;
    let mut body = match &transaction {
        Transaction::Payment(payment) => of_payment(&viewer, payment, sequence).ok_or(Problem::PaymentUnknown)?,
        Transaction::Withdrawal(withdrawal) if sequence == 0 => viewer.payout(withdrawal, Detail::Inquired),
        Transaction::Withdrawal(_) => return Err(Problem::PaymentUnknown),
    };
    if wanted.linked == Linked::With {
        body.payments = Some(match &transaction {
            Transaction::Payment(payment) => linked(&viewer, payment, sequence, &wanted.types),
            Transaction::Withdrawal(_) => Vec::new(),
        });
    }
    Ok(one(&viewer, &body, asked.caller.settings.decline_status(state.mount.profile)))
}

/// Everything with a reference.
struct Found {
    viewer: Viewer,
    /// Initial payments, newest first.
    initial: Vec<Body>,
    /// What was ordered about payments, oldest first.
    orders: Vec<Body>,
}

impl Found {
    /// So many as are listed.
    fn listed(self) -> Option<Vec<Body>> {
        let mut all = self.initial;
        all.extend(self.orders);
        all.truncate(references::FOUND_MAX);
        (!all.is_empty()).then_some(all)
    }
}

/// `GET payments?merchantTransactionId=`: one object, the newest initial payment, because clients read a list's code as that of
/// a paid payment.
///
/// # Errors
/// As [`by_id`].
pub async fn newest(state: &V3State, asked: Asked) -> Result<Response, Problem> {
    let declines = asked.caller.settings.decline_status(state.mount.profile);
    let found = by_reference(state, asked).await?;
    let viewer = found.viewer.clone();
    let mut body = found.initial.first().cloned().ok_or(Problem::PaymentUnknown)?;
    body.payments = found.listed();
    Ok(one(&viewer, &body, declines))
}

/// `GET query?merchantTransactionId=`: an envelope around all.
///
/// # Errors
/// As [`by_id`].
pub async fn all(state: &V3State, asked: Asked, envelope: &Envelope) -> Result<Response, Problem> {
    let bodies = by_reference(state, asked).await?.listed().ok_or(Problem::PaymentUnknown)?;
    let list = ErrorBody { payments: Some(bodies), ..ErrorBody::new(envelope, Code::of("000.000.100"), None) };
    Ok(wire::response(StatusCode::OK, list.text()))
}

async fn by_reference(state: &V3State, asked: Asked) -> Result<Found, Problem> {
    asked.caller.may(&[Permission::Read])?;
    let viewer = state.viewer(&asked.caller);
    let mut reader = Reader::new(&asked.form, asked.faults);
    common(&mut reader, state.reading(&asked.caller));
    let reference = reader.require("merchantTransactionId", text(1, 255));
    reader.finish()?;
    let reference = reference.ok_or(Problem::Fault)?;
    let found = references::begun(state, &asked.caller, &reference).await?;
    let initial = found.iter().map(|transaction| match transaction {
        Transaction::Payment(payment) => viewer.payment(payment, Detail::Inquired),
        Transaction::Withdrawal(withdrawal) => viewer.payout(withdrawal, Detail::Inquired),
    });
    let initial = initial.collect();
    let ordered = references::ordered(state, &asked.caller, &reference).await?;
    let orders = ordered.iter().filter_map(|(payment, sequence)| viewer.part(payment, *sequence, Detail::Inquired));
    let orders = orders.collect();
    Ok(Found { viewer, initial, orders })
}

fn wanted(reader: &mut Reader<'_>) -> Wanted {
    let linked = reader.read("includeLinkedTransactions", |value| match value {
        "true" | "1" => Ok(Linked::With),
        "false" | "0" => Ok(Linked::Without),
        _ => Err("must be one of true, false".into()),
    });
    let types = reader.form.get("paymentTypes").unwrap_or_default();
    let types = types.split(',').map(|kind| kind.trim().to_ascii_uppercase()).filter(|kind| !kind.is_empty());
    Wanted { linked: linked.unwrap_or(Linked::Without), types: types.collect() }
}

/// The transaction of a payment that a number means.
fn of_payment(viewer: &Viewer, payment: &Payment, sequence: u16) -> Option<Body> {
    match sequence {
        0 => Some(viewer.payment(payment, Detail::Inquired)),
        sequence => viewer.part(payment, sequence, Detail::Inquired),
    }
}

/// The other transactions of a payment, oldest first; no type named: all.
fn linked(viewer: &Viewer, payment: &Payment, sequence: u16, types: &[String]) -> Vec<Body> {
    let first = (0, viewer.payment(payment, Detail::Inquired));
    let all = [first].into_iter().chain(viewer.linked(payment));
    let others = all.filter(|(number, _)| *number != sequence).map(|(_, body)| body);
    let named =
        |body: &Body| types.is_empty() || body.payment_type.is_some_and(|kind| types.iter().any(|one| one == kind));
    others.filter(named).collect()
}

/// One transaction as the answer to a reading.
pub fn one(viewer: &Viewer, body: &Body, declines: DeclineStatus) -> Response {
    let declined = body.result.code.class(viewer.set) == Class::Rejected;
    let status = match declines {
        DeclineStatus::Always if declined => StatusCode::BAD_REQUEST,
        DeclineStatus::Always | DeclineStatus::Post | DeclineStatus::Never => StatusCode::OK,
    };
    wire::response(status, body.text())
}
