//! `[crypto]` of the configuration: through which nodes real chains are reached, where prices come from, and further paths of the
//! dialect. What a kind of network needs is a variant of [`NetworkSettings`]; the binary makes the adapter that belongs to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::dialects::crypto::Profile;
use crate::dialects::prefix;

mod ethereum;
#[cfg(test)]
mod tests;

pub use ethereum::{EthereumNetwork, Traces};

/// The settings as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CryptoSettings {
    /// Networks by the names that rows and merchants' settings know them by.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// Where the prices of live payments come from.
    pub rates: RateSettings,
    /// Further paths of the dialect, each with the shape of its answers.
    pub extra_prefixes: BTreeMap<String, Profile>,
}

/// A network, by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NetworkSettings {
    /// Through a node that speaks Bitcoin Core's JSON-RPC.
    Bitcoin(BitcoinNetwork),
    /// Through a node that speaks Ethereum's JSON-RPC.
    Ethereum(EthereumNetwork),
}

/// A bitcoin network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitcoinNetwork {
    /// The chain that the node must follow.
    pub chain: BitcoinChain,
    /// The node's URL, without a login.
    pub rpc: Url,
    /// A file with `user:password`, such as the node's own cookie; it is read for every call.
    #[serde(default)]
    pub auth_file: Option<PathBuf>,
    /// How long an answer of the node may take.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Another node, which must name the same blocks before anything is credited.
    #[serde(default)]
    pub second: Option<SecondNode>,
    /// The wallet of the node that refunds are paid from; without one nothing is refunded.
    #[serde(default)]
    pub refund_wallet: Option<String>,
    /// Who signs refunds, where that is not the wallet itself: it then only watches.
    #[serde(default)]
    pub refund_signer: Option<RefundSigner>,
    /// The most that a refund may pay to the network, in coins.
    #[serde(default = "refund_fee_max")]
    pub refund_fee_max: String,
    /// Whether payments may be accepted without confirmations although the node lets any transaction be replaced.
    #[serde(default)]
    pub zero_conf_accept_full_rbf: bool,
    /// How old the newest block may be, in seconds; not checked on `regtest`.
    #[serde(default = "max_tip_age_s")]
    pub max_tip_age_s: u32,
}

/// A signer outside (crypto contract, section 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundSigner {
    /// Where it is asked.
    pub url: Url,
    /// A file with the secret `whsec_…` that our requests are signed with.
    pub secret_file: PathBuf,
}

impl RefundSigner {
    /// The secret.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read.
    pub fn secret(&self) -> Result<Secret, String> {
        let text = std::fs::read_to_string(&self.secret_file);
        let text = text.map_err(|error| format!("the signer's secret {}: {error}", self.secret_file.display()))?;
        Ok(Secret::new(text.trim().to_owned()))
    }
}

/// A second node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondNode {
    /// Its URL, without a login.
    pub rpc: Url,
    /// A file with `user:password`.
    #[serde(default)]
    pub auth_file: Option<PathBuf>,
}

/// Bitcoin's chains, by the names their nodes give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum BitcoinChain {
    Main,
    Test,
    Testnet4,
    Signet,
    Regtest,
}

/// Where prices come from, and what they must be like (crypto contract, section 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateSettings {
    /// The sources.
    pub sources: Vec<RateSource>,
    /// Older prices are dropped, in seconds.
    pub max_age_s: u32,
    /// Those further from the median are dropped, in hundredths of a percent.
    pub outlier_bps: u32,
    /// What is left may lie apart so far, in hundredths of a percent.
    pub apart_bps: u32,
    /// So many must be left; 0: the majority of the sources.
    pub min_sources: u32,
}

/// A source of prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSource {
    /// The address, with `{coin}` and `{fiat}` to fill in.
    pub url: String,
    /// Where the price stands in the JSON document (RFC 6901).
    pub price: String,
    /// Where its time stands; without it the time of arrival counts.
    #[serde(default)]
    pub time: Option<String>,
}

impl Default for RateSettings {
    fn default() -> RateSettings {
        RateSettings { sources: Vec::new(), max_age_s: 60, outlier_bps: 500, apart_bps: 200, min_sources: 0 }
    }
}

fn timeout_ms() -> u64 {
    10_000
}

fn refund_fee_max() -> String {
    "0.00050000".to_owned()
}

fn max_tip_age_s() -> u32 {
    90 * 60
}

impl NetworkSettings {
    /// The coins that it carries.
    pub fn coins(&self) -> Vec<Coin> {
        match self {
            NetworkSettings::Bitcoin(_) => vec![Coin::Btc],
            NetworkSettings::Ethereum(network) => network.coins(),
        }
    }

    fn check(&self, at: &str) -> Result<(), String> {
        match self {
            NetworkSettings::Bitcoin(network) => network.check(at),
            NetworkSettings::Ethereum(network) => network.check(at),
        }
    }
}

impl BitcoinNetwork {
    /// How long an answer of the node may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The most that a refund may pay to the network.
    ///
    /// # Errors
    /// A sentence, when it is no amount.
    pub fn refund_fee_max(&self) -> Result<Units, String> {
        let text = &self.refund_fee_max;
        let parsed = Units::parse(text, Coin::Btc).filter(|units| !units.is_zero());
        parsed.ok_or_else(|| format!("refund_fee_max {text:?} is no amount of coins such as 0.00050000"))
    }

    fn check(&self, at: &str) -> Result<(), String> {
        check_node(&format!("{at}.rpc"), &self.rpc)?;
        if let Some(second) = &self.second {
            check_node(&format!("{at}.second.rpc"), &second.rpc)?;
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if let Some(wallet) = &self.refund_wallet
            && (wallet.is_empty() || wallet.len() > 64 || wallet.starts_with('.') || !wallet.bytes().all(good))
        {
            return Err(format!(
                "{at}.refund_wallet {wallet:?}: a wallet's name here has letters, digits, dots, hyphens and underscores"
            ));
        }
        if let Some(signer) = &self.refund_signer {
            check_node(&format!("{at}.refund_signer.url"), &signer.url)?;
            if self.refund_wallet.is_none() {
                return Err(format!("{at}.refund_wallet is missing beside refund_signer: whose coins does it spend?"));
            }
        }
        check_timeout(at, self.timeout_ms)?;
        self.refund_fee_max().map(drop).map_err(|why| format!("{at}.{why}"))
    }
}

/// A node's URL; a login in it would end up in logs.
pub(crate) fn check_node(at: &str, url: &Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("{at}: must be an http or https URL such as http://127.0.0.1:8332"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{at}: leave the login out of the URL; write user:password into a file and name it in auth_file"
        ));
    }
    match url.query().is_some() || url.fragment().is_some() {
        true => Err(format!("{at}: must have no query and no fragment")),
        false => Ok(()),
    }
}

fn check_timeout(at: &str, timeout_ms: u64) -> Result<(), String> {
    match (100..=120_000).contains(&timeout_ms) {
        true => Ok(()),
        false => Err(format!("{at}.timeout_ms must be from 100 to 120000")),
    }
}

impl CryptoSettings {
    /// Finds what cannot be right.
    ///
    /// # Errors
    /// A sentence for the operator that names the setting.
    pub fn check(&self) -> Result<(), String> {
        let mut carried: Vec<(Coin, &String)> = Vec::new();
        for (name, network) in &self.networks {
            let at = format!("crypto.networks.{name}");
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > 40 || !name.bytes().all(plain) || name.starts_with("simulated") {
                return Err(format!(
                    "{at}: a network's name has small letters, digits and hyphens, and does not begin with simulated"
                ));
            }
            network.check(&at)?;
            for coin in network.coins() {
                if let Some((_, other)) = carried.iter().find(|(known, _)| *known == coin) {
                    return Err(format!("{at}: {} is carried by crypto.networks.{other} already", coin.code()));
                }
                carried.push((coin, name));
            }
        }
        if !self.networks.is_empty() && self.rates.sources.is_empty() {
            return Err("crypto.rates.sources is missing: where do the prices of live payments come from?".to_owned());
        }
        self.rates.check()?;
        self.extra_prefixes.keys().try_for_each(|prefix| check_prefix(prefix))
    }
}

impl RateSettings {
    fn check(&self) -> Result<(), String> {
        for (place, source) in self.sources.iter().enumerate() {
            let at = format!("crypto.rates.sources[{place}]");
            let filled = source.url.replace("{coin}", "BTC").replace("{fiat}", "EUR");
            let good = Url::parse(&filled).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !good || filled.contains(['{', '}']) {
                return Err(format!("{at}.url {:?}: must be a URL, with {{coin}} and {{fiat}} to fill in", source.url));
            }
            let pointers = [Some(&source.price), source.time.as_ref()];
            if let Some(pointer) = pointers.into_iter().flatten().find(|pointer| !pointer.starts_with('/')) {
                return Err(format!("{at}: {pointer:?} is no JSON pointer such as /data/amount"));
            }
        }
        match self.min_sources as usize > self.sources.len() {
            true => Err(format!("crypto.rates.min_sources: there are only {} sources", self.sources.len())),
            false => Ok(()),
        }
    }
}

fn check_prefix(prefix: &str) -> Result<(), String> {
    let Some(segments) = prefix::segments(prefix) else {
        return Err(format!(
            "crypto.extra_prefixes: {prefix:?} must be a path such as /api/v2, without a slash at its end"
        ));
    };
    let drawn = prefix == "/api" || prefix == "/api/qr" || prefix.starts_with("/api/qr/");
    // What this dialect has already, and another one below any prefix, with its version.
    let taken = matches!(segments[0], "oppwa" | "pay" | "v2") || segments.iter().any(|it| matches!(*it, "v1" | "v3"));
    match prefix::is_owned(segments[0]) || drawn || taken {
        true => Err(format!("crypto.extra_prefixes: {prefix} belongs to another part of Florin (see /docs)")),
        false => Ok(()),
    }
}
