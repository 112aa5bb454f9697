//! What the simulated pages say.

use super::PageKind;

/// The words of one page.
pub(super) struct Words {
    pub(super) icon: &'static str,
    pub(super) organisation: String,
    pub(super) heading: &'static str,
    pub(super) explanation: String,
    pub(super) primary: String,
    pub(super) other_outcomes: &'static str,
}

impl Words {
    pub(super) fn of(kind: PageKind, provider: &str, merchant: &str, amount: &str) -> Words {
        let (icon, organisation) = match kind {
            PageKind::Challenge => ("shield", "Simulated card issuer".to_owned()),
            PageKind::Bank => ("bank", provider.to_owned()),
            PageKind::Wallet => ("wallet", provider.to_owned()),
            PageKind::Card => ("card", provider.to_owned()),
            PageKind::Voucher => ("voucher", provider.to_owned()),
        };
        let heading = match kind {
            PageKind::Challenge => "Is it you who pays?",
            PageKind::Bank => "Approve the transfer",
            PageKind::Wallet => "Pay from your wallet",
            PageKind::Card => "Pay by card",
            PageKind::Voucher => "Pay with a voucher",
        };
        let explanation = match kind {
            PageKind::Challenge => {
                format!("{merchant} wants to charge your card. Your bank asks you to confirm it (3-D Secure).")
            }
            PageKind::Bank => format!("{merchant} asks for a transfer from your account."),
            PageKind::Wallet => format!("{merchant} asks for a payment from your wallet."),
            PageKind::Card => format!("Enter the card that {merchant} may charge. Test cards only."),
            PageKind::Voucher => "Enter the code of a voucher. Any 16 digits pay the amount.".to_owned(),
        };
        let primary = match kind {
            PageKind::Challenge => format!("Confirm {amount}"),
            PageKind::Bank => format!("Transfer {amount}"),
            PageKind::Wallet | PageKind::Card | PageKind::Voucher => format!("Pay {amount}"),
        };
        let other_outcomes = match kind {
            PageKind::Challenge => {
                "Decline: you are not recognised. Later: the bank’s yes arrives 30 seconds from now."
            }
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => {
                "Decline: refused (05, do not honour). Later: the yes arrives 30 seconds from now."
            }
        };
        Words { icon, organisation, heading, explanation, primary, other_outcomes }
    }
}

/// What is wrong with a field, as a sentence that says how to mend it.
pub(super) fn problem(field: &str, problem: &str) -> String {
    match field {
        "voucher_code" => "Enter the 16 digits of the voucher.".to_owned(),
        "card_number" => "Enter the number on the front of the card.".to_owned(),
        _ => format!("This {problem}."),
    }
}
