//! What a payer can do on a simulated page, and what follows. Pure; the gateway renders the HTML.

use florin_kernel::card::Card;
use florin_kernel::payment::{AuthenticationFailure, Decline};
use florin_kernel::ports::Lane;
use florin_kernel::{Money, Timestamp};

use super::book::Turned;
use super::entry::{CardFacts, Entry, Heard, Letter, PageKind, Standing, Visit};
use super::issuer::Scene;
use super::triggers::{self, Ending, LATE, Manner, Verdict};

/// A page as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which page.
    pub kind: PageKind,
    /// Its path; a request to the other one is sent here.
    pub path: String,
    /// How much is paid, in the currency the provider moves.
    pub amount: Money,
    /// Whether it takes an answer.
    pub state: PageState,
    /// The operation's reference.
    pub reference: String,
    /// The provider account's display name.
    pub account_name: String,
    /// Whose clock it runs by.
    pub lane: Lane,
    /// When it closes.
    pub until: Timestamp,
}

/// Whether a page takes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// It does.
    Open,
    /// It was answered.
    Answered,
    /// Its time is over.
    Expired,
}

/// Which path a form came in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/sim/3ds/{reference}`.
    Challenge,
    /// `/sim/pay/{reference}`.
    Pay,
}

/// A button of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Yes: the amount decides, else the card.
    Approve,
    /// No: a failed authentication on a challenge, else response code 05.
    Decline,
    /// The payer gives up.
    Cancel,
    /// Yes, but told only 30 s later.
    Pending,
}

/// A form that was posted to a page.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The button; without one, filled fields count as approval.
    pub action: Option<Action>,
    /// The card page's card, where its fields could be read.
    pub card: Option<Card>,
    /// The voucher page's code.
    pub voucher_code: Option<String>,
}

/// What a form did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// The page is answered, now or before: the payer goes back to where the payment was made.
    Done,
    /// The payer goes on to another page, at this path.
    Next(String),
    /// Nothing changed; the page is shown again with what is wrong.
    Redraw(Vec<FieldError>),
    /// Nothing changed; the page's time is over.
    Expired,
    /// There is no such page.
    NotFound,
}

/// What is wrong with a field of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A page turned by the payer.
pub(super) struct Turn {
    /// Where it leaves the operation.
    pub(super) after: Turned,
    /// The callbacks that follow.
    pub(super) letters: Vec<Letter>,
}

impl PageKind {
    fn door(self) -> Door {
        match self {
            PageKind::Challenge => Door::Challenge,
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => Door::Pay,
        }
    }
}

impl Page {
    /// The page of an entry that has one.
    pub(super) fn of(entry: &Entry, now: Timestamp) -> Option<Page> {
        let visit = entry.visit.as_ref()?;
        let state = match (&entry.standing, now < visit.until) {
            (Standing::NeedsPayer, true) => PageState::Open,
            (Standing::NeedsPayer, false) => PageState::Expired,
            (Standing::Approved | Standing::Declined(_) | Standing::Cancelled | Standing::Pending { .. }, _) => {
                PageState::Answered
            }
        };
        Some(Page {
            kind: visit.kind,
            path: visit.kind.path(&entry.reference),
            amount: entry.amount,
            state,
            reference: entry.reference.clone(),
            account_name: visit.account_name.clone(),
            lane: entry.lane,
            until: visit.until,
        })
    }
}

/// Decides what a form does to an entry: a turned page, or what to say instead.
pub(super) fn turn(entry: &Entry, door: Door, form: &Form, now: Timestamp) -> Result<Turn, Acted> {
    let visit = entry.visit.as_ref().ok_or(Acted::NotFound)?;
    if entry.standing != Standing::NeedsPayer {
        return Err(Acted::Done);
    }
    // A card form sent twice must not answer the challenge that it led to.
    if visit.kind.door() != door {
        return Err(Acted::Next(visit.kind.path(&entry.reference)));
    }
    if now >= visit.until {
        return Err(Acted::Expired);
    }
    let passed = || visit.challenge.as_ref().map(|challenge| CardFacts { authentication: Some(challenge.passed()) });
    let failed = || visit.challenge.as_ref().map(|challenge| CardFacts { authentication: Some(challenge.failed()) });
    let bank = |verdict, manner| ended(visit, &Ending { verdict, manner }, passed(), now);
    match (form.action, visit.kind) {
        (Some(Action::Cancel), _) => Ok(settled(visit, Standing::Cancelled, None, now)),
        (Some(Action::Pending), _) => Ok(bank(Verdict::Approved, Manner::After(LATE))),
        (Some(Action::Decline), PageKind::Challenge) => {
            let decline = Decline::Authentication(AuthenticationFailure::ChallengeFailed);
            Ok(settled(visit, Standing::Declined(decline), failed(), now))
        }
        (Some(Action::Decline), PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher) => {
            Ok(bank(Verdict::Declined("05".into()), Manner::AtOnce))
        }
        (Some(Action::Approve), PageKind::Challenge | PageKind::Bank | PageKind::Wallet) => {
            Ok(ended(visit, &visit.ending(entry.kind, visit.own.clone()), passed(), now))
        }
        (None, PageKind::Challenge | PageKind::Bank | PageKind::Wallet) => {
            Err(redraw("action", "must be approve, decline, cancel or pending"))
        }
        (Some(Action::Approve) | None, PageKind::Card) => card_entered(entry, visit, form, now),
        (Some(Action::Approve) | None, PageKind::Voucher) => voucher_entered(entry, visit, form, now),
    }
}

fn card_entered(entry: &Entry, visit: &Visit, form: &Form, now: Timestamp) -> Result<Turn, Acted> {
    let card = form.card.as_ref().ok_or_else(|| redraw("card_number", "is required"))?;
    match Scene::of(&card.pan, &visit.circumstances, &entry.reference) {
        Scene::Bank { authentication, own } => {
            Ok(ended(visit, &visit.ending(entry.kind, own), Some(CardFacts { authentication }), now))
        }
        Scene::Refused { failure, authentication } => {
            let facts = CardFacts { authentication: Some(authentication) };
            Ok(settled(visit, Standing::Declined(Decline::Authentication(failure)), Some(facts), now))
        }
        Scene::Challenge { challenge, own } => {
            // The asker counts from the first page, so the challenge cannot outlive it.
            let until = visit.until.min(now + PageKind::Challenge.life());
            let visit = Visit { kind: PageKind::Challenge, until, own, challenge: Some(challenge), ..visit.clone() };
            Ok(Turn { after: Turned { standing: Standing::NeedsPayer, visit, card: None }, letters: Vec::new() })
        }
    }
}

fn voucher_entered(entry: &Entry, visit: &Visit, form: &Form, now: Timestamp) -> Result<Turn, Acted> {
    let own = match (form.voucher_code.as_deref(), form.action) {
        // A test may press the button without the field, as on the other pages.
        (None, Some(_)) => Verdict::Approved,
        (None, None) => return Err(redraw("voucher_code", "is required")),
        (Some(code), _) => match triggers::voucher(code) {
            Some(own) => own,
            None => return Err(redraw("voucher_code", "must have 16 digits")),
        },
    };
    Ok(ended(visit, &visit.ending(entry.kind, own), None, now))
}

fn redraw(field: &'static str, problem: &'static str) -> Acted {
    Acted::Redraw(vec![FieldError { field, problem }])
}

/// The bank ended the operation.
fn ended(visit: &Visit, ending: &Ending, card: Option<CardFacts>, now: Timestamp) -> Turn {
    Turn {
        after: Turned { standing: Standing::after(ending, now), visit: visit.clone(), card },
        letters: Letter::after(ending, Heard::AfterThePage, now),
    }
}

/// The operation ended without a bank.
fn settled(visit: &Visit, standing: Standing, card: Option<CardFacts>, now: Timestamp) -> Turn {
    let letters = vec![Letter { topic: super::entry::Topic::Outcome, due: now, times: 1 }];
    Turn { after: Turned { standing, visit: visit.clone(), card }, letters }
}
