//! On any catalogue an explanation and the choice itself say the same.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::tests::{account, facts, rule};
use super::{
    CardFacts, Catalogue, Choice, Conditions, Facts, Method, ProviderAccount, ProviderId, RouteSet, Rule, RuleVerdict,
    choose, explain,
};
use crate::card::Brand;
use crate::payment::Mode;
use crate::{Asset, MerchantId, Money};

const TAGS: [&str; 3] = ["vip", "new", "blocked"];

fn asset(code: &str) -> Asset {
    Asset::from_code(code).expect("a known asset")
}

fn texts(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(all, 0..=1).prop_map(|texts| texts.into_iter().map(str::to_owned).collect())
}

fn currencies() -> impl Strategy<Value = Vec<Asset>> {
    prop_oneof![3 => Just(vec![]), 2 => Just(vec![asset("EUR")]), 1 => Just(vec![asset("GBP"), asset("EUR")])]
}

fn bound() -> impl Strategy<Value = Option<String>> {
    prop_oneof![2 => Just(None), 1 => select(vec!["5", "10", "50"]).prop_map(|text| Some(text.to_owned()))]
}

fn owner() -> impl Strategy<Value = Option<MerchantId>> {
    prop_oneof![3 => Just(None), 1 => (1..3_i64).prop_map(|number| Some(MerchantId::from_number(number)))]
}

prop_compose! {
    fn conditions()(
        currencies in currencies(), countries in texts(&["GB", "DE"]), amount_min in bound(), amount_max in bound(),
        kyc_status in texts(&["none", "passed"]), tags_any in texts(&TAGS), tags_all in texts(&TAGS),
        tags_none in texts(&TAGS), brands in prop_oneof![2 => Just(vec![]), 1 => Just(vec![Brand::Visa])],
        card_bins in texts(&["4111", "55"]),
    ) -> Conditions {
        Conditions {
            currencies, countries, amount_min, amount_max, kyc_status, tags_any, tags_all, tags_none, card_bins,
            card_brands: brands,
        }
    }
}

prop_compose! {
    fn any_rule()(
        id in 1..9_i64, order in 0..3_i64, members in prop::collection::vec((210..215_i64, 0..2_u32, 0..3_u32), 0..4),
        cascade in any::<bool>(), merchant in owner(), conditions in conditions(),
    ) -> Rule {
        Rule { conditions, cascade, merchant, ..rule(id, order, &members) }
    }
}

prop_compose! {
    fn any_account(id: i64)(
        disabled in prop::bool::weighted(0.2), merchant in owner(), currencies in currencies(),
        live in any::<bool>(), bank in prop::bool::weighted(0.2), min in bound(),
    ) -> Arc<ProviderAccount> {
        Arc::new(ProviderAccount {
            disabled,
            merchant,
            currencies,
            modes: if live { vec![Mode::Live] } else { vec![Mode::Dev, Mode::Live] },
            amounts: min.map(|min| (min, "40".to_owned())),
            ..account(id, if bank { Method::BankTransfer } else { Method::Card })
        })
    }
}

fn catalogue() -> impl Strategy<Value = Catalogue> {
    let accounts = (any_account(210), any_account(211), any_account(212), any_account(213));
    let members = subsequence(vec![210, 211, 212, 213, 214], 0..=4);
    (accounts, prop::collection::vec(any_rule(), 0..6), members, any::<bool>()).prop_map(
        |((a, b, c, d), mut rules, members, cascade)| {
            // A number names one rule.
            rules.sort_by_key(|rule| rule.id);
            rules.dedup_by_key(|rule| rule.id);
            let members = members.into_iter().map(ProviderId::new).collect();
            let route = RouteSet { id: ProviderId::new(310), name: "R".into(), merchant: None, members, cascade };
            Catalogue::new(vec![a, b, c, d], vec![route], rules)
        },
    )
}

proptest! {
    #[test]
    fn an_explanation_and_the_choice_agree(
        catalogue in catalogue(), payment in 0..50_i64, minor in 1..6_000_i64, tags in texts(&TAGS),
        country in select(vec!["", "GB", "DE"]), kyc_status in select(vec!["", "passed"]),
        number in select(vec!["", "awaited", "4111111111111111", "5555555555554444", "378282246310005"]),
        choice in prop_oneof![3 => Just(Choice::Rules), 1 => select(vec![210, 214, 310]).prop_map(|id| Choice::Named(ProviderId::new(id)))],
        unusable in 210..214_i64,
    ) {
        let card = match number {
            "" => CardFacts::Unseen,
            "awaited" => CardFacts::Awaited,
            number => CardFacts::Given { brand: Brand::of(number), bin: &number[..8] },
        };
        let amount = Money::new(minor, asset("EUR"));
        let facts = Facts { card, country, kyc_status, ..facts(payment, amount, &tags) };
        let usable = |account: &ProviderAccount| account.id.number() != unusable;
        let chosen = choose(&catalogue, &facts, choice, &usable);
        let explained = explain(&catalogue, &facts, choice, &usable);

        let fitting: Vec<_> = explained.members.iter().filter_map(|(_, fits)| fits.as_ref().ok().copied().cloned()).collect();
        let deciding: Vec<i64> = explained
            .rules.iter().filter(|(_, verdict)| *verdict == RuleVerdict::Decides).map(|(rule, _)| rule.id).collect();
        prop_assert!(deciding.len() <= 1);
        match chosen {
            Ok(candidate) => {
                prop_assert!(fitting.starts_with(&candidate.accounts));
                prop_assert_eq!(&explained.accounts, &Ok(candidate.accounts));
                prop_assert_eq!(explained.cascade, candidate.cascade);
                prop_assert_eq!(candidate.trail.rule, deciding.first().copied());
                prop_assert_eq!(explained.trail, candidate.trail);
            }
            Err(refusal) => {
                prop_assert!(fitting.is_empty());
                prop_assert_eq!(explained.accounts, Err(refusal));
            }
        }
        for (rule, verdict) in explained.rules {
            match verdict {
                RuleVerdict::NotMet(condition) => prop_assert_eq!(rule.conditions.first_mismatch(&facts), Some(condition)),
                RuleVerdict::Decides | RuleVerdict::AwaitsCard | RuleVerdict::LeavesNobody => {
                    prop_assert_eq!(rule.conditions.first_mismatch(&facts), None);
                }
                RuleVerdict::NotReached => {}
            }
        }
    }
}
