//! What a payer may choose from: the terminal's ways to pay that somebody takes.

use florin_engine::{Engine, Needs};
use florin_kernel::card::Pan;
use florin_kernel::payment::Payment;
use florin_kernel::routing::{Candidate, CardFacts, Choice, Facts, NoRoute, RuleOperation};

use crate::dialects::transaction_services::brands::Mode;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::settings::{Settings, Terminal};
use crate::pages::choose::Entry;

/// One way to pay.
pub struct Offer {
    /// How.
    pub mode: Mode,
    /// What the payer enters with us.
    pub entry: Entry,
    /// Who takes it, in order.
    pub candidate: Candidate,
}

impl Offer {
    /// The number that the form names it by.
    pub fn id(&self) -> i64 {
        self.candidate.accounts[0].id.number()
    }
}

/// The terminal that a session was opened on, as it is now.
pub fn terminal<'s>(settings: &'s Settings, document: &Document) -> Option<&'s Terminal> {
    settings.terminals.iter().find(|terminal| terminal.terminal_id == document.terminal && !terminal.disabled)
}

/// Every way to pay, in the order of display.
pub fn offers(engine: &Engine, payment: &Payment, document: &Document, terminal: &Terminal) -> Vec<Offer> {
    let asked = document.checkout.as_ref().map(|checkout| checkout.modes.as_slice()).unwrap_or_default();
    let modes = if asked.is_empty() { &[Mode::Cc, Mode::Nb, Mode::Ew][..] } else { asked };
    let open = modes.iter().filter(|mode| terminal.modes.is_empty() || terminal.modes.contains(mode));
    open.filter_map(|mode| offer(engine, payment, terminal, *mode).ok()).collect()
}

fn offer(engine: &Engine, payment: &Payment, terminal: &Terminal, mode: Mode) -> Result<Offer, NoRoute> {
    let mut refusal = NoRoute::NoRule;
    for needs in Needs::of(RuleOperation::Deposit, mode.method()) {
        let (entry, card) = match needs {
            Needs::TakesCards => (Entry::Card, CardFacts::Awaited),
            Needs::TakesVouchers | Needs::Page | Needs::Payout | Needs::Verification => {
                (Entry::Nothing, CardFacts::Unseen)
            }
        };
        match route(engine, payment, terminal, mode, card, *needs) {
            Ok(candidate) => return Ok(Offer { mode, entry, candidate }),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}

/// Who takes a card that the payer has entered: the offer was made without knowing it, the rules may ask about it.
///
/// # Errors
/// [`NoRoute`] when nobody does.
pub fn for_card(engine: &Engine, payment: &Payment, terminal: &Terminal, pan: &Pan) -> Result<Candidate, NoRoute> {
    route(engine, payment, terminal, Mode::Cc, CardFacts::of(pan), Needs::TakesCards)
}

fn route(
    engine: &Engine,
    payment: &Payment,
    terminal: &Terminal,
    mode: Mode,
    card: CardFacts<'_>,
    needs: Needs,
) -> Result<Candidate, NoRoute> {
    let payer = &payment.details.payer;
    let facts = Facts {
        payment: payment.id,
        attempt: payment.operations.len() as u16,
        merchant: payment.merchant,
        mode: payment.mode,
        operation: RuleOperation::Deposit,
        method: mode.method(),
        amount: payment.asked,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
        card,
    };
    engine.route(&facts, terminal.route.map_or(Choice::Rules, Choice::Named), needs)
}
