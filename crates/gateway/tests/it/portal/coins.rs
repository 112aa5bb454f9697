//! Payments made with coins in the portal: shown whole, accepted, cancelled, refunded; what screening holds, decided by an operator; and the
//! first addresses of an account key.

use florin_engine::people::Grant;
use florin_gateway::config::crypto::{BitcoinChain, BitcoinNetwork, NetworkSettings};
use florin_gateway::demo::MERCHANT;
use florin_kernel::ports::Lane;
use florin_kernel::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::payments::{hidden, printed};
use super::{Browser, PASSWORD, add_user, ours};
use crate::crypto::Till;
use crate::crypto_live::LiveShop;
use crate::world::World;

const LIST: &str = "/portal/m/1/dev/payments";
/// An address of the local test chain that is nobody's here.
const PAYER: &str = "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh";

async fn back_office(world: &World) -> Browser<'_> {
    add_user(world, "ann@example.com", ours(Role::BackOffice)).await;
    Browser::signed_in(world, "ann@example.com", PASSWORD).await
}

async fn operator(world: &World) -> Browser<'_> {
    add_user(world, "olga@example.com", Grant::Operator).await;
    Browser::signed_in(world, "olga@example.com", PASSWORD).await
}

/// The id that the portal prints of a started payment.
async fn id_of(till: &Till, payment: &Value) -> String {
    let address = payment["address"].as_str().expect("an address");
    let (lane, engine) = (Lane::Dev(MERCHANT), till.world.engine());
    for chain in engine.chains(lane) {
        if let Some(found) = engine.coins_at(&chain.network().name, lane, address).await.expect("an answer") {
            return printed(&till.world, found.id);
        }
    }
    panic!("no chain knows {address}")
}

/// The last entries of the audit log, newest first, by action.
async fn audited(world: &World) -> Vec<String> {
    let entries = world.engine().audit_entries(None, None, 20).await.expect("an answer");
    entries.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn an_underpayment_is_accepted() {
    let till = Till::open().await;
    let mut ann = back_office(&till.world).await;
    let payment = till.starts(&[]).await;
    till.pays(&payment, "under").await;
    till.stands(&payment, &[("state", json!("underpayment"))]).await;
    let page = format!("{LIST}/{}", id_of(&till, &payment).await);
    let shown = ann.get(&page).await.text;
    for told in
        ["Accept what came", "0.00039872 BTC arrived", "0.00079744 BTC asked for 48.25 EUR", "1 BTC = 60622.2221 EUR"]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let asks = ann.get(&format!("{page}/accept")).await;
    assert_eq!(asks.status, StatusCode::OK, "{}", asks.text);
    assert!(
        asks.text.contains("Accept 0.00039872 BTC?") && asks.text.contains("They count as 24.12 EUR"),
        "{}",
        asks.text
    );
    let amount = hidden(&asks.text, "amount");

    // Somebody tops up while the page is open: what is accepted would be another amount.
    let before = audited(&till.world).await.len();
    let stale = ann.post(&format!("{page}/accept"), &[("amount", "0.00000001")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text);
    assert_eq!(audited(&till.world).await.len(), before, "a refused order is no entry");
    for _ in 0..2 {
        let done = ann.post(&format!("{page}/accept"), &[("amount", &amount)]).await;
        assert_eq!(done.location, format!("{page}?note=coins_accepted"), "{}", done.text);
    }
    let told = audited(&till.world).await;
    assert_eq!(told.iter().filter(|action| *action == "payment.coins_accepted").count(), 1, "{told:?}");
    till.mines("1").await;
    till.stands(&payment, &[("state", json!("confirmed")), ("invoice_amount", json!("24.12"))]).await;
    let shown = ann.get(&page).await.text;
    assert!(shown.contains("0.00039872 BTC accepted as 24.12 EUR") && shown.contains("Confirmed"), "{shown}");
    till.closes().await;
}

#[tokio::test]
async fn a_payment_nobody_pays_is_cancelled() {
    let till = Till::open().await;
    let mut ann = back_office(&till.world).await;
    let (waiting, paid) = (till.starts(&[]).await, till.starts(&[]).await);
    till.pays(&paid, "exact").await;
    let page = format!("{LIST}/{}", id_of(&till, &waiting).await);
    let asks = ann.get(&format!("{page}/cancel")).await;
    assert!(asks.text.contains("Cancel the payment?"), "{}", asks.text);
    let done = ann.post(&format!("{page}/cancel"), &[]).await;
    assert_eq!(done.location, format!("{page}?note=coins_cancelled"), "{}", done.text);
    till.stands(&waiting, &[("state", json!("cancelled")), ("reason", json!("merchant"))]).await;
    assert!(ann.get(&page).await.text.contains("by the merchant: merchant"));

    let page = format!("{LIST}/{}", id_of(&till, &paid).await);
    assert!(!ann.get(&page).await.text.contains("Cancel\u{2026}"), "coins were seen");
    let late = ann.post(&format!("{page}/cancel"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("Coins have been seen already"), "{}", late.text);
    till.closes().await;
}

#[tokio::test]
async fn coins_go_back_once() {
    let till = Till::open().await;
    let mut ann = back_office(&till.world).await;
    let payment = till.starts(&[]).await;
    till.pays(&payment, "exact").await;
    till.mines("3").await;
    let page = format!("{LIST}/{}", id_of(&till, &payment).await);
    let asks = ann.get(&format!("{page}/refund")).await;
    assert!(asks.text.contains("BTC address") && asks.text.contains("value=\"0.00079744\""), "{}", asks.text);
    for (address, amount, told) in [
        ("bcrt1qnonsense", "0.0005", "must be a BTC address of this network"),
        (payment["address"].as_str().expect("text"), "0.0005", "must not be one that we gave to a payer"),
        (PAYER, "much", "must be an amount of coins"),
        (PAYER, "0.1", "At most 0.00079744 BTC can be given back."),
        (PAYER, "0.00000001", "less than the network can send"),
    ] {
        let refused = ann.get(&format!("{page}/refund?address={address}&amount={amount}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address} {amount}: {}", refused.text);
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
    }
    let asks = ann.get(&format!("{page}/refund?address={PAYER}&amount=0.0005")).await;
    assert_eq!(asks.status, StatusCode::OK, "{}", asks.text);
    for told in ["Refund 0.00050000 BTC?", PAYER, "0.00029744 BTC can still be refunded then."] {
        assert!(asks.text.contains(told), "{told}: {}", asks.text);
    }
    let fields = [
        ("refund", hidden(&asks.text, "refund")),
        ("address", hidden(&asks.text, "address")),
        ("amount", hidden(&asks.text, "amount")),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for _ in 0..2 {
        let done = ann.post(&format!("{page}/refund"), &fields).await;
        assert_eq!(done.location, format!("{page}?note=coins_refunding"), "{}", done.text);
    }
    // The same page with another amount is out of date.
    let mut other = fields.clone();
    other[2].1 = "0.0001";
    assert_eq!(ann.post(&format!("{page}/refund"), &other).await.status, StatusCode::CONFLICT);
    till.stands(&payment, &[("refund", json!("0.00050000"))]).await;
    let told = audited(&till.world).await;
    assert_eq!(told.iter().filter(|action| *action == "payment.refund_ordered").count(), 1, "{told:?}");
    till.is_refunded(&payment).await;
    let shown = ann.get(&page).await.text;
    assert!(shown.contains("Refund 1 of 0.00050000 BTC") && shown.contains("Done") && shown.contains(PAYER), "{shown}");
    till.closes().await;
}

/// A payment whose coins screening holds.
async fn held(till: &Till) -> (Value, String) {
    let payment = till.starts(&[]).await;
    let address = payment["address"].as_str().expect("an address");
    till.sandbox("send", &[("address", address), ("mode", "exact"), ("kyt", "review")]).await;
    till.mines("1").await;
    till.stands(&payment, &[("state", json!("blocked"))]).await;
    let id = id_of(till, &payment).await;
    (payment, id)
}

#[tokio::test]
async fn what_screening_holds_is_for_an_operator_to_decide() {
    let till = Till::open().await;
    let (mut ann, mut operator) = (back_office(&till.world).await, operator(&till.world).await);
    let (released, id) = held(&till).await;
    let page = format!("{LIST}/{id}");
    let screening = format!("/portal/operator/screening/dev/{id}");
    let hers = ann.get(&page).await.text;
    assert!(hers.contains("Screening holds these coins.") && !hers.contains("Decide about them"), "{hers}");
    assert_eq!(ann.get(&screening).await.status, StatusCode::FORBIDDEN);
    assert!(operator.get(&page).await.text.contains("Decide about them"));
    let asks = operator.get(&screening).await;
    assert!(asks.text.contains("a person has to decide") && asks.text.contains("Let them through"), "{}", asks.text);
    let without = operator.post(&screening, &[("verdict", "release")]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", without.text);
    let done = operator.post(&screening, &[("verdict", "release"), ("reason", "The analyst cleared it")]).await;
    assert_eq!(done.location, format!("{page}?note=screened"), "{}", done.text);
    till.stands(&released, &[("state", json!("confirmed"))]).await;
    let again = operator.post(&screening, &[("verdict", "refuse"), ("reason", "Too late")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);

    for (verdict, opened) in [("refuse", "0.00079744"), ("freeze", "")] {
        let (payment, id) = held(&till).await;
        let screening = format!("/portal/operator/screening/dev/{id}");
        let done = operator.post(&screening, &[("verdict", verdict), ("reason", "On a list")]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let expected = [("reason", json!("kyt_rejected")), ("refund_amount_opened", json!(opened))];
        till.stands(&payment, &expected).await;
    }
    let told = audited(&till.world).await;
    for action in ["payment.screening_released", "payment.screening_refused", "payment.screening_refused_and_kept"] {
        assert!(told.iter().any(|known| known == action), "{action}: {told:?}");
    }
    till.closes().await;
}

async fn order(till: &Till, id: &str, verb: &str, key: &str, body: Value) -> (StatusCode, Value, bool) {
    let request = till
        .world
        .post(&format!("/admin/v1/payments/{id}/{verb}"))
        .bearer_auth(till.world.demo().admin_token().expose());
    let answer = request.header("idempotency-key", key).body(body.to_string()).send().await.expect("an answer");
    let replayed = answer.headers().contains_key("idempotency-replayed");
    (answer.status(), answer.json().await.expect("JSON"), replayed)
}

#[tokio::test]
async fn programs_order_the_same() {
    let till = Till::open().await;
    let payment = till.starts(&[]).await;
    till.pays(&payment, "under").await;
    let id = id_of(&till, &payment).await;
    let (status, body, _) = order(&till, &id, "accept", "a", json!({"amount": "0.1"})).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("conflict")), "{body}");
    let (status, body, _) = order(&till, &id, "accept", "b", json!({"amount": "0.00039872"})).await;
    assert_eq!((status, &body["payment"]["coins_asked"]), (StatusCode::OK, &json!("0.00039872")), "{body}");
    till.mines("3").await;
    let wanted = json!({"address": PAYER, "amount": "0.0002"});
    let (status, body, replayed) = order(&till, &id, "refund", "c", wanted.clone()).await;
    assert_eq!((status, replayed, &body["refund"]["number"]), (StatusCode::OK, false, &json!(1)), "{body}");
    let (status, body, replayed) = order(&till, &id, "refund", "c", wanted.clone()).await;
    assert_eq!((status, replayed, &body["refund"]["number"]), (StatusCode::OK, true, &json!(1)), "{body}");
    let (status, body, _) = order(&till, &id, "refund", "c", json!({"address": PAYER, "amount": "0.0001"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{body}");
    let (status, body, _) = order(&till, &id, "refund", "d", json!({"address": "nonsense", "amount": "0.0001"})).await;
    assert_eq!((status, &body["field"]), (StatusCode::BAD_REQUEST, &json!("address")), "{body}");
    let (status, body, _) = order(&till, &id, "capture", "e", json!({"amount": "1"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");

    let (blocked, id) = held(&till).await;
    let (status, body, _) = order(&till, &id, "screening", "f", json!({"verdict": "perhaps", "reason": "x"})).await;
    assert_eq!((status, &body["field"]), (StatusCode::BAD_REQUEST, &json!("verdict")), "{body}");
    let verdict = json!({"verdict": "release", "reason": "Cleared"});
    let (status, body, _) = order(&till, &id, "screening", "g", verdict).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    till.stands(&blocked, &[("state", json!("confirmed"))]).await;

    let shown =
        till.world.get(&format!("/admin/v1/payments/{id}")).bearer_auth(till.world.demo().admin_token().expose());
    let shown: Value = shown.send().await.expect("an answer").json().await.expect("JSON");
    let steps: Vec<&str> =
        shown["timeline"].as_array().expect("steps").iter().filter_map(|step| step["what"].as_str()).collect();
    for what in ["coins_priced", "coins", "coins_accepted"] {
        assert!(steps.contains(&what), "{what}: {steps:?}");
    }
    till.closes().await;
}

/// The account key of the contract's vectors.
const KEY: &str =
    "tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M";

#[tokio::test]
async fn the_first_addresses_of_a_key_are_shown_to_be_compared() {
    // A node that nobody runs: addresses need none.
    let network = BitcoinNetwork {
        chain: BitcoinChain::Regtest,
        rpc: "http://127.0.0.1:1".parse().expect("a URL"),
        auth_file: None,
        timeout_ms: 1_000,
        second: None,
        refund_wallet: None,
        refund_signer: None,
        refund_fee_max: "0.00050000".to_owned(),
        zero_conf_accept_full_rbf: false,
        max_tip_age_s: 5_400,
    };
    let world = World::with(|config| {
        config.crypto.networks.insert("bitcoin".to_owned(), NetworkSettings::Bitcoin(network));
    })
    .await;
    let shop = LiveShop::open(world, "bitcoin", json!({})).await;
    let providers = "/portal/m/1/live/providers";
    {
        let mut operator = operator(&shop.world).await;
        let page = operator.get(providers).await;
        assert!(page.text.contains("No account key: not offered."), "{}", page.text);
    }
    let shop = LiveShop::open(shop.world, "bitcoin", json!({"account_keys": {"bitcoin": KEY}})).await;
    let mut operator = Browser::signed_in(&shop.world, "olga@example.com", PASSWORD).await;
    let page = operator.get(providers).await.text;
    for address in ["bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh"] {
        assert_eq!(page.matches(&format!("<code>{address}</code>")).count(), 1, "{address}: {page}");
    }
    assert!(page.contains("0/2"), "three of them: {page}");
    assert!(!operator.get("/portal/m/1/dev/providers").await.text.contains("First addresses"));
    let shop = LiveShop::open(shop.world, "bitcoin", json!({"account_keys": {"bitcoin": "xprv of somebody"}})).await;
    let mut operator = Browser::signed_in(&shop.world, "olga@example.com", PASSWORD).await;
    assert!(operator.get(providers).await.text.contains("None: "), "a key that is none");
}
