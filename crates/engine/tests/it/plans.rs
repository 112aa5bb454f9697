//! Recurring plans told as stories: a period is charged once, whatever is declined, unknown, paused or crashed meanwhile.

use std::time::Duration;

use florin_engine::directory::Permission;
use florin_engine::plans::{NewPlan, PlanError};
use florin_engine::setup::{self, NewCredential};
use florin_engine::vault::{CardRefusal, OnFile};
use florin_engine::{Owner, PaymentQuery};
use florin_kernel::payment::{CaptureMode, Details, Dialect, Mode, OperationKind, Payment, Presence};
use florin_kernel::plan::{Command, Plan, Refusal, Schedule, State, Stop, Unit};
use florin_kernel::ports::Lane;
use florin_kernel::record::OrderedBy;
use florin_kernel::routing::{Conditions, Member, Method, ProviderId, Rule, RuleOperation};
use florin_kernel::secret::Secret;
use florin_kernel::{CredentialId, MerchantId, PlanId, RegistrationId, Timestamp, Transaction};

use crate::world::{CHALLENGE, OWNER, VISA, World, eur};

const CREDENTIAL: CredentialId = CredentialId::from_number(5);
const DAY: i64 = 86_400;
const SOON_ENOUGH: Duration = Duration::from_secs(20);

/// Cards go to account 210, and the merchant has a credential.
pub fn rule() -> Rule {
    Rule {
        id: 1,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        order: 1,
        merchant: None,
        conditions: Conditions::default(),
        members: vec![Member { provider_id: ProviderId::new(210), tier: 1, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    }
}

pub fn credential() -> NewCredential {
    NewCredential {
        id: CREDENTIAL,
        merchant: OWNER.merchant,
        mode: OWNER.mode,
        dialect: Dialect::Cashier,
        key: Secret::new("a key".into()),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: vec![Permission::Deposits],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: serde_json::Value::Null,
        signature_password: Secret::new("a password".into()),
    }
}

impl World {
    async fn with_a_rule() -> World {
        let world = World::start().await;
        let rows = vec![setup::rule_row(&rule()), setup::credential_row(&credential(), world.engine.keyring())];
        world.engine.store().put_config(rows).await.expect("configured");
        world.engine.reload_directory().await.expect("read");
        world
    }

    /// A card kept with a payment of 1.00.
    async fn keep(&self, number: &str) -> RegistrationId {
        let mut payment = self.new_payment(eur("1.00"), CaptureMode::Now);
        payment.details = Details { descriptor: "SHOP".into(), ..Details::default() };
        let mut new = self.request(payment, number);
        new.on_file = OnFile::Keep { customer: Some("anna".into()) };
        let reply = self.start_payment(new).await.expect("begun");
        let payment = self.payment(reply.payment).await;
        payment.operations[0].means.as_ref().and_then(|means| means.registration).expect("a stored card")
    }

    fn every(&self, days: u16) -> Schedule {
        Schedule { unit: Unit::Day, every: days, first_at: self.engine.now(Lane::of(OWNER.merchant, OWNER.mode)) }
    }

    fn new_plan(&self, registration: RegistrationId, amount: &str, days: u16) -> NewPlan {
        // A little later than now, which goes on while the test runs.
        let mut schedule = self.every(days);
        schedule.first_at += SOON_ENOUGH;
        NewPlan {
            owner: OWNER,
            registration,
            asked: eur(amount),
            schedule,
            charges_max: None,
            reference: String::new(),
            webhook: None,
            key: None,
        }
    }

    async fn begin_plan(&self, registration: RegistrationId, amount: &str, days: u16) -> PlanId {
        let plan = self.engine.make_plan(self.new_plan(registration, amount, days)).await.expect("made");
        self.pass(20).await;
        plan.id
    }

    async fn the_plan(&self, id: PlanId) -> Plan {
        self.engine.plan(OWNER, id).await.expect("the store answers").expect("a plan")
    }

    async fn says(&self, id: PlanId) -> String {
        let plan = self.the_plan(id).await;
        format!("{}, {} charged", plan.word().text(), plan.charged)
    }

    async fn order(&self, id: PlanId, command: Command) -> Result<Plan, PlanError> {
        self.engine.change_plan(OWNER, id, command).await
    }

    async fn charges(&self, id: PlanId) -> Vec<Payment> {
        let (from, until) = (Timestamp::MIN, Timestamp::MAX);
        let query =
            PaymentQuery { merchant: OWNER.merchant, mode: OWNER.mode, from, until, after: None, limit: 10_000 };
        let all = self.engine.store().transactions(query).await.expect("the store answers");
        let payments = all.into_iter().map(|stored| stored.transaction).filter_map(Transaction::payment);
        payments.filter(|payment| payment.details.ordered_by == Some(OrderedBy::Plan(id))).collect()
    }
}

#[tokio::test]
async fn charges_the_stored_card_every_period_without_its_payer() {
    let world = World::with_a_rule().await;
    // Without a payer no challenge is asked for.
    let card = world.keep(VISA).await;
    let id = world.begin_plan(card, "10.00", 30).await;
    world.pass(30 * DAY).await;
    world.pass(15 * DAY).await;
    world.pass(15 * DAY).await;
    assert_eq!(world.says(id).await, "active, 3 charged");
    let charges = world.charges(id).await;
    let network_id = world.engine.open_card(OWNER, Dialect::Cashier, card).await.expect("a card").stored.initial;
    let network_id = network_id.expect("its first payment").network_id;
    for charge in &charges {
        let attempt = charge.last_attempt().expect("an attempt");
        let presence = attempt.circumstances.as_ref().map(|how| how.presence.clone());
        assert_eq!(presence, Some(Presence::Merchant { network_id: network_id.clone() }));
        assert_eq!((charge.word().text(), charge.details.descriptor.as_str()), ("captured", "SHOP"));
        assert_eq!(charge.details.credential, Some(CREDENTIAL));
    }
    let names: Vec<String> = charges.iter().map(|charge| charge.details.reference.clone()).collect();
    assert_eq!(names, [0, 1, 2].map(|period| format!("{id}/{period}")));
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 4, "the first payment and three charges");
    world.verify().await;
}

/// Away for three periods, twice; each is charged, once.
#[tokio::test]
async fn periods_missed_in_an_absence_are_charged_once() {
    let world = World::with_a_rule().await;
    let card = world.keep(VISA).await;
    let id = world.begin_plan(card, "10.00", 1).await;
    let mut world = world;
    for charged in [4, 7] {
        world = world.crash().await;
        world.pass(3 * DAY).await;
        assert_eq!(world.says(id).await, format!("active, {charged} charged"));
    }
    assert_eq!(world.charges(id).await.len(), 7);
}

/// An answer is lost after the money was taken, and the process with it.
#[tokio::test]
async fn an_unknown_charge_is_waited_for() {
    let world = World::with_a_rule().await;
    let card = world.keep(VISA).await;
    let id = world.begin_plan(card, "9101.00", 1).await;
    let charging = world.the_plan(id).await.charging.expect("a charge is under way");
    assert_eq!((world.word(charging).await, world.says(id).await), ("unknown", "active, 0 charged".into()));
    let world = world.crash().await;
    world.pass(1).await;
    assert_eq!(world.charges(id).await.len(), 1, "nobody charges again meanwhile");
    world.pass(120).await;
    assert_eq!(world.says(id).await, "active, 1 charged");
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 2);
    world.verify().await;
}

#[tokio::test]
async fn soft_declines_are_tried_again_and_hard_ones_stop() {
    let world = World::with_a_rule().await;
    let card = world.keep(VISA).await;
    let soft = world.begin_plan(card, "9051.00", 30).await;
    let hard = world.begin_plan(card, "9054.00", 30).await;
    assert!(matches!(world.the_plan(hard).await.state, State::Stopped { reason: Stop::Declined(_), .. }));
    for (days, tries) in [(1, 2), (2, 2), (1, 3), (5, 4), (10, 4)] {
        world.pass(days * DAY).await;
        assert_eq!(world.charges(soft).await.len(), tries, "after {days} days more");
    }
    assert!(matches!(world.the_plan(soft).await.state, State::Stopped { reason: Stop::RetriesUsedUp(_), .. }));
    assert_eq!((world.says(soft).await, world.charges(hard).await.len()), ("stopped, 0 charged".into(), 1));
}

#[tokio::test]
async fn is_paused_resumed_cancelled_and_completed() {
    let world = World::with_a_rule().await;
    let card = world.keep(VISA).await;
    let id = world.begin_plan(card, "10.00", 1).await;
    world.order(id, Command::Pause).await.expect("paused");
    world.pass(5 * DAY).await;
    assert_eq!(world.says(id).await, "paused, 1 charged");
    world.order(id, Command::Resume).await.expect("resumed");
    world.pass(0).await;
    assert_eq!(world.says(id).await, "active, 1 charged", "what fell due meanwhile is not charged");
    world.pass(DAY).await;
    assert_eq!(world.says(id).await, "active, 2 charged");
    world.order(id, Command::Cancel).await.expect("cancelled");
    world.pass(9 * DAY).await;
    assert_eq!(world.says(id).await, "cancelled, 2 charged");
    let resumed = world.order(id, Command::Resume).await;
    assert!(matches!(resumed, Err(PlanError::Refused(Refusal::Ended))), "{resumed:?}");

    let twice = NewPlan { charges_max: Some(2), ..world.new_plan(card, "10.00", 1) };
    let twice = world.engine.make_plan(twice).await.expect("made").id;
    world.pass(9 * DAY).await;
    assert_eq!(world.says(twice).await, "completed, 2 charged");
    let (page, total) = world.engine.plans(OWNER, None, 0, 10).await.expect("listed");
    assert_eq!((page.iter().map(|plan| plan.id).collect::<Vec<_>>(), total), (vec![twice, id], 2));
}

#[tokio::test]
async fn needs_a_card_of_its_owner_that_can_be_charged() {
    let world = World::with_a_rule().await;
    let refusal = async |new| match world.engine.make_plan(new).await {
        Err(PlanError::Card(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let nobodys = world.new_plan(RegistrationId::from_number(9), "10.00", 1);
    assert!(matches!(refusal(nobodys).await, CardRefusal::NotFound));
    let undecided = world.keep(CHALLENGE).await;
    assert!(matches!(refusal(world.new_plan(undecided, "10.00", 1)).await, CardRefusal::Pending));
    let card = world.keep(VISA).await;
    let other = Owner { merchant: MerchantId::from_number(2), mode: Mode::Dev };
    assert!(matches!(
        refusal(NewPlan { owner: other, ..world.new_plan(card, "10.00", 1) }).await,
        CardRefusal::NotFound
    ));
    let mut past = world.new_plan(card, "10.00", 1);
    past.schedule.first_at -= Duration::from_secs(120);
    assert!(matches!(world.engine.make_plan(past).await, Err(PlanError::InThePast)));

    let keyed = |digest| NewPlan { key: Some(("k".into(), [digest; 16])), ..world.new_plan(card, "10.00", 1) };
    let first = world.engine.make_plan(keyed(1)).await.expect("made");
    assert_eq!(world.engine.make_plan(keyed(1)).await.expect("the same").id, first.id);
    assert!(matches!(world.engine.make_plan(keyed(2)).await, Err(PlanError::Taken(_))));

    world.engine.delete_registration(OWNER, Dialect::Cashier, card, None).await.expect("deleted");
    world.pass(DAY).await;
    assert!(matches!(world.the_plan(first.id).await.state, State::Stopped { reason: Stop::CardGone, .. }));
    assert_eq!(world.charges(first.id).await.len(), 0);
}

/// Several processes on one database wake the same plans at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_charge_a_period_once() {
    let world = World::with_a_rule().await;
    let card = world.keep(VISA).await;
    let mut plans = Vec::new();
    for _ in 0..10 {
        plans.push(world.engine.make_plan(world.new_plan(card, "10.00", 1)).await.expect("made").id);
    }
    let keys =
        florin_engine::vault::keys::VaultKeys::parse(&std::fs::read_to_string(world.home.vault_key()).expect("a key"));
    let other = world.beside_with(keys.expect("a key")).await;
    for _ in 0..3 {
        world.engine.advance_clock(OWNER.merchant, jiff::SignedDuration::from_hours(24)).await.expect("it moves");
        other.advance_clock(OWNER.merchant, jiff::SignedDuration::ZERO).await.expect("it follows");
        let (one, two) = tokio::join!(world.engine.settle(), other.settle());
        one.and(two).expect("the store answers");
    }
    for id in plans {
        assert_eq!((world.charges(id).await.len(), world.says(id).await), (3, "active, 3 charged".into()));
    }
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 31);
    world.verify().await;
}
