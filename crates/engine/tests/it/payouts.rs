//! Payouts that a merchant orders itself: once for all copies, from the balance or from the acquirer, with and without approval.

use std::sync::Arc;

use florin_engine::directory::{Brand, OverdraftDev, WithdrawalRules};
use florin_engine::setup::{self, NewMerchant};
use florin_engine::{Approval, ClaimKind, ClaimRequest, NewPayout, Obeyed, Reply, StartError, WithdrawalRequest};
use florin_kernel::payment::{CaptureMode, Details, Dialect, OperationKind};
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::routing::{Candidate, Method, Trail};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Approver, Command, Funding, State, Withdrawal};
use florin_kernel::{PaymentId, Transaction};
use florin_store::Answer;
use jiff::SignedDuration;

use crate::world::{OWNER, VISA, World, account, eur};

fn payout(world: &World, amount: &str, funding: Funding, approval: Approval, reference: &str) -> NewPayout {
    let now = world.engine.now(Lane::of(OWNER.merchant, OWNER.mode));
    let withdrawal = Withdrawal {
        id: world.engine.new_payment_id(),
        merchant: OWNER.merchant,
        mode: OWNER.mode,
        dialect: Dialect::V3,
        created_at: now,
        asked: eur(amount),
        funding,
        state: State::Created { until: now + SignedDuration::from_mins(30) },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details::default(),
    };
    let render = |withdrawal: &Withdrawal| Answer { status: 200, body: withdrawal.word().text().to_owned() };
    let mut account = account(210, &[]);
    account.method = Method::Card;
    NewPayout {
        withdrawal: Box::new(withdrawal),
        claims: vec![ClaimRequest::reference(reference)],
        digest: world.engine.digest(&[amount.as_bytes()]),
        candidate: Candidate {
            accounts: vec![Arc::new(account)],
            cascade: false,
            auto_approval: None,
            trail: Trail::default(),
        },
        payee: Payee { holder: "Jane Roe".into(), number: Secret::new(VISA.into()) },
        card: None,
        approval,
        render: Arc::new(render),
    }
}

async fn pay_out(world: &World, new: NewPayout) -> Result<Reply, StartError> {
    world.engine.pay_out(new).await
}

async fn word(world: &World, id: PaymentId) -> &'static str {
    let found = world.engine.find_transaction(OWNER, id).await.expect("the store answers");
    found.and_then(Transaction::withdrawal).expect("a withdrawal").word().text()
}

/// Nothing below zero, and two approvers from 500.00 on.
async fn bound(world: &World) {
    let withdrawals = WithdrawalRules {
        overdraft_dev: OverdraftDev::UpTo(Vec::new()),
        four_eyes_from: vec![eur("500.00")],
        ..WithdrawalRules::default()
    };
    let merchant = NewMerchant {
        id: OWNER.merchant,
        slug: "m".into(),
        name: "Merchant".into(),
        limits: Vec::new(),
        blocked_payers: Vec::new(),
        withdrawals,
        schemes: Vec::new(),
        brand: Brand::default(),
        webhook_secrets_dev: Vec::new(),
        webhook_secrets_live: Vec::new(),
    };
    let row = setup::merchant_row(&merchant, world.engine.keyring());
    world.engine.store().put_config(vec![row]).await.expect("configured");
    world.engine.reload_directory().await.expect("read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_make_one_payout() {
    let world = World::start().await;
    for (amount, told, later) in
        [("10.00", "paid", "paid"), ("9051.00", "declined", "declined"), ("9101.00", "unknown", "paid")]
    {
        let before = world.moved(OperationKind::Payout).await.len();
        let copies = (0..100).map(|_| {
            let new = payout(&world, amount, Funding::Acquirer, Approval::NotNeeded, amount);
            let engine = world.engine.clone();
            tokio::spawn(async move { engine.pay_out(new).await.expect("answered") })
        });
        let mut replies = Vec::new();
        for copy in copies.collect::<Vec<_>>() {
            replies.push(copy.await.expect("no panic"));
        }
        assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1, "{amount}: one is the first");
        assert!(replies.iter().all(|reply| reply.answer.body == told), "{amount}: {:?}", replies[0]);
        world.pass(60).await;
        assert_eq!(word(&world, replies[0].payment).await, later, "{amount}");
        let paid = world.moved(OperationKind::Payout).await.len() - before;
        assert_eq!(paid, usize::from(later == "paid"), "{amount}");
    }
    assert_eq!(world.balance("merchant:1:available").await, 0);
    assert_eq!(world.balance("merchant:1:acquirer").await, -911_100);
    world.verify().await;
}

#[tokio::test]
async fn the_balance_bounds_what_it_pays() {
    let world = World::start().await;
    bound(&world).await;
    world.pay("100.00", CaptureMode::Now, VISA).await.expect("paid");
    let order = |amount, reference| payout(&world, amount, Funding::Balance, Approval::NotNeeded, reference);
    let refused = pay_out(&world, order("100.01", "a")).await;
    assert!(matches!(refused, Err(StartError::BalanceInsufficient)), "{refused:?}");
    let first = pay_out(&world, order("100.00", "a")).await.expect("the refused one took nothing");
    assert_eq!(first.answer.body, "paid");
    let again = pay_out(&world, order("100.00", "a")).await.expect("replayed, though nothing is left");
    assert_eq!((again.replayed, again.answer), (true, first.answer));
    let other = pay_out(&world, order("1.00", "a")).await;
    assert!(matches!(other, Err(StartError::Taken(ClaimKind::Reference))), "{other:?}");
    assert_eq!(world.balance("merchant:1:available").await, 0);
    world.verify().await;
}

#[tokio::test]
async fn a_payout_waits_for_who_has_to_approve_it() {
    let world = World::start().await;
    bound(&world).await;
    for (amount, approval, approvers) in [
        ("10.00", Approval::Needed, vec![Approver::User(1)]),
        ("500.00", Approval::NotNeeded, vec![Approver::User(1), Approver::User(2)]),
    ] {
        let made = pay_out(&world, payout(&world, amount, Funding::Acquirer, approval, amount)).await.expect("taken");
        for approver in approvers {
            assert_eq!(
                (made.answer.body.as_str(), word(&world, made.payment).await),
                ("awaiting_approval", "awaiting_approval")
            );
            let request = WithdrawalRequest::plain(Dialect::V3, Command::Approve(approver));
            let obeyed = world.engine.submit_withdrawal(OWNER, made.payment, request).await.expect("approved");
            assert!(matches!(obeyed, Obeyed::Now(_)));
        }
        while word(&world, made.payment).await == "approved" {
            tokio::task::yield_now().await;
        }
        assert_eq!(word(&world, made.payment).await, "paid");
    }
    let world = world.crash().await;
    let again =
        pay_out(&world, payout(&world, "10.00", Funding::Acquirer, Approval::Needed, "10.00")).await.expect("replayed");
    assert_eq!((again.replayed, again.answer.body.as_str()), (true, "awaiting_approval"));
    world.verify().await;
}
