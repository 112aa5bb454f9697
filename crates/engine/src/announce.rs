//! How dialects tell merchants: each makes the bytes of its own events, inside the commit that causes them.

use std::sync::Arc;

use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::Payment;
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{CredentialId, Timestamp};
use florin_store::{DeliveryResult, Form};
use jiff::SignedDuration;

use crate::Engine;
use crate::directory::Credential;

#[cfg(test)]
mod tests;

/// An event to be sent to a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The status it tells, where it is one of the payment as a whole; becomes [`Payment::announced`].
    pub status: Option<String>,
    /// Where to.
    pub url: String,
    /// How the bytes are sent.
    pub form: Form,
    /// The exact bytes.
    pub body: String,
    /// The credential whose password signs it.
    pub credential: CredentialId,
    /// How long after the change it is due: where an answer tells the same, that goes first.
    pub delay: SignedDuration,
}

/// When a delivery is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// From the start of one attempt to the start of the next; the last one holds for all that follow.
    pub pauses: &'static [SignedDuration],
    /// How long it goes on.
    pub until: Until,
    /// What a newer event of the same payment does.
    pub newer: Newer,
}

/// How long a delivery is tried.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// So many attempts, the first included.
    Attempts(u32),
    /// So long after the first attempt.
    Age(SignedDuration),
}

/// What a newer event does to the oldest one of its payment that waits for its next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// It waits behind it.
    Waits,
    /// It makes it due at once, and waits behind it.
    Hurries,
}

impl Schedule {
    /// What follows a failed attempt that began at `at`, the `number`th of which the first began at `first_at`.
    pub fn after(&self, number: u32, first_at: Timestamp, at: Timestamp) -> DeliveryResult {
        let place = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(pause) = self.pauses.get(place).or(self.pauses.last()) else { return DeliveryResult::GivenUp };
        let next = at + *pause;
        let over = match self.until {
            Until::Attempts(most) => number >= most,
            Until::Age(longest) => next > first_at + longest,
        };
        let hurried_after = match self.newer {
            Newer::Waits => None,
            Newer::Hurries => Some(at),
        };
        if over { DeliveryResult::GivenUp } else { DeliveryResult::Retry { at: next, hurried_after } }
    }
}

/// A dialect's announcements.
pub trait Announcer: Send + Sync {
    /// What to say about a change, in order; of the engine it reads configuration and keys. `after` still has the `announced` of
    /// `before`.
    fn announce(&self, before: &Payment, after: &Payment, engine: &Engine) -> Vec<Announcement>;

    /// The same about a withdrawal.
    fn announce_withdrawal(&self, before: &Withdrawal, after: &Withdrawal, engine: &Engine) -> Vec<Announcement>;

    /// The same about a coin payment; only one dialect makes these.
    fn announce_coins(&self, before: &CoinPayment, after: &CoinPayment, engine: &Engine) -> Vec<Announcement> {
        let (_, _, _) = (before, after, engine);
        Vec::new()
    }

    /// What a credential's receiver is tried with; nothing where the dialect has no such message or the credential no URL.
    fn trial(&self, _credential: &Arc<Credential>, _engine: &Engine) -> Option<Announcement> {
        None
    }

    /// Within what references stand that a credential's programs give, as [`crate::ClaimRequest::scope`], beside the plain ones: so that
    /// people find what was made under a reference whatever its age.
    fn reference_scopes(&self, _credential: &Credential) -> Vec<String> {
        Vec::new()
    }

    /// The dialect's own signature headers.
    fn sign(&self, body: &str, credential: &Credential) -> Vec<(&'static str, String)>;

    /// Further signature headers, made with the merchant's webhook secrets, newest first.
    fn sign_with_secrets(&self, body: &str, secrets: &[Secret]) -> Vec<(&'static str, String)> {
        let (_, _) = (body, secrets);
        Vec::new()
    }

    /// How long a simulated bank takes over this dialect's payouts (test mode).
    fn payouts_take(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// When a delivery is tried again.
    fn schedule(&self) -> Schedule;

    /// Whether an event is worth telling only until there is a newer one of its payment, which then goes in its place.
    fn is_passing(&self, _body: &str) -> bool {
        false
    }
}
