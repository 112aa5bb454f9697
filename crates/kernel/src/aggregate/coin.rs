//! A coin payment as an aggregate.

use jiff::Timestamp;

use super::{Aggregate, Decided, Kind, Transaction, Watch};
use crate::coin::CoinPayment;
use crate::payment::{Details, Dialect, Mode, Seq};
use crate::{MerchantId, PaymentId};

impl Aggregate for CoinPayment {
    type Command = crate::coin::Command;
    type Word = crate::coin::Word;
    type Refusal = crate::coin::Refusal;

    fn kind(&self) -> Kind {
        Kind::Coin
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
        CoinPayment::wake_at(self)
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }

    fn text_of(word: Self::Word) -> &'static str {
        word.text()
    }

    fn watch(&self) -> Option<Watch> {
        Some(Watch {
            network: self.network.clone(),
            address: self.address.clone(),
            derived: self.derived.clone(),
            awaits_coins: self.state.awaits_coins(),
            due_height: self.wake_height(),
            top_height: self.top_height(),
        })
    }

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Decided<Self>, Self::Refusal> {
        crate::coin::decide(self, command, now).map(|decision| (decision.payment, decision.effects))
    }

    fn wake() -> Self::Command {
        crate::coin::Command::Wake
    }

    fn as_first_sent(&self) -> CoinPayment {
        // It is answered in the commit that makes it.
        self.clone()
    }

    fn as_sent(&self, _seq: Seq) -> CoinPayment {
        // What was ordered is answered from the refund itself, which does not change its address and amount.
        self.clone()
    }

    fn announce(&mut self, status: String) {
        self.announced = Some(status);
    }

    fn keep(&mut self, _seq: Seq, _echo: &str) {
        // A refund's answer needs nothing but the refund.
    }

    fn into_transaction(self) -> Transaction {
        Transaction::Coin(Box::new(self))
    }

    fn of_transaction(transaction: Transaction) -> Option<Self> {
        transaction.coin()
    }
}
