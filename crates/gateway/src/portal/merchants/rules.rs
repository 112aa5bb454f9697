//! A merchant's rules for withdrawals as a form has them: amounts as lines of text, read with what is wrong beside each field.

use florin_engine::directory::{ApprovalBy, ClosedLoop, Limit, OverdraftDev, WithdrawalRules};
use florin_kernel::{Asset, Money, Timestamp};

use crate::portal::visit::Fields;

/// Days after which a withdrawal that nobody approved may be given up.
const DAYS: std::ops::RangeInclusive<u16> = 1..=90;
/// Lines of a field.
const LINES_MAX: usize = 60;

/// What stands in the form's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::portal) struct RulesForm {
    /// A line a currency: `10.00 5000.00 EUR`.
    pub(in crate::portal) limits: String,
    /// A line a currency: `1000.00 EUR`.
    pub(in crate::portal) four_eyes: String,
    pub(in crate::portal) approval_days: String,
    pub(in crate::portal) is_portal_only: bool,
    pub(in crate::portal) is_closed_loop: bool,
    pub(in crate::portal) is_unlimited: bool,
    pub(in crate::portal) overdraft_dev: String,
    pub(in crate::portal) overdraft_live: String,
    /// What cannot be used: the field, and why.
    pub(in crate::portal) faults: Vec<(&'static str, String)>,
}

impl RulesForm {
    /// The form of what holds now.
    pub(in crate::portal) fn of(rules: &WithdrawalRules) -> RulesForm {
        let WithdrawalRules {
            limits,
            four_eyes_from,
            approval_days,
            approval,
            closed_loop,
            overdraft_dev,
            overdraft_live,
        } = rules;
        let limit = |limit: &Limit| format!("{} {} {}", limit.min.decimal(), limit.max.decimal(), limit.asset());
        RulesForm {
            limits: limits.iter().map(limit).collect::<Vec<_>>().join("\n"),
            four_eyes: amounts(four_eyes_from),
            approval_days: approval_days.map(|days| days.to_string()).unwrap_or_default(),
            is_portal_only: *approval == ApprovalBy::PortalOnly,
            is_closed_loop: *closed_loop != ClosedLoop::Off,
            is_unlimited: *overdraft_dev == OverdraftDev::Unlimited,
            overdraft_dev: match overdraft_dev {
                OverdraftDev::Unlimited => String::new(),
                OverdraftDev::UpTo(most) => amounts(most),
            },
            overdraft_live: amounts(overdraft_live),
            faults: Vec::new(),
        }
    }

    /// What was typed.
    pub(in crate::portal) fn read(form: &Fields) -> RulesForm {
        let text = |name: &str| form.text(name).replace('\r', "");
        let is = |name: &str, word: &str| form.text(name) == word;
        RulesForm {
            limits: text("limits"),
            four_eyes: text("four_eyes"),
            approval_days: text("approval_days"),
            is_portal_only: is("approval", "portal_only"),
            is_closed_loop: is("closed_loop", "by_method"),
            is_unlimited: !is("overdraft_dev_kind", "up_to"),
            overdraft_dev: text("overdraft_dev"),
            overdraft_live: text("overdraft_live"),
            faults: Vec::new(),
        }
    }

    /// The rules that are meant. A closed loop that is on stays on since when it is; one that is switched on holds from `now` on.
    ///
    /// # Errors
    /// Each field that cannot be used, and why.
    pub(in crate::portal) fn parse(
        &self,
        before: &WithdrawalRules,
        now: Timestamp,
    ) -> Result<WithdrawalRules, Vec<(&'static str, String)>> {
        let mut faults = Vec::new();
        let mut note = |field: &'static str, fault: String| faults.push((field, fault));
        let limits = lines(&self.limits, limit).unwrap_or_else(|fault| {
            note("limits", fault);
            Vec::new()
        });
        let mut amounts_of = |field: &'static str, text: &str| {
            lines(text, amount).unwrap_or_else(|fault| {
                note(field, fault);
                Vec::new()
            })
        };
        let four_eyes_from = amounts_of("four_eyes", &self.four_eyes);
        let overdraft_live = amounts_of("overdraft_live", &self.overdraft_live);
        let overdraft_dev = match self.is_unlimited {
            true => OverdraftDev::Unlimited,
            false => OverdraftDev::UpTo(amounts_of("overdraft_dev", &self.overdraft_dev)),
        };
        let approval_days = match self.approval_days.as_str() {
            "" => None,
            text => {
                let days = text.parse().ok().filter(|days| DAYS.contains(days));
                if days.is_none() {
                    note("approval_days", "Use a whole number from 1 to 90, or leave it empty.".to_owned());
                }
                days
            }
        };
        let closed_loop = match (self.is_closed_loop, &before.closed_loop) {
            (false, _) => ClosedLoop::Off,
            (true, ClosedLoop::ByMethod { since }) => ClosedLoop::ByMethod { since: *since },
            (true, ClosedLoop::Off) => ClosedLoop::ByMethod { since: now },
        };
        let approval = if self.is_portal_only { ApprovalBy::PortalOnly } else { ApprovalBy::Anybody };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(WithdrawalRules {
            limits,
            four_eyes_from,
            approval_days,
            approval,
            closed_loop,
            overdraft_dev,
            overdraft_live,
        })
    }

    /// Why a field cannot be used; empty where it can.
    pub(in crate::portal) fn fault(&self, field: &str) -> &str {
        self.faults.iter().find(|(found, _)| *found == field).map_or("", |(_, text)| text)
    }
}

fn amounts(amounts: &[Money]) -> String {
    amounts.iter().map(|money| format!("{} {}", money.decimal(), money.asset())).collect::<Vec<_>>().join("\n")
}

/// Lines, each read; a currency at most once.
fn lines<T>(text: &str, read: impl Fn(&str) -> Result<(T, Asset), String>) -> Result<Vec<T>, String> {
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (value, asset) = read(line)?;
        if seen.contains(&asset) {
            return Err(format!("{asset} stands there twice."));
        }
        seen.push(asset);
        found.push(value);
    }
    if found.len() > LINES_MAX {
        return Err(format!("Use {LINES_MAX} lines at most."));
    }
    Ok(found)
}

/// `1000.00 EUR`.
fn amount(line: &str) -> Result<(Money, Asset), String> {
    let mut words = line.split_whitespace();
    let (Some(amount), Some(code), None) = (words.next(), words.next(), words.next()) else {
        return Err(format!("“{line}”: write an amount and its currency, such as 1000.00 EUR."));
    };
    let asset = asset(code)?;
    Ok((money(amount, asset)?, asset))
}

/// `10.00 5000.00 EUR`.
fn limit(line: &str) -> Result<(Limit, Asset), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [min, max, code] = words[..] else {
        return Err(format!(
            "“{line}”: write the smallest and the largest amount and the currency, such as 10.00 5000.00 EUR."
        ));
    };
    let asset = asset(code)?;
    let (min, max) = (money(min, asset)?, money(max, asset)?);
    if min.exceeds(max) {
        return Err(format!("“{line}”: the smallest amount is larger than the largest."));
    }
    Ok((Limit { min, max }, asset))
}

fn asset(code: &str) -> Result<Asset, String> {
    Asset::from_code(&code.to_ascii_uppercase()).ok_or_else(|| format!("“{code}” is no currency."))
}

fn money(text: &str, asset: Asset) -> Result<Money, String> {
    Money::parse_or_zero(text, asset).map_err(|error| format!("“{text}” {error}."))
}

#[cfg(test)]
mod tests {
    use super::{RulesForm, WithdrawalRules};
    use florin_engine::directory::{ClosedLoop, OverdraftDev};
    use florin_kernel::Timestamp;

    fn form() -> RulesForm {
        RulesForm {
            limits: "10.00 5000.00 EUR\n\n5 900 jpy".to_owned(),
            four_eyes: "1000 EUR".to_owned(),
            approval_days: "7".to_owned(),
            is_portal_only: true,
            is_closed_loop: true,
            is_unlimited: false,
            overdraft_dev: "0 EUR".to_owned(),
            overdraft_live: String::new(),
            faults: Vec::new(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    /// What is read is what is shown again, and a closed loop keeps its beginning.
    #[test]
    fn rules_are_read_and_shown() {
        let rules = form().parse(&WithdrawalRules::default(), at(1_800_000_000)).expect("they can be used");
        assert_eq!(rules.closed_loop, ClosedLoop::ByMethod { since: at(1_800_000_000) });
        assert_eq!(rules.approval_days, Some(7));
        let shown = RulesForm::of(&rules);
        assert_eq!(shown.limits, "10.00 5000.00 EUR\n5 900 JPY");
        assert_eq!((shown.four_eyes.as_str(), shown.overdraft_dev.as_str()), ("1000.00 EUR", "0.00 EUR"));
        let again = shown.parse(&rules, at(1_900_000_000)).expect("they can be used");
        assert_eq!(again, rules, "nothing changes, its beginning least of all");
        let off = RulesForm { is_closed_loop: false, is_unlimited: true, ..shown };
        let off = off.parse(&rules, at(1_900_000_000)).expect("they can be used");
        assert_eq!((off.closed_loop, off.overdraft_dev), (ClosedLoop::Off, OverdraftDev::Unlimited));
        assert_eq!(RulesForm::of(&WithdrawalRules::default()).parse(&rules, at(0)), Ok(WithdrawalRules::default()));
    }

    #[test]
    fn what_cannot_be_used_is_told_beside_its_field() {
        for (field, change, fault) in [
            ("limits", ("10 EUR", "", ""), "write the smallest"),
            ("limits", ("10 5 EUR", "", ""), "larger than the largest"),
            ("limits", ("1 5 EURO", "", ""), "no currency"),
            ("limits", ("1 5 EUR\n1 6 EUR", "", ""), "twice"),
            ("four_eyes", ("", "-5 EUR", ""), "plain decimal"),
            ("four_eyes", ("", "1.005 EUR", ""), "decimals"),
            ("four_eyes", ("", "5", ""), "such as 1000.00 EUR"),
            ("approval_days", ("", "", "0"), "from 1 to 90"),
            ("approval_days", ("", "", "91"), "from 1 to 90"),
            ("approval_days", ("", "", "soon"), "from 1 to 90"),
        ] {
            let (limits, four_eyes, days) = change;
            let form = RulesForm {
                limits: limits.to_owned(),
                four_eyes: four_eyes.to_owned(),
                approval_days: days.to_owned(),
                ..form()
            };
            let faults = form.parse(&WithdrawalRules::default(), at(0)).expect_err("it cannot be used");
            assert_eq!(faults.iter().map(|(field, _)| *field).collect::<Vec<_>>(), [field], "{change:?}");
            assert!(faults[0].1.contains(fault), "{}", faults[0].1);
        }
    }
}
