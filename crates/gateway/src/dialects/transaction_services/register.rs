//! `POST registrations`: a card is stored for later (contract, section 8.8). Where a provider can ask the card's bank without taking money,
//! it is asked first; that is a payment of nothing, which no list shows.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::vault::{NewRegistration, OnFile, RenderCard, StoredCard};
use florin_engine::{Answer, ClaimKind, ClaimRequest, Earlier, Needs, NewPayment, Render, Reuse, StartError};
use florin_kernel::card::{Card, CardSummary};
use florin_kernel::payment::{
    Authenticate, CaptureMode, Circumstances, Decline, Dialect, Ending, Payment, Presence, State,
};
use florin_kernel::ports::Lane;
use florin_kernel::registration::Word;
use florin_kernel::routing::{Candidate, CardFacts, Choice, Facts, Method, NoRoute, RuleOperation};
use florin_kernel::{Asset, Money, RegistrationId};
use serde::Serialize;

use super::auth::Caller;
use super::bank::BankAccount;
use super::brands::{MODES, Mode};
use super::codes::ResultBody;
use super::content::content;
use super::document::Document;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Fields, Reader, number, one_of, text};
use super::pay::blank;
use super::request::{self, Account, Keep, Kind, Purchase, Reading, card_brand};
use super::settings::{DeclineCode, Terminal};
use super::standing::of_decline;
use super::state::{Asked, TsState};
use super::terminals::{self, Wanted};
use super::view::card_body;
use super::wire::{self, CardBody, Told, timestamp};
use super::{amounts, customers, references, tokens};
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;

/// What a card is asked about in where nothing says so.
const CURRENCY: &str = "USD";

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    member_id: String,
    payment_brand: String,
    payment_mode: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    customer_id: String,
    card: CardBody,
    result: ResultBody,
    timestamp: String,
}

/// A card to store.
#[derive(Clone)]
struct New {
    card: Card,
    brand: String,
    currency: Option<Asset>,
    terminal_id: Option<String>,
    payer: florin_kernel::payment::Payer,
    document: Document,
}

/// So often is looked again whether a card was stored meanwhile.
const TURNS_MAX: u32 = 16;

/// Stores a card, or finds that it is stored.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn register(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    if fields.get("card.number").is_none() && BankAccount::is_named(&Reader::new(&fields)) {
        // The vault keeps cards only.
        return Err(Problem::NotEnabled);
    }
    let new = read(&fields, state.reading(&caller))?;
    caller.may(&[Permission::Deposits, Permission::S2sCards])?;
    let digest = state.engine.digest(&[&content("registration", "", &fields)]);
    let keys: Vec<ClaimRequest> =
        idempotency_key.map(|text| references::key_claim(&caller, &text)).into_iter().collect();
    let (member, brand) = (caller.settings.member_id.clone(), new.brand.clone());
    let teller = Teller { state: state.clone(), lane: caller.lane, member, brand };
    let customer = Some(new.document.customer.clone()).filter(|number| !number.is_empty());
    let known = match &customer {
        Some(number) => customers::find(state, &caller, number).await.map(|_| ()),
        None => Ok(()),
    };
    let way = known.and_then(|()| terminal(&caller, &new));
    let (terminal, currency) = match way {
        Ok(way) => way,
        Err(problem) => {
            let payment = payment(state, &caller, new, Money::zero(usd()?)).0;
            let render = teller.of_payment();
            return Ok(earlier_or(state.engine.earlier(&payment, &keys, digest, &render).await, problem)?.into());
        }
    };
    let storing = Storing { state, caller: &caller, new, customer, terminal, currency, keys, digest, teller };
    for _ in 0..TURNS_MAX {
        if let Some(told) = Box::pin(storing.once()).await? {
            return Ok(told);
        }
    }
    Err(Problem::Busy)
}

/// A card on its way to be stored.
struct Storing<'a> {
    state: &'a TsState,
    caller: &'a Caller,
    new: New,
    customer: Option<String>,
    terminal: &'a Terminal,
    currency: Asset,
    keys: Vec<ClaimRequest>,
    digest: [u8; 16],
    teller: Teller,
}

impl Storing<'_> {
    /// Finds that the card is stored, or stores it. `None`: another call has stored it in the meantime.
    async fn once(&self) -> Result<Option<Told>, Problem> {
        let (engine, caller, card) = (&self.state.engine, self.caller, &self.new.card);
        // Before the card itself is looked for: a call that stores it after that look is met at the claim.
        let turn = self.turn().await?;
        let render = self.teller.clone().of_payment();
        let (payment, _) = payment(self.state, caller, self.new.clone(), Money::zero(self.currency));
        if let Some(stored) = stored_already(self.state, caller, card, self.customer.as_deref()).await? {
            let told = self.teller.stored(&stored);
            // A copy is told what the first one was.
            return match engine.earlier(&payment, &self.keys, self.digest, &render).await? {
                Some(Earlier::Replay(reply)) => Ok(Some(reply.into())),
                Some(Earlier::Taken(kind)) => Err(kind.into()),
                None => references::keep(engine, caller, &self.keys, self.digest, told).await.map(Some),
            };
        }
        let claims = self.keys.iter().cloned().chain(turn).collect();
        let made = match verifier(self.state, self.terminal, &payment, card) {
            Some(candidate) => engine.start(self.verification(payment, candidate, claims, render)).await,
            None => engine.register(self.registration(claims)).await,
        };
        match made {
            Ok(reply) => Ok(Some(reply.into())),
            Err(StartError::Taken(ClaimKind::Reference)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What only one call at a time can take, for one card of one customer: to be the next after the newest that was stored. The second
    /// claim leads to that one.
    async fn turn(&self) -> Result<[ClaimRequest; 2], Problem> {
        let (engine, card) = (&self.state.engine, &self.new.card);
        let expiry = format!("{:02}/{}", card.expiry.month, card.expiry.year);
        let customer = self.customer.as_deref().unwrap_or_default();
        let same: [&[u8]; 4] = [b"stored card", card.pan.expose().as_bytes(), expiry.as_bytes(), customer.as_bytes()];
        let text = format!("{:032x}", u128::from_be_bytes(engine.digest(&same)));
        let within = |text: String, what: &str| {
            ClaimRequest::reference(text).within(format!("{} {what}", self.caller.settings.member_id))
        };
        let trail = within(text.clone(), "stored card").reused(Reuse::Always);
        let newest = engine.referenced(self.caller.owner(), Dialect::TransactionServices, &trail, 1).await?;
        let newest = newest.first().map(|newest| newest.payment);
        if let Some(newest) = newest {
            // Its bank may still be asked; of a card that was stored without there is no payment.
            let _ = engine.settled(newest, 0).await;
        }
        let after = newest.map(|newest| newest.to_string()).unwrap_or_default();
        Ok([within(format!("{text} {after}"), "card to store"), trail])
    }

    /// The card's bank is asked about it.
    fn verification(
        &self,
        mut payment: Payment,
        candidate: Candidate,
        claims: Vec<ClaimRequest>,
        render: Render,
    ) -> NewPayment {
        if let Some(mut document) = Document::of(&payment.details) {
            document.terminal.clone_from(&self.terminal.terminal_id);
            payment.details.echo = document.text();
        }
        NewPayment {
            payment: Box::new(payment),
            claims,
            digest: self.digest,
            candidate,
            method: Method::Card,
            brand: String::new(),
            circumstances: Circumstances {
                authenticate: Authenticate::Never,
                presence: Presence::Payer,
                simulated: None,
            },
            card: Some(self.new.card.clone()),
            on_file: OnFile::Keep { customer: self.customer.clone() },
            render,
        }
    }

    /// Nobody is asked.
    fn registration(&self, claims: Vec<ClaimRequest>) -> NewRegistration {
        let teller = self.teller.clone();
        let render: RenderCard = Arc::new(move |stored| Answer { status: 200, body: teller.stored(stored) });
        NewRegistration {
            owner: self.caller.owner(),
            dialect: Dialect::TransactionServices,
            customer: self.customer.clone(),
            card: self.new.card.clone(),
            claims,
            digest: self.digest,
            render,
            announce: None,
        }
    }
}

fn usd() -> Result<Asset, Problem> {
    Asset::currency(CURRENCY).ok_or(Problem::Fault)
}

fn read(fields: &Fields, reading: Reading<'_>) -> Result<New, Problem> {
    let mut reader = Reader::new(fields);
    let mode = reader.read("paymentMode", one_of(MODES)).unwrap_or(Mode::Cc);
    if mode != Mode::Cc {
        reader.fault("paymentMode", Complaint::new(Rule::Value, "must be CC"));
    }
    let sent = reader.read("paymentBrand", text(32));
    let card = request::card(&mut reader, reading);
    let brand = card.as_ref().map(|card| card_brand(&mut reader, &card.pan, sent, reading.settings.strict_brand));
    let currency = reader.read("currency", amounts::currency);
    let terminal_id = reader.read("authentication.terminalId", number(6));
    let mut document = request::document(&mut reader);
    let payer = request::payer(&mut reader, &mut document);
    reader.finish()?;
    let (card, brand) = (card.ok_or(Problem::Fault)?, brand.ok_or(Problem::Fault)?);
    document.holder = florin_kernel::card::without_numbers(&card.holder);
    document.mode = Some(Mode::Cc);
    document.brand.clone_from(&brand);
    document.registered = true;
    Ok(New { card, brand, currency, terminal_id, payer, document })
}

/// The terminal that takes the card, and what it is asked about in.
fn terminal<'c>(caller: &'c Caller, new: &New) -> Result<(&'c Terminal, Asset), Problem> {
    let usd = usd()?;
    let fits = |terminal: &'c Terminal| {
        let currency = new.currency.or(terminal.currency()).unwrap_or(usd);
        let wanted = Wanted { terminal_id: new.terminal_id.as_deref(), currency, mode: Mode::Cc, brand: &new.brand };
        terminals::find(std::slice::from_ref(terminal), wanted).map(|_| (terminal, currency))
    };
    let all = &caller.settings.terminals;
    let default = all.iter().filter(|terminal| terminal.default).find_map(fits);
    default.or_else(|| all.iter().find_map(fits)).ok_or(Problem::NoTerminal)
}

/// The same card of the same customer, if it can be charged.
async fn stored_already(
    state: &TsState,
    caller: &Caller,
    card: &Card,
    customer: Option<&str>,
) -> Result<Option<StoredCard>, Problem> {
    let all = state.engine.registrations_of_card(caller.owner(), Dialect::TransactionServices, &card.pan).await?;
    for stored in all {
        let registration = &stored.registration;
        let same = registration.customer.as_deref() == customer && registration.card.expiry == card.expiry;
        if stored.word != Word::Active || !same {
            continue;
        }
        // One that a payment keeps for itself is no token of the merchant's.
        let first = tokens::first_document(state, caller, registration).await?;
        if first.is_none_or(|first| first.registered) {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

/// The payment of nothing that asks about a card.
fn payment(state: &TsState, caller: &Caller, new: New, nothing: Money) -> (Payment, Card) {
    let purchase = Purchase {
        kind: Kind::Preauthorisation,
        amount: nothing,
        mode: Mode::Cc,
        brand: new.brand,
        account: Account::Page,
        reference: None,
        terminal_id: None,
        return_url: String::new(),
        webhook: String::new(),
        payer: new.payer,
        authenticate: Authenticate::Never,
        presence: Presence::Payer,
        keep: Keep::Yes,
        installments: 1,
        document: new.document,
    };
    let payment = blank(state, caller, &purchase);
    let details = florin_kernel::payment::Details { echo: purchase.document.text(), ..payment.details };
    (Payment { capture: CaptureMode::Never, details, ..payment }, new.card)
}

/// Who asks the card's bank, if anybody can.
fn verifier(state: &TsState, terminal: &Terminal, payment: &Payment, card: &Card) -> Option<Candidate> {
    let payer = &payment.details.payer;
    let directory = state.engine.directory();
    let blocked = directory
        .merchant(payment.merchant)
        .is_some_and(|merchant| payer.ip.is_some_and(|ip| is_in(&merchant.blocked_payers, ip)));
    if blocked {
        return None;
    }
    let facts = Facts {
        payment: payment.id,
        attempt: 0,
        merchant: payment.merchant,
        mode: payment.mode,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        amount: payment.asked,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
        card: CardFacts::of(&card.pan),
    };
    let choice = || terminal.route.map_or(Choice::Rules, Choice::Named);
    match state.engine.route(&facts, choice(), Needs::Verification) {
        // It asks about a card, whatever amount the provider would take.
        Err(NoRoute::Amount { min, .. }) => {
            state.engine.route(&Facts { amount: min, ..facts }, choice(), Needs::Verification).ok()
        }
        routed => routed.ok(),
    }
}

/// Writes answers.
#[derive(Clone)]
struct Teller {
    state: TsState,
    lane: Lane,
    member: String,
    brand: String,
}

impl Teller {
    fn of_payment(self) -> Render {
        Arc::new(move |payment| Answer { status: 200, body: self.verified(payment) })
    }

    /// A card that was asked about.
    fn verified(&self, payment: &Payment) -> String {
        let attempt = payment.funding().or(payment.last_attempt());
        let means = attempt.and_then(|attempt| attempt.means.as_ref());
        let document = Document::of(&payment.details).unwrap_or_else(|| Document::numbered(""));
        let id = means.and_then(|means| means.registration);
        let card = means.and_then(|means| means.card.as_ref());
        let (status, result) = match &payment.state {
            State::Funded(_) => ("active", ResultBody::of("00003")),
            State::Ended(ending) => ("failed", failed(ending)),
            State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => {
                ("pending", ResultBody::of("00002"))
            }
        };
        let result = match attempt.and_then(florin_kernel::payment::Operation::response) {
            Some(code) if status == "failed" => result.with_bank(code),
            Some(_) | None => result,
        };
        self.body(id.filter(|_| status != "failed"), document.customer, card, (status, result))
    }

    /// A card that is stored.
    fn stored(&self, stored: &StoredCard) -> String {
        let registration = &stored.registration;
        let customer = registration.customer.clone().unwrap_or_default();
        let told = ("active", ResultBody::of("00003"));
        self.body(Some(registration.id), customer, Some(&registration.card), told)
    }

    fn body(
        &self,
        id: Option<RegistrationId>,
        customer_id: String,
        card: Option<&CardSummary>,
        (status, result): (&'static str, ResultBody),
    ) -> String {
        let id = id.map(|id| tokens::printed(&self.state, id));
        let now = self.state.engine.now(self.lane);
        wire::text(&RegistrationBody {
            registration_id: id.clone(),
            id,
            member_id: self.member.clone(),
            payment_brand: self.brand.clone(),
            payment_mode: "CC",
            status,
            customer_id,
            card: card.map(|card| card_body(card, "")).unwrap_or_default(),
            result,
            timestamp: timestamp(now),
        })
    }
}

/// Why a card was not stored.
fn failed(ending: &Ending) -> ResultBody {
    let reason = match ending {
        Ending::Declined(Decline::Provider)
        | Ending::Failed
        | Ending::Expired
        | Ending::Cancelled
        | Ending::Voided
        | Ending::AuthorisationExpired => None,
        Ending::Declined(decline) => Some(of_decline(decline, DeclineCode::Iso).description),
    };
    match reason {
        Some(reason) => ResultBody::saying("10003", format!("Registration failed: {reason}")),
        None => ResultBody::of("10003"),
    }
}
