//! The simulator from outside: calls, clock, callbacks and pages. Its parts have tables of their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::payment::{Circumstances, Doubt, Mode, OperationKind, Outcome, PayerStep, Report, StepKind};
use florin_kernel::ports::{Call, Clock, Lane, News, Provider, RawCallback};
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, MerchantId, Money, Timestamp};
use jiff::SignedDuration;

use super::{
    Acted, Action, Book, CallbackSink, Door, Form, Movement, PageKind, PageState, Simulator, SimulatorSettings, Taken,
    unordered,
};

mod authentication;
mod conformance;
mod durability;
mod faults;
mod payer;
mod payouts;
pub(super) mod shared;

/// A noon in the past, which every test starts at.
pub(super) const NOON: Timestamp = Timestamp::constant(1_700_000_000, 0);

/// `10.00 EUR`.
pub(super) fn money(text: &str) -> Money {
    let (amount, code) = text.split_once(' ').expect("an amount and a code");
    Money::parse(amount, Asset::currency(code).expect(code)).expect(text)
}

pub(super) fn card(number: &str) -> Option<Card> {
    let pan = Pan::parse(number).expect(number);
    let expiry = Expiry { month: 12, year: 2030 };
    Some(Card { holder: "Jane Roe".into(), pan, cvc: None, expiry, cryptogram: None })
}

pub(super) fn account(method: Method) -> ProviderAccount {
    ProviderAccount {
        id: ProviderId::new(210),
        code: "simulator".into(),
        name: "Card Simulator".into(),
        driver: "simulator".into(),
        method,
        merchant: None,
        modes: vec![Mode::Dev],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: None,
        conversion: None,
        settings: std::collections::BTreeMap::new(),
        secrets: Default::default(),
    }
}

/// A call with an approving card.
pub(super) fn call(kind: OperationKind, reference: &str, amount: &str) -> Call {
    Call {
        reference: reference.into(),
        on: None,
        kind,
        amount: money(amount),
        asked: money(amount),
        account: account(Method::Card).into(),
        lane: Lane::Dev(MerchantId::from_number(7)),
        card: kind.is_attempt().then(|| card("4111111111111111")).flatten(),
        voucher: None,
        payee: None,
        circumstances: Circumstances::default(),
        payout_takes: SignedDuration::ZERO,
        step_minutes: None,
    }
}

pub(super) fn sale(reference: &str, amount: &str) -> Call {
    call(OperationKind::Sale, reference, amount)
}

/// A call for a page of a method.
fn page_of(method: Method, reference: &str, amount: &str) -> Call {
    Call { account: account(method).into(), card: None, ..sale(reference, amount) }
}

pub(super) fn on(original: &str, call: Call) -> Call {
    Call { on: Some(original.into()), ..call }
}

/// A clock that goes when it is told to.
struct HandClock(Mutex<Timestamp>);

impl HandClock {
    fn advance(&self, seconds: i64) {
        *self.0.lock().expect("no test panics here") += SignedDuration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self, _lane: Lane) -> Timestamp {
        *self.0.lock().expect("no test panics here")
    }
}

/// Takes callbacks, unless it is shut.
#[derive(Default)]
struct Mailbox {
    shut: AtomicBool,
    taken: Mutex<Vec<RawCallback>>,
}

#[async_trait]
impl CallbackSink for Mailbox {
    async fn take(&self, callback: RawCallback) -> Taken {
        if self.shut.load(Ordering::SeqCst) {
            return Taken::NotNow;
        }
        self.taken.lock().expect("no test panics here").push(callback);
        Taken::Yes
    }
}

/// A simulator with a clock and a mailbox.
struct World {
    simulator: Arc<Simulator>,
    clock: Arc<HandClock>,
    mailbox: Arc<Mailbox>,
}

impl World {
    fn new() -> World {
        World::over(Book::in_memory().expect("a book in memory"))
    }

    fn over(book: Book) -> World {
        let clock = Arc::new(HandClock(Mutex::new(NOON)));
        let mailbox = Arc::new(Mailbox::default());
        let settings = SimulatorSettings::new(Secret::new("callback key".into()));
        let simulator = Arc::new(Simulator::new(book, clock.clone(), settings));
        simulator.connect(mailbox.clone());
        World { simulator, clock, mailbox }
    }

    async fn execute(&self, call: &Call) -> Outcome {
        self.report(call).await.outcome
    }

    async fn report(&self, call: &Call) -> Report {
        self.simulator.execute(call).await
    }

    /// Asks for something that is never answered, until it is in the book.
    async fn execute_and_lose(&self, call: &Call) {
        let silent = std::pin::pin!(self.simulator.execute(call));
        tokio::select! {
            outcome = silent => panic!("{outcome:?} instead of silence"),
            () = async { while self.look_up(call).await == Outcome::NotFound {} } => {}
        }
    }

    async fn look_up(&self, call: &Call) -> Outcome {
        self.simulator.look_up(call).await.outcome
    }

    async fn later(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.simulator.tick().await.expect("a tick");
    }

    /// What was called back since the last time, in short words.
    fn news(&self) -> Vec<String> {
        let taken = std::mem::take(&mut *self.mailbox.taken.lock().expect("no test panics here"));
        let notices = taken.iter().flat_map(|raw| self.simulator.parse_callback(raw).expect("an own callback"));
        notices
            .map(|notice| match notice.news {
                News::Report(report) => format!("{} {}", notice.reference, word(&report.outcome)),
                News::ChargedBack { amount, .. } => format!("{} charged back {amount}", notice.reference),
                News::Returned { amount, .. } => format!("{} returned {amount}", notice.reference),
            })
            .collect()
    }

    async fn charges(&self) -> Vec<String> {
        let charges = self.simulator.book().charges(self.clock.as_ref()).await.expect("charges");
        charges.iter().map(charge).collect()
    }

    async fn act(&self, reference: &str, door: Door, action: Action) -> Acted {
        self.post(reference, door, &Form { action: Some(action), ..Form::default() }).await
    }

    async fn post(&self, reference: &str, door: Door, form: &Form) -> Acted {
        self.simulator.act(reference, door, form).await.expect("an act")
    }

    async fn page(&self, reference: &str) -> (PageKind, PageState) {
        let page = self.simulator.page(reference).await.expect("a book").expect("a page");
        (page.kind, page.state)
    }
}

/// `a sale 10.00 EUR`.
fn charge(movement: &Movement) -> String {
    let Movement { reference, kind, amount, charged_back, .. } = movement;
    let back = if charged_back.is_zero() { String::new() } else { format!(", charged back {charged_back}") };
    format!("{reference} {} {amount}{back}", format!("{kind:?}").to_lowercase())
}

/// `approved`, `declined 05`, `declined 3ds` …
pub(super) fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved(_) => "approved".into(),
        Outcome::Declined(decline) => format!("declined {}", super::answer::code(decline)),
        Outcome::Cancelled => "cancelled".into(),
        Outcome::NeedsPayer(step) => format!("payer {}", step.url),
        Outcome::Pending => "pending".into(),
        Outcome::NotSent => "not sent".into(),
        Outcome::NotFound => "not found".into(),
        Outcome::Unknown(_) => "unknown".into(),
    }
}

#[tokio::test]
async fn a_card_sale_is_approved_and_charged() {
    let world = World::new();
    let Outcome::Approved(approval) = world.execute(&sale("a", "10.00 EUR")).await else { panic!("not approved") };
    assert_eq!(approval.provider_id, "sim-a");
    assert_eq!(world.charges().await, ["a sale 10.00 EUR"]);
    world.later(3600).await;
    assert!(world.news().is_empty(), "a plain answer needs no callback");
}

#[tokio::test]
async fn cards_decide_when_the_amount_does_not() {
    for (number, amount, expected) in [
        ("4000000000000341", "10.00 EUR", "declined 05"),
        ("4000000000009995", "10.00 EUR", "declined 51"),
        ("4000000000000127", "10.00 EUR", "declined N7"),
        ("4200000000000083", "10.00 EUR", "declined 1A"),
        ("4012001037461114", "10.00 EUR", "declined 3ds_error"),
        ("4200000000000034", "9000.00 EUR", "declined 3ds_refused"),
        ("4000000000000341", "9051.00 EUR", "declined 51"),
        ("4000000000000341", "9000.00 EUR", "approved"),
        ("4111111111111111", "9051 JPY", "declined 51"),
        ("4000000000003220", "9051.00 EUR", "payer /sim/3ds/a"),
    ] {
        let world = World::new();
        let outcome = world.execute(&Call { card: card(number), ..sale("a", amount) }).await;
        assert_eq!(word(&outcome), expected, "{number} {amount}");
    }
}

#[tokio::test]
async fn the_merchants_amount_triggers_and_the_providers_is_moved() {
    let world = World::new();
    let approved = Call { amount: money("9051.00 GBP"), ..sale("a", "10.00 EUR") };
    let declined = Call { amount: money("10.00 GBP"), ..sale("b", "9051.00 EUR") };
    assert_eq!(word(&world.execute(&approved).await), "approved");
    assert_eq!(word(&world.execute(&declined).await), "declined 51");
    assert_eq!(world.charges().await, ["a sale 9051.00 GBP"]);
}

#[tokio::test]
async fn simulator_b_approves_what_cascades() {
    let mut lenient = account(Method::Card);
    lenient.settings.insert("approves_declined".into(), "true".into());
    for (amount, expected) in [("9005.00 EUR", "approved"), ("9051.00 EUR", "declined 51"), ("9096.00 EUR", "approved")]
    {
        let world = World::new();
        let outcome = world.execute(&Call { account: lenient.clone().into(), ..sale("a", amount) }).await;
        assert_eq!(word(&outcome), expected, "{amount}");
    }
}

#[tokio::test]
async fn operations_act_on_their_original_within_what_it_left() {
    use OperationKind::{Authorise, Capture, Refund, Void};
    let world = World::new();
    for (call, expected) in [
        (call(Authorise, "auth", "10.00 EUR"), "approved"),
        (on("none", call(Capture, "lost", "1.00 EUR")), "declined 12"),
        (call(Capture, "bare", "1.00 EUR"), "declined 12"),
        (on("auth", call(Refund, "early", "1.00 EUR")), "declined 12"),
        (on("auth", call(Capture, "part", "6.00 EUR")), "approved"),
        (on("auth", call(Capture, "over", "5.00 EUR")), "declined 12"),
        (on("auth", call(Capture, "foreign", "1.00 USD")), "declined 12"),
        (on("auth", call(Void, "rest", "4.00 EUR")), "approved"),
        (on("auth", call(Void, "twice", "4.00 EUR")), "declined 12"),
        (on("auth", call(Refund, "back", "5.00 EUR")), "approved"),
        (on("part", call(Refund, "too-much", "2.00 EUR")), "declined 12"),
        (on("part", call(Refund, "all", "1.00 EUR")), "approved"),
    ] {
        assert_eq!(word(&world.execute(&call).await), expected, "{}", call.reference);
    }
    assert_eq!(
        world.charges().await,
        [
            "all refund 1.00 EUR",
            "auth authorise 10.00 EUR",
            "back refund 5.00 EUR",
            "part capture 6.00 EUR",
            "rest void 4.00 EUR"
        ]
    );
}

#[tokio::test]
async fn each_operation_goes_by_its_own_amount() {
    use OperationKind::{Authorise, Capture, Refund, Void};
    let world = World::new();
    for (call, expected) in [
        (call(Authorise, "auth", "20000.00 EUR"), "approved"),
        (on("auth", call(Capture, "c1", "9051.00 EUR")), "declined 51"),
        (on("auth", call(Void, "v1", "9091.00 EUR")), "declined 91"),
        (on("auth", call(Capture, "c2", "9500.00 EUR")), "approved"),
        (on("auth", call(Refund, "r1", "9061.00 EUR")), "declined 61"),
        (on("auth", call(Refund, "r2", "9105.00 EUR")), "pending"),
        (on("auth", call(Refund, "r3", "500.00 EUR")), "declined 12"),
    ] {
        assert_eq!(word(&world.execute(&call).await), expected, "{}", call.reference);
    }
}

#[tokio::test]
async fn a_method_refuses_what_it_cannot_do() {
    let world = World::new();
    let voucher = |call: Call| Call { account: account(Method::Voucher).into(), ..call };
    let refund = on("a", voucher(call(OperationKind::Refund, "r", "1.00 EUR")));
    assert_eq!(word(&world.execute(&refund).await), "declined provider");
    let authorise = voucher(call(OperationKind::Authorise, "h", "1.00 EUR"));
    assert_eq!(word(&world.execute(&authorise).await), "declined provider");
}
