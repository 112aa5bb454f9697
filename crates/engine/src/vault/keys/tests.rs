use florin_kernel::card::{Card, Cvc, Expiry, Pan};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::registration::Registration;
use florin_kernel::{MerchantId, RegistrationId, Timestamp};
use florin_store::SealedCard;

use super::{Unopened, VaultKeyText, VaultKeys};

fn card() -> Card {
    let pan = Pan::parse("4111111111111111").expect("a test number");
    let cvc = Cvc::parse("737", pan.brand());
    Card { holder: "Jørgen Müller".into(), pan, cvc, expiry: Expiry { month: 5, year: 2034 }, cryptogram: None }
}

fn registration() -> Registration {
    Registration {
        id: RegistrationId::from_number(7),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::V3,
        created_at: Timestamp::UNIX_EPOCH,
        first_payment: None,
        customer: None,
        card: card().summary(),
        fingerprint: None,
        retained_until: Timestamp::MAX,
        deleted_at: None,
    }
}

#[test]
fn a_card_is_opened_as_it_was_sealed_but_for_its_cvc() {
    let keys = VaultKeys::generate();
    let sealed = keys.seal(&registration(), &card());
    let opened = keys.open(&registration(), &sealed).expect("it opens");
    assert_eq!((opened.pan.expose(), opened.holder.as_str()), ("4111111111111111", "Jørgen Müller"));
    assert_eq!((opened.expiry, opened.cvc.is_some()), (card().expiry, false));
    assert_ne!(keys.seal(&registration(), &card()), sealed, "no two sealings are alike");
}

#[test]
fn nothing_opens_that_was_touched_or_moved() {
    let keys = VaultKeys::generate();
    let sealed = keys.seal(&registration(), &card());
    for place in 0..sealed.card.len() {
        let mut changed = sealed.clone();
        changed.card[place] ^= 1;
        assert_eq!(keys.open(&registration(), &changed).err(), Some(Unopened::Damaged), "byte {place} of the card");
    }
    for place in 0..sealed.wrapped_key.len() {
        let mut changed = sealed.clone();
        changed.wrapped_key[place] ^= 1;
        assert_eq!(keys.open(&registration(), &changed).err(), Some(Unopened::Damaged), "byte {place} of the key");
    }
    for moved in [
        Registration { id: RegistrationId::from_number(8), ..registration() },
        Registration { merchant: MerchantId::from_number(2), ..registration() },
        Registration { mode: Mode::Live, ..registration() },
    ] {
        assert_eq!(keys.open(&moved, &sealed).err(), Some(Unopened::Damaged));
    }
    let cut = SealedCard { card: sealed.card[..5].to_vec(), ..sealed.clone() };
    assert_eq!(keys.open(&registration(), &cut).err(), Some(Unopened::Damaged));
    assert_eq!(VaultKeys::generate().open(&registration(), &sealed).err(), Some(Unopened::Damaged));
}

#[test]
fn a_new_version_opens_what_the_old_one_sealed_until_that_is_wrapped_anew() {
    let old = VaultKeys::generate();
    let sealed = old.seal(&registration(), &card());
    let prepared = old.clone().with_another();
    assert_eq!((prepared.sealing(), prepared.newest()), (1, 2), "it seals nothing yet");
    let both = prepared.newest_first();
    assert_eq!(both.sealing(), 2);
    assert!(both.open(&registration(), &sealed).is_ok());

    let rewrapped = SealedCard {
        key_version: 2,
        wrapped_key: both.rewrap(&registration(), &sealed).expect("it opens"),
        card: sealed.card.clone(),
    };
    let new_text = both.to_text().expose().lines().next().expect("a line").to_owned();
    let new = VaultKeys::parse(&new_text).expect("one version");
    assert!(new.open(&registration(), &rewrapped).is_ok(), "the old key may go");
    assert_eq!(new.open(&registration(), &sealed).err(), Some(Unopened::NoVersion(1)));
    let relabelled = SealedCard { key_version: 2, ..sealed };
    assert_eq!(both.open(&registration(), &relabelled).err(), Some(Unopened::Damaged), "a version is no label");
}

#[test]
fn a_key_text_is_read_or_refused_without_repeating_it() {
    let (a, b) = ("ab".repeat(32), "CD".repeat(32));
    for (text, versions) in [
        (a.clone(), vec![1]),
        (format!("2:{b}\n1:{a}\n"), vec![2, 1]),
        (format!("# of March\n1:{a}\r\n\r\n  # not in use yet\n 2:{b}"), vec![1, 2]),
        (format!("3:{a},1:{b}"), vec![3, 1]),
    ] {
        let keys = VaultKeys::parse(&text).expect(&text);
        assert_eq!(keys.versions().collect::<Vec<_>>(), versions, "{text}");
        assert_eq!(VaultKeys::parse(keys.to_text().expose()), Ok(keys), "{text}");
    }
    for (text, error) in [
        (String::new(), VaultKeyText::Empty),
        ("# nothing\n".into(), VaultKeyText::Empty),
        (format!("0:{a}"), VaultKeyText::Malformed(1)),
        (format!("1:{a} 2:abc"), VaultKeyText::Malformed(2)),
        (format!("x:{a}"), VaultKeyText::Malformed(1)),
        (format!("1:{}ü", &a[..62]), VaultKeyText::Malformed(1)),
        (format!("1:{a}\n1:{b}"), VaultKeyText::Twice(1)),
    ] {
        assert_eq!(VaultKeys::parse(&text), Err(error), "{text}");
        assert!(!error.to_string().contains("abab"), "{error}");
    }
    let keys = VaultKeys::parse(&a).expect("a key");
    assert_eq!(format!("{keys:?}"), "VaultKeys(…)");
    let fingerprint = |text: &str| VaultKeys::parse(text).expect("a key").fingerprints().next();
    assert_ne!(fingerprint(&a), fingerprint(&b));
}
