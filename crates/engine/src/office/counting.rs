//! The worker behind the figures: adds what the book has more to the tallies, and counts what became of transactions. It is beside
//! the load: a step is small, and what it has not done yet is read from the rows themselves or told as not counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::coin::{self, CoinPayment};
use florin_kernel::payment::{Ending, Mode, Payment, State};
use florin_kernel::withdrawal::{self, Withdrawal};
use florin_kernel::{Kind, PaymentId, Transaction};
use florin_store::StoreError;
use florin_store::office::{Class, Cohort, Counting, OutcomeRow, Span};
use jiff::SignedDuration;

use super::summary::last_asked;
use super::{LISTED, Summary};
use crate::Engine;
use crate::workers::report;

/// Between two steps, and while a step leaves something behind.
const TICK: Duration = Duration::from_secs(30);
const TICK_BEHIND: Duration = Duration::from_secs(1);
/// Transfers tallied and transactions counted in one step.
const TALLIED_AT_ONCE: u32 = 20_000;
const COUNTED_AT_ONCE: u32 = 2_000;
/// So long after an id was drawn its transaction is surely committed, or never will be.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// What was left open is looked at again in every so many steps.
const LOOK_AGAIN_EVERY: u32 = 2;
const FROM_THE_FIRST: PaymentId = PaymentId::from_number(i64::MIN);

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Transfers tallied.
    pub transfers: u64,
    /// Transactions whose outcome was counted or found open.
    pub transactions: u64,
}

impl Counted {
    /// Whether a step was as large as it may be.
    fn is_behind(self) -> bool {
        self.transfers >= u64::from(TALLIED_AT_ONCE) || self.transactions >= u64::from(COUNTED_AT_ONCE)
    }
}

impl Engine {
    /// Counts until the process stops.
    pub(crate) async fn count_for_the_office(self: Arc<Self>) {
        let (mut left_after, mut ticks) = (FROM_THE_FIRST, 0_u32);
        let mut tick = TICK_BEHIND;
        while self.idle(&tokio::sync::Notify::new(), tick).await {
            ticks = ticks.wrapping_add(1);
            let looks_again = ticks.is_multiple_of(LOOK_AGAIN_EVERY);
            let mut none_left = PaymentId::from_number(i64::MAX);
            let step = async {
                let transfers = self.store.office().tally(TALLIED_AT_ONCE).await?;
                let left_after = if looks_again { &mut left_after } else { &mut none_left };
                let transactions = self.count_outcomes(self.surely_committed(), left_after).await?;
                Ok::<_, StoreError>(Counted { transfers, transactions })
            };
            tick = match step.await {
                Ok(counted) if counted.is_behind() => TICK_BEHIND,
                Ok(_) => TICK,
                Err(error) => {
                    report(&error);
                    TICK
                }
            };
        }
    }

    /// Counts all that there is, up to and with a transaction: for tests and measurements, which cannot wait.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write.
    #[boxed]
    pub async fn office_count(&self, until: PaymentId) -> Result<Counted, StoreError> {
        let mut counted = Counted::default();
        loop {
            match self.store.office().tally(TALLIED_AT_ONCE).await? {
                0 => break,
                transfers => counted.transfers += transfers,
            }
        }
        let mut left_after = FROM_THE_FIRST;
        loop {
            match self.count_outcomes(until, &mut left_after).await? {
                0 => return Ok(counted),
                transactions => counted.transactions += transactions,
            }
        }
    }

    /// The newest transaction that all before it are committed.
    fn surely_committed(&self) -> PaymentId {
        PaymentId::at((self.clocks.wall() - SETTLED).as_millisecond(), 0)
    }

    /// One step; how many transactions after the last one it looked at.
    async fn count_outcomes(&self, until: PaymentId, left_after: &mut PaymentId) -> Result<u64, StoreError> {
        let Counting { through, newer, left } =
            self.store.office().uncounted(until, *left_after, COUNTED_AT_ONCE).await?;
        *left_after = match left.last() {
            Some(last) if left.len() == COUNTED_AT_ONCE as usize => last.id(),
            Some(_) | None => FROM_THE_FIRST,
        };
        let mut rows: BTreeMap<(String, OutcomeRow), u64> = BTreeMap::new();
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for transaction in newer.iter().filter(|transaction| is_counted(transaction.kind())) {
            match outcome(transaction) {
                Some(row) => *rows.entry(row).or_default() += 1,
                None => opened.push(transaction.id()),
            }
        }
        for transaction in &left {
            if let Some(row) = outcome(transaction) {
                *rows.entry(row).or_default() += 1;
                closed.push(transaction.id());
            }
        }
        let newest = newer.last().map_or(through, Transaction::id);
        if newer.is_empty() && closed.is_empty() {
            return Ok(0);
        }
        let rows = rows.into_iter().map(|((mode, row), transactions)| {
            let mode = if mode == Mode::Live.to_string() { Mode::Live } else { Mode::Dev };
            (mode, OutcomeRow { transactions, ..row })
        });
        let cohort = Cohort { after: through, through: newest, rows: rows.collect(), opened, closed };
        let counted = self.store.office().count_outcomes(cohort).await?;
        Ok(if counted { newer.len() as u64 } else { 0 })
    }
}

fn is_counted(kind: Kind) -> bool {
    LISTED.contains(&kind)
}

/// What became of a transaction, as a row that counts none; nothing while it is open.
fn outcome(transaction: &Transaction) -> Option<(String, OutcomeRow)> {
    let class = class(transaction)?;
    let row = OutcomeRow {
        start_ms: Span::Hour.start_ms(transaction.created_at().as_millisecond()),
        merchant: transaction.merchant(),
        is_withdrawal: transaction.kind() == Kind::Withdrawal,
        provider: last_asked(transaction).map(|operation| operation.route.provider),
        asset: Summary::of(transaction).asked.asset().code().to_owned(),
        class,
        transactions: 0,
    };
    Some((transaction.mode().to_string(), row))
}

/// How a transaction ended, once it has.
pub(super) fn class(transaction: &Transaction) -> Option<Class> {
    match transaction {
        Transaction::Payment(payment) => of_payment(payment),
        Transaction::Withdrawal(withdrawal) => of_withdrawal(withdrawal),
        Transaction::Coin(coin) => of_coins(coin),
    }
}

fn of_payment(payment: &Payment) -> Option<Class> {
    match &payment.state {
        State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => None,
        State::Funded(_) | State::Ended(Ending::Voided | Ending::AuthorisationExpired) => Some(Class::Approved),
        State::Ended(Ending::Declined(_)) => Some(Class::Declined),
        State::Ended(Ending::Failed) => Some(Class::Failed),
        State::Ended(Ending::Cancelled | Ending::Expired) => Some(Class::Abandoned),
    }
}

fn of_withdrawal(withdrawal: &Withdrawal) -> Option<Class> {
    use withdrawal::{Ending, State};
    match &withdrawal.state {
        State::Created { .. } | State::AwaitingApproval { .. } | State::Approved | State::Sent | State::Unknown => None,
        State::Paid | State::Returned { .. } => Some(Class::Approved),
        State::Ended(Ending::Declined(_)) => Some(Class::Declined),
        State::Ended(Ending::Failed) => Some(Class::Failed),
        State::Ended(Ending::Rejected { .. } | Ending::Cancelled | Ending::Expired | Ending::ApprovalExpired) => {
            Some(Class::Abandoned)
        }
    }
}

fn of_coins(payment: &CoinPayment) -> Option<Class> {
    use coin::{State, Why};
    match &payment.state {
        State::Waiting | State::Underpaid | State::Processing { .. } | State::Blocked => None,
        State::ZeroConfirmed | State::Confirmed => Some(Class::Approved),
        State::Cancelled(cancellation) => Some(match cancellation.why {
            Why::ScreeningRejected { .. } | Why::Simulated(_) => Class::Declined,
            Why::DoubleSpend | Why::Dropped => Class::Failed,
            Why::Timeout | Why::Underpaid | Why::Caller { .. } => Class::Abandoned,
        }),
    }
}
