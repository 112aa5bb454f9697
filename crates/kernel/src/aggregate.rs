//! What payments, withdrawals and coin payments have in common: each is one document that a pure decision changes, of one number space and
//! with operations asked of a provider. Whoever keeps and moves them needs to know no more.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::coin::{CoinPayment, Derivation};
use crate::payment::{Attempt, CaptureMode, Details, Dialect, Effect, Mode, Operation, Payment, Report, Seq};
use crate::withdrawal::Withdrawal;
use crate::{MerchantId, PaymentId};

mod coin;

/// A payment, a withdrawal or a payment made with coins.
// Nearly all are payments: a box each would cost them an allocation at every reading.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Transaction {
    /// Money in.
    Payment(Payment),
    /// Money out; in a box, being the larger and the rarer.
    Withdrawal(Box<Withdrawal>),
    /// Coins in.
    Coin(Box<CoinPayment>),
}

/// Which of them a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A payment.
    Payment,
    /// A payment that moves no money: a card was verified. Lists leave it out.
    Verification,
    /// A withdrawal or payout.
    Withdrawal,
    /// A payment made with coins.
    Coin,
}

/// What of a coin payment its chain has to find. Derived from the payment, never set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The network's name.
    pub network: String,
    /// The address, which is its alone.
    pub address: String,
    /// How the address was derived; no account gives one index twice.
    pub derived: Derivation,
    /// Whether it still waits for coins.
    pub awaits_coins: bool,
    /// At which height it is to be told of a new block.
    pub due_height: Option<u64>,
    /// The highest block that holds something of it.
    pub top_height: Option<u64>,
}

impl Transaction {
    /// Its id; payments and withdrawals share one number space, so that printed ids, claims, entries and events name either.
    pub fn id(&self) -> PaymentId {
        match self {
            Transaction::Payment(payment) => payment.id,
            Transaction::Withdrawal(withdrawal) => withdrawal.id,
            Transaction::Coin(coin) => coin.id,
        }
    }

    /// Which it is.
    pub fn kind(&self) -> Kind {
        match self {
            Transaction::Payment(payment) => payment.kind(),
            Transaction::Withdrawal(withdrawal) => withdrawal.kind(),
            Transaction::Coin(coin) => coin.kind(),
        }
    }

    /// When it was made, by its merchant's clock.
    pub fn created_at(&self) -> Timestamp {
        match self {
            Transaction::Payment(payment) => payment.created_at,
            Transaction::Withdrawal(withdrawal) => withdrawal.created_at,
            Transaction::Coin(coin) => coin.created_at,
        }
    }

    /// The word for where it stands, as rows write it.
    pub fn word_text(&self) -> &'static str {
        match self {
            Transaction::Payment(payment) => payment.word_text(),
            Transaction::Withdrawal(withdrawal) => withdrawal.word_text(),
            Transaction::Coin(coin) => coin.word_text(),
        }
    }

    /// Whose it is.
    pub fn merchant(&self) -> MerchantId {
        match self {
            Transaction::Payment(payment) => payment.merchant,
            Transaction::Withdrawal(withdrawal) => withdrawal.merchant,
            Transaction::Coin(coin) => coin.merchant,
        }
    }

    /// Test or live.
    pub fn mode(&self) -> Mode {
        match self {
            Transaction::Payment(payment) => payment.mode,
            Transaction::Withdrawal(withdrawal) => withdrawal.mode,
            Transaction::Coin(coin) => coin.mode,
        }
    }

    /// Whether what was begun by its request, or by the one that began this operation of it, is over for good and moved nothing.
    pub fn ended_without_money(&self, operation: Option<Seq>) -> bool {
        match (self, operation) {
            (Transaction::Payment(payment), None) => payment.ended_without_money(),
            (Transaction::Withdrawal(withdrawal), None) => {
                matches!(withdrawal.state, crate::withdrawal::State::Ended(_))
            }
            (Transaction::Payment(payment), Some(seq)) => {
                payment.operation(seq).is_some_and(Operation::ended_without_money)
            }
            (Transaction::Withdrawal(withdrawal), Some(seq)) => {
                withdrawal.operation(seq).is_some_and(Operation::ended_without_money)
            }
            // Its id and its requests' keys are never free again.
            (Transaction::Coin(_), _) => false,
        }
    }

    /// What the merchant told about it.
    pub fn details(&self) -> &Details {
        match self {
            Transaction::Payment(payment) => &payment.details,
            Transaction::Withdrawal(withdrawal) => &withdrawal.details,
            Transaction::Coin(coin) => &coin.details,
        }
    }

    /// The payment, if it is one.
    pub fn payment(self) -> Option<Payment> {
        match self {
            Transaction::Payment(payment) => Some(payment),
            Transaction::Withdrawal(_) | Transaction::Coin(_) => None,
        }
    }

    /// The withdrawal, if it is one.
    pub fn withdrawal(self) -> Option<Withdrawal> {
        match self {
            Transaction::Payment(_) | Transaction::Coin(_) => None,
            Transaction::Withdrawal(withdrawal) => Some(*withdrawal),
        }
    }

    /// The coin payment, if it is one.
    pub fn coin(self) -> Option<CoinPayment> {
        match self {
            Transaction::Payment(_) | Transaction::Withdrawal(_) => None,
            Transaction::Coin(coin) => Some(*coin),
        }
    }

    /// It as dialects show it that know no coins: a payment made with coins is a payment in the invoice's currency.
    #[must_use]
    pub fn without_coins(self) -> Transaction {
        match self {
            Transaction::Payment(_) | Transaction::Withdrawal(_) => self,
            Transaction::Coin(coin) => Transaction::Payment(coin.as_payment()),
        }
    }
}

/// What is true now, and what follows.
pub type Decided<A> = (A, Vec<Effect<<A as Aggregate>::Word>>);

/// A payment, a withdrawal or a coin payment, to whoever keeps rows and wakes what is due.
pub trait Aggregate:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What may be said about it.
    type Command: Clone + std::fmt::Debug + PartialEq + Send + Sync;
    /// The words of its states.
    type Word: Copy + std::fmt::Debug + PartialEq + Send + Sync + 'static;
    /// Why a command is not obeyed.
    type Refusal: std::error::Error + Send + Sync + 'static;

    /// Which it is.
    fn kind(&self) -> Kind;
    /// Its id.
    fn id(&self) -> PaymentId;
    /// Whose it is.
    fn merchant(&self) -> MerchantId;
    /// Test or live.
    fn mode(&self) -> Mode;
    /// The API it was made in.
    fn dialect(&self) -> Dialect;
    /// When, by the merchant's clock.
    fn created_at(&self) -> Timestamp;
    /// What the merchant told about it.
    fn details(&self) -> &Details;
    /// When something is to be done about it without anybody asking; derived, never set.
    fn wake_at(&self) -> Option<Timestamp>;
    /// The word for where it stands, as rows write it.
    fn word_text(&self) -> &'static str;
    /// A word as rows write it.
    fn text_of(word: Self::Word) -> &'static str;
    /// What its chain has to find, where it has one.
    fn watch(&self) -> Option<Watch> {
        None
    }
    /// The one place where it changes: what is true now, and what follows.
    ///
    /// # Errors
    /// When the command does not fit; nothing changes then.
    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Decided<Self>, Self::Refusal>;
    /// That its time to wake has come.
    fn wake() -> Self::Command;
    /// It as it stood when its first request had been taken and nothing was heard since.
    fn as_first_sent(&self) -> Self;
    /// It as it stood when an operation begun by a later request had been sent and nothing was heard of it.
    fn as_sent(&self, seq: Seq) -> Self;
    /// Notes the last status its dialect announced.
    fn announce(&mut self, status: String);
    /// Notes what a dialect keeps with an operation for its answers.
    fn keep(&mut self, seq: Seq, echo: &str);
    /// It as either.
    fn into_transaction(self) -> Transaction;
    /// It, if the transaction is of this kind.
    fn of_transaction(transaction: Transaction) -> Option<Self>;
}

/// What asks providers for its operations.
pub trait Asking: Aggregate {
    /// The payer's time for a step, in minutes, where the product's times do not hold.
    fn step_minutes(&self) -> Option<u16>;
    /// The operation with a sequence number.
    fn operation(&self, seq: Seq) -> Option<&Operation>;
    /// What a provider says about an operation. Only payments go on to another provider.
    fn answered(seq: Seq, report: Report, fallback: Option<Attempt>) -> Self::Command;
}

impl Aggregate for Payment {
    type Command = crate::payment::Command;
    type Word = crate::payment::Word;
    type Refusal = crate::payment::Refusal;

    fn kind(&self) -> Kind {
        match self.capture {
            CaptureMode::Now | CaptureMode::Later => Kind::Payment,
            CaptureMode::Never => Kind::Verification,
        }
    }

    fn id(&self) -> PaymentId {
        self.id
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn details(&self) -> &Details {
        &self.details
    }

    fn wake_at(&self) -> Option<Timestamp> {
        Payment::wake_at(self)
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }

    fn text_of(word: Self::Word) -> &'static str {
        word.text()
    }

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Decided<Self>, Self::Refusal> {
        crate::payment::decide(self, command, now).map(|decision| (decision.payment, decision.effects))
    }

    fn wake() -> Self::Command {
        crate::payment::Command::Wake
    }

    fn as_first_sent(&self) -> Payment {
        Payment::as_first_sent(self)
    }

    fn as_sent(&self, seq: Seq) -> Payment {
        Payment::as_sent(self, seq)
    }

    fn announce(&mut self, status: String) {
        self.announced = Some(status);
    }

    fn keep(&mut self, seq: Seq, echo: &str) {
        let place = usize::from(seq.number()).checked_sub(1);
        if let Some(operation) = place.and_then(|place| self.operations.get_mut(place)) {
            operation.echo = echo.to_owned();
        }
    }

    fn into_transaction(self) -> Transaction {
        Transaction::Payment(self)
    }

    fn of_transaction(transaction: Transaction) -> Option<Self> {
        transaction.payment()
    }
}

impl Aggregate for Withdrawal {
    type Command = crate::withdrawal::Command;
    type Word = crate::withdrawal::Word;
    type Refusal = crate::withdrawal::Refusal;

    fn kind(&self) -> Kind {
        Kind::Withdrawal
    }

    fn id(&self) -> PaymentId {
        self.id
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn details(&self) -> &Details {
        &self.details
    }

    fn wake_at(&self) -> Option<Timestamp> {
        Withdrawal::wake_at(self)
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }

    fn text_of(word: Self::Word) -> &'static str {
        word.text()
    }

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Decided<Self>, Self::Refusal> {
        crate::withdrawal::decide(self, command, now).map(|decision| (decision.withdrawal, decision.effects))
    }

    fn wake() -> Self::Command {
        crate::withdrawal::Command::Wake
    }

    fn as_first_sent(&self) -> Withdrawal {
        Withdrawal::as_first_sent(self)
    }

    fn as_sent(&self, _seq: Seq) -> Withdrawal {
        // The payout is its only operation.
        Withdrawal::as_first_sent(self)
    }

    fn announce(&mut self, status: String) {
        self.announced = Some(status);
    }

    fn keep(&mut self, _seq: Seq, _echo: &str) {
        // Its one operation is ordered with it: what a dialect keeps stands in its details.
    }

    fn into_transaction(self) -> Transaction {
        Transaction::Withdrawal(Box::new(self))
    }

    fn of_transaction(transaction: Transaction) -> Option<Self> {
        transaction.withdrawal()
    }
}

impl Asking for Payment {
    fn step_minutes(&self) -> Option<u16> {
        self.times.step_minutes
    }

    fn operation(&self, seq: Seq) -> Option<&Operation> {
        Payment::operation(self, seq)
    }

    fn answered(seq: Seq, report: Report, fallback: Option<Attempt>) -> Self::Command {
        crate::payment::Command::Answered { seq, report, fallback }
    }
}

impl Asking for Withdrawal {
    fn step_minutes(&self) -> Option<u16> {
        None
    }

    fn operation(&self, seq: Seq) -> Option<&Operation> {
        Withdrawal::operation(self, seq)
    }

    fn answered(seq: Seq, report: Report, _fallback: Option<Attempt>) -> Self::Command {
        crate::withdrawal::Command::Answered { seq, outcome: report.outcome, resolution: report.resolution }
    }
}
