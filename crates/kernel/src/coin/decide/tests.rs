//! Stories of coin payments, as tables: what is said, and what is true then. Amounts are those of the contract's section 7.

use jiff::{SignedDuration, Timestamp};

use super::{ChainNews, Command, Decision, Kept, LateFacts, Order, Refusal, decide};
use crate::coin::{CoinPayment, Derivation, Late, Over, Price, Requirement, ScreeningRule, State, Terms, Under, Units};
use crate::fx::Rate;
use crate::payment::{Details, Dialect, Effect, Mode};
use crate::ports::chain::{Block, Outpoint, Place, Screening, Sighting};
use crate::{Asset, Coin, MerchantId, Money, PaymentId};

mod chain;
mod refunds;

pub(in crate::coin) fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a currency")).expect("an amount")
}

pub(super) fn btc(text: &str) -> Units {
    Units::parse(text, Coin::Btc).expect("an amount")
}

pub(in crate::coin) fn after(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

pub(super) fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("a rate")
}

/// 48.25 EUR for 0.00079744 BTC, one confirmation asked for, fifteen minutes to pay.
pub(in crate::coin) fn waiting() -> CoinPayment {
    CoinPayment {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Crypto,
        created_at: after(0),
        public_id: "123e4567-e89b-12d3-a456-426614174000".into(),
        order: None,
        price: Price::quote(eur("48.25"), Coin::Btc, rate("61234.5678"), 100, btc("0.00000152"), 0).expect("a price"),
        network: "bitcoin".into(),
        address: "address".into(),
        derived: Derivation { account: "account".into(), index: 0 },
        terms: Terms {
            grace_s: 30,
            top_up_s: 900,
            tolerance_bps: 0,
            under: Under::Opened,
            over: Over::Opened,
            late: Late::Opened,
            screening: ScreeningRule::Heeded,
            requirements: vec![
                Requirement { up_to: Some(eur("1000.00")), confirmations: 1, finalised: false },
                Requirement { up_to: None, confirmations: 3, finalised: false },
            ],
            zero_confirmation: None,
            refund_minimum: btc("0.00001000"),
            refund_confirmations: 2,
            simulated_refusal: None,
        },
        deadline: after(900),
        topped_up: false,
        deadline_over: false,
        state: State::Waiting,
        acceptance: None,
        deposits: Vec::new(),
        refunds: Vec::new(),
        alert: None,
        tip: None,
        final_height: None,
        confirmed_at: None,
        recheck_at: None,
        announced: None,
        details: Details::default(),
    }
}

pub(super) fn block(height: u64) -> Block {
    Block { height, hash: format!("hash-{height}"), time: after(i64::try_from(height).unwrap_or(0)) }
}

/// A chain as it is told to a payment: where each output is, at a height and a time.
pub(super) struct Told {
    pub(super) height: u64,
    pub(super) now: i64,
}

impl Told {
    pub(super) fn at(height: u64, now: i64) -> Told {
        Told { height, now }
    }

    pub(super) fn news(&self, sightings: Vec<Sighting>) -> ChainNews {
        ChainNews {
            tip: block(self.height),
            final_height: None,
            synced_at: after(self.now),
            replaced_from: None,
            sightings,
            screened: false,
            late: LateFacts { rate: None, order: Order::Open },
        }
    }
}

pub(super) fn seen(txid: &str, units: Units, place: Place, at: i64) -> Sighting {
    Sighting {
        address: "address".into(),
        coin: Coin::Btc,
        outpoint: Outpoint { txid: txid.into(), index: 0 },
        units,
        place,
        frailty: None,
        seen_at: after(at),
    }
}

struct Story {
    payment: CoinPayment,
    height: u64,
    now: i64,
    replaced_from: Option<u64>,
    screened: bool,
    late: LateFacts,
    effects: Vec<String>,
}

impl Story {
    fn of(payment: CoinPayment) -> Story {
        let late = LateFacts { rate: Some(rate("60622.2221")), order: Order::Open };
        Story { payment, height: 100, now: 10, replaced_from: None, screened: false, late, effects: Vec::new() }
    }

    fn say(&mut self, command: Command) -> Result<&mut Story, Refusal> {
        let Decision { payment, effects } = decide(&self.payment, command, after(self.now))?;
        self.payment = payment;
        self.effects = effects.iter().map(told).collect();
        Ok(self)
    }

    fn sights(&mut self, sightings: Vec<Sighting>) -> &mut Story {
        let news = ChainNews {
            replaced_from: self.replaced_from.take(),
            screened: self.screened,
            late: self.late,
            ..Told::at(self.height, self.now).news(sightings)
        };
        self.say(Command::Chain(news)).unwrap_or_else(|refusal| panic!("the chain is always heard: {refusal}"))
    }

    fn pays(&mut self, txid: &str, amount: &str) -> &mut Story {
        let now = self.now;
        self.sights(vec![seen(txid, btc(amount), Place::Mempool, now)])
    }

    fn mines(&mut self, txid: &str) -> &mut Story {
        self.height += 1;
        let known = self.payment.deposits.iter().find(|deposit| deposit.outpoint.txid == txid).expect("it was seen");
        let sighting = seen(txid, known.units, Place::Block(block(self.height)), self.now);
        self.sights(vec![sighting])
    }

    fn passes(&mut self, seconds: i64) -> &mut Story {
        self.now += seconds;
        self.sights(Vec::new())
    }

    /// `confirmed 0.00079744 = 48.25; opened 0.00005256; merchant 79592, nobody's 5256`
    fn stands(&self, expected: &str) {
        let payment = &self.payment;
        let state = match &payment.state {
            State::Waiting => "waiting".to_owned(),
            State::Underpaid => "underpaid".to_owned(),
            State::Processing { reason: None } => "processing".to_owned(),
            State::Processing { reason: Some(reason) } => format!("processing ({reason:?})"),
            State::Blocked => "blocked".to_owned(),
            State::ZeroConfirmed => "zero_confirmed".to_owned(),
            State::Confirmed => "confirmed".to_owned(),
            State::Cancelled(cancelled) => format!("cancelled ({:?})", cancelled.why),
        };
        let told = format!(
            "{state} {} = {}; received {}, opened {}; merchant {}, nobody's {}",
            payment.amount().decimal(Coin::Btc),
            payment.invoice().decimal(),
            payment.received().decimal(Coin::Btc),
            payment.opened().decimal(Coin::Btc),
            payment.has_for_merchant().minor(),
            payment.unallocated().minor(),
        );
        assert_eq!(told, expected);
        let row = serde_json::to_string(payment).expect("a row");
        assert_eq!(serde_json::from_str::<CoinPayment>(&row).expect("readable"), *payment);
    }
}

fn told<W: std::fmt::Debug>(effect: &Effect<W>) -> String {
    match effect {
        Effect::Call(seq) => format!("call {}", seq.number()),
        Effect::LookUp(seq) => format!("look up {}", seq.number()),
        Effect::Post(entry) => format!("{} {}", entry.event, entry.transfers[0].amount.minor()),
        Effect::Floor { .. } => "floor".to_owned(),
        Effect::Notify { from, to } => format!("{from:?} -> {to:?}"),
    }
}

fn with(change: impl FnOnce(&mut Terms)) -> CoinPayment {
    let mut payment = waiting();
    change(&mut payment.terms);
    payment
}

const EXACT: &str = "0.00079744";

#[test]
fn an_exact_payment_is_credited_with_its_confirmation_and_once() {
    let mut story = Story::of(waiting());
    story
        .pays("a", EXACT)
        .stands("processing 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 0, nobody's 0");
    assert_eq!(story.effects, ["PendingPayer -> Pending"], "nothing is credited before it is in a block");
    story
        .mines("a")
        .stands("confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0");
    assert_eq!(
        story.effects,
        ["coins_confirmed 79744", "coins_accepted 79592", "network_fee_earned 152", "Pending -> Captured"]
    );
    let again = seen("a", btc(EXACT), Place::Block(block(story.height)), 10);
    story.sights(vec![again]);
    assert_eq!(story.effects, [""; 0], "told again it changes nothing");
    assert_eq!(story.payment.confirmed_at, Some(after(10)));
}

#[test]
fn the_contracts_table_of_under_and_overpayments() {
    let cases = [
        (
            "0.00040000",
            "underpaid 0.00079744 = 48.25; received 0.00040000, opened 0.00000000; merchant 0, nobody's 40000",
        ),
        (
            "0.00079743",
            "underpaid 0.00079744 = 48.25; received 0.00079743, opened 0.00000000; merchant 0, nobody's 79743",
        ),
        (
            "0.00079745",
            "confirmed 0.00079744 = 48.25; received 0.00079745, opened 0.00000000; merchant 79593, nobody's 0",
        ),
        (
            "0.00085000",
            "confirmed 0.00079744 = 48.25; received 0.00085000, opened 0.00005256; merchant 79592, nobody's 5256",
        ),
    ];
    for (amount, expected) in cases {
        Story::of(waiting()).pays("a", amount).mines("a").stands(expected);
    }
}

#[test]
fn a_top_up_within_its_time_completes_an_underpayment() {
    let mut story = Story::of(waiting());
    story.now = 600;
    story.pays("a", "0.00040000");
    assert_eq!(story.payment.deadline, after(1500), "the deadline moves once");
    story.now = 1400;
    story
        .pays("b", "0.00039744")
        .mines("a")
        .mines("b")
        .stands("confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0");
    assert_eq!(story.payment.deadline, after(1500));
}

#[test]
fn without_coins_it_ends_in_time_and_with_too_little_they_are_opened() {
    let mut story = Story::of(waiting());
    story.now = 929;
    story
        .passes(0)
        .stands("waiting 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0");
    story.passes(1).stands(
        "cancelled (Timeout) 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0",
    );
    let mut story = Story::of(waiting());
    story.pays("a", "0.00040000").mines("a").passes(2_000);
    story.stands(
        "cancelled (Underpaid) 0.00079744 = 48.25; received 0.00040000, opened 0.00040000; merchant 0, nobody's 40000",
    );
    let mut story = Story::of(waiting());
    story.pays("a", "0.00000999").mines("a").passes(2_000);
    story.stands(
        "cancelled (Underpaid) 0.00079744 = 48.25; received 0.00000999, opened 0.00000000; merchant 0, nobody's 999",
    );
}

#[test]
fn rules_accept_too_little_and_too_much() {
    let from = |minimum: &str| with(|terms| terms.under = Under::From(eur(minimum)));
    let mut story = Story::of(from("45.84"));
    story
        .pays("a", "0.00075000")
        .stands("underpaid 0.00079744 = 48.25; received 0.00075000, opened 0.00000000; merchant 0, nobody's 0");
    story
        .pays("b", "0.00001000")
        .stands("processing 0.00076000 = 45.98; received 0.00076000, opened 0.00000000; merchant 0, nobody's 0");
    story.pays("c", "0.00004000");
    story.stands("processing 0.00079744 = 48.25; received 0.00080000, opened 0.00000000; merchant 0, nobody's 0");

    let mut story = Story::of(with(|terms| terms.under = Under::AtDeadline));
    story.pays("a", "0.00040000").mines("a");
    story.stands("underpaid 0.00079744 = 48.25; received 0.00040000, opened 0.00000000; merchant 0, nobody's 40000");
    story
        .passes(2_000)
        .stands("confirmed 0.00040000 = 24.20; received 0.00040000, opened 0.00000000; merchant 39848, nobody's 0");
    assert_eq!(story.payment.original_amount(), Some(btc(EXACT)));

    let upto = |most: &str| with(|terms| terms.over = Over::UpTo(eur(most)));
    Story::of(upto("51.43"))
        .pays("a", "0.00085000")
        .mines("a")
        .stands("confirmed 0.00085000 = 51.43; received 0.00085000, opened 0.00000000; merchant 84848, nobody's 0");
    Story::of(upto("51.42"))
        .pays("a", "0.00085000")
        .mines("a")
        .stands("confirmed 0.00079744 = 48.25; received 0.00085000, opened 0.00005256; merchant 79592, nobody's 5256");
    let tolerant = with(|terms| terms.tolerance_bps = 100);
    Story::of(tolerant)
        .pays("a", "0.00079000")
        .mines("a")
        .stands("confirmed 0.00079000 = 48.25; received 0.00079000, opened 0.00000000; merchant 78848, nobody's 0");
}

#[test]
fn late_coins_are_opened_unless_the_rules_take_them() {
    let late = || {
        let mut story = Story::of(with(|terms| terms.late = Late::ByRule));
        story.now = 1_000;
        story.passes(0);
        story
    };
    let opened =
        "cancelled (Timeout) 0.00079744 = 48.25; received 0.00079744, opened 0.00079744; merchant 0, nobody's 0";
    let taken = "processing 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 0, nobody's 0";
    late().pays("a", EXACT).stands(taken);
    let mut story = late();
    story.late.rate = Some(rate("60622.2220"));
    story.pays("a", EXACT).stands(opened);
    let mut story = late();
    story.late.order = Order::Settled;
    story.pays("a", EXACT).stands(opened);
    let mut story = late();
    story.now += 86_401;
    story.pays("a", EXACT).stands(opened);
    let mut story = Story::of(with(|terms| terms.late = Late::ByRule));
    story.say(Command::Cancel { reason: "other".into(), comment: String::new() }).expect("nothing came");
    story.pays("a", EXACT);
    assert_eq!(story.payment.opened(), btc(EXACT), "a caller's cancellation stands");
    let mut story = Story::of(waiting());
    story.now = 1_000;
    story.passes(0).pays("a", EXACT).stands(opened);
    story
        .say(Command::Accept { units: Some(btc(EXACT)), invoice: None, rate: Some(rate("30311.1110")) })
        .expect("taken");
    story
        .mines("a")
        .stands("confirmed 0.00079744 = 24.12; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0");
}

#[test]
fn what_was_not_watched_counts_by_its_blocks_time() {
    let in_block = |at| Sighting { ..seen("a", btc(EXACT), Place::Block(Block { time: after(at), ..block(101) }), at) };
    let mut story = Story::of(waiting());
    (story.height, story.now) = (101, 5_000);
    story.sights(vec![in_block(1_500)]);
    assert_eq!(story.payment.state, State::Confirmed, "in time by the header, within its ten minutes");
    let mut story = Story::of(waiting());
    (story.height, story.now) = (101, 5_000);
    story.sights(vec![in_block(1_530)]);
    assert_eq!(story.payment.opened(), btc(EXACT), "late");
}

#[test]
fn screening_holds_and_a_person_decides() {
    let screened = |rule| {
        let mut story = Story::of(with(|terms| terms.screening = rule));
        story.screened = true;
        story.pays("a", EXACT).mines("a");
        story
    };
    let says = |story: &mut Story, screening| {
        let outpoint = Outpoint { txid: "a".into(), index: 0 };
        story.say(Command::Screened { outpoint, screening }).expect("it is there");
    };
    let mut story = screened(ScreeningRule::Heeded);
    assert_eq!(story.payment.state, State::Confirmed, "no answer holds nothing where none is required");
    says(&mut story, Screening::Review);
    assert_eq!(story.payment.state, State::Blocked);
    let mut story = screened(ScreeningRule::Required);
    assert_eq!(story.payment.state, State::Processing { reason: None }, "it fails closed");
    says(&mut story, Screening::Pass);
    assert_eq!(story.payment.state, State::Confirmed);
    let mut story = screened(ScreeningRule::Required);
    says(&mut story, Screening::Reject);
    story.stands("blocked 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 0, nobody's 79744");
    assert_eq!(
        story.say(Command::Cancel { reason: String::new(), comment: String::new() }).err(),
        Some(Refusal::Blocked)
    );
    story.say(Command::Release).expect("an operator may");
    assert_eq!(story.payment.state, State::Confirmed);
    for (kept, opened) in [(Kept::Opened, btc(EXACT)), (Kept::Frozen, Units::ZERO)] {
        let mut story = screened(ScreeningRule::Required);
        says(&mut story, Screening::Reject);
        story.say(Command::Refuse(kept)).expect("an operator may");
        assert_eq!(story.payment.opened(), opened);
    }
}

#[test]
fn the_merchant_cancels_before_coins_come_and_accepts_what_came() {
    let cancel = || Command::Cancel { reason: "curious".into(), comment: String::new() };
    let accept = |units: &str| Command::Accept { units: Some(btc(units)), invoice: None, rate: None };
    let mut story = Story::of(waiting());
    assert_eq!(story.say(accept(EXACT)).err(), Some(Refusal::NothingToAccept));
    story.pays("a", "0.00040000");
    assert_eq!(story.say(cancel()).err(), Some(Refusal::HasTransaction));
    let mismatch = Refusal::AcceptedAmountMismatch { received: btc("0.00040000") };
    assert_eq!(story.say(accept(EXACT)).err(), Some(mismatch));
    let too_much = Command::Accept { units: None, invoice: Some(eur("48.26")), rate: None };
    assert_eq!(story.say(too_much).err(), Some(Refusal::BadInvoiceAmount));
    story.say(accept("0.00040000")).expect("it came");
    story.stands("processing 0.00040000 = 24.20; received 0.00040000, opened 0.00000000; merchant 0, nobody's 0");
    story.say(accept("0.00040000")).expect("again is the same");
    story
        .mines("a")
        .stands("confirmed 0.00040000 = 24.20; received 0.00040000, opened 0.00000000; merchant 39848, nobody's 0");
    assert_eq!(story.say(cancel()).err(), Some(Refusal::Final));
    let mut story = Story::of(waiting());
    story.pays("a", "0.00085000").mines("a").say(accept("0.00005256")).expect("the excess as shown");
    story.stands("confirmed 0.00085000 = 51.43; received 0.00085000, opened 0.00000000; merchant 84848, nobody's 0");
    let mut story = Story::of(waiting());
    story.say(cancel()).expect("nothing came").say(cancel()).expect("again is the same");
    assert_eq!(story.effects, [""; 0]);
}

#[test]
fn a_simulated_payer_refuses_and_time_is_asked_for_again_where_the_chain_is_silent() {
    let mut story = Story::of(with(|terms| terms.simulated_refusal = Some("51".into())));
    assert_eq!(story.payment.wake_at(), Some(after(2)));
    story.say(Command::Wake).expect("always");
    story.stands("cancelled (Simulated(\"51\")) 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0");
    let mut story = Story::of(waiting());
    story.now = 2_000;
    story.say(Command::Wake).expect("always");
    assert_eq!(story.payment.state, State::Waiting, "nothing ends while nobody knows what came");
    assert_eq!(story.payment.wake_at(), Some(after(2_010)));
}
