//! Coins as a way to pay on a page where a payer chooses: which are offered, and how one is chosen. The session becomes a payment made with
//! coins, so what it was before it is no more: it cannot be paid in any other way.

use std::sync::Arc;

use florin_engine::directory::Credential;
use florin_engine::{CoinError, Engine, Owner, SessionInCoins, is_untried};
use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::{Dialect, Mode, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::{Coin, Money};

use super::Profile;
use super::auth::Caller;
use super::errors::Problem;
use super::quote::{Ask, Offer};
use super::settings::Settings;
use super::start::{account_key, address_style, in_sync, plain};
use super::view::access_token;

/// Why a session was not turned into a payment made with coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// The amount is not one that this coin takes.
    Amount,
    /// There is no price, or nobody sees what comes.
    Unavailable,
}

/// Whose terms and keys hold: those of the merchant's first credential for coins that names coins for its page.
fn till(engine: &Engine, payment: &Payment) -> Option<Caller> {
    let directory = engine.directory();
    let lane = Lane::of(payment.merchant, payment.mode);
    let now = engine.now(lane);
    let ours = |credential: &&Arc<Credential>| {
        credential.merchant == payment.merchant
            && credential.mode == payment.mode
            && credential.dialect == Dialect::Crypto
            && !credential.revoked
            && credential.expires_at.is_none_or(|end| end > now)
            && !Settings::of(credential).cashier_coins.is_empty()
    };
    let credential = directory.credentials().filter(ours).min_by_key(|credential| credential.id)?.clone();
    let merchant = directory.merchant(payment.merchant)?.clone();
    Some(Caller { settings: Settings::of(&credential), credential, merchant, lane })
}

/// The coins that a session may be paid with, in the order of the merchant's settings. None once something was tried for it: what was
/// tried could still be heard of.
pub fn offered(engine: &Engine, payment: &Payment) -> Vec<Coin> {
    let Some(till) = till(engine, payment).filter(|_| is_untried(payment)) else { return Vec::new() };
    let carried = |coin: &Coin| {
        let chain = engine.chain_of(*coin, till.lane);
        chain.is_some_and(|chain| match payment.mode {
            Mode::Dev => true,
            Mode::Live => till.settings.account_keys.contains_key(&chain.network().name),
        })
    };
    let named = till.settings.cashier_coins.iter().filter_map(|code| Coin::from_code(code));
    let mut coins: Vec<Coin> = Vec::new();
    for coin in named.filter(carried) {
        if !coins.contains(&coin) {
            coins.push(coin);
        }
    }
    coins
}

/// Turns a session into a payment made with a coin. `None`: it is no session any more.
///
/// # Errors
/// [`NotNow`]; nothing is written then.
pub async fn begin(
    engine: &Arc<Engine>,
    payment: &Payment,
    coin: Coin,
    amount: Money,
) -> Result<Option<Box<CoinPayment>>, NotNow> {
    let till = till(engine, payment).ok_or(NotNow::Unavailable)?;
    let ask = Ask {
        pos_id: String::new(),
        invoice: amount,
        zero_confirmations: false,
        require_kyt: till.settings.require_kyt,
        fee_payer: till.settings.fee_paid_by,
        sid: None,
    };
    let offer = Offer::of(engine, &till, &ask, coin).await.map_err(not_now)?;
    in_sync(engine, &till, &offer.network).await.map_err(not_now)?;
    let made = plain(&till, engine, &ask, &offer, engine.now(till.lane));
    let style = address_style(&till, Profile::A, engine, &offer.network);
    let wanted = SessionInCoins {
        payment: Box::new(move |session: &Payment| CoinPayment {
            id: session.id,
            dialect: session.dialect,
            created_at: session.created_at,
            details: session.details.clone(),
            ..made.clone()
        }),
        account_key: account_key(&till, &offer.network, style),
        network: offer.network,
        style,
    };
    engine.pay_session_in_coins(Owner::of(payment), payment.id, wanted).await.map_err(|error: CoinError| {
        tracing::warn!(payment = %payment.id, %error, "a session waits for coins");
        NotNow::Unavailable
    })
}

fn not_now(problem: Problem) -> NotNow {
    match problem.code {
        "amount_out_of_range" => NotNow::Amount,
        _ => NotNow::Unavailable,
    }
}

/// The page of a payment made with coins.
pub fn page(engine: &Engine, payment: &CoinPayment) -> String {
    format!("{}/pay/{}", engine.public_url(), access_token(engine, payment))
}
