//! Refunds in coins whose end is not told.

use florin_gateway::demo::MERCHANT;
use florin_kernel::Coin;
use florin_kernel::coin::RefundStatus;
use florin_kernel::ports::Lane;
use serde_json::json;

use crate::crypto::Till;

#[tokio::test]
async fn the_refund_of_a_payment_that_loses_answers_is_found() {
    let till = Till::open().await;
    let payment = till.starts(&[("invoice_amount", "9101.00")]).await;
    let amount = payment["amount"].as_str().expect("a text");
    till.sandbox("clock", &[("seconds", "70")]).await;
    till.mines("3").await;
    till.stands(&payment, &[("state", json!("confirmed"))]).await;
    let to = "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh";
    till.told("RefundPayment", &Till::of(&payment, &[("address_out", to), ("refund_amount", amount)])).await;
    let (lane, engine) = (Lane::Dev(MERCHANT), till.world.engine());
    let network = engine.chain_of(Coin::Btc, lane).expect("a chain").network().name.clone();
    let address = payment["address"].as_str().expect("a text");
    let is_unknown = async || {
        let stored = engine.coins_at(&network, lane, address).await.expect("an answer").expect("a payment");
        stored.refunds.iter().any(|refund| matches!(refund.status, RefundStatus::Unknown(_)))
    };
    let came = async {
        while !is_unknown().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::SOON, came).await.expect("nobody says what became of it");
    till.stands(&payment, &[("refund_status", json!("Refund pending"))]).await;
    till.is_refunded(&payment).await;
    till.stands(&payment, &[("refund", json!(amount)), ("refundable_amount", json!("0.00000000"))]).await;
    till.closes().await;
}
