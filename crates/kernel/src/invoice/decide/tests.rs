//! What becomes of an invoice, line by line: what it is, what is said and when, what it is then and what is written.

use super::*;
use crate::asset::Asset;
use crate::invoice::Reminders;
use crate::payment::{Decline, Details, Dialect, Mode};
use crate::record::Record;
use crate::{InvoiceId, MerchantId};

const HOUR: i64 = 3600;

pub(super) fn hours(hours: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + hours * HOUR).unwrap()
}

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Asset::from_code("EUR").unwrap())
}

/// Open for 48 hours, with a reminder after 20 and another after 20 more.
pub(super) fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::from_number(7),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::TransactionServices,
        created_at: hours(0),
        origin: Origin::Invoice,
        asked: eur(50_00),
        description: "Two tickets".into(),
        raised_by: String::new(),
        state: State::Open { trying: None },
        issue: Issue::first(hours(0), 48),
        reminders: Reminders { after_hours: 20, max: 2, ..Reminders::default() },
        last_try: None,
        tries: 0,
        mail: None,
        details: Details::default(),
    }
}

fn payment(number: i64) -> PaymentId {
    PaymentId::from_number(number)
}

fn begin(number: i64) -> Command {
    Command::Begin { payment: payment(number), asked: eur(50_00) }
}

fn tried(number: i64, result: TryResult) -> Command {
    Command::Tried { payment: payment(number), result }
}

fn declined() -> TryResult {
    TryResult::Declined(Decline::Response("05".into()))
}

fn cancel() -> Command {
    Command::Cancel { reason: "sold out".into() }
}

fn reissue(hours: Option<u16>) -> Command {
    Command::Reissue { hours, success: None }
}

/// Says commands at hours of the invoice's life; a line tells what came of each: the word, what is tried, the letters or the
/// refusal.
fn story(mut invoice: Invoice, said: Vec<(i64, Command)>) -> String {
    let mut lines = Vec::new();
    for (at, command) in said {
        let line = match decide(&invoice, command, hours(at)) {
            Err(refusal) => format!("{refusal}"),
            Ok(decision) => {
                invoice = decision.invoice;
                let trying = match invoice.state {
                    State::Open { trying: Some(payment) } => format!(" trying {}", payment.number()),
                    State::Paid { payment, .. } => format!(" by {}", payment.number()),
                    State::Open { trying: None } | State::Cancelled { .. } | State::Expired { .. } => String::new(),
                };
                let letters: String = decision.letters.iter().map(|letter| format!("; {}", letter.text())).collect();
                format!("{}{trying}{letters}", invoice.word().text())
            }
        };
        lines.push(format!("{at} h: {line}"));
    }
    lines.join("\n")
}

#[test]
fn is_paid_by_one_try_after_others_failed() {
    let said = vec![
        (1, begin(1)),
        (1, begin(2)),
        (1, cancel()),
        (2, tried(1, declined())),
        (2, begin(2)),
        (3, tried(2, TryResult::Failed)),
        (3, begin(3)),
        (3, tried(2, TryResult::GivenUp)),
        (4, tried(3, TryResult::Paid)),
        (4, tried(3, TryResult::Paid)),
        (4, begin(4)),
        (5, cancel()),
        (5, reissue(None)),
        (5, Command::Remind),
        (99, Command::Wake),
    ];
    insta::assert_snapshot!(story(invoice(), said), @r"
    1 h: open trying 1
    1 h: a payment of the invoice is pending
    1 h: a payment of the invoice is pending
    2 h: open
    2 h: open trying 2
    3 h: open
    3 h: open trying 3
    3 h: open trying 3
    4 h: paid by 3; paid
    4 h: paid by 3
    4 h: the invoice is paid
    5 h: the invoice is paid
    5 h: the invoice is paid
    5 h: the invoice is paid
    99 h: paid by 3
    ");
}

#[test]
fn a_try_begun_in_time_counts_and_one_begun_later_is_refused() {
    let said = vec![(47, begin(1)), (49, Command::Wake), (50, tried(1, TryResult::Paid))];
    insta::assert_snapshot!(story(invoice(), said), @r"
    47 h: open trying 1
    49 h: open trying 1
    50 h: paid by 1; paid
    ");
    let said = vec![(47, begin(1)), (49, tried(1, declined())), (49, begin(2)), (50, cancel())];
    insta::assert_snapshot!(story(invoice(), said), @r"
    47 h: open trying 1
    49 h: expired
    49 h: the invoice has expired
    50 h: the invoice has expired
    ");
    // Nobody has noted yet that its time is over.
    let said = vec![(48, begin(1)), (48, cancel()), (48, Command::Remind), (48, Command::Wake)];
    insta::assert_snapshot!(story(invoice(), said), @r"
    48 h: the invoice has expired
    48 h: the invoice has expired
    48 h: the invoice has expired
    48 h: expired
    ");
}

#[test]
fn is_reissued_unless_it_is_over() {
    let said = vec![
        (48, Command::Wake),
        (50, reissue(Some(10))),
        (59, begin(1)),
        (59, reissue(Some(100))),
        (60, tried(1, declined())),
        (60, reissue(Some(0))),
        (60, reissue(Some(8761))),
        (61, cancel()),
        (61, reissue(None)),
        (61, begin(2)),
        (61, cancel()),
    ];
    insta::assert_snapshot!(story(invoice(), said), @r"
    48 h: expired
    50 h: open; reissued
    59 h: open trying 1
    59 h: open trying 1; reissued
    60 h: open
    60 h: an invoice can be paid for 1 to 8760 hours
    60 h: an invoice can be paid for 1 to 8760 hours
    61 h: cancelled; cancelled
    61 h: the invoice is cancelled
    61 h: the invoice is cancelled
    61 h: the invoice is cancelled
    ");
    let again = decide(&invoice(), reissue(None), hours(3)).unwrap().invoice;
    assert_eq!(again.issue, Issue { number: 2, at: hours(3), hours: 48 });
}

#[test]
fn reminds_by_itself_and_by_order() {
    let said = vec![(19, Command::Wake), (20, Command::Wake), (30, Command::Remind), (40, Command::Wake)];
    insta::assert_snapshot!(story(invoice(), said), @r"
    19 h: open
    20 h: open; reminder
    30 h: open; reminder
    40 h: open
    ");
    // Away for both: one is enough. With a try under way nothing is due.
    let said = vec![(45, Command::Wake), (46, begin(1)), (47, Command::Wake)];
    insta::assert_snapshot!(story(invoice(), said), @r"
    45 h: open; reminder
    46 h: open trying 1
    47 h: open trying 1
    ");
    let first = decide(&invoice(), Command::Remind, hours(1)).unwrap().invoice;
    let soon = hours(1) + SignedDuration::from_secs(299);
    let again = decide(&first, Command::Remind, soon).unwrap();
    assert_eq!((again.invoice.reminders.sent, again.letters.len()), (1, 0), "at most one in five minutes");
    let later = decide(&first, Command::Remind, hours(1) + SignedDuration::from_mins(5)).unwrap();
    assert_eq!((later.invoice.reminders.sent, later.letters.len()), (2, 1));
}

#[test]
fn a_pay_link_is_an_invoice_without_letters() {
    let link = Invoice { origin: Origin::Link, ..invoice() };
    assert_eq!(link.wake_at(), Some(hours(48)), "nothing is due before its time is over");
    let said = vec![
        (1, Command::Remind),
        (1, begin(1)),
        (1, tried(1, declined())),
        (2, begin(2)),
        (2, tried(2, TryResult::Paid)),
    ];
    insta::assert_snapshot!(story(link, said), @r"
    1 h: a pay link is not sent by e-mail
    1 h: open trying 1
    1 h: open
    2 h: open trying 2
    2 h: paid by 2
    ");
}

#[test]
fn another_amount_does_not_pay_it() {
    let other = Command::Begin { payment: payment(1), asked: eur(49_99) };
    assert_eq!(decide(&invoice(), other, hours(1)), Err(Refusal::OtherAmount));
}

#[test]
fn wakes_for_its_reminders_and_its_end() {
    let wakes = |reminders: Reminders| Invoice { reminders, ..invoice() }.wake_at();
    let every = |after_hours, unasked| Reminders { after_hours, max: 2, unasked, ..Reminders::default() };
    assert_eq!(wakes(every(20, 0)), Some(hours(20)));
    assert_eq!(wakes(every(20, 2)), Some(hours(48)), "as many as there may be");
    assert_eq!(wakes(every(0, 0)), Some(hours(48)), "never");
    assert_eq!(wakes(every(48, 0)), Some(hours(48)), "not when its time is over");
}
