//! Captures and refunds of one payment at once, through every door there is: the mounts of this dialect, ids of other dialects,
//! orders of other dialects and of the operator. Some are declined, some are not answered. Whatever races, never more is
//! captured than was held and never more given back than was captured, in our book and in the acquirer's.

use std::sync::Arc;
use std::time::Duration;

use florin_engine::{Answer as Told, ClaimRequest, OperationRequest, Owner, SubmitError};
use florin_kernel::payment::{Command, Dialect, OperationKind, OperationStatus, Payment, Portion, Refusal};
use florin_kernel::{Asset, Money};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::v3::{payment, send};
use crate::world::World;

const ORDERS: usize = 64;
/// Cents: approved, and by the simulator's triggers declined, unknown until it is asked, pending.
const AMOUNTS: [i64; 8] = [700_000, 123_456, 905_100, 300_001, 910_100, 510_000, 910_500, 99];

fn euro(cents: i64) -> Money {
    Money::new(cents, Asset::currency("EUR").expect("a currency"))
}

/// The one payment of a world.
async fn only(world: &World) -> Payment {
    let mut payments = world.payments().await;
    assert_eq!(payments.len(), 1);
    payments.remove(0)
}

/// An order by another door than this dialect's.
async fn other_dialect(world: &World, place: usize, kind: &str, amount: Money) {
    let payment = only(world).await;
    let (owner, engine) = (Owner::of(&payment), world.engine().clone());
    let command = match (kind, place % 3) {
        ("CP", _) => Command::Capture(amount),
        ("RF", 0) => Command::Refund { amount: Portion::AllLeft, on: None },
        _ => Command::refund(amount),
    };
    let done = if place.is_multiple_of(2) {
        let request = OperationRequest {
            dialect: Dialect::TransactionServices,
            command,
            claims: vec![ClaimRequest::reference(format!("order-{place}"))],
            digest: engine.digest(&[&place.to_be_bytes()]),
            echo: String::new(),
            promised: None,
            render: Arc::new(|_, _| Told { status: 200, body: String::new() }),
        };
        engine.operate(owner, payment.id, request).await.map(drop)
    } else {
        engine.submit(owner, payment.id, command).await.map(drop)
    };
    match done {
        Ok(())
        | Err(SubmitError::Refused(
            Refusal::CaptureExceedsHold { .. }
            | Refusal::RefundExceedsCapture { .. }
            | Refusal::HoldBusy
            | Refusal::BadAmount,
        )) => {}
        Err(error) => panic!("{kind} of {amount:?}: {error}"),
    }
}

/// What is captured and given back, by status: known to be so, and possible.
fn sums(payment: &Payment, kind: OperationKind) -> (i64, i64) {
    let of = |wanted: fn(&OperationStatus) -> bool| {
        let counted = payment.operations.iter().filter(|one| one.kind == kind && wanted(&one.status));
        counted.map(|one| one.amount.minor()).sum()
    };
    let approved = of(|status| matches!(status, OperationStatus::Approved | OperationStatus::Late));
    let open = of(|status| matches!(status, OperationStatus::Pending | OperationStatus::Unknown(_)));
    (approved, approved + open)
}

/// The bounds of invariant 5, and that the acquirer moved what we believe.
async fn assert_bounds(world: &World, authorised: i64) -> (i64, i64) {
    let payment = only(world).await;
    let (captured, may_be_captured) = sums(&payment, OperationKind::Capture);
    let (refunded, may_be_refunded) = sums(&payment, OperationKind::Refund);
    assert!(may_be_captured <= authorised, "{may_be_captured} of {authorised} captured");
    assert!(may_be_refunded <= captured, "{may_be_refunded} of {captured} given back");
    let charges = world.charges().await;
    let moved = |kind: OperationKind| -> i64 {
        charges.iter().filter(|movement| movement.kind == kind).map(|movement| movement.amount.minor()).sum()
    };
    let (taken, given_back) = (moved(OperationKind::Capture), moved(OperationKind::Refund));
    assert!((captured..=may_be_captured).contains(&taken), "the acquirer took {taken}, we know of {captured}");
    assert!((refunded..=may_be_refunded).contains(&given_back), "it gave back {given_back}, we know of {refunded}");
    let totals = payment.totals();
    assert_eq!((totals.captured.minor(), totals.refunded.minor()), (captured, refunded));
    world.assert_book_agrees().await;
    (captured, refunded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bounds_hold_through_every_door() {
    let world = Arc::new(World::start().await);
    // Less than is asked for by all together.
    let authorised = 5_000_000;
    let held = world.v3("/v3/payments", &payment("PA", "50000.00", "4200000000000000")).await;
    assert_eq!(held.line(), "200 000.000.000");
    // Something to give back from the start.
    let form = "paymentType=CP&amount=12000.00&currency=EUR";
    assert_eq!(world.v3(&format!("/v3/payments/{}", held.id()), form).await.line(), "200 000.000.000");

    let entity = world.demo().v3().0.to_owned();
    let codec = world.engine().codec();
    let reference = codec.read_hex(held.id()).expect("an id of ours");
    let ids = [held.id().to_owned(), codec.base36(reference)];
    let mut orders = JoinSet::new();
    for place in 0..ORDERS {
        let (world, entity) = (world.clone(), entity.clone());
        let (kind, amount) = (["CP", "RF"][place % 2], euro(AMOUNTS[place / 2 % AMOUNTS.len()]));
        let (id, mount) =
            (ids[place % ids.len()].clone(), ["/v3", "/oppwa/v1", "/gateway/v3", "/pay/v3"][place / 4 % 4]);
        orders.spawn(async move {
            if place % 5 < 2 {
                return other_dialect(&world, place, kind, amount).await;
            }
            let decimal = amount.decimal();
            let body = format!("entityId={entity}&paymentType={kind}&amount={decimal}&currency=EUR");
            let answer = send(world.v3_raw(Method::POST, &format!("{mount}/payments/{id}"), body)).await;
            let expected = ["000.", "800.100.", "700.400.100", "700.400.200", "700.400.570"];
            assert!(expected.iter().any(|code| answer.code().starts_with(code)), "{}", answer.text);
        });
    }
    orders.join_all().await;
    assert_bounds(&world, authorised).await;

    // What was not answered is found out; the bounds hold once nothing is open any more.
    world.advance(Duration::from_secs(180)).await;
    let settled = async {
        while only(&world).await.operations.iter().any(florin_kernel::payment::Operation::is_open) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::world::SOON, settled).await.expect("everything is decided");
    let (captured, refunded) = assert_bounds(&world, authorised).await;
    assert!(captured > 1_200_000 && refunded > 0, "{captured} captured, {refunded} given back: the race did nothing");
}
