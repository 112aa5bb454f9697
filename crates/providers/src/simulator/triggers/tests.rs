use florin_kernel::payment::OperationKind;

use super::{CardStory, DECLINED, Ending, Habit, LATE, Manner, STEPS, Step, Terms, Verdict};
use crate::simulator::tests::{card, money};

/// Cards that approve unseen (v3, section 13; transaction services, 11), and one that no contract lists.
const APPROVED: &str = "4111111111111111 4242424242424242 4200000000000000 4000000000000051 5555555555554444 \
    5454545454545454 5105105105105100 378282246310005 377777777777770 5101082187256503 5101080000000009 \
    375510513169537 4111110000000021 6011111111111117";

fn story(number: &str) -> CardStory {
    CardStory::of(&card(number).expect("a card").pan)
}

fn declined(code: &str) -> Verdict {
    Verdict::Declined(code.into())
}

#[test]
fn every_listed_card_is_known() {
    for number in APPROVED.split_whitespace() {
        assert_eq!(story(number), CardStory { step: Step::Unseen, own: Verdict::Approved }, "{number}");
    }
    for (step, numbers) in STEPS {
        for number in numbers {
            assert_eq!(story(number), CardStory { step, own: Verdict::Approved }, "{number}");
        }
    }
    for (number, code) in DECLINED {
        assert_eq!(story(number), CardStory { step: Step::Unseen, own: declined(code) }, "{number}");
    }
}

#[test]
fn amounts_are_compared_by_value() {
    use Manner::{After, AtOnce, Early, Garbled, Silent, ThenChargedBack, Thrice};
    let own = || declined("own");
    for (amount, verdict, manner) in [
        ("9000.00 EUR", Verdict::Approved, AtOnce),
        ("9001.00 EUR", declined("01"), AtOnce),
        ("9051.00 EUR", declined("51"), AtOnce),
        ("9051.0 EUR", declined("51"), AtOnce),
        ("9051 JPY", declined("51"), AtOnce),
        ("9051.00 JPY", declined("51"), AtOnce),
        ("9051.000 KWD", declined("51"), AtOnce),
        ("9099.00 USD", declined("99"), AtOnce),
        ("9101.00 EUR", Verdict::Approved, Silent),
        ("9102.00 EUR", Verdict::Approved, Thrice),
        ("9103.00 EUR", Verdict::Approved, Early),
        ("9104.00 EUR", Verdict::Approved, Garbled),
        ("9105.00 EUR", Verdict::Approved, After(LATE)),
        ("9106.00 EUR", declined("05"), After(LATE)),
        ("9107.00 EUR", Verdict::Approved, ThenChargedBack),
        ("9107 JPY", Verdict::Approved, ThenChargedBack),
        ("90.51 EUR", own(), AtOnce),
        ("9051.01 EUR", own(), AtOnce),
        ("9051.001 KWD", own(), AtOnce),
        ("8999.00 EUR", own(), AtOnce),
        ("9100.00 EUR", own(), AtOnce),
        ("9108.00 EUR", own(), AtOnce),
        ("905100 JPY", own(), AtOnce),
    ] {
        let terms = Terms { kind: OperationKind::Sale, asked: money(amount), habit: Habit::Plain };
        assert_eq!(terms.ending(own()), Ending { verdict, manner }, "{amount}");
    }
}

#[test]
fn only_what_is_taken_is_charged_back() {
    use OperationKind::{Authorise, Capture, Refund, Sale, Verify, Void};
    for (kind, manner) in [
        (Sale, Manner::ThenChargedBack),
        (Capture, Manner::ThenChargedBack),
        (Authorise, Manner::AtOnce),
        (Verify, Manner::AtOnce),
        (Void, Manner::AtOnce),
        (Refund, Manner::AtOnce),
    ] {
        let terms = Terms { kind, asked: money("9107.00 EUR"), habit: Habit::Plain };
        assert_eq!(terms.ending(Verdict::Approved), Ending { verdict: Verdict::Approved, manner }, "{kind:?}");
    }
}

#[test]
fn the_lenient_habit_approves_codes_that_cascade() {
    for code in 0..100 {
        let code = format!("{code:02}");
        let cascades = matches!(code.as_str(), "05" | "19" | "57" | "58" | "62" | "91" | "92" | "96");
        let terms = Terms { kind: OperationKind::Sale, asked: money("10.00 EUR"), habit: Habit::ApprovesCascaded };
        let expected = if cascades { Verdict::Approved } else { declined(&code) };
        assert_eq!(terms.ending(declined(&code)).verdict, expected, "{code}");
    }
    let late = Terms { kind: OperationKind::Sale, asked: money("9106.00 EUR"), habit: Habit::ApprovesCascaded };
    assert_eq!(late.ending(Verdict::Approved), Ending { verdict: Verdict::Approved, manner: Manner::After(LATE) });
}
