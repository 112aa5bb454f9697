//! Rules: which providers take which payments, what would happen to one, and what a changed rule would have done with the last 30 days.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::office::{DryRun, Move};
use florin_engine::routing::{Reach, Service};
use florin_kernel::routing::{Member, Method, ProviderId, Rule, RuleOperation};
use florin_kernel::user::Permission;
use florin_kernel::{Asset, Money};

use super::answer::{page as answer, see_other};
use super::refused;
use super::shell::Shell;
use super::show::Badge;
use super::visit::AtMerchant;
use crate::pages::text;

pub(super) mod explained;
pub(super) mod order;

use explained::{Asked, Explained};
use order::Refused;

#[derive(Template)]
#[template(path = "portal/rules.html")]
struct RulesPage {
    shell: Shell,
    note: &'static str,
    base: String,
    groups: Vec<Group>,
    may_change: bool,
    asked: Asked,
    explained: Option<Explained>,
    error: String,
}

/// The rules of one operation and method, in the order in which they are tried.
struct Group {
    title: String,
    rules: Vec<RuleLine>,
}

struct RuleLine {
    id: i64,
    order: i64,
    conditions: Vec<String>,
    members: Vec<String>,
    cascade: bool,
    approves: String,
    state: Badge,
    is_shared: bool,
    is_off: bool,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "portal/rule.html")]
struct RulePage {
    shell: Shell,
    base: String,
    error: String,
    rule: i64,
    /// The form as it was typed, or as the rule is.
    form: order::Typed,
    providers: Vec<Choice>,
    currencies_hint: &'static str,
    run: Option<Run>,
}

/// A provider that may be a member.
struct Choice {
    id: i64,
    name: String,
    method: &'static str,
}

/// What a changed rule would have done.
struct Run {
    from: String,
    tried: u64,
    same: u64,
    moved: Vec<MoveLine>,
    sampled: bool,
}

struct MoveLine {
    from: String,
    to: String,
    payments: u64,
    amount: String,
}

/// `GET …/rules`: all, and what would happen to a payment where one is described.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "saved" => "The rule is saved. It holds for payments from now on.",
        "off" => "The rule is switched off.",
        "on" => "The rule is switched on.",
        _ => "",
    };
    let asked = Asked::of(&at.query);
    let (status, explained, error) = match asked.explained(&at) {
        None => (StatusCode::OK, None, String::new()),
        Some(Ok(explained)) => (StatusCode::OK, Some(explained), String::new()),
        Some(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, None, error),
    };
    let page = RulesPage {
        shell: at.shell("Rules"),
        note,
        base: at.path_to("rules"),
        groups: groups(&at),
        may_change: at.may(Permission::ManageRouting),
        asked,
        explained,
        error,
    };
    answer(status, &page)
}

/// `GET …/rules/edit?rule=`: a rule to be changed; a new one without a number.
pub(super) async fn edit(at: AtMerchant) -> Response {
    let rule = at.query.text("rule");
    let known = order::known(&at, rule.parse().unwrap_or(0));
    match (rule, known) {
        ("", _) => form(&at, StatusCode::OK, 0, order::Typed::new(), String::new(), None),
        (_, Some(known)) if may_change(&at, &known) => {
            form(&at, StatusCode::OK, known.id, order::Typed::of(&known), String::new(), None)
        }
        (_, Some(_) | None) => refused::not_found(&at),
    }
}

/// `POST …/rules`: tries a rule on the last 30 days, or saves it.
pub(super) async fn submit(at: AtMerchant) -> Response {
    let typed = order::Typed::said(&at.form);
    let number = at.form.text("rule").parse().unwrap_or(0);
    let rule = match order::read(&at.form, owner(&at, number)) {
        Ok(rule) => rule,
        Err(error) => return again(&at, number, typed, error),
    };
    if let Err(error) = at.engine().check_rule(at.reach(), &rule) {
        return again(&at, number, typed, Refused::from(error));
    }
    if at.form.text("do") == "save" {
        return match order::save(at.engine(), &at.who(), at.reach(), &rule).await {
            Ok(_) => see_other(&format!("{}?note=saved", at.path_to("rules"))),
            Err(error) => again(&at, number, typed, error),
        };
    }
    match at.engine().office_dry_run(at.scope(), at.engine().rules_with(&rule)).await {
        Ok(run) => {
            let run = Run::of(&at, run);
            form(&at, StatusCode::OK, number, typed, String::new(), Some(run))
        }
        Err(error) => {
            tracing::warn!(%error, "a rule cannot be tried");
            refused::unavailable()
        }
    }
}

/// `POST …/rules/{rule}/switch`: on or off.
pub(super) async fn switch(at: AtMerchant) -> Response {
    let Some(known) = at.parameter("rule").parse().ok().and_then(|id| order::known(&at, id)) else {
        return refused::not_found(&at);
    };
    let service = if at.form.text("to") == "on" { Service::In } else { Service::Out };
    match at.engine().switch_rule(&at.who(), at.reach(), known.id, service).await.map_err(Refused::from) {
        Ok(_) => {
            let note = if service == Service::In { "on" } else { "off" };
            see_other(&format!("{}?note={note}", at.path_to("rules")))
        }
        Err(Refused::NotFound) => refused::not_found(&at),
        Err(Refused::Shared) => refused::forbidden(&at),
        Err(Refused::Unfit(_) | Refused::Unavailable) => refused::unavailable(),
    }
}

/// Whose a rule is to be: a new one is this merchant's, another stays whose it was.
fn owner(at: &AtMerchant, number: i64) -> Option<florin_kernel::MerchantId> {
    match order::known(at, number) {
        Some(known) => known.merchant,
        None => Some(at.merchant.id),
    }
}

fn may_change(at: &AtMerchant, rule: &Rule) -> bool {
    let own = match (at.reach(), rule.merchant) {
        (Reach::All, _) => true,
        (Reach::Own(own), owner) => owner == Some(own),
    };
    own && at.may(Permission::ManageRouting)
}

fn again(at: &AtMerchant, rule: i64, typed: order::Typed, error: Refused) -> Response {
    match error {
        Refused::NotFound => refused::not_found(at),
        Refused::Shared => refused::forbidden(at),
        Refused::Unavailable => refused::unavailable(),
        Refused::Unfit(unfit) => {
            let text = super::credentials::capital(&format!("{} {}.", unfit.field.replace('_', " "), unfit.message));
            form(at, StatusCode::UNPROCESSABLE_ENTITY, rule, typed, text, None)
        }
    }
}

fn form(
    at: &AtMerchant,
    status: StatusCode,
    rule: i64,
    form: order::Typed,
    error: String,
    run: Option<Run>,
) -> Response {
    let directory = at.engine().directory();
    let own = |owner: Option<florin_kernel::MerchantId>| owner.is_none_or(|owner| owner == at.merchant.id);
    let providers = directory.catalogue().providers.iter().filter(|account| own(account.merchant));
    let choice = |account: &std::sync::Arc<florin_kernel::routing::ProviderAccount>| Choice {
        id: account.id.number(),
        name: account.name.clone(),
        method: method_name(account.method),
    };
    let page = RulePage {
        shell: at.shell(if rule == 0 { "New rule".to_owned() } else { format!("Rule {rule}") }),
        base: at.path_to("rules"),
        error,
        rule,
        form,
        providers: providers.map(choice).collect(),
        currencies_hint: "Codes such as EUR, GBP. Empty: any.",
        run,
    };
    answer(status, &page)
}

fn groups(at: &AtMerchant) -> Vec<Group> {
    let directory = at.engine().directory();
    let catalogue = directory.catalogue();
    let seen = |rule: &&Rule| rule.merchant.is_none_or(|owner| owner == at.merchant.id);
    let rules: Vec<&Rule> = catalogue.rules().iter().filter(seen).collect();
    let mut groups = Vec::new();
    for operation in [RuleOperation::Deposit, RuleOperation::Withdrawal] {
        for method in METHODS {
            let own = rules.iter().filter(|rule| (rule.operation, rule.method) == (operation, method));
            let lines: Vec<RuleLine> = own.map(|rule| RuleLine::of(rule, at)).collect();
            if !lines.is_empty() {
                let title = format!("{} by {}", operation_name(operation), method_name(method));
                groups.push(Group { title, rules: lines });
            }
        }
    }
    groups
}

pub(super) const METHODS: [Method; 5] =
    [Method::Card, Method::BankTransfer, Method::EWallet, Method::Voucher, Method::Crypto];

/// A method within a sentence.
pub(super) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Card => "card",
        Method::BankTransfer => "bank transfer",
        Method::EWallet => "e-wallet",
        Method::Voucher => "voucher",
        Method::Crypto => "coins",
    }
}

fn operation_name(operation: RuleOperation) -> &'static str {
    match operation {
        RuleOperation::Deposit => "Payments",
        RuleOperation::Withdrawal => "Withdrawals",
    }
}

/// A provider as people call it.
fn provider(at: &AtMerchant, id: ProviderId) -> String {
    let directory = at.engine().directory();
    let known = directory.catalogue().providers.iter().find(|account| account.id == id);
    known.map_or(format!("{id} (gone)"), |account| format!("{id} {}", account.name))
}

impl RuleLine {
    fn of(rule: &Rule, at: &AtMerchant) -> RuleLine {
        let several = rule.members.len() > 1;
        let member = |member: &Member| match several {
            true => format!("{}: tier {}, weight {}", provider(at, member.provider_id), member.tier, member.weight),
            false => provider(at, member.provider_id),
        };
        let state = match rule.disabled {
            true => Badge { meaning: "plain", word: "Off" },
            false => Badge { meaning: "good", word: "On" },
        };
        let daily = rule.auto_approve_daily_per_user.as_ref();
        let daily = daily.map_or(String::new(), |daily| format!(", {daily} a day for one payer"));
        RuleLine {
            id: rule.id,
            order: rule.order,
            conditions: conditions(rule),
            members: rule.members.iter().map(member).collect(),
            cascade: rule.cascade,
            approves: rule.auto_approve_up_to.as_ref().map_or(String::new(), |up_to| format!("up to {up_to}{daily}")),
            state,
            is_shared: rule.merchant.is_none(),
            is_off: rule.disabled,
            may_change: may_change(at, rule),
        }
    }
}

/// What a rule asks for, in words.
fn conditions(rule: &Rule) -> Vec<String> {
    let asked = &rule.conditions;
    let currencies: Vec<&str> = asked.currencies.iter().map(|currency| currency.code()).collect();
    let brands: Vec<&str> = asked.card_brands.iter().map(|brand| brand.name().unwrap_or("other")).collect();
    let amount = |bound: &Option<String>| bound.clone().into_iter().collect::<Vec<String>>();
    let (least, most) = (amount(&asked.amount_min), amount(&asked.amount_max));
    let texts = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<&str>>().join(", ");
    let all = [
        ("currency", currencies.join(", ")),
        ("country", texts(&asked.countries)),
        ("amount at least", texts(&least)),
        ("amount at most", texts(&most)),
        ("know-your-customer status", texts(&asked.kyc_status)),
        ("any tag of", texts(&asked.tags_any)),
        ("all tags of", texts(&asked.tags_all)),
        ("no tag of", texts(&asked.tags_none)),
        ("brand", brands.join(", ")),
        ("card begins with", texts(&asked.card_bins)),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}")).collect()
}

impl Run {
    fn of(at: &AtMerchant, run: DryRun) -> Run {
        let side = |id: Option<ProviderId>| id.map_or("nobody".to_owned(), |id| provider(at, id));
        let line = |moved: Move| MoveLine {
            from: side(moved.from),
            to: side(moved.to),
            payments: moved.payments,
            amount: Asset::from_code(&moved.asset)
                .map_or(String::new(), |asset| text::amount(Money::new(moved.amount_minor, asset))),
        };
        Run {
            from: text::moment(run.from),
            tried: run.tried,
            same: run.same,
            moved: run.moved.into_iter().map(line).collect(),
            sampled: run.sampled,
        }
    }
}
