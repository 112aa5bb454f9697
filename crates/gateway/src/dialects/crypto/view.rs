//! Payments as this dialect shows them (contract, sections 5.3, 5.4 and 5.9). Keys stand in the contract's order.

use std::sync::Arc;

use florin_engine::Engine;
use florin_kernel::coin::{AlertKind, CoinPayment, Price, State, Units};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Block, Network, Place};
use florin_kernel::public_id::Reference;
use florin_kernel::{Coin, Timestamp};
use serde_json::{Map, Value, json};

use super::Profile;
use super::echo::Echo;
use super::quote::Offer;
use super::settings::Countdown;
use super::status::{reason, refund_status, seconds_left, sentence, short, state, wait_time};
use super::uri::{PaymentText, image};
use super::wire::{percent, time};

/// What showing a payment needs beside it.
#[derive(Clone)]
pub struct Viewer {
    engine: Arc<Engine>,
    profile: Profile,
    countdown: Countdown,
}

const PAGE: &str = "coin page";
const PAGE_TAIL: &str = "coin page, more";
const TAIL: usize = 14;

/// The token of a payment's page: 64 letters and digits.
pub fn access_token(engine: &Engine, payment: &CoinPayment) -> String {
    let reference = Reference { payment: payment.id, sequence: 0 };
    format!("{}{}", engine.page_token(PAGE, reference), &engine.page_token(PAGE_TAIL, reference)[..TAIL])
}

/// Reads [`access_token`].
pub fn read_access_token(engine: &Engine, token: &str) -> Option<Reference> {
    let (head, tail) = token.split_at_checked(token.len().checked_sub(TAIL)?)?;
    let reference = engine.read_page_token(PAGE, head)?;
    let expected = engine.page_token(PAGE_TAIL, reference);
    (expected.as_bytes().get(..TAIL) == Some(tail.as_bytes())).then_some(reference)
}

impl Viewer {
    /// Of a mount, with the rule of its credential.
    pub fn new(engine: Arc<Engine>, profile: Profile, countdown: Countdown) -> Viewer {
        Viewer { engine, profile, countdown }
    }

    /// The network it is on, while it is configured.
    pub fn network(&self, payment: &CoinPayment) -> Option<&Network> {
        let lane = Lane::of(payment.merchant, payment.mode);
        self.engine.chain(&payment.network, lane).map(|chain| chain.network())
    }

    /// What pays so much to a payment.
    pub fn texts(&self, payment: &CoinPayment, units: Units) -> PaymentText {
        match self.network(payment) {
            Some(network) => {
                PaymentText::of(network, payment.price.coin, &payment.address, units, self.engine.public_url())
            }
            // Its chain is gone from the configuration: the address is all that is sure.
            None => PaymentText { full: payment.address.clone(), bare: payment.address.clone() },
        }
    }

    /// Where its page is.
    pub fn access_url(&self, payment: &CoinPayment) -> String {
        format!("{}/pay/{}", self.engine.public_url(), access_token(&self.engine, payment))
    }

    /// The newest block that is known of its chain.
    pub fn tip(&self, payment: &CoinPayment) -> Option<Block> {
        let known = self.engine.followed(&payment.network, Lane::of(payment.merchant, payment.mode));
        known.map(|followed| followed.tip).or(payment.tip.clone())
    }

    fn surcharge(price: &Price, body: &mut Map<String, Value>) {
        let total = price.surcharge.and_then(|surcharge| price.invoice.plus(surcharge.amount));
        body.insert("invoice_surcharge_amount".into(), json!(price.surcharge.map(|one| one.amount.decimal())));
        body.insert("invoice_amount_with_surcharge".into(), json!(total.map(|total| total.decimal())));
        let percent = price.surcharge.map(|one| format!("{}.{:02}", one.bps / 100, one.bps % 100));
        body.insert("invoice_surcharge_percent".into(), json!(percent));
    }

    /// CheckPayment's answer.
    pub fn checked(&self, payment: &CoinPayment, now: Timestamp) -> Value {
        let (coin, echo, tip) = (payment.price.coin, Echo::of(payment), self.tip(payment));
        let amount = |units: Units| units.decimal(coin);
        let some = |units: Units| (!units.is_zero()).then(|| units.decimal(coin));
        let confirmations = payment.confirmations(tip.as_ref());
        let (confirmed_time, cancelled_time) = times(payment);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| _ = body.insert(name.to_owned(), value);
        put("reference_no", payment.details.reference.clone().into());
        put("inserted", time(payment.created_at).into());
        put("invoice_amount", payment.invoice().decimal().into());
        put("type", "Sell".into());
        put("invoice_currency", payment.price.invoice.asset().code().into());
        put("currency", coin.code().into());
        put("amount", amount(payment.amount()).into());
        put("original_amount", json!(payment.original_amount().map(amount)));
        put("payment", amount(payment.received()).into());
        put("confirmations", self.count(confirmations));
        put("min_confirmations", payment.confirmations_needed().into());
        put("accept_zero_confirmations", echo.accept_zero_confirmations.into());
        put("require_kyt_for_confirmation", echo.require_kyt_for_confirmation.into());
        put("confirmed", payment.state.is_confirmed().into());
        put("confirmed_time", json!(confirmed_time));
        put("state", state(payment).into());
        put("status", sentence(payment, tip.as_ref(), now, self.profile, self.countdown).into());
        put("reason", json!(reason(payment)));
        put("wait_time", json!(wait(payment, now)));
        put("unconfirmed_amount", json!(some(payment.unaccepted())));
        put("unconfirmed_invoice_amount", json!(unaccepted_worth(payment)));
        put("underpayment", self.underpayment(payment));
        put("cancelled", matches!(payment.state, State::Cancelled(_)).into());
        put("cancelled_time", json!(cancelled_time));
        put("refund", some(payment.refunded()).unwrap_or_default().into());
        put("refund_amount_opened", some(payment.opened()).unwrap_or_default().into());
        put("refund_status", json!(refund_status(payment)));
        put("refundable_amount", amount(payment.refundable()).into());
        put("double_spending_alert", json!(alert(payment)));
        put("payment_id", payment.public_id.clone().into());
        put("address", payment.address.clone().into());
        put("sid", json!(echo.sid));
        put("access_token", access_token(&self.engine, payment).into());
        put("access_url", self.access_url(payment).into());
        put("print_string", format!("<BR>{}", reference_line(payment)).into());
        put("item_name", json!(echo.item_name));
        Viewer::surcharge(&payment.price, &mut body);
        body.insert("invoice_date".into(), Value::Null);
        let last = payment.deposits.iter().map(|deposit| deposit.seen_at).max();
        body.insert("last_transaction_time".into(), json!(last.map(time)));
        body.insert("expires_at".into(), time(payment.deadline).into());
        body.insert("expires_in".into(), seconds_left(payment, now).into());
        body.insert("transactions".into(), transactions(payment, tip.as_ref()));
        body.into()
    }

    fn count(&self, confirmations: u64) -> Value {
        match self.profile {
            Profile::A => confirmations.into(),
            Profile::B => confirmations.to_string().into(),
        }
    }

    fn underpayment(&self, payment: &CoinPayment) -> Value {
        if payment.state != State::Underpaid {
            return Value::Null;
        }
        let missing = payment.price.amount().less(payment.received());
        let texts = self.texts(payment, missing);
        let url = self.engine.public_url();
        json!({
            "address": payment.address,
            "missing_amount": missing.decimal(payment.price.coin),
            "qr": texts.full,
            "qr_alt": texts.bare,
            "qr_img": image(url, &texts.full),
            "qr_alt_img": image(url, &texts.bare),
        })
    }

    /// An item of GetTransactions.
    pub fn listed(&self, payment: &CoinPayment) -> Value {
        let (coin, echo) = (payment.price.coin, Echo::of(payment));
        let some = |units: Units| (!units.is_zero()).then(|| units.decimal(coin));
        let (confirmed, cancelled) = times(payment);
        json!({
            "state": state(payment),
            "status": short(payment),
            "status_loc": short(payment),
            "pos_id": echo.pos_id,
            "payment_id": payment.public_id,
            "reference_no": payment.details.reference,
            "invoice_currency": payment.price.invoice.asset().code(),
            "invoice_amount": payment.invoice().decimal(),
            "currency": coin.code(),
            "amount": payment.amount().decimal(coin),
            "amount_exchange": payment.price.exchange.decimal(coin),
            "network_processing_fee": payment.price.network_fee.decimal(coin),
            "address": payment.address,
            "type": "Sell",
            "type_loc": "Sell",
            "payment": some(payment.received()),
            "refund": some(payment.refunded()).unwrap_or_default(),
            "refund_amount_opened": some(payment.opened()).unwrap_or_default(),
            "refund_status": refund_status(payment),
            "refund_status_loc": refund_status(payment),
            "invoice_date": Value::Null,
            "inserted": time(payment.created_at),
            "confirmed": confirmed,
            "cancelled": cancelled,
            "double_spending_alert": alert(payment),
            "accept_zero_confirmations": echo.accept_zero_confirmations,
            "item_name": echo.item_name.unwrap_or_default(),
            "access_token": access_token(&self.engine, payment),
            "sid": echo.sid,
            "user": echo.user,
        })
    }

    /// The body of an event (section 13).
    pub fn event(&self, event: &str, status: &str, sequence: u32, payment: &CoinPayment, now: Timestamp) -> Value {
        let (coin, echo, tip) = (payment.price.coin, Echo::of(payment), self.tip(payment));
        let some = |units: Units| if units.is_zero() { String::new() } else { units.decimal(coin) };
        let txids: Vec<&str> = payment.deposits.iter().map(|deposit| deposit.outpoint.txid.as_str()).collect();
        json!({
            "event": event,
            "payment_id": payment.public_id,
            "pos_id": echo.pos_id,
            "status": status,
            "amount": payment.amount().decimal(coin),
            "currency": coin.code(),
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "user": echo.user,
            "address": payment.address,
            "reference_no": payment.details.reference,
            "state": state(payment),
            "payment": payment.received().decimal(coin),
            "confirmations": payment.confirmations(tip.as_ref()),
            "min_confirmations": payment.confirmations_needed(),
            "invoice_amount": payment.invoice().decimal(),
            "invoice_currency": payment.price.invoice.asset().code(),
            "refund": some(payment.refunded()),
            "refund_amount_opened": some(payment.opened()),
            "refund_status": refund_status(payment),
            "reason": reason(payment),
            "double_spending_alert": alert(payment),
            "txids": txids,
            "sequence": sequence,
        })
    }
}

/// StartPayment's answer.
pub fn started(viewer: &Viewer, payment: &CoinPayment, offer: &Offer, now: Timestamp) -> Value {
    let (price, coin, echo) = (&payment.price, payment.price.coin, Echo::of(payment));
    let (fast, unit) = offer.fast_fee(viewer.profile);
    let texts = viewer.texts(payment, price.amount());
    let url = viewer.engine.public_url();
    let amount = price.amount().decimal(coin);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| _ = body.insert(name.to_owned(), value);
    put("invoice_amount", price.invoice.decimal().into());
    put("invoice_currency", price.invoice.asset().code().into());
    put("currency", coin.code().into());
    put("rate", price.rate.to_string().into());
    put("amount_exchange", price.exchange.decimal(coin).into());
    put("network_processing_fee", price.network_fee.decimal(coin).into());
    put("amount", amount.clone().into());
    put("fast_transaction_fee", fast.into());
    put("payment_id", payment.public_id.clone().into());
    put("fast_transaction_fee_currency", unit.into());
    put("wait_time", wait_time(coin, payment.confirmations_needed()).into());
    put("address", payment.address.clone().into());
    put("qr", texts.full.clone().into());
    put("qr_alt", texts.bare.clone().into());
    put("qr_img", image(url, &texts.full).into());
    put("qr_alt_img", image(url, &texts.bare).into());
    put("min_confirmations", payment.confirmations_needed().into());
    put("sid", json!(echo.sid));
    put("cancelled", false.into());
    put("print_string", receipt(&echo, payment, &amount, &texts.full).into());
    put("access_token", access_token(&viewer.engine, payment).into());
    put("access_url", viewer.access_url(payment).into());
    put("stats_token", echo.stats_token.clone().into());
    put("notices", notices(viewer, payment));
    put("payment_deeplink", texts.full.clone().into());
    put("payment_deeplink_alt", texts.without_amount().into());
    put("beneficiary_vasp_details", Value::Null);
    put("item_name", json!(echo.item_name));
    Viewer::surcharge(price, &mut body);
    body.insert("wc_token".into(), Value::Null);
    body.insert("expires_at".into(), time(payment.deadline).into());
    body.insert("expires_in".into(), payment.deadline.duration_since(now).as_secs().max(0).into());
    if payment.mode == Mode::Dev {
        let wallet = format!(
            "{url}/sandbox/wallet?currency={}&address={}&amount={amount}",
            coin.code(),
            percent(&payment.address)
        );
        body.insert("sandbox_wallet_url".into(), wallet.into());
    }
    body.into()
}

/// What an integrator should know: a live credential on a test chain takes worthless coins.
fn notices(viewer: &Viewer, payment: &CoinPayment) -> Value {
    let test = viewer.network(payment).is_some_and(|network| network.is_test) && payment.mode == Mode::Live;
    match test {
        true => {
            json!([{"code": "test_network", "message": "The payment is on a test network; its coins are worth nothing."}])
        }
        false => json!([]),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|character| !['<', '>', '&'].contains(character)).collect()
}

fn reference_line(payment: &CoinPayment) -> String {
    match payment.details.reference.as_str() {
        "" => String::new(),
        reference => format!("Reference: {}<BR>", plain(reference)),
    }
}

/// What a till's printer prints.
fn receipt(echo: &Echo, payment: &CoinPayment, amount: &str, text: &str) -> String {
    let (pos, invoice, coin) = (plain(&echo.pos_id), payment.price.invoice, payment.price.coin.code());
    let asked = format!("{} {}", invoice.decimal(), invoice.asset().code());
    // The text of the code is kept as it is: dropping a character would make it pay elsewhere.
    format!(
        "<SMALL>{pos}</SMALL><BR><LINE>{}{asked}<BR><BOLD><BIG>{amount} {coin}</BIG></BOLD><BR><QR>{text}</QR><BR><CUT>",
        reference_line(payment)
    )
}

fn times(payment: &CoinPayment) -> (Option<String>, Option<String>) {
    let cancelled = match &payment.state {
        State::Cancelled(cancelled) => Some(time(cancelled.at)),
        State::Waiting
        | State::Underpaid
        | State::Processing { .. }
        | State::Blocked
        | State::ZeroConfirmed
        | State::Confirmed => None,
    };
    (payment.confirmed_at.map(time), cancelled)
}

/// How long it will take, in words; after an underpayment the time that is left.
fn wait(payment: &CoinPayment, now: Timestamp) -> Option<String> {
    match &payment.state {
        State::Underpaid => {
            let minutes = (seconds_left(payment, now) + 59) / 60;
            Some(if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") })
        }
        State::Waiting | State::Processing { .. } | State::Blocked | State::ZeroConfirmed => {
            Some(wait_time(payment.price.coin, payment.confirmations_needed()))
        }
        State::Confirmed | State::Cancelled(_) => None,
    }
}

fn unaccepted_worth(payment: &CoinPayment) -> Option<String> {
    let open = payment.unaccepted();
    (!open.is_zero()).then(|| payment.price.worth(open).decimal())
}

fn alert(payment: &CoinPayment) -> Option<String> {
    let alert = payment.alert.as_ref()?;
    let kind = match alert.kind {
        AlertKind::Conflict => "conflicting transaction",
        AlertKind::DoubleSpend => "double spend",
        AlertKind::Reorganisation => "reorganisation",
    };
    Some(format!("{} {kind} {}", time(alert.at), alert.txid))
}

fn transactions(payment: &CoinPayment, tip: Option<&Block>) -> Value {
    let row = |deposit: &florin_kernel::coin::Deposit| {
        let block = match &deposit.place {
            Place::Block(block) => Some(block.hash.clone()),
            Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => None,
        };
        let replaceable = deposit.frailty == Some(florin_kernel::ports::chain::Frailty::Replaceable);
        json!({
            "txid": deposit.outpoint.txid,
            "amount": deposit.units.decimal(payment.price.coin),
            "confirmations": deposit.confirmations(tip),
            "block_hash": block,
            "replaceable": replaceable,
            "time": time(deposit.seen_at),
        })
    };
    Value::Array(payment.deposits.iter().map(row).collect())
}

/// The icon of a coin.
pub fn icon(public_url: &str, coin: Coin) -> String {
    format!("{public_url}/static/coins/{}.svg", coin.code().to_ascii_lowercase())
}
