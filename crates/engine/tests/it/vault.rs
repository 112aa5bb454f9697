//! Stored cards, told as stories: made, charged, listed, deleted, forgotten; and the vault's key changed under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::{CardRefusal, NewRegistration, OnFile, RenderCard, StoredCard};
use florin_engine::{ClaimKind, ClaimRequest, Owner, Reply, StartError};
use florin_kernel::card::{Card, Cvc, Expiry, Pan};
use florin_kernel::payment::{CaptureMode, Dialect, Mode, Payment};
use florin_kernel::registration::Word;
use florin_kernel::{MerchantId, RegistrationId};
use florin_store::{Answer, KeyUse};

use crate::world::{CHALLENGE, OWNER, VISA, World, eur};

const DIALECT: Dialect = Dialect::Cashier;
const DECLINED: &str = "4000000000000341";
const DAY_S: i64 = 86_400;

fn card(number: &str) -> Card {
    let pan = Pan::parse(number).expect("a card number");
    let cvc = Cvc::parse("123", pan.brand());
    Card { holder: "Jane Jones".into(), pan, cvc, expiry: Expiry { month: 5, year: 2034 }, cryptogram: None }
}

fn render() -> RenderCard {
    Arc::new(|stored: &StoredCard| Answer { status: 200, body: stored.registration.id.number().to_string() })
}

fn new_registration(reference: &str, number: &str) -> NewRegistration {
    NewRegistration {
        owner: OWNER,
        dialect: DIALECT,
        customer: Some("anna".into()),
        card: card(number),
        claims: vec![ClaimRequest::reference(reference)],
        digest: [1; 16],
        render: render(),
        announce: None,
    }
}

async fn register(world: &World, reference: &str, number: &str) -> RegistrationId {
    let reply = world.engine.register(new_registration(reference, number)).await.expect("stored");
    RegistrationId::from_number(reply.payment.number())
}

/// A payment that keeps its card.
async fn pay_and_keep(world: &World, amount: &str, number: &str) -> (Payment, RegistrationId) {
    let mut new = world.request(world.new_payment(eur(amount), CaptureMode::Now), number);
    new.on_file = OnFile::Keep { customer: Some("anna".into()) };
    let reply = world.start_payment(new).await.expect("begun");
    let payment = world.payment(reply.payment).await;
    let id = payment.operations[0].means.as_ref().and_then(|means| means.registration).expect("a stored card");
    (payment, id)
}

async fn word(world: &World, id: RegistrationId) -> Word {
    world.engine.registration(OWNER, DIALECT, id).await.expect("it answers").expect("a card").word
}

fn sealed_under(world: &World) -> impl Future<Output = Vec<KeyUse>> {
    let store = world.engine.clone();
    async move { store.store().key_use().await.expect("it answers") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_stored_once_however_often_it_is_asked_for() {
    let world = World::start().await;
    let copies = (0..50).map(|_| {
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.register(new_registration("order", VISA)).await.expect("an answer") })
    });
    let mut replies: Vec<Reply> = Vec::new();
    for copy in copies.collect::<Vec<_>>() {
        replies.push(copy.await.expect("no panic"));
    }
    assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1);
    assert!(replies.iter().all(|reply| reply.answer == replies[0].answer));
    let all = world.engine.registrations(OWNER, DIALECT, None, None, 10).await.expect("listed");
    assert_eq!(all.len(), 1);

    let world = world.crash().await;
    let again = world.engine.register(new_registration("order", VISA)).await.expect("an answer");
    assert!(again.replayed && again.answer == replies[0].answer, "also after a restart");
    let other = NewRegistration { digest: [2; 16], ..new_registration("order", VISA) };
    let refused = world.engine.register(other).await.expect_err("refused");
    assert!(matches!(refused, StartError::Taken(ClaimKind::Reference)), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_kept_with_a_payment_stands_as_the_payment_does() {
    let world = World::start().await;
    let (paid, kept) = pay_and_keep(&world, "10.00", VISA).await;
    let (_, refused) = pay_and_keep(&world, "10.00", DECLINED).await;
    let (_, undecided) = pay_and_keep(&world, "10.00", CHALLENGE).await;
    let stood = [word(&world, kept).await, word(&world, refused).await, word(&world, undecided).await];
    assert_eq!(stood, [Word::Active, Word::Declined, Word::Pending]);

    let open = async |id| world.engine.open_card(OWNER, DIALECT, id).await;
    let opened = open(kept).await.expect("it can be charged");
    assert_eq!((opened.card.pan.expose(), opened.card.cvc.is_none()), (VISA, true));
    assert_eq!(opened.card.holder, "John Doe");
    let initial = opened.stored.initial.expect("the mandate's first");
    assert_eq!(initial.network_id, paid.operations[0].network_id);
    assert!(!initial.network_id.is_empty(), "repeats refer to it");
    assert_eq!(opened.stored.registration.first_payment, Some(paid.id));
    assert!(matches!(open(refused).await, Err(CardRefusal::Declined)));
    assert!(matches!(open(undecided).await, Err(CardRefusal::Pending)));
    world.pass(16 * 60).await;
    assert!(matches!(open(undecided).await, Err(CardRefusal::Declined)), "the payer's time is over");
    assert!(matches!(open(RegistrationId::from_number(9)).await, Err(CardRefusal::NotFound)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_card_is_charged_without_the_payer() {
    let world = World::start().await;
    let id = register(&world, "order", VISA).await;
    let opened = world.engine.open_card(OWNER, DIALECT, id).await.expect("it can be charged");
    let mut new = world.request(world.new_payment(eur("12.00"), CaptureMode::Now), VISA);
    (new.card, new.on_file) = (Some(opened.card), OnFile::Charged(id));
    let reply = world.start_payment(new).await.expect("charged");
    let payment = world.payment(reply.payment).await;
    assert_eq!(payment.word().text(), "captured");
    assert_eq!(payment.operations[0].means.as_ref().and_then(|means| means.registration), Some(id));
    assert_eq!(sealed_under(&world).await, [KeyUse { version: 1, cards: 1 }], "it is not stored again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_merchants_mode_or_dialect_sees_nothing() {
    let world = World::start().await;
    let id = register(&world, "order", VISA).await;
    let strangers = [
        (Owner { merchant: MerchantId::from_number(2), ..OWNER }, DIALECT),
        (Owner { mode: Mode::Live, ..OWNER }, DIALECT),
        (OWNER, Dialect::V3),
    ];
    for (owner, dialect) in strangers {
        let engine = &world.engine;
        assert!(engine.registration(owner, dialect, id).await.expect("it answers").is_none());
        assert!(matches!(engine.open_card(owner, dialect, id).await, Err(CardRefusal::NotFound)));
        assert!(matches!(engine.delete_registration(owner, dialect, id, None).await, Err(CardRefusal::NotFound)));
        assert!(matches!(engine.extend_registration(owner, dialect, id, None).await, Err(CardRefusal::NotFound)));
        let found = engine.registrations(owner, dialect, None, None, 10).await.expect("it answers").len()
            + engine.registrations_of_card(owner, dialect, &card(VISA).pan).await.expect("it answers").len();
        assert_eq!(found, 0);
    }
    assert_eq!(word(&world, id).await, Word::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_are_found_by_payer_and_by_number() {
    let world = World::start().await;
    let first = register(&world, "1", VISA).await;
    let second = register(&world, "2", "5555555555554444").await;
    let third = register(&world, "3", VISA).await;
    let ids = |found: Vec<StoredCard>| found.iter().map(|stored| stored.registration.id).collect::<Vec<_>>();
    let of = async |customer, after, limit| {
        ids(world.engine.registrations(OWNER, DIALECT, customer, after, limit).await.expect("listed"))
    };
    assert_eq!(of(Some("anna"), None, 10).await, [first, second, third]);
    assert_eq!(of(Some("anna"), Some(first), 1).await, [second]);
    assert_eq!(of(Some("berta"), None, 10).await, []);
    let same = async |number| {
        let found = world.engine.registrations_of_card(OWNER, DIALECT, &card(number).pan).await;
        ids(found.expect("found"))
    };
    assert_eq!(same(VISA).await, [first, third]);
    world.engine.delete_registration(OWNER, DIALECT, first, None).await.expect("deleted");
    assert_eq!(same(VISA).await, [third]);
    let shown = &world.engine.registrations(OWNER, DIALECT, None, None, 1).await.expect("listed")[0];
    assert_eq!((shown.registration.card.bin.as_str(), shown.holder.as_str()), ("555555", "Jane Jones"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_card_is_gone_at_once_and_once() {
    let world = World::start().await;
    let id = register(&world, "order", VISA).await;
    let deletions = (0..16).map(|_| {
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.delete_registration(OWNER, DIALECT, id, None).await.is_ok() })
    });
    let mut deleted = 0;
    for deletion in deletions.collect::<Vec<_>>() {
        deleted += u32::from(deletion.await.expect("no panic"));
    }
    assert_eq!(deleted, 1);
    assert!(matches!(world.engine.open_card(OWNER, DIALECT, id).await, Err(CardRefusal::Deleted)));
    assert!(matches!(world.engine.extend_registration(OWNER, DIALECT, id, None).await, Err(CardRefusal::Deleted)));
    assert_eq!(word(&world, id).await, Word::Deleted);
    assert_eq!(sealed_under(&world).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_nobody_uses_goes_after_24_months() {
    let world = World::start().await;
    let unused = register(&world, "1", VISA).await;
    let extended = register(&world, "2", VISA).await;
    let charged = register(&world, "3", VISA).await;
    world.pass(700 * DAY_S).await;
    world.engine.extend_registration(OWNER, DIALECT, extended, None).await.expect("extended");
    let mut new = world.request(world.new_payment(eur("1.00"), CaptureMode::Now), VISA);
    new.on_file = OnFile::Charged(charged);
    world.start_payment(new).await.expect("charged");
    world.pass(32 * DAY_S).await;
    let stood = [word(&world, unused).await, word(&world, extended).await, word(&world, charged).await];
    assert_eq!(stood, [Word::Deleted, Word::Active, Word::Active]);
}

/// The key is changed while cards are stored and charged; the process dies in the midst of wrapping anew, and the next one ends
/// it. Then the old key may go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_changed_under_load_and_over_a_crash() {
    let world = World::start().await;
    let mut stored = Vec::new();
    for number in 0..250 {
        stored.push(register(&world, &format!("before-{number}"), VISA).await);
    }
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = (0..4).map(|customer| {
        let (engine, stop, made, known) = (world.engine.clone(), stop.clone(), made.clone(), stored.clone());
        tokio::spawn(async move {
            let mut stored = Vec::new();
            for round in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let reference = format!("load-{customer}-{round}");
                let reply = engine.register(new_registration(&reference, VISA)).await.expect("stored");
                stored.push(RegistrationId::from_number(reply.payment.number()));
                let known = known[round % known.len()];
                engine.open_card(OWNER, DIALECT, known).await.expect("it opens at any moment");
                made.fetch_add(1, Ordering::Relaxed);
            }
            stored
        })
    });
    let load: Vec<_> = load.collect();
    let some_more = async |target: usize| {
        while made.load(Ordering::Relaxed) < target {
            tokio::task::yield_now().await;
        }
    };
    some_more(20).await;
    let old = std::fs::read_to_string(world.home.vault_key()).expect("the key");
    let keys = VaultKeys::parse(&old).expect("ours").with_another().newest_first();
    std::fs::write(world.home.vault_key(), keys.to_text().expose()).expect("written");
    world.engine.follow_vault_key().await.expect("read again");
    some_more(60).await;

    // It dies after the first commits of the wrapping.
    let engine = world.engine.clone();
    let wrapping = tokio::spawn(async move { engine.rewrap_cards().await });
    let under_old = async || {
        let used = sealed_under(&world).await;
        used.iter().find(|used| used.version == 1).map_or(0, |used| used.cards)
    };
    while under_old().await >= 250 {}
    wrapping.abort();
    assert!(under_old().await > 0, "it is not done yet");
    stop.store(true, Ordering::Relaxed);
    for load in load {
        stored.extend(load.await.expect("nothing failed"));
    }
    let world = world.crash().await;
    world.engine.rewrap_cards().await.expect("it goes on");
    assert_eq!(sealed_under(&world).await, [KeyUse { version: 2, cards: stored.len() as u64 }]);

    let new = keys.to_text().expose().lines().next().expect("the new version").to_owned();
    std::fs::write(world.home.vault_key(), new).expect("written");
    world.engine.follow_vault_key().await.expect("read again");
    for id in stored {
        let opened = world.engine.open_card(OWNER, DIALECT, id).await.expect("it opens under the new key alone");
        assert_eq!(opened.card.pan.expose(), VISA);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_in_the_key_file_stops_nothing() {
    let world = World::start().await;
    let id = register(&world, "order", VISA).await;
    let foreign = VaultKeys::generate().to_text().expose().to_owned();
    let without_the_one_in_use = foreign.replacen("1:", "2:", 1);
    for slip in ["", "1:abc", &foreign, &without_the_one_in_use] {
        std::fs::write(world.home.vault_key(), slip).expect("written");
        world.engine.follow_vault_key().await.expect("the database answers");
        assert!(world.engine.open_card(OWNER, DIALECT, id).await.is_ok(), "{slip}");
    }
}

/// One process seals under a key that another one, on the same database, has not read yet: that one reads it when it meets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_missed_is_read_at_once() {
    let world = World::start().await;
    let old = std::fs::read_to_string(world.home.vault_key()).expect("the key");
    let keys = VaultKeys::parse(&old).expect("ours").with_another().newest_first();
    let ahead = world.beside_with(keys.clone()).await;
    let reply = ahead.register(new_registration("order", VISA)).await.expect("stored");
    let id = RegistrationId::from_number(reply.payment.number());
    let refused = world.engine.open_card(OWNER, DIALECT, id).await.expect_err("the version is not here");
    assert!(refused.to_string().contains("version 2 of the vault key, which is not there"), "{refused}");
    std::fs::write(world.home.vault_key(), keys.to_text().expose()).expect("written");
    assert!(world.engine.open_card(OWNER, DIALECT, id).await.is_ok());

    // Of the two, the newer key wins: the older process wraps nothing back.
    let behind = world.beside_with(VaultKeys::parse(&format!("{old}{}", newest(&keys))).expect("ours")).await;
    assert_eq!(behind.rewrap_cards().await.expect("it answers"), 0);
}

fn newest(keys: &VaultKeys) -> String {
    keys.to_text().expose().lines().next().expect("a line").to_owned()
}
