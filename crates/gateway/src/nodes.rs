//! Real chains as this build's: what the configuration names becomes an adapter before a node, a signer of refunds, and sources of
//! rates. A further kind of network is a variant of [`NetworkSettings`] and an arm in [`join`].

use std::sync::Arc;

use florin_engine::CoinPorts;
use florin_engine::clock::Clocks;
use florin_gateway::config::crypto::{
    BitcoinChain, BitcoinNetwork, CryptoSettings, EthereumNetwork, NetworkSettings, RateSettings, RateSource, Traces,
};
use florin_gateway::registry::Providers;
use florin_providers::coins::bitcoin::wallet::{Keys, NodeWallet};
use florin_providers::coins::bitcoin::{self, BitcoinNode, BitcoinSettings, Endpoint, FullReplacement};
use florin_providers::coins::ethereum::wallet::KeyHolder;
use florin_providers::coins::ethereum::{self, EthereumChain};
use florin_providers::coins::external_signer::ExternalSigner;
use florin_providers::coins::http_rates::{HttpRates, Rule, Source};
use florin_providers::coins::rates::RatesByMode;
use florin_providers::coins::simulated::Shelf;
use jiff::SignedDuration;

/// Puts the configured networks and rates beside what is simulated. Without a shelf, where wallets keep what they promised, nothing is
/// refunded by those that need one.
///
/// # Errors
/// A sentence, when a client cannot be made.
pub fn join(
    mut providers: Providers,
    settings: &CryptoSettings,
    clocks: &Arc<Clocks>,
    shelf: Option<Arc<dyn Shelf>>,
) -> Result<Providers, String> {
    for (name, network) in &settings.networks {
        match network {
            NetworkSettings::Bitcoin(network) => bitcoin(&mut providers.coins, name, network, clocks)?,
            NetworkSettings::Ethereum(network) => ethereum(&mut providers.coins, name, network, clocks, shelf.clone())?,
        }
    }
    if !settings.rates.sources.is_empty() {
        let dev = providers.coins.rates.take();
        providers.coins.rates = Some(Arc::new(RatesByMode { dev, live: Arc::new(rates(&settings.rates)?) }));
    }
    Ok(providers)
}

fn bitcoin(ports: &mut CoinPorts, name: &str, network: &BitcoinNetwork, clocks: &Arc<Clocks>) -> Result<(), String> {
    let timeout = network.timeout();
    let settings = BitcoinSettings {
        name: name.to_owned(),
        chain: match network.chain {
            BitcoinChain::Main => bitcoin::BitcoinChain::Main,
            BitcoinChain::Test => bitcoin::BitcoinChain::Test,
            BitcoinChain::Testnet4 => bitcoin::BitcoinChain::Testnet4,
            BitcoinChain::Signet => bitcoin::BitcoinChain::Signet,
            BitcoinChain::Regtest => bitcoin::BitcoinChain::Regtest,
        },
        node: Endpoint { url: network.rpc.to_string(), auth_file: network.auth_file.clone(), timeout },
        second: network.second.as_ref().map(|second| Endpoint {
            url: second.rpc.to_string(),
            auth_file: second.auth_file.clone(),
            timeout,
        }),
        wallet: network.refund_wallet.clone(),
        refund_fee_max: network.refund_fee_max()?,
        full_replacement: match network.zero_conf_accept_full_rbf {
            true => FullReplacement::Accepted,
            false => FullReplacement::Refused,
        },
        tip_age_max: SignedDuration::from_secs(network.max_tip_age_s.into()),
    };
    let node = Arc::new(BitcoinNode::new(&settings, clocks.clone())?);
    let keys = match &network.refund_signer {
        None => Keys::Wallet,
        Some(signer) => Keys::External(ExternalSigner::new(signer.url.as_str(), &signer.secret()?, clocks.clone())?),
    };
    if let Some(wallet) = NodeWallet::of(&node, &settings, keys) {
        ports.signers.push(Arc::new(wallet));
    }
    ports.chains.push(node);
    Ok(())
}

fn ethereum(
    ports: &mut CoinPorts,
    name: &str,
    network: &EthereumNetwork,
    clocks: &Arc<Clocks>,
    shelf: Option<Arc<dyn Shelf>>,
) -> Result<(), String> {
    let settings = ethereum::Settings {
        name: name.to_owned(),
        chain_id: network.chain_id,
        url: network.rpc.to_string(),
        auth_file: network.auth_file.clone(),
        second: network.second.as_ref().map(|second| (second.rpc.to_string(), second.auth_file.clone())),
        tokens: network.tokens()?,
        tip_age_max: network.max_tip_age_s.map(|seconds| SignedDuration::from_secs(seconds.into())),
        timeout: network.timeout(),
        traces: match network.traces {
            Traces::Asked => ethereum::Traces::Asked,
            Traces::Off => ethereum::Traces::Off,
        },
    };
    let mut chain = EthereumChain::new(settings, clocks.clone())?;
    if let (Some(account), Some(shelf)) = (&network.refund_wallet, shelf) {
        let holder = match &network.refund_signer {
            None => KeyHolder::Node,
            Some(signer) => {
                KeyHolder::External(ExternalSigner::new(signer.url.as_str(), &signer.secret()?, clocks.clone())?)
            }
        };
        ports.signers.push(Arc::new(chain.open_wallet(account, holder, shelf)?));
    }
    ports.chains.push(Arc::new(chain));
    Ok(())
}

fn rates(settings: &RateSettings) -> Result<HttpRates, String> {
    let source = |source: &RateSource| Source {
        url: source.url.clone(),
        price: source.price.clone(),
        time: source.time.clone(),
    };
    let rule = Rule {
        max_age_s: settings.max_age_s,
        outlier_bps: settings.outlier_bps,
        apart_bps: settings.apart_bps,
        min_sources: settings.min_sources,
    };
    HttpRates::new(settings.sources.iter().map(source).collect(), rule)
}
