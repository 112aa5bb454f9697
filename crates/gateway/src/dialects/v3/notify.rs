//! What this dialect tells merchants unasked (contract, section 12): a notification for each transaction that reaches a final result
//! or changes later, in the words that an inquiry would have at that moment.

use std::sync::Arc;

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::directory::Credential;
use florin_engine::{Engine, Form, Verb};
use florin_kernel::PaymentId;
use florin_kernel::payment::{Details, Payment};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::Withdrawal;
use jiff::SignedDuration;

use super::checkout;
use super::document::Document;
use super::mounts::Profile;
use super::redirect::{read_at, return_fields};
use super::references;
use super::settings::{NotificationForm, NotificationWrapper, Settings};
use super::view::{Detail, Viewer};
use super::wire::{Body, CONTENT_TYPE_JSON};
use crate::pages::back::append;

mod cards;
mod news;
mod notice;
mod seal;
#[cfg(test)]
mod tests;
mod trial;

pub use cards::announce as announce_card;
pub use notice::CardNews;

/// The dialect's announcements.
pub struct V3Announcer;

/// From one attempt to the next, the last until thirty days are over.
const PAUSES: [SignedDuration; 8] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(4),
    SignedDuration::from_mins(8),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24),
];

impl Announcer for V3Announcer {
    fn reference_scopes(&self, credential: &Credential) -> Vec<String> {
        Settings::of(credential).entity_ids.iter().flat_map(|entity| references::scopes(entity)).collect()
    }

    fn announce(&self, before: &Payment, after: &Payment, engine: &Engine) -> Vec<Announcement> {
        let Some(receiver) = Receiver::of(&after.details, engine) else { return Vec::new() };
        let stored = receiver.stored_by(before, after);
        if checkout::is_registration(after) {
            return stored.into_iter().collect();
        }
        let news = news::of_payment(before, after, receiver.settings.notify_pending);
        let told = |sequence: u16| {
            // The payment's own transaction alone has a word that it is remembered by.
            let status = (sequence == 0).then(|| after.word().text().to_owned());
            let body = |viewer: &Viewer<&Engine>| match sequence {
                0 => Some(viewer.payment(after, Detail::Inquired)),
                sequence => viewer.part(after, sequence, Detail::Inquired),
            };
            receiver.announcement(after.id, sequence, status, &after.details, body)
        };
        news.into_iter().filter_map(told).chain(stored).collect()
    }

    fn announce_withdrawal(&self, before: &Withdrawal, after: &Withdrawal, engine: &Engine) -> Vec<Announcement> {
        let Some(receiver) = Receiver::of(&after.details, engine) else { return Vec::new() };
        if !news::is_news_of_payout(before, after, receiver.settings.notify_pending) {
            return Vec::new();
        }
        let status = Some(after.word().text().to_owned());
        let body = |viewer: &Viewer<&Engine>| Some(viewer.payout(after, Detail::Inquired));
        receiver.announcement(after.id, 0, status, &after.details, body).into_iter().collect()
    }

    fn trial(&self, credential: &Arc<Credential>, engine: &Engine) -> Option<Announcement> {
        trial::message(credential, engine)
    }

    fn sign(&self, _body: &str, _credential: &Credential) -> Vec<(&'static str, String)> {
        // The contract has no signature of its own; an encrypted body proves itself.
        Vec::new()
    }

    fn schedule(&self) -> Schedule {
        let until = Until::Age(SignedDuration::from_hours(30 * 24));
        Schedule { pauses: &PAUSES, until, newer: Newer::Hurries }
    }
}

/// Who is told, where and how.
struct Receiver<'e> {
    engine: &'e Engine,
    credential: Arc<Credential>,
    settings: Arc<Settings>,
    document: Document,
    url: String,
    form: NotificationForm,
}

impl Receiver<'_> {
    /// Nothing where nobody is to be told.
    fn of<'e>(details: &Details, engine: &'e Engine) -> Option<Receiver<'e>> {
        let directory = engine.directory();
        let credential = directory.credential(details.credential?)?;
        let settings = Settings::of(credential);
        let named = Some(details.links.webhook.as_str()).filter(|url| !url.is_empty());
        if named.is_none() && settings.notification_url.is_empty() {
            return None;
        }
        let (credential, document) = (credential.clone(), Document::of(details)?);
        let form = match (settings.notification_form, document.profile, named) {
            (NotificationForm::Auto, Profile::Oppwa, Some(_)) => NotificationForm::Get,
            (NotificationForm::Auto, Profile::V3 | Profile::Oppwa, _) => NotificationForm::Json,
            (form @ (NotificationForm::Json | NotificationForm::Encrypted | NotificationForm::Get), _, _) => form,
        };
        let url = named.unwrap_or(&settings.notification_url).to_owned();
        Some(Receiver { engine, credential, settings, document, url, form })
    }

    /// A transaction's news as it is sent.
    fn announcement(
        &self,
        id: PaymentId,
        sequence: u16,
        status: Option<String>,
        details: &Details,
        body: impl FnOnce(&Viewer<&Engine>) -> Option<Body>,
    ) -> Option<Announcement> {
        let (url, form, body) = match self.form {
            NotificationForm::Get => {
                let form = Form { verb: Verb::Get, content_type: "".into(), headers: Vec::new() };
                (append(&self.url, &self.fields(id, sequence, details))?, form, String::new())
            }
            NotificationForm::Json | NotificationForm::Auto => {
                let form = Form { content_type: CONTENT_TYPE_JSON.into(), ..Form::default() };
                (self.url.clone(), form, body(&self.viewer())?.text())
            }
            NotificationForm::Encrypted => {
                let viewer = self.viewer();
                let plain = notice::of(&body(&viewer)?, &self.document, notice::short_id(self.engine, id, sequence));
                let (form, body) = self.encrypted(&plain)?;
                (self.url.clone(), form, body)
            }
        };
        Some(Announcement { status, url, form, body, credential: self.credential.id, delay: SignedDuration::ZERO })
    }

    /// What a called URL is told: which transaction, and where it is read.
    fn fields(&self, id: PaymentId, sequence: u16, details: &Details) -> Vec<(&'static str, String)> {
        if sequence == 0 {
            return return_fields(self.engine, id, details);
        }
        read_at(self.engine, Reference { payment: id, sequence }, self.document.profile)
    }

    /// Where the payment was made is where its notifications are read.
    fn viewer(&self) -> Viewer<&Engine> {
        let Document { profile, set, entity, .. } = &self.document;
        Viewer {
            engine: self.engine,
            mount: Arc::new(self.document.mount()),
            set: *set,
            pending: self.settings.pending_codes,
            format: self.settings.timestamp_format(*profile),
            entity: entity.clone(),
        }
    }

    /// Without a usable key nothing is sent: a merchant that wants secrecy gets no plain text instead.
    fn encrypted(&self, plain: &str) -> Option<(Form, String)> {
        let Some(key) = seal::key(&self.credential.signature_password) else {
            tracing::error!(credential = %self.credential.id, "the notification key is not 64 hexadecimal digits; nothing is sent");
            return None;
        };
        let sealed = seal::seal(&key, seal::fresh_vector(), plain.as_bytes());
        let headers = [("X-Initialization-Vector", sealed.vector), ("X-Authentication-Tag", sealed.tag)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let (content_type, body) = match self.settings.notification_wrapper {
            NotificationWrapper::None => ("text/plain", sealed.body),
            NotificationWrapper::Json => (CONTENT_TYPE_JSON, format!("{{\"encryptedBody\":\"{}\"}}", sealed.body)),
        };
        Some((Form { verb: Verb::Post, content_type: content_type.into(), headers }, body))
    }
}
