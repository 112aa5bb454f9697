//! Requests about a payment that is there: once for all copies, also after a restart, and never beyond its money.

use std::sync::Arc;

use florin_engine::{ClaimKind, ClaimRequest, OperationRequest, Reply, Reuse, StartError, SubmitError};
use florin_kernel::PaymentId;
use florin_kernel::payment::{CaptureMode, Command, Dialect, OperationKind, Payment, Portion, Refusal, Seq, State};
use florin_kernel::public_id::Reference;
use florin_store::Answer;

use crate::world::{OWNER, VISA, World, eur};

/// Answers with the operation's number and status, and what was captured and refunded by then.
fn request(command: Command, digest: u8, claims: Vec<ClaimRequest>) -> OperationRequest {
    let render = |payment: &Payment, seq: Option<Seq>| {
        let status = seq.and_then(|seq| payment.operation(seq)).map(|operation| operation.status.clone());
        let totals = payment.totals();
        let body = format!("{seq:?} {status:?} {} {}", totals.captured, totals.refunded);
        Answer { status: 200, body }
    };
    OperationRequest {
        dialect: Dialect::V3,
        command,
        claims,
        digest: [digest; 16],
        echo: String::new(),
        promised: None,
        render: Arc::new(render),
    }
}

fn own(id: PaymentId, text: &str) -> Vec<ClaimRequest> {
    vec![ClaimRequest::reference(text).within(format!("refund of {id}"))]
}

async fn operate(world: &World, id: PaymentId, request: OperationRequest) -> Result<Reply, SubmitError> {
    world.engine.operate(OWNER, id, request).await
}

/// A hundred copies of each: approved, declined, unknown and found later; one operation and one answer each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_make_one_operation_and_one_answer() {
    let world = World::start().await;
    let id = world.pay("50000.00", CaptureMode::Now, VISA).await.expect("paid");
    for (kind, amount) in [("reference", "10.00"), ("reference", "9051.00"), ("key", "9101.00")] {
        let before = world.payment(id).await.operations.len();
        let claims = match kind {
            "key" => vec![ClaimRequest::idempotency_key(amount)],
            _ => own(id, amount),
        };
        let copies = (0..100).map(|_| {
            let (engine, request) = (world.engine.clone(), request(Command::refund(eur(amount)), 1, claims.clone()));
            tokio::spawn(async move { engine.operate(OWNER, id, request).await.expect("answered") })
        });
        let mut replies = Vec::new();
        for copy in copies.collect::<Vec<_>>() {
            replies.push(copy.await.expect("no panic"));
        }
        assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1, "{amount}: one is the first");
        assert!(replies.iter().all(|reply| reply.answer == replies[0].answer), "{amount}");
        assert_eq!(world.payment(id).await.operations.len(), before + 1, "{amount}");
        // What becomes of it later changes no answer.
        world.pass(60).await;
        let again = operate(&world, id, request(Command::refund(eur(amount)), 1, claims)).await.expect("replayed");
        assert_eq!((again.replayed, again.answer), (true, replies[0].answer.clone()), "{amount}");
    }
    world.verify().await;
}

#[tokio::test]
async fn answers_outlive_a_restart_and_refusals_take_nothing() {
    let world = World::start().await;
    let id = world.pay("10.00", CaptureMode::Now, VISA).await.expect("paid");
    let other = world.pay("10.00", CaptureMode::Now, VISA).await.expect("paid");
    let refund = |amount, digest, claims| request(Command::refund(eur(amount)), digest, claims);
    let refused = operate(&world, id, refund("10.01", 1, own(id, "r"))).await;
    assert!(matches!(refused, Err(SubmitError::Refused(Refusal::RefundExceedsCapture { .. }))), "{refused:?}");
    let first = operate(&world, id, refund("10.00", 2, own(id, "r"))).await.expect("the reference was not used up");
    let world = world.crash().await;
    let again = operate(&world, id, refund("10.00", 2, own(id, "r"))).await.expect("replayed, though nothing is left");
    assert_eq!((again.replayed, again.answer), (true, first.answer));
    let taken = operate(&world, id, refund("5.00", 3, own(id, "r"))).await;
    assert!(matches!(taken, Err(SubmitError::Taken(ClaimKind::Reference))), "{taken:?}");
    // The same text for another payment is another reference.
    operate(&world, other, refund("5.00", 3, own(other, "r"))).await.expect("refunded");
    // Without any, every request is one of its own.
    for _ in 0..2 {
        assert!(!operate(&world, other, refund("1.00", 3, Vec::new())).await.expect("refunded").replayed);
    }
    assert_eq!(world.payment(other).await.totals().refunded, eur("7.00"));
    let stranger = florin_engine::Owner { mode: florin_kernel::payment::Mode::Live, ..OWNER };
    let foreign = world.engine.operate(stranger, id, refund("1.00", 4, Vec::new())).await;
    assert!(matches!(foreign, Err(SubmitError::NotFound)), "{foreign:?}");
    world.verify().await;
}

/// Somebody agreed to an operation by its number; the merchant's program may be quicker, and so may a colleague.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promised_operation_becomes_that_one_or_none() {
    let world = World::start().await;
    let id = world.pay("100.00", CaptureMode::Now, VISA).await.expect("paid");
    let promised = |number: u16, digest, claims| OperationRequest {
        promised: Some(Seq::new(number)),
        ..request(Command::refund(eur("1.00")), digest, claims)
    };
    let key = |number: u16| vec![ClaimRequest::idempotency_key(format!("{number}")).within("portal")];
    let overtaken = |done: &Result<Reply, SubmitError>| matches!(done, Err(SubmitError::Taken(ClaimKind::Operation)));
    // The program's refund is the second operation before the order that was promised to be that one is decided.
    operate(&world, id, request(Command::refund(eur("1.00")), 1, Vec::new())).await.expect("refunded");
    for late in [promised(2, 2, key(2)), promised(2, 2, Vec::new()), promised(4, 2, Vec::new())] {
        let done = operate(&world, id, late).await;
        assert!(overtaken(&done), "{done:?}");
    }
    let first = operate(&world, id, promised(3, 2, key(3))).await.expect("refunded");
    let again = operate(&world, id, promised(3, 2, key(3))).await.expect("the same order");
    assert_eq!((first.replayed, again.replayed, &again.answer), (false, true, &first.answer));
    let other = operate(&world, id, promised(3, 3, key(3))).await;
    assert!(matches!(other, Err(SubmitError::Taken(ClaimKind::IdempotencyKey))), "{other:?}");
    // Two people and a program at the same moment: whoever was promised the number has it, or has nothing.
    for round in 4..24_u16 {
        let next = u16::try_from(world.payment(id).await.operations.len() + 1).expect("few");
        let mut orders = vec![promised(next, 10, key(next)), promised(next, 11, key(next))];
        if round % 2 == 0 {
            orders.push(request(Command::refund(eur("1.00")), 12, Vec::new()));
        }
        let orders = orders.into_iter().map(|order| {
            let engine = world.engine.clone();
            tokio::spawn(async move { engine.operate(OWNER, id, order).await })
        });
        let mut done = Vec::new();
        for order in orders.collect::<Vec<_>>() {
            done.push(order.await.expect("no panic"));
        }
        let agreed: Vec<&Reply> = done[..2].iter().filter_map(|done| done.as_ref().ok()).collect();
        assert!(agreed.len() <= 1, "two orders were promised one number: {done:?}");
        let named = format!("{:?} ", Some(Seq::new(next)));
        assert!(agreed.iter().all(|reply| reply.answer.body.starts_with(&named)), "{done:?}");
        if round % 2 == 1 {
            assert_eq!(agreed.len(), 1, "nobody else was there: {done:?}");
        }
        let made = world.payment(id).await.operations.len();
        assert_eq!(made + 1, usize::from(next) + done.iter().filter(|done| done.is_ok()).count(), "{done:?}");
    }
    world.verify().await;
}

/// Captures, refunds of one capture and of the whole, reversals, 64 at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_stay_within_the_money() {
    let world = World::start().await;
    let id = world.pay("100.00", CaptureMode::Later, VISA).await.expect("held");
    operate(&world, id, request(Command::Capture(eur("30.00")), 0, Vec::new())).await.expect("captured");
    let commands = (0..64_u8).map(|number| match number % 5 {
        0 => Command::Capture(eur("9.00")),
        1 => Command::refund(eur("4.00")),
        2 => Command::Refund { amount: Portion::Exactly(eur("7.00")), on: Some(Seq::new(2)) },
        3 => Command::Reverse,
        _ => Command::Refund { amount: Portion::AllLeft, on: Some(Seq::new(2)) },
    });
    let requests = commands.zip(0_u8..).map(|(command, number)| {
        let request = request(command, number, own(id, &number.to_string()));
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.operate(OWNER, id, request).await })
    });
    for request in requests.collect::<Vec<_>>() {
        let _ = request.await.expect("no panic");
    }
    let payment = world.payment(id).await;
    let totals = payment.totals();
    assert!(!totals.captured.exceeds(eur("100.00")) && totals.captured.exceeds(eur("90.00")), "{totals:?}");
    assert!(!totals.refunded.exceeds(totals.captured), "{totals:?}");
    let of_first =
        payment.operations.iter().filter(|op| op.kind == OperationKind::Refund && op.on == Some(Seq::new(2)));
    let of_first: i64 = of_first.map(|op| op.amount.minor()).sum();
    assert!(of_first <= 3_000, "{of_first}");
    world.verify().await;
}

#[tokio::test]
async fn a_used_reference_is_free_again_where_its_rule_says_so() {
    let world = World::start().await;
    let start = |world: &World, amount: &str, digest: u8, reuse| {
        let mut new = world.request(world.new_payment(eur(amount), CaptureMode::Now), VISA);
        (new.claims, new.digest) = (vec![ClaimRequest::reference("order").reused(reuse)], [digest; 16]);
        let engine = world.engine.clone();
        async move { engine.start(new).await }
    };
    let taken = |result: Result<Reply, StartError>| matches!(result, Err(StartError::Taken(ClaimKind::Reference)));
    let after_failure = Reuse::AfterFailure;
    let declined = start(&world, "9051.00", 1, after_failure).await.expect("declined");
    assert!(start(&world, "9051.00", 1, after_failure).await.expect("the same content").replayed);
    assert!(taken(start(&world, "10.00", 2, Reuse::Never).await));
    let world = world.crash().await;
    let unknown = start(&world, "9101.00", 2, after_failure).await.expect("other content");
    assert!(taken(start(&world, "10.00", 3, after_failure).await), "unknown is not over");
    let first = start(&world, "9051.00", 1, after_failure).await.expect("the first attempt's content");
    assert_eq!((first.replayed, first.payment), (true, declined.payment));
    world.pass(60).await;
    assert!(taken(start(&world, "10.00", 3, after_failure).await), "it was charged");
    let claim = ClaimRequest::reference("order");
    let made = world.engine.referenced(OWNER, Dialect::Cashier, &claim, 10).await.expect("found");
    let whole = |payment| Reference { payment, sequence: 0 };
    assert_eq!(made, [whole(unknown.payment), whole(declined.payment)]);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_free_reference_leads_back_to_all_that_was_made() {
    let world = World::start().await;
    let claim = ClaimRequest::reference("always").reused(Reuse::Always);
    let starts = (0..20).map(|_| {
        let mut new = world.request(world.new_payment(eur("1.00"), CaptureMode::Now), VISA);
        new.claims = vec![claim.clone()];
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.start(new).await.expect("paid").payment })
    });
    let mut made = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        made.push(start.await.expect("no panic"));
    }
    let found = world.engine.referenced(OWNER, Dialect::Cashier, &claim, 100).await.expect("found");
    let mut found: Vec<PaymentId> = found.into_iter().map(|reference| reference.payment).collect();
    made.sort();
    found.sort();
    assert_eq!(found, made);
}

#[tokio::test]
async fn an_operation_is_found_by_what_is_printed() {
    let world = World::start().await;
    let id = world.pay("10.00", CaptureMode::Now, VISA).await.expect("paid");
    let claim = ClaimRequest::reference("refunds").reused(Reuse::Always);
    operate(&world, id, request(Command::refund(eur("1.00")), 1, vec![claim.clone()])).await.expect("refunded");
    let codec = world.engine.codec();
    let at = |sequence| Reference { payment: id, sequence };
    for (text, dialect, part) in [
        (codec.hex(at(0)), Dialect::V3, Some(None)),
        (codec.hex(at(2)), Dialect::V3, Some(Some(Seq::new(2)))),
        (codec.hex(at(3)), Dialect::V3, None),
        (codec.base36(at(2)), Dialect::V3, Some(Some(Seq::new(2)))),
        (codec.hex(at(2)), Dialect::Cashier, Some(Some(Seq::new(2)))),
        (codec.hex(at(0)), Dialect::Crypto, None),
        ("nobody's".to_owned(), Dialect::V3, None),
    ] {
        let found = world.engine.find_printed(OWNER, dialect, &text, None).await.expect("the store answers");
        assert_eq!(found.map(|found| (found.transaction.id(), found.part)), part.map(|part| (id, part)), "{text}");
    }
    let found =
        world.engine.find_printed(OWNER, Dialect::V3, "refunds", Some(&claim)).await.expect("the store answers");
    assert_eq!(found.and_then(|found| found.part), Some(Seq::new(2)));
}

/// A payment that waits for nothing is given up once; the answer has no operation to tell of.
#[tokio::test]
async fn a_cancellation_is_answered_like_an_operation() {
    let world = World::start().await;
    let payment = world.new_payment(eur("10.00"), CaptureMode::Now);
    let render = Arc::new(|_: &Payment| Answer { status: 200, body: String::new() });
    let new = florin_engine::NewSession { payment: Box::new(payment), claims: Vec::new(), digest: [0; 16], render };
    let id = world.engine.open(new).await.expect("opened").payment;
    let first = operate(&world, id, request(Command::Cancel, 1, own(id, "c"))).await.expect("cancelled");
    let again = operate(&world, id, request(Command::Cancel, 1, own(id, "c"))).await.expect("replayed");
    assert_eq!((first.replayed, again.replayed, first.answer == again.answer), (false, true, true));
    assert_eq!(world.word(id).await, "cancelled");
    let refused = operate(&world, id, request(Command::Cancel, 2, own(id, "d"))).await;
    assert!(matches!(refused, Err(SubmitError::Refused(Refusal::Ended(_)))), "{refused:?}");
    assert!(matches!(world.payment(id).await.state, State::Ended(_)));
}
