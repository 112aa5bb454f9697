//! What this dialect tells merchants unasked (contract, section 9): every final state, what becomes of the money later, and open states
//! that no answer has told.

use std::sync::Arc;

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::directory::Credential;
use florin_engine::{Engine, Form};
use florin_kernel::payment::{Details, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, Kind, Money};
use jiff::SignedDuration;
use serde::Serialize;

use super::amounts;
use super::checksum;
use super::codes::ResultBody;
use super::document::Document;
use super::references;
use super::settings::{LateEventStatus, Settings, Words};
use super::standing::{Wording, of_withdrawal};
use super::view::{Viewer, bank_reference, brand_of, card_body, eci, mode_of, remark};
use super::wire::{self, CardBody, CustomerBody, timestamp};

mod news;

use news::News;

/// The dialect's announcements.
pub struct TsAnnouncer;

/// What an answer tells is told first there: clients answer a notification with 404 until they have stored the answer.
const ANSWER_FIRST: SignedDuration = SignedDuration::from_secs(1);

/// From a payout's acceptance or approval to its end, where it is simulated (contract, section 11).
const SIMULATED_PAYOUT: SignedDuration = SignedDuration::from_secs(2);

/// From one attempt to the next.
const PAUSES: [SignedDuration; 9] = [
    SignedDuration::from_secs(15),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(24),
];

/// The notification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    payment_id: String,
    status: &'static str,
    transaction_status: &'static str,
    payment_brand: String,
    payment_mode: &'static str,
    first_name: String,
    last_name: String,
    amount: String,
    currency: &'static str,
    descriptor: String,
    merchant_transaction_id: String,
    remark: String,
    #[serde(rename = "tmpl_amount")]
    tmpl_amount: String,
    #[serde(rename = "tmpl_currency")]
    tmpl_currency: String,
    checksum: String,
    result: ResultBody,
    customer: CustomerBody,
    card: CardBody,
    timestamp: String,
    eci: String,
    bank_reference_id: String,
    terminal_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_id: Option<String>,
}

impl Announcer for TsAnnouncer {
    fn reference_scopes(&self, credential: &Credential) -> Vec<String> {
        references::scopes(&Settings::of(credential).member_id)
    }

    fn announce(&self, before: &Payment, after: &Payment, engine: &Engine) -> Vec<Announcement> {
        let Some(receiver) = Receiver::of(&after.details, engine) else { return Vec::new() };
        // Storing a card is told by its answer.
        if after.kind() == Kind::Verification {
            return Vec::new();
        }
        let news = news::of_payment(before, after, &receiver.settings);
        let delay = if news::is_answered(before, after) { ANSWER_FIRST } else { SignedDuration::ZERO };
        news.into_iter()
            .map(|news| receiver.announcement(news.long, receiver.of_payment(after, &news), delay))
            .collect()
    }

    fn announce_withdrawal(&self, before: &Withdrawal, after: &Withdrawal, engine: &Engine) -> Vec<Announcement> {
        let Some(receiver) = Receiver::of(&after.details, engine) else { return Vec::new() };
        let codes = receiver.settings.decline_code;
        let (was, now) = (of_withdrawal(before, codes), of_withdrawal(after, codes));
        // What is open was told by the answer; a payout that comes back ends another way than it did.
        if now.short == "P" || was.long == now.long {
            return Vec::new();
        }
        let news = News { long: now.long, short: now.short, amount: after.asked, result: now.result };
        // Without an approver it is paid while its answer is on the way.
        let delay = if after.approvals.is_empty() { ANSWER_FIRST } else { SignedDuration::ZERO };
        vec![receiver.announcement(now.long, receiver.of_payout(after, &news), delay)]
    }

    fn sign(&self, _body: &str, _credential: &Credential) -> Vec<(&'static str, String)> {
        // The checksum stands in the body.
        Vec::new()
    }

    fn payouts_take(&self) -> SignedDuration {
        SIMULATED_PAYOUT
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses: &PAUSES, until: Until::Attempts(10), newer: Newer::Waits }
    }

    fn is_passing(&self, body: &str) -> bool {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        body["transactionStatus"] == "P"
    }
}

/// Who is told, and where.
struct Receiver<'e> {
    engine: &'e Engine,
    credential: Arc<Credential>,
    settings: Settings,
    document: Document,
    url: String,
}

impl Receiver<'_> {
    /// Nothing where nobody is to be told.
    fn of<'e>(details: &Details, engine: &'e Engine) -> Option<Receiver<'e>> {
        let credential = engine.directory().credential(details.credential?)?.clone();
        let settings = Settings::of(&credential);
        let named = Some(&details.links.webhook).filter(|url| !url.is_empty());
        let url = named.unwrap_or(&settings.default_notification_url).clone();
        let document = Document::of(details)?;
        (!url.is_empty()).then_some(Receiver { engine, credential, settings, document, url })
    }

    fn announcement(&self, status: &str, body: Notification, delay: SignedDuration) -> Announcement {
        Announcement {
            status: Some(status.to_owned()),
            url: self.url.clone(),
            form: Form { content_type: "application/json; charset=utf-8".into(), ..Form::default() },
            body: wire::text(&body),
            credential: self.credential.id,
            delay,
        }
    }

    /// A payment's news, with the member's newest key under it.
    fn of_payment(&self, payment: &Payment, news: &News) -> Notification {
        let attempt = payment.funding().or(payment.last_attempt());
        let viewer = Viewer { engine: self.engine, wording: Wording::of(&self.settings) };
        let card = attempt.and_then(|attempt| attempt.means.as_ref()?.card.as_ref());
        let bank_code = attempt.and_then(florin_kernel::payment::Operation::response);
        Notification {
            payment_brand: brand_of(attempt, &self.document).unwrap_or_default(),
            payment_mode: mode_of(attempt, &self.document).unwrap_or_default(),
            remark: remark(payment, &news.result),
            result: match bank_code {
                Some(code) if news.result.bank_code.is_none() && news.result.code != "00001" => {
                    news.result.clone().with_bank(code)
                }
                Some(_) | None => news.result.clone(),
            },
            card: card.map(|card| card_body(card, "")).unwrap_or_default(),
            timestamp: timestamp(self.engine.now(Lane::of(payment.merchant, payment.mode))),
            eci: eci(payment, attempt),
            bank_reference_id: attempt.map(bank_reference).unwrap_or_default(),
            registration_id: attempt
                .filter(|_| self.document.registered && !payment.ended_without_money())
                .and_then(|attempt| viewer.registration(attempt)),
            ..self.common(&payment.details, news)
        }
    }

    fn of_payout(&self, withdrawal: &Withdrawal, news: &News) -> Notification {
        let card = withdrawal.plan.as_ref().and_then(|plan| plan.destination.card.as_ref());
        Notification {
            payment_brand: self.document.brand.clone(),
            payment_mode: self.document.mode.map_or("", super::brands::Mode::text),
            remark: news.result.description.to_string(),
            card: card.map(|card| card_body(card, "")).unwrap_or_default(),
            timestamp: timestamp(self.engine.now(Lane::of(withdrawal.merchant, withdrawal.mode))),
            bank_reference_id: withdrawal.payout.as_ref().map(bank_reference).unwrap_or_default(),
            ..self.common(&withdrawal.details, news)
        }
    }

    fn common(&self, details: &Details, news: &News) -> Notification {
        let (amount, currency) = (amounts::printed(news.amount), news.amount.asset().code());
        let or = |kept: &str, else_: &str| if kept.is_empty() { else_.to_owned() } else { kept.to_owned() };
        let transaction_status = match self.settings.late_event_status {
            LateEventStatus::Word if matches!(news.long, "reversed" | "chargeback") => news.long,
            LateEventStatus::Word | LateEventStatus::Short => news.short,
        };
        let signed = match self.settings.callback_checksum_status {
            Words::Short => transaction_status,
            Words::Long => news.long,
        };
        let number = &self.document.number;
        Notification {
            payment_id: number.clone(),
            status: news.long,
            transaction_status,
            payment_brand: String::new(),
            payment_mode: "",
            first_name: details.payer.first_name.clone(),
            last_name: details.payer.last_name.clone(),
            descriptor: details.descriptor.clone(),
            merchant_transaction_id: details.reference.clone(),
            remark: String::new(),
            tmpl_amount: or(&self.document.tmpl_amount, &amount),
            tmpl_currency: or(&self.document.tmpl_currency, currency),
            checksum: self.checksum(number, &details.reference, news.amount, signed),
            amount,
            currency,
            result: news.result.clone(),
            customer: CustomerBody { email: details.payer.email.clone(), id: self.document.customer.clone() },
            card: CardBody::default(),
            timestamp: String::new(),
            eci: String::new(),
            bank_reference_id: String::new(),
            terminal_id: self.document.terminal.clone(),
            registration_id: None,
        }
    }

    fn checksum(&self, number: &str, reference: &str, amount: Money, status: &str) -> String {
        checksum::ours(self.credential.signature_password.expose(), number, reference, amount, status)
    }
}
