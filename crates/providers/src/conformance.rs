//! What every provider driver must keep, whoever is behind it: run [`all`] over a [`Fixture`] in the driver's tests.
//!
//! A rule that a driver breaks panics with the rule's name; this is for tests only.

pub mod chains;
pub mod regtest;

use async_trait::async_trait;
use florin_kernel::payment::{
    Authenticate, Authentication, AuthenticationStatus, Circumstances, Decline, Doubt, OperationKind, Outcome, Presence,
};
use florin_kernel::ports::{Call, CallbackError, News, Provider, RawCallback};

/// A provider with calls that make it do what a rule is about.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The driver.
    fn provider(&self) -> &dyn Provider;

    /// A call under a reference that was never used, with which the provider does what is wished.
    fn call(&self, wish: Wish) -> Call;

    /// How many times the provider really moved money under a reference, by its own books.
    async fn charges(&self, reference: &str) -> usize;

    /// The provider's authentic callback about an operation that it knows.
    async fn callback(&self, call: &Call) -> RawCallback;
}

/// What a call is to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A sale that is approved at once.
    Approve,
    /// A sale that is declined with a response code.
    Decline(&'static str),
    /// A sale that charges and never answers.
    LoseAnswer,
    /// A sale that charges and answers garbage.
    AnswerGarbage,
    /// A refund of an operation.
    Refund {
        /// The operation's reference.
        of: String,
    },
    /// A sale whose payer must pass a challenge first.
    Challenge,
    /// A verification of a card that is approved at once.
    Verify,
    /// A payout that is approved at once.
    Payout,
}

/// Runs every rule.
pub async fn all(fixture: &dyn Fixture) {
    a_repeated_reference_charges_once(fixture).await;
    a_lost_answer_is_found(fixture).await;
    garbage_is_unknown(fixture).await;
    declines_keep_their_code(fixture).await;
    an_unknown_original_is_refused(fixture).await;
    a_card_approval_tells_its_numbers(fixture).await;
    nobody_is_asked_where_no_payer_takes_part(fixture).await;
    a_verification_moves_nothing(fixture).await;
    a_payout_is_paid_once(fixture).await;
    what_was_never_sent_is_not_found(fixture).await;
    tampered_callbacks_are_refused(fixture).await;
}

/// The reference is the idempotency key: asked twice, one charge and one outcome.
pub async fn a_repeated_reference_charges_once(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::Approve);
    let first = fixture.provider().execute(&call).await;
    assert!(matches!(first.outcome, Outcome::Approved(_)), "the fixture's approving call gave {first:?}");
    assert_eq!(fixture.provider().execute(&call).await, first, "asked again, another outcome");
    assert_eq!(fixture.charges(&call.reference).await, 1, "asked twice");
}

/// An answer that never came is found by looking up, and neither that nor asking again charges again.
pub async fn a_lost_answer_is_found(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::LoseAnswer));
    tokio::select! {
        said = provider.execute(&call) => assert!(matches!(said.outcome, Outcome::Unknown(_)), "a lost answer: {said:?}"),
        // As soon as it is known over there, the wait is given up like after a time-out.
        () = async {
            while provider.look_up(&call).await.outcome == Outcome::NotFound {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let found = provider.look_up(&call).await;
    assert!(matches!(found.outcome, Outcome::Approved(_)), "looked up: {found:?}");
    assert_eq!(provider.execute(&call).await, found, "asked again after the answer was lost");
    assert_eq!(fixture.charges(&call.reference).await, 1, "a lost answer");
}

/// A 5xx, HTML or a cut body is no answer, in particular no decline.
pub async fn garbage_is_unknown(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::AnswerGarbage);
    let said = fixture.provider().execute(&call).await;
    assert_eq!(said.outcome, Outcome::Unknown(Doubt::Garbled), "garbage");
    let found = fixture.provider().look_up(&call).await;
    assert!(matches!(found.outcome, Outcome::Approved(_)), "looked up after garbage: {found:?}");
    assert_eq!(fixture.charges(&call.reference).await, 1, "garbage");
}

/// A decline keeps the issuer's code, also when looked up, and moves nothing.
pub async fn declines_keep_their_code(fixture: &dyn Fixture) {
    for code in ["05", "51", "54", "91"] {
        let call = fixture.call(Wish::Decline(code));
        let declined = Outcome::Declined(Decline::Response(code.to_owned()));
        assert_eq!(fixture.provider().execute(&call).await.outcome, declined);
        assert_eq!(fixture.provider().look_up(&call).await.outcome, declined, "looked up");
        assert_eq!(fixture.charges(&call.reference).await, 0, "declined {code}");
    }
}

/// A refund of something that the provider does not know, or that it declined, is refused.
pub async fn an_unknown_original_is_refused(fixture: &dyn Fixture) {
    let declined = fixture.call(Wish::Decline("05"));
    fixture.provider().execute(&declined).await;
    for of in ["never-asked".to_owned(), declined.reference] {
        let refund = fixture.call(Wish::Refund { of });
        let outcome = fixture.provider().execute(&refund).await.outcome;
        assert!(matches!(outcome, Outcome::Declined(_)), "{:?} refunded: {outcome:?}", refund.on);
        assert_eq!(fixture.charges(&refund.reference).await, 0, "an unknown original");
    }
}

/// A card approved with a payer present has an authorisation code and a network's transaction id, also when looked up: repeats
/// without the payer need them.
pub async fn a_card_approval_tells_its_numbers(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Approve));
    if call.card.is_none() {
        return;
    }
    let said = provider.execute(&call).await;
    let Outcome::Approved(approval) = &said.outcome else { panic!("the fixture's approving call gave {said:?}") };
    assert!(!approval.auth_code.is_empty() && !approval.network_id.is_empty(), "{approval:?}");
    assert_eq!(provider.look_up(&call).await, said, "looked up");
}

/// A card that would be challenged is not where the merchant acts alone, nor where it brings an authentication of its own.
pub async fn nobody_is_asked_where_no_payer_takes_part(fixture: &dyn Fixture) {
    let (provider, challenged) = (fixture.provider(), fixture.call(Wish::Challenge));
    if challenged.card.is_none() {
        return;
    }
    let said = provider.execute(&challenged).await;
    assert!(matches!(said.outcome, Outcome::NeedsPayer(_)), "the fixture's challenge gave {said:?}");
    let presence = Presence::Merchant { network_id: "481234567890123".into() };
    let result = Authentication {
        status: Some(AuthenticationStatus::Authenticated),
        eci: "05".into(),
        ..Authentication::default()
    };
    let authenticate = Authenticate::Elsewhere(Box::new(result));
    for circumstances in [
        Circumstances { presence, ..Circumstances::default() },
        Circumstances { authenticate, ..Circumstances::default() },
    ] {
        let call = Call { circumstances, ..fixture.call(Wish::Challenge) };
        for said in [provider.execute(&call).await, provider.look_up(&call).await] {
            assert!(!matches!(said.outcome, Outcome::NeedsPayer(_)), "{:?}: {said:?}", call.circumstances);
        }
    }
}

/// A verification is answered like a sale and moves no money. For drivers that verify.
pub async fn a_verification_moves_nothing(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Verify));
    if !provider.capabilities(&call.account).operations.contains(&OperationKind::Verify) {
        return;
    }
    let said = provider.execute(&call).await;
    assert!(matches!(said.outcome, Outcome::Approved(_)), "the fixture's verification gave {said:?}");
    assert_eq!(provider.look_up(&call).await, said, "looked up");
    assert_eq!(fixture.charges(&call.reference).await, 0, "a verification");
}

/// A payout asked twice is paid once, and is found by its reference alone. For drivers that pay out.
pub async fn a_payout_is_paid_once(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Payout));
    if !provider.capabilities(&call.account).operations.contains(&OperationKind::Payout) {
        return;
    }
    let first = provider.execute(&call).await;
    assert!(matches!(first.outcome, Outcome::Approved(_)), "the fixture's payout gave {first:?}");
    assert_eq!(provider.execute(&call).await, first, "asked again, another outcome");
    let by_reference = Call { payee: None, ..call.clone() };
    assert_eq!(provider.look_up(&by_reference).await, first, "looked up");
    assert_eq!(fixture.charges(&call.reference).await, 1, "a payout");
}

/// Only an operation that never arrived is not found.
pub async fn what_was_never_sent_is_not_found(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::Approve);
    assert_eq!(fixture.provider().look_up(&call).await.outcome, Outcome::NotFound, "never sent");
    fixture.provider().execute(&call).await;
    assert_ne!(fixture.provider().look_up(&call).await.outcome, Outcome::NotFound, "sent");
}

/// An authentic callback tells the outcome; one with a bit changed, or without its signature, tells nothing.
pub async fn tampered_callbacks_are_refused(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Approve));
    let said = provider.execute(&call).await;
    let authentic = fixture.callback(&call).await;
    let notices = provider.parse_callback(&authentic).expect("an authentic callback");
    let told = |reference: &str, news: &News| reference == call.reference && *news == News::Report(said.clone());
    assert!(notices.iter().any(|notice| told(&notice.reference, &notice.news)), "{notices:?}");
    for index in 0..authentic.body.len() {
        let mut tampered = authentic.clone();
        tampered.body[index] ^= 1;
        assert_eq!(provider.parse_callback(&tampered), Err(CallbackError::Signature), "byte {index} changed");
    }
    let unsigned = RawCallback { headers: Vec::new(), body: authentic.body };
    assert_eq!(provider.parse_callback(&unsigned), Err(CallbackError::Signature), "no signature");
}
