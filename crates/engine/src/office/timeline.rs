//! Everything that happened to a transaction, in order: what was asked of whom, what they said, what was booked, what was told to the
//! merchant. Pure reading of rows; nothing secret is in them, and of URLs only what leads to the receiver is told.

use async_recursion::async_recursion as boxed;
use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Chargeback, Dialect, Operation, OperationKind, OperationStatus, Payment, Seq};
use florin_kernel::routing::Trail;
use florin_kernel::withdrawal::{Approver, Ending, State, Withdrawal};
use florin_kernel::{EventId, Money, PaymentId, Timestamp, Transaction};
use florin_store::{DeliveryRow, EntryRow, EventRow, EventState, StoreError};

use super::Scope;
use super::coin_steps::{self, CoinStep};
use crate::Engine;
use florin_kernel::public_id::Reference;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, by the merchant's clock; of answers to the second.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The merchant asked for it.
    Made {
        /// In which API.
        dialect: Dialect,
        /// For how much.
        asked: Money,
        /// Under which reference.
        reference: String,
    },
    /// The rules chose a provider.
    Chosen {
        /// For which operation; of a withdrawal before it is sent: none.
        seq: Option<Seq>,
        /// Its display name.
        provider: String,
        /// How it came about.
        trail: Trail,
    },
    /// Somebody said yes to a withdrawal. When is not kept: it is told with what followed.
    Approved {
        /// Who.
        by: Approver,
    },
    /// Somebody said no to a withdrawal.
    Rejected {
        /// Who.
        by: Approver,
        /// Why.
        reason: String,
    },
    /// A provider was asked.
    Asked(Box<Asked>),
    /// It answered, or did not.
    Answered(Box<Answered>),
    /// An operator said what became of an operation.
    Resolved {
        /// Of which.
        seq: Seq,
        /// Who.
        by: String,
        /// How it is known.
        reason: String,
    },
    /// The payer's bank took money back.
    ChargedBack {
        /// Of which sale or capture.
        on: Seq,
        /// How much.
        amount: Money,
        /// The provider's reference.
        reference: String,
    },
    /// The receiving bank sent a payout back.
    Returned {
        /// How much.
        amount: Money,
        /// The provider's reference.
        reference: String,
    },
    /// Something about coins.
    Coins(Box<CoinStep>),
    /// The book was written.
    Booked {
        /// The event, as entries name it.
        event: String,
        /// Its transfers.
        transfers: Vec<EntryRow>,
    },
    /// Something was to be told to the merchant.
    Announced {
        /// The event.
        event: EventId,
        /// Where to, without its query.
        url: String,
        /// What became of it.
        state: EventState,
    },
    /// An attempt to tell it.
    Delivered {
        /// The event.
        event: EventId,
        /// The attempt.
        attempt: DeliveryRow,
    },
}

/// What a provider was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its number.
    pub seq: Seq,
    /// What.
    pub kind: OperationKind,
    /// How much, in the currency asked in.
    pub amount: Money,
    /// How much in the provider's currency.
    pub moved: Money,
    /// The provider's display name.
    pub provider: String,
    /// Our reference, the same for every call about it.
    pub reference: String,
    /// What may be shown of the card.
    pub card: Option<CardSummary>,
    /// What it acts on.
    pub on: Option<Seq>,
    /// The declined attempt that it went on from.
    pub cascaded_from: Option<Seq>,
}

/// What a provider said.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// About which operation.
    pub seq: Seq,
    /// Where the operation stands now.
    pub status: OperationStatus,
    /// The bank's response code, if there is one.
    pub response: Option<String>,
    /// The provider's own id, once known.
    pub provider_id: String,
    /// The issuer's authorisation code, once known.
    pub auth_code: String,
    /// Whether the payer was sent to a page.
    pub payer_acted: bool,
    /// Look-ups made.
    pub look_ups: u16,
    /// When the provider is asked next, while the end is not known.
    pub look_up_at: Option<Timestamp>,
}

/// Everything that happened, the oldest first. `printed` makes the reference that an operation is known by at its provider.
pub fn timeline(
    transaction: &Transaction,
    entries: &[EntryRow],
    events: &[(EventRow, Vec<DeliveryRow>)],
    printed: &dyn Fn(Seq) -> String,
) -> Vec<Step> {
    let mut steps = match transaction {
        Transaction::Payment(payment) => of_payment(payment, printed),
        Transaction::Withdrawal(withdrawal) => of_withdrawal(withdrawal, printed),
        Transaction::Coin(coin) => coin_steps::of_coins(coin),
    };
    steps.extend(booked(entries));
    for (event, attempts) in events {
        steps.extend(announced(event, attempts));
    }
    // Rows that name one moment stay in the order in which they were told: cause before effect.
    steps.sort_by_key(|step| step.at);
    steps
}

pub(super) fn made(at: Timestamp, dialect: Dialect, asked: Money, reference: &str) -> Step {
    Step { at, what: What::Made { dialect, asked, reference: reference.to_owned() } }
}

fn of_payment(payment: &Payment, printed: &dyn Fn(Seq) -> String) -> Vec<Step> {
    let mut steps = vec![made(payment.created_at, payment.dialect, payment.asked, &payment.details.reference)];
    for operation in &payment.operations {
        steps.extend(of_operation(operation, printed));
    }
    for Chargeback { on, reference, amount, at } in &payment.chargebacks {
        let what = What::ChargedBack { on: *on, amount: *amount, reference: reference.clone() };
        steps.push(Step { at: *at, what });
    }
    steps
}

fn of_withdrawal(withdrawal: &Withdrawal, printed: &dyn Fn(Seq) -> String) -> Vec<Step> {
    let details = &withdrawal.details;
    let mut steps = vec![made(withdrawal.created_at, withdrawal.dialect, withdrawal.asked, &details.reference)];
    let decided_at = withdrawal.payout.as_ref().map_or(withdrawal.created_at, |payout| payout.started_at);
    let trail = withdrawal.plan.as_ref().and_then(|plan| Some((plan.route.name.clone(), plan.route.trail.clone()?)));
    if let Some((provider, trail)) = trail {
        let what = What::Chosen { seq: None, provider, trail: *trail };
        steps.push(Step { at: withdrawal.created_at, what });
    }
    for by in &withdrawal.approvals {
        steps.push(Step { at: decided_at, what: What::Approved { by: *by } });
    }
    if let State::Ended(Ending::Rejected { by, reason }) = &withdrawal.state {
        steps.push(Step { at: decided_at, what: What::Rejected { by: *by, reason: reason.clone() } });
    }
    if let Some(payout) = &withdrawal.payout {
        steps.extend(of_operation(payout, printed));
    }
    for returned in &withdrawal.returns {
        let what = What::Returned { amount: returned.amount, reference: returned.reference.clone() };
        steps.push(Step { at: returned.at, what });
    }
    steps
}

fn of_operation(operation: &Operation, printed: &dyn Fn(Seq) -> String) -> Vec<Step> {
    let (seq, at) = (operation.seq, operation.started_at);
    let mut steps = Vec::new();
    if let Some(trail) = &operation.route.trail {
        let what = What::Chosen { seq: Some(seq), provider: operation.route.name.clone(), trail: (**trail).clone() };
        steps.push(Step { at, what });
    }
    let asked = Asked {
        seq,
        kind: operation.kind,
        amount: operation.amount,
        moved: operation.moved,
        provider: operation.route.name.clone(),
        reference: printed(seq),
        card: operation.means.as_ref().and_then(|means| means.card.clone()),
        on: operation.on,
        cascaded_from: operation.cascaded_from,
    };
    steps.push(Step { at, what: What::Asked(Box::new(asked)) });
    if operation.status != OperationStatus::Pending || operation.look_ups > 0 {
        let answered = Answered {
            seq,
            status: shown(&operation.status),
            response: operation.response().map(str::to_owned),
            provider_id: operation.provider_id.clone(),
            auth_code: operation.auth_code.clone(),
            payer_acted: operation.payer_acted,
            look_ups: operation.look_ups,
            look_up_at: operation.next_look_up(),
        };
        steps.push(Step { at: operation.changed_at(), what: What::Answered(Box::new(answered)) });
    }
    if let Some(resolution) = &operation.resolution {
        let what = What::Resolved { seq, by: resolution.by.clone(), reason: resolution.reason.clone() };
        steps.push(Step { at: resolution.at, what });
    }
    steps
}

/// A status without what only the payer's browser should know: where to go, and with what.
fn shown(status: &OperationStatus) -> OperationStatus {
    match status {
        OperationStatus::NeedsPayer(step) => OperationStatus::NeedsPayer(florin_kernel::payment::PayerStep {
            url: without_query(&step.url),
            method: None,
            ..step.clone()
        }),
        OperationStatus::Pending
        | OperationStatus::Unknown(_)
        | OperationStatus::Approved
        | OperationStatus::Late
        | OperationStatus::Declined(_)
        | OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::Expired => status.clone(),
    }
}

/// Transfers of one event at one moment are one entry.
fn booked(entries: &[EntryRow]) -> Vec<Step> {
    let of_one = entries.chunk_by(|one, next| one.event == next.event && one.at == next.at);
    of_one
        .filter_map(|transfers| {
            let first = transfers.first()?;
            let what = What::Booked { event: first.event.clone(), transfers: transfers.to_vec() };
            Some(Step { at: first.at, what })
        })
        .collect()
}

fn announced(event: &EventRow, attempts: &[DeliveryRow]) -> Vec<Step> {
    let what = What::Announced { event: event.id, url: without_query(&event.url), state: event.state };
    let first = attempts.first().map_or(event.first_at, |attempt| attempt.at.min(event.first_at));
    let mut steps = vec![Step { at: first, what }];
    steps.extend(
        attempts.iter().map(|attempt| Step {
            at: attempt.at,
            what: What::Delivered { event: event.id, attempt: attempt.clone() },
        }),
    );
    steps
}

/// Of a URL what leads to its receiver: merchants put keys behind the question mark.
pub(super) fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (scheme, rest) = url[..end].split_once("://").unwrap_or(("", &url[..end]));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host);
    let slash = if rest.contains('/') { "/" } else { "" };
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}{host}{slash}{path}")
}

impl Engine {
    /// A transaction of a scope with everything that happened to it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_timeline(
        &self,
        scope: Scope,
        id: PaymentId,
    ) -> Result<Option<(Transaction, Vec<Step>)>, StoreError> {
        let Some(transaction) = self.office_transaction(scope, id).await? else { return Ok(None) };
        let (entries, events) = (self.store.entries(id).await?, self.store.events(id).await?);
        let printed = |seq: Seq| self.codec.base36(Reference { payment: id, sequence: seq.number() });
        let steps = timeline(&transaction, &entries, &events, &printed);
        Ok(Some((transaction, steps)))
    }
}
