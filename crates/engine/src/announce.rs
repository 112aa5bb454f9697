//! How dialects tell merchants: each makes the bytes of its own events, inside the commit that causes them.

use florin_kernel::CredentialId;
use florin_kernel::payment::Payment;
use florin_kernel::withdrawal::Withdrawal;
use florin_store::Form;
use jiff::SignedDuration;

use crate::directory::{Credential, Directory};

/// An event to be posted to a merchant.
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
}

/// When a delivery is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Attempts in all, the first included.
    pub attempts_max: u32,
    /// From the start of one attempt to the start of the next.
    pub interval: SignedDuration,
}

/// A dialect's announcements.
pub trait Announcer: Send + Sync {
    /// What to say about a change, in order; pure. `after` still has the `announced` of `before`.
    fn announce(&self, before: &Payment, after: &Payment, directory: &Directory) -> Vec<Announcement>;

    /// The same about a withdrawal.
    fn announce_withdrawal(&self, before: &Withdrawal, after: &Withdrawal, directory: &Directory) -> Vec<Announcement>;

    /// The dialect's own signature headers.
    fn sign(&self, body: &str, credential: &Credential) -> Vec<(&'static str, String)>;

    /// When a delivery is tried again.
    fn schedule(&self) -> Schedule;
}
