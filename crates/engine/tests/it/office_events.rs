//! Webhooks in the back office: what failed is found, its receiver's health told, and it is sent again where a person says so.

use std::sync::Arc;

use florin_engine::audit::Who;
use florin_engine::directory::Permission;
use florin_engine::office::{EventFilter, EventState, Period, ReplayOrder, Replayable, Scope, What};
use florin_engine::{Form, setup};
use florin_kernel::payment::{CaptureMode, Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId, UserId};
use florin_store::memory::MemoryStore;
use florin_store::{Changeset, Delivery, DeliveryResult, EventWrite, Store, Verdict};
use serde_json::json;

use crate::lookups::engine_with;
use crate::world::{OWNER, VISA, World};

const SCOPE: Scope = Scope { mode: OWNER.mode, merchant: Some(OWNER.merchant) };
const ELSEWHERE: Scope = Scope { mode: OWNER.mode, merchant: Some(MerchantId::from_number(2)) };

fn ann() -> Who {
    let (id, email) = (UserId::from_number(7), "ann@shop.example".to_owned());
    Who::User { id, email, session: String::new(), address: [192, 0, 2, 7].into() }
}

/// How many events an order reaches, and whether there may be others.
fn told(found: Replayable) -> (u64, bool) {
    (found.count, found.more)
}

/// All that fit.
fn all(count: u64) -> (u64, bool) {
    (count, false)
}

/// What a credential is beside its numbers and its key.
fn credential() -> setup::NewCredential {
    setup::NewCredential {
        id: CredentialId::from_number(0),
        merchant: MerchantId::from_number(0),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        key: Secret::new(String::new()),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: vec![Permission::Deposits],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: serde_json::Value::Null,
        signature_password: Secret::new("password".to_owned()),
    }
}

/// Two merchants with a credential each, numbered alike.
async fn with_credentials() -> World {
    let world = World::start().await;
    let credential = |number| setup::NewCredential {
        id: CredentialId::from_number(number),
        merchant: MerchantId::from_number(number),
        key: Secret::new(format!("key {number}")),
        ..credential()
    };
    let rows = [1, 2].map(|number| setup::credential_row(&credential(number), world.engine.keyring()));
    world.engine.store().put_config(rows.to_vec()).await.expect("configured");
    world.engine.reload_directory().await.expect("read");
    world
}

async fn commit(store: &dyn Store, changeset: Changeset) {
    assert_eq!(store.commit(changeset).await.expect("the store answers"), Verdict::Committed);
}

async fn announce(world: &World, payment: PaymentId, credential: i64, endpoint: &str) -> EventId {
    let lane = Lane::Dev(MerchantId::from_number(credential));
    let id = EventId::from_number(world.engine.new_payment_id().number());
    let event = EventWrite {
        id,
        payment,
        lane,
        credential: CredentialId::from_number(credential),
        url: format!("https://{endpoint}/hook?key=secret"),
        endpoint: endpoint.to_owned(),
        form: Form::default(),
        body: "{}".to_owned(),
        due_at: world.engine.now(lane),
    };
    commit(world.engine.store(), Changeset { events: vec![event], ..Changeset::default() }).await;
    id
}

async fn attempt(world: &World, event: EventId, status: Option<u16>, result: DeliveryResult) {
    let at = world.engine.now(Lane::Dev(OWNER.merchant));
    let delivery = Delivery { event, at, latency_ms: 25, status, note: "said so".to_owned(), result };
    commit(world.engine.store(), Changeset { deliveries: vec![delivery], ..Changeset::default() }).await;
}

async fn due(world: &World) -> Vec<EventId> {
    let wall = florin_kernel::Timestamp::now();
    let due = world.engine.store().due_events(wall, 10, &[], &[]).await.expect("the store answers");
    let mut ids: Vec<EventId> = due.iter().map(|event| event.id).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_found_and_sent_again() {
    let world = with_credentials().await;
    let id = world.pay("10.00", CaptureMode::Now, VISA).await.expect("taken");
    let first = announce(&world, id, 1, "shop.example:443").await;
    let second = announce(&world, id, 1, "shop.example:443").await;
    let waiting = announce(&world, world.engine.new_payment_id(), 1, "slow.example:443").await;
    let foreign = announce(&world, world.engine.new_payment_id(), 2, "other.example:443").await;
    attempt(&world, first, Some(503), DeliveryResult::GivenUp).await;
    attempt(&world, second, Some(204), DeliveryResult::Delivered).await;
    attempt(&world, foreign, None, DeliveryResult::GivenUp).await;

    let ids = async |scope, filter: EventFilter| {
        let page = world.engine.office_events(scope, &filter, None, 10).await.expect("the store answers");
        page.rows.iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let failed = || EventFilter { state: Some(EventState::GivenUp), ..EventFilter::default() };
    assert_eq!(ids(SCOPE, EventFilter::default()).await, [waiting, second, first]);
    assert_eq!(ids(SCOPE, failed()).await, [first]);
    assert_eq!(ids(ELSEWHERE, EventFilter::default()).await, [foreign]);
    assert_eq!(world.engine.office_overview(SCOPE, Period::Day).await.unwrap().failed_webhooks, 1);
    let page = world.engine.office_events(SCOPE, &EventFilter::default(), None, 2).await.unwrap();
    let rest = world.engine.office_events(SCOPE, &EventFilter::default(), page.onward, 2).await.unwrap();
    assert_eq!((rest.rows.iter().map(|event| event.id).collect::<Vec<_>>(), rest.onward), (vec![first], None));

    let [health] = &world.engine.office_endpoints(SCOPE).await.unwrap()[..] else { panic!("one receiver answered") };
    assert_eq!((health.endpoint.as_str(), health.attempts, health.taken), ("shop.example:443", 2, 1));
    let failure = health.last_failure.as_ref().expect("one was not taken");
    assert_eq!((failure.1, failure.2.as_str()), (Some(503), "said so"));

    // What waits is left alone, and another merchant's does not exist.
    assert_eq!(due(&world).await, [waiting]);
    assert!(!world.engine.office_replay_one(SCOPE, waiting, &ann()).await.unwrap());
    assert!(!world.engine.office_replay_one(SCOPE, foreign, &ann()).await.unwrap());
    assert!(world.engine.office_replay_one(SCOPE, second, &ann()).await.unwrap());
    assert_eq!(due(&world).await, [second, waiting]);
    assert_eq!(told(world.engine.office_replayable(SCOPE, &failed()).await.unwrap()), all(1));
    let order = ReplayOrder { filter: failed(), who: ann() };
    assert_eq!(told(world.engine.office_replay(SCOPE, &order).await.unwrap()), all(1));
    // Those of one payment go out in their order again.
    assert_eq!(due(&world).await, [first, waiting]);
    assert_eq!(told(world.engine.office_replay(SCOPE, &order).await.unwrap()), all(0));
    let log = world.engine.audit_entries(Some(OWNER.merchant), None, 10).await.unwrap();
    let told: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.object.clone(), &entry.after)).collect();
    let range = json!({"events": 1, "state": "given_up"});
    let one = json!({"state": "due"});
    let expected = [
        ("webhooks.replay_ordered", "webhooks".to_owned(), &range),
        ("webhook.replay_ordered", world.engine.webhook_id(second), &one),
    ];
    assert_eq!(told, expected, "what orders nothing tells of nothing");
    assert_eq!((&log[0].who, &log[1].before), (&ann(), &json!({"state": "delivered", "attempts": 1})));

    let (_, steps) = world.engine.office_timeline(SCOPE, id).await.unwrap().expect("its own");
    let notes: Vec<&str> = steps
        .iter()
        .filter_map(|step| match &step.what {
            What::Delivered { attempt, .. } => Some(attempt.note.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(notes.iter().filter(|note| note.ends_with("ordered by ann@shop.example")).count(), 2, "{notes:?}");
    assert!(!format!("{steps:?}").contains("secret"));
    // An order is no attempt of the receiver's.
    assert_eq!(world.engine.office_endpoints(SCOPE).await.unwrap()[0].attempts, 2);
}

/// An order stays bounded however many events there are: it sends the newest thousand, and looks through so many pages at most.
#[tokio::test]
async fn an_order_to_send_again_says_when_it_does_not_reach_all() {
    let store = Arc::new(MemoryStore::new());
    let (engine, _) = engine_with(store.clone(), []).await;
    let credential = |number| setup::NewCredential {
        id: CredentialId::from_number(number),
        merchant: MerchantId::from_number(number),
        key: Secret::new(format!("key {number}")),
        ..credential()
    };
    let rows = [1, 2].map(|number| setup::credential_row(&credential(number), engine.keyring()));
    store.put_config(rows.to_vec()).await.expect("configured");
    engine.reload_directory().await.expect("read");
    let given_up = async |credential: i64, count: usize| {
        let now = engine.wall();
        let event = |_| EventWrite {
            id: EventId::from_number(engine.new_payment_id().number()),
            payment: engine.new_payment_id(),
            lane: Lane::Dev(MerchantId::from_number(credential)),
            credential: CredentialId::from_number(credential),
            url: "https://shop.example/hook".to_owned(),
            endpoint: "shop.example:443".to_owned(),
            form: Form::default(),
            body: "{}".to_owned(),
            due_at: now,
        };
        let events: Vec<EventWrite> = (0..count).map(event).collect();
        let result = DeliveryResult::GivenUp;
        let failed = |event: &EventWrite| Delivery {
            event: event.id,
            at: now,
            latency_ms: 25,
            status: None,
            note: String::new(),
            result,
        };
        let deliveries = events.iter().map(failed).collect();
        commit(store.as_ref(), Changeset { events, ..Changeset::default() }).await;
        commit(store.as_ref(), Changeset { deliveries, ..Changeset::default() }).await;
    };
    let filter = EventFilter::default();
    let asked = async || told(engine.office_replayable(SCOPE, &filter).await.expect("the store answers"));
    given_up(1, 1_000).await;
    assert_eq!(asked().await, all(1_000));
    given_up(1, 1).await;
    assert_eq!(asked().await, (1_000, true));
    let order = ReplayOrder { filter: EventFilter { state: Some(EventState::GivenUp), ..filter.clone() }, who: ann() };
    let replay = async || told(engine.office_replay(SCOPE, &order).await.expect("the store answers"));
    assert_eq!(replay().await, (1_000, true));
    assert_eq!(replay().await, all(1), "the rest");
    // Behind so many events of others nobody looks for the ones that fit.
    given_up(2, 200_000).await;
    assert_eq!(asked().await, (0, true));
}
