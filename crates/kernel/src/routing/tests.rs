use std::sync::Arc;

use super::*;
use crate::card::Brand;

fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

pub(super) fn account(id: i64, method: Method) -> ProviderAccount {
    ProviderAccount {
        id: ProviderId::new(id),
        code: format!("p{id}"),
        name: format!("P{id}"),
        driver: "simulator".into(),
        method,
        merchant: None,
        modes: vec![Mode::Dev],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: Some(("0.01".into(), "1000".into())),
        conversion: None,
        settings: Default::default(),
        secrets: Default::default(),
    }
}

pub(super) fn rule(id: i64, order: i64, members: &[(i64, u32, u32)]) -> Rule {
    let member = |(id, tier, weight): &(i64, u32, u32)| Member {
        provider_id: ProviderId::new(*id),
        tier: *tier,
        weight: *weight,
    };
    Rule {
        id,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        order,
        merchant: None,
        conditions: Conditions::default(),
        members: members.iter().map(member).collect(),
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    }
}

pub(super) fn catalogue(rules: Vec<Rule>) -> Catalogue {
    let mut providers: Vec<_> = [210, 215, 217].map(|id| Arc::new(account(id, Method::Card))).into();
    providers.push(Arc::new(account(211, Method::BankTransfer)));
    let members = [210, 215].map(ProviderId::new).to_vec();
    let routes = vec![RouteSet { id: ProviderId::new(310), name: "R".into(), merchant: None, members, cascade: true }];
    Catalogue::new(providers, routes, rules)
}

pub(super) fn facts(payment: i64, amount: Money, tags: &[String]) -> Facts<'_> {
    Facts {
        payment: PaymentId::from_number(payment),
        attempt: 0,
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        card: CardFacts::Unseen,
        amount,
        country: "GB",
        kyc_status: "",
        tags,
    }
}

fn ids(choice: Result<Candidate, NoRoute>) -> Result<Vec<i64>, NoRoute> {
    choice.map(|candidate| candidate.accounts.iter().map(|account| account.id.number()).collect())
}

fn by_rules(catalogue: &Catalogue, facts: &Facts<'_>) -> Result<Vec<i64>, NoRoute> {
    ids(choose(catalogue, facts, Choice::Rules, &|_| true))
}

fn named(catalogue: &Catalogue, facts: &Facts<'_>, id: i64) -> Result<Vec<i64>, NoRoute> {
    ids(choose(catalogue, facts, Choice::Named(ProviderId::new(id)), &|_| true))
}

#[test]
fn a_rule_that_is_switched_off_is_as_if_it_were_not_there() {
    let off = Rule { disabled: true, ..rule(1, 5, &[(215, 1, 1)]) };
    let facts = facts(1, eur("10"), &[]);
    assert_eq!(by_rules(&catalogue(vec![off.clone(), rule(2, 10, &[(210, 1, 1)])]), &facts), Ok(vec![210]));
    assert_eq!(by_rules(&catalogue(vec![off.clone()]), &facts), Err(NoRoute::NoRule));
    let alone = catalogue(vec![off]);
    let explained = explain(&alone, &facts, Choice::Rules, &|_| true);
    assert!(explained.rules.is_empty());
}

#[test]
fn a_named_provider_is_taken_or_refused_with_the_reason() {
    let mut catalogue = catalogue(Vec::new());
    let facts = facts(1, eur("10"), &[]);
    assert_eq!(named(&catalogue, &facts, 210), Ok(vec![210]));
    assert_eq!(named(&catalogue, &facts, 310), Ok(vec![210, 215]));
    assert_eq!(named(&catalogue, &facts, 999), Err(NoRoute::NotFound));
    assert_eq!(named(&catalogue, &facts, 211), Err(NoRoute::Unavailable), "another method");
    let large = Facts { amount: eur("1000.01"), ..facts };
    assert_eq!(named(&catalogue, &large, 210), Err(NoRoute::Amount { min: eur("0.01"), max: eur("1000") }));
    let live = Facts { mode: Mode::Live, ..facts };
    assert_eq!(named(&catalogue, &live, 210), Err(NoRoute::NotFound), "no credentials for this mode");
    Arc::make_mut(&mut catalogue.providers[0]).currencies = vec![Asset::from_code("GBP").expect("known")];
    assert_eq!(named(&catalogue, &facts, 210), Err(NoRoute::Unavailable));
    assert_eq!(named(&catalogue, &facts, 310), Ok(vec![215]), "a route leaves out who cannot");
    Arc::make_mut(&mut catalogue.providers[1]).disabled = true;
    assert_eq!(named(&catalogue, &facts, 215), Err(NoRoute::NotFound));
    Arc::make_mut(&mut catalogue.providers[2]).merchant = Some(MerchantId::from_number(2));
    assert_eq!(named(&catalogue, &facts, 217), Err(NoRoute::NotFound), "another merchant's");
    assert_eq!(
        ids(choose(&catalogue, &facts, Choice::Named(ProviderId::new(211)), &|_| false)),
        Err(NoRoute::Unavailable)
    );
}

#[test]
fn the_first_matching_rule_decides_alone() {
    let mut second = rule(1, 20, &[(215, 0, 1)]);
    second.cascade = true;
    let mut first = rule(2, 10, &[(217, 0, 1)]);
    first.conditions = Conditions {
        currencies: vec![eur("1").asset()],
        amount_max: Some("50".into()),
        tags_any: vec!["vip".into(), "gold".into()],
        tags_none: vec!["blocked".into()],
        kyc_status: vec!["none".into(), "passed".into()],
        ..Conditions::default()
    };
    let mut catalogue = catalogue(vec![second, first]);
    let tags = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (amount, names, expected) in [
        ("50", vec!["gold"], vec![217]),
        ("50.01", vec!["gold"], vec![215]),
        ("10", vec![], vec![215]),
        ("10", vec!["vip", "blocked"], vec![215]),
    ] {
        let tags = tags(&names);
        assert_eq!(by_rules(&catalogue, &facts(1, eur(amount), &tags)), Ok(expected), "{amount} {names:?}");
    }
    let vip = tags(&["vip"]);
    let failed = Facts { kyc_status: "failed", ..facts(1, eur("10"), &vip) };
    assert_eq!(by_rules(&catalogue, &failed), Ok(vec![215]));
    Arc::make_mut(&mut catalogue.providers[2]).disabled = true;
    assert_eq!(by_rules(&catalogue, &facts(1, eur("10"), &vip)), Err(NoRoute::NoRule), "no falling through");
    let bank = Facts { method: Method::BankTransfer, ..facts(1, eur("10"), &vip) };
    assert_eq!(by_rules(&catalogue, &bank), Err(NoRoute::NoRule));
}

#[test]
fn tiers_go_first_and_weights_share() {
    let mut rule = rule(1, 1, &[(210, 1, 1), (215, 0, 3), (217, 0, 1)]);
    rule.cascade = true;
    let catalogue = catalogue(vec![rule]);
    let mut first_215 = 0;
    for payment in 0..4000 {
        let order = by_rules(&catalogue, &facts(payment, eur("10"), &[])).expect("a rule matches");
        assert_eq!((order.len(), order[2]), (3, 210), "the higher tier comes last");
        first_215 += i32::from(order[0] == 215);
        assert_eq!(
            order,
            by_rules(&catalogue, &facts(payment, eur("10"), &[])).expect("the same"),
            "a replay chooses the same"
        );
    }
    assert!((2850..3150).contains(&first_215), "three of four: {first_215}");
}

fn given(number: &str) -> CardFacts<'_> {
    CardFacts::Given { brand: Brand::of(number), bin: &number[..8] }
}

#[test]
fn a_rule_may_ask_about_the_card() {
    let asking = |rule: Rule, brands: &[Brand], bins: &[&str]| {
        let card_bins = bins.iter().map(|bin| (*bin).to_owned()).collect();
        Rule { conditions: Conditions { card_brands: brands.to_vec(), card_bins, ..Conditions::default() }, ..rule }
    };
    let amex = asking(rule(1, 10, &[(210, 0, 1)]), &[Brand::Amex, Brand::Diners], &[]);
    let issuer = asking(rule(2, 20, &[(215, 0, 1)]), &[], &["41111111", "5555"]);
    let any = rule(3, 30, &[(217, 0, 1)]);
    let mut with_default = catalogue(vec![any, issuer.clone(), amex.clone()]);
    let only_some = catalogue(vec![issuer, amex]);
    let check = |catalogue: &Catalogue, card: CardFacts<'_>, expected: Result<i64, NoRoute>| {
        let facts = Facts { card, ..facts(1, eur("10"), &[]) };
        assert_eq!(by_rules(catalogue, &facts), expected.map(|id| vec![id]), "{card:?}");
    };
    for (number, one_of_all, one_of_some) in [
        ("378282246310005", 210, Ok(210)),
        ("4111111111111111", 215, Ok(215)),
        ("4111111211111110", 217, Err(NoRoute::NoRule)),
        ("5555555555554444", 215, Ok(215)),
        ("2223003122003222", 217, Err(NoRoute::NoRule)),
    ] {
        check(&with_default, given(number), Ok(one_of_all));
        check(&only_some, given(number), one_of_some);
    }
    check(&with_default, CardFacts::Unseen, Ok(217));
    check(&only_some, CardFacts::Unseen, Err(NoRoute::NoRule));
    check(&with_default, CardFacts::Awaited, Ok(217));
    check(&only_some, CardFacts::Awaited, Ok(210));
    Arc::make_mut(&mut with_default.providers[2]).disabled = true;
    check(&with_default, CardFacts::Awaited, Ok(210));
}

#[test]
fn the_trail_says_what_was_tried_and_stays_small() {
    let mut first = rule(1, 1, &[(217, 0, 1)]);
    first.conditions.tags_any = vec!["vip".into()];
    let mut catalogue = catalogue(vec![first, rule(2, 2, &[(215, 0, 1), (210, 1, 1)])]);
    let trail = |catalogue: &Catalogue, choice| {
        let candidate = choose(catalogue, &facts(1, eur("10"), &[]), choice, &|_| true).expect("somebody");
        serde_json::to_string(&candidate.trail).expect("JSON")
    };
    assert_eq!(trail(&catalogue, Choice::Rules), r#"{"rule":2,"passed":[[1,"tags_any"]]}"#);
    assert_eq!(trail(&catalogue, Choice::Named(ProviderId::new(210))), "{}");
    assert_eq!(trail(&catalogue, Choice::Named(ProviderId::new(310))), r#"{"route":310}"#);
    Arc::make_mut(&mut catalogue.providers[1]).disabled = true;
    let expected = r#"{"rule":2,"passed":[[1,"tags_any"]],"left_out":[[215,"disabled"]]}"#;
    assert_eq!(trail(&catalogue, Choice::Rules), expected);
}

#[test]
fn an_explanation_names_every_rule_and_member() {
    let mut first = rule(1, 1, &[(217, 0, 1)]);
    first.conditions.kyc_status = vec!["passed".into()];
    let mut catalogue = catalogue(vec![first, rule(2, 2, &[(215, 0, 1), (999, 1, 1), (211, 2, 1)]), rule(3, 3, &[])]);
    Arc::make_mut(&mut catalogue.providers[1]).amounts = Some(("20".into(), "30".into()));
    let explained = explain(&catalogue, &facts(1, eur("10"), &[]), Choice::Rules, &|_| true);
    let verdicts: Vec<_> = explained.rules.iter().map(|(rule, verdict)| (rule.id, *verdict)).collect();
    let not_met = RuleVerdict::NotMet(Condition::KycStatus);
    assert_eq!(verdicts, [(1, not_met), (2, RuleVerdict::Decides), (3, RuleVerdict::NotReached)]);
    let members: Vec<_> =
        explained.members.iter().map(|(id, fits)| (id.number(), fits.as_ref().err().copied())).collect();
    assert_eq!(members, [(215, Some(Misfit::Amount)), (999, Some(Misfit::Missing)), (211, Some(Misfit::Method))]);
    assert_eq!(explained.accounts, Err(NoRoute::Amount { min: eur("20"), max: eur("30") }));
}
