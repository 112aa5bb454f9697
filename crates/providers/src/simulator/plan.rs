//! What the simulator writes down and does about a call, before the book has its say. Pure.

use florin_kernel::Timestamp;
use florin_kernel::card::Pan;
use florin_kernel::payment::{Decline, OperationKind};
use florin_kernel::ports::Call;
use florin_kernel::routing::{Capabilities, Method};

use super::entry::{Entry, Heard, Letter, PageKind, Standing, Visit};
use super::triggers::{self, CardStory, Habit, Manner, Terms, ThreeDSecure, Verdict};

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
    use OperationKind::{Authorise, Capture, Payout, Refund, Sale, Void};
    let (operations, takes_cards, has_page) = match method {
        Method::Card => (vec![Sale, Authorise, Capture, Void, Refund, Payout], true, true),
        Method::BankTransfer | Method::EWallet => (vec![Sale, Refund, Payout], false, true),
        Method::Voucher => (vec![Sale], false, true),
        Method::Crypto => (Vec::new(), false, false),
    };
    Capabilities { operations, takes_cards, takes_vouchers: method == Method::Voucher, has_page }
}

impl Plan {
    /// What follows from a call.
    pub(super) fn of(call: &Call, now: Timestamp) -> Plan {
        if !capabilities(call.account.method).operations.contains(&call.kind) {
            return Plan::declined(call, Decline::Provider, now);
        }
        let terms = Terms { kind: call.kind, asked: call.asked, habit: Habit::of(&call.account) };
        if call.kind == OperationKind::Payout {
            return Plan::payout(call, terms, now);
        }
        match (call.kind.is_attempt(), &call.on) {
            (true, _) => Plan::attempt(call, terms, now),
            (false, Some(_)) => Plan::told(call, terms, Verdict::Approved, now),
            (false, None) => Plan::declined(call, Decline::Response("12".into()), now),
        }
    }

    fn attempt(call: &Call, terms: Terms, now: Timestamp) -> Plan {
        let page = |kind, own| Plan::page(call, kind, own, terms, now);
        match (call.account.method, &call.card) {
            (Method::Card, Some(card)) => match CardStory::of(&card.pan) {
                CardStory { step: ThreeDSecure::Unseen, own } => Plan::told(call, terms, own, now),
                CardStory { step: ThreeDSecure::Challenge, own } => page(PageKind::Challenge, own),
                CardStory { step: ThreeDSecure::Failed, own: _ } => Plan::declined(call, Decline::Authentication, now),
            },
            (Method::Card, None) => page(PageKind::Card, Verdict::Approved),
            (Method::BankTransfer, _) => page(PageKind::Bank, Verdict::Approved),
            (Method::EWallet, _) => page(PageKind::Wallet, Verdict::Approved),
            (Method::Voucher, _) => match &call.voucher {
                Some(code) => match triggers::voucher(code.expose()) {
                    Some(own) => Plan::told(call, terms, own, now),
                    None => Plan::declined(call, Decline::Response("12".into()), now),
                },
                None => page(PageKind::Voucher, Verdict::Approved),
            },
            (Method::Crypto, _) => Plan::declined(call, Decline::Provider, now),
        }
    }

    /// No payer is present, so a card that would ask for a challenge is paid; it decides like any other after the amount.
    fn payout(call: &Call, terms: Terms, now: Timestamp) -> Plan {
        let Some(payee) = &call.payee else { return Plan::declined(call, Decline::Provider, now) };
        let own = match call.account.method {
            Method::Card => match Pan::parse(payee.number.expose()) {
                Ok(pan) => CardStory::of(&pan).own,
                Err(_) => return Plan::declined(call, Decline::Response("14".into()), now),
            },
            Method::BankTransfer | Method::EWallet | Method::Voucher | Method::Crypto => Verdict::Approved,
        };
        Plan::told(call, terms, own, now)
    }

    /// The bank decides without the payer.
    fn told(call: &Call, terms: Terms, own: Verdict, now: Timestamp) -> Plan {
        let ending = terms.ending(own);
        let letters = Letter::after(&ending, Heard::InTheAnswer, now);
        let entry = Entry::new(call, Standing::after(&ending, now), None, now);
        Plan { entry, letters, manner: ending.manner }
    }

    /// The payer must act first; the amount decides after that.
    fn page(call: &Call, kind: PageKind, own: Verdict, terms: Terms, now: Timestamp) -> Plan {
        let Terms { asked, habit, kind: _ } = terms;
        let account_name = call.account.name.clone();
        let visit = Visit { kind, until: now + kind.life(), own, asked, habit, account_name };
        let entry = Entry::new(call, Standing::NeedsPayer, Some(visit), now);
        Plan { entry, letters: Vec::new(), manner: Manner::AtOnce }
    }

    /// Refused before any bank is asked.
    fn declined(call: &Call, decline: Decline, now: Timestamp) -> Plan {
        // Without its original: there is nothing to check it against.
        let entry = Entry { on: None, ..Entry::new(call, Standing::Declined(decline), None, now) };
        Plan { entry, letters: Vec::new(), manner: Manner::AtOnce }
    }
}
