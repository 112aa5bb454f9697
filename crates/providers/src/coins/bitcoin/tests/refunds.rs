//! Refunds out of a node's wallet: signed once, checked, sent as often as need be, and found again.

use super::*;
use crate::coins::bitcoin::wallet::{Keys, NodeWallet};
use crate::coins::external_signer::ExternalSigner;
use crate::coins::json_rpc::JsonRpc;
use florin_kernel::ports::chain::{Broadcast, RefundOrder, Signature, SignedTransaction, Signer};
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, MerchantId, Money};
use serde_json::Value;

struct Desk {
    node: Regtest,
    chain: Arc<BitcoinNode>,
    wallet: NodeWallet,
    settings: BitcoinSettings,
}

impl Desk {
    /// A refund wallet with two outputs of 0.01 each.
    async fn start(arguments: &[&str]) -> Option<Desk> {
        let node = Regtest::with(arguments).await?;
        node.call("createwallet", json!(["refunds"])).await;
        for _ in 0..2 {
            let address = node.wallet("refunds", "getnewaddress", json!([])).await;
            node.pay(address.as_str().expect("an address"), Units::new(1_000_000), 5, Replaceable::No).await;
        }
        node.mine(1).await;
        let settings = BitcoinSettings { wallet: Some("refunds".to_owned()), ..settings(&node) };
        let chain = Arc::new(adapter(&settings));
        let wallet = NodeWallet::of(&chain, &settings, Keys::Wallet).expect("a wallet");
        Some(Desk { node, chain, wallet, settings })
    }

    async fn order(&self, operation: &str, satoshi: u128) -> RefundOrder {
        let to = self.node.wallet("payer", "getnewaddress", json!([])).await;
        RefundOrder {
            operation: operation.to_owned(),
            merchant: MerchantId::from_number(1),
            lane: Lane::Live,
            network: "bitcoin".to_owned(),
            coin: Coin::Btc,
            to: to.as_str().expect("an address").to_owned(),
            units: Units::new(satoshi),
            invoice: Money::parse("48.25", Asset::currency("EUR").expect("a currency")).expect("an amount"),
        }
    }

    async fn signs(&self, order: &RefundOrder) -> SignedTransaction {
        match self.wallet.sign(order).await {
            Signature::Signed(signed) => signed,
            other => panic!("{other:?}"),
        }
    }

    async fn place(&self, signed: &SignedTransaction) -> Option<Place> {
        self.chain.transaction(Lane::Live, &signed.txid).await.expect("it tells")
    }
}

#[tokio::test]
async fn a_refund_is_signed_once_and_sent_as_often_as_need_be() {
    let Some(desk) = Desk::start(&[]).await else { return };
    assert!(desk.wallet.signs("bitcoin", Lane::Live));
    assert!(!desk.wallet.signs("bitcoin", Lane::Dev(MerchantId::from_number(1))));
    assert!(!desk.wallet.signs("ethereum", Lane::Live));
    let order = desk.order("one", 5_256).await;
    let signed = desk.signs(&order).await;
    assert_eq!(desk.signs(&order).await, signed, "a second signature");
    assert_eq!(desk.place(&signed).await, None, "it is on its way already");
    for _ in 0..3 {
        assert_eq!(desk.chain.broadcast(Lane::Live, &signed).await, Broadcast::Sent);
    }
    assert_eq!(desk.place(&signed).await, Some(Place::Mempool));
    let entry = desk.node.call("getmempoolentry", json!([signed.txid])).await;
    let fee = Units::parse(&entry["fees"]["base"].to_string(), Coin::Btc);
    assert_eq!(fee, Some(signed.fee));
    let block = desk.node.mine(1).await;
    let Some(Place::Block(found)) = desk.place(&signed).await else { panic!("it is not found in its block") };
    assert_eq!(found.hash, block);
    assert_eq!(desk.chain.broadcast(Lane::Live, &signed).await, Broadcast::Sent);
    let received = desk.node.wallet("payer", "getreceivedbyaddress", json!([order.to])).await;
    assert_eq!(Units::parse(&received.to_string(), Coin::Btc), Some(order.units));
    // Its change is spent as well: by the wallet it is known all the same.
    let all = desk.order("two", 1_900_000).await;
    let next = desk.signs(&all).await;
    assert_eq!(desk.chain.broadcast(Lane::Live, &next).await, Broadcast::Sent);
    desk.node.mine(1).await;
    assert_eq!(desk.chain.broadcast(Lane::Live, &signed).await, Broadcast::Sent);
    assert!(matches!(desk.place(&signed).await, Some(Place::Block(again)) if again.hash == block));
}

#[tokio::test]
async fn refunds_at_a_time_never_take_the_same_coins_and_too_much_is_refused() {
    let Some(desk) = Desk::start(&[]).await else { return };
    // A wallet draws its coins by lot, and may take two where one would do.
    for _ in 0..6 {
        let address = desk.node.wallet("refunds", "getnewaddress", json!([])).await;
        desk.node.pay(address.as_str().expect("an address"), Units::new(1_000_000), 5, Replaceable::No).await;
    }
    desk.node.mine(1).await;
    let (one, two) = (desk.order("one", 600_000).await, desk.order("two", 600_000).await);
    let (first, second) = (desk.signs(&one).await, desk.signs(&two).await);
    let third = desk.wallet.sign(&desk.order("three", 7_500_000).await).await;
    assert!(matches!(third, Signature::Refused(_)), "{third:?}");
    for signed in [&first, &second] {
        assert_eq!(desk.chain.broadcast(Lane::Live, signed).await, Broadcast::Sent);
    }
    // A later one, with coins enough, is another matter.
    desk.node.mine(1).await;
    desk.signs(&desk.order("four", 300_000).await).await;
}

#[tokio::test]
async fn a_fee_above_the_limit_is_refused_and_its_coins_are_free_again() {
    let Some(desk) = Desk::start(&[]).await else { return };
    let settings = BitcoinSettings { refund_fee_max: Units::new(10), ..desk.settings.clone() };
    let thrifty = NodeWallet::of(&desk.chain, &settings, Keys::Wallet).expect("a wallet");
    let refused = thrifty.sign(&desk.order("one", 1_500_000).await).await;
    assert!(matches!(refused, Signature::Refused(_)), "{refused:?}");
    desk.signs(&desk.order("one", 1_500_000).await).await;
}

#[tokio::test]
async fn a_refund_whose_coins_went_elsewhere_is_refused_only_when_that_is_sure() {
    let Some(desk) = Desk::start(&[]).await else { return };
    let signed = desk.signs(&desk.order("one", 1_500_000).await).await;
    let inputs = desk.node.call("decoderawtransaction", json!([signed.raw])).await["vin"].clone();
    let inputs: Vec<_> = inputs.as_array().expect("inputs").iter().collect();
    let spent: Vec<_> = inputs.iter().map(|of| json!({"txid": of["txid"], "vout": of["vout"]})).collect();
    let back = desk.node.wallet("refunds", "getnewaddress", json!([])).await;
    let back = back.as_str().expect("an address").to_owned();
    let other = desk.node.call("createrawtransaction", json!([spent, [{ back.as_str(): "0.01990000" }]])).await;
    let other = desk.node.wallet("refunds", "signrawtransactionwithwallet", json!([other])).await;
    desk.node.call("sendrawtransaction", json!([other["hex"]])).await;
    desk.node.mine(1).await;
    let sent = desk.chain.broadcast(Lane::Live, &signed).await;
    // The wallet that owns its coins has never seen it.
    assert!(matches!(sent, Broadcast::Refused(_)), "{sent:?}");
    // Without wallet and index it might have been mined and spent.
    let blind = adapter(&BitcoinSettings { wallet: None, ..desk.settings.clone() });
    let sent = blind.broadcast(Lane::Live, &signed).await;
    assert!(matches!(sent, Broadcast::Unknown(_)), "{sent:?}");
    let Some(indexed) = Desk::start(&["-txindex=1"]).await else { return };
    let signed = indexed.signs(&indexed.order("one", 1_500_000).await).await;
    let nowhere = SignedTransaction { raw: foreign(&signed.raw), txid: foreign_id(&signed.raw), fee: signed.fee };
    let sent = indexed.chain.broadcast(Lane::Live, &nowhere).await;
    assert!(matches!(sent, Broadcast::Refused(_)), "{sent:?}");
    let garbage = SignedTransaction { raw: "00".to_owned(), ..signed.clone() };
    assert!(matches!(indexed.chain.broadcast(Lane::Live, &garbage).await, Broadcast::Refused(_)));
}

/// The same transaction, spending what never was.
fn altered(raw: &str) -> ::bitcoin::Transaction {
    let mut transaction: ::bitcoin::Transaction = ::bitcoin::consensus::encode::deserialize_hex(raw).expect("bytes");
    transaction.input[0].previous_output.vout += 7;
    transaction
}

fn foreign(raw: &str) -> String {
    ::bitcoin::consensus::encode::serialize_hex(&altered(raw))
}

fn foreign_id(raw: &str) -> String {
    altered(raw).compute_txid().to_string()
}

#[tokio::test]
async fn a_wallet_that_is_not_loaded_is_loaded_and_a_silent_one_leaves_it_open() {
    let Some(mut desk) = Desk::start(&[]).await else { return };
    desk.node.call("unloadwallet", json!(["refunds"])).await;
    let order = desk.order("one", 5_256).await;
    let signed = desk.signs(&order).await;
    desk.node.stop().await;
    assert!(matches!(desk.chain.broadcast(Lane::Live, &signed).await, Broadcast::Unknown(_)));
    assert!(desk.chain.transaction(Lane::Live, &signed.txid).await.is_err());
    assert_eq!(desk.signs(&order).await, signed, "what was signed once needs no wallet");
    let other = RefundOrder { operation: "two".to_owned(), ..order };
    assert!(matches!(desk.wallet.sign(&other).await, Signature::Unknown(_)));
    desk.node.start_again().await;
    assert_eq!(desk.chain.broadcast(Lane::Live, &signed).await, Broadcast::Sent);
    desk.signs(&other).await;
}

/// What somebody outside answers: what the wallet with the keys makes of it, or what it is bent to.
fn outside(node: &Regtest, bend: impl Fn(Value) -> Value + Send + Sync + 'static) -> Fake {
    let rpc = JsonRpc::new(&node.url(), Some(&node.auth_file()), Duration::from_secs(30)).expect("a client");
    let rpc = rpc.at("/wallet/cold");
    Fake::new(move |message| {
        let call = rpc.call("walletprocesspsbt", json!([message["unsigned"], true, "ALL"]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let signed = runtime.block_on(call).expect("signed")["psbt"].clone();
        Some(("200 OK", json!({"signed": bend(signed)}).to_string()))
    })
}

#[tokio::test]
async fn a_signer_outside_has_the_keys_and_is_checked() {
    let Some(node) = Regtest::start().await else { return };
    node.call("createwallet", json!(["cold"])).await;
    node.call("createwallet", json!(["refunds", true, true])).await;
    let told = node.wallet("cold", "listdescriptors", json!([])).await;
    let imports: Vec<Value> = told["descriptors"]
        .as_array()
        .expect("descriptors")
        .iter()
        .map(|known| {
            json!({"desc": known["desc"], "active": known["active"], "internal": known["internal"], "range": [0, 20],
            "timestamp": "now"})
        })
        .collect();
    node.wallet("refunds", "importdescriptors", json!([imports])).await;
    let address = node.wallet("refunds", "getnewaddress", json!([])).await;
    node.pay(address.as_str().expect("an address"), Units::new(1_000_000), 5, Replaceable::No).await;
    node.mine(1).await;
    let settings = BitcoinSettings { wallet: Some("refunds".to_owned()), ..settings(&node) };
    let chain = Arc::new(adapter(&settings));
    let wallet = |fake: &Fake| {
        let secret = Secret::new("whsec_ZmxvcmluLWRlbW8td2ViaG9vay1rZXkh".to_owned());
        let signer = ExternalSigner::new(fake.url(), &secret, Arc::new(Wall)).expect("a signer");
        NodeWallet::of(&chain, &settings, Keys::External(signer)).expect("a wallet")
    };
    let honest = outside(&node, |signed| signed);
    let desk = Desk { wallet: wallet(&honest), chain: chain.clone(), settings: settings.clone(), node };
    let order = desk.order("one", 5_256).await;
    let earlier = desk.signs(&order).await;
    // Another process asks again, and gets what was signed for another refund, or nothing of use.
    let other = RefundOrder { units: Units::new(5_257), ..order.clone() };
    for bent in [json!(earlier.raw), json!("00"), json!(7)] {
        let bent = outside(&desk.node, move |_| bent.clone());
        let told = wallet(&bent).sign(&other).await;
        assert!(!matches!(told, Signature::Signed(_)), "{told:?}");
    }
    // The same refund gets the earlier transaction, whatever would have been chosen now.
    desk.node.wallet("refunds", "lockunspent", json!([true])).await;
    let raw = json!(earlier.raw);
    let same = outside(&desk.node, move |_| raw.clone());
    assert_eq!(wallet(&same).sign(&order).await, Signature::Signed(earlier.clone()));
    assert_eq!(desk.chain.broadcast(Lane::Live, &earlier).await, Broadcast::Sent);
}
