//! Live payments in ethereum's coins before a real development node. Skipped where `FLORIN_TEST_ANVIL` names no program;
//! `scripts/with-ethereum` installs one.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use florin_gateway::commands;
use florin_gateway::config::Config;
use florin_gateway::config::crypto::{EthereumNetwork, NetworkSettings, RateSource, Traces};
use florin_providers::coins::ethereum::anvil::{ACCOUNT_KEY, ACCOUNTS, Anvil, CHAIN_ID, Contract, Value256};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crypto_live::{LiveShop, of, rates};
use crate::world::{SOON, World};

const NETWORK: &str = "ethereum";
/// Confirmations that small payments need (crypto contract, section 10).
const DEPTH: u64 = 12;
/// Wei of one coin.
const ETHER: u128 = 1_000_000_000_000_000_000;

/// A shop with a live credential, and the node that its payments are on.
struct Shop {
    live: LiveShop,
    node: Anvil,
    usdt: Contract,
    _folder: TempDir,
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

fn configure(config: &mut Config, node: &Anvil, usdt: &Contract, rates: &str) {
    let network = EthereumNetwork {
        chain_id: CHAIN_ID,
        rpc: node.url().parse().expect("a URL"),
        auth_file: None,
        timeout_ms: 10_000,
        second: None,
        tokens: BTreeMap::from([("USDT".to_owned(), usdt.address.clone())]),
        refund_wallet: Some(ACCOUNTS[1].to_owned()),
        refund_signer: None,
        traces: Traces::Asked,
        max_tip_age_s: None,
    };
    config.crypto.networks.insert(NETWORK.to_owned(), NetworkSettings::Ethereum(network));
    config.crypto.rates.sources =
        vec![RateSource { url: rates.to_owned(), price: "/data/amount".to_owned(), time: None }];
}

impl Shop {
    async fn open() -> Option<Shop> {
        let folder = TempDir::new().expect("a folder");
        let node = Anvil::start(folder.path()).await?;
        let usdt = node.deploy("Silent").await;
        let rates = rates();
        let world = World::with(|config| configure(config, &node, &usdt, &rates)).await;
        let live = LiveShop::open(world, NETWORK, json!({ "account_keys": { NETWORK: ACCOUNT_KEY } })).await;
        Some(Shop { live, node, usdt, _folder: folder })
    }

    async fn starts(&self, coin: &str) -> Value {
        let order = [("pos_id", "POS1"), ("invoice_currency", "EUR"), ("invoice_amount", "48.25"), ("currency", coin)];
        self.told("StartPayment", &order).await
    }
}

/// A shown amount in base units of a coin with decimals.
fn units(shown: &Value, decimals: usize) -> u128 {
    let (whole, fraction) = shown.as_str().and_then(|text| text.split_once('.')).expect("a decimal");
    format!("{whole}{:0<decimals$}", &fraction[..decimals.min(8)]).parse().expect("a number")
}

#[tokio::test]
async fn coins_and_tokens_are_asked_for_paid_confirmed_and_an_excess_goes_back() {
    let Some(mut shop) = Shop::open().await else { return };
    let listed = shop.told("GetCurrencyList", &[]).await;
    let codes: Vec<&Value> = listed.as_array().expect("a list").iter().map(|coin| &coin["currency"]).collect();
    assert_eq!(codes, ["ETH", "USDT"]);
    let (coins, tokens) = (shop.starts("ETH").await, shop.starts("USDT").await);
    let text = |payment: &Value, name: &str| payment[name].as_str().expect("a text").to_owned();
    assert_eq!(coins["address"], "0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
    assert_eq!(coins["notices"][0]["code"], "test_network");
    assert_eq!(tokens["address"], "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0");
    let (wei, small) = (units(&coins["amount"], 18), units(&tokens["amount"], 6));
    assert_eq!(text(&coins, "qr"), format!("ethereum:{}@{CHAIN_ID}?value={wei}", text(&coins, "address")));
    let asked = format!("address={}&uint256={small}", text(&tokens, "address"));
    assert_eq!(text(&tokens, "qr"), format!("ethereum:{}@{CHAIN_ID}/transfer?{asked}", shop.usdt.address));

    shop.node.pay(ACCOUNTS[0], &text(&coins, "address"), wei + ETHER / 1_000).await;
    let mint = [Value256::Address(ACCOUNTS[0]), Value256::Number(small)];
    shop.usdt.call(&shop.node, ACCOUNTS[0], "mint(address,uint256)", &mint, 0).await;
    let to = text(&tokens, "address");
    let values = [Value256::Address(&to), Value256::Number(small)];
    shop.usdt.call(&shop.node, ACCOUNTS[0], "transfer(address,uint256)", &values, 0).await;
    shop.node.mine(1).await;
    shop.becomes(&coins, "state", "processing").await;
    shop.becomes(&tokens, "state", "processing").await;
    // In the middle of it all.
    shop.world.restart().await;
    shop.node.mine(DEPTH - 1).await;
    shop.becomes(&tokens, "state", "confirmed").await;
    let confirmed = shop.becomes(&coins, "state", "confirmed").await;
    assert_eq!(confirmed["refund_amount_opened"], "0.00100000");

    // Refunds want the coins to lie deeper.
    shop.node.mine(32 - DEPTH).await;
    shop.becomes(&coins, "confirmations", 32).await;
    let more = [("address_out", ACCOUNTS[2]), ("refund_amount", "0.00100000")];
    shop.told("RefundPayment", &of(&coins, &more)).await;
    let sent = async {
        loop {
            let pool: Value = shop.node.call("txpool_status", json!([])).await;
            if pool["pending"] == "0x1" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, sent).await.expect("it is sent soon");
    shop.node.mine(1).await;
    shop.becomes(&coins, "refund_status", "Refunded").await;
    assert_eq!(shop.node.balance(ACCOUNTS[2]).await, 10_000 * ETHER + ETHER / 1_000);
    shop.world.assert_book_agrees().await;

    shop.world.stop().await;
    let config = shop.world.config().clone();
    let looked = commands::doctor::networks_of(&config, &crate::simulated::registry).await;
    assert_eq!(looked, Ok("ethereum at block 34".to_owned()));
}
