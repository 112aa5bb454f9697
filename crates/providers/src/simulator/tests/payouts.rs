//! Payouts: the same triggers by card and amount; what was paid comes back instead of being charged back.

use florin_kernel::payment::OperationKind::Payout;
use florin_kernel::ports::{Call, Payee};
use florin_kernel::routing::Method;
use florin_kernel::secret::Secret;
use jiff::SignedDuration;

use super::{World, account, call, word};

fn payout(method: Method, number: &str, amount: &str) -> Call {
    let payee = Payee { holder: "Jane Roe".into(), number: Secret::new(number.into()) };
    Call { account: account(method).into(), payee: Some(payee), ..call(Payout, "out", amount) }
}

#[tokio::test]
async fn cards_and_amounts_decide() {
    const IBAN: &str = "GB33BUKB20201555555555";
    for (method, number, amount, expected, moved) in [
        (Method::Card, "4111111111111111", "10.00 EUR", "approved", 1),
        (Method::Card, "4000000000003220", "10.00 EUR", "approved", 1),
        (Method::Card, "4200000000000083", "10.00 EUR", "approved", 1),
        (Method::Card, "4200000000000034", "10.00 EUR", "approved", 1),
        (Method::Card, "4000000000000341", "10.00 EUR", "declined 05", 0),
        (Method::Card, "4000000000000341", "9000.00 EUR", "approved", 1),
        (Method::Card, "no card", "10.00 EUR", "declined 14", 0),
        (Method::BankTransfer, IBAN, "10.00 EUR", "approved", 1),
        (Method::BankTransfer, IBAN, "9051.00 EUR", "declined 51", 0),
        (Method::BankTransfer, IBAN, "9104.00 EUR", "unknown", 1),
        (Method::BankTransfer, IBAN, "9105.00 EUR", "pending", 0),
        (Method::EWallet, "wallet-1", "10.00 EUR", "approved", 1),
        (Method::Voucher, "code", "10.00 EUR", "declined provider", 0),
    ] {
        let world = World::new();
        let outcome = word(&world.execute(&payout(method, number, amount)).await);
        assert_eq!((outcome.as_str(), world.charges().await.len()), (expected, moved), "{number} {amount}");
    }
}

#[tokio::test]
async fn a_silent_payout_is_found_paid_once() {
    let world = World::new();
    let silent = payout(Method::EWallet, "wallet-1", "9101.00 EUR");
    world.execute_and_lose(&silent).await;
    // Whoever looks up or asks again need not know where the money went.
    assert_eq!(word(&world.look_up(&Call { payee: None, ..silent.clone() }).await), "approved");
    assert_eq!(word(&world.execute(&silent).await), "approved");
    assert_eq!(world.charges().await, ["out payout 9101.00 EUR"]);
}

#[tokio::test]
async fn a_payout_comes_back_after_60_seconds() {
    let world = World::new();
    assert_eq!(word(&world.execute(&payout(Method::Card, "4111111111111111", "9107.00 EUR")).await), "approved");
    world.later(59).await;
    assert!(world.news().is_empty());
    world.later(1).await;
    assert_eq!(world.news(), ["out returned 9107.00 EUR"]);
    world.later(3600).await;
    assert!(world.news().is_empty(), "once");
    assert_eq!(world.charges().await, ["out payout 9107.00 EUR, charged back 9107.00 EUR"]);
}

/// Where a dialect's payouts take their time, the amount may still say something else.
#[tokio::test]
async fn a_bank_may_take_its_time() {
    for (number, amount, first, then) in [
        ("4111111111111111", "10.00 EUR", "pending", "approved"),
        ("4000000000000341", "10.00 EUR", "pending", "declined 05"),
        ("4111111111111111", "9051.00 EUR", "pending", "declined 51"),
        ("4111111111111111", "9105.00 EUR", "pending", "pending"),
        ("4111111111111111", "9104.00 EUR", "unknown", "approved"),
        ("no card", "10.00 EUR", "declined 14", "declined 14"),
    ] {
        let world = World::new();
        let call = Call { payout_takes: SignedDuration::from_secs(2), ..payout(Method::Card, number, amount) };
        assert_eq!(word(&world.execute(&call).await), first, "{number} {amount}");
        world.later(2).await;
        assert_eq!(word(&world.look_up(&call).await), then, "{number} {amount}");
    }
    let world = World::new();
    let call = payout(Method::Card, "4111111111111111", "10.00 EUR");
    world.execute(&Call { payout_takes: SignedDuration::from_secs(2), ..call }).await;
    world.later(1).await;
    assert!(world.news().is_empty(), "not yet");
    world.later(1).await;
    assert_eq!(world.news().len(), 1, "then it is told");
}
