//! Which coin payments a history has.

use std::sync::Arc;

use florin_engine::{CoinPorts, Owner};
use florin_kernel::coin::{Late, Over, Requirement, ScreeningRule, Terms, Under, Units, ZeroConfirmation};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{Asset, MerchantId, Money};

use super::super::chain::Node;
use super::super::chance::Chance;
use super::super::coins::CoinOrder;
use super::setup;

/// Histories with coins in a hundred.
const SHARE: u64 = 8;
/// Other payments, and withdrawals, that such a history has at most, so that it takes no longer than others.
pub const OTHERS_MAX: usize = 4;

/// The orders of a history, and the lanes whose chains they need; most histories have none.
pub fn orders(seed: u64) -> (Vec<CoinOrder>, Vec<Lane>) {
    let chance = Chance::of(seed, "coins");
    if !chance.percent(SHARE) {
        return (Vec::new(), Vec::new());
    }
    let dev = Lane::Dev(MerchantId::from_number(chance.pick(&setup::MERCHANTS)));
    let orders: Vec<CoinOrder> = (0..chance.between(3..=8)).map(|number| order(&chance, number, dev)).collect();
    (orders, vec![Lane::Live, dev])
}

fn order(chance: &Chance, number: u64, dev: Lane) -> CoinOrder {
    let owner = match dev {
        Lane::Dev(merchant) if chance.percent(40) => Owner { merchant, mode: Mode::Dev },
        Lane::Dev(_) | Lane::Live => {
            Owner { merchant: MerchantId::from_number(chance.pick(&setup::MERCHANTS)), mode: Mode::Live }
        }
    };
    let euro = euro();
    CoinOrder {
        owner,
        reference: format!("coins-{number}"),
        idempotency_key: chance.percent(40).then(|| format!("coins-key-{number}")),
        order: chance.percent(30).then(|| format!("basket-{}", chance.between(0..=1))),
        invoice: Money::new(chance.between(200..=90_000) as i64, euro),
        network_fee: chance.pick(&[Units::ZERO, Units::new(152)]),
        pay_within_s: chance.between(20..=120) as i64,
        terms: terms(chance),
        has_webhook: chance.percent(85),
    }
}

fn euro() -> Asset {
    Asset::from_code("EUR").expect("the euro is a currency")
}

fn terms(chance: &Chance) -> Terms {
    let euro = |minor| Money::new(minor, euro());
    let requirement =
        |up_to, confirmations: u64| Requirement { up_to, confirmations: confirmations as u32, finalised: false };
    let zero = ZeroConfirmation { up_to: euro(40_000), hold_s: chance.pick(&[1, 5, 15]) };
    Terms {
        grace_s: 5,
        top_up_s: 40,
        tolerance_bps: chance.pick(&[0, 0, 100]),
        under: chance.pick(&[Under::Opened, Under::Opened, Under::AtDeadline, Under::From(euro(5_000))]),
        over: chance.pick(&[Over::Opened, Over::Opened, Over::Any, Over::UpTo(euro(60_000))]),
        late: chance.pick(&[Late::Opened, Late::ByRule]),
        screening: ScreeningRule::Heeded,
        requirements: vec![
            requirement(Some(euro(50_000)), chance.between(1..=2)),
            requirement(None, chance.between(2..=4)),
        ],
        zero_confirmation: chance.percent(40).then_some(zero),
        refund_minimum: Units::new(1_000),
        refund_confirmations: chance.between(1..=3) as u32,
        simulated_refusal: None,
    }
}

/// The node as a life of the gateway has it; without orders there is none.
pub fn ports(node: Option<Node>) -> CoinPorts {
    let Some(node) = node.map(Arc::new) else { return CoinPorts::default() };
    CoinPorts { chains: vec![node.clone()], signers: vec![node.clone()], screener: None, rates: Some(node) }
}
