//! Coins go back: signed once, sent as often as needed with the same bytes, followed to their block and beyond.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_kernel::Coin;
use florin_kernel::PaymentId;
use florin_kernel::coin::{CoinPayment, RefundStatus, Units};
use florin_kernel::secret::Secret;
use florin_providers::coins::ethereum::anvil::{ACCOUNTS, Value256};
use florin_providers::coins::ethereum::wallet::KeyHolder;
use florin_providers::coins::external_signer::ExternalSigner;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::gate::{Fate, asks, request};
use super::world::{DEPTH, ETHER, HOME, Notes, PAYER, WALLET, World};

const PRICE: u128 = 16_083_340_000_000_000;
/// What is paid too much, 0.001 coins, is owed back.
const EXCESS: u128 = 1_000_000_000_000_000;
const THOUSANDS: u128 = 10_000 * ETHER;

/// A confirmed payment with an excess.
async fn overpaid(world: &World) -> PaymentId {
    let id = world.begin(Coin::Eth).await;
    world.pay(id, PRICE + EXCESS).await;
    world.mine(DEPTH).await;
    assert_eq!(world.payment(id).await.opened(), Units::new(EXCESS));
    id
}

fn sent(status: &RefundStatus) -> bool {
    *status == RefundStatus::Sent
}

fn done(status: &RefundStatus) -> bool {
    matches!(status, RefundStatus::Done(_))
}

fn failed(status: &RefundStatus) -> bool {
    matches!(status, RefundStatus::Failed(_))
}

fn unknown(status: &RefundStatus) -> bool {
    matches!(status, RefundStatus::Unknown(_))
}

fn raw(payment: &CoinPayment) -> String {
    payment.refunds[0].transaction.as_ref().expect("signed").raw.clone()
}

async fn sent_by_wallet(world: &World) -> String {
    world.node.call("eth_getTransactionCount", json!([WALLET, "latest"])).await
}

#[tokio::test]
async fn an_excess_goes_back_exactly_and_in_the_book_its_fee_is_paid() {
    let Some(world) = World::start().await else { return };
    let id = overpaid(&world).await;
    assert!(world.refund(id, EXCESS - 10_000_000_000).await.is_err(), "all of it or nothing");
    world.refund(id, EXCESS).await.expect("ordered");
    let payment = world.refund_stands(id, sent).await;
    assert_eq!(world.node.balance(HOME).await, THOUSANDS, "not in a block yet");
    world.mine(1).await;
    world.refund_stands(id, done).await;
    assert_eq!(world.node.balance(HOME).await, THOUSANDS + EXCESS);
    assert_eq!(world.payment(id).await.opened(), Units::ZERO);
    let fee = payment.refunds[0].transaction.as_ref().expect("signed").fee;
    let paid = THOUSANDS - EXCESS - world.node.balance(WALLET).await;
    assert!(paid <= fee.number() && paid > 0, "{paid} wei were paid of at most {fee:?}");
    world.verify().await;
}

#[tokio::test]
async fn tokens_go_back_too_those_that_return_nothing_as_well() {
    let Some(world) = World::start().await else { return };
    for (coin, token) in [(Coin::Usdt, world.usdt.clone()), (Coin::Usdc, world.usdc.clone())] {
        for owner in [PAYER, WALLET] {
            let values = [Value256::Address(owner), Value256::Number(60_000_000)];
            token.call(&world.node, PAYER, "mint(address,uint256)", &values, 0).await;
        }
        let id = world.begin(coin).await;
        let to = world.address(id).await;
        let values = [Value256::Address(&to), Value256::Number(53_000_001)];
        token.call(&world.node, PAYER, "transfer(address,uint256)", &values, 0).await;
        world.mine(DEPTH).await;
        world.refund(id, 3_000_001).await.expect("ordered");
        world.refund_stands(id, sent).await;
        world.mine(1).await;
        world.refund_stands(id, done).await;
        assert_eq!(token.balance(&world.node, HOME).await, 3_000_001);
        assert_eq!(token.balance(&world.node, WALLET).await, 56_999_999);
    }
    world.verify().await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_found_and_paid_once() {
    let Some(world) = World::start().await else { return };
    let id = overpaid(&world).await;
    world.gate.rule(|request, _| if asks(request, "eth_sendRawTransaction") { Fate::Lost } else { Fate::Passed });
    world.refund(id, EXCESS).await.expect("ordered");
    let before = raw(&world.refund_stands(id, unknown).await);
    world.gate.open();
    let world = world.restart().await;
    world.pass(60).await;
    world.refund_stands(id, sent).await;
    world.mine(1).await;
    let payment = world.refund_stands(id, done).await;
    assert_eq!(raw(&payment), before, "the same bytes");
    assert_eq!((world.node.balance(HOME).await, sent_by_wallet(&world).await), (THOUSANDS + EXCESS, "0x1".into()));
    world.verify().await;
}

#[tokio::test]
async fn a_refund_that_the_node_forgot_or_that_a_reorganisation_took_is_sent_again() {
    let Some(world) = World::start().await else { return };
    let id = overpaid(&world).await;
    world.refund(id, EXCESS).await.expect("ordered");
    let payment = world.refund_stands(id, sent).await;
    let txid = payment.refunds[0].transaction.as_ref().expect("signed").txid.clone();
    let _: Value = world.node.call("anvil_dropTransaction", json!([txid])).await;
    // Its absence is noticed with the next block, and it is sent again; the one after holds it.
    world.mine(1).await;
    let in_pool = async |world: &World| {
        let found: Value = world.node.call("eth_getTransactionByHash", json!([txid])).await;
        !found.is_null()
    };
    wait(async || in_pool(&world).await).await;
    world.mine(1).await;
    world.refund_stands(id, done).await;
    world.node.reorganise(1).await;
    world.follow().await.expect("the chain answers");
    world.refund_stands(id, sent).await;
    world.pass(60).await;
    wait(async || in_pool(&world).await).await;
    world.mine(1).await;
    world.refund_stands(id, done).await;
    assert_eq!((world.node.balance(HOME).await, sent_by_wallet(&world).await), (THOUSANDS + EXCESS, "0x1".into()));
    world.verify().await;
}

/// Waits until something is so.
async fn wait(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("in time");
}

#[tokio::test]
async fn refunds_at_the_same_time_have_numbers_of_their_own() {
    let Some(world) = World::start().await else { return };
    let (first, second, third) = (overpaid(&world).await, overpaid(&world).await, overpaid(&world).await);
    let orders = [first, second, third].map(|id| world.refund(id, EXCESS));
    let [a, b, c] = orders;
    let (a, b, c) = tokio::join!(a, b, c);
    a.and(b).and(c).expect("ordered");
    for id in [first, second, third] {
        world.refund_stands(id, sent).await;
    }
    world.mine(1).await;
    for id in [first, second, third] {
        world.refund_stands(id, done).await;
    }
    assert_eq!(world.node.balance(HOME).await, THOUSANDS + 3 * EXCESS);
    world.verify().await;
}

#[tokio::test]
async fn a_wallet_without_coins_says_so_and_what_is_owed_stays_owed() {
    let Some(world) = World::start().await else { return };
    let id = overpaid(&world).await;
    let _: Value = world.node.call("anvil_setBalance", json!([WALLET, "0x1"])).await;
    world.refund(id, EXCESS).await.expect("ordered");
    let payment = world.refund_stands(id, failed).await;
    assert_eq!(payment.opened(), Units::new(EXCESS));
    let _: Value = world.node.call("anvil_setBalance", json!([WALLET, "0xde0b6b3a7640000"])).await;
    world.refund(id, EXCESS).await.expect("ordered anew");
    world.refund_stands(id, sent).await;
    world.mine(1).await;
    world.refund_stands(id, done).await;
    assert_eq!(world.node.balance(HOME).await, THOUSANDS + EXCESS);
    world.verify().await;
}

#[tokio::test]
async fn a_refund_whose_number_was_used_otherwise_fails_once_that_is_final() {
    let Some(world) = World::start().await else { return };
    let id = overpaid(&world).await;
    world.refund(id, EXCESS).await.expect("ordered");
    let payment = world.refund_stands(id, sent).await;
    let txid = payment.refunds[0].transaction.as_ref().expect("signed").txid.clone();
    let _: Value = world.node.call("anvil_dropTransaction", json!([txid])).await;
    // Somebody uses the wallet beside Florin.
    let own = json!({ "from": WALLET, "to": ACCOUNTS[0], "value": "0x1", "nonce": "0x0" });
    world.node.send(own).await;
    world.node.mine(10).await;
    world.follow().await.expect("the chain answers");
    world.pass(60).await;
    assert_eq!(world.payment(id).await.opened(), Units::ZERO, "not while a reorganisation could bring it back");
    world.node.mine(70).await;
    for _ in 0..3 {
        world.follow().await.expect("the chain answers");
        world.pass(3_600).await;
    }
    let payment = world.refund_stands(id, failed).await;
    assert_eq!(payment.opened(), Units::new(EXCESS));
    world.refund(id, EXCESS).await.expect("ordered anew");
    let waiting = world.refund_stands(id, sent).await;
    assert_eq!(waiting.refunds.len(), 2);
    world.mine(1).await;
    world.refund_stands(id, done).await;
    assert_eq!(world.node.balance(HOME).await, THOUSANDS + EXCESS, "once");
    world.verify().await;
}

/// How a signer of the operator's behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Honest,
    Broken,
    Refusing,
    /// Signs a hundred times as much.
    Dishonest,
}

struct SignerOutside {
    url: String,
    mood: Arc<Mutex<Mood>>,
    asked: Notes<Value>,
}

impl SignerOutside {
    /// Its key is the node's, which signs for it. Where the node is it learns later.
    async fn start(node: Arc<Mutex<String>>) -> SignerOutside {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/sign", listener.local_addr().expect("an address"));
        let (mood, asked) = (Arc::new(Mutex::new(Mood::Honest)), Notes::<Value>::default());
        let (moods, notes) = (mood.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (node, mood, notes) = (node.clone(), moods.clone(), notes.clone());
                tokio::spawn(async move {
                    while let Some(body) = request(&mut stream).await {
                        let asked: Value = serde_json::from_slice(&body).expect("JSON");
                        notes.lock().expect("free").push(asked.clone());
                        let (mood, node) = (*mood.lock().expect("free"), node.lock().expect("free").clone());
                        let (status, text) = answer(mood, &node, asked).await;
                        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", text.len());
                        if stream.write_all(format!("{head}{text}").as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        SignerOutside { url, mood, asked }
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().expect("free") = mood;
    }
}

async fn answer(mood: Mood, node: &str, asked: Value) -> (u16, String) {
    let mut unsigned = asked["unsigned"].clone();
    match mood {
        Mood::Broken => return (500, "out of order".to_owned()),
        Mood::Refusing => return (422, json!({ "error": "not today" }).to_string()),
        Mood::Honest => {}
        Mood::Dishonest => unsigned["value"] = format!("{:#x}", 100 * EXCESS).into(),
    }
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_signTransaction", "params": [unsigned] });
    let client = florin_providers::http::client().no_proxy().build().expect("a client");
    let post = client.post(node).header("content-type", "application/json").body(call.to_string());
    let text = post.send().await.expect("an answer").text().await.expect("a text");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    (200, json!({ "signed": told["result"] }).to_string())
}

#[tokio::test]
async fn an_external_signer_is_asked_for_the_same_until_it_answers_and_not_believed_when_it_signs_something_else() {
    let node = Arc::new(Mutex::new(String::new()));
    let signer = Arc::new(SignerOutside::start(node.clone()).await);
    let url = signer.url.clone();
    let secret = Secret::new("whsec_ZmxvcmluLWRlbW8td2ViaG9vay1rZXkh".to_owned());
    let holder = move |clock| KeyHolder::External(ExternalSigner::new(&url, &secret, clock).expect("a signer"));
    let Some(world) = World::with_holder(Arc::new(holder)).await else { return };
    *node.lock().expect("free") = world.node.url();
    let (id, refused) = (overpaid(&world).await, overpaid(&world).await);
    let asked = || signer.asked.lock().expect("free").clone();

    signer.is(Mood::Refusing);
    world.refund(refused, EXCESS).await.expect("ordered");
    let payment = world.refund_stands(refused, failed).await;
    assert_eq!(payment.refunds[0].status, RefundStatus::Failed("not today".into()));
    assert_eq!(payment.opened(), Units::new(EXCESS));

    for (mood, times) in [(Mood::Broken, 2), (Mood::Dishonest, 3), (Mood::Honest, 4)] {
        signer.is(mood);
        match mood {
            Mood::Broken => world.refund(id, EXCESS).await.expect("ordered"),
            Mood::Honest | Mood::Refusing | Mood::Dishonest => world.pass(600).await,
        }
        wait(async || asked().len() >= times).await;
    }
    let payment = world.refund_stands(id, sent).await;
    world.mine(1).await;
    world.refund_stands(id, done).await;
    assert_eq!(world.node.balance(HOME).await, THOUSANDS + EXCESS);
    let asked = asked();
    assert_eq!((&asked[1], &asked[2]), (&asked[2], &asked[3]), "always the same");
    let first = &asked[1];
    assert_eq!((&first["network"], &first["kind"]), (&json!("ethereum"), &json!("refund")));
    assert_eq!(first["outputs"], json!([{ "address": HOME, "amount_units": EXCESS.to_string() }]));
    assert_eq!(first["unsigned"]["nonce"], "0x0", "the number of what was refused is given again");
    assert_eq!(first["unsigned"]["from"], WALLET);
    let fee = payment.refunds[0].transaction.as_ref().expect("signed").fee;
    assert_eq!(first["fee_limit_units"], fee.number().to_string());
    world.verify().await;
}
