//! A payout as it was asked for, and the place that its money goes to.

use florin_engine::vault::CardRefusal;
use florin_kernel::card::{Card, Expiry};
use florin_kernel::payment::{Dialect, Payer, State};
use florin_kernel::ports::Payee;
use florin_kernel::{Asset, Transaction};

use super::super::auth::Caller;
use super::super::bank::BankAccount;
use super::super::brands::{self, Mode};
use super::super::document::Document;
use super::super::errors::{Problem, Rule};
use super::super::fields::{Complaint, Fields, Reader, number, one_of, text};
use super::super::request::{self, Reading, expiry_month, expiry_year, is_past};
use super::super::state::{IdType, TsState};
use super::super::{amounts, tokens, urls};
use super::card_payee;

const KINDS: &[(&str, ())] = &[("PO", ())];
/// The card's names, the contract's first.
const NUMBER: &[&str] = &["cardNumber", "card.number"];
const MONTH: &[&str] = &["cardExpMonth", "card.expiryMonth"];
const YEAR: &[&str] = &["cardExpYear", "card.expiryYear"];
const HOLDER: &[&str] = &["cardHolderName", "card.holder"];

/// A payout as it was asked for.
pub struct Order {
    /// The merchant's reference.
    pub reference: String,
    /// How much, as it was sent.
    pub amount: String,
    /// Of what; none: as the payment that it refers to.
    pub currency: Option<Asset>,
    /// Where to.
    pub target: Target,
    /// The terminal that was named.
    pub terminal_id: Option<String>,
    /// Where notifications go; empty: to the member's default.
    pub webhook: String,
    /// Who gets it.
    pub payer: Payer,
    /// What is kept for answers; number, terminal, mode and brand are to come.
    pub document: Document,
}

/// Where a payout goes.
pub enum Target {
    /// To the card of a captured payment.
    Payment(String),
    /// To a stored card.
    Token(String),
    /// To a card that came with the request.
    Card(Card),
    /// To a bank account.
    Bank(BankAccount),
}

/// The place, looked up.
pub struct Place {
    /// Who gets it.
    pub payee: Payee,
    /// The card, if it is one.
    pub card: Option<Card>,
    /// Card or bank.
    pub mode: Mode,
    /// The brand's name.
    pub brand: String,
    /// What the payment was made in that it refers to.
    pub currency: Option<Asset>,
}

impl Order {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Problem::Fields`] with everything that is wrong.
    pub fn read(fields: &Fields, reading: Reading<'_>) -> Result<Order, Problem> {
        let mut reader = Reader::new(fields);
        let reference = reader.require("merchantTransactionId", text(100));
        let currency = match fields.get("paymentId") {
            Some(_) => reader.read("currency", amounts::currency),
            None => reader.require("currency", amounts::currency),
        };
        let amount = reader.require("amount", amounts::text);
        if let (Some(currency), Some(amount)) = (currency, amount)
            && let Err(complaint) = amounts::amount(amount, currency)
        {
            reader.fault("amount", complaint);
        }
        reader.read("paymentType", one_of(KINDS));
        reader.read("merchant.email", text(100));
        reader.read("bankAccount.transferType", text(32));
        let target = target(&mut reader, reading);
        let terminal_id = reader.read("authentication.terminalId", number(6));
        let mut document = request::document(&mut reader);
        let payer = request::payer(&mut reader, &mut document);
        let webhook = reader.read("notificationUrl", urls::notification_url(reading.mode)).unwrap_or_default();
        reader.finish()?;
        Ok(Order {
            reference: reference.ok_or(Problem::Fault)?,
            amount: amount.ok_or(Problem::Fault)?.to_owned(),
            currency,
            target: target.ok_or(Problem::Fault)?,
            terminal_id,
            webhook,
            payer,
            document,
        })
    }
}

/// The place, in the contract's order where several are named.
fn target(reader: &mut Reader<'_>, reading: Reading<'_>) -> Option<Target> {
    if reader.fields.get("paymentId").is_some() {
        return reader.read("paymentId", text(100)).map(Target::Payment);
    }
    if reader.fields.get("registrationId").is_some() {
        return reader.read("registrationId", text(100)).map(Target::Token);
    }
    if reader.fields.first(NUMBER).is_some() {
        return card(reader, reading).map(Target::Card);
    }
    if BankAccount::is_named(reader) {
        return BankAccount::read(reader, reading.mode).map(Target::Bank);
    }
    let reason = "or registrationId, cardNumber or bankAccount.* is missing";
    reader.fault("paymentId", Complaint::new(Rule::Missing, reason));
    None
}

fn card(reader: &mut Reader<'_>, reading: Reading<'_>) -> Option<Card> {
    let pan = required(reader, NUMBER, request::pan);
    let month = required(reader, MONTH, expiry_month);
    let year = required(reader, YEAR, expiry_year);
    let holder = reader.read_any(HOLDER, text(100)).unwrap_or_default();
    let expiry = Expiry { month: month?, year: year? };
    if reading.mode == florin_kernel::payment::Mode::Live && is_past(expiry, reading.today) {
        reader.fault("cardExpYear", Complaint::new(Rule::Range, "is in the past"));
    }
    Some(Card { holder, pan: pan?, cvc: None, expiry, cryptogram: None })
}

fn required<'f, T>(
    reader: &mut Reader<'f>,
    names: &[&'static str],
    rule: impl FnOnce(&'f str) -> Result<T, Complaint>,
) -> Option<T> {
    if reader.fields.first(names).is_none() {
        reader.missing(names[0]);
    }
    reader.read_any(names, rule)
}

impl Target {
    /// Looks the place up.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a payment or token that is nobody's or somebody else's; [`Problem::NotPermitted`].
    pub async fn find(&self, state: &TsState, caller: &Caller) -> Result<Place, Problem> {
        match self {
            Target::Payment(id) => of_payment(state, caller, id).await,
            Target::Token(id) => Ok(to_card(tokens::open(state, caller, id).await?.card)),
            Target::Card(card) => Ok(to_card(card.clone())),
            Target::Bank(account) => Ok(Place {
                payee: account.payee(),
                card: None,
                mode: Mode::Nb,
                brand: account.brand.to_owned(),
                currency: None,
            }),
        }
    }
}

fn to_card(card: Card) -> Place {
    let brand = brands::name(card.pan.brand()).unwrap_or("CARD").to_owned();
    Place { payee: card_payee(&card), card: Some(card), mode: Mode::Cc, brand, currency: None }
}

/// The card of a captured payment, as far as it was kept.
async fn of_payment(state: &TsState, caller: &Caller, id: &str) -> Result<Place, Problem> {
    let not_possible = |reason: &str| Problem::NotPermitted(format!("payout not possible: {reason}").into());
    let (transaction, _) = state.find(caller, id, IdType::Ours).await?;
    let Transaction::Payment(payment) = transaction else { return Err(Problem::NotFound) };
    match &payment.state {
        State::Funded(funds) if !funds.captured.is_zero() => {}
        State::Funded(_)
        | State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => return Err(not_possible("the payment is not captured")),
    }
    let means = payment.funding().and_then(|attempt| attempt.means.as_ref());
    let kept = means.and_then(|means| means.registration).filter(|_| payment.dialect == Dialect::TransactionServices);
    let kept = kept.ok_or_else(|| not_possible("the card of the payment was not kept"))?;
    let opened = state.engine.open_card(caller.owner(), Dialect::TransactionServices, kept).await;
    let opened = opened.map_err(|refusal| match refusal {
        CardRefusal::Store(error) => error.into(),
        CardRefusal::NotFound | CardRefusal::Pending | CardRefusal::Declined | CardRefusal::Deleted => {
            not_possible("the card of the payment was deleted")
        }
    })?;
    Ok(Place { currency: Some(payment.asked.asset()), ..to_card(opened.card) })
}
