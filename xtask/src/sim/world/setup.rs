//! What is configured in every history: three merchants, three accounts at the acquirer, two routes, one receiver.

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::directory::{Credential, OverdraftDev, Permission, WithdrawalRules};
use florin_engine::keys::Keyring;
use florin_engine::setup::{
    NewCredential, NewMerchant, credential_row, merchant_row, provider_row, route_row, rule_row,
};
use florin_engine::{Engine, Form, Owner};
use florin_kernel::coin::CoinPayment;
use florin_kernel::fx::Rate;
use florin_kernel::payment::{Dialect, Mode, Payment};
use florin_kernel::routing::{Conditions, Member, Method, ProviderAccount, ProviderId, RouteSet, Rule, RuleOperation};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Asset, CredentialId, MerchantId, Money};
use florin_store::ConfigRow;
use jiff::SignedDuration;

use super::super::coins::seen;
use super::super::stage::describe;

/// The merchants' numbers.
pub const MERCHANTS: [i64; 3] = [1, 2, 3];
/// What an order may name: two accounts, one of which moves another currency, and two routes, one of which cascades.
pub const ROUTES: [i64; 5] = [11, 13, 31, 31, 32];
/// The account that pays out; it moves dollars, so that conversions are met.
pub const PAYS_OUT: i64 = 13;
/// Where events go.
pub const WEBHOOK: &str = "https://receiver.example/events";

/// The credential that makes an owner's payments.
pub fn credential_of(owner: Owner) -> CredentialId {
    let mode = match owner.mode {
        Mode::Dev => 0,
        Mode::Live => 1,
    };
    CredentialId::from_number(owner.merchant.number() * 10 + mode)
}

/// All of it as rows.
pub fn rows(keyring: &Keyring, webhook_secret: &Secret) -> Vec<ConfigRow> {
    let mut rows = Vec::new();
    for number in MERCHANTS {
        let merchant = MerchantId::from_number(number);
        rows.push(merchant_row(&new_merchant(merchant, webhook_secret), keyring));
        for mode in [Mode::Dev, Mode::Live] {
            rows.push(credential_row(&new_credential(Owner { merchant, mode }), keyring));
        }
    }
    let dollars = Asset::from_code("USD").zip(Rate::parse("1.0837"));
    rows.extend([account(11, None), account(12, None), account(13, dollars)].iter().map(provider_row));
    rows.push(route_row(&route(31, [11, 12, 13], true)));
    rows.push(route_row(&route(32, [12, 11, 13], false)));
    let euro = Asset::from_code("EUR").into_iter().collect();
    rows.push(rule_row(&withdrawal_rule(1, 1, euro, Some("50"))));
    rows.push(rule_row(&withdrawal_rule(2, 2, Vec::new(), None)));
    rows.push(rule_row(&charge_rule(3)));
    rows
}

fn new_merchant(id: MerchantId, webhook_secret: &Secret) -> NewMerchant {
    NewMerchant {
        id,
        slug: format!("merchant{}", id.number()),
        name: format!("Merchant {}", id.number()),
        limits: Vec::new(),
        blocked_payers: Vec::new(),
        withdrawals: withdrawal_rules(id),
        schemes: Vec::new(),
        brand: Default::default(),
        webhook_secrets_dev: vec![webhook_secret.clone()],
        webhook_secrets_live: vec![webhook_secret.clone()],
    }
}

/// Two approvers from an amount on, and an end after a day without. Every second merchant's test withdrawals need the money that
/// payments brought, as all live ones do.
fn withdrawal_rules(id: MerchantId) -> WithdrawalRules {
    let four_eyes = Asset::from_code("EUR").map(|euro| Money::new(8_000, euro));
    WithdrawalRules {
        four_eyes_from: four_eyes.into_iter().collect(),
        approval_days: Some(1),
        overdraft_dev: if id.number() % 2 == 0 { OverdraftDev::UpTo(Vec::new()) } else { OverdraftDev::Unlimited },
        ..WithdrawalRules::default()
    }
}

/// Small amounts in euro approve themselves; the others wait.
fn withdrawal_rule(id: i64, order: i64, currencies: Vec<Asset>, up_to: Option<&str>) -> Rule {
    Rule {
        id,
        operation: RuleOperation::Withdrawal,
        method: Method::Card,
        order,
        merchant: None,
        conditions: Conditions { currencies, amount_max: up_to.map(str::to_owned), ..Conditions::default() },
        members: vec![Member { provider_id: ProviderId::new(PAYS_OUT), tier: 1, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: up_to.map(str::to_owned),
        auto_approve_daily_per_user: None,
    }
}

/// What plans charge goes to two accounts, one after the other.
fn charge_rule(id: i64) -> Rule {
    let member = |provider, tier| Member { provider_id: ProviderId::new(provider), tier, weight: 1 };
    Rule {
        id,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        order: 1,
        merchant: None,
        conditions: Conditions::default(),
        members: vec![member(11, 1), member(12, 2)],
        disabled: false,
        cascade: true,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    }
}

fn new_credential(owner: Owner) -> NewCredential {
    let id = credential_of(owner);
    NewCredential {
        id,
        merchant: owner.merchant,
        mode: owner.mode,
        dialect: Dialect::Cashier,
        key: Secret::new(format!("key {}", id.number())),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: vec![Permission::Deposits],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: serde_json::Value::Null,
        signature_password: Secret::new(String::new()),
    }
}

fn account(id: i64, conversion: Option<(Asset, Rate)>) -> ProviderAccount {
    ProviderAccount {
        id: ProviderId::new(id),
        code: format!("account_{id}"),
        name: format!("Account {id}"),
        driver: "acquirer".to_owned(),
        method: Method::Card,
        merchant: None,
        modes: vec![Mode::Dev, Mode::Live],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: None,
        conversion,
        settings: std::collections::BTreeMap::new(),
        secrets: Default::default(),
    }
}

fn route(id: i64, members: [i64; 3], cascade: bool) -> RouteSet {
    let members = members.map(ProviderId::new).to_vec();
    RouteSet { id: ProviderId::new(id), name: format!("Route {id}"), merchant: None, members, cascade }
}

const PAUSES: [SignedDuration; 1] = [SignedDuration::from_secs(20)];

/// The simulated dialect: every change of a payment's description is told.
pub struct Announcements {
    pub attempts_max: u32,
}

impl Announcer for Announcements {
    fn announce(&self, before: &Payment, after: &Payment, _engine: &Engine) -> Vec<Announcement> {
        let url = after.details.links.webhook.clone();
        let (told, body) = (describe(before), describe(after));
        let Some(credential) = after.details.credential.filter(|_| !url.is_empty() && told != body) else {
            return Vec::new();
        };
        let status = Some(after.word().text().to_owned());
        vec![Announcement { status, url, form: Form::default(), body, credential, delay: SignedDuration::ZERO }]
    }

    fn announce_withdrawal(&self, _before: &Withdrawal, _after: &Withdrawal, _engine: &Engine) -> Vec<Announcement> {
        // No merchant of these histories orders any.
        Vec::new()
    }

    fn announce_coins(&self, before: &CoinPayment, after: &CoinPayment, _engine: &Engine) -> Vec<Announcement> {
        let url = after.details.links.webhook.clone();
        let (told, body) = (seen::describe(before), seen::describe(after));
        let Some(credential) = after.details.credential.filter(|_| !url.is_empty() && told != body) else {
            return Vec::new();
        };
        let status = Some(seen::state_name(after).to_owned());
        vec![Announcement { status, url, form: Form::default(), body, credential, delay: SignedDuration::ZERO }]
    }

    fn sign(&self, _body: &str, _credential: &Credential) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses: &PAUSES, until: Until::Attempts(self.attempts_max), newer: Newer::Waits }
    }
}
