//! News of stored cards, for those who get encrypted notifications: no other form tells of them (contract, section 12).

use jiff::SignedDuration;
use std::sync::Arc;

use florin_engine::announce::Announcement;
use florin_engine::vault::AnnounceCard;
use florin_kernel::PaymentId;
use florin_kernel::payment::{OperationStatus, Payment};

use super::super::auth::Caller;
use super::super::document::Document;
use super::super::settings::NotificationForm;
use super::super::state::V3State;
use super::Receiver;
use super::notice::{self, CardNews};

/// What a caller is told of a stored card beside the answer to its call.
pub fn announce(state: &V3State, caller: &Caller, news: CardNews) -> Option<AnnounceCard> {
    let settings = &caller.settings;
    if settings.notification_form != NotificationForm::Encrypted || settings.notification_url.is_empty() {
        return None;
    }
    let viewer = state.viewer(caller);
    let (credential, settings) = (caller.credential.clone(), settings.clone());
    let document = Document::blank(&caller.entity, &viewer.mount, viewer.set);
    Some(Arc::new(move |stored| {
        let receiver = Receiver {
            engine: &viewer.engine,
            credential: credential.clone(),
            url: settings.notification_url.clone(),
            settings: settings.clone(),
            document: document.clone(),
            form: NotificationForm::Encrypted,
        };
        let number = PaymentId::from_number(stored.registration.id.number());
        let short_id = notice::short_id(&viewer.engine, number, 0);
        receiver.of_card(&notice::of_card(news, &viewer.registration(stored), &document, short_id))
    }))
}

impl Receiver<'_> {
    /// That the card of a payment can be charged from now on.
    pub(super) fn stored_by(&self, before: &Payment, after: &Payment) -> Option<Announcement> {
        let approved = |payment: &Payment| {
            let attempt = payment.funding().or(payment.last_attempt());
            let attempt = attempt.filter(|attempt| attempt.status == OperationStatus::Approved);
            attempt.is_some_and(|attempt| attempt.means.as_ref().is_some_and(|means| means.registration.is_some()))
        };
        let is_news = self.document.stores_card && approved(after) && !approved(before);
        if !is_news || self.form != NotificationForm::Encrypted {
            return None;
        }
        let body = self.viewer().registered(after)?;
        let short_id = notice::short_id(self.engine, after.id, 0);
        self.of_card(&notice::of_card(CardNews::Created, &body, &self.document, short_id))
    }

    fn of_card(&self, plain: &str) -> Option<Announcement> {
        let (form, body) = self.encrypted(plain)?;
        Some(Announcement {
            status: None,
            url: self.url.clone(),
            form,
            body,
            credential: self.credential.id,
            delay: SignedDuration::ZERO,
        })
    }
}
