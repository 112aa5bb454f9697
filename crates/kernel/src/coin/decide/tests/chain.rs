//! Stories of what chains do to payments that were already seen.

use super::{EXACT, Story, after, block, btc, eur, seen, waiting, with};
use crate::coin::{State, ZeroConfirmation};
use crate::ports::chain::{Block, Frailty, Place, Sighting};

#[test]
fn a_reorganisation_takes_back_what_it_took_and_gives_again_what_returns() {
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a");
    story.replaced_from = Some(101);
    story.height = 102;
    let back = seen("a", btc(EXACT), Place::Mempool, 10);
    story.sights(vec![back]).stands(
        "processing (Reorganisation) 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 0, nobody's 0",
    );
    assert_eq!(
        story.effects,
        ["coins_reversed 79744", "coin_acceptance_reversed 79592", "network_fee_reversed 152", "Captured -> Pending"]
    );
    assert!(story.payment.alert.is_some() && story.payment.confirmed_at.is_none());
    story
        .mines("a")
        .stands("confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0");
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a");
    (story.replaced_from, story.height) = (Some(101), 102);
    let mined_again = seen("a", btc(EXACT), Place::Block(Block { hash: "other".into(), ..block(101) }), 10);
    story.sights(vec![mined_again]);
    assert_eq!(story.effects, [""; 0], "mined again in the same step it stays");
    assert_eq!(story.payment.alert, None);
}

#[test]
fn a_double_spend_leads_back_while_there_is_time_and_ends_it_after() {
    let conflicted = || Place::Conflicted { by: Some("evil".into()) };
    let mut story = Story::of(waiting());
    let replaced = seen("a", btc(EXACT), Place::Replaced { by: "evil".into() }, 10);
    story.pays("a", EXACT).sights(vec![replaced]);
    assert_eq!((&story.payment.state, story.payment.alert.is_some()), (&State::Waiting, true));
    story.sights(vec![seen("a", btc(EXACT), Place::Mempool, 10)]);
    assert_eq!(story.payment.state, State::Processing { reason: None });
    story.sights(vec![seen("a", btc(EXACT), conflicted(), 10)]).passes(1_000);
    story.stands(
        "cancelled (DoubleSpend) 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0",
    );
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a").passes(2_000).sights(vec![seen("a", btc(EXACT), conflicted(), 10)]);
    story.stands(
        "cancelled (DoubleSpend) 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0",
    );
    assert_eq!(story.effects.last().map(String::as_str), Some("Captured -> Failed"));
}

#[test]
fn an_evicted_transaction_is_waited_for_for_three_days() {
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).sights(vec![seen("a", btc(EXACT), Place::Missing, 10)]);
    story.passes(72 * 3600 - 1);
    assert_eq!(story.payment.state, State::Processing { reason: None });
    story.passes(1).stands(
        "cancelled (Dropped) 0.00079744 = 48.25; received 0.00000000, opened 0.00000000; merchant 0, nobody's 0",
    );
    story.height += 1;
    let mined = seen("a", btc(EXACT), Place::Block(block(story.height)), 10);
    story.sights(vec![mined]);
    assert_eq!(story.payment.opened(), btc(EXACT), "mined after all it is late");
}

#[test]
fn without_confirmations_only_what_nothing_speaks_against() {
    let zero = || with(|terms| terms.zero_confirmation = Some(ZeroConfirmation { up_to: eur("100.00"), hold_s: 5 }));
    let mut story = Story::of(zero());
    assert_eq!(story.payment.confirmations_needed(), 0);
    story.pays("a", EXACT);
    assert_eq!(story.payment.state, State::Processing { reason: None }, "five seconds in the mempool first");
    assert_eq!(story.payment.wake_at(), Some(after(15)));
    story.passes(5).stands(
        "zero_confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0",
    );
    assert_eq!(
        story.effects,
        ["coins_in_flight 79744", "coins_accepted 79592", "network_fee_earned 152", "Pending -> Captured"]
    );
    story
        .mines("a")
        .stands("confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 79592, nobody's 0");
    assert_eq!(story.effects, ["coins_confirmed 79744", "coins_landed 79744"]);
    for (frailty, reason) in [(Frailty::Replaceable, "ReplaceableTransaction"), (Frailty::LowFee, "LowFee")] {
        let mut story = Story::of(zero());
        let sighting = Sighting { frailty: Some(frailty), ..seen("a", btc(EXACT), Place::Mempool, 10) };
        story.sights(vec![sighting]).passes(60);
        story.stands(&format!(
            "processing ({reason}) 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 0, nobody's 0"
        ));
        assert_eq!(story.payment.confirmations_needed(), 1);
    }
}
