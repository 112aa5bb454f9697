//! What this dialect tells merchants about a change (contract, section 13).

use std::fmt::Write as _;

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::directory::Credential;
use florin_engine::{Engine, Form};
use florin_kernel::coin::{CoinPayment, RefundStatus, State};
use florin_kernel::payment::Payment;
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::Withdrawal;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use sha2::Sha256;
use std::sync::Arc;

use super::Profile;
use super::settings::{Countdown, Settings};
use super::view::Viewer;

#[cfg(test)]
mod tests;

/// The dialect's announcements. They need the engine behind an `Arc`, which makes the announcer before it is there.
pub struct CryptoAnnouncer(pub Arc<std::sync::OnceLock<Arc<Engine>>>);

/// From one attempt to the next.
const PAUSES: [SignedDuration; 10] = [
    SignedDuration::from_secs(10),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

impl Announcer for CryptoAnnouncer {
    fn announce(&self, _before: &Payment, _after: &Payment, _engine: &Engine) -> Vec<Announcement> {
        // This dialect makes coin payments only.
        Vec::new()
    }

    fn announce_withdrawal(&self, _before: &Withdrawal, _after: &Withdrawal, _engine: &Engine) -> Vec<Announcement> {
        Vec::new()
    }

    fn announce_coins(&self, before: &CoinPayment, after: &CoinPayment, engine: &Engine) -> Vec<Announcement> {
        let (Some(shared), Some(credential)) = (self.0.get(), after.details.credential) else { return Vec::new() };
        let url = after.details.links.webhook.clone();
        if url.is_empty() {
            return Vec::new();
        }
        let settings = engine.directory().credential(credential).map(|credential| Settings::of(credential));
        let wanted = settings.and_then(|settings| settings.webhook_events);
        let now = engine.now(Lane::of(after.merchant, after.mode));
        let viewer = Viewer::new(shared.clone(), Profile::A, Countdown::Never);
        let mut told: u32 = before.announced.as_deref().and_then(|count| count.parse().ok()).unwrap_or(0);
        let mut announcements = Vec::new();
        for (event, status) in news(before, after) {
            if wanted.as_ref().is_some_and(|wanted| !wanted.iter().any(|wanted| wanted == event)) {
                continue;
            }
            told += 1;
            let body = viewer.event(event, status, told, after, now).to_string();
            let (url, status) = (url.clone(), Some(told.to_string()));
            announcements.push(Announcement {
                status,
                url,
                form: Form::default(),
                body,
                credential,
                delay: SignedDuration::ZERO,
            });
        }
        announcements
    }

    fn sign(&self, _body: &str, _credential: &Credential) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn sign_with_secrets(&self, body: &str, secrets: &[Secret]) -> Vec<(&'static str, String)> {
        secrets.first().map(|secret| ("x-signature", signature(body, secret))).into_iter().collect()
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses: &PAUSES, until: Until::Attempts(11), newer: Newer::Hurries }
    }
}

/// Lower-case hexadecimal HMAC-SHA256 over the body, keyed with the secret as it is printed.
pub fn signature(body: &str, secret: &Secret) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}

/// What a change is worth telling, in order.
fn news(before: &CoinPayment, after: &CoinPayment) -> Vec<(&'static str, &'static str)> {
    let mut news = Vec::new();
    let first = before.deposits.is_empty() && !after.deposits.is_empty();
    let late = matches!(before.state, State::Cancelled(_)) && after.deposits.len() > before.deposits.len();
    if first || late {
        news.push(("payment.received", "received"));
    }
    let changed = std::mem::discriminant(&before.state) != std::mem::discriminant(&after.state);
    match &after.state {
        // A double spend led back to where it was (amendment 5).
        State::Waiting if changed => news.push(("payment.processing", "waiting")),
        State::Underpaid if changed => news.push(("payment.underpaid", "underpaid")),
        State::Processing { .. } | State::Blocked if changed => news.push(("payment.processing", "processing")),
        State::ZeroConfirmed if changed => news.push(("payment.confirmed", "confirmed")),
        // The first confirmation of what counted as confirmed before is no news.
        State::Confirmed if changed && before.state != State::ZeroConfirmed => {
            if !before.state.is_confirmed() && !matches!(before.state, State::Processing { .. }) && first {
                news.push(("payment.processing", "processing"));
            }
            news.push(("payment.confirmed", "confirmed"));
        }
        State::Cancelled(_) if changed => news.push(("payment.cancelled", "cancelled")),
        State::Waiting
        | State::Underpaid
        | State::Processing { .. }
        | State::Blocked
        | State::ZeroConfirmed
        | State::Confirmed
        | State::Cancelled(_) => {}
    }
    let done = |payment: &CoinPayment| {
        payment.refunds.iter().filter(|refund| matches!(refund.status, RefundStatus::Done(_))).count()
    };
    if done(after) > done(before) {
        news.push(("payment.refunded", "refunded"));
    }
    news
}
