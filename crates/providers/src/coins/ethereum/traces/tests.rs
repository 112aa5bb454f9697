use serde_json::{Value, json};

use super::Frame;

const CONTRACT: &str = "0x00000000000000000000000000000000000000c0";

/// A call of the contract to an address that ends in a digit.
fn call(kind: &str, to: u8, value: u64, calls: &[Value]) -> Value {
    let to = format!("0x{to:040x}");
    json!({ "type": kind, "from": CONTRACT, "to": to, "value": format!("{value:#x}"), "gas": "0x0", "calls": calls })
}

fn undone(mut frame: Value) -> Value {
    frame["error"] = "execution reverted".into();
    frame
}

/// What moved, as `place: to value`.
fn moved(root: Value) -> Vec<String> {
    let frame: Frame = serde_json::from_value(root).expect("a frame");
    let line =
        |moved: super::Moved| format!("{}: {} {}", moved.place, moved.to.0[19], moved.value.number().expect("small"));
    frame.moved().into_iter().map(line).collect()
}

#[test]
fn coins_inside_a_transaction_are_those_of_calls_that_were_not_undone() {
    let transfer = |to, value| call("CALL", to, value, &[]);
    for (case, root, expected) in [
        ("the transaction itself is none", call("CALL", 1, 5, &[]), vec![]),
        ("one", call("CALL", 9, 5, &[transfer(1, 5)]), vec!["0: 1 5"]),
        ("several", call("CALL", 9, 0, &[transfer(1, 5), transfer(1, 5)]), vec!["0: 1 5", "1: 1 5"]),
        ("deeper", call("CALL", 9, 0, &[call("CALL", 2, 0, &[transfer(1, 5)])]), vec!["0: 1 5"]),
        ("without coins", call("CALL", 9, 0, &[transfer(1, 0), transfer(2, 5)]), vec!["0: 2 5"]),
        ("undone", call("CALL", 9, 0, &[undone(transfer(1, 5)), transfer(2, 5)]), vec!["1: 2 5"]),
        (
            "undone with what is below",
            call("CALL", 9, 0, &[undone(call("CALL", 2, 7, &[transfer(1, 5)])), transfer(3, 5)]),
            vec!["2: 3 5"],
        ),
        ("all undone", undone(call("CALL", 9, 0, &[transfer(1, 5)])), vec![]),
        // These run another's code with the caller's own coins.
        ("delegated", call("CALL", 9, 0, &[call("DELEGATECALL", 1, 5, &[]), call("CALLCODE", 1, 5, &[])]), vec![]),
        ("left behind", call("CALL", 9, 0, &[call("SELFDESTRUCT", 1, 5, &[])]), vec!["0: 1 5"]),
        ("to itself", call("CALL", 9, 0, &[transfer(0xc0, 5)]), vec![]),
    ] {
        assert_eq!(moved(root), expected, "{case}");
    }
}
