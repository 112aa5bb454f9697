//! The back office on a real engine: what happened is found, told whole, and decided where a person has to.

use florin_engine::SubmitError;
use florin_engine::audit::Who;
use florin_engine::office::{
    Ask, Direction, Export, Figure, Filter, Order, Period, Resolved, Scope, StatementQuery, Step, Verdict, What,
};
use florin_kernel::payment::{CaptureMode, Command, OperationStatus, Refusal, Seq};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{Conditions, Member, Method, ProviderId, Rule, RuleOperation};
use florin_kernel::{MerchantId, PaymentId};

use crate::world::{OWNER, VISA, World, eur};

const SCOPE: Scope = Scope { mode: OWNER.mode, merchant: Some(OWNER.merchant) };
const ELSEWHERE: Scope = Scope { mode: OWNER.mode, merchant: Some(MerchantId::from_number(2)) };
/// The simulator approves it and loses the answer, also to look-ups for a while.
const LOST: &str = "9101.00";

async fn ids(world: &World, filter: Filter) -> Vec<PaymentId> {
    let page = world.engine.office_transactions(SCOPE, &Ask::first(filter, 50)).await.expect("the store answers");
    page.rows.iter().map(|row| row.id).collect()
}

/// Filters tell exactly what they say, and pages lead on and back to the same lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_filtered_and_paged_both_ways() {
    let world = World::start().await;
    let mut made = Vec::new();
    for (amount, capture) in [
        ("10.00", CaptureMode::Now),
        ("20.00", CaptureMode::Later),
        ("30.00", CaptureMode::Now),
        ("9051.00", CaptureMode::Now),
        ("40.00", CaptureMode::Now),
    ] {
        let mut payment = world.new_payment(eur(amount), capture);
        payment.details.reference = format!("order \"{amount}\"");
        payment.details.payer.email = format!("payer{}@shop.example", made.len());
        payment.details.payer.user_id = format!("U{}", made.len() % 2);
        let reply = world.start_payment(world.request(payment, VISA)).await.expect("taken");
        made.push(reply.payment);
    }
    made.reverse();
    let [forty, declined, thirty, twenty, ten] = made[..] else { panic!("five were made") };
    assert_eq!(ids(&world, Filter::default()).await, made);
    for (filter, expected) in [
        (Filter { words: vec!["declined".into()], ..Filter::default() }, vec![declined]),
        (Filter { words: vec!["captured".into()], ..Filter::default() }, vec![forty, thirty, ten]),
        (Filter { least: Some(eur("20.00")), most: Some(eur("30.00")), ..Filter::default() }, vec![thirty, twenty]),
        (Filter { email: "payer3@shop.example".into(), ..Filter::default() }, vec![declined]),
        (Filter { payer: "U1".into(), ..Filter::default() }, vec![declined, twenty]),
        (Filter { reference: "order \"30.00\"".into(), ..Filter::default() }, vec![thirty]),
        (Filter { last4: "1111".into(), payer: "U1".into(), ..Filter::default() }, vec![declined, twenty]),
        (Filter { last4: "2222".into(), ..Filter::default() }, vec![]),
        (Filter { methods: vec![Method::Card], payer: "U1".into(), ..Filter::default() }, vec![declined, twenty]),
        (Filter { methods: vec![Method::EWallet], ..Filter::default() }, vec![]),
        (
            Filter { providers: vec![ProviderId::new(210)], payer: "U1".into(), ..Filter::default() },
            vec![declined, twenty],
        ),
        (
            Filter { currencies: vec![eur("1.00").asset()], payer: "U1".into(), ..Filter::default() },
            vec![declined, twenty],
        ),
    ] {
        assert_eq!(ids(&world, filter.clone()).await, expected, "{filter:?}");
    }
    let elsewhere = world.engine.office_transactions(ELSEWHERE, &Ask::first(Filter::default(), 50)).await.unwrap();
    assert_eq!((elsewhere.rows.len(), elsewhere.onward, elsewhere.back), (0, None, None));

    for order in [Order::NewestFirst, Order::OldestFirst] {
        let ask = |from, direction| Ask { order, from, direction, ..Ask::first(Filter::default(), 2) };
        let page =
            async |from, direction| world.engine.office_transactions(SCOPE, &ask(from, direction)).await.unwrap();
        let first = page(None, Direction::Onward).await;
        assert_eq!((first.rows.len(), first.back), (2, None));
        let second = page(first.onward, Direction::Onward).await;
        let third = page(second.onward, Direction::Onward).await;
        assert_eq!((third.rows.len(), third.onward), (1, None));
        let all: Vec<PaymentId> =
            [&first, &second, &third].iter().flat_map(|page| page.rows.iter().map(|row| row.id)).collect();
        let mut expected = made.clone();
        if order == Order::OldestFirst {
            expected.reverse();
        }
        assert_eq!(all, expected);
        let again = page(third.back, Direction::Back).await;
        assert_eq!(again.rows, second.rows);
        let again = page(again.back, Direction::Back).await;
        assert_eq!((again.rows, again.back), (first.rows, None));
    }

    let mut export = Export::of(world.engine.clone(), SCOPE, Filter::default(), Order::NewestFirst);
    let mut text = String::new();
    while let Some(piece) = export.next_piece().await.unwrap() {
        text.push_str(&piece);
    }
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(
        lines[1].contains(",captured,40.00,EUR,card,Simulator,411111******1111,\"order \"\"40.00\"\"\",U0,"),
        "{text}"
    );
}

/// A text in anybody's hand leads to its payment, and to nobody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_and_references_are_found() {
    let world = World::start().await;
    let mut payment = world.new_payment(eur("10.00"), CaptureMode::Now);
    payment.details.reference = "tracking-7".into();
    payment.details.payer.email = "ann@shop.example".into();
    let mut request = world.request(payment, VISA);
    request.claims = vec![florin_engine::ClaimRequest::reference("tracking-7")];
    let id = world.start_payment(request).await.expect("taken").payment;
    world.pay("20.00", CaptureMode::Now, VISA).await.expect("taken");
    let printed = |sequence| world.engine.codec().base36(Reference { payment: id, sequence });
    let hex = world.engine.codec().hex(Reference { payment: id, sequence: 0 });
    for text in ["tracking-7", " tracking-7 ", "ann@shop.example", &printed(0), &printed(1), &hex, &id.to_string()] {
        let found = world.engine.office_search(SCOPE, text).await.unwrap();
        assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id], "{text}");
        assert_eq!(world.engine.office_search(ELSEWHERE, text).await.unwrap().rows, [], "{text}");
    }
    for text in ["", "nobody", "tracking-8"] {
        assert_eq!(world.engine.office_search(SCOPE, text).await.unwrap().rows, [], "{text}");
    }
}

/// An unknown payment is stuck until an operator says what became of it; the word is booked once, and told with who gave it and why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_resolves_what_is_unknown() {
    for (succeeded, word, available) in [(true, "captured", 910_100), (false, "failed", 0)] {
        let world = World::start().await;
        let id = world.pay(LOST, CaptureMode::Now, VISA).await.expect("taken");
        assert_eq!(world.word(id).await, "unknown");
        let stuck = world.engine.office_stuck(SCOPE, 10).await.unwrap();
        assert_eq!(stuck.rows.iter().map(|stuck| stuck.row.id).collect::<Vec<_>>(), [id]);
        let verdict = match succeeded {
            true => Verdict::Succeeded { provider_id: "acq-1".into() },
            false => Verdict::Failed,
        };
        let seq = Seq::new(1);
        let who = Who::AdminToken { address: [192, 0, 2, 7].into() };
        let resolved = Resolved { seq, verdict, who, reason: "seen in the acquirer's portal".into() };
        let elsewhere = world.engine.office_resolve(ELSEWHERE, id, resolved.clone()).await;
        assert!(matches!(elsewhere, Err(SubmitError::NotFound)), "{elsewhere:?}");
        world.engine.office_resolve(SCOPE, id, resolved.clone()).await.expect("it is unknown");
        assert_eq!((world.word(id).await, world.balance("merchant:1:available").await), (word, available));
        let again = world.engine.office_resolve(SCOPE, id, resolved).await;
        assert!(matches!(again, Err(SubmitError::Refused(Refusal::NotUnknown))), "{again:?}");
        assert_eq!(world.engine.office_stuck(SCOPE, 10).await.unwrap().rows, []);

        let (_, steps) = world.engine.office_timeline(SCOPE, id).await.unwrap().expect("its own");
        let said = steps.iter().find_map(|step| match &step.what {
            What::Resolved { by, reason, .. } => Some((by.as_str(), reason.as_str())),
            _ => None,
        });
        assert_eq!(said, Some(("the admin token", "seen in the acquirer's portal")));
        let log = world.engine.audit_entries(Some(OWNER.merchant), None, 10).await.unwrap();
        let told: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), &entry.before["status"])).collect();
        let action = if succeeded { "payment.resolved_as_done" } else { "payment.resolved_as_not_done" };
        assert_eq!(told, [(action, &"unknown".into())], "once, though it was said twice");
        world.verify().await;
    }
}

fn told(steps: &[Step]) -> Vec<String> {
    let told = |step: &Step| match &step.what {
        What::Made { asked, .. } => format!("made {asked}"),
        What::Asked(asked) => format!("{} asked {:?} {}", asked.seq.number(), asked.kind, asked.amount),
        What::Answered(answered) => {
            let word = match answered.status {
                OperationStatus::Approved => "approved",
                OperationStatus::Declined(_) => "declined",
                _ => "other",
            };
            format!("{} {word}", answered.seq.number())
        }
        What::Booked { event, transfers } => format!("booked {event} in {}", transfers.len()),
        other => format!("{other:?}"),
    };
    steps.iter().map(told).collect()
}

/// A payment's page tells everything, cause before effect, and of the card no more than may be shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_tells_everything() {
    let world = World::start().await;
    let id = world.pay("50.00", CaptureMode::Later, VISA).await.expect("taken");
    world.pass(60).await;
    world.submit(id, Command::Capture(eur("30.00"))).await.expect("within the hold");
    world.pass(60).await;
    world.submit(id, Command::refund(eur("10.00"))).await.expect("within what was taken");
    let (transaction, steps) = world.engine.office_timeline(SCOPE, id).await.unwrap().expect("its own");
    assert_eq!(transaction.id(), id);
    assert_eq!(
        told(&steps),
        [
            "made 50.00 EUR",
            "1 asked Authorise 50.00 EUR",
            "1 approved",
            "booked authorised in 1",
            "2 asked Capture 30.00 EUR",
            "2 approved",
            "booked captured_from_hold in 2",
            "3 asked Refund 10.00 EUR",
            "3 approved",
            "booked refunded in 1",
        ]
    );
    assert!(!format!("{steps:?}").contains(VISA));
    assert!(world.engine.office_timeline(ELSEWHERE, id).await.unwrap().is_none());

    // The same account of it is in the book, line by line.
    let query = StatementQuery {
        book: OWNER.mode,
        account: "merchant:1:available".into(),
        asset: "EUR".into(),
        beyond: None,
        scan_max: 100,
        limit: 10,
    };
    let page = world.engine.office_statement(SCOPE, query.clone()).await.unwrap().expect("its own");
    let lines: Vec<(i64, i64)> = page.lines.iter().map(|line| (line.moved_minor, line.posted_minor)).collect();
    assert_eq!(lines, [(-1_000, 2_000), (3_000, 3_000), (-3_000, 0), (5_000, 0)]);
    assert!(world.engine.office_statement(ELSEWHERE, query).await.unwrap().is_none());
}

/// The overview tells what the book says at once, and rates once they are counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overview_is_the_books_at_once() {
    let world = World::start().await;
    let id = world.pay("50.00", CaptureMode::Now, VISA).await.expect("taken");
    world.pay("9051.00", CaptureMode::Now, VISA).await.expect("taken");
    world.pay(LOST, CaptureMode::Now, VISA).await.expect("taken");
    world.submit(id, Command::refund(eur("20.00"))).await.expect("within what was taken");
    let figures = async || {
        let overview = world.engine.office_overview(SCOPE, Period::Day).await.unwrap();
        let [side] = &overview.by_currency[..] else { panic!("one currency: {overview:?}") };
        let told = [Figure::Captured, Figure::Refunded].map(|figure| side.now.of(figure).minor);
        assert_eq!(side.before.of(Figure::Captured).minor, 0);
        (told, overview.rates.0.approved_permille(), overview.open)
    };
    assert_eq!(figures().await, ([5_000, 2_000], None, vec![("unknown".to_owned(), 1)]));
    world.engine.office_count(PaymentId::from_number(i64::MAX)).await.unwrap();
    assert_eq!(figures().await, ([5_000, 2_000], Some(500), vec![("unknown".to_owned(), 1)]));
    // It is a yes in the end, and counted then.
    world.pass(3_600).await;
    world.engine.office_count(PaymentId::from_number(i64::MAX)).await.unwrap();
    assert_eq!(figures().await, ([915_100, 2_000], Some(666), vec![]));
    let trial = world.engine.office_trial_balance(OWNER.mode).await.unwrap();
    assert!(trial.iter().all(|asset| asset.balances()) && !trial.is_empty());
}

/// Other rules are tried on what happened, and the answer says who would have taken it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_are_tried_on_what_happened() {
    let world = World::start().await;
    for amount in ["10.00", "20.00", "30.00"] {
        world.pay(amount, CaptureMode::Now, VISA).await.expect("taken");
    }
    let rule = |id, min: Option<&str>, provider| Rule {
        id,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        order: id,
        merchant: None,
        conditions: Conditions {
            currencies: vec![eur("1.00").asset()],
            amount_min: min.map(str::to_owned),
            ..Conditions::default()
        },
        members: vec![Member { provider_id: ProviderId::new(provider), tier: 1, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    };
    let rules = vec![rule(1, Some("20.00"), 215)];
    let run = world.engine.office_dry_run(SCOPE, rules.clone()).await.unwrap();
    let moved: Vec<_> = run.moved.iter().map(|row| (row.from, row.to, row.payments, row.amount_minor)).collect();
    // No rule is in force, so by rule nobody takes any.
    assert_eq!((run.tried, run.same, run.sampled), (3, 1, false));
    assert_eq!(moved, [(None, Some(ProviderId::new(215)), 2, 5_000)]);
    let run = world.engine.office_dry_run(ELSEWHERE, rules).await.unwrap();
    assert_eq!((run.tried, run.moved), (0, vec![]));
}

/// An audit of the book runs beside everything else and says what it found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_tells_what_it_found() {
    let world = World::start().await;
    world.pay("50.00", CaptureMode::Now, VISA).await.expect("taken");
    assert_eq!(world.engine.office_verification(), None);
    world.engine.office_verify();
    world.engine.shutdown().await;
    let done = world.engine.office_verification().expect("it was begun");
    let report = done.report.expect("it is done").expect("the store answers");
    assert_eq!((report.faults, report.transfers, report.payments, done.looked_at), (vec![], 1, 1, 2));
}

/// How much waits, what the database is, and that nothing waits for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_sees_how_it_is_doing() {
    let world = World::start().await;
    world.pay("50.00", CaptureMode::Now, VISA).await.expect("taken");
    let operation = world.engine.office_operation().await.unwrap();
    assert_eq!(operation.database.version, world.engine.store().version());
    assert!(!operation.draining && operation.database.bytes > 0);
    assert_eq!(world.engine.office_approvals(SCOPE, None, 10).await.unwrap().rows, vec![]);
    let (suspended, more) = world.engine.office_suspense(SCOPE).await.unwrap();
    assert_eq!((suspended, more), (vec![], false));
    assert_eq!(world.engine.office_transaction(SCOPE, PaymentId::from_number(1)).await.unwrap(), None);
}
