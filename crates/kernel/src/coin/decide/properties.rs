//! Any history of a chain, its payers, its reorganisations and its merchant: nothing is credited early or twice, everything that
//! vanishes is reversed, and the book says what the payment says.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{Told, after, block, btc, eur, seen, waiting};
use super::{Command, Repeat, decide};
use crate::coin::{CoinPayment, Late, Over, RefundStatus, State, Under, Units, ZeroConfirmation};
use crate::payment::Effect;
use crate::ports::chain::{Block, Broadcast, Place, Signature, SignedTransaction};
use crate::{Asset, Coin};

#[derive(Clone, Debug)]
enum Event {
    Pays(&'static str),
    Mines,
    Reorganises { depth: u64, drops: bool },
    DoubleSpends { which: usize, mined: bool },
    Evicts(usize),
    Passes(i64),
    Tells,
    Cancels,
    Accepts,
    Refunds(&'static str),
    Signs(usize),
    Sends(usize, u8),
    MinesRefund(usize),
    Wakes,
}

fn event() -> impl Strategy<Value = Event> {
    let amounts = || prop::sample::select(vec!["0.00079744", "0.00040000", "0.00039744", "0.00000001", "0.00085000"]);
    prop_oneof![
        6 => amounts().prop_map(Event::Pays),
        8 => Just(Event::Mines),
        3 => (1..4_u64, any::<bool>()).prop_map(|(depth, drops)| Event::Reorganises { depth, drops }),
        2 => (0..4_usize, any::<bool>()).prop_map(|(which, mined)| Event::DoubleSpends { which, mined }),
        1 => (0..4_usize).prop_map(Event::Evicts),
        3 => prop::sample::select(vec![1_i64, 60, 600, 1_000, 300_000]).prop_map(Event::Passes),
        2 => Just(Event::Tells),
        1 => Just(Event::Cancels),
        2 => Just(Event::Accepts),
        3 => amounts().prop_map(Event::Refunds),
        3 => (0..3_usize).prop_map(Event::Signs),
        3 => (0..3_usize, 0..3_u8).prop_map(|(which, how)| Event::Sends(which, how)),
        2 => (0..3_usize).prop_map(Event::MinesRefund),
        2 => Just(Event::Wakes),
    ]
}

/// The chain as it truly is.
struct World {
    payment: CoinPayment,
    height: u64,
    now: i64,
    fork: u64,
    outputs: Vec<(String, Units, Place, i64)>,
    book: HashMap<(String, Asset), i64>,
    troubled: bool,
}

impl World {
    fn block(&self) -> Block {
        Block { hash: format!("{}-{}", self.fork, self.height), ..block(self.height) }
    }

    fn tell(&mut self, replaced_from: Option<u64>) -> Result<(), TestCaseError> {
        let sightings =
            self.outputs.iter().map(|(txid, units, place, at)| seen(txid, *units, place.clone(), *at)).collect();
        let mut news = Told::at(self.height, self.now).news(sightings);
        news.replaced_from = replaced_from;
        news.tip = self.block();
        self.say(Command::Chain(news))
    }

    fn say(&mut self, command: Command) -> Result<(), TestCaseError> {
        let Ok(decision) = decide(&self.payment, command, after(self.now)) else { return Ok(()) };
        for effect in &decision.effects {
            let Effect::Post(entry) = effect else { continue };
            for transfer in &entry.transfers {
                prop_assert!(transfer.amount.minor() > 0, "{}: {transfer:?}", entry.event);
                let asset = transfer.amount.asset();
                *self.book.entry((transfer.debit.to_string(), asset)).or_default() -= transfer.amount.minor();
                *self.book.entry((transfer.credit.to_string(), asset)).or_default() += transfer.amount.minor();
            }
        }
        self.payment = decision.payment;
        self.check()
    }

    fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Pays(amount) => {
                let txid = format!("tx-{}", self.outputs.len());
                self.outputs.push((txid, btc(amount), Place::Mempool, self.now));
                self.tell(None)
            }
            Event::Mines => {
                self.height += 1;
                let block = self.block();
                for (_, _, place, _) in &mut self.outputs {
                    if matches!(place, Place::Mempool | Place::Missing) {
                        *place = Place::Block(block.clone());
                    }
                }
                self.tell(None)
            }
            Event::Reorganises { depth, drops } => {
                let from = self.height.saturating_sub(depth) + 1;
                (self.height, self.fork, self.troubled) = (self.height + 1, self.fork + 1, true);
                for (_, _, place, _) in &mut self.outputs {
                    if matches!(place, Place::Block(block) if block.height >= from) {
                        *place = if drops { Place::Missing } else { Place::Mempool };
                    }
                }
                self.tell(Some(from))
            }
            Event::DoubleSpends { which, mined } => {
                self.troubled = true;
                if let Some((_, _, place, _)) = self.outputs.get_mut(which)
                    && !matches!(place, Place::Block(_))
                {
                    *place = match mined {
                        true => Place::Conflicted { by: None },
                        false => Place::Replaced { by: "evil".into() },
                    };
                }
                self.tell(None)
            }
            Event::Evicts(which) => {
                self.troubled = true;
                if let Some((_, _, place, _)) = self.outputs.get_mut(which)
                    && *place == Place::Mempool
                {
                    *place = Place::Missing;
                }
                self.tell(None)
            }
            Event::Passes(seconds) => {
                self.now += seconds;
                Ok(())
            }
            Event::Tells => self.tell(None),
            Event::Cancels => self.say(Command::Cancel { reason: "other".into(), comment: String::new() }),
            Event::Accepts => self.say(Command::Accept { units: None, invoice: None, rate: None }),
            Event::Refunds(amount) => {
                let opened = self.payment.opened();
                let units = if opened.is_zero() { btc(amount) } else { opened };
                let tip = Some(self.block());
                let before = self.payment.refunds.len();
                self.say(Command::Refund { to: "payer".into(), units, repeat: Repeat::Another, tip })?;
                if self.payment.refunds.len() > before {
                    let mined = self.mined(2);
                    prop_assert!(self.payment.refunded() <= mined, "against coins that can vanish");
                }
                Ok(())
            }
            Event::Signs(which) => {
                let Some(refund) = self.payment.refunds.get(which) else { return Ok(()) };
                let txid = format!("refund-{which}");
                let transaction = SignedTransaction { txid, raw: "00".into(), fee: btc("0.00000100") };
                self.say(Command::Signed { seq: refund.seq, signature: Signature::Signed(transaction) })
            }
            Event::Sends(which, how) => {
                let Some(refund) = self.payment.refunds.get(which) else { return Ok(()) };
                let broadcast = match how {
                    0 => Broadcast::Sent,
                    1 => Broadcast::Refused("no".into()),
                    _ => Broadcast::Unknown(crate::payment::Doubt::TimedOut),
                };
                self.say(Command::Broadcast { seq: refund.seq, broadcast })
            }
            Event::MinesRefund(which) => {
                let Some(refund) = self.payment.refunds.get(which) else { return Ok(()) };
                let place = Some(Place::Block(self.block()));
                let (seq, tip) = (refund.seq, self.payment.tip.clone());
                self.say(Command::RefundFound { seq, place, tip })
            }
            Event::Wakes => {
                self.say(Command::Wake)?;
                let next = self.payment.wake_at();
                prop_assert!(next.is_none_or(|at| at > after(self.now)), "a worker would spin: {next:?}");
                Ok(())
            }
        }
    }

    /// Coins that truly lie so deep.
    fn mined(&self, confirmations: u64) -> Units {
        let deep =
            |place: &Place| matches!(place, Place::Block(block) if block.height + confirmations <= self.height + 1);
        self.outputs.iter().filter(|(_, _, place, _)| deep(place)).map(|(_, units, _, _)| *units).sum()
    }

    fn posted(&self, account: &str) -> i64 {
        self.book.get(&(account.to_owned(), Asset::Coin(Coin::Btc))).copied().unwrap_or(0)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let payment = &self.payment;
        prop_assert_eq!(self.book.values().sum::<i64>(), 0, "every entry balances");
        prop_assert_eq!(self.posted("merchant:1:available"), payment.has_for_merchant().minor());
        prop_assert_eq!(self.posted("merchant:1:coins:unallocated"), payment.unallocated().minor());
        let in_book = -self.posted("merchant:1:coins:deposits");
        let units = |units: Units| i64::try_from(units.number()).expect("small");
        prop_assert!(in_book <= units(self.mined(1)), "nothing is in the book that is in no block, and nothing twice");
        if payment.state == State::Confirmed {
            let accepted = payment.acceptance.as_ref().expect("something was").units;
            prop_assert!(accepted <= self.mined(1), "no credit without the confirmations");
        }
        if !payment.state.is_confirmed() && payment.refunds.iter().all(|refund| refund.block().is_none()) {
            prop_assert_eq!(
                payment.has_for_merchant().minor(),
                0,
                "the merchant has what is confirmed and nothing else"
            );
        }
        let settled = payment.state == State::Confirmed && self.mined(1) == payment.received();
        if settled && !self.troubled {
            let accepted = payment.amount();
            let back: Units = payment
                .refunds
                .iter()
                .filter(|refund| refund.is_active() && refund.source == crate::coin::RefundSource::Opened)
                .map(|refund| refund.units)
                .sum();
            let excess = payment.received().less(accepted);
            let small = if excess < payment.terms.refund_minimum { excess } else { Units::ZERO };
            let sum = accepted.plus(payment.opened()).plus(back).plus(small);
            prop_assert_eq!(sum, payment.received(), "received = accepted + opened + refunded + small excess");
        }
        let open = payment.refunds.iter().any(|refund| refund.is_open());
        prop_assert!(!open || payment.wake_at().is_some(), "nothing open is forgotten");
        let fits = |refund: &crate::coin::Refund| match refund.status {
            RefundStatus::Ordered => refund.transaction.is_none(),
            RefundStatus::Failed(_) => true,
            RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent | RefundStatus::Done(_) => {
                refund.transaction.is_some()
            }
        };
        prop_assert!(payment.refunds.iter().all(fits), "what is sent was stored before");
        let json = serde_json::to_string(payment).expect("serialisable");
        prop_assert_eq!(&serde_json::from_str::<CoinPayment>(&json).expect("readable"), payment);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn coins_are_credited_once_and_reversed_when_they_vanish(
        under in prop::sample::select(vec![Under::Opened, Under::AtDeadline, Under::From(eur("20.00"))]),
        over in prop::sample::select(vec![Over::Opened, Over::Any, Over::UpTo(eur("60.00"))]),
        late in prop::sample::select(vec![Late::Opened, Late::ByRule]),
        zero in any::<bool>(),
        history in prop::collection::vec(event(), 1..50),
    ) {
        let mut payment = waiting();
        (payment.terms.under, payment.terms.over, payment.terms.late) = (under, over, late);
        let allowed = ZeroConfirmation { up_to: eur("100.00"), hold_s: 5 };
        payment.terms.zero_confirmation = zero.then_some(allowed);
        let mut world = World {
            payment,
            height: 100,
            now: 0,
            fork: 0,
            outputs: Vec::new(),
            book: HashMap::new(),
            troubled: false,
        };
        for event in history {
            world.happens(event)?;
        }
    }
}
