//! What every provider driver must keep, whoever is behind it: run [`all`] over a [`Fixture`] in the driver's tests.
//!
//! A rule that a driver breaks panics with the rule's name; this is for tests only.

use async_trait::async_trait;
use florin_kernel::payment::{Decline, OperationKind, Outcome};
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
    a_payout_is_paid_once(fixture).await;
    what_was_never_sent_is_not_found(fixture).await;
    tampered_callbacks_are_refused(fixture).await;
}

/// The reference is the idempotency key: asked twice, one charge and one outcome.
pub async fn a_repeated_reference_charges_once(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::Approve);
    let first = fixture.provider().execute(&call).await;
    assert!(matches!(first, Outcome::Approved(_)), "the fixture's approving call gave {first:?}");
    assert_eq!(fixture.provider().execute(&call).await, first, "asked again, another outcome");
    assert_eq!(fixture.charges(&call.reference).await, 1, "asked twice");
}

/// An answer that never came is found by looking up, and neither that nor asking again charges again.
pub async fn a_lost_answer_is_found(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::LoseAnswer));
    tokio::select! {
        outcome = provider.execute(&call) => assert_eq!(outcome, Outcome::Unknown, "a lost answer"),
        // As soon as it is known over there, the wait is given up like after a time-out.
        () = async { while provider.look_up(&call).await == Outcome::NotFound { tokio::task::yield_now().await } } => {}
    }
    let found = provider.look_up(&call).await;
    assert!(matches!(found, Outcome::Approved(_)), "looked up: {found:?}");
    assert_eq!(provider.execute(&call).await, found, "asked again after the answer was lost");
    assert_eq!(fixture.charges(&call.reference).await, 1, "a lost answer");
}

/// A 5xx, HTML or a cut body is no answer, in particular no decline.
pub async fn garbage_is_unknown(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::AnswerGarbage);
    assert_eq!(fixture.provider().execute(&call).await, Outcome::Unknown, "garbage");
    let found = fixture.provider().look_up(&call).await;
    assert!(matches!(found, Outcome::Approved(_)), "looked up after garbage: {found:?}");
    assert_eq!(fixture.charges(&call.reference).await, 1, "garbage");
}

/// A decline keeps the issuer's code, also when looked up, and moves nothing.
pub async fn declines_keep_their_code(fixture: &dyn Fixture) {
    for code in ["05", "51", "54", "91"] {
        let call = fixture.call(Wish::Decline(code));
        let declined = Outcome::Declined(Decline::Response(code.to_owned()));
        assert_eq!(fixture.provider().execute(&call).await, declined);
        assert_eq!(fixture.provider().look_up(&call).await, declined, "looked up");
        assert_eq!(fixture.charges(&call.reference).await, 0, "declined {code}");
    }
}

/// A refund of something that the provider does not know, or that it declined, is refused.
pub async fn an_unknown_original_is_refused(fixture: &dyn Fixture) {
    let declined = fixture.call(Wish::Decline("05"));
    fixture.provider().execute(&declined).await;
    for of in ["never-asked".to_owned(), declined.reference] {
        let refund = fixture.call(Wish::Refund { of });
        let outcome = fixture.provider().execute(&refund).await;
        assert!(matches!(outcome, Outcome::Declined(_)), "{:?} refunded: {outcome:?}", refund.on);
        assert_eq!(fixture.charges(&refund.reference).await, 0, "an unknown original");
    }
}

/// A payout asked twice is paid once, and is found by its reference alone. For drivers that pay out.
pub async fn a_payout_is_paid_once(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Payout));
    if !provider.capabilities(&call.account).operations.contains(&OperationKind::Payout) {
        return;
    }
    let first = provider.execute(&call).await;
    assert!(matches!(first, Outcome::Approved(_)), "the fixture's payout gave {first:?}");
    assert_eq!(provider.execute(&call).await, first, "asked again, another outcome");
    let by_reference = Call { payee: None, ..call.clone() };
    assert_eq!(provider.look_up(&by_reference).await, first, "looked up");
    assert_eq!(fixture.charges(&call.reference).await, 1, "a payout");
}

/// Only an operation that never arrived is not found.
pub async fn what_was_never_sent_is_not_found(fixture: &dyn Fixture) {
    let call = fixture.call(Wish::Approve);
    assert_eq!(fixture.provider().look_up(&call).await, Outcome::NotFound, "never sent");
    fixture.provider().execute(&call).await;
    assert_ne!(fixture.provider().look_up(&call).await, Outcome::NotFound, "sent");
}

/// An authentic callback tells the outcome; one with a bit changed, or without its signature, tells nothing.
pub async fn tampered_callbacks_are_refused(fixture: &dyn Fixture) {
    let (provider, call) = (fixture.provider(), fixture.call(Wish::Approve));
    let outcome = provider.execute(&call).await;
    let authentic = fixture.callback(&call).await;
    let notices = provider.parse_callback(&authentic).expect("an authentic callback");
    let told = |reference: &str, news: &News| reference == call.reference && *news == News::Outcome(outcome.clone());
    assert!(notices.iter().any(|notice| told(&notice.reference, &notice.news)), "{notices:?}");
    for index in 0..authentic.body.len() {
        let mut tampered = authentic.clone();
        tampered.body[index] ^= 1;
        assert_eq!(provider.parse_callback(&tampered), Err(CallbackError::Signature), "byte {index} changed");
    }
    let unsigned = RawCallback { headers: Vec::new(), body: authentic.body };
    assert_eq!(provider.parse_callback(&unsigned), Err(CallbackError::Signature), "no signature");
}
