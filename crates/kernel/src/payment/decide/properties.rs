//! Any history of commands and answers, in any order, late and repeated: the money stays within its bounds.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{after, answered, attempt, created, eur};
use super::{Amendment, Attempt, Command, Effect, Portion, decide};
use crate::ledger::{Account, Layer};
use crate::payment::{
    AmountChoice, Approval, Authentication, AuthenticationFailure, AuthenticationStatus, CaptureMode, Decline, Doubt,
    Funds, LateMoney, Operation, OperationKind, OperationStatus, Outcome, PayerStep, Payment, Presence, Report,
    Resolution, Retry, Seq, State, StepKind,
};
use crate::routing::Method;
use crate::{Asset, Money};

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        2 => Just(Outcome::Approved(Approval::default())),
        2 => prop::sample::select(vec!["00", "10"]).prop_map(|response| Outcome::Approved(Approval {
            provider_id: "p".into(),
            response: response.into(),
            auth_code: "831000".into(),
            network_id: "481234567890123".into(),
        })),
        1 => prop::sample::select(vec!["05", "51", "91"]).prop_map(|code| Outcome::Declined(Decline::Response(code.into()))),
        1 => Just(Outcome::Declined(Decline::Authentication(AuthenticationFailure::ChallengeFailed))),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::NeedsPayer(PayerStep::page(StepKind::Challenge, ""))),
        1 => Just(Outcome::Pending),
        1 => Just(Outcome::NotSent),
        1 => Just(Outcome::NotFound),
        1 => prop::sample::select(vec![Doubt::TimedOut, Doubt::Garbled, Doubt::Lost]).prop_map(Outcome::Unknown),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let known = Authentication {
        status: Some(AuthenticationStatus::Authenticated),
        eci: "05".into(),
        version: "2.2.0".into(),
        ..Authentication::default()
    };
    let authentication = prop::sample::select(vec![None, Some(Box::new(known))]);
    let said = Resolution { by: "ann".into(), reason: "seen".into(), at: after(0) };
    let resolution = prop::sample::select(vec![None, None, None, Some(Box::new(said))]);
    (outcome(), authentication, resolution).prop_map(|(outcome, authentication, resolution)| Report {
        outcome,
        authentication,
        resolution,
    })
}

fn without_payer() -> Attempt {
    let mut attempt = attempt(210);
    attempt.circumstances.presence = Presence::Merchant { network_id: "481234567890123".into() };
    attempt
}

fn capture_mode() -> impl Strategy<Value = CaptureMode> {
    prop_oneof![3 => Just(CaptureMode::Now), 3 => Just(CaptureMode::Later), 1 => Just(CaptureMode::Never)]
}

fn amount() -> impl Strategy<Value = Money> {
    (1..=1200_i64).prop_map(|minor| Money::new(minor, Asset::from_code("EUR").expect("a known asset")))
}

fn by_bank() -> Attempt {
    let mut attempt = attempt(211);
    attempt.means.method = Method::BankTransfer;
    attempt
}

fn portion() -> impl Strategy<Value = Portion> {
    prop_oneof![amount().prop_map(Portion::Exactly), Just(Portion::AllLeft)]
}

fn converting() -> Attempt {
    let mut attempt = attempt(216);
    let gbp = Asset::from_code("GBP").expect("a known asset");
    attempt.route.conversion = Some((gbp, crate::fx::Rate::parse("0.856").expect("a rate")));
    attempt
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => prop::sample::select(vec![attempt(210), by_bank(), converting(), without_payer()]).prop_map(Command::Attempt),
        3 => amount().prop_map(Command::Capture),
        1 => amount().prop_map(Command::CaptureFinal),
        1 => Just(Command::Void),
        1 => Just(Command::Reverse),
        1 => amount().prop_map(Command::VoidPart),
        1 => (2..6_u16, portion()).prop_map(|(seq, amount)| Command::Refund { amount, on: Some(Seq::new(seq)) }),
        3 => amount().prop_map(Command::refund),
        8 => (1..6_u16, report(), any::<bool>()).prop_map(|(seq, report, cascade)| {
            let fallback = cascade.then(|| attempt(215));
            Command::Answered { seq: Seq::new(seq), report, fallback }
        }),
        1 => (1..4_u16, amount(), "[ab]").prop_map(|(seq, moved, reference)| {
            Command::ChargedBack { seq: Seq::new(seq), moved, reference }
        }),
        1 => amount().prop_map(|asked| Command::Amend(Amendment {
            asked, capture: CaptureMode::Later, details: Box::default(),
        })),
        1 => Just(Command::Cancel),
        1 => Just(Command::GiveUp),
        2 => Just(Command::Wake),
    ]
}

fn retry() -> impl Strategy<Value = Retry> {
    prop_oneof![
        Just(Retry::Never),
        Just(Retry::Session { attempts_max: 3, until: after(1800), amount: AmountChoice::Fixed })
    ]
}

/// What the book says of one payment: per account, layer and asset.
type Book = HashMap<(String, Layer, Asset), i64>;

fn check(payment: &Payment, book: &Book) -> Result<(), TestCaseError> {
    let eur = payment.asked.asset();
    let available = Account::MerchantAvailable(payment.merchant).to_string();
    let balance = |layer| book.get(&(available.clone(), layer, eur)).copied().unwrap_or(0);
    let mut sums: HashMap<(Layer, Asset), i64> = HashMap::new();
    for ((_, layer, asset), amount) in book {
        *sums.entry((*layer, *asset)).or_default() += amount;
    }
    prop_assert!(sums.values().all(|sum| *sum == 0), "every entry balances: {sums:?}");
    let (held, taken) = match &payment.state {
        State::Funded(funds) => {
            let minor = |money: Money| money.minor();
            prop_assert!(minor(funds.held) >= 0);
            prop_assert!(
                minor(funds.captured) + minor(funds.held) <= minor(payment.asked),
                "captured within authorised"
            );
            prop_assert!(minor(funds.refunded) <= minor(funds.captured), "refunded within captured");
            prop_assert!(minor(funds.charged_back) <= minor(funds.captured), "charged back within captured");
            (minor(funds.held), minor(funds.captured) - minor(funds.refunded) - minor(funds.charged_back))
        }
        _ => (0, 0),
    };
    for taking in payment.operations.iter().filter(|operation| operation.status == OperationStatus::Approved) {
        let on_it = |refund: &&Operation| refund.kind == OperationKind::Refund && refund.on == Some(taking.seq);
        let counts = |refund: &&Operation| refund.is_open() || refund.status == OperationStatus::Approved;
        let refunds = payment.operations.iter().filter(on_it).filter(counts);
        let refunded: i64 = refunds.map(|refund| refund.amount.minor()).sum();
        prop_assert!(refunded <= taking.amount.minor(), "refunds of {:?} within it", taking.seq);
    }
    // A verified card has no money.
    if let (State::Funded(funds), Some(_)) = (&payment.state, payment.funding()) {
        let of_operations = payment.funds_of_operations().map(|sums| Funds { hold_until: funds.hold_until, ..sums });
        prop_assert_eq!(of_operations, Some(*funds), "the operations say the same");
    }
    prop_assert_eq!(balance(Layer::Pending), held, "the book knows the hold");
    prop_assert_eq!(balance(Layer::Posted), taken, "the book knows what was taken");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_stays_within_its_bounds(
        capture in capture_mode(),
        late in prop::sample::select(vec![LateMoney::Suspense, LateMoney::Accepted]),
        retry in retry(),
        history in prop::collection::vec((command(), 0..400_i64), 1..40),
    ) {
        let mut payment = created(capture, retry);
        payment.times.late = late;
        let mut book = Book::new();
        let mut now = 0;
        for (command, passed) in history {
            now += passed;
            let ended_before = matches!(payment.state, State::Ended(_)).then(|| payment.state.clone());
            let Ok(decision) = decide(&payment, command.clone(), after(now)) else { continue };
            for effect in &decision.effects {
                if let Effect::Post(entry) = effect {
                    prop_assert!(!entry.transfers.is_empty());
                    for transfer in &entry.transfers {
                        prop_assert!(transfer.amount.minor() > 0, "{}: {transfer:?}", entry.event);
                        let key = |account: Account| (account.to_string(), transfer.layer, transfer.amount.asset());
                        *book.entry(key(transfer.debit)).or_default() -= transfer.amount.minor();
                        *book.entry(key(transfer.credit)).or_default() += transfer.amount.minor();
                    }
                }
            }
            if let Some(ended) = ended_before {
                let accepted = late == LateMoney::Accepted && matches!(decision.payment.state, State::Funded(_));
                prop_assert!(accepted || decision.payment.state == ended, "an end is an end");
            }
            payment = decision.payment;
            check(&payment, &book)?;
            let open = payment.operations.iter().any(|operation| operation.is_open());
            prop_assert!(!open || payment.wake_at().is_some(), "nothing open is forgotten");
        }
        // A row reads back as what was written.
        let json = serde_json::to_string(&payment).expect("serialisable");
        prop_assert_eq!(serde_json::from_str::<Payment>(&json).expect("readable"), payment);
    }

    #[test]
    fn an_answer_heard_twice_counts_once(outcome in outcome(), capture in capture_mode()) {
        let begun = decide(&created(capture, Retry::Never), Command::Attempt(attempt(210)), after(0)).expect("begun").payment;
        let once = decide(&begun, answered(1, outcome.clone()), after(1)).expect("heard").payment;
        let twice = decide(&once, answered(1, outcome), after(1)).expect("heard again");
        let entries = twice.effects.iter().filter(|effect| matches!(effect, Effect::Post(_))).count();
        prop_assert_eq!((entries, twice.payment.word()), (0, once.word()));
    }

    #[test]
    fn a_wake_always_moves_the_next_one_on(outcome in outcome(), passed in 0..100_000_i64) {
        let begun = decide(&created(CaptureMode::Now, Retry::Never), Command::Attempt(attempt(210)), after(0)).expect("begun").payment;
        let payment = decide(&begun, answered(1, outcome), after(1)).expect("heard").payment;
        if let Some(at) = payment.wake_at() {
            let now = at.max(after(passed));
            let woken = decide(&payment, Command::Wake, now).expect("total").payment;
            prop_assert!(woken.wake_at().is_none_or(|next| next > now), "a worker would spin");
        }
        prop_assert_eq!(eur("10.00"), payment.asked);
    }
}
