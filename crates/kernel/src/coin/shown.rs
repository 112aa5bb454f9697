//! A coin payment as the other dialects read it: a payment by the method `crypto`, in the invoice's currency.

use super::{CoinPayment, RefundSource, RefundStatus, State, Units, Why};
use crate::Money;
use crate::payment::{
    CaptureMode, Decline, Ending, Funds, Means, Operation, OperationKind, OperationStatus, Payment, Retry, Route, Seq,
    State as Shown, Times,
};
use crate::routing::{Method, ProviderId};

#[cfg(test)]
mod tests;

const SALE: Seq = Seq::new(1);

impl CoinPayment {
    /// The payment that other dialects show in its place. It is made for reading: nothing is ever decided on it.
    pub fn as_payment(&self) -> Payment {
        let (state, status) = self.shown_state();
        let route = Route {
            // No provider account: coins come from a chain.
            provider: ProviderId::new(0),
            code: self.network.clone(),
            name: self.network.clone(),
            conversion: None,
            trail: None,
        };
        let amounts = (self.invoice(), self.invoice());
        let mut sale = Operation::new(SALE, OperationKind::Sale, amounts, route, self.created_at);
        sale.means = Some(Means { brand: self.price.coin.code().to_owned(), ..Means::of(Method::Crypto) });
        sale.status = status;
        sale.look_up_at = None;
        let mut details = self.details.clone();
        if details.reference.is_empty() {
            details.reference.clone_from(&self.public_id);
        }
        Payment {
            id: self.id,
            merchant: self.merchant,
            mode: self.mode,
            dialect: self.dialect,
            created_at: self.created_at,
            asked: self.price.invoice,
            capture: CaptureMode::Now,
            retry: Retry::Never,
            times: Times::default(),
            state,
            operations: vec![sale],
            chargebacks: Vec::new(),
            announced: None,
            details,
        }
    }

    fn shown_state(&self) -> (Shown, OperationStatus) {
        match &self.state {
            State::Waiting | State::Underpaid => {
                (Shown::PendingPayer { operation: SALE, until: self.deadline }, OperationStatus::Pending)
            }
            State::Processing { .. } | State::Blocked => (Shown::Pending { operation: SALE }, OperationStatus::Pending),
            State::ZeroConfirmed | State::Confirmed => (Shown::Funded(self.funds()), OperationStatus::Approved),
            State::Cancelled(cancelled) => match &cancelled.why {
                Why::Timeout | Why::Underpaid => (Shown::Ended(Ending::Expired), OperationStatus::Expired),
                Why::DoubleSpend | Why::Dropped | Why::ScreeningRejected { .. } => {
                    (Shown::Ended(Ending::Failed), OperationStatus::Failed)
                }
                Why::Caller { .. } => (Shown::Ended(Ending::Cancelled), OperationStatus::Cancelled),
                Why::Simulated(code) => {
                    let decline = Decline::Response(code.clone());
                    (Shown::Ended(Ending::Declined(decline.clone())), OperationStatus::Declined(decline))
                }
            },
        }
    }

    fn funds(&self) -> Funds {
        let zero = Money::zero(self.price.invoice.asset());
        let done = self
            .refunds
            .iter()
            .filter(|refund| refund.source == RefundSource::Accepted && matches!(refund.status, RefundStatus::Done(_)));
        let given_back: Units = done.map(|refund| refund.units).sum();
        let captured = self.invoice();
        let refunded = match () {
            () if given_back >= self.amount() => captured,
            () => self.price.worth(given_back),
        };
        let refunded = if refunded.exceeds(captured) { captured } else { refunded };
        Funds { held: zero, hold_until: None, captured, refunded, charged_back: zero }
    }
}
