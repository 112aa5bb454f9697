//! Nodes that lag, lie, are down or can less than others: nothing is credited and nothing expires by what they say.

use std::sync::Arc;

use florin_engine::FollowError;
use florin_engine::clock::Clocks;
use florin_kernel::Coin;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Chain, ChainError, Watched};
use florin_providers::coins::ethereum::anvil::{Anvil, CHAIN_ID, Value256};
use florin_providers::coins::ethereum::{EthereumChain, Settings};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::gate::{Fate, Gate, asks};
use super::world::{DEPTH, NETWORK, PAYER, World};

const PRICE: u128 = 16_083_340_000_000_000;

/// Changes the results of a method's calls in the node's answer.
fn changed(request: &Value, answer: &str, method: &str, change: impl Fn(&mut Value)) -> Fate {
    if !asks(request, method) {
        return Fate::Passed;
    }
    let mut said: Value = serde_json::from_str(answer).expect("JSON");
    match (request.as_array(), said.as_array_mut()) {
        (Some(calls), Some(answers)) => {
            for (call, answer) in calls.iter().zip(answers).filter(|(call, _)| call["method"] == method) {
                assert_eq!(call["id"], answer["id"]);
                change(&mut answer["result"]);
            }
        }
        (_, _) => change(&mut said["result"]),
    }
    Fate::Said(said.to_string())
}

#[tokio::test]
async fn what_a_node_says_wrongly_is_not_taken_in() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    world.pay(id, PRICE).await;
    world.node.mine(1).await;
    type Rule = Box<dyn Fn(&Value, &str) -> Fate + Send + Sync>;
    let rule = |method: &'static str, change: fn(&mut Value)| -> Rule {
        Box::new(move |request, answer| changed(request, answer, method, change))
    };
    let rules: Vec<(&str, &str, Rule)> = vec![
        ("down", "does not answer", Box::new(|_, _| Fate::Lost)),
        ("a page of a proxy", "HTTP 502", Box::new(|_, _| Fate::Html)),
        ("garbage", "does not answer", Box::new(|_, _| Fate::Said("[{\"id\":".into()))),
        (
            "another call's answer",
            "does not answer",
            Box::new(|_, _| Fate::Said(r#"[{"id":9,"result":"0x1"}]"#.into())),
        ),
        ("another chain", "it is on chain 1, not on 31337", rule("eth_chainId", |result| *result = "0x1".into())),
        ("download", "still downloading", rule("eth_syncing", |result| *result = json!({ "currentBlock": "0x1" }))),
        (
            "a block that does not link",
            "does not link",
            rule("eth_getBlockByNumber", |result| {
                if result["transactions"].as_array().is_some_and(|all| all.iter().any(Value::is_object)) {
                    result["parentHash"] = format!("0x{}", "ab".repeat(32)).into();
                }
            }),
        ),
        (
            "another block than it named first",
            "does not answer",
            rule("eth_getBlockByNumber", |result| {
                if result["transactions"].as_array().is_some_and(|all| all.iter().any(Value::is_object)) {
                    result["hash"] = format!("0x{}", "cd".repeat(32)).into();
                }
            }),
        ),
        ("no receipts", "does not answer", rule("eth_getBlockReceipts", |result| *result = Value::Null)),
        (
            "too few receipts",
            "1 transactions and 0 receipts",
            rule("eth_getBlockReceipts", |result| *result = json!([])),
        ),
        (
            "receipts of another block",
            "is of another block",
            rule("eth_getBlockReceipts", |result| result[0]["blockHash"] = format!("0x{}", "ef".repeat(32)).into()),
        ),
        (
            "a value that is no number",
            "not a number",
            rule("eth_getBlockByNumber", |result| {
                if let Some(first) = result["transactions"].get_mut(0).filter(|first| first.is_object()) {
                    first["value"] = json!(12);
                }
            }),
        ),
    ];
    for (case, why, rule) in rules {
        world.gate.rule(rule);
        let error = match world.follow().await {
            Err(FollowError::Chain(error)) => error.to_string(),
            other => panic!("{case}: {other:?}"),
        };
        // What a wrong type is called is the parser's own word.
        assert!(error.contains(why) || case == "a value that is no number", "{case}: {error}");
        assert_eq!(world.line(id).await, "waiting;", "{case}");
    }
    world.gate.open();
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, format!("processing; block {PRICE}"));
    world.verify().await;
}

#[tokio::test]
async fn nothing_expires_while_nobody_sees_what_comes() {
    let Some(world) = World::start().await else { return };
    let (paid, unpaid) = (world.begin(Coin::Eth).await, world.begin(Coin::Eth).await);
    world.pay(paid, PRICE).await;
    world.node.mine(1).await;
    world.gate.rule(|_, _| Fate::Lost);
    let silent = world.begin(Coin::Eth).await;
    assert!(world.follow().await.is_err());
    world.moved(2_000).await;
    for id in [paid, unpaid, silent] {
        assert_eq!(world.line(id).await, "waiting;");
    }
    world.gate.open();
    world.pass(20).await;
    assert_eq!(
        world.line(paid).await,
        format!("processing; block {PRICE}"),
        "its block is of a time when it was in time"
    );
    assert_eq!(world.line(unpaid).await, "cancelled: timeout;");
    world.verify().await;
}

#[tokio::test]
async fn a_node_that_can_less_is_asked_otherwise() {
    let Some(world) = World::start().await else { return };
    let exchange = world.node.deploy("Exchange").await;
    let id = world.begin(Coin::Eth).await;
    let to = world.address(id).await;
    world.gate.rule(|request, answer| {
        for missing in ["eth_getBlockReceipts", "debug_traceBlockByHash"] {
            if asks(request, missing) {
                let said: Value = serde_json::from_str(answer).expect("JSON");
                let refusal = |answer: &Value| {
                    json!({ "jsonrpc": "2.0", "id": answer["id"], "error": { "code": -32601, "message": "no such method" } })
                };
                let refusals = match said.as_array() {
                    Some(answers) => answers.iter().map(refusal).collect(),
                    None => refusal(&said),
                };
                return Fate::Said(refusals.to_string());
            }
        }
        // Neither does it know what is final.
        let finalised = |call: &Value| call["params"][0] == "finalized";
        match request.as_array().is_some_and(|calls| calls.iter().any(finalised)) {
            true => {
                let mut said: Value = serde_json::from_str(answer).expect("JSON");
                let calls = request.as_array().expect("several").iter();
                for (_, answer) in calls.zip(said.as_array_mut().expect("as many")).filter(|(call, _)| finalised(call)) {
                    answer["result"] = Value::Null;
                }
                Fate::Said(said.to_string())
            }
            false => Fate::Passed,
        }
    });
    let values = [Value256::Addresses(&[to.as_str()]), Value256::Number(5)];
    exchange.call(&world.node, PAYER, "pay(address[],uint256)", &values, 5).await;
    world.pay(id, PRICE).await;
    world.mine(DEPTH).await;
    assert_eq!(world.line(id).await, format!("confirmed; block {PRICE}"), "what a contract paid is not seen");
    world.verify().await;
}

#[tokio::test]
async fn a_second_node_must_name_the_same_blocks() {
    let (one, two) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let Some(node) = Anvil::start(one.path()).await else { return };
    let other = Anvil::start(two.path()).await.expect("another");
    node.mine(3).await;
    other.mine(3).await;
    let follow = async |second: String| {
        let settings = Settings { second: Some((second, None)), ..Settings::new(NETWORK, CHAIN_ID, &node.url()) };
        let chain = EthereumChain::new(settings, Arc::new(Clocks::default())).expect("a chain");
        chain.follow(Lane::Live, None, &Watched::default()).await.map(|step| step.cursor.tip.height)
    };
    let gate = Gate::before(node.port()).await;
    assert_eq!(follow(gate.url()).await, Ok(3));
    gate.rule(|request, answer| changed(request, answer, "eth_blockNumber", |result| *result = "0x2".into()));
    assert_eq!(follow(gate.url()).await, Ok(2), "as far as both are");
    gate.rule(|_, _| Fate::Lost);
    assert!(matches!(follow(gate.url()).await, Err(ChainError::Unavailable(_))));
    // The other chain began a moment later, or with another base fee: its blocks are others.
    other.call::<Value>("evm_increaseTime", json!([1000])).await;
    other.mine(1).await;
    node.mine(1).await;
    let Err(ChainError::NotInSync(why)) = follow(other.url()).await else { panic!("it is believed") };
    assert_eq!(why, "the second node names another block 4");
}

#[tokio::test]
async fn a_tip_that_is_too_old_or_of_the_future_is_not_believed() {
    let folder = TempDir::new().expect("a folder");
    let Some(node) = Anvil::start(folder.path()).await else { return };
    node.mine(1).await;
    for (ahead_s, why) in
        [(0, None), (600, Some("its newest block is")), (-600, Some("its newest block is of the future"))]
    {
        let settings = Settings {
            tip_age_max: Some(SignedDuration::from_secs(300)),
            ..Settings::new(NETWORK, CHAIN_ID, &node.url())
        };
        let wall = move || florin_kernel::Timestamp::now() + SignedDuration::from_secs(ahead_s);
        let chain = EthereumChain::new(settings, Arc::new(Clocks::on(Arc::new(wall)))).expect("a chain");
        match (chain.follow(Lane::Live, None, &Watched::default()).await, why) {
            (Ok(_), None) => {}
            (Err(ChainError::NotInSync(told)), Some(why)) => assert!(told.starts_with(why), "{told}"),
            (step, _) => panic!("{ahead_s}: {step:?}"),
        }
    }
}
