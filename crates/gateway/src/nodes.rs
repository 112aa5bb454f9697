//! Real chains as this build's: what the configuration names becomes an adapter before a node, a signer of refunds, and sources of
//! rates. A further kind of network is a variant of [`NetworkSettings`] and an arm in [`join`].

use std::sync::Arc;

use florin_engine::CoinPorts;
use florin_engine::clock::Clocks;
use florin_gateway::config::crypto::{
    BitcoinChain, BitcoinNetwork, CryptoSettings, NetworkSettings, RateSettings, RateSource,
};
use florin_gateway::registry::Providers;
use florin_providers::coins::bitcoin::wallet::{Keys, NodeWallet};
use florin_providers::coins::bitcoin::{self, BitcoinNode, BitcoinSettings, Endpoint, FullReplacement};
use florin_providers::coins::external_signer::ExternalSigner;
use florin_providers::coins::http_rates::{HttpRates, Rule, Source};
use florin_providers::coins::rates::RatesByMode;
use jiff::SignedDuration;

/// Puts the configured networks and rates beside what is simulated.
///
/// # Errors
/// A sentence, when a client cannot be made.
pub fn join(mut providers: Providers, settings: &CryptoSettings, clocks: &Arc<Clocks>) -> Result<Providers, String> {
    for (name, network) in &settings.networks {
        match network {
            NetworkSettings::Bitcoin(network) => bitcoin(&mut providers.coins, name, network, clocks)?,
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
