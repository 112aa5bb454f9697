//! Coins on pages where a payer chooses: what other dialects' pages see of them.

use florin_kernel::Coin;

pub use crate::dialects::crypto::checkout::{NotNow, begin, offered, page};

/// How a form names a coin.
pub fn word(coin: Coin) -> String {
    format!("coin:{}", coin.code())
}

/// Reads [`word`].
pub fn read(word: &str) -> Option<Coin> {
    word.strip_prefix("coin:").and_then(Coin::from_code)
}

/// What people call it.
pub fn name(coin: Coin) -> &'static str {
    match coin {
        Coin::Btc => "Bitcoin",
        Coin::Eth => "Ether",
        Coin::Usdt => "Tether USD",
        Coin::Usdc => "USD Coin",
    }
}
