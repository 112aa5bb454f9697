//! The merchant takes what came as it is (crypto contract, section 5.6).

use super::{Draft, Refusal};
use crate::Money;
use crate::coin::{Acceptance, AcceptedBy, RefundSource, State, Units};
use crate::fx::Rate;

impl Draft {
    pub(super) fn accept(
        &mut self,
        units: Option<Units>,
        invoice: Option<Money>,
        rate: Option<Rate>,
    ) -> Result<(), Refusal> {
        let payment = &self.payment;
        let (received, open, coin) = (payment.received(), payment.unaccepted(), payment.price.coin);
        if payment.state == State::Blocked {
            return Err(Refusal::Blocked);
        }
        let begun = payment.refunds.iter().any(|refund| refund.is_active() && refund.source == RefundSource::Opened);
        let acceptable = match &payment.state {
            State::Underpaid | State::Confirmed | State::Cancelled(_) => !open.is_zero() && !begun,
            State::Waiting | State::Processing { .. } | State::Blocked | State::ZeroConfirmed => false,
        };
        if !acceptable {
            return if payment.was_accepted_as(units) { Ok(()) } else { Err(Refusal::NothingToAccept) };
        }
        if units.is_some_and(|units| !units.shows_as(received, coin) && !units.shows_as(open, coin)) {
            return Err(Refusal::AcceptedAmountMismatch { received });
        }
        let worth = match (&payment.state, rate) {
            (State::Cancelled(_), Some(rate)) => payment.price.worth_at(received, rate),
            _ => payment.price.worth(received),
        };
        let most = if worth.exceeds(payment.price.invoice) { worth } else { payment.price.invoice };
        let invoice = invoice.unwrap_or(worth);
        if invoice.minor() < 0 || invoice.asset() != most.asset() || invoice.exceeds(most) {
            return Err(Refusal::BadInvoiceAmount);
        }
        if matches!(payment.state, State::Cancelled(_)) {
            self.payment.state = State::Processing { reason: None };
        }
        self.payment.acceptance = Some(Acceptance { units: received, invoice, by: AcceptedBy::Merchant(units) });
        self.settle();
        Ok(())
    }
}
