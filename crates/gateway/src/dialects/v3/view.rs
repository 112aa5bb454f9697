//! A payment, an operation on it or a payout as one of this dialect's transactions (contract, sections 6 and 8).

use std::ops::Deref;
use std::sync::Arc;

use florin_engine::Engine;
use florin_kernel::card::CardSummary;
use florin_kernel::payment::{CaptureMode, Details, Dialect, MethodForm, Operation, OperationStatus, Payment};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::Method;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{MerchantId, Money, PaymentId, Timestamp};
use serde_json::Value;

use super::checkout;
use super::codes::{Coding, Event, PendingCodes, Set, code};
use super::document::Document;
use super::echo::Echo;
use super::mounts::Mount;
use super::redirect::REDIRECT_PAGE;
use super::settings::TimestampFormat;
use super::stamp::{self, BUILD_NUMBER};
use super::wire::{Body, CardBody, Parameter, Precondition, Redirect, ResultBody, ResultDetails, Risk, Summary};
use super::{amounts, brand, event, secure};

mod linked;

pub use linked::Note;

/// How much an answer tells of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// To the call that made it.
    Made,
    /// To an inquiry, with where the payment's money stands.
    Inquired,
}

/// Who reads: everything that answers about the same payment differ by. Answers are written later, and hold the engine;
/// notifications are written while the engine commits.
#[derive(Clone)]
pub struct Viewer<E = Arc<Engine>> {
    /// The engine.
    pub engine: E,
    /// Where the reader asked.
    pub mount: Arc<Mount>,
    /// Whose words.
    pub set: Set,
    /// How much a pending payment tells.
    pub pending: PendingCodes,
    /// How times are written.
    pub format: TimestampFormat,
    /// The reader's entity, for payments that were made in another dialect.
    pub entity: String,
}

impl<E: Deref<Target = Engine>> Viewer<E> {
    /// A payment as the transaction that it began with.
    pub fn payment(&self, payment: &Payment, detail: Detail) -> Body {
        self.payment_with(payment, &self.document(&payment.details, payment.dialect), detail)
    }

    /// As [`Viewer::payment`], with what this dialect keeps of it at hand.
    pub fn payment_with(&self, payment: &Payment, document: &Document, detail: Detail) -> Body {
        let event = event::of_payment(payment);
        let attempt = payment.funding().or(payment.last_attempt());
        let code = code(&event, self.coding(payment, document));
        let card = card(attempt, document);
        let is_card = card.is_some();
        Body {
            id: self.print(payment.id, 0),
            referenced_id: None,
            registration_id: attempt.and_then(|attempt| self.registration_of(attempt)),
            payment_type: Some(match payment.capture {
                CaptureMode::Now => "DB",
                CaptureMode::Later => "PA",
                CaptureMode::Never => "CV",
            }),
            payment_brand: brand_of(attempt, document),
            amount: (!document.amount_left_out).then(|| amounts::printed(payment.asked)),
            currency: (!document.amount_left_out).then(|| payment.asked.asset().code()),
            descriptor: Some(self.descriptor(payment.merchant, &payment.details)),
            merchant_transaction_id: Some(payment.details.reference.clone()).filter(|text| !text.is_empty()),
            merchant_invoice_id: Some(document.invoice.clone()).filter(|text| !text.is_empty()),
            result: ResultBody::of(code, self.set),
            result_details: Some(details(&event, attempt)),
            card,
            echo: with_network_id(&document.echo, attempt),
            three_d_secure: attempt.and_then(secure::body),
            redirect: self.redirect(payment),
            risk: is_card.then_some(Risk { score: "100" }),
            summary: (detail == Detail::Inquired).then(|| summary(payment)),
            build_number: BUILD_NUMBER,
            timestamp: stamp::timestamp(changed_at(payment.created_at, attempt), self.format),
            ndc: match document.checkout {
                Some(_) => checkout::print_id(&self.engine, payment.id, self.mount.profile),
                None => stamp::ndc_of(&self.engine, &document.entity, payment.id, 0),
            },
            payments: None,
        }
    }

    /// A payout, made here or a withdrawal of another dialect.
    pub fn payout(&self, withdrawal: &Withdrawal, detail: Detail) -> Body {
        let document = self.document(&withdrawal.details, withdrawal.dialect);
        let event = event::of_withdrawal(withdrawal);
        let payout = withdrawal.payout.as_ref();
        let coding =
            Coding { set: self.set, pending: self.pending, mode: withdrawal.mode, test_mode: document.test_mode };
        let to_card = withdrawal.plan.as_ref().and_then(|plan| plan.destination.card.as_ref());
        let method = withdrawal.plan.as_ref().map(|plan| plan.route.code.to_uppercase());
        let brand = match (document.brand.as_str(), to_card) {
            ("", Some(card)) => Some(brand::name(card.brand).to_owned()),
            ("", None) => method,
            (brand, _) => Some(brand.to_owned()),
        };
        let zero = amounts::printed(Money::zero(withdrawal.asked.asset()));
        Body {
            id: self.print(withdrawal.id, 0),
            referenced_id: None,
            registration_id: Some(document.registration.clone()).filter(|id| !id.is_empty()),
            payment_type: Some("CD"),
            payment_brand: brand,
            amount: Some(amounts::printed(withdrawal.asked)),
            currency: Some(withdrawal.asked.asset().code()),
            descriptor: Some(self.descriptor(withdrawal.merchant, &withdrawal.details)),
            merchant_transaction_id: Some(withdrawal.details.reference.clone()).filter(|text| !text.is_empty()),
            merchant_invoice_id: Some(document.invoice.clone()).filter(|text| !text.is_empty()),
            result: ResultBody::of(code(&event, coding), self.set),
            result_details: Some(details(&event, payout)),
            card: to_card.map(|card| card_body(card, &document)),
            echo: document.echo.clone(),
            three_d_secure: None,
            redirect: None,
            risk: to_card.map(|_| Risk { score: "100" }),
            summary: (detail == Detail::Inquired).then(|| Summary {
                state: payout_state(withdrawal),
                authorized: zero.clone(),
                captured: zero.clone(),
                refunded: zero.clone(),
                reversed: zero.clone(),
                charged_back: zero,
            }),
            build_number: BUILD_NUMBER,
            timestamp: stamp::timestamp(changed_at(withdrawal.created_at, payout), self.format),
            ndc: stamp::ndc_of(&self.engine, &document.entity, withdrawal.id, 0),
            payments: None,
        }
    }

    fn coding(&self, payment: &Payment, document: &Document) -> Coding {
        Coding { set: self.set, pending: self.pending, mode: payment.mode, test_mode: document.test_mode }
    }

    /// What this dialect kept with a payment; of another dialect's nothing but who asks.
    pub(super) fn document(&self, details: &Details, dialect: Dialect) -> Document {
        let own = (dialect == Dialect::V3).then(|| Document::of(details)).flatten();
        own.unwrap_or_else(|| Document::blank(&self.entity, &self.mount, self.set))
    }

    fn descriptor(&self, merchant: MerchantId, details: &Details) -> String {
        if !details.descriptor.is_empty() {
            return details.descriptor.clone();
        }
        let directory = self.engine.directory();
        let name = directory.merchant(merchant).map_or("", |merchant| merchant.name.as_str());
        format!("4610.8883.4210 {name}")
    }

    /// Where the payer must go, while that is so.
    fn redirect(&self, payment: &Payment) -> Option<Redirect> {
        let (seq, step) = payment.payer_step()?;
        let reference = Reference { payment: payment.id, sequence: seq.number() };
        let token = self.engine.page_token(REDIRECT_PAGE, reference);
        let url = format!("{}{}/redirect/{token}", self.engine.public_url(), self.mount.path());
        let before = |form: &MethodForm| Precondition {
            origin: "iframe#hidden",
            wait_until: "iframe#onload",
            description: "Hidden iframe post for 3D Secure 2.0",
            method: "POST",
            url: format!("{url}/method"),
            parameters: vec![Parameter { name: "threeDSMethodData", value: form.data.clone() }],
        };
        let preconditions = step.method.iter().map(|form| before(form)).collect();
        Some(Redirect { url, method: "POST", parameters: Vec::new(), preconditions })
    }

    /// The stored card that an attempt was made with.
    fn registration_of(&self, attempt: &Operation) -> Option<String> {
        let id = attempt.means.as_ref()?.registration?;
        Some(self.engine.codec().hex(id.reference()))
    }

    /// An id as this dialect prints it.
    pub fn print(&self, payment: PaymentId, sequence: u16) -> String {
        self.engine.codec().hex(Reference { payment, sequence })
    }
}

fn changed_at(created_at: Timestamp, operation: Option<&Operation>) -> Timestamp {
    operation.map_or(created_at, Operation::changed_at)
}

fn details(event: &Event<'_>, operation: Option<&Operation>) -> ResultDetails {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let cardholder = operation.filter(|operation| operation.has_payer());
    ResultDetails {
        extended_description: event::words(event).into_owned(),
        acquirer_response: operation.and_then(Operation::response).and_then(some),
        connector_id: operation.and_then(|operation| some(&operation.provider_id)),
        auth_code: operation.and_then(|operation| some(&operation.auth_code)),
        clearing_institute_name: operation.map(|operation| operation.route.name.clone()),
        network_id: cardholder.and_then(|operation| some(&operation.network_id)),
    }
}

/// An approved first payment of an agreement tells the id that later ones name.
fn with_network_id(echo: &Arc<Echo>, attempt: Option<&Operation>) -> Arc<Echo> {
    let approved = attempt.filter(|attempt| attempt.status == OperationStatus::Approved && attempt.has_payer());
    let mut echo = echo.clone();
    if let Some(attempt) =
        approved.filter(|attempt| echo.standing_instruction.is_some() && !attempt.network_id.is_empty())
        && let Some(Value::Object(instruction)) = &mut Arc::make_mut(&mut echo).standing_instruction
        && instruction.get("mode").is_some_and(|mode| mode == "INITIAL")
    {
        instruction.insert("initialTransactionId".to_owned(), Value::String(attempt.network_id.clone()));
    }
    echo
}

fn card(attempt: Option<&Operation>, document: &Document) -> Option<CardBody> {
    Some(card_body(attempt?.means.as_ref()?.card.as_ref()?, document))
}

fn card_body(card: &CardSummary, document: &Document) -> CardBody {
    CardBody {
        bin: card.bin.clone(),
        last4_digits: card.last4.clone(),
        holder: document.holder.clone(),
        expiry_month: format!("{:02}", card.expiry.month),
        expiry_year: card.expiry.year.to_string(),
    }
}

/// The name that was sent, else the card's; a page's provider in capitals.
pub(super) fn brand_of(attempt: Option<&Operation>, document: &Document) -> Option<String> {
    if !document.brand.is_empty() {
        return Some(document.brand.clone());
    }
    let attempt = attempt?;
    let means = attempt.means.as_ref()?;
    Some(match (&means.card, means.method) {
        _ if !means.brand.is_empty() => means.brand.clone(),
        (Some(card), _) => brand::name(card.brand).to_owned(),
        (None, Method::Voucher) => "VOUCHER".to_owned(),
        (None, Method::Crypto) => attempt.moved.asset().code().to_owned(),
        (None, Method::Card | Method::BankTransfer | Method::EWallet) => attempt.route.code.to_uppercase(),
    })
}

fn summary(payment: &Payment) -> Summary {
    use florin_kernel::payment::Word;
    let totals = payment.totals();
    let word = match payment.word() {
        Word::Unknown => Word::Pending,
        word => word,
    };
    Summary {
        state: word.text(),
        authorized: amounts::printed(totals.authorised),
        captured: amounts::printed(totals.captured),
        refunded: amounts::printed(totals.refunded),
        reversed: amounts::printed(totals.reversed),
        charged_back: amounts::printed(totals.charged_back),
    }
}

fn payout_state(withdrawal: &Withdrawal) -> &'static str {
    use florin_kernel::withdrawal::Word;
    match withdrawal.word() {
        Word::Created | Word::AwaitingApproval | Word::Approved | Word::Sent | Word::Unknown => "pending",
        word @ (Word::Paid
        | Word::Declined
        | Word::Failed
        | Word::Rejected
        | Word::Cancelled
        | Word::Expired
        | Word::Returned) => word.text(),
    }
}
