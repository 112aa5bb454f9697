//! A node is believed no more than it can show.

use ::bitcoin::Network;
use ::bitcoin::consensus::encode::serialize_hex;
use ::bitcoin::constants::genesis_block;
use florin_kernel::Timestamp;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::ChainError;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Node, coins};
use crate::coins::json_rpc::tests::Fake;

fn node(fake: &Fake, network: Network) -> Node {
    Node::new(fake.rpc(), network, SignedDuration::from_mins(90))
}

/// A node that says this of itself.
fn saying(chain: Value, genesis: Network) -> Fake {
    Fake::by_method(move |method, _| match method {
        "getblockchaininfo" => chain.clone(),
        "getmempoolinfo" => json!({"loaded": true, "fullrbf": false}),
        "getblockhash" => json!(genesis_block(genesis).block_hash()),
        other => panic!("{other} is asked"),
    })
}

#[tokio::test]
async fn another_chain_an_old_tip_and_a_download_are_not_in_sync() {
    let best = "00".repeat(31) + "01";
    let info = |chain: &str, headers: u64, downloads: bool, time: i64| {
        json!({"chain": chain, "blocks": 100, "headers": headers, "bestblockhash": best,
            "initialblockdownload": downloads, "time": time})
    };
    let now = Timestamp::from_second(10_000).expect("a time");
    let (main, test) = (Network::Bitcoin, Network::Testnet4);
    let cases = [
        (info("main", 100, false, 9_000), main, main, true),
        (info("main", 103, false, 9_000), main, main, true),
        (info("test", 100, false, 9_000), main, main, false),
        (info("main", 100, false, 9_000), test, main, false),
        (info("main", 104, false, 9_000), main, main, false),
        (info("main", 100, true, 9_000), main, main, false),
        (info("main", 100, false, 10_000 - 90 * 60 - 1), main, main, false),
        (info("regtest", 100, true, 0), Network::Regtest, Network::Regtest, true),
        (info("regtest", 100, true, 0), main, Network::Regtest, false),
    ];
    for (info, genesis, network, expected) in cases {
        let status = node(&saying(info.clone(), genesis), network).status(now).await;
        match expected {
            true => assert_eq!(status.map(|status| status.height), Ok(100), "{info}"),
            false => assert!(matches!(status, Err(ChainError::NotInSync(_))), "{info}: {status:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_is_no_answer() {
    for nonsense in [json!(null), json!("x"), json!([]), json!({}), json!({"chain": 7})] {
        let fake = Fake::by_method(move |_, _| nonsense.clone());
        let node = node(&fake, Network::Regtest);
        let told = node.status(Timestamp::UNIX_EPOCH).await;
        assert!(matches!(told, Err(ChainError::Unavailable(_))), "{told:?}");
        assert!(node.best().await.is_err());
        assert!(node.mempool_entries(&[genesis_block(Network::Regtest).txdata[0].compute_txid()]).await.is_err());
    }
}

#[tokio::test]
async fn a_block_is_the_one_asked_for_and_whole() {
    let true_one = genesis_block(Network::Regtest);
    let mut without_work = true_one.clone();
    without_work.header.nonce += 1;
    let mut other_coins = true_one.clone();
    other_coins.txdata[0].output[0].value = ::bitcoin::Amount::from_sat(1);
    let raw = [&true_one, &without_work, &other_coins].map(serialize_hex);
    let asked = true_one.block_hash();
    for (raw, expected) in raw.into_iter().zip([true, false, false]) {
        let fake = Fake::by_method(move |_, _| json!(raw));
        assert_eq!(node(&fake, Network::Regtest).block(asked).await.is_ok(), expected);
    }
    let cut = serialize_hex(&true_one)[..200].to_owned();
    let fake = Fake::by_method(move |_, _| json!(cut));
    assert!(node(&fake, Network::Regtest).block(asked).await.is_err());
}

#[tokio::test]
async fn fees_are_whole_satoshi_and_never_below_what_is_relayed() {
    let fee = async |estimate: Value, least: &'static str| {
        let least: Value = serde_json::from_str(least).expect("a number");
        let fake = Fake::by_method(move |method, _| match method {
            "estimatesmartfee" => estimate.clone(),
            _ => json!({"mempoolminfee": least, "minrelaytxfee": least}),
        });
        node(&fake, Network::Regtest).fast_fee().await.map(Units::number)
    };
    let estimate = |text: &str| json!({"feerate": serde_json::from_str::<Value>(text).expect("a number")});
    assert_eq!(fee(estimate("0.00009001"), "0.00001000").await, Ok(10));
    assert_eq!(fee(estimate("0.00000100"), "0.00001000").await, Ok(1));
    assert_eq!(fee(json!({"errors": ["Insufficient data"]}), "0.00002500").await, Ok(3));
    assert_eq!(fee(json!({}), "0.00000100").await, Ok(1));
    assert!(fee(json!({"feerate": "x"}), "0.00001000").await.is_err());
}

#[test]
fn amounts_are_read_as_they_are_written() {
    let read = |text: &str| coins(&serde_json::from_str(text).expect("JSON")).ok().map(Units::number);
    assert_eq!(read("0.00079744"), Some(79_744));
    assert_eq!(read("20999999.97690000"), Some(2_099_999_997_690_000));
    assert_eq!(read("0.1"), Some(10_000_000));
    for nonsense in ["-0.1", "0.000000001", "1e-5", "\"0.1\"", "null", "[]"] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}
