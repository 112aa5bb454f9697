use florin_kernel::payment::Outcome;
use florin_kernel::ports::{CallbackError, News, Notice, RawCallback};
use florin_kernel::secret::Secret;

use super::{Body, SIGNATURE_HEADER, mac, parse, signed};
use crate::simulator::answer::Word;
use crate::simulator::tests::money;

fn key() -> Secret {
    Secret::new("callback key".into())
}

fn outcome() -> RawCallback {
    signed(&Body::Outcome { reference: "a".into(), outcome: Word::Pending }, &key())
}

fn signature(raw: &mut RawCallback) -> &mut String {
    &mut raw.headers.iter_mut().find(|(name, _)| name == SIGNATURE_HEADER).expect("signed").1
}

#[test]
fn own_callbacks_are_read() {
    let notice = Notice { reference: "a".into(), news: News::Report(Outcome::Pending.into()) };
    assert_eq!(parse(&outcome(), &key()), Ok(vec![notice]));
    let amount = money("9107.00 EUR");
    let chargeback = Body::Chargeback { reference: "a".into(), chargeback: "cb-a".into(), amount };
    let notice = Notice { reference: "a".into(), news: News::ChargedBack { amount, reference: "cb-a".into() } };
    assert_eq!(parse(&signed(&chargeback, &key()), &key()), Ok(vec![notice]));
}

#[test]
fn the_signature_is_the_known_one() {
    // RFC 4231, test case 2.
    let signature = mac(&Secret::new("Jefe".into()), b"what do ya want for nothing?");
    let hex = super::hex(&hmac::Mac::finalize(signature).into_bytes());
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn tampering_is_noticed() {
    let tampered = |change: fn(&mut RawCallback)| {
        let mut raw = outcome();
        change(&mut raw);
        parse(&raw, &key())
    };
    let refused = Err(CallbackError::Signature);
    for index in 0..outcome().body.len() {
        let mut raw = outcome();
        raw.body[index] ^= 1;
        assert_eq!(parse(&raw, &key()), refused, "byte {index}");
    }
    assert_eq!(tampered(|raw| raw.body.push(b' ')), refused);
    assert_eq!(tampered(|raw| raw.headers.clear()), refused);
    assert_eq!(tampered(|raw| signature(raw).clear()), refused);
    assert_eq!(tampered(|raw| signature(raw).truncate(32)), refused);
    assert_eq!(tampered(|raw| signature(raw).insert(0, '0')), refused);
    assert_eq!(tampered(|raw| *signature(raw) = "no hex".into()), refused);
    assert_eq!(tampered(|raw| *signature(raw) = "é".repeat(32)), refused);
    assert_eq!(parse(&outcome(), &Secret::new("another key".into())), refused);
}

#[test]
fn signed_garbage_is_malformed() {
    for body in ["", "{}", "[]", r#"{"event":"party"}"#, r#"{"event":"outcome","reference":"a"}"#, "\u{0}"] {
        let mut raw = outcome();
        raw.body = body.as_bytes().to_vec();
        *signature(&mut raw) = super::hex(&hmac::Mac::finalize(mac(&key(), &raw.body)).into_bytes());
        assert_eq!(parse(&raw, &key()), Err(CallbackError::Malformed), "{body}");
    }
}
