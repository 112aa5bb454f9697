//! A payment or payout as this dialect shows it (contract, sections 8.2 and 8.6).

use std::ops::Deref;
use std::sync::Arc;

use florin_engine::Engine;
use florin_kernel::card::{Brand, CardSummary};
use florin_kernel::payment::{CaptureMode, Details, Dialect, Operation, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::Method;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, Money};

use super::amounts;
use super::brands::{self, Mode};
use super::codes::ResultBody;
use super::document::{Document, Recurring};
use super::redirect::{STEP, step_url};
use super::standing::{Standing, Wording, of_payment, of_withdrawal};
use super::wire::{CardBody, CustomerBody, Inquired, Parameter, PaymentBody, Redirect, timestamp};

/// How much an answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// To the call that made it.
    Made,
    /// To an inquiry.
    Inquired,
}

/// Who reads. Answers are written later, and hold the engine; notifications are written while the engine commits.
#[derive(Clone)]
pub struct Viewer<E = Arc<Engine>> {
    /// The engine.
    pub engine: E,
    /// What the member has set about words.
    pub wording: Wording,
}

impl<E: Deref<Target = Engine>> Viewer<E> {
    /// A payment; `document` is what is known of it here.
    pub fn payment(&self, payment: &Payment, document: &Document, detail: Detail) -> PaymentBody {
        let Standing { long, short, result } = of_payment(payment, self.wording);
        let attempt = payment.funding().or(payment.last_attempt());
        let result = match attempt.and_then(Operation::response) {
            Some(code) if result.bank_code.is_none() => result.with_bank(code),
            Some(_) | None => result,
        };
        let card = attempt.and_then(card_of).map(|card| card_body(card, &document.holder));
        let totals = payment.totals();
        let inquired = |result: &ResultBody| Inquired {
            captured: amounts::printed(totals.captured),
            refunded: amounts::printed(totals.refunded),
            charged_back: amounts::printed(totals.charged_back),
            result: ResultBody::of("00026"),
            outcome: result.clone(),
        };
        let payer = &payment.details.payer;
        PaymentBody {
            payment_id: document.number.clone(),
            initial_payment_id: match &document.recurring {
                Some(Recurring::Repeats(number)) => Some(number.clone()),
                Some(Recurring::Initial) | None => None,
            },
            payment_type: match payment.capture {
                CaptureMode::Now => "DB",
                CaptureMode::Later | CaptureMode::Never => "PA",
            },
            payment_brand: brand_of(attempt, document),
            payment_mode: mode_of(attempt, document),
            first_name: payer.first_name.clone(),
            last_name: payer.last_name.clone(),
            amount: amounts::printed(payment.asked),
            currency: payment.asked.asset().code(),
            tmpl_amount: document.tmpl_amount.clone(),
            tmpl_currency: document.tmpl_currency.clone(),
            descriptor: self.descriptor(payment),
            merchant_transaction_id: payment.details.reference.clone(),
            registration_id: attempt
                .filter(|_| document.registered && !payment.ended_without_money())
                .and_then(|attempt| self.registration(attempt)),
            status: long,
            transaction_status: short,
            remark: remark(payment, &result),
            inquired: (detail == Detail::Inquired).then(|| inquired(&result)),
            result: (detail == Detail::Made).then_some(result),
            eci: eci(payment, attempt),
            bank_reference_id: attempt.map(bank_reference).unwrap_or_default(),
            card,
            customer: customer(&payment.details, document),
            terminal_id: document.terminal.clone(),
            timestamp: timestamp(self.engine.now(Lane::of(payment.merchant, payment.mode))),
            redirect: self.redirect(payment, document),
        }
    }

    /// A payout, made here or a withdrawal of another dialect.
    pub fn payout(&self, withdrawal: &Withdrawal, document: &Document) -> PaymentBody {
        let Standing { long, short, result } = of_withdrawal(withdrawal, self.wording.decline_code);
        let plan = withdrawal.plan.as_ref();
        let card = plan.and_then(|plan| plan.destination.card.as_ref());
        let brand = match card {
            _ if !document.brand.is_empty() => Some(document.brand.clone()),
            Some(card) => brands::name(card.brand).map(ToOwned::to_owned),
            None => plan.map(|plan| plan.route.code.to_uppercase()),
        };
        let none = amounts::printed(Money::zero(withdrawal.asked.asset()));
        let payer = &withdrawal.details.payer;
        PaymentBody {
            payment_id: document.number.clone(),
            initial_payment_id: None,
            payment_type: "PO",
            payment_brand: brand,
            payment_mode: document.mode.map(Mode::text).or(card.map(|_| "CC")),
            first_name: payer.first_name.clone(),
            last_name: payer.last_name.clone(),
            amount: amounts::printed(withdrawal.asked),
            currency: withdrawal.asked.asset().code(),
            tmpl_amount: String::new(),
            tmpl_currency: String::new(),
            descriptor: self.descriptor(withdrawal),
            merchant_transaction_id: withdrawal.details.reference.clone(),
            registration_id: None,
            status: long,
            transaction_status: short,
            remark: result.description.to_string(),
            result: None,
            card: card.map(|card| card_body(card, &document.holder)),
            customer: customer(&withdrawal.details, document),
            eci: String::new(),
            bank_reference_id: withdrawal.payout.as_ref().map(bank_reference).unwrap_or_default(),
            terminal_id: document.terminal.clone(),
            timestamp: timestamp(self.engine.now(Lane::of(withdrawal.merchant, withdrawal.mode))),
            inquired: Some(Inquired {
                captured: none.clone(),
                refunded: none.clone(),
                charged_back: none,
                result: ResultBody::of("00026"),
                outcome: result,
            }),
            redirect: None,
        }
    }

    /// What stands on the payer's statement.
    fn descriptor(&self, of: &impl Aggregate) -> String {
        let kept = &of.details().descriptor;
        if !kept.is_empty() {
            return kept.clone();
        }
        let directory = self.engine.directory();
        directory.merchant(of.merchant()).map(|merchant| merchant.name.clone()).unwrap_or_default()
    }

    /// Where the payer must go, while that is so; in another dialect's payment the payer is that dialect's.
    fn redirect(&self, payment: &Payment, document: &Document) -> Option<Redirect> {
        let (seq, _) = payment.payer_step().filter(|_| payment.dialect == Dialect::TransactionServices)?;
        let token = self.engine.page_token(STEP, Reference { payment: payment.id, sequence: seq.number() });
        let base = self.engine.public_url();
        let parameters = vec![
            Parameter { name: "xid", value: document.number.clone() },
            Parameter { name: "TermUrl", value: format!("{base}/transaction/3DReturn/{token}") },
        ];
        Some(Redirect {
            url: step_url(&self.engine, payment, seq),
            method: "POST",
            target: "_self",
            listof_parameters: parameters.clone(),
            parameters,
        })
    }

    /// The card that was kept with an attempt, or that it charged.
    pub fn registration(&self, attempt: &Operation) -> Option<String> {
        let id = attempt.means.as_ref()?.registration?;
        Some(self.engine.codec().hex(id.reference()))
    }
}

/// What is known here of a transaction of another dialect: its number alone, the rest is read from the core.
pub fn foreign(number: String) -> Document {
    Document::numbered(number)
}

fn card_of(attempt: &Operation) -> Option<&CardSummary> {
    attempt.means.as_ref()?.card.as_ref()
}

/// A card as answers show it.
pub fn card_body(card: &CardSummary, holder: &str) -> CardBody {
    CardBody {
        bin: card.bin.clone(),
        last4: card.last4.clone(),
        last_four_digits: card.last4.clone(),
        holder: holder.to_owned(),
        expiry_month: format!("{:02}", card.expiry.month),
        expiry_year: card.expiry.year.to_string(),
    }
}

fn customer(details: &Details, document: &Document) -> CustomerBody {
    CustomerBody { email: details.payer.email.clone(), id: document.customer.clone() }
}

/// The brand's name: as it was settled when it was made, else what the core knows.
pub fn brand_of(attempt: Option<&Operation>, document: &Document) -> Option<String> {
    if !document.brand.is_empty() {
        return Some(document.brand.clone());
    }
    let attempt = attempt?;
    let means = attempt.means.as_ref()?;
    Some(match (&means.card, means.method) {
        _ if !means.brand.is_empty() => means.brand.clone(),
        (Some(card), _) => brands::name(card.brand)?.to_owned(),
        (None, Method::Voucher) => "VOUCHER".to_owned(),
        (None, Method::Crypto) => attempt.moved.asset().code().to_owned(),
        (None, Method::Card | Method::BankTransfer | Method::EWallet) => attempt.route.code.to_uppercase(),
    })
}

/// How it is paid.
pub fn mode_of(attempt: Option<&Operation>, document: &Document) -> Option<&'static str> {
    document.mode.map(Mode::text).or_else(|| Some(Mode::word(attempt?.means.as_ref()?.method)))
}

/// The issuer's code of a yes, else the provider's id.
pub fn bank_reference(operation: &Operation) -> String {
    match operation.auth_code.is_empty() {
        true => operation.provider_id.clone(),
        false => operation.auth_code.clone(),
    }
}

/// The electronic commerce indicator: that of the authentication, else that of a card payment without one.
pub fn eci(payment: &Payment, attempt: Option<&Operation>) -> String {
    let Some((attempt, card)) = attempt.and_then(|attempt| Some((attempt, card_of(attempt)?))) else {
        return String::new();
    };
    let known = attempt.authenticated().map(|known| known.eci.clone()).unwrap_or_default();
    match (known.is_empty(), payment.funding().is_some()) {
        (false, _) => known,
        (true, false) => String::new(),
        (true, true) if card.brand == Brand::Mastercard => "00".to_owned(),
        (true, true) => "07".to_owned(),
    }
}

/// Where it stands, in words.
pub fn remark(payment: &Payment, result: &ResultBody) -> String {
    use florin_kernel::payment::Word;
    match payment.word() {
        Word::Authorised | Word::PartiallyCaptured | Word::Captured => "Approved".to_owned(),
        Word::PartiallyRefunded | Word::Refunded => "Refunded".to_owned(),
        Word::ChargedBack => "Charged back".to_owned(),
        Word::Voided | Word::AuthorisationExpired => "Cancelled".to_owned(),
        Word::Created
        | Word::PendingPayer
        | Word::Pending
        | Word::Unknown
        | Word::Declined
        | Word::Failed
        | Word::Cancelled
        | Word::Expired => result.description.to_string(),
    }
}
