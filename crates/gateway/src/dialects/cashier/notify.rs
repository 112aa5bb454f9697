//! What this dialect tells merchants about its payments (contract, section 14).

use std::fmt::Write as _;
use std::sync::Arc;

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::directory::Credential;
use florin_engine::{Engine, Form};
use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::{Details, Payment, State as Stands};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{State, Withdrawal};
use florin_kernel::{CredentialId, Money, PaymentId};
use jiff::SignedDuration;
use sha1::{Digest, Sha1};

use super::settings::{Edition, Settings};
use super::status::{Reason, credited, reason, status, withdrawal_reason, withdrawal_status};

/// The dialect's announcements.
pub struct CashierAnnouncer;

/// Every five minutes (contract, section 14.4).
const PAUSES: [SignedDuration; 1] = [SignedDuration::from_mins(5)];

impl Announcer for CashierAnnouncer {
    fn announce(&self, before: &Payment, after: &Payment, engine: &Engine) -> Vec<Announcement> {
        of_payment(before, after, engine).into_iter().collect()
    }

    fn announce_withdrawal(&self, before: &Withdrawal, after: &Withdrawal, engine: &Engine) -> Vec<Announcement> {
        of_withdrawal(before, after, engine).into_iter().collect()
    }

    fn announce_coins(&self, before: &CoinPayment, after: &CoinPayment, engine: &Engine) -> Vec<Announcement> {
        let shown = |coins: &CoinPayment| Payment { announced: coins.announced.clone(), ..coins.as_payment() };
        of_payment(&shown(before), &shown(after), engine).into_iter().collect()
    }

    fn sign(&self, body: &str, credential: &Credential) -> Vec<(&'static str, String)> {
        vec![("x-signature", signature(body, credential.signature_password.expose()))]
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses: &PAUSES, until: Until::Attempts(15), newer: Newer::Waits }
    }
}

fn of_payment(before: &Payment, after: &Payment, engine: &Engine) -> Option<Announcement> {
    let (url, credential, settings) = receiver(&after.details, engine)?;
    let status = status_to_tell(before, after, &settings)?;
    let body = body(&print(engine, after.id), after, status, settings.edition);
    Some(Announcement {
        status: Some(status.to_owned()),
        url,
        form: Form::default(),
        body,
        credential,
        delay: SignedDuration::ZERO,
    })
}

fn of_withdrawal(before: &Withdrawal, after: &Withdrawal, engine: &Engine) -> Option<Announcement> {
    let (url, credential, settings) = receiver(&after.details, engine)?;
    let status = withdrawal_status_to_tell(before, after, &settings)?;
    let body = withdrawal_body(&print(engine, after.id), after, status, settings.edition);
    Some(Announcement {
        status: Some(status.to_owned()),
        url,
        form: Form::default(),
        body,
        credential,
        delay: SignedDuration::ZERO,
    })
}

/// Where events of a transaction go, by whose credential and settings; nothing where nobody wants them.
fn receiver(details: &Details, engine: &Engine) -> Option<(String, CredentialId, Arc<Settings>)> {
    let url = Some(&details.links.webhook).filter(|url| !url.is_empty())?;
    let credential = details.credential?;
    let settings = engine.directory().credential(credential).map(|credential| Settings::of(credential));
    Some((url.clone(), credential, settings.unwrap_or_default()))
}

fn print(engine: &Engine, id: PaymentId) -> String {
    engine.codec().base36(Reference { payment: id, sequence: 0 })
}

/// The status a change is worth telling: `pending` once, then each other status when it comes.
pub(super) fn status_to_tell(before: &Payment, after: &Payment, settings: &Settings) -> Option<&'static str> {
    let statuses = settings.extended_statuses;
    let now = status(after.word(), statuses);
    let worth_telling = match &after.state {
        // An attempt that was only just sent may be decided in the same breath; that its provider still works on it is
        // known when its answer, or a look-up, leaves the state as it was.
        Stands::Pending { .. } => before.state == after.state && after.announced.is_none(),
        Stands::PendingPayer { .. } | Stands::Unknown { .. } => after.announced.is_none(),
        Stands::Created => false,
        Stands::Funded(_) | Stands::Ended(_) => {
            now != "pending" && now != status(before.word(), statuses) && after.announced.as_deref() != Some(now)
        }
    };
    worth_telling.then_some(now)
}

/// The status a withdrawal's change is worth telling: `pending` when the payer has confirmed, then each other status.
pub(super) fn withdrawal_status_to_tell(
    before: &Withdrawal,
    after: &Withdrawal,
    settings: &Settings,
) -> Option<&'static str> {
    let statuses = settings.extended_statuses;
    let (was, now) = (withdrawal_status(before.word(), statuses), withdrawal_status(after.word(), statuses));
    let confirmed = matches!(before.state, State::Created { .. }) && !matches!(after.state, State::Created { .. });
    ((confirmed || was != now) && after.announced.as_deref() != Some(now)).then_some(now)
}

/// The bytes of a withdrawal's event.
pub(super) fn withdrawal_body(id: &str, withdrawal: &Withdrawal, status: &str, edition: Edition) -> String {
    let told = Told {
        id,
        details: &withdrawal.details,
        amount: withdrawal.asked,
        kind: "withdrawal",
        provider: withdrawal.plan.as_ref().map(|plan| plan.route.code.as_str()),
        reason: withdrawal_reason(withdrawal),
    };
    told.body(status, edition)
}

/// The bytes of a deposit's event. They are stored, signed and sent as they are made here.
pub(super) fn body(id: &str, payment: &Payment, status: &str, edition: Edition) -> String {
    let told = Told {
        id,
        details: &payment.details,
        amount: credited(payment),
        kind: "deposit",
        provider: payment.funding().or(payment.last_attempt()).map(|attempt| attempt.route.code.as_str()),
        reason: reason(payment),
    };
    told.body(status, edition)
}

/// What an event tells.
struct Told<'a> {
    id: &'a str,
    details: &'a Details,
    amount: Money,
    kind: &'static str,
    provider: Option<&'a str>,
    reason: Option<Reason>,
}

impl Told<'_> {
    /// Compact JSON, keys in the contract's order, all values strings, pure ASCII.
    fn body(&self, status: &str, edition: Edition) -> String {
        let (details, amount) = (self.details, self.amount);
        let mut body = String::with_capacity(320);
        let mut member = |key: &str, value: &str| {
            body.push_str(if body.is_empty() { "{\"" } else { ",\"" });
            body.push_str(key);
            body.push_str("\":");
            push_ascii(&mut body, value);
        };
        member("transaction_id", self.id);
        member("user_id", &details.payer.user_id);
        member("tracking_id", &details.reference);
        member("status", status);
        member("currency", amount.asset().code());
        member("amount", &amount.decimal());
        member("transaction_type", self.kind);
        if edition == Edition::Nested {
            if let Some(provider) = self.provider {
                member("provider", provider);
            }
            if let Some(reason) = self.reason.as_ref().filter(|_| status == "rejected") {
                member("rejected_reason", &reason.text);
            }
        }
        body.push('}');
        body
    }
}

/// A JSON string with everything outside ASCII escaped.
fn push_ascii(body: &mut String, text: &str) {
    body.push('"');
    for character in text.chars() {
        match character {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            ' '..='~' => body.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(body, "\\u{unit:04x}").expect("writing to a string cannot fail");
                }
            }
        }
    }
    body.push('"');
}

/// `x-signature`: upper-case hexadecimal of SHA-1 over body and password, nothing between them.
pub(super) fn signature(body: &str, password: &str) -> String {
    let digest = Sha1::new().chain_update(body).chain_update(password).finalize();
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}
