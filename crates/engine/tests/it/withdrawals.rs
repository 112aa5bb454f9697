//! Withdrawals at a provider whose answers come when they are let: what is under way, unknown, refused, and late.

use std::sync::Arc;

use florin_engine::{Engine, NewWithdrawal, PayoutChoice, WithdrawalRequest, setup};
use florin_kernel::payment::{Approval, Decline, Details, Dialect, Outcome};
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::routing::{Conditions, Member, Method, ProviderId, Rule, RuleOperation};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Approver, Command, Funding, State, Withdrawal};
use florin_kernel::{PaymentId, Transaction};
use florin_store::memory::MemoryStore;
use florin_store::{Answer, Store};
use jiff::SignedDuration;

use crate::lookups::{Scripted, UNCLEAR, engine_with, pass};
use crate::world::{OWNER, eur};

const NUMBER: &str = "4111111111111111";

/// A withdrawal whose payout has been asked for, and the provider that has not answered.
async fn asked(says: impl IntoIterator<Item = Outcome>) -> (Arc<MemoryStore>, Arc<Engine>, Arc<Scripted>, PaymentId) {
    let store = Arc::new(MemoryStore::new());
    let rule = Rule {
        id: 1,
        operation: RuleOperation::Withdrawal,
        method: Method::Card,
        order: 1,
        merchant: None,
        conditions: Conditions::default(),
        members: vec![Member { provider_id: ProviderId::new(210), tier: 1, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    };
    store.put_config(vec![setup::rule_row(&rule)]).await.expect("configured");
    let (engine, provider) = engine_with(store.clone(), says).await;
    let now = engine.now(Lane::of(OWNER.merchant, OWNER.mode));
    let withdrawal = Withdrawal {
        id: engine.new_payment_id(),
        merchant: OWNER.merchant,
        mode: OWNER.mode,
        dialect: Dialect::Cashier,
        created_at: now,
        asked: eur("10.00"),
        funding: Funding::Balance,
        state: State::Created { until: now + SignedDuration::from_mins(30) },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details::default(),
    };
    let id = withdrawal.id;
    let render = Arc::new(|_: &Withdrawal| Answer { status: 200, body: String::new() });
    let new = NewWithdrawal { withdrawal: Box::new(withdrawal), claims: Vec::new(), digest: [0; 16], render };
    engine.open_withdrawal(new).await.expect("opened");
    let payee = Payee { holder: "Jane Roe".into(), number: Secret::new(NUMBER.into()) };
    let choice = PayoutChoice { provider: ProviderId::new(210), payee };
    let confirmed = engine.confirm_withdrawal(id, choice).await.expect("confirmed");
    assert_eq!(confirmed.word().text(), "awaiting_approval");
    let row = serde_json::to_string(&confirmed).expect("a document");
    assert!(!row.contains(NUMBER) && row.contains("…1111"), "{row}");
    let approval = WithdrawalRequest::plain(Dialect::Cashier, Command::Approve(Approver::Api));
    engine.submit_withdrawal(OWNER, id, approval).await.expect("approved");
    assert_eq!(word(&engine, id).await, "approved");
    provider.is_asked().await;
    (store, engine, provider, id)
}

async fn word(engine: &Engine, id: PaymentId) -> &'static str {
    let found = engine.find_transaction(OWNER, id).await.expect("the store answers");
    found.and_then(Transaction::withdrawal).expect("a withdrawal").word().text()
}

/// What the book says happened, in order.
async fn events(store: &MemoryStore, id: PaymentId) -> Vec<String> {
    let faults = store.verify_ledger().await.expect("a report").faults;
    assert_eq!(faults, Vec::<String>::new());
    store.entries(id).await.expect("entries").into_iter().map(|entry| entry.event).collect()
}

fn approved() -> Outcome {
    Outcome::Approved(Approval { provider_id: "p".into(), ..Approval::default() })
}

/// The test clock is advanced while the call is under way: the provider does not know the payout yet, which proves nothing.
#[tokio::test]
async fn a_payout_under_way_is_not_taken_for_lost() {
    let (store, engine, provider, id) = asked([approved()]).await;
    pass(&engine, 600).await;
    engine.settle().await.expect("nobody is asked");
    assert_eq!(word(&engine, id).await, "unknown");
    provider.permits.add_permits(1);
    engine.shutdown().await;
    assert_eq!(word(&engine, id).await, "paid");
    assert_eq!(events(&store, id).await, ["withdrawal_held", "withdrawal_paid"]);
}

/// No clear answer: asked after by reference until there is one, and never sent again.
#[tokio::test]
async fn an_unknown_payout_is_looked_up() {
    for (found, end, booked) in [
        (approved(), "paid", "withdrawal_paid"),
        (Outcome::Declined(Decline::Response("05".into())), "declined", "withdrawal_released"),
        (Outcome::NotFound, "failed", "withdrawal_released"),
    ] {
        let (store, engine, provider, id) = asked([UNCLEAR, UNCLEAR, found]).await;
        provider.permits.add_permits(3);
        while word(&engine, id).await == "approved" {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            pass(&engine, 120).await;
            engine.settle().await.expect("looked up");
        }
        assert_eq!(word(&engine, id).await, end);
        assert_eq!(events(&store, id).await, ["withdrawal_held", booked]);
    }
}
