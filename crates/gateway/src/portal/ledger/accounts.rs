//! Accounts in words: what one holds, whose it is, and what its balance means.

use florin_engine::directory::Directory;
use florin_engine::office::AccountBalance;
use florin_kernel::routing::ProviderId;

use super::owned;
use crate::portal::amounts::amount_of;

/// An account of the list.
pub(super) struct AccountLine {
    pub(super) what: String,
    pub(super) note: &'static str,
    pub(super) whose: String,
    pub(super) account: String,
    pub(super) posted: String,
    pub(super) pending: String,
    /// Its statement.
    pub(super) url: String,
}

/// An account in words.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::portal) struct Described {
    /// What it holds.
    pub(in crate::portal) what: String,
    /// What its balance means.
    pub(in crate::portal) note: &'static str,
    /// Whose it is; empty: the gateway's.
    pub(in crate::portal) whose: String,
}

/// Lines of a list; `statement` is where statements are, whether with a query already or not.
pub(super) fn lines(balances: &[AccountBalance], directory: &Directory, statement: &str) -> Vec<AccountLine> {
    let line = |balance: &AccountBalance| {
        let AccountBalance { account, asset, posted_minor, pending_minor } = balance;
        let Described { what, note, whose } = described(account, directory);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("account", account), ("asset", asset)])
            .finish();
        let joint = if statement.contains('?') { '&' } else { '?' };
        AccountLine {
            what,
            note,
            whose,
            account: account.clone(),
            posted: amount_of(*posted_minor, asset),
            pending: if *pending_minor == 0 { String::new() } else { amount_of(*pending_minor, asset) },
            url: format!("{statement}{joint}{query}"),
        }
    };
    balances.iter().map(line).collect()
}

/// An account's printed form (`merchant:1:available`) in words.
pub(in crate::portal) fn described(account: &str, directory: &Directory) -> Described {
    if let Some((id, name)) = owned(account) {
        let (what, note) = of_merchant(name);
        let whose = directory.merchant(id).map_or_else(|| id.to_string(), |known| known.name.clone());
        return Described { what: what.to_owned(), note, whose };
    }
    let provider = account.strip_prefix("provider:").and_then(|rest| rest.split_once(':'));
    if let Some((number, name)) = provider {
        let id = number.parse().ok().map(ProviderId::new);
        let known = directory.catalogue().providers.iter().find(|known| Some(known.id) == id);
        let whose = known.map_or_else(|| format!("Provider {number}"), |known| known.name.clone());
        let (what, note) = match name {
            "clearing" => ("Clearing", "below zero: the provider owes it to us"),
            "fx" => ("Currency position", "what conversions left in this currency"),
            _ => ("Provider's account", ""),
        };
        return Described { what: format!("{what}, {whose}"), note, whose };
    }
    match account {
        "fees" => {
            Described { what: "Fees".to_owned(), note: "what merchants paid for the service", whose: String::new() }
        }
        other => Described { what: other.to_owned(), note: "", whose: String::new() },
    }
}

/// What a merchant's account holds, by the end of its printed form.
fn of_merchant(name: &str) -> (&'static str, &'static str) {
    match name {
        "available" => ("Available", "what the merchant is owed and may pay out"),
        "held" => ("Held for withdrawals", "set aside until they are paid or given up"),
        "acquirer" => ("At the acquirer", "below zero: what payouts took of the merchant's own money there"),
        "suspense" => ("Suspense", "money that came late, until somebody decides"),
        "coins:deposits" => ("Coins on deposit addresses", "below zero: confirmed coins that are there"),
        "coins:in_flight" => ("Coins in flight", "below zero: accepted before their first confirmation"),
        "coins:unallocated" => ("Coins nobody accepted", "payers' coins until they are accepted or refunded"),
        "coins:hot_wallet" => ("Hot wallet", "what went out of it for refunds"),
        "coins:fee_income" => ("Network fees from payers", "what payers paid for moving deposits"),
        "coins:fee_cost" => ("Network fees of refunds", "below zero: what they cost the merchant"),
        _ => ("Merchant's account", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::described;
    use florin_engine::directory::Directory;
    use florin_kernel::MerchantId;
    use florin_kernel::ledger::Account;
    use florin_kernel::routing::ProviderId;

    /// Every account of the book has words of its own.
    #[test]
    fn accounts_are_described() {
        let (merchant, provider) = (MerchantId::from_number(7), ProviderId::new(210));
        let accounts = [
            Account::ProviderClearing(provider),
            Account::MerchantAvailable(merchant),
            Account::MerchantHeld(merchant),
            Account::MerchantAtAcquirer(merchant),
            Account::Fees,
            Account::Suspense(merchant),
            Account::FxPosition(provider),
            Account::CoinDeposits(merchant),
            Account::CoinsInFlight(merchant),
            Account::CoinsUnallocated(merchant),
            Account::HotWallet(merchant),
            Account::NetworkFeeIncome(merchant),
            Account::NetworkFeeCost(merchant),
        ];
        let directory = Directory::default();
        let mut known = Vec::new();
        for account in accounts {
            let told = described(&account.to_string(), &directory);
            assert!(!told.note.is_empty(), "{account}");
            assert!(!known.contains(&told.what), "{account}: {}", told.what);
            known.push(told.what);
        }
        assert_eq!(described("provider:210:clearing", &directory).what, "Clearing, Provider 210");
        assert_eq!(described("something", &directory).what, "something");
    }
}
