//! What becomes of a plan, line by line.

use super::*;
use crate::asset::Asset;
use crate::payment::{Details, Dialect, Mode};
use crate::plan::{Schedule, Unit};
use crate::record::Record;
use crate::{MerchantId, PlanId, RegistrationId};

pub(super) fn day(day: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * 86_400).unwrap()
}

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Asset::from_code("EUR").unwrap())
}

/// Every ten days, three times.
pub(super) fn plan() -> Plan {
    Plan {
        id: PlanId::from_number(7),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::V3,
        created_at: day(0),
        registration: RegistrationId::from_number(5),
        asked: eur(10_00),
        schedule: Schedule { unit: Unit::Day, every: 10, first_at: day(0) },
        charges_max: Some(3),
        state: State::Active,
        period: 0,
        due_at: day(0),
        declines: 0,
        tries: 0,
        charging: None,
        charged: 0,
        skipped: 0,
        last_payment: None,
        trouble: String::new(),
        details: Details::default(),
    }
}

fn begin(number: i64) -> Command {
    Command::Begin { payment: PaymentId::from_number(number), asked: eur(10_00) }
}

fn tried(number: i64, result: TryResult) -> Command {
    Command::Tried { payment: PaymentId::from_number(number), result }
}

fn paid(number: i64) -> Command {
    tried(number, TryResult::Paid)
}

fn declined(number: i64, code: &str) -> Command {
    tried(number, TryResult::Declined(Decline::Response(code.into())))
}

/// Says commands on days of the plan's life; a line tells what it is then, or why not.
fn story(mut plan: Plan, said: Vec<(i64, Command)>) -> String {
    let mut lines = Vec::new();
    for (at, command) in said {
        let line = match decide(&plan, command, day(at)) {
            Err(refusal) => refusal.to_string(),
            Ok(after) => {
                plan = after;
                let next = match plan.wake_at() {
                    Some(due_at) => format!(", due on {}", due_at.duration_since(day(0)).as_hours() as f64 / 24.0),
                    None => String::new(),
                };
                let open = plan.charging.map(|payment| format!(" by {}", payment.number())).unwrap_or_default();
                format!("{}, {} charged, period {}{open}{next}", plan.word().text(), plan.charged, plan.period)
            }
        };
        lines.push(format!("{at}: {line}"));
    }
    lines.join("\n")
}

#[test]
fn charges_every_period_once_and_completes() {
    let said = vec![
        (0, begin(1)),
        (0, begin(2)),
        (0, paid(1)),
        (0, paid(1)),
        (9, begin(2)),
        (25, begin(2)),
        (25, paid(2)),
        (25, begin(3)),
        (25, paid(3)),
        (40, begin(4)),
        (40, Command::Pause),
    ];
    // On day 25 two periods were due; each is charged.
    insta::assert_snapshot!(story(plan(), said), @r"
    0: active, 0 charged, period 0 by 1
    0: a charge is under way
    0: active, 1 charged, period 1, due on 10
    0: active, 1 charged, period 1, due on 10
    9: nothing is due
    25: active, 1 charged, period 1 by 2
    25: active, 2 charged, period 2, due on 20
    25: active, 2 charged, period 2 by 3
    25: completed, 3 charged, period 3
    40: the plan has ended
    40: the plan has ended
    ");
}

#[test]
fn tries_a_soft_decline_again_and_stops() {
    let said = vec![
        (0, begin(1)),
        (0, declined(1, "51")),
        (1, begin(2)),
        (1, declined(2, "91")),
        (4, begin(3)),
        (4, declined(3, "51")),
        (9, begin(4)),
        (9, declined(4, "51")),
        (10, begin(5)),
    ];
    insta::assert_snapshot!(story(plan(), said), @r"
    0: active, 0 charged, period 0 by 1
    0: active, 0 charged, period 0, due on 1
    1: active, 0 charged, period 0 by 2
    1: active, 0 charged, period 0, due on 4
    4: active, 0 charged, period 0 by 3
    4: active, 0 charged, period 0, due on 9
    9: active, 0 charged, period 0 by 4
    9: stopped, 0 charged, period 0
    10: the plan has ended
    ");
    let said = vec![(0, begin(1)), (0, declined(1, "51")), (1, begin(2)), (1, paid(2))];
    insta::assert_snapshot!(story(plan(), said), @r"
    0: active, 0 charged, period 0 by 1
    0: active, 0 charged, period 0, due on 1
    1: active, 0 charged, period 0 by 2
    1: active, 1 charged, period 1, due on 10
    ");
    for code in ["54", "14", "41", "43", "04", "1A", "N7", "57"] {
        let stopped = story(plan(), vec![(0, begin(1)), (0, declined(1, code))]);
        assert!(stopped.ends_with("0: stopped, 0 charged, period 0"), "{code}: {stopped}");
    }
}

#[test]
fn a_charge_that_reached_nobody_is_tried_again_soon() {
    let said = vec![
        (0, Command::Postpone { trouble: "nobody takes cards".into() }),
        (1, begin(1)),
        (1, tried(1, TryResult::Failed)),
        (2, Command::CardGone),
        (2, Command::Postpone { trouble: String::new() }),
    ];
    insta::assert_snapshot!(story(plan(), said), @r"
    0: active, 0 charged, period 0, due on 0.041666666666666664
    1: active, 0 charged, period 0 by 1
    1: active, 0 charged, period 0, due on 1.0416666666666667
    2: stopped, 0 charged, period 0
    2: the plan has ended
    ");
}

#[test]
fn what_falls_due_in_a_pause_is_not_charged() {
    let endless = Plan { charges_max: None, ..plan() };
    let said = vec![
        (0, begin(1)),
        (0, Command::Pause),
        (1, Command::Resume),
        (2, paid(1)),
        (25, begin(2)),
        (25, Command::Resume),
        (25, Command::Resume),
        (30, begin(2)),
    ];
    insta::assert_snapshot!(story(endless.clone(), said), @r"
    0: active, 0 charged, period 0 by 1
    0: paused, 0 charged, period 0 by 1
    1: a charge is under way
    2: paused, 1 charged, period 1
    25: the plan is paused
    25: active, 1 charged, period 3, due on 30
    25: the plan is not paused
    30: active, 1 charged, period 3 by 2
    ");
    // What was owed before the pause still is.
    let said = vec![(0, begin(1)), (0, declined(1, "51")), (0, Command::Pause), (5, Command::Resume), (5, begin(2))];
    insta::assert_snapshot!(story(endless, said), @r"
    0: active, 0 charged, period 0 by 1
    0: active, 0 charged, period 0, due on 1
    0: paused, 0 charged, period 0
    5: active, 0 charged, period 0, due on 1
    5: active, 0 charged, period 0 by 2
    ");
}

#[test]
fn a_cancelled_plan_takes_its_open_charge_to_the_end() {
    let said = vec![
        (0, begin(1)),
        (0, Command::Cancel),
        (0, Command::Cancel),
        (1, paid(1)),
        (10, begin(2)),
        (10, Command::Resume),
    ];
    insta::assert_snapshot!(story(plan(), said), @r"
    0: active, 0 charged, period 0 by 1
    0: cancelled, 0 charged, period 0 by 1
    0: cancelled, 0 charged, period 0 by 1
    1: cancelled, 1 charged, period 1
    10: the plan has ended
    10: the plan has ended
    ");
}
