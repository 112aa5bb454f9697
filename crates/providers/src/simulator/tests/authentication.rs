//! 3-D Secure as a merchant sees it: cards, what is asked for, who is there, and what is told of it.

use florin_kernel::payment::{
    Authenticate, Authentication, AuthenticationStatus, OperationKind::Verify, Presence, SimulatedFlow,
};

use super::*;

fn by(number: &str, circumstances: Circumstances) -> Call {
    Call { card: card(number), circumstances, ..sale("a", "10.00 EUR") }
}

/// `approved Y 05`, `declined 3ds_error U 07`, `payer /sim/3ds/a`.
fn told(report: &Report) -> String {
    let mut words = vec![word(&report.outcome)];
    if let Some(authentication) = &report.authentication {
        words.extend(authentication.status.map(|status| status.letter().to_owned()));
        words.push(authentication.eci.clone());
    }
    words.join(" ")
}

#[tokio::test]
async fn every_card_has_its_issuer() {
    for (numbers, expected) in [
        ("4111111111111111 5555555555554444 378282246310005", "approved"),
        ("4200000000000091 4200000000000026 374500262001008 375987000000062", "approved Y 05"),
        ("5200000000000007 5200000000000056", "approved Y 02"),
        ("4200000000000109 4200000000000059 377277081382243 373953192351004", "approved A 06"),
        ("5200000000000023 5200000000000106", "approved A 01"),
        ("4532497088771651 343923092050144", "approved 07"),
        ("5497260847316287", "approved 00"),
        ("4200000000000042 5200000000000049 343434343434343", "payer /sim/3ds/a"),
        ("4000000000000002 5212345678901234 371449635398431", "payer /sim/3ds/a"),
        ("4012001037461114 375987000169875", "declined 3ds_error U 07"),
        ("5434580000000006", "declined 3ds_error U 00"),
        ("4200000000000034 375987000169883", "declined 3ds_refused N 07"),
        ("5457350076543210", "declined 3ds_refused N 00"),
        ("4200000000000083", "declined 1A"),
    ] {
        for number in numbers.split_whitespace() {
            let (world, call) = (World::new(), by(number, Circumstances::default()));
            assert_eq!(told(&world.report(&call).await), expected, "{number}");
            assert_eq!(told(&world.simulator.look_up(&call).await), expected, "{number}, looked up");
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_and_who_is_there_decides() {
    const PLAIN: &str = "4111111111111111";
    const FRICTIONLESS: &str = "4200000000000091";
    const ATTEMPTED: &str = "4200000000000109";
    const ABSENT: &str = "4532497088771651";
    const CHALLENGED: &str = "4000000000003220";
    const WANTED: &str = "4200000000000083";
    const ERROR: &str = "4012001037461114";
    let asked = |authenticate| Circumstances { authenticate, ..Circumstances::default() };
    let simulated = |flow| Circumstances { simulated: Some(flow), ..Circumstances::default() };
    let elsewhere = |status| {
        let result = Authentication { status: Some(status), ..Authentication::default() };
        asked(Authenticate::Elsewhere(Box::new(result)))
    };
    let alone =
        Circumstances { presence: Presence::Merchant { network_id: String::new() }, ..Circumstances::default() };
    let challenge = "payer /sim/3ds/a";
    for (circumstances, outcomes) in [
        (
            asked(Authenticate::Always),
            [
                (PLAIN, challenge),
                (FRICTIONLESS, challenge),
                (ATTEMPTED, challenge),
                (ABSENT, challenge),
                (WANTED, challenge),
                (ERROR, "declined 3ds_error U 07"),
            ],
        ),
        (
            asked(Authenticate::Challenge),
            [
                (PLAIN, challenge),
                (FRICTIONLESS, challenge),
                (ATTEMPTED, "approved A 06"),
                (ABSENT, "approved 07"),
                (WANTED, challenge),
                (ERROR, "declined 3ds_error U 07"),
            ],
        ),
        (
            asked(Authenticate::Never),
            [
                (PLAIN, "approved"),
                (FRICTIONLESS, "approved"),
                (CHALLENGED, "approved"),
                (ABSENT, "approved"),
                (WANTED, "declined 1A"),
                (ERROR, "approved"),
            ],
        ),
        (
            elsewhere(AuthenticationStatus::Authenticated),
            [
                (PLAIN, "approved"),
                (FRICTIONLESS, "approved"),
                (CHALLENGED, "approved"),
                (ABSENT, "approved"),
                (WANTED, "approved"),
                (ERROR, "approved"),
            ],
        ),
        (
            elsewhere(AuthenticationStatus::NotAuthenticated),
            [
                (PLAIN, "approved"),
                (FRICTIONLESS, "approved"),
                (CHALLENGED, "approved"),
                (ABSENT, "approved"),
                (WANTED, "declined 1A"),
                (ERROR, "approved"),
            ],
        ),
        (
            alone,
            [
                (PLAIN, "approved"),
                (FRICTIONLESS, "approved"),
                (CHALLENGED, "approved"),
                (WANTED, "approved"),
                (ERROR, "approved"),
                ("4000000000009995", "declined 51"),
            ],
        ),
        (
            simulated(SimulatedFlow::Challenge),
            [
                (PLAIN, challenge),
                (WANTED, challenge),
                ("4000000000009995", challenge),
                (FRICTIONLESS, "approved Y 05"),
                (ABSENT, "approved 07"),
                (ERROR, "declined 3ds_error U 07"),
            ],
        ),
        (
            simulated(SimulatedFlow::Frictionless),
            [
                (PLAIN, "approved Y 05"),
                (WANTED, "approved Y 05"),
                ("4000000000009995", "declined 51 Y 05"),
                (CHALLENGED, challenge),
                (ATTEMPTED, "approved A 06"),
                (ERROR, "declined 3ds_error U 07"),
            ],
        ),
    ] {
        for (number, expected) in outcomes {
            let outcome = World::new().report(&by(number, circumstances.clone())).await;
            assert_eq!(told(&outcome), expected, "{number} {circumstances:?}");
        }
    }
}

#[tokio::test]
async fn a_challenge_tells_how_it_ended() {
    use Action::{Approve, Cancel, Decline, Pending};
    for (number, amount, action, expected) in [
        ("4000000000003220", "10.00 EUR", Approve, "approved Y 05"),
        ("5212345678901234", "10.00 EUR", Approve, "approved Y 02"),
        ("4000000000003220", "9051.00 EUR", Approve, "declined 51 Y 05"),
        ("4000000000003220", "10.00 EUR", Decline, "declined 3ds_challenge N 07"),
        ("5212345678901234", "10.00 EUR", Decline, "declined 3ds_challenge N 00"),
        ("4000000000003220", "10.00 EUR", Cancel, "cancelled"),
        ("4000000000003220", "10.00 EUR", Pending, "approved Y 05"),
    ] {
        let (world, call) = (World::new(), Call { card: card(number), ..sale("a", amount) });
        world.execute(&call).await;
        world.act("a", Door::Challenge, action).await;
        world.later(30).await;
        assert_eq!(told(&world.simulator.look_up(&call).await), expected, "{number} {amount} {action:?}");
    }
}

/// The page asks for the card, and the issuer does what it would have done at once.
#[tokio::test]
async fn a_card_entered_on_a_page_is_authenticated_too() {
    for (number, expected) in [
        ("4111111111111111", "approved"),
        ("4200000000000091", "approved Y 05"),
        ("4012001037461114", "declined 3ds_error U 07"),
    ] {
        let (world, call) = (World::new(), page_of(Method::Card, "a", "10.00 EUR"));
        world.execute(&call).await;
        world.post("a", Door::Pay, &Form { card: card(number), ..Form::default() }).await;
        let report = world.simulator.look_up(&call).await;
        assert_eq!(told(&report), expected, "{number}");
        if let Outcome::Approved(approval) = report.outcome {
            assert_eq!(approval.auth_code.len(), 6, "{number}");
        }
    }
}

#[tokio::test]
async fn some_issuers_have_a_method_url() {
    for (number, expected) in [("4200000000000042", Some("/sim/3ds/a/method")), ("4000000000003220", None)] {
        let outcome = World::new().execute(&by(number, Circumstances::default())).await;
        let Outcome::NeedsPayer(step) = outcome else { panic!("{number}: {outcome:?}") };
        let method = step.method.as_deref();
        assert_eq!(method.map(|method| method.url.as_str()), expected, "{number}");
        assert!(method.is_none_or(|method| method.data.starts_with("eyJ0")), "{method:?}");
    }
}

#[tokio::test]
async fn only_cards_have_a_banks_numbers() {
    let world = World::new();
    let Outcome::Approved(by_card) = world.execute(&sale("a", "10.00 EUR")).await else { panic!("not approved") };
    assert_eq!((by_card.auth_code.len(), by_card.network_id.len(), by_card.response.as_str()), (6, 15, "00"));
    let refund = on("a", call(OperationKind::Refund, "r", "1.00 EUR"));
    let Outcome::Approved(refund) = world.execute(&refund).await else { panic!("not approved") };
    assert_eq!((refund.auth_code.as_str(), refund.network_id.as_str()), ("", ""));
    world.execute(&page_of(Method::BankTransfer, "b", "10.00 EUR")).await;
    world.act("b", Door::Pay, Action::Approve).await;
    let by_bank = world.look_up(&page_of(Method::BankTransfer, "b", "10.00 EUR")).await;
    let Outcome::Approved(by_bank) = by_bank else { panic!("{by_bank:?}") };
    assert_eq!(by_bank.auth_code, "");
}

#[tokio::test]
async fn a_verification_goes_by_card_and_amount_and_moves_nothing() {
    for (number, asked, expected) in [
        ("4111111111111111", "10.00 EUR", "approved"),
        ("4111111111111111", "9051.00 EUR", "declined 51"),
        ("4000000000000127", "10.00 EUR", "declined N7"),
        ("4000000000003220", "10.00 EUR", "payer /sim/3ds/a"),
    ] {
        let world = World::new();
        let amount = Money::zero(money(asked).asset());
        let verify = Call { amount, card: card(number), ..call(Verify, "a", asked) };
        assert_eq!(told(&world.report(&verify).await), expected, "{number} {asked}");
        for kind in [OperationKind::Capture, OperationKind::Void, OperationKind::Refund] {
            let after = on("a", call(kind, &format!("{kind:?}"), "1.00 EUR"));
            assert_eq!(word(&world.execute(&after).await), "declined 12", "{kind:?}");
        }
        assert!(world.charges().await.is_empty(), "{number} {asked}");
    }
}
