//! What the simulator writes down and does about a call, before the book has its say. Pure.

use florin_kernel::Timestamp;
use florin_kernel::card::{Card, Pan};
use florin_kernel::payment::{Circumstances, Decline, OperationKind};
use florin_kernel::ports::Call;
use florin_kernel::routing::{Capabilities, Method};
use jiff::SignedDuration;

use super::entry::{CardFacts, Entry, Heard, Letter, PageKind, Standing, Visit};
use super::issuer::{Challenge, Scene};
use super::triggers::{self, CardStory, Ending, Habit, Manner, Terms, Verdict};

/// A call's consequences.
#[derive(Debug)]
pub(super) struct Plan {
    /// The row.
    pub(super) entry: Entry,
    /// Callbacks to come.
    pub(super) letters: Vec<Letter>,
    /// How the answer reaches the asker.
    pub(super) manner: Manner,
}

/// What a method's simulator can do (cashier contract, section 16).
pub(super) fn capabilities(method: Method) -> Capabilities {
    use OperationKind::{Authorise, Capture, Payout, Refund, Sale, Verify, Void};
    let (operations, takes_cards, has_page) = match method {
        Method::Card => (vec![Sale, Authorise, Verify, Capture, Void, Refund, Payout], true, true),
        Method::BankTransfer | Method::EWallet => (vec![Sale, Refund, Payout], false, true),
        Method::Voucher => (vec![Sale], false, true),
        Method::Crypto => (Vec::new(), false, false),
    };
    Capabilities { operations, takes_cards, takes_vouchers: method == Method::Voucher, has_page }
}

/// Whether a card's issuer asks its payer, which the simulator knows before it is asked.
pub(super) fn challenges(card: &Card, circumstances: &Circumstances) -> bool {
    match Scene::of(&card.pan, circumstances, "") {
        Scene::Challenge { .. } => true,
        Scene::Bank { .. } | Scene::Refused { .. } => false,
    }
}

impl Plan {
    /// What follows from a call.
    pub(super) fn of(call: &Call, now: Timestamp) -> Plan {
        if !capabilities(call.account.method).operations.contains(&call.kind) {
            return Plan::declined(call, Decline::Provider, None, now);
        }
        let terms = Terms { kind: call.kind, asked: call.asked, habit: Habit::of(&call.account) };
        if call.kind == OperationKind::Payout {
            return Plan::payout(call, terms, now);
        }
        match (call.kind.is_attempt(), &call.on) {
            (true, _) => Plan::attempt(call, terms, now),
            (false, Some(_)) => Plan::told(call, terms, Verdict::Approved, None, now),
            (false, None) => Plan::declined(call, Decline::Response("12".into()), None, now),
        }
    }

    fn attempt(call: &Call, terms: Terms, now: Timestamp) -> Plan {
        let has_payer = call.circumstances.has_payer();
        let page = |kind| Plan::page(call, kind, Verdict::Approved, None, terms, now);
        match (call.account.method, &call.card) {
            (Method::Card, Some(card)) => Plan::by_card(call, card, terms, now),
            (Method::Card, None) if has_payer => page(PageKind::Card),
            (Method::BankTransfer, _) if has_payer => page(PageKind::Bank),
            (Method::EWallet, _) if has_payer => page(PageKind::Wallet),
            // On a mandate that the payer gave before.
            (Method::BankTransfer | Method::EWallet, _) => Plan::told(call, terms, Verdict::Approved, None, now),
            (Method::Voucher, _) => match &call.voucher {
                Some(code) => match triggers::voucher(code.expose()) {
                    Some(own) => Plan::told(call, terms, own, None, now),
                    None => Plan::declined(call, Decline::Response("12".into()), None, now),
                },
                None if has_payer => page(PageKind::Voucher),
                None => Plan::declined(call, Decline::Provider, None, now),
            },
            (Method::Card, None) | (Method::Crypto, _) => Plan::declined(call, Decline::Provider, None, now),
        }
    }

    fn by_card(call: &Call, card: &Card, terms: Terms, now: Timestamp) -> Plan {
        match Scene::of(&card.pan, &call.circumstances, &call.reference) {
            Scene::Bank { authentication, own } => {
                Plan::told(call, terms, own, Some(CardFacts { authentication }), now)
            }
            Scene::Challenge { challenge, own } => {
                Plan::page(call, PageKind::Challenge, own, Some(challenge), terms, now)
            }
            Scene::Refused { failure, authentication } => {
                let facts = CardFacts { authentication: Some(authentication) };
                Plan::declined(call, Decline::Authentication(failure), Some(facts), now)
            }
        }
    }

    /// No payer is present, so a card that would ask for a challenge is paid; it decides like any other after the amount.
    fn payout(call: &Call, terms: Terms, now: Timestamp) -> Plan {
        let Some(payee) = &call.payee else { return Plan::declined(call, Decline::Provider, None, now) };
        let own = match call.account.method {
            Method::Card => match Pan::parse(payee.number.expose()) {
                Ok(pan) => CardStory::of(&pan).own,
                Err(_) => return Plan::declined(call, Decline::Response("14".into()), None, now),
            },
            Method::BankTransfer | Method::EWallet | Method::Voucher | Method::Crypto => Verdict::Approved,
        };
        let Ending { verdict, manner } = terms.ending(own);
        let is_slow = manner == Manner::AtOnce && call.payout_takes > SignedDuration::ZERO;
        let manner = if is_slow { Manner::After(call.payout_takes) } else { manner };
        Plan::ended(call, Ending { verdict, manner }, None, now)
    }

    /// The bank decides without the payer.
    fn told(call: &Call, terms: Terms, own: Verdict, card: Option<CardFacts>, now: Timestamp) -> Plan {
        Plan::ended(call, terms.ending(own), card, now)
    }

    fn ended(call: &Call, ending: Ending, card: Option<CardFacts>, now: Timestamp) -> Plan {
        let letters = Letter::after(&ending, Heard::InTheAnswer, now);
        let entry = Entry { card, ..Entry::new(call, Standing::after(&ending, now), None, now) };
        Plan { entry, letters, manner: ending.manner }
    }

    /// The payer must act first; the amount decides after that.
    fn page(
        call: &Call,
        kind: PageKind,
        own: Verdict,
        challenge: Option<Challenge>,
        terms: Terms,
        now: Timestamp,
    ) -> Plan {
        let life = call.step_minutes.map_or(kind.life(), |minutes| SignedDuration::from_mins(minutes.into()));
        let visit = Visit {
            kind,
            until: now + life,
            own,
            asked: terms.asked,
            habit: terms.habit,
            account_name: call.account.name.clone(),
            challenge,
            circumstances: call.circumstances.clone(),
        };
        let entry = Entry::new(call, Standing::NeedsPayer, Some(visit), now);
        Plan { entry, letters: Vec::new(), manner: Manner::AtOnce }
    }

    /// Refused before any bank is asked.
    fn declined(call: &Call, decline: Decline, card: Option<CardFacts>, now: Timestamp) -> Plan {
        // Without its original: there is nothing to check it against.
        let entry = Entry { on: None, card, ..Entry::new(call, Standing::Declined(decline), None, now) };
        Plan { entry, letters: Vec::new(), manner: Manner::AtOnce }
    }
}
