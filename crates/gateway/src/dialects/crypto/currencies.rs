//! GetCurrencyList (contract, section 5.8).

use axum::response::Response;
use florin_kernel::payment::Mode;
use florin_kernel::{Asset, Coin, Money};
use serde_json::{Value, json};

use super::auth::Caller;
use super::errors::Problem;
use super::params::Params;
use super::quote::{Ask, Mids, bounds};
use super::routes::CryptoState;
use super::settings::FeePayer;
use super::view::icon;
use super::wire::answer;

/// `GetCurrencyList`.
pub async fn list(state: &CryptoState, caller: &Caller, params: &Params) -> Result<Response, Problem> {
    let code = params.get("invoice_currency").unwrap_or(&caller.settings.invoice_currency);
    let fiat = Asset::currency(code).ok_or_else(|| Problem::invoice_currency(code))?;
    let mut rows = Vec::new();
    for coin in Coin::ALL {
        let Some(chain) = state.engine().chain_of(coin, caller.lane) else { continue };
        let network = &chain.network().name;
        if caller.credential.mode == Mode::Live && !caller.settings.account_keys.contains_key(network) {
            continue;
        }
        rows.push(row(state, caller, coin, fiat).await);
    }
    Ok(answer(&Value::Array(rows)))
}

fn ask(invoice: Money) -> Ask {
    Ask {
        pos_id: String::new(),
        invoice,
        zero_confirmations: false,
        require_kyt: false,
        fee_payer: FeePayer::Payer,
        sid: None,
    }
}

async fn row(state: &CryptoState, caller: &Caller, coin: Coin, fiat: Asset) -> Value {
    let bounds =
        Mids::of(state.engine(), caller, coin, fiat).await.map(|mids| bounds(&caller.settings, mids, fiat)).ok();
    let offer = match bounds {
        // Any amount within the bounds tells the rate.
        Some((_, most)) => state.offer(caller, &ask(most), coin).await.ok(),
        None => None,
    };
    let bound = |bound: Option<Money>| bound.map(Money::decimal).unwrap_or_default();
    let rate = offer.as_ref().map(|offer| offer.price.rate.to_string()).unwrap_or_default();
    let status = if offer.is_some() { "OK" } else { "UNAVAILABLE" };
    let settings = &caller.settings;
    let zero = settings.takes_unconfirmed(coin, caller.credential.mode);
    json!({
        "currency": coin.code(),
        "description": match coin {
            Coin::Btc => "Bitcoin",
            Coin::Eth => "Ethereum",
            Coin::Usdt => "Tether USD (ERC-20)",
            Coin::Usdc => "USD Coin (ERC-20)",
        },
        "status": status,
        "zero_confirmations_enabled": if zero { "1" } else { "0" },
        "currency_fiat": fiat.code(),
        "icon_url": icon(state.engine().public_url(), coin),
        "rate": rate,
        "sell_status": status,
        "sell_rate": rate,
        "buy_status": "DISABLED",
        "buy_rate": "",
        "sell_min_invoice_amount": bound(bounds.map(|(least, _)| least)),
        "sell_max_invoice_amount": bound(bounds.map(|(_, most)| most)),
        "sell_network_processing_fee": settings.network_fee(coin).decimal(coin),
        "buy_min_invoice_amount": "",
        "buy_max_invoice_amount": "",
        "buy_network_processing_fee": "",
    })
}
