//! What payers do on the simulated pages.

use super::*;

const CHALLENGE: &str = "4000000000003220";

fn challenge(amount: &str) -> Call {
    Call { card: card(CHALLENGE), ..sale("a", amount) }
}

fn bank(amount: &str) -> Call {
    page_of(Method::BankTransfer, "a", amount)
}

#[tokio::test]
async fn a_method_has_its_page() {
    for (method, kind) in [
        (Method::Card, PageKind::Card),
        (Method::BankTransfer, PageKind::Bank),
        (Method::EWallet, PageKind::Wallet),
        (Method::Voucher, PageKind::Voucher),
    ] {
        let world = World::new();
        let step = PayerStep::page(StepKind::Redirect, "/sim/pay/a");
        assert_eq!(world.execute(&page_of(method, "a", "9051.00 EUR")).await, Outcome::NeedsPayer(step));
        assert_eq!(world.page("a").await, (kind, PageState::Open));
    }
    let world = World::new();
    world.execute(&challenge("10.00 EUR")).await;
    let page = world.simulator.page("a").await.expect("a book").expect("a page");
    assert_eq!((page.kind, page.path.as_str(), page.amount), (PageKind::Challenge, "/sim/3ds/a", money("10.00 EUR")));
    assert_eq!(page.account_name, "Card Simulator");
    world.execute(&sale("plain", "10.00 EUR")).await;
    for without in ["plain", "nobody"] {
        assert_eq!(world.simulator.page(without).await.expect("a book"), None);
        assert_eq!(world.act(without, Door::Pay, Action::Approve).await, Acted::NotFound);
    }
}

#[tokio::test]
async fn buttons_do_what_they_say() {
    use Action::{Approve, Cancel, Decline, Pending};
    for (call, action, outcome, news) in [
        (challenge("10.00 EUR"), Approve, "approved", vec!["a approved"]),
        (challenge("9051.00 EUR"), Approve, "declined 51", vec!["a declined 51"]),
        (challenge("10.00 EUR"), Decline, "declined 3ds_challenge", vec!["a declined 3ds_challenge"]),
        (challenge("10.00 EUR"), Cancel, "cancelled", vec!["a cancelled"]),
        (challenge("10.00 EUR"), Pending, "pending", vec!["a pending"]),
        (bank("10.00 EUR"), Approve, "approved", vec!["a approved"]),
        (bank("9057.00 EUR"), Approve, "declined 57", vec!["a declined 57"]),
        (bank("9101.00 EUR"), Approve, "approved", vec![]),
        (bank("9102.00 EUR"), Approve, "approved", vec!["a approved"; 3]),
        (bank("9103.00 EUR"), Approve, "approved", vec!["a approved"]),
        (bank("9104.00 EUR"), Approve, "approved", vec![]),
        (bank("9105.00 EUR"), Approve, "pending", vec!["a pending"]),
        (bank("9106.00 EUR"), Approve, "pending", vec!["a pending"]),
        (bank("9107.00 EUR"), Approve, "approved", vec!["a approved"]),
        (bank("10.00 EUR"), Decline, "declined 05", vec!["a declined 05"]),
        (bank("9107.00 EUR"), Decline, "declined 05", vec!["a declined 05"]),
        (bank("10.00 EUR"), Cancel, "cancelled", vec!["a cancelled"]),
        (page_of(Method::Voucher, "a", "10.00 EUR"), Approve, "approved", vec!["a approved"]),
        (page_of(Method::Card, "a", "10.00 EUR"), Cancel, "cancelled", vec!["a cancelled"]),
    ] {
        let world = World::new();
        let (_, door) = opened(&world, &call).await;
        assert_eq!(world.act("a", door, action).await, Acted::Done);
        assert_eq!(word(&world.look_up(&call).await), outcome, "{call:?} {action:?}");
        assert_eq!(world.news(), news, "{call:?} {action:?}");
        // A second form, whatever it says, changes nothing.
        assert_eq!(world.act("a", door, Cancel).await, Acted::Done);
        assert_eq!(word(&world.look_up(&call).await), outcome, "{call:?} {action:?}");
        assert_eq!(world.page("a").await.1, PageState::Answered);
        assert!(world.news().is_empty());
    }
}

async fn opened(world: &World, call: &Call) -> (String, Door) {
    let Outcome::NeedsPayer(step) = world.execute(call).await else { panic!("no page for {call:?}") };
    let door = match step.kind {
        StepKind::Challenge => Door::Challenge,
        StepKind::Redirect => Door::Pay,
    };
    (step.url, door)
}

#[tokio::test]
async fn late_things_follow_a_page_too() {
    for (call, action, news) in [
        (challenge("10.00 EUR"), Action::Pending, "a approved"),
        (bank("9106.00 EUR"), Action::Approve, "a declined 05"),
    ] {
        let world = World::new();
        let (_, door) = opened(&world, &call).await;
        world.act("a", door, action).await;
        world.news();
        world.later(30).await;
        assert_eq!(world.news(), [news]);
    }
    let world = World::new();
    opened(&world, &bank("9107.00 EUR")).await;
    world.act("a", Door::Pay, Action::Approve).await;
    world.news();
    world.later(60).await;
    assert_eq!(world.news(), ["a charged back 9107.00 EUR"]);
}

#[tokio::test]
async fn a_challenged_card_goes_on_to_its_own_verdict() {
    let world = World::new();
    let call = page_of(Method::Card, "a", "10.00 EUR");
    opened(&world, &call).await;
    let card_form = Form { card: card(CHALLENGE), ..Form::default() };
    let next = Acted::Next("/sim/3ds/a".into());
    assert_eq!(world.post("a", Door::Pay, &card_form).await, next);
    assert_eq!(world.page("a").await, (PageKind::Challenge, PageState::Open));
    assert_eq!(world.post("a", Door::Pay, &card_form).await, next, "a double click does not answer the challenge");
    assert_eq!(world.act("a", Door::Pay, Action::Cancel).await, next);
    assert_eq!(world.act("a", Door::Challenge, Action::Approve).await, Acted::Done);
    assert_eq!(world.post("a", Door::Pay, &card_form).await, Acted::Done);
    assert_eq!(world.charges().await, ["a sale 10.00 EUR"]);
}

#[tokio::test]
async fn cards_entered_on_the_page_decide() {
    for (number, amount, expected) in [
        ("4111111111111111", "10.00 EUR", "approved"),
        ("4000000000009995", "10.00 EUR", "declined 51"),
        ("4000000000009995", "9000.00 EUR", "approved"),
        ("4111111111111111", "9061.00 EUR", "declined 61"),
        ("4200000000000034", "10.00 EUR", "declined 3ds_refused"),
        ("4200000000000083", "10.00 EUR", "declined 1A"),
    ] {
        let world = World::new();
        let call = page_of(Method::Card, "a", amount);
        opened(&world, &call).await;
        assert_eq!(world.post("a", Door::Pay, &Form { card: card(number), ..Form::default() }).await, Acted::Done);
        assert_eq!(word(&world.look_up(&call).await), expected, "{number} {amount}");
    }
}

#[tokio::test]
async fn voucher_codes_decide() {
    for (code, amount, expected) in [
        ("1234567890123456", "10.00 EUR", "approved"),
        ("1234567890120000", "10.00 EUR", "declined 12"),
        ("1234567890123456", "9051.00 EUR", "declined 51"),
        ("123456789012345", "10.00 EUR", "payer /sim/pay/a"),
        ("12345678901234 6", "10.00 EUR", "payer /sim/pay/a"),
        ("", "10.00 EUR", "payer /sim/pay/a"),
    ] {
        let world = World::new();
        let call = page_of(Method::Voucher, "a", amount);
        opened(&world, &call).await;
        let acted = world.post("a", Door::Pay, &Form { voucher_code: Some(code.into()), ..Form::default() }).await;
        assert_eq!(word(&world.look_up(&call).await), expected, "{code}");
        assert_eq!(matches!(acted, Acted::Redraw(_)), expected.starts_with("payer"), "{code}");
    }
}

#[tokio::test]
async fn an_incomplete_form_is_drawn_again() {
    for call in [challenge("10.00 EUR"), bank("10.00 EUR"), page_of(Method::Card, "a", "10.00 EUR")] {
        let world = World::new();
        let (_, door) = opened(&world, &call).await;
        assert!(matches!(world.post("a", door, &Form::default()).await, Acted::Redraw(_)));
        assert_eq!(world.page("a").await.1, PageState::Open);
        assert!(world.news().is_empty());
    }
}

#[tokio::test]
async fn pages_close() {
    for (call, minutes) in [(challenge("10.00 EUR"), 15), (bank("10.00 EUR"), 30)] {
        let world = World::new();
        let (url, door) = opened(&world, &call).await;
        world.later(minutes * 60 - 1).await;
        assert_eq!(world.page("a").await.1, PageState::Open);
        world.later(1).await;
        assert_eq!(world.page("a").await.1, PageState::Expired);
        assert_eq!(world.act("a", door, Action::Approve).await, Acted::Expired);
        assert_eq!(word(&world.look_up(&call).await), format!("payer {url}"));
        assert!(world.charges().await.is_empty());
    }
}

#[tokio::test]
async fn pages_close_when_the_merchant_says() {
    for call in [challenge("10.00 EUR"), bank("10.00 EUR")] {
        let world = World::new();
        opened(&world, &Call { step_minutes: Some(5), ..call }).await;
        world.later(5 * 60 - 1).await;
        assert_eq!(world.page("a").await.1, PageState::Open);
        world.later(1).await;
        assert_eq!(world.page("a").await.1, PageState::Expired);
    }
}

#[tokio::test]
async fn a_challenge_does_not_outlive_the_page_that_led_to_it() {
    let world = World::new();
    opened(&world, &page_of(Method::Card, "a", "10.00 EUR")).await;
    world.later(29 * 60).await;
    world.post("a", Door::Pay, &Form { card: card(CHALLENGE), ..Form::default() }).await;
    world.later(60).await;
    assert_eq!(world.act("a", Door::Challenge, Action::Approve).await, Acted::Expired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_answered_once() {
    let world = World::new();
    opened(&world, &bank("10.00 EUR")).await;
    let forms = (0..50).map(|number| {
        let simulator = world.simulator.clone();
        let action = Some(if number % 2 == 0 { Action::Approve } else { Action::Cancel });
        tokio::spawn(async move { simulator.act("a", Door::Pay, &Form { action, ..Form::default() }).await })
    });
    for form in forms.collect::<Vec<_>>() {
        assert_eq!(form.await.expect("an act").expect("a book"), Acted::Done);
    }
    assert_eq!(world.news().len(), 1);
}
