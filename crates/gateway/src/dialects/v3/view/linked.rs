//! What was done about a payment's money as transactions of their own: captures, refunds, reversals, chargebacks.

use std::ops::Deref;
use std::sync::Arc;

use florin_engine::Engine;
use florin_kernel::payment::{Chargeback, Linked, Operation, OperationKind, Payment, Seq};
use serde::{Deserialize, Serialize};

use super::super::amounts;
use super::super::codes::{Event, code};
use super::super::event;
use super::super::stamp;
use super::super::wire::{Body, ResultBody};
use super::{Detail, Viewer, brand_of, card, details};

/// What this dialect keeps with an operation that was ordered in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The entity that it was ordered for.
    pub entity: String,
    /// The word of the order: a refund may have been one for a reversal.
    pub kind: String,
    /// The merchant's reference.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

impl Note {
    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a note has string keys and plain values only")
    }

    fn of(operation: &Operation) -> Option<Note> {
        serde_json::from_str(&operation.echo).ok()
    }
}

impl<E: Deref<Target = Engine>> Viewer<E> {
    /// A transaction of a payment by its number, if it is one.
    pub fn part(&self, payment: &Payment, sequence: u16, detail: Detail) -> Option<Body> {
        let seq = Seq::new(sequence);
        if let Some(chargeback) = payment.chargeback(seq) {
            return Some(self.chargeback(payment, seq, chargeback, detail));
        }
        let operation = payment.operation(seq)?;
        type_of(operation.kind).map(|_| self.operation(payment, operation, detail))
    }

    /// Everything done about a payment's money, oldest first.
    pub fn linked(&self, payment: &Payment) -> Vec<(u16, Body)> {
        let body = |linked| match linked {
            Linked::Operation(operation) => {
                (operation.seq.number(), self.operation(payment, operation, Detail::Inquired))
            }
            Linked::Chargeback { seq, chargeback } => {
                (seq.number(), self.chargeback(payment, seq, chargeback, Detail::Inquired))
            }
        };
        payment.linked().into_iter().map(body).collect()
    }

    /// A capture, void or refund.
    pub fn operation(&self, payment: &Payment, operation: &Operation, detail: Detail) -> Body {
        let event = event::of_operation(operation);
        let note = Note::of(operation);
        let kind = match note.as_ref().map(|note| note.kind.as_str()) {
            Some("RV") => Some("RV"),
            Some(_) | None => type_of(operation.kind),
        };
        Body {
            payment_type: kind,
            merchant_transaction_id: note.map(|note| note.reference).filter(|text| !text.is_empty()),
            result_details: Some(details(&event, Some(operation))),
            timestamp: stamp::timestamp(operation.changed_at(), self.format),
            ..self.on_payment(payment, operation.seq, operation.on, operation.amount, &event, detail)
        }
    }

    /// Money that the payer's bank took back.
    fn chargeback(&self, payment: &Payment, seq: Seq, chargeback: &Chargeback, detail: Detail) -> Body {
        let event = Event::ChargedBack;
        Body {
            payment_type: Some("CB"),
            result_details: Some(details(&event, None)),
            timestamp: stamp::timestamp(chargeback.at, self.format),
            ..self.on_payment(payment, seq, Some(chargeback.on), chargeback.amount, &event, detail)
        }
    }

    /// What all of them have in common.
    fn on_payment(
        &self,
        payment: &Payment,
        seq: Seq,
        on: Option<Seq>,
        amount: florin_kernel::Money,
        event: &Event<'_>,
        detail: Detail,
    ) -> Body {
        let document = self.document(&payment.details, payment.dialect);
        let attempt = payment.funding();
        Body {
            id: self.print(payment.id, seq.number()),
            referenced_id: Some(self.print(payment.id, acted_on(payment, on))),
            registration_id: None,
            payment_brand: brand_of(attempt, &document),
            amount: Some(amounts::printed(amount)),
            currency: Some(amount.asset().code()),
            merchant_transaction_id: None,
            merchant_invoice_id: None,
            result: ResultBody::of(code(event, self.coding(payment, &document)), self.set),
            card: card(attempt, &document),
            echo: Arc::default(),
            three_d_secure: None,
            redirect: None,
            risk: None,
            ndc: stamp::ndc_of(&self.engine, &document.entity, payment.id, seq.number()),
            ..self.payment_with(payment, &document, detail)
        }
    }
}

/// The word of an operation that is a transaction of its own; attempts are their payment's.
fn type_of(kind: OperationKind) -> Option<&'static str> {
    match kind {
        OperationKind::Capture => Some("CP"),
        OperationKind::Refund => Some("RF"),
        OperationKind::Void => Some("RV"),
        OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout => None,
    }
}

/// The number of the transaction that one acts on: 0 for the payment, whichever attempt it was.
fn acted_on(payment: &Payment, on: Option<Seq>) -> u16 {
    let on = on.and_then(|on| payment.operation(on));
    on.filter(|on| !on.kind.is_attempt()).map_or(0, |on| on.seq.number())
}
