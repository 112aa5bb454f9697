use super::*;
use crate::payment::{
    Approval, Attempt, CaptureMode, Circumstances, Command, Details, Dialect, Means, Mode, Outcome, Retry, Route, Seq,
    Times, decide,
};
use crate::routing::ProviderId;
use crate::withdrawal::{self, Approver, Confirmation, Destination, Overdraft};
use crate::{MerchantId, PaymentId};
use jiff::SignedDuration;

fn eur(text: &str) -> Money {
    Money::parse_or_zero(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

fn hours(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn route() -> Route {
    Route { provider: ProviderId::new(1), code: "p".into(), name: "P".into(), conversion: None, trail: None }
}

fn yes() -> Outcome {
    Outcome::Approved(Approval::default())
}

/// A deposit by a method, of which something was given back.
fn deposit(method: Method, amount: Money, refunds: &[Money]) -> Transaction {
    let payment = Payment {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Cashier,
        created_at: hours(0),
        asked: amount,
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    };
    let (means, circumstances) = (Means::of(method), Circumstances::default());
    let attempt = Attempt { route: route(), means, circumstances, amount: None };
    let answer = Command::Answered { seq: Seq::new(1), report: yes().into(), fallback: None };
    let refunds = refunds.iter().map(|refund| Command::refund(*refund));
    let commands = [Command::Attempt(attempt), answer].into_iter().chain(refunds);
    let step = |payment, command| decide(&payment, command, hours(1)).expect("it fits").payment;
    Transaction::Payment(commands.fold(payment, step))
}

/// A withdrawal to a method, confirmed at an hour, and what was said about it then.
fn paid_out(
    method: Method,
    amount: Money,
    hour: i64,
    required: u8,
    more: impl IntoIterator<Item = withdrawal::Command>,
) -> Transaction {
    let withdrawal = Withdrawal { asked: amount, ..withdrawal::decide::tests::created() };
    let confirmation = Confirmation {
        route: route(),
        destination: Destination { method, shown: String::new(), card: None, sealed: String::new() },
        required,
        approval_days: None,
        overdraft: Overdraft::Unlimited,
    };
    let state = withdrawal::State::Created { until: hours(hour + 1) };
    let commands = [withdrawal::Command::Confirm(confirmation)].into_iter().chain(more);
    let step = |withdrawal, command| withdrawal::decide(&withdrawal, command, hours(hour)).expect("it fits").withdrawal;
    Transaction::Withdrawal(Box::new(commands.fold(Withdrawal { state, ..withdrawal }, step)))
}

fn answer(outcome: Outcome) -> withdrawal::Command {
    withdrawal::Command::Answered { seq: Seq::new(1), outcome, resolution: None }
}

fn no() -> Outcome {
    Outcome::Declined(crate::payment::Decline::Provider)
}

fn history(transactions: Vec<Transaction>) -> History {
    history_since(Timestamp::MIN, transactions)
}

fn history_since(since: Timestamp, transactions: Vec<Transaction>) -> History {
    let mut history = History::new(eur("1").asset(), since);
    transactions.iter().for_each(|transaction| history.add(transaction));
    history
}

#[test]
fn what_a_method_brought_less_what_went_back() {
    use Method::{BankTransfer, Card};
    let check = |transactions: Vec<Transaction>, card: &str, bank: &str, confirmed: u64| {
        let history = history(transactions);
        let left = (history.left(Card), history.left(BankTransfer), history.confirmed());
        assert_eq!(left, (eur(card), eur(bank), confirmed));
    };
    let rejected = || withdrawal::Command::Reject { by: Approver::Api, reason: String::new() };
    let back = withdrawal::Command::Returned { seq: Seq::new(1), moved: eur("4"), reference: "r".into() };
    check(vec![], "0", "0", 0);
    check(vec![deposit(Card, eur("50"), &[]), deposit(BankTransfer, eur("7"), &[])], "50", "7", 0);
    // A refund counts from the moment it is asked for.
    check(vec![deposit(Card, eur("50"), &[eur("10"), eur("5")])], "35", "0", 0);
    check(vec![deposit(Card, eur("50"), &[]), paid_out(Card, eur("20"), 1, 1, [])], "30", "0", 1);
    check(vec![deposit(Card, eur("50"), &[]), paid_out(Card, eur("20"), 1, 1, [rejected()])], "50", "0", 1);
    check(vec![deposit(Card, eur("50"), &[]), paid_out(Card, eur("60"), 1, 0, [answer(yes())])], "0", "0", 1);
    check(vec![deposit(Card, eur("50"), &[]), paid_out(Card, eur("20"), 1, 0, [answer(yes()), back])], "34", "0", 1);
    // Given up and paid all the same.
    check(
        vec![deposit(Card, eur("50"), &[]), paid_out(Card, eur("20"), 1, 0, [answer(no()), answer(yes())])],
        "30",
        "0",
        1,
    );
}

#[test]
fn what_was_paid_in_is_paid_back_first() {
    use Method::{BankTransfer, Card, EWallet};
    let check = |transactions: Vec<Transaction>, amount: &str, payable: &[Method], expected: &[Loop]| {
        let history = history(transactions);
        let said: Vec<Loop> = payable.iter().map(|method| history.closed_loop(*method, eur(amount), payable)).collect();
        assert_eq!(said, expected, "{amount} {payable:?}");
    };
    let by = |method, amount| deposit(method, eur(amount), &[]);
    let all = &[Card, BankTransfer, EWallet];
    check(vec![], "10", all, &[Loop::Closed, Loop::Open, Loop::Open]);
    check(vec![by(Card, "50")], "50", all, &[Loop::Open, Loop::Closed, Loop::Closed]);
    check(vec![by(Card, "50")], "50.01", all, &[Loop::UpTo(eur("50")), Loop::Closed, Loop::Closed]);
    check(vec![by(EWallet, "5")], "90", all, &[Loop::Closed, Loop::Closed, Loop::Open]);
    check(vec![by(EWallet, "5"), by(Card, "50")], "90", all, &[Loop::UpTo(eur("50")), Loop::Closed, Loop::Open]);
    // What cannot be paid back through its method does not hold the payer's money up.
    check(vec![by(Method::Voucher, "50")], "10", all, &[Loop::Closed, Loop::Open, Loop::Open]);
    check(vec![by(Card, "50")], "10", &[BankTransfer], &[Loop::Open]);
    let repaid = vec![by(Card, "50"), paid_out(Card, eur("50"), 1, 1, [])];
    check(repaid, "10", all, &[Loop::Closed, Loop::Open, Loop::Open]);
}

#[test]
fn a_day_has_one_total() {
    use Method::BankTransfer;
    let past = history(vec![
        paid_out(BankTransfer, eur("40"), 23, 0, []),
        paid_out(BankTransfer, eur("30"), 25, 0, [answer(no())]),
        paid_out(BankTransfer, eur("99"), 25, 1, [withdrawal::Command::Approve(Approver::Api)]),
    ]);
    let check = |amount: &str, hour: i64, expected: bool| {
        assert_eq!(past.stays_within(eur("100"), eur(amount), hours(hour)), expected, "{amount} {hour}");
    };
    check("60", 23, true);
    check("60.01", 23, false);
    // Refused payouts count, approved ones do not.
    check("70", 26, true);
    check("70.01", 26, false);
    check("100", 48, true);
}

#[test]
fn what_was_before_the_loop_does_not_count_for_it() {
    let made = || vec![deposit(Method::Card, eur("50"), &[]), paid_out(Method::Card, eur("20"), 1, 0, [])];
    let (all, later) = (history_since(hours(0), made()), history_since(hours(1), made()));
    assert_eq!((all.left(Method::Card), all.confirmed()), (eur("30"), 1));
    assert_eq!((later.left(Method::Card), later.confirmed()), (eur("0"), 1));
    assert!(!later.stays_within(eur("20"), eur("0.01"), hours(1)), "the day counts whatever the loop");
}
