//! What the payer of a withdrawal reads.

use florin_kernel::routing::Method;
use florin_kernel::withdrawal::{Destination, Word};

/// Where it stands, in words.
pub(super) struct Outcome {
    pub(super) meaning: &'static str,
    pub(super) word: &'static str,
    pub(super) heading: &'static str,
    pub(super) text: &'static str,
    pub(super) open: bool,
}

impl Outcome {
    pub(super) fn of(word: Word) -> Outcome {
        let waiting = |heading, text| Outcome { meaning: "waiting", word: "Waiting", heading, text, open: true };
        let plain = |word, heading, text| Outcome { meaning: "plain", word, heading, text, open: false };
        let bad = |word, heading, text| Outcome { meaning: "bad", word, heading, text, open: false };
        match word {
            Word::Created => waiting("The withdrawal is not confirmed yet", "Nothing was taken."),
            Word::AwaitingApproval => waiting(
                "Your withdrawal is being checked",
                "The amount is set aside for you. The shop approves withdrawals before they are paid.",
            ),
            Word::Approved | Word::Sent | Word::Unknown => waiting(
                "Your withdrawal is on its way",
                "The payment service has not answered yet. You need not do anything.",
            ),
            Word::Paid => Outcome {
                meaning: "good",
                word: "Paid",
                heading: "The withdrawal was paid out",
                text: "It can take some days until your bank shows it.",
                open: false,
            },
            Word::Returned => {
                plain("Returned", "The money came back", "Your bank sent the payout back. Ask the shop how to get it.")
            }
            Word::Declined => {
                bad("Declined", "The payout was declined", "Nothing was paid out. Ask the shop to try again.")
            }
            Word::Failed => {
                bad("Failed", "The payout could not be made", "Nothing was paid out. Ask the shop to try again.")
            }
            Word::Rejected => bad("Rejected", "The shop did not approve the withdrawal", "Nothing was paid out."),
            Word::Cancelled => plain("Cancelled", "The withdrawal was cancelled", "Nothing was paid out."),
            Word::Expired => plain("Expired", "The time for this withdrawal is over", "Nothing was paid out."),
        }
    }
}

/// `Card …1111`.
pub(super) fn destination(destination: &Destination) -> String {
    let method = match destination.method {
        Method::Card => "Card",
        Method::BankTransfer => "Bank account",
        Method::EWallet => "Wallet",
        Method::Voucher => "Voucher",
        Method::Crypto => "Coins",
    };
    format!("{method} {}", destination.shown)
}
