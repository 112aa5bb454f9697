//! Live payments in bitcoin before a real node on a local chain: a shop asks, a wallet pays, the chain does what chains do; the book
//! agrees after each story. Skipped where `FLORIN_TEST_BITCOIND` names no program; `scripts/with-bitcoin` installs one.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use florin_gateway::config::Config;
use florin_gateway::config::crypto::{BitcoinChain, BitcoinNetwork, NetworkSettings, RateSource};
use florin_gateway::{commands, dialects};
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_providers::conformance::regtest::{Regtest, Replaceable};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::crypto_live::{LiveShop, of, rates};
use crate::world::{SOON, World};

/// The account key of the contract's vectors.
const KEY: &str =
    "tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M";
/// What the shop's order of 48.25 EUR comes to at the source's price.
const AMOUNT: u128 = 79_744;

fn configure(config: &mut Config, node: &Regtest, rates: &str) {
    let network = BitcoinNetwork {
        chain: BitcoinChain::Regtest,
        rpc: node.url().parse().expect("a URL"),
        auth_file: Some(node.auth_file()),
        timeout_ms: 10_000,
        second: None,
        refund_wallet: Some("refunds".to_owned()),
        refund_signer: None,
        refund_fee_max: "0.00050000".to_owned(),
        zero_conf_accept_full_rbf: true,
        max_tip_age_s: 5_400,
    };
    config.crypto.networks.insert("bitcoin".to_owned(), NetworkSettings::Bitcoin(network));
    let source = RateSource { url: rates.to_owned(), price: "/data/amount".to_owned(), time: None };
    config.crypto.rates.sources = vec![source];
    config.crypto.extra_prefixes.insert("/api/v2".to_owned(), dialects::crypto::Profile::B);
}

/// A shop with a live credential, and the node that its payments are on.
struct Shop {
    live: LiveShop,
    node: Regtest,
}

impl Deref for Shop {
    type Target = LiveShop;

    fn deref(&self) -> &LiveShop {
        &self.live
    }
}

impl DerefMut for Shop {
    fn deref_mut(&mut self) -> &mut LiveShop {
        &mut self.live
    }
}

impl Shop {
    async fn open(settings: Value) -> Option<Shop> {
        let node = Regtest::start().await?;
        node.call("createwallet", json!(["refunds"])).await;
        let hot = node.wallet("refunds", "getnewaddress", json!([])).await;
        node.pay(hot.as_str().expect("an address"), Units::new(10_000_000), 5, Replaceable::No).await;
        node.mine(1).await;
        let rates = rates();
        let world = World::with(|config| configure(config, &node, &rates)).await;
        let mut with_key = json!({"account_keys": {"bitcoin": KEY}});
        with_key.as_object_mut().expect("an object").extend(settings.as_object().expect("an object").clone());
        let live = LiveShop::open(world, "bitcoin", with_key).await;
        Some(Shop { live, node })
    }

    const ORDER: [(&str, &str); 4] =
        [("pos_id", "POS1"), ("invoice_currency", "EUR"), ("invoice_amount", "48.25"), ("currency", "BTC")];

    async fn starts(&self) -> Value {
        self.told("StartPayment", &Shop::ORDER).await
    }

    /// Pays an address of a payment's out of somebody's wallet.
    async fn paid(&self, payment: &Value, satoshi: u128) -> String {
        let address = payment["address"].as_str().expect("an address");
        self.node.pay(address, Units::new(satoshi), 5, Replaceable::Yes).await
    }

    /// Sends what is owed back, and waits until it is in a block.
    async fn refunds(&self, payment: &Value, amount: &str) {
        let to = self.node.wallet("payer", "getnewaddress", json!([])).await;
        let to = to.as_str().expect("an address");
        let fields = of(payment, &[("address_out", to), ("refund_amount", amount)]);
        let first = self.told("RefundPayment", &fields).await;
        assert_eq!(self.told("RefundPayment", &fields).await, first, "the same refund");
        self.in_mempool(1).await;
        self.becomes(payment, "refund_status", "Refund pending").await;
        self.node.mine(1).await;
        self.becomes(payment, "refund_status", "Refunded").await;
        let received = self.node.wallet("payer", "getreceivedbyaddress", json!([to])).await;
        assert_eq!(Units::parse(&received.to_string(), Coin::Btc), Units::parse(amount, Coin::Btc), "once, exactly");
    }

    async fn in_mempool(&self, transactions: usize) {
        let there = async {
            while self.node.call("getrawmempool", json!([])).await.as_array().map(Vec::len) != Some(transactions) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, there).await.expect("it is sent soon");
    }

    async fn closes(self) {
        self.world.assert_book_agrees().await;
    }
}

#[tokio::test]
async fn a_payment_is_seen_confirmed_and_told_to_be_on_a_test_network() {
    let Some(shop) = Shop::open(json!({})).await else { return };
    let rate = shop.told("GetRate", &Shop::ORDER).await;
    assert_eq!((&rate["rate"], &rate["amount"]), (&json!("60622.2221"), &json!("0.00079744")));
    let listed = shop.told("GetCurrencyList", &[]).await;
    assert_eq!((&listed[0]["currency"], &listed[0]["status"]), (&json!("BTC"), &json!("OK")));
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "only what there is a key for");
    let payment = shop.starts().await;
    assert_eq!(payment["address"], "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk");
    assert_eq!(payment["notices"][0]["code"], "test_network");
    assert_eq!(payment["sandbox_wallet_url"], Value::Null);
    let next = shop.starts().await;
    assert_eq!(next["address"], "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh");
    let txid = shop.paid(&payment, AMOUNT).await;
    let seen = shop.becomes(&payment, "state", "processing").await;
    assert_eq!(seen["transactions"][0]["txid"], txid.as_str());
    assert_eq!((&seen["payment"], &seen["confirmations"]), (&json!("0.00079744"), &json!(0)));
    shop.node.mine(1).await;
    let confirmed = shop.becomes(&payment, "state", "confirmed").await;
    assert_eq!(confirmed["confirmations"], 1);
    let (_, other) = shop.call("/api/v2/CheckPayment", &of(&payment, &[])).await;
    assert_eq!(other["confirmations"], "1", "the further path answers in its shape");
    shop.becomes(&next, "state", "waiting").await;
    shop.closes().await;
}

#[tokio::test]
async fn too_little_is_topped_up_and_too_much_goes_back_out_of_the_nodes_wallet() {
    let Some(mut shop) = Shop::open(json!({})).await else { return };
    let payment = shop.starts().await;
    shop.paid(&payment, 40_000).await;
    let short = shop.becomes(&payment, "state", "underpayment").await;
    assert_eq!(short["underpayment"]["missing_amount"], "0.00039744");
    shop.node.mine(1).await;
    shop.paid(&payment, 45_000).await;
    shop.becomes(&payment, "state", "processing").await;
    // In the middle of it all.
    shop.world.restart().await;
    shop.node.mine(1).await;
    let confirmed = shop.becomes(&payment, "state", "confirmed").await;
    assert_eq!(confirmed["refund_amount_opened"], "0.00005256");
    let main = ("address_out", "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu");
    let wrong = of(&payment, &[main, ("refund_amount", "0.00005256")]);
    assert_eq!(shop.call("/v2/RefundPayment/", &wrong).await.1["err_code"], "invalid_address");
    shop.node.mine(1).await;
    shop.becomes(&payment, "confirmations", 2).await;
    shop.refunds(&payment, "0.00005256").await;
    shop.closes().await;
}

#[tokio::test]
async fn what_comes_after_a_cancellation_goes_back_also_over_a_restart() {
    let Some(mut shop) = Shop::open(json!({})).await else { return };
    let payment = shop.starts().await;
    shop.told("CancelPayment", &of(&payment, &[])).await;
    shop.paid(&payment, AMOUNT).await;
    shop.node.mine(1).await;
    let late = shop.becomes(&payment, "refund_status", "Refund needed").await;
    assert_eq!((&late["state"], &late["unconfirmed_amount"]), (&json!("cancelled"), &json!("0.00079744")));
    let to = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let fields = of(&payment, &[("address_out", to), ("refund_amount", "0.00079744")]);
    assert_eq!(shop.call("/v2/RefundPayment/", &fields).await.1["err_code"], "payment_unconfirmed");
    shop.node.mine(1).await;
    shop.becomes(&payment, "confirmations", 2).await;
    // The wallet is locked when the refund is ordered; it is paid once it is open, and Florin was stopped in between.
    shop.node.wallet("refunds", "encryptwallet", json!(["secret"])).await;
    let first = shop.told("RefundPayment", &fields).await;
    shop.world.restart().await;
    shop.node.wallet("refunds", "walletpassphrase", json!(["secret", 600])).await;
    assert_eq!(shop.told("RefundPayment", &fields).await, first, "the same refund");
    shop.becomes(&payment, "refund_status", "Refund pending").await;
    shop.in_mempool(1).await;
    shop.node.mine(1).await;
    shop.becomes(&payment, "refund_status", "Refunded").await;
    shop.node.mine(1).await;
    let paid = shop.node.call("scantxoutset", json!(["start", [format!("addr({to})")]])).await;
    assert_eq!(paid["total_amount"].to_string(), "0.00079744", "once, exactly");
    shop.closes().await;
}

#[tokio::test]
async fn a_reorganisation_takes_a_confirmation_back_and_gives_it_again() {
    let Some(shop) = Shop::open(json!({})).await else { return };
    let payment = shop.starts().await;
    shop.paid(&payment, AMOUNT).await;
    shop.becomes(&payment, "state", "processing").await;
    let block = shop.node.mine(1).await;
    shop.node.mine(1).await;
    shop.becomes(&payment, "confirmations", 2).await;
    shop.node.invalidate(&block).await;
    for _ in 0..3 {
        shop.node.mine_only(&[]).await;
    }
    let back = shop.becomes(&payment, "state", "processing").await;
    assert_eq!((&back["reason"], &back["confirmed"]), (&json!("reorg"), &json!(false)));
    assert!(back["double_spending_alert"].is_string());
    shop.world.assert_book_agrees().await;
    shop.node.mine(1).await;
    let again = shop.becomes(&payment, "state", "confirmed").await;
    assert_eq!(again["confirmations"], 1);
    shop.closes().await;
}

#[tokio::test]
async fn a_replaced_payment_is_none_and_a_raised_fee_is_one() {
    let Some(shop) = Shop::open(json!({})).await else { return };
    let (lost, raised) = (shop.starts().await, shop.starts().await);
    let first = shop.paid(&lost, AMOUNT).await;
    shop.becomes(&lost, "state", "processing").await;
    shop.node.double_spend(&first).await;
    let alert = shop.becomes(&lost, "state", "waiting").await;
    assert_eq!(alert["payment"], "0.00000000");
    assert!(alert["double_spending_alert"].is_string());
    let second = shop.paid(&raised, AMOUNT).await;
    shop.becomes(&raised, "state", "processing").await;
    shop.node.wallet("payer", "bumpfee", json!([second])).await;
    shop.node.mine(1).await;
    let confirmed = shop.becomes(&raised, "state", "confirmed").await;
    assert_eq!(confirmed["payment"], "0.00079744", "counted once");
    // The payer of the other one tries again.
    shop.becomes(&lost, "state", "waiting").await;
    shop.paid(&lost, AMOUNT).await;
    shop.node.mine(1).await;
    shop.becomes(&lost, "state", "confirmed").await;
    shop.closes().await;
}

#[tokio::test]
async fn without_confirmations_only_what_cannot_be_replaced_is_taken() {
    let settings = json!({"zero_conf_coins": ["BTC"], "zero_conf_hold": 0});
    let Some(shop) = Shop::open(settings).await else { return };
    let order: Vec<_> = Shop::ORDER.into_iter().chain([("accept_zero_confirmations", "true")]).collect();
    let payment = shop.told("StartPayment", &order).await;
    assert_eq!(payment["min_confirmations"], 0);
    let address = payment["address"].as_str().expect("an address");
    shop.node.pay(address, Units::new(AMOUNT), 5, Replaceable::No).await;
    shop.becomes(&payment, "state", "zero_confirmed").await;
    shop.node.mine(1).await;
    shop.becomes(&payment, "state", "confirmed").await;
    let payment = shop.told("StartPayment", &order).await;
    shop.paid(&payment, AMOUNT).await;
    let waits = shop.becomes(&payment, "state", "processing").await;
    assert_eq!((&waits["reason"], &waits["min_confirmations"]), (&json!("replaceable_transaction"), &json!(1)));
    shop.closes().await;
}

#[tokio::test]
async fn while_the_node_is_away_nothing_begins_and_nothing_is_lost() {
    let Some(mut shop) = Shop::open(json!({})).await else { return };
    let payment = shop.starts().await;
    shop.paid(&payment, AMOUNT).await;
    shop.becomes(&payment, "state", "processing").await;
    shop.node.stop().await;
    let followed = shop.world.engine().follow_chain("bitcoin", Lane::Live).await;
    assert!(followed.is_err());
    let (status, body) = shop.call("/v2/StartPayment/", &Shop::ORDER).await;
    assert_eq!((status, &body["err_code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("node_unavailable")));
    let checked = shop.told("CheckPayment", &of(&payment, &[])).await;
    assert_eq!(checked["state"], "processing", "the last that is known");
    shop.node.start_again().await;
    shop.node.mine(1).await;
    shop.becomes(&payment, "state", "confirmed").await;
    shop.closes().await;
}

#[tokio::test]
async fn the_doctor_looks_at_the_node() {
    let Some(mut shop) = Shop::open(json!({})).await else { return };
    shop.world.stop().await;
    let config = shop.world.config().clone();
    let looked = commands::doctor::networks_of(&config, &crate::simulated::registry).await;
    assert_eq!(looked, Ok("bitcoin at block 102".to_owned()));
    shop.node.stop().await;
    let looked = commands::doctor::networks_of(&config, &crate::simulated::registry).await;
    assert!(looked.as_ref().is_err_and(|told| told.starts_with("bitcoin: the node does not answer")), "{looked:?}");
}
