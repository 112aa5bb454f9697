//! Payment texts: what a QR code holds (contract, section 9; BIP 21, ERC-681).

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{Family, Network};

use super::wire::percent;

#[cfg(test)]
mod tests;

/// What pays an amount to an address, and the address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentText {
    /// With the amount.
    pub full: String,
    /// Without.
    pub bare: String,
}

impl PaymentText {
    /// The texts of a payment.
    pub fn of(network: &Network, coin: Coin, address: &str, units: Units, public_url: &str) -> PaymentText {
        if is_token(address) {
            let bare = format!("{public_url}/sandbox/wallet?currency={}&address={address}", coin.code());
            return PaymentText { full: format!("{bare}&amount={}", units.decimal(coin)), bare };
        }
        let full = match (network.family, network.carries(coin).and_then(|on| on.contract.as_deref())) {
            (Family::Bitcoin, _) => format!("bitcoin:{address}?amount={}", units.decimal(coin)),
            (Family::Ethereum { chain_id }, None) => format!("ethereum:{address}@{chain_id}?value={}", units.number()),
            (Family::Ethereum { chain_id }, Some(contract)) => {
                format!("ethereum:{contract}@{chain_id}/transfer?address={address}&uint256={}", units.number())
            }
        };
        PaymentText { full, bare: address.to_owned() }
    }

    /// As a wallet opens it, the amount left to the payer: the amount stands last.
    pub fn without_amount(&self) -> &str {
        self.full.rfind(['?', '&']).map_or(self.full.as_str(), |end| &self.full[..end])
    }
}

/// Whether an address is one that only the sandbox takes.
pub fn is_token(address: &str) -> bool {
    address.starts_with("btc-") || address.starts_with("eth-")
}

/// The address of a QR code's image.
pub fn image(public_url: &str, text: &str) -> String {
    format!("{public_url}/api/qr/?d={}", percent(text))
}
