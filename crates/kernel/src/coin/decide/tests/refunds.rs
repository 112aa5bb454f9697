//! Stories of refunds.

use super::{EXACT, Story, block, btc, waiting};
use crate::coin::decide::{Command, Refusal, Repeat};
use crate::coin::{RefundStatus, Units};
use crate::payment::{Doubt, Seq};
use crate::ports::chain::{Broadcast, Place, Signature, SignedTransaction};

fn refund(units: &str, repeat: Repeat, tip: u64) -> Command {
    Command::Refund { to: "payer".into(), units: btc(units), repeat, tip: Some(block(tip)) }
}

fn signed() -> Command {
    let transaction = SignedTransaction { txid: "refund".into(), raw: "00".into(), fee: btc("0.00000200") };
    Command::Signed { seq: Seq::new(1), signature: Signature::Signed(transaction) }
}

fn broadcast(broadcast: Broadcast) -> Command {
    Command::Broadcast { seq: Seq::new(1), broadcast }
}

fn found(place: Option<Place>, tip: u64) -> Command {
    Command::RefundFound { seq: Seq::new(1), place, tip: Some(block(tip)) }
}

/// The chain is followed to a block that holds the refund, and its node is asked.
fn mined(story: &mut Story, height: u64) {
    story.height = height;
    story.sights(Vec::new());
    assert_eq!(story.effects, ["look up 1"]);
    story.say(found(Some(Place::Block(block(height))), height)).expect("an answer");
}

#[test]
fn an_excess_goes_back_once_it_is_deep_and_once() {
    let mut story = Story::of(waiting());
    story.pays("a", "0.00085000").mines("a");
    let mismatch = Refusal::RefundAmountMismatch { opened: btc("0.00005256") };
    assert_eq!(story.say(refund("0.00005255", Repeat::Same, 102)).err(), Some(mismatch));
    assert_eq!(story.say(refund("0.00005256", Repeat::Same, 101)).err(), Some(Refusal::Unconfirmed));
    story.say(refund("0.00005256", Repeat::Same, 102)).expect("deep enough");
    assert_eq!(story.effects, ["call 1"]);
    story.say(refund("0.00005256", Repeat::Same, 102)).expect("the same one");
    assert_eq!((story.effects.len(), story.payment.refunds.len()), (0, 1));
    story.say(signed()).expect("an answer");
    assert_eq!(story.effects, ["call 1"], "stored before it is sent");
    story.say(broadcast(Broadcast::Unknown(Doubt::TimedOut))).expect("an answer");
    assert_eq!(story.payment.opened(), Units::ZERO, "it may be on its way");
    story.say(broadcast(Broadcast::Refused("spent".into()))).expect("an answer");
    assert!(story.payment.refunds[0].is_active(), "it may have been mined");
    story.say(found(None, 101)).expect("an answer");
    assert_eq!(story.effects, ["call 1"], "the same bytes again");
    story.say(broadcast(Broadcast::Sent)).expect("an answer");
    mined(&mut story, 103);
    assert_eq!(story.effects, ["unaccepted_coins_refunded 5256", "refund_fee_paid 200"]);
    story.stands("confirmed 0.00079744 = 48.25; received 0.00085000, opened 0.00000000; merchant 79592, nobody's 0");
    (story.replaced_from, story.height) = (Some(103), 104);
    story.sights(Vec::new());
    assert_eq!(story.effects, ["unaccepted_coin_refund_reversed 5256", "refund_fee_reversed 200", "look up 1"]);
    assert_eq!(story.payment.refunds[0].status, RefundStatus::Sent);
}

#[test]
fn accepted_coins_go_back_up_to_what_is_left() {
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a").say(refund("0.00050000", Repeat::Same, 102)).expect("less than all");
    let left = Refusal::RefundExceedsPayment { left: btc("0.00029744") };
    assert_eq!(story.say(refund("0.00029745", Repeat::Same, 102)).err(), Some(left));
    story.say(refund("0.00029744", Repeat::Same, 102)).expect("the rest");
    assert_eq!(
        story.say(refund("0.00050000", Repeat::Another, 102)).err(),
        Some(Refusal::RefundExceedsPayment { left: Units::ZERO })
    );
    story
        .say(Command::Signed { seq: Seq::new(2), signature: Signature::Refused("no coins".into()) })
        .expect("an answer");
    assert_eq!(story.payment.refundable(), btc("0.00029744"), "what surely was not sent is free again");
    assert_eq!(story.say(refund("0.00000500", Repeat::Same, 102)).err(), Some(Refusal::BelowMinimum));
    story.say(signed()).expect("an answer").say(broadcast(Broadcast::Sent)).expect("an answer");
    mined(&mut story, 103);
    assert_eq!(story.effects, ["coins_refunded 50000", "refund_fee_paid 200", "Captured -> PartiallyRefunded"]);
    story.stands("confirmed 0.00079744 = 48.25; received 0.00079744, opened 0.00000000; merchant 29592, nobody's 0");
}

#[test]
fn a_crash_at_any_step_of_a_refund_sends_the_same_bytes() {
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a").say(refund(EXACT, Repeat::Same, 102)).expect("all of it");
    story.now += 30;
    story.say(Command::Wake).expect("always");
    assert_eq!(story.effects, ["call 1"], "nobody signed it");
    story.say(signed()).expect("an answer");
    let bytes = story.payment.refunds[0].transaction.clone();
    story.now += 30;
    story.say(Command::Wake).expect("always");
    assert_eq!(story.effects, ["call 1"], "nobody sent it");
    let other = SignedTransaction { txid: "other".into(), raw: "ff".into(), fee: Units::ZERO };
    story.say(Command::Signed { seq: Seq::new(1), signature: Signature::Signed(other) }).expect("heard");
    assert_eq!(story.payment.refunds[0].transaction, bytes, "a second signature changes nothing");
}

/// A node knows of blocks that were not told yet, and what it answered may have been replaced when it is heard.
#[test]
fn a_refund_is_done_in_a_block_that_was_followed() {
    let mut story = Story::of(waiting());
    story.pays("a", EXACT).mines("a").say(refund(EXACT, Repeat::Same, 102)).expect("all of it");
    story.say(signed()).expect("an answer").say(broadcast(Broadcast::Sent)).expect("an answer");
    story.say(found(Some(Place::Block(block(102))), 101)).expect("an answer");
    assert_eq!(story.payment.refunds[0].status, RefundStatus::Sent, "nobody would tell if that block were replaced");
    story.height = 102;
    story.sights(Vec::new());
    (story.replaced_from, story.height) = (Some(102), 103);
    story.sights(Vec::new());
    assert_eq!(story.effects, ["look up 1"]);
    story.say(found(Some(Place::Block(block(102))), 102)).expect("heard");
    assert_eq!(story.payment.refunds[0].status, RefundStatus::Sent, "an answer from before that block was replaced");
    assert!(story.payment.wake_at().is_some(), "it is asked again");
    story.say(found(Some(Place::Block(block(103))), 103)).expect("an answer");
    assert_eq!(story.payment.refunds[0].status, RefundStatus::Done(block(103)));
}
