//! The demo's providers, route and rules: the tables of the cashier contract, section 16. All are simulated.

use std::collections::BTreeMap;

use florin_engine::setup;
use florin_kernel::Asset;
use florin_kernel::fx::Rate;
use florin_kernel::payment::Mode;
use florin_kernel::routing::{Conditions, Member, Method, ProviderAccount, ProviderId, RouteSet, Rule, RuleOperation};
use florin_store::ConfigRow;

const CARD: i64 = 210;
const BANK: i64 = 211;
const WALLET: i64 = 212;
const VOUCHER: i64 = 213;
// 214 is kept for coins.
const CARD_B: i64 = 215;
const CARD_GBP: i64 = 216;
const ROUTE: i64 = 310;

/// Every row.
pub(super) fn rows() -> Vec<ConfigRow> {
    let accounts = accounts();
    let accounts = accounts.iter().map(setup::provider_row);
    accounts.chain([setup::route_row(&route())]).chain(rules().iter().map(setup::rule_row)).collect()
}

fn accounts() -> Vec<ProviderAccount> {
    let euro = Asset::currency("EUR").expect("a currency");
    let pound = Asset::currency("GBP").expect("a currency");
    let rate = Rate::parse("0.856").expect("a rate");
    let card_b = account(CARD_B, "simulator_b", "Card Simulator B", Method::Card);
    vec![
        account(CARD, "simulator", "Card Simulator", Method::Card),
        account(BANK, "bank_simulator", "Bank Transfer Simulator", Method::BankTransfer),
        account(WALLET, "wallet_simulator", "E-Wallet Simulator", Method::EWallet),
        account(VOUCHER, "voucher_simulator", "Voucher Simulator", Method::Voucher),
        ProviderAccount { settings: BTreeMap::from([("approves_declined".to_owned(), "true".to_owned())]), ..card_b },
        ProviderAccount {
            currencies: vec![euro],
            conversion: Some((pound, rate)),
            ..account(CARD_GBP, "gbp_simulator", "Card Simulator (GBP)", Method::Card)
        },
    ]
}

fn account(id: i64, code: &str, name: &str, method: Method) -> ProviderAccount {
    ProviderAccount {
        id: ProviderId::new(id),
        code: code.to_owned(),
        name: name.to_owned(),
        driver: "simulator".to_owned(),
        method,
        merchant: None,
        modes: vec![Mode::Dev],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: Some(("0.01".to_owned(), "1000000".to_owned())),
        conversion: None,
        settings: BTreeMap::new(),
        secrets: Default::default(),
    }
}

fn route() -> RouteSet {
    RouteSet {
        id: ProviderId::new(ROUTE),
        name: "Cards with fallback".to_owned(),
        merchant: None,
        members: vec![ProviderId::new(CARD), ProviderId::new(CARD_B)],
        cascade: true,
    }
}

fn rules() -> Vec<Rule> {
    let deposits =
        [(Method::Card, CARD), (Method::BankTransfer, BANK), (Method::EWallet, WALLET), (Method::Voucher, VOUCHER)];
    let payouts = [(Method::Card, CARD), (Method::BankTransfer, BANK), (Method::EWallet, WALLET)];
    let deposits = deposits.map(|(method, provider)| rule(RuleOperation::Deposit, method, provider, 10));
    let automatic = payouts.map(|(method, provider)| Rule {
        conditions: Conditions {
            currencies: vec![Asset::currency("EUR").expect("a currency")],
            amount_max: Some("100".to_owned()),
            tags_any: vec!["auto-payout".to_owned()],
            ..Conditions::default()
        },
        auto_approve_up_to: Some("100".to_owned()),
        ..rule(RuleOperation::Withdrawal, method, provider, 5)
    });
    let manual = payouts.map(|(method, provider)| rule(RuleOperation::Withdrawal, method, provider, 10));
    let all = deposits.into_iter().chain(automatic).chain(manual);
    all.zip(1..).map(|(rule, id)| Rule { id, ..rule }).collect()
}

fn rule(operation: RuleOperation, method: Method, provider: i64, order: i64) -> Rule {
    Rule {
        id: 0,
        operation,
        method,
        order,
        merchant: None,
        conditions: Conditions::default(),
        members: vec![Member { provider_id: ProviderId::new(provider), tier: 1, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    }
}
