//! A rule as a form or JSON says it: read, checked, written. The screen and the admin API share it.

use florin_engine::Engine;
use florin_engine::audit::{ConfigureError, Who};
use florin_engine::routing::{Reach, RoutingRefusal};
use florin_kernel::card::Brand;
use florin_kernel::routing::{Conditions, Member, Method, ProviderId, Rule, RuleOperation};
use florin_kernel::{Asset, MerchantId};
use serde::de::DeserializeOwned;

use crate::dialects::connect::Unfit;
use crate::portal::visit::{AtMerchant, Fields};

/// Why a rule is not written.
#[derive(Debug)]
pub(in crate::portal) enum Refused {
    /// A field is not as it must be.
    Unfit(Unfit),
    /// It is not there, or not theirs.
    NotFound,
    /// It is every merchant's.
    Shared,
    /// The database does not answer.
    Unavailable,
}

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Refused {
        Refused::Unfit(unfit)
    }
}

impl From<RoutingRefusal> for Refused {
    fn from(refusal: RoutingRefusal) -> Refused {
        match refusal {
            RoutingRefusal::NotFound => Refused::NotFound,
            RoutingRefusal::Shared => Refused::Shared,
            RoutingRefusal::Member(id) => {
                Refused::Unfit(Unfit::new("members", format!("must be providers of the rule's method; {id} is none")))
            }
            RoutingRefusal::NoMembers => Refused::Unfit(Unfit::new("members", "must name a provider at least")),
            RoutingRefusal::Amount => {
                Refused::Unfit(Unfit::new("amounts", "need exactly one currency in the rule, and at most its decimals"))
            }
        }
    }
}

impl From<ConfigureError<RoutingRefusal>> for Refused {
    fn from(error: ConfigureError<RoutingRefusal>) -> Refused {
        match error {
            ConfigureError::Refused(refusal) => Refused::from(refusal),
            ConfigureError::Unavailable(reason) => {
                tracing::warn!(reason, "a rule cannot be written");
                Refused::Unavailable
            }
        }
    }
}

/// A rule's form as somebody typed it.
pub(in crate::portal) struct Typed {
    pub(in crate::portal) operation: String,
    pub(in crate::portal) method: String,
    pub(in crate::portal) order: String,
    pub(in crate::portal) currencies: String,
    pub(in crate::portal) countries: String,
    pub(in crate::portal) amount_min: String,
    pub(in crate::portal) amount_max: String,
    pub(in crate::portal) kyc_status: String,
    pub(in crate::portal) tags_any: String,
    pub(in crate::portal) tags_all: String,
    pub(in crate::portal) tags_none: String,
    pub(in crate::portal) card_brands: String,
    pub(in crate::portal) card_bins: String,
    pub(in crate::portal) members: String,
    pub(in crate::portal) cascade: bool,
    pub(in crate::portal) auto_approve_up_to: String,
    pub(in crate::portal) auto_approve_daily_per_user: String,
}

impl Typed {
    /// A new rule: a payment by card that asks for nothing.
    pub(in crate::portal) fn new() -> Typed {
        let mut typed = Typed::said(&Fields::default());
        (typed.operation, typed.method, typed.order) = ("deposit".to_owned(), "card".to_owned(), "5".to_owned());
        typed
    }

    pub(in crate::portal) fn said(fields: &Fields) -> Typed {
        let text = |name: &str| fields.text(name).to_owned();
        Typed {
            operation: text("operation"),
            method: text("method"),
            order: text("order"),
            currencies: text("currencies"),
            countries: text("countries"),
            amount_min: text("amount_min"),
            amount_max: text("amount_max"),
            kyc_status: text("kyc_status"),
            tags_any: text("tags_any"),
            tags_all: text("tags_all"),
            tags_none: text("tags_none"),
            card_brands: text("card_brands"),
            card_bins: text("card_bins"),
            members: text("members"),
            cascade: is_on(fields, "cascade"),
            auto_approve_up_to: text("auto_approve_up_to"),
            auto_approve_daily_per_user: text("auto_approve_daily_per_user"),
        }
    }

    pub(in crate::portal) fn of(rule: &Rule) -> Typed {
        let asked = &rule.conditions;
        let amount = |amount: &Option<String>| amount.clone().unwrap_or_default();
        let codes: Vec<&str> = asked.currencies.iter().map(|currency| currency.code()).collect();
        let brands: Vec<String> = asked.card_brands.iter().map(word).collect();
        let member = |member: &Member| format!("{} {} {}", member.provider_id, member.tier, member.weight);
        Typed {
            operation: word(&rule.operation),
            method: word(&rule.method),
            order: rule.order.to_string(),
            currencies: codes.join(", "),
            countries: asked.countries.join(", "),
            amount_min: amount(&asked.amount_min),
            amount_max: amount(&asked.amount_max),
            kyc_status: asked.kyc_status.join(", "),
            tags_any: asked.tags_any.join(", "),
            tags_all: asked.tags_all.join(", "),
            tags_none: asked.tags_none.join(", "),
            card_brands: brands.join(", "),
            card_bins: asked.card_bins.join(", "),
            members: rule.members.iter().map(member).collect::<Vec<_>>().join("\n"),
            cascade: rule.cascade,
            auto_approve_up_to: amount(&rule.auto_approve_up_to),
            auto_approve_daily_per_user: amount(&rule.auto_approve_daily_per_user),
        }
    }
}

/// A rule that a merchant's people may see, by its number.
pub(in crate::portal) fn known(at: &AtMerchant, id: i64) -> Option<Rule> {
    let directory = at.engine().directory();
    let seen = |rule: &&Rule| rule.id == id && rule.merchant.is_none_or(|owner| owner == at.merchant.id);
    directory.catalogue().rules().iter().find(seen).cloned()
}

/// Writes a rule; its number.
pub(in crate::portal) async fn save(engine: &Engine, who: &Who, reach: Reach, rule: &Rule) -> Result<i64, Refused> {
    Ok(engine.put_rule(who, reach, rule).await?)
}

/// Reads a rule that is to be a merchant's, or everybody's.
///
/// # Errors
/// [`Unfit`] names the field.
pub(in crate::portal) fn read(fields: &Fields, owner: Option<MerchantId>) -> Result<Rule, Refused> {
    let number = |name: &'static str, text: &str| -> Result<i64, Unfit> {
        text.parse().map_err(|_| Unfit::new(name, "must be a whole number"))
    };
    let amount = |name: &str| Some(fields.text(name).to_owned()).filter(|text| !text.is_empty());
    let id = match fields.text("rule") {
        "" => 0,
        text => number("rule", text)?,
    };
    Ok(Rule {
        id,
        operation: one::<RuleOperation>("operation", fields.text("operation"), "deposit or withdrawal")?,
        method: one::<Method>("method", fields.text("method"), "card, bank_transfer, e_wallet, voucher or crypto")?,
        order: number("order", fields.text("order"))?,
        merchant: owner,
        conditions: Conditions {
            currencies: currencies(fields)?,
            countries: countries(fields)?,
            amount_min: amount("amount_min"),
            amount_max: amount("amount_max"),
            kyc_status: words(fields, "kyc_status").into_iter().map(|word| word.to_ascii_lowercase()).collect(),
            tags_any: words(fields, "tags_any"),
            tags_all: words(fields, "tags_all"),
            tags_none: words(fields, "tags_none"),
            card_brands: brands(fields)?,
            card_bins: bins(fields)?,
        },
        members: members(fields)?,
        disabled: false,
        cascade: is_on(fields, "cascade"),
        auto_approve_up_to: amount("auto_approve_up_to"),
        auto_approve_daily_per_user: amount("auto_approve_daily_per_user"),
    })
}

fn is_on(fields: &Fields, name: &str) -> bool {
    matches!(fields.text(name), "on" | "true")
}

/// Words between commas or line ends.
pub(in crate::portal) fn words(fields: &Fields, name: &str) -> Vec<String> {
    let parts = fields.all(name).flat_map(|text| text.split([',', '\n']));
    parts.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Currencies by their codes.
pub(in crate::portal) fn currencies(fields: &Fields) -> Result<Vec<Asset>, Unfit> {
    let read = |word: String| {
        let known = Asset::from_code(&word.to_ascii_uppercase());
        known.ok_or_else(|| Unfit::new("currencies", format!("must be currencies' codes; {word:?} is none")))
    };
    words(fields, "currencies").into_iter().map(read).collect()
}

/// Countries by their codes.
pub(in crate::portal) fn countries(fields: &Fields) -> Result<Vec<String>, Unfit> {
    let read = |word: String| match word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(word.to_ascii_uppercase()),
        false => Err(Unfit::new("countries", format!("must be codes of two letters; {word:?} is none"))),
    };
    words(fields, "countries").into_iter().map(read).collect()
}

fn brands(fields: &Fields) -> Result<Vec<Brand>, Unfit> {
    const BRANDS: &str = "of VISA, MASTERCARD, AMEX, MAESTRO, DISCOVER, DINERS, JCB, UNIONPAY, OTHER";
    let read = |word: String| one::<Brand>("card_brands", &word.to_ascii_uppercase(), BRANDS);
    words(fields, "card_brands").into_iter().map(read).collect()
}

fn bins(fields: &Fields) -> Result<Vec<String>, Unfit> {
    let fits = |bin: &String| (1..=8).contains(&bin.len()) && bin.bytes().all(|byte| byte.is_ascii_digit());
    let bins = words(fields, "card_bins");
    match bins.iter().all(fits) {
        true => Ok(bins),
        // Nobody shall keep a whole card number here.
        false => Err(Unfit::new("card_bins", "must be what card numbers begin with, 1 to 8 digits each")),
    }
}

/// A line a member: the provider's number, its tier and its weight, of which the last two may be left out; or, of JSON, an object.
fn members(fields: &Fields) -> Result<Vec<Member>, Unfit> {
    let wrong = |line: &str| {
        Unfit::new("members", format!("must be a provider's number, its tier and its weight a line; {line:?} is not"))
    };
    let read = |line: &str| {
        if line.starts_with('{') {
            return serde_json::from_str(line).map_err(|_| wrong(line));
        }
        let numbers: Option<Vec<u32>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
        let (provider, tier, weight) = match numbers.as_deref() {
            Some([provider]) => (*provider, 1, 1),
            Some([provider, tier]) => (*provider, *tier, 1),
            Some([provider, tier, weight]) => (*provider, *tier, *weight),
            Some(_) | None => return Err(wrong(line)),
        };
        Ok(Member { provider_id: ProviderId::new(provider.into()), tier, weight })
    };
    let lines = fields.all("members").flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty());
    let members: Vec<Member> = lines.map(read).collect::<Result<_, _>>()?;
    match members.iter().all(|member| (1..=1_000).contains(&member.weight)) {
        true => Ok(members),
        false => Err(Unfit::new("members", "must have weights from 1 to 1000")),
    }
}

/// One of our own words.
pub(in crate::portal) fn one<T: DeserializeOwned>(field: &'static str, text: &str, what: &str) -> Result<T, Unfit> {
    serde_json::from_value(text.into()).map_err(|_| Unfit::new(field, format!("must be {what}")))
}

/// A value as its own word.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Refused, Typed, read};
    use crate::portal::visit::Fields;

    const RULE: &str = "operation=deposit&method=card&order=5&members=210+1+3%0D%0A215+2";

    fn check(more: &str, expected: &str) {
        let read = read(&Fields::read(format!("{RULE}&{more}").as_bytes()), None);
        let said = match read {
            Ok(_) => "read".to_owned(),
            Err(Refused::Unfit(unfit)) => unfit.field,
            Err(other) => format!("{other:?}"),
        };
        assert_eq!(said, expected, "{more}");
    }

    #[test]
    fn fields_are_read_or_refused_by_name() {
        check("", "read");
        check("currencies=eur,+GBP&amount_min=1.50&countries=de", "read");
        check("currencies=euro", "currencies");
        check("countries=DEU", "countries");
        check("card_brands=visa", "read");
        check("card_brands=visum", "card_brands");
        check("card_bins=411111", "read");
        check("card_bins=4111111111111111", "card_bins");
        check("members=one", "members");
        check("members=210+1+0", "members");
        check("rule=x", "rule");
    }

    #[test]
    fn a_rule_is_shown_as_it_is_read() {
        let text = format!(
            "{RULE}&rule=7&currencies=EUR&amount_max=100&tags_any=vip,+new&card_brands=AMEX&cascade=on&auto_approve_up_to=5"
        );
        let rule = read(&Fields::read(text.as_bytes()), None).expect("a rule");
        let typed = Typed::of(&rule);
        assert_eq!(typed.members, "210 1 3\n215 2 1");
        assert_eq!((typed.tags_any.as_str(), typed.card_brands.as_str(), typed.cascade), ("vip, new", "AMEX", true));
        assert_eq!((typed.operation.as_str(), typed.method.as_str(), rule.id), ("deposit", "card", 7));
    }
}
