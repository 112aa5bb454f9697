//! Simulated payers: what an invoice's amount makes them do (crypto contract, section 14). An amount that says nothing leaves the paying
//! to whoever tests.

use florin_kernel::coin::Units;
use florin_kernel::ports::chain::Expected;
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;

use super::digest;
use super::ledger::{Fault, Ledger, Plan, PlanStep};

/// How long a payer takes to find the wallet, in seconds.
const PAYS_AFTER_S: i64 = 2;
/// Blocks that make anything final.
const FULL_DEPTH: u64 = 100;

/// Whether the node takes refunds of a payment of this amount and does not say so.
pub fn loses_answers(invoice: Money) -> bool {
    let amount = invoice.decimal();
    let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, "00"));
    whole == "9101" && fraction.bytes().all(|byte| byte == b'0')
}

/// Plans what an invoice's amount says.
pub fn plan(ledger: &mut Ledger, expected: &Expected, now: Timestamp) {
    let amount = expected.invoice.decimal();
    let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, "00"));
    if fraction.bytes().any(|byte| byte != b'0') {
        return;
    }
    let after = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let txid = digest(&["payer", &expected.address, whole]);
    let pay = |at_s: i64, units: Units, held_s: i64| Plan {
        at: after(at_s),
        step: PlanStep::Pay {
            txid: txid.clone(),
            address: expected.address.clone(),
            coin: expected.coin,
            units,
            held_s,
        },
    };
    let exact = |held_s| pay(PAYS_AFTER_S, expected.units, held_s);
    let then = |seconds: i64, step: PlanStep| Plan { at: after(PAYS_AFTER_S + seconds), step };
    let fail = |fault, seconds| PlanStep::Fail { fault, seconds };
    let plans = match whole {
        "9000" => vec![exact(0), then(0, PlanStep::Mine(FULL_DEPTH))],
        "9051" => vec![pay(PAYS_AFTER_S, Units::new(expected.units.number() / 2), 0)],
        "9101" => vec![exact(0), then(1, fail(Fault::Down, 60))],
        "9102" => {
            let repeat = || PlanStep::Repeat { txid: txid.clone() };
            vec![pay(1, expected.units, 0), then(-1, repeat()), then(0, repeat()), then(0, PlanStep::Mine(FULL_DEPTH))]
        }
        "9103" => vec![pay(0, expected.units, 0)],
        "9104" => vec![exact(0), then(1, fail(Fault::Html, 10))],
        "9105" => vec![exact(30), then(30, PlanStep::Mine(FULL_DEPTH))],
        "9106" => vec![exact(3600), then(30, PlanStep::DoubleSpend { txid: txid.clone() })],
        "9107" => vec![
            pay(1, expected.units, 0),
            then(0, PlanStep::Mine(FULL_DEPTH)),
            then(60, PlanStep::DoubleSpend { txid: txid.clone() }),
        ],
        _ => Vec::new(),
    };
    ledger.plans.extend(plans);
}
