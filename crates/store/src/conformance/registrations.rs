//! What every driver must do with stored cards: keep them sealed, list them, and wipe what leads to them.

use std::sync::Arc;

use florin_kernel::card::{Brand, CardSummary, Expiry};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::registration::Registration;
use florin_kernel::{MerchantId, PaymentId, RegistrationId};

use super::fixtures::{at, claim, commit, commit_together, committed, inserting, payment};
use crate::{
    Answer, Changeset, KeyUse, RegistrationInsert, RegistrationQuery, RegistrationWrite, RegistrationsOf, SealedCard,
    Store, StoredRegistration, Verdict,
};

/// A stored card of merchant 1 and the customer `anna`, made at its number's millisecond and kept for a second.
fn card(number: i64) -> Registration {
    Registration {
        id: RegistrationId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::V3,
        created_at: at(number),
        first_payment: None,
        customer: Some("anna".to_owned()),
        card: CardSummary {
            bin: "411111".to_owned(),
            last4: "1111".to_owned(),
            brand: Brand::Visa,
            expiry: Expiry { month: 5, year: 2034 },
        },
        fingerprint: Some([number as u8; 16]),
        retained_until: at(number + 1_000),
        deleted_at: None,
    }
}

fn sealed(version: u32) -> SealedCard {
    SealedCard { key_version: version, wrapped_key: vec![0, 1, 255], card: vec![7; 60] }
}

fn storing(card: &Registration, version: u32) -> Changeset {
    let insert = RegistrationInsert::new(card, sealed(version));
    changing(RegistrationWrite::Insert(Box::new(insert)))
}

fn changing(write: RegistrationWrite) -> Changeset {
    Changeset { registrations: vec![write], ..Changeset::default() }
}

fn erasing(number: i64, kept_until: Option<i64>) -> Changeset {
    let id = RegistrationId::from_number(number);
    changing(RegistrationWrite::Erase { id, at: at(5_000), kept_until: kept_until.map(at) })
}

fn rewrapping(number: i64, from: u32, to: u32) -> Changeset {
    let id = RegistrationId::from_number(number);
    changing(RegistrationWrite::Rewrap { id, from, to, wrapped_key: vec![to as u8; 60] })
}

async fn stored(store: &Arc<dyn Store>, number: i64) -> Option<StoredRegistration> {
    store.registration(RegistrationId::from_number(number)).await.unwrap()
}

async fn listed(store: &Arc<dyn Store>, of: RegistrationsOf, after: Option<i64>, limit: u32) -> Vec<i64> {
    let after = after.map(RegistrationId::from_number);
    let query = RegistrationQuery { merchant: MerchantId::from_number(1), mode: Mode::Live, of, after, limit };
    numbers(store.registrations(query).await.unwrap())
}

fn numbers(stored: Vec<StoredRegistration>) -> Vec<i64> {
    stored.iter().map(|stored| stored.registration.id.number()).collect()
}

/// A stored card is read back as it was, with its answer; one without a payment, and one of a payment in its commit.
pub async fn keeps_stored_cards(store: Arc<dyn Store>) {
    let answer = Answer { status: 200, body: "{\"id\":\"1\"}".to_owned() };
    let alone = card(1);
    let insert = RegistrationInsert::new(&alone, sealed(1)).answered(Some(answer.clone()));
    let insert = RegistrationWrite::Insert(Box::new(insert));
    committed(&store, Changeset { claims: vec![claim(1, 2, 1)], ..changing(insert) }).await;
    let expected =
        StoredRegistration { registration: alone.clone(), sealed: Some(sealed(1)), answer: Some(answer.clone()) };
    assert_eq!(stored(&store, 1).await, Some(expected));
    assert_eq!(stored(&store, 9).await, None);

    let first_payment = Some(PaymentId::from_number(2));
    let bare = Registration { first_payment, customer: None, fingerprint: None, ..card(3) };
    committed(&store, Changeset { registrations: storing(&bare, 1).registrations, ..inserting(&payment(2)) }).await;
    let expected = StoredRegistration { registration: bare, sealed: Some(sealed(1)), answer: None };
    assert_eq!(stored(&store, 3).await, Some(expected));

    // A number is given once among stored cards, and a conflict takes everything back.
    let taken = Changeset { registrations: storing(&card(1), 1).registrations, ..inserting(&payment(4)) };
    assert_eq!(commit(&store, taken).await, Verdict::Conflict);
    assert_eq!(store.transaction(PaymentId::from_number(4)).await.unwrap(), None);

    assert_eq!(store.purge(at(2), 10).await.unwrap(), 1);
    assert_eq!(stored(&store, 1).await.unwrap().answer, None);
}

/// By owner, payer and card; deleted ones are not listed.
pub async fn lists_stored_cards(store: Arc<dyn Store>) {
    let berta = Registration { customer: Some("berta".to_owned()), fingerprint: Some([1; 16]), ..card(2) };
    let other_merchant = Registration { merchant: MerchantId::from_number(2), ..card(3) };
    let other_mode = Registration { mode: Mode::Dev, ..card(4) };
    for card in [card(1), berta, other_merchant, other_mode, card(5), card(6)] {
        committed(&store, storing(&card, 1)).await;
    }
    committed(&store, erasing(6, None)).await;
    let anna = || RegistrationsOf::Customer("anna".to_owned());
    assert_eq!(listed(&store, RegistrationsOf::Anybody, None, 10).await, [1, 2, 5]);
    assert_eq!(listed(&store, RegistrationsOf::Anybody, Some(1), 1).await, [2]);
    assert_eq!(listed(&store, anna(), None, 10).await, [1, 5]);
    assert_eq!(listed(&store, anna(), Some(1), 10).await, [5]);
    assert_eq!(listed(&store, RegistrationsOf::Card([1; 16]), None, 10).await, [1, 2]);
    assert_eq!(listed(&store, RegistrationsOf::Card([6; 16]), None, 10).await, Vec::<i64>::new());
}

/// Deleting wipes what leads to the card, once; what may be shown of it stays.
pub async fn wipes_deleted_cards(store: Arc<dyn Store>) {
    committed(&store, storing(&card(1), 1)).await;
    let verdicts = commit_together(&store, (0..8).map(|_| erasing(1, None)).collect()).await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count(), 1);
    let deleted = Registration { customer: None, fingerprint: None, deleted_at: Some(at(5_000)), ..card(1) };
    let expected = StoredRegistration { registration: deleted, sealed: None, answer: None };
    assert_eq!(stored(&store, 1).await, Some(expected.clone()));

    // Nothing brings it back, and nobody is held up by it.
    let id = RegistrationId::from_number(1);
    committed(&store, changing(RegistrationWrite::Retain { id, until: at(9_000) })).await;
    committed(&store, rewrapping(1, 1, 2)).await;
    assert_eq!(stored(&store, 1).await, Some(expected));
    assert_eq!(commit(&store, erasing(9, None)).await, Verdict::Conflict, "there is none");
}

/// Cards are kept by their lane's clock, longer once used, and go when nobody used them.
pub async fn retains_used_cards(store: Arc<dyn Store>) {
    let merchant = MerchantId::from_number(1);
    let tested = Registration { mode: Mode::Dev, ..card(2) };
    for card in [card(1), tested, card(3)] {
        committed(&store, storing(&card, 1)).await;
    }
    let due = async |wall: i64| {
        let due = store.due_registrations(at(wall), 10).await.unwrap();
        due.into_iter().map(|(id, until)| (id.number(), until)).collect::<Vec<_>>()
    };
    assert_eq!(due(1_000).await, []);
    assert_eq!(due(1_001).await, [(1, at(1_001))]);
    store.advance_clock(merchant, 2_000).await.unwrap();
    assert_eq!(due(1_001).await, [(2, at(1_002)), (1, at(1_001))], "the longest overdue first");
    assert_eq!(store.due_registrations(at(1_001), 1).await.unwrap().len(), 1);

    let id = RegistrationId::from_number(1);
    committed(&store, changing(RegistrationWrite::Retain { id, until: at(4_000) })).await;
    committed(&store, changing(RegistrationWrite::Retain { id, until: at(3_000) })).await;
    assert_eq!(stored(&store, 1).await.unwrap().registration.retained_until, at(4_000), "never shorter than before");
    assert_eq!(commit(&store, erasing(1, Some(1_001))).await, Verdict::Conflict, "it was used meanwhile");
    committed(&store, erasing(1, Some(4_000))).await;
    assert_eq!(due(5_000).await, [(2, at(1_002)), (3, at(1_003))]);
}

/// Keys are wrapped anew beside everything else, each once, and are counted by version.
pub async fn rewraps_keys(store: Arc<dyn Store>) {
    for number in 1..=20 {
        committed(&store, storing(&card(number), 1 + u32::from(number > 15))).await;
    }
    let uses = |counts: &[(u32, u64)]| -> Vec<KeyUse> {
        counts.iter().map(|(version, cards)| KeyUse { version: *version, cards: *cards }).collect()
    };
    assert_eq!(store.key_use().await.unwrap(), uses(&[(1, 15), (2, 5)]));
    let under = |version, after: Option<i64>, limit| {
        let store = store.clone();
        let after = after.map(RegistrationId::from_number);
        async move { numbers(store.registrations_under(version, after, limit).await.unwrap()) }
    };
    assert_eq!(under(1, None, 3).await, [1, 2, 3]);
    assert_eq!(under(1, Some(14), 3).await, [15]);
    assert_eq!(under(3, None, 3).await, Vec::<i64>::new());

    committed(&store, erasing(15, None)).await;
    let all = Changeset {
        registrations: (1..=15).flat_map(|number| rewrapping(number, 1, 2).registrations).collect(),
        ..Changeset::default()
    };
    commit_together(&store, vec![all.clone(), all, rewrapping(1, 1, 3)]).await;
    let first = stored(&store, 1).await.unwrap().sealed.expect("it is not deleted");
    let version = first.key_version;
    assert_eq!(first, SealedCard { key_version: version, wrapped_key: vec![version as u8; 60], card: vec![7; 60] });
    assert!(matches!(version, 2 | 3), "whoever was first");
    let expected = if version == 2 { uses(&[(2, 19)]) } else { uses(&[(2, 18), (3, 1)]) };
    assert_eq!(store.key_use().await.unwrap(), expected);
}
