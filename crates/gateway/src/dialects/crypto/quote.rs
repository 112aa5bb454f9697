//! What an invoice costs in coins: GetRate and GetRates (contract, sections 5.1, 5.2 and 8). Quotes are held in memory: an offer, not a
//! promise; only StartPayment's answer binds.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::coin::{Price, Requirement, Units, ZeroConfirmation};
use florin_kernel::fx::Rate;
use florin_kernel::payment::Mode;
use florin_kernel::ports::chain::Family;
use florin_kernel::{Asset, Coin, Money, MoneyError, Timestamp};
use serde_json::{Value, json};

use super::Profile;
use super::auth::Caller;
use super::errors::Problem;
use super::params::Params;
use super::routes::CryptoState;
use super::settings::{FeePayer, Settings};
use super::status::wait_time;
use super::wire::answer;

#[cfg(test)]
mod tests;

/// What is asked for, the coin left aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The point of sale.
    pub pos_id: String,
    /// How much.
    pub invoice: Money,
    /// Whether acceptance without confirmations is wished for.
    pub zero_confirmations: bool,
    /// Whether confirmation waits for screening.
    pub require_kyt: bool,
    /// Who bears the network processing fee.
    pub fee_payer: FeePayer,
    /// Echoed.
    pub sid: Option<String>,
}

impl Ask {
    /// Reads the parameters that GetRate, GetRates and StartPayment share.
    ///
    /// # Errors
    /// [`Problem`] names the first that does not fit.
    pub fn read(params: &Params, settings: &Settings) -> Result<Ask, Problem> {
        let pos_id = pos_id(params, settings)?;
        let code = params.require("invoice_currency")?;
        if code.contains('¤') {
            return Err(Problem::invalid("invoice_currency", "the link was rendered: write &currency=, not ¤cy="));
        }
        let fiat = Asset::currency(code).ok_or_else(|| Problem::invoice_currency(code))?;
        let invoice = amount("invoice_amount", params.require("invoice_amount")?, fiat)?;
        let fee_payer = match params.get("network_processing_fee_paid_by") {
            None => settings.fee_paid_by,
            Some("payer") => FeePayer::Payer,
            Some("merchant") => FeePayer::Merchant,
            Some(_) => {
                return Err(Problem::invalid("network_processing_fee_paid_by", "it is neither payer nor merchant"));
            }
        };
        Ok(Ask {
            pos_id,
            invoice,
            zero_confirmations: params.truth("accept_zero_confirmations")?.unwrap_or(false),
            require_kyt: params.truth("require_kyt_for_confirmation")?.unwrap_or(settings.require_kyt),
            fee_payer,
            sid: params.text("sid", 255)?,
        })
    }
}

/// The point of sale.
///
/// # Errors
/// [`Problem`] when it is missing, malformed, or unknown where only known ones are taken.
pub fn pos_id(params: &Params, settings: &Settings) -> Result<String, Problem> {
    let text = params.require("pos_id")?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.len() > 64 || !text.bytes().all(good) {
        return Err(Problem::invalid("pos_id", "it must be 1 to 64 letters, digits, dots, hyphens or underscores"));
    }
    if settings.pos_strict && !settings.pos.contains_key(text) {
        return Err(Problem::invalid("pos_id", "it is not registered"));
    }
    Ok(text.to_owned())
}

/// An amount in fiat. Thousands commas are read only in the one form that cannot be meant otherwise: `1,234.00`.
///
/// # Errors
/// `invalid_parameter`.
pub fn amount(name: &'static str, text: &str, fiat: Asset) -> Result<Money, Problem> {
    let plain = match text.contains(',') {
        true => {
            ungrouped(text, fiat.scale()).ok_or_else(|| Problem::invalid(name, "it is not a plain decimal number"))?
        }
        false => text.to_owned(),
    };
    Money::parse(&plain, fiat).map_err(|error: MoneyError| Problem::invalid(name, &format!("it {error}")))
}

fn ungrouped(text: &str, scale: u32) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let three = |group: &str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let good = (1..=3).contains(&first.len()) && groups.clone().count() > 0 && groups.all(three);
    (good && scale > 0 && fraction.len() == scale as usize).then(|| text.replace(',', ""))
}

/// A coin by its code or an alias.
///
/// # Errors
/// `unsupported_currency`.
pub fn coin(code: &str) -> Result<Coin, Problem> {
    match code.to_ascii_uppercase().as_str() {
        "USDT_ERC20" | "USDT_ETHEREUM" => Ok(Coin::Usdt),
        "USDC_ERC20" | "USDC_ETHEREUM" => Ok(Coin::Usdc),
        known => Coin::from_code(known).ok_or_else(|| Problem::currency(code)),
    }
}

/// A price with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The price.
    pub price: Price,
    /// What a transaction pays to be mined soon, base units of the fee coin: for a byte of bitcoin, for a whole transfer elsewhere.
    pub fast_fee: Units,
    /// Confirmations by worth.
    pub requirements: Vec<Requirement>,
    /// Acceptance without them.
    pub zero_confirmation: Option<ZeroConfirmation>,
    /// The network's name.
    pub network: String,
}

impl Offer {
    /// How many confirmations will be needed.
    pub fn confirmations(&self) -> u32 {
        let zero = self.zero_confirmation.is_some_and(|zero| !self.price.invoice.exceeds(zero.up_to));
        let fits = |requirement: &&Requirement| requirement.up_to.is_none_or(|most| !self.price.invoice.exceeds(most));
        let needed = self.requirements.iter().find(fits).or(self.requirements.last());
        if zero { 0 } else { needed.map_or(u32::MAX, |needed| needed.confirmations) }
    }

    /// `fast_transaction_fee` and its unit, as a mount shows them.
    pub fn fast_fee(&self, profile: Profile) -> (String, &'static str) {
        match (self.price.coin, profile) {
            (Coin::Btc, Profile::A) => (self.fast_fee.decimal(Coin::Btc), "BTC/Byte"),
            (Coin::Btc, Profile::B) => {
                (Units::new(self.fast_fee.number().saturating_mul(1_000)).decimal(Coin::Btc), "BTC/kB")
            }
            (Coin::Eth | Coin::Usdt | Coin::Usdc, _) => (self.fast_fee.decimal(Coin::Eth), "ETH"),
        }
    }
}

/// Gas of a transfer of ether and of a token.
const GAS_ETHER: u128 = 21_000;
const GAS_TOKEN: u128 = 65_000;

/// Confirmations by worth in euro cents (section 10).
const BTC: [(Option<i64>, u32, bool); 5] = [
    (Some(10_000), 1, false),
    (Some(100_000), 1, false),
    (Some(1_000_000), 2, false),
    (Some(10_000_000), 3, false),
    (None, 6, false),
];
const EVM: [(Option<i64>, u32, bool); 4] =
    [(Some(100_000), 12, false), (Some(1_000_000), 32, false), (Some(10_000_000), 64, true), (None, 64, true)];

impl CryptoState {
    /// The price of what is asked in one coin, made now.
    ///
    /// # Errors
    /// [`Problem`] when the coin is not offered, the amount is out of its range, or there is no fresh rate.
    pub async fn offer(&self, caller: &Caller, ask: &Ask, coin: Coin) -> Result<Offer, Problem> {
        Offer::of(self.engine(), caller, ask, coin).await
    }
}

impl Offer {
    /// As [`CryptoState::offer`].
    ///
    /// # Errors
    /// As there.
    pub async fn of(engine: &Engine, caller: &Caller, ask: &Ask, coin: Coin) -> Result<Offer, Problem> {
        let chain = engine.chain_of(coin, caller.lane).ok_or_else(|| Problem::currency(coin.code()))?;
        let network = chain.network();
        if caller.credential.mode == Mode::Live && !caller.settings.account_keys.contains_key(&network.name) {
            return Err(Problem::currency(coin.code()));
        }
        let fiat = ask.invoice.asset();
        let Mids { mid, in_euro } = Mids::of(engine, caller, coin, fiat).await?;
        let of_euro = |minor: i64| from_euro(minor, mid, in_euro, fiat);
        let (least, most) = bounds(&caller.settings, Mids { mid, in_euro }, fiat);
        if least.exceeds(ask.invoice) || ask.invoice.exceeds(most) {
            return Err(Problem::amount_out_of_range(&least.decimal(), &most.decimal(), fiat.code()));
        }
        let fee = match ask.fee_payer {
            FeePayer::Payer => caller.settings.network_fee(coin),
            FeePayer::Merchant => Units::ZERO,
        };
        let settings = &caller.settings;
        let price = Price::quote(ask.invoice, coin, mid, settings.spread_bps, fee, settings.surcharge_bps);
        let price = price.map_err(|_| Problem::no_rate())?;
        let fees = chain.fees(caller.lane).await.map_err(|_| Problem::node())?;
        let (fast_fee, table): (Units, &[_]) = match (network.family, coin) {
            (Family::Bitcoin, _) => (fees.fast, &BTC),
            (Family::Ethereum { .. }, Coin::Eth) => (Units::new(fees.fast.number() * GAS_ETHER), &EVM),
            (Family::Ethereum { .. }, _) => (Units::new(fees.fast.number() * GAS_TOKEN), &EVM),
        };
        let requirement = |(up_to, confirmations, finalised): &(Option<i64>, u32, bool)| Requirement {
            up_to: up_to.map(of_euro),
            confirmations: *confirmations,
            finalised: *finalised,
        };
        let zero = ask.zero_confirmations && settings.takes_unconfirmed(coin, caller.credential.mode);
        let zero_confirmation = zero.then(|| ZeroConfirmation {
            up_to: of_euro(Settings::euro(&settings.zero_conf_max, 10_000).minor()),
            hold_s: settings.zero_conf_hold,
        });
        Ok(Offer {
            price,
            fast_fee,
            requirements: table.iter().map(requirement).collect(),
            zero_confirmation,
            network: network.name.clone(),
        })
    }
}

/// What a coin costs in a currency and in euro.
#[derive(Clone, Copy, Debug)]
pub struct Mids {
    mid: Rate,
    in_euro: Rate,
}

impl Mids {
    /// What a coin costs now.
    ///
    /// # Errors
    /// `rate_unavailable`.
    pub async fn of(engine: &Engine, caller: &Caller, coin: Coin, fiat: Asset) -> Result<Mids, Problem> {
        let mid = engine.mid_rate(caller.lane, coin, fiat).await.map_err(|_| Problem::no_rate())?;
        let euro = Asset::currency("EUR").expect("the euro is a currency");
        Ok(Mids { mid, in_euro: engine.mid_rate(caller.lane, coin, euro).await.unwrap_or(mid) })
    }
}

/// The smallest and the largest invoice in a currency.
pub fn bounds(settings: &Settings, mids: Mids, fiat: Asset) -> (Money, Money) {
    let of_euro = |text: &str, default| from_euro(Settings::euro(text, default).minor(), mids.mid, mids.in_euro, fiat);
    (of_euro(&settings.invoice_min, 50), of_euro(&settings.invoice_max, 10_000_000))
}

/// So many euro cents in another currency, by what one coin costs in both; to the nearest minor unit.
fn from_euro(cents: i64, mid: Rate, in_euro: Rate, fiat: Asset) -> Money {
    let billionths = |rate: Rate| i128::from(rate.mantissa()) * 10_i128.pow(9 - rate.scale());
    let numerator = i128::from(cents) * billionths(mid) * 10_i128.pow(fiat.scale());
    let denominator = billionths(in_euro) * 100;
    let minor = (numerator + denominator / 2) / denominator;
    Money::new(i64::try_from(minor).unwrap_or(i64::MAX), fiat)
}

/// Quotes that StartPayment may take up.
#[derive(Default)]
pub struct Quotes(Mutex<HashMap<(i64, Mode, String), Vec<Kept>>>);

#[derive(Clone)]
struct Kept {
    ask: Ask,
    offer: Offer,
    at: Timestamp,
}

/// Quotes held at most; beyond, the old ones go first.
const QUOTES_MAX: usize = 50_000;

impl Quotes {
    fn keep(&self, caller: &Caller, payment_id: &str, ask: &Ask, offer: &Offer, now: Timestamp) {
        let mut quotes = self.0.lock().expect("no holder of the lock panics");
        if quotes.len() >= QUOTES_MAX {
            quotes.clear();
        }
        let key = (caller.credential.merchant.number(), caller.credential.mode, payment_id.to_owned());
        let kept = Kept { ask: ask.clone(), offer: offer.clone(), at: now };
        quotes.entry(key).or_default().push(kept);
    }

    /// The offer that was made under an id for the same thing, if that was not long ago.
    pub fn take_up(&self, caller: &Caller, payment_id: &str, ask: &Ask, coin: Coin, now: Timestamp) -> Option<Offer> {
        let quotes = self.0.lock().expect("no holder of the lock panics");
        let key = (caller.credential.merchant.number(), caller.credential.mode, payment_id.to_owned());
        let ttl_s = i64::from(caller.settings.quote_ttl);
        let same = |kept: &&Kept| {
            let asked = Ask { sid: ask.sid.clone(), ..kept.ask.clone() };
            asked == *ask && kept.offer.price.coin == coin && now.duration_since(kept.at).as_secs() <= ttl_s
        };
        quotes.get(&key)?.iter().rev().find(same).map(|kept| kept.offer.clone())
    }
}

/// A new id in the form of a UUID, version 4.
pub fn new_uuid() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `GetRate`.
pub async fn get_rate(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    profile: Profile,
) -> Result<Response, Problem> {
    let ask = Ask::read(params, &caller.settings)?;
    let coin = coin(params.require("currency")?)?;
    let offer = state.offer(caller, &ask, coin).await?;
    let payment_id = new_uuid();
    state.quotes().keep(caller, &payment_id, &ask, &offer, state.engine().now(caller.lane));
    Ok(answer(&rate_body(&ask, &offer, &payment_id, profile)))
}

fn rate_body(ask: &Ask, offer: &Offer, payment_id: &str, profile: Profile) -> Value {
    let (price, coin) = (&offer.price, offer.price.coin);
    let (fast, unit) = offer.fast_fee(profile);
    json!({
        "invoice_amount": price.invoice.decimal(),
        "invoice_currency": price.invoice.asset().code(),
        "currency": coin.code(),
        "rate": price.rate.to_string(),
        "amount_exchange": price.exchange.decimal(coin),
        "network_processing_fee": price.network_fee.decimal(coin),
        "amount": price.amount().decimal(coin),
        "fast_transaction_fee": fast,
        "fast_transaction_fee_currency": unit,
        "wait_time": wait_time(coin, offer.confirmations()),
        "payment_id": payment_id,
        "sid": ask.sid,
    })
}

/// `GetRates`.
pub async fn get_rates(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    profile: Profile,
) -> Result<Response, Problem> {
    let ask = Ask::read(params, &caller.settings)?;
    let mut coins = Vec::new();
    for code in params.require("currencies")?.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let coin = coin(code)?;
        if !coins.contains(&coin) {
            coins.push(coin);
        }
    }
    if coins.is_empty() || coins.len() > 20 {
        return Err(Problem::invalid("currencies", "it must be a list of 1 to 20 coins"));
    }
    let payment_id = new_uuid();
    let (mut rows, mut refusal) = (Vec::new(), Problem::no_rate());
    for coin in coins {
        match state.offer(caller, &ask, coin).await {
            Ok(offer) => {
                state.quotes().keep(caller, &payment_id, &ask, &offer, state.engine().now(caller.lane));
                rows.push((coin, row(&offer, profile)));
            }
            Err(problem) if problem.code == "amount_out_of_range" => refusal = problem,
            Err(_) => {}
        }
    }
    if rows.is_empty() {
        return Err(refusal);
    }
    let by_coin = profile == Profile::B && params.get("format") == Some("object");
    let currencies = match by_coin {
        true => {
            rows.into_iter().map(|(coin, row)| (coin.code().to_owned(), row)).collect::<serde_json::Map<_, _>>().into()
        }
        false => Value::Array(rows.into_iter().map(|(_, row)| row).collect()),
    };
    Ok(answer(&json!({
        "payment_id": payment_id,
        "invoice_amount": ask.invoice.decimal(),
        "invoice_currency": ask.invoice.asset().code(),
        "sid": ask.sid,
        "currencies": currencies,
    })))
}

fn row(offer: &Offer, profile: Profile) -> Value {
    let (price, coin) = (&offer.price, offer.price.coin);
    let (fast, unit) = offer.fast_fee(profile);
    json!({
        "currency": coin.code(),
        "rate": price.rate.to_string(),
        "amount_exchange": price.exchange.decimal(coin),
        "network_processing_fee": price.network_fee.decimal(coin),
        "amount": price.amount().decimal(coin),
        "wait_time": wait_time(coin, offer.confirmations()),
        "fast_transaction_fee": fast,
        "fast_transaction_fee_currency": unit,
    })
}
