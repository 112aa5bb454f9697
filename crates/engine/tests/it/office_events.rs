//! Webhooks in the back office: what failed is found, its receiver's health told, and it is sent again where a person says so.

use florin_engine::directory::Permission;
use florin_engine::office::{EventFilter, EventState, Period, ReplayOrder, Scope, What};
use florin_engine::{Form, setup};
use florin_kernel::payment::{CaptureMode, Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId};
use florin_store::{Changeset, Delivery, DeliveryResult, EventWrite, Store, Verdict};

use crate::world::{OWNER, VISA, World};

const SCOPE: Scope = Scope { mode: OWNER.mode, merchant: Some(OWNER.merchant) };
const ELSEWHERE: Scope = Scope { mode: OWNER.mode, merchant: Some(MerchantId::from_number(2)) };

/// Two merchants with a credential each, numbered alike.
async fn with_credentials() -> World {
    let world = World::start().await;
    let credential = |number| setup::NewCredential {
        id: CredentialId::from_number(number),
        merchant: MerchantId::from_number(number),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        key: Secret::new(format!("key {number}")),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: vec![Permission::Deposits],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: serde_json::Value::Null,
        signature_password: Secret::new("password".to_owned()),
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
    assert!(!world.engine.office_replay_one(SCOPE, waiting, "ann").await.unwrap());
    assert!(!world.engine.office_replay_one(SCOPE, foreign, "ann").await.unwrap());
    assert!(world.engine.office_replay_one(SCOPE, second, "ann").await.unwrap());
    assert_eq!(due(&world).await, [second, waiting]);
    assert_eq!(world.engine.office_replayable(SCOPE, &failed()).await.unwrap(), 1);
    let order = ReplayOrder { filter: failed(), by: "ann".into() };
    assert_eq!(world.engine.office_replay(SCOPE, &order).await.unwrap(), 1);
    // Those of one payment go out in their order again.
    assert_eq!(due(&world).await, [first, waiting]);
    assert_eq!(world.engine.office_replay(SCOPE, &order).await.unwrap(), 0);

    let (_, steps) = world.engine.office_timeline(SCOPE, id).await.unwrap().expect("its own");
    let notes: Vec<&str> = steps
        .iter()
        .filter_map(|step| match &step.what {
            What::Delivered { attempt, .. } => Some(attempt.note.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(notes.iter().filter(|note| note.ends_with("ordered by ann")).count(), 2, "{notes:?}");
    assert!(!format!("{steps:?}").contains("secret"));
    // An order is no attempt of the receiver's.
    assert_eq!(world.engine.office_endpoints(SCOPE).await.unwrap()[0].attempts, 2);
}
