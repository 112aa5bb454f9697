//! Where the money goes: what the page offers, and reading what the payer filled in, every problem at its field. A number goes
//! to the engine, sealed, and nowhere else.

use florin_kernel::ports::Payee;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};
use florin_kernel::secret::Secret;

use super::view::Shown;
use crate::dialects::iban::iban;
use crate::pages::card::Submitted;
use crate::pages::words::Words;

#[cfg(test)]
mod tests;

/// One way to be paid out.
pub(super) struct Offer {
    /// Who pays out.
    pub(super) provider: ProviderId,
    /// The provider's name.
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) entry: Entry,
}

/// What the payer enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Holder and number of a card.
    Card,
    /// Holder and IBAN of a bank account.
    Account,
    /// The id of a wallet.
    Wallet,
}

const WALLET_MAX: usize = 64;

impl Offer {
    /// Nothing for methods that cannot be paid out to.
    pub(super) fn of(account: &ProviderAccount) -> Option<Offer> {
        let entry = match account.method {
            Method::Card => Entry::Card,
            Method::BankTransfer => Entry::Account,
            Method::EWallet => Entry::Wallet,
            Method::Voucher | Method::Crypto => return None,
        };
        Some(Offer { provider: account.id, name: account.name.clone(), method: account.method, entry })
    }
}

/// Reads a form for one of the offers.
///
/// # Errors
/// The page to show again, with everything that is wrong at its field.
pub(super) fn read(offers: &[Offer], submitted: &Submitted, words: &Words) -> Result<(ProviderId, Payee), Box<Shown>> {
    let (mut shown, own) = (Shown::kept(submitted), &words.withdrawal);
    let wanted = submitted.field("provider_id");
    let Some(offer) = offers.iter().find(|offer| offer.provider.to_string() == wanted) else {
        return Err(Box::new(Shown { problem: Some(own.choose_one), ..shown }));
    };
    let (holder, number) = match offer.entry {
        Entry::Card => {
            let pan = submitted.pan(words).map(|pan| pan.expose().to_owned());
            let holder = submitted.name("holder_name").ok_or(words.bad_holder);
            (noted(holder, &mut shown.holder_problem), noted(pan, &mut shown.card_problem))
        }
        Entry::Account => {
            let holder = submitted.name("account_holder").ok_or(own.bad_account_holder);
            let iban = iban(submitted.field("iban")).ok_or(own.bad_iban);
            (noted(holder, &mut shown.account_holder_problem), noted(iban, &mut shown.iban_problem))
        }
        Entry::Wallet => {
            let id = wallet(submitted.field("wallet_id")).ok_or(own.bad_wallet);
            (Some(String::new()), noted(id, &mut shown.wallet_problem))
        }
    };
    match (holder, number) {
        (Some(holder), Some(number)) => Ok((offer.provider, Payee { holder, number: Secret::new(number) })),
        (None, _) | (_, None) => Err(Box::new(Shown { problem: Some(words.check_fields), ..shown })),
    }
}

/// Notes what is wrong with a field.
fn noted<T>(read: Result<T, &'static str>, problem: &mut Option<&'static str>) -> Option<T> {
    read.map_err(|mend| *problem = Some(mend)).ok()
}

fn wallet(id: &str) -> Option<String> {
    let plain = !id.is_empty() && id.len() <= WALLET_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| id.to_owned())
}
