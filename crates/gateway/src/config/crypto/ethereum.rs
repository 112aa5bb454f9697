//! An ethereum network as the operator configures it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use florin_kernel::Coin;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{RefundSigner, SecondNode, check_node, check_timeout, timeout_ms};

/// An ethereum network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthereumNetwork {
    /// The chain that the node must follow (EIP-155).
    pub chain_id: u64,
    /// The node's URL, without a login.
    pub rpc: Url,
    /// A file with `user:password`; it is read for every call.
    #[serde(default)]
    pub auth_file: Option<PathBuf>,
    /// How long an answer of the node may take.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Another node, which must name the same blocks before anything is credited.
    #[serde(default)]
    pub second: Option<SecondNode>,
    /// Tokens with their contracts, by the coin's code.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
    /// The account that refunds are paid from; without one nothing is refunded.
    #[serde(default)]
    pub refund_wallet: Option<String>,
    /// Who signs refunds, where that is not the node itself.
    #[serde(default)]
    pub refund_signer: Option<RefundSigner>,
    /// Whether the node is asked what contracts did inside transactions.
    #[serde(default)]
    pub traces: Traces,
    /// How old the newest block may be, in seconds; without it 60, and any age on development chains.
    #[serde(default)]
    pub max_tip_age_s: Option<u32>,
}

/// Whether the node is asked what contracts did inside transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Traces {
    #[default]
    Asked,
    Off,
}

impl EthereumNetwork {
    /// How long an answer of the node may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The coins that it carries.
    pub(super) fn coins(&self) -> Vec<Coin> {
        let tokens = self.tokens().unwrap_or_default();
        std::iter::once(Coin::Eth).chain(tokens.into_iter().map(|(coin, _)| coin)).collect()
    }

    /// Tokens with their contracts.
    ///
    /// # Errors
    /// A sentence, where one is none.
    pub fn tokens(&self) -> Result<Vec<(Coin, String)>, String> {
        let token = |(code, contract): (&String, &String)| match Coin::from_code(code) {
            Some(coin @ (Coin::Usdt | Coin::Usdc)) => Ok((coin, contract.clone())),
            Some(Coin::Btc | Coin::Eth) | None => Err(format!("tokens.{code}: the tokens are USDT and USDC")),
        };
        self.tokens.iter().map(token).collect()
    }

    pub(super) fn check(&self, at: &str) -> Result<(), String> {
        check_node(&format!("{at}.rpc"), &self.rpc)?;
        if let Some(second) = &self.second {
            check_node(&format!("{at}.second.rpc"), &second.rpc)?;
        }
        if let Some(signer) = &self.refund_signer {
            check_node(&format!("{at}.refund_signer.url"), &signer.url)?;
            if self.refund_wallet.is_none() {
                return Err(format!("{at}.refund_wallet is missing beside refund_signer: whose coins does it spend?"));
            }
        }
        let address = |text: &str| {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if let Some(wallet) = self.refund_wallet.as_ref().filter(|wallet| !address(wallet)) {
            return Err(format!("{at}.refund_wallet {wallet:?}: must be an account's address, 0x and 40 digits"));
        }
        let tokens = self.tokens().map_err(|why| format!("{at}.{why}"))?;
        if let Some((coin, contract)) = tokens.iter().find(|(_, contract)| !address(contract)) {
            return Err(format!(
                "{at}.tokens.{} {contract:?}: must be a contract's address, 0x and 40 digits",
                coin.code()
            ));
        }
        check_timeout(at, self.timeout_ms)
    }
}
