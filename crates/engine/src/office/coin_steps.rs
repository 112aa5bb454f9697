//! What happened to a payment made with coins: what was asked for and at what price, the coins that came and how deep they lie, what was
//! accepted, what went back.

use florin_kernel::coin::{AcceptedBy, AlertKind, CoinPayment, RefundStatus, State, Units, Why};
use florin_kernel::payment::Seq;
use florin_kernel::ports::chain::{Place, Screening};
use florin_kernel::{Coin, Money, Timestamp};

use super::timeline::{Step, What, made};

/// A step of a coin payment.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinStep {
    /// The coin that amounts are in.
    pub coin: Coin,
    /// What.
    pub what: CoinWhat,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum CoinWhat {
    /// The price was locked.
    Priced {
        /// So many coins are asked for.
        units: Units,
        /// For this much.
        invoice: Money,
        /// Of the invoice's currency for one coin, as printed.
        rate: String,
        /// Where they are to go.
        address: String,
        /// Until when.
        until: Timestamp,
    },
    /// Coins came to its address.
    Seen {
        /// The transaction that brought them.
        txid: String,
        /// How much.
        units: Units,
        /// Where it is now.
        place: Place,
        /// How deep.
        confirmations: u64,
        /// So deep it has to be.
        needed: u32,
        /// What screening says; nothing where nobody screens.
        screening: Option<Screening>,
    },
    /// They count for the order.
    Accepted {
        /// How many.
        units: Units,
        /// As how much.
        invoice: Money,
        /// Who says so.
        by: AcceptedBy,
    },
    /// It was given up.
    GivenUp(Why),
    /// A conflict, or a reorganised chain.
    Alerted {
        /// Which.
        kind: AlertKind,
        /// Of which transaction.
        txid: String,
    },
    /// Coins are given back.
    Refund {
        /// Its number.
        seq: Seq,
        /// How many.
        units: Units,
        /// Where to.
        to: String,
        /// The transaction, once it is signed.
        txid: Option<String>,
        /// How far it is.
        status: RefundStatus,
    },
}

/// The steps of a coin payment, by kind; whoever shows them sorts them by time.
pub(super) fn of_coins(payment: &CoinPayment) -> Vec<Step> {
    let coin = payment.price.coin;
    let step = |at, what| Step { at, what: What::Coins(Box::new(CoinStep { coin, what })) };
    let mut steps = vec![made(payment.created_at, payment.dialect, payment.price.invoice, &payment.details.reference)];
    let priced = CoinWhat::Priced {
        units: payment.price.amount(),
        invoice: payment.price.invoice,
        rate: payment.price.rate.to_string(),
        address: payment.address.clone(),
        until: payment.deadline,
    };
    steps.push(step(payment.created_at, priced));
    for deposit in &payment.deposits {
        let seen = CoinWhat::Seen {
            txid: deposit.outpoint.txid.clone(),
            units: deposit.units,
            place: deposit.place.clone(),
            confirmations: deposit.confirmations(payment.tip.as_ref()),
            needed: payment.confirmations_needed(),
            screening: deposit.screening,
        };
        steps.push(step(deposit.seen_at, seen));
    }
    if let (Some(at), Some(accepted)) = (payment.confirmed_at, &payment.acceptance) {
        let what = CoinWhat::Accepted { units: accepted.units, invoice: accepted.invoice, by: accepted.by.clone() };
        steps.push(step(at, what));
    }
    if let Some(alert) = &payment.alert {
        steps.push(step(alert.at, CoinWhat::Alerted { kind: alert.kind, txid: alert.txid.clone() }));
    }
    if let State::Cancelled(cancelled) = &payment.state {
        steps.push(step(cancelled.at, CoinWhat::GivenUp(cancelled.why.clone())));
    }
    for refund in &payment.refunds {
        let what = CoinWhat::Refund {
            seq: refund.seq,
            units: refund.units,
            to: refund.to.clone(),
            txid: refund.transaction.as_ref().map(|transaction| transaction.txid.clone()),
            status: refund.status.clone(),
        };
        steps.push(step(refund.ordered_at, what));
    }
    steps
}
