//! The simulated chains' doors: `POST /sandbox/api/{op}` for programs, `/sandbox/wallet` for people (contract, section 14). Both are for
//! test mode only.

use std::collections::BTreeMap;

use askama::Template;
use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use florin_kernel::Coin;
use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Profile;
use super::auth::admit;
use super::errors::Problem;
use super::params::Params;
use super::routes::CryptoState;
use super::status::short;
use super::wire::{answer, percent};
use crate::pages::{html, notice, see_other};

/// Who simulates chains.
#[async_trait]
pub trait SimulatedChains: Send + Sync {
    /// Does something to the chains of a lane, and tells what came of it.
    async fn run(&self, lane: Lane, operation: &str, fields: &BTreeMap<String, String>) -> Result<Value, SandboxFault>;
    /// The networks that are simulated.
    fn networks(&self) -> Vec<String>;
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SandboxFault {
    /// No such operation.
    Unknown,
    /// A field does not fit.
    Field(&'static str, &'static str),
    /// The simulation cannot be read or written.
    Unavailable(String),
}

/// The longest that a test clock is advanced at once: ten years.
const SECONDS_MAX: i64 = 10 * 366 * 86_400;

impl CryptoState {
    /// Does something, and lets the payments know what came of it before anything is answered.
    async fn simulate(&self, lane: Lane, operation: &str, fields: &BTreeMap<String, String>) -> Result<Value, Problem> {
        let told = self.simulated().run(lane, operation, fields).await.map_err(|fault| match fault {
            SandboxFault::Unknown => Problem::unknown_endpoint(),
            SandboxFault::Field(field, why) => Problem::invalid(field, why),
            SandboxFault::Unavailable(error) => {
                tracing::error!(error, "a simulated chain is not available");
                Problem::busy()
            }
        })?;
        self.follow(lane).await;
        Ok(told)
    }

    async fn follow(&self, lane: Lane) {
        for network in self.simulated().networks() {
            if let Err(error) = self.engine().follow_chain(&network, lane).await {
                tracing::info!(network, %error, "a simulated chain is silent");
            }
        }
    }

    async fn advance(&self, lane: Lane, seconds: i64) -> Result<(), Problem> {
        let Lane::Dev(merchant) = lane else { return Err(Problem::unknown_endpoint()) };
        self.engine().advance_clock(merchant, SignedDuration::from_secs(seconds)).await?;
        self.follow(lane).await;
        Ok(())
    }
}

/// `POST /sandbox/api/{op}`.
pub async fn call(State(state): State<CryptoState>, Path(operation): Path<String>, request: Request<Body>) -> Response {
    match called(&state, &operation, request).await {
        Ok(told) => answer(&told),
        Err(problem) => problem.response(Profile::A),
    }
}

async fn called(state: &CryptoState, operation: &str, request: Request<Body>) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    let caller = admit(state.engine(), state.lockout(), &parts.headers)?;
    if caller.credential.mode == Mode::Live {
        return Err(Problem::unknown_endpoint());
    }
    let params = Params::read(&parts, body).await?;
    let mut told = match operation {
        "clock" => {
            let seconds = params.get("seconds").or(params.get("advance_s")).map(str::parse::<i64>);
            let seconds = match seconds {
                Some(Ok(seconds)) if (0..=SECONDS_MAX).contains(&seconds) => seconds,
                Some(_) => return Err(Problem::invalid("seconds", "it is no number of seconds forward")),
                None => return Err(Problem::missing("seconds")),
            };
            state.advance(caller.lane, seconds).await?;
            json!({ "time": state.engine().now(caller.lane).to_string() })
        }
        operation => state.simulate(caller.lane, operation, &params.into_map()).await?,
    };
    let mut body = serde_json::Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
    if let Some(told) = told.as_object_mut() {
        body.append(told);
    }
    Ok(body.into())
}

#[derive(Template)]
#[template(path = "sandbox_wallet.html")]
struct WalletPage {
    amount: String,
    address: String,
    state: &'static str,
    received: String,
    action: String,
    txid: String,
    coin: &'static str,
    page: String,
}

/// `GET /sandbox/wallet`.
pub async fn wallet(State(state): State<CryptoState>, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    match found(&state, parts.uri.query().unwrap_or_default()).await {
        Ok(Some(payment)) => show(&state, &payment),
        Ok(None) => notice::not_found(),
        Err(_) => notice::unavailable(),
    }
}

fn show(state: &CryptoState, payment: &CoinPayment) -> Response {
    let coin = payment.price.coin;
    let page = WalletPage {
        amount: format!("{} {}", payment.price.amount().decimal(coin), coin.code()),
        address: payment.address.clone(),
        state: short(payment),
        received: format!("{} {}", payment.received().decimal(coin), coin.code()),
        action: wallet_path(payment),
        txid: payment.deposits.last().map(|deposit| deposit.outpoint.txid.clone()).unwrap_or_default(),
        coin: coin.code(),
        page: format!("/pay/{}", super::view::access_token(state.engine(), payment)),
    };
    html(StatusCode::OK, &page, None)
}

fn wallet_path(payment: &CoinPayment) -> String {
    format!("/sandbox/wallet?currency={}&address={}", payment.price.coin.code(), percent(&payment.address))
}

/// The test payment with an address; live ones have no such page.
async fn found(state: &CryptoState, query: &str) -> Result<Option<CoinPayment>, Problem> {
    let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let coin = pairs.get("currency").and_then(|code| Coin::from_code(&code.to_ascii_uppercase()));
    let (Some(coin), Some(address)) = (coin, pairs.get("address")) else { return Ok(None) };
    let engine = state.engine();
    let merchants: Vec<_> = engine.directory().merchants().map(|merchant| merchant.id).collect();
    for merchant in merchants {
        let lane = Lane::Dev(merchant);
        let Some(network) = engine.chain_of(coin, lane).map(|chain| chain.network().name.clone()) else { continue };
        if let Some(payment) = engine.coins_at(&network, lane, address).await? {
            return Ok(Some(payment));
        }
    }
    Ok(None)
}

/// `POST /sandbox/wallet`: what a button does, and back to the page.
pub async fn act(State(state): State<CryptoState>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let payment = match found(&state, parts.uri.query().unwrap_or_default()).await {
        Ok(Some(payment)) => payment,
        Ok(None) => return notice::not_found(),
        Err(_) => return notice::unavailable(),
    };
    let asked = match Params::read(&parts, body).await {
        Ok(params) => params.get("do").unwrap_or_default().to_owned(),
        Err(problem) => return problem.response(Profile::A),
    };
    if let Err(problem) = press(&state, &payment, &asked).await {
        return problem.response(Profile::A);
    }
    see_other(&wallet_path(&payment))
}

async fn press(state: &CryptoState, payment: &CoinPayment, button: &str) -> Result<(), Problem> {
    let lane = Lane::of(payment.merchant, payment.mode);
    let fields = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (address, coin) = (payment.address.as_str(), payment.price.coin.code());
    let txid = payment.deposits.last().map(|deposit| deposit.outpoint.txid.clone()).unwrap_or_default();
    let (operation, fields) = match button {
        "exact" | "under" | "rest" | "over" => ("send", fields(&[("address", address), ("mode", button)])),
        "late" => {
            let left = payment.expires_at().duration_since(state.engine().now(lane)).as_secs().max(0);
            state.advance(lane, left + 60).await?;
            ("send", fields(&[("address", address), ("mode", "exact")]))
        }
        "replaceable" => ("send", fields(&[("address", address), ("mode", "exact"), ("replaceable", "true")])),
        "mine" => ("mine", fields(&[("currency", coin)])),
        "reorg" => ("reorg", fields(&[("currency", coin), ("depth", "2")])),
        "double_spend" => ("double_spend", fields(&[("txid", &txid), ("mined", "true")])),
        "pass" | "review" | "reject" => ("kyt", fields(&[("txid", &txid), ("verdict", button)])),
        _ => return Err(Problem::invalid("do", "there is no such button")),
    };
    state.simulate(lane, operation, &fields).await.map(drop)
}
