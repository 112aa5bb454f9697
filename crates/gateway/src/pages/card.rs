//! Reading a payer's form: the card and voucher fields, every problem at its field, and what may be shown again.

use florin_kernel::card::{Brand, Card, Cvc, Expiry, Pan, PanError, looks_like_a_number};

use super::sim::Action;
use super::words::Words;

#[cfg(test)]
mod tests;

/// Characters of a person's name, and of what is shown again.
const NAME_MAX: usize = 100;

/// A form as it was posted.
pub struct Submitted(Vec<(String, String)>);

/// An action that no button has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchButton;

/// The card form, with what is wrong. The number and the security code never come back in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CardFields {
    pub holder_name: String,
    pub exp_month: String,
    pub exp_year: String,
    pub holder_problem: Option<String>,
    pub number_problem: Option<String>,
    pub month_problem: Option<String>,
    pub year_problem: Option<String>,
    pub cvc_problem: Option<String>,
}

/// The voucher form, with what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VoucherField {
    pub code: String,
    pub problem: Option<String>,
}

/// No card number is shorter (ISO/IEC 7812).
const CARD_DIGITS_MIN: usize = 12;

impl Submitted {
    /// Reads a form-encoded body; the content type is not judged.
    pub fn read(body: &[u8]) -> Submitted {
        Submitted(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field without blanks at its ends; absent and empty are the same.
    pub fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// The button.
    ///
    /// # Errors
    /// [`NoSuchButton`].
    pub fn action(&self) -> Result<Option<Action>, NoSuchButton> {
        match self.field("action") {
            "" => Ok(None),
            "approve" => Ok(Some(Action::Approve)),
            "decline" => Ok(Some(Action::Decline)),
            "cancel" => Ok(Some(Action::Cancel)),
            "pending" => Ok(Some(Action::Pending)),
            _ => Err(NoSuchButton),
        }
    }

    /// The voucher's code, blanks and dashes dropped.
    pub fn voucher_code(&self) -> Option<String> {
        let given = self.0.iter().find(|(field, _)| field == "voucher_code");
        given.map(|(_, code)| code.chars().filter(|c| !matches!(c, ' ' | '-')).collect())
    }

    /// What may be shown again of a card form.
    pub fn kept(&self) -> CardFields {
        CardFields {
            holder_name: self.kept_text("holder_name"),
            exp_month: self.kept_text("exp_month"),
            exp_year: self.kept_text("exp_year"),
            ..CardFields::default()
        }
    }

    /// The voucher form as it was filled in.
    pub fn kept_voucher(&self) -> VoucherField {
        let code = self.field("voucher_code");
        // A code has as many digits as a card number, so only what most likely is one is dropped.
        let code = if looks_like_a_number(code) { String::new() } else { code.chars().take(40).collect() };
        VoucherField { code, problem: None }
    }

    /// A person's name, 2 to 100 characters.
    pub fn name(&self, field: &str) -> Option<String> {
        let name = self.field(field);
        let fits = (2..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        fits.then(|| name.to_owned())
    }

    /// What may be shown again of a field that holds no number: nothing of one with as many digits as a card number, because
    /// payers type that anywhere.
    pub fn kept_text(&self, field: &str) -> String {
        let text = self.field(field);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits >= CARD_DIGITS_MIN { String::new() } else { text.chars().take(NAME_MAX).collect() }
    }

    /// The card's number.
    ///
    /// # Errors
    /// How to mend it.
    pub fn pan(&self, words: &Words) -> Result<Pan, &'static str> {
        Pan::parse(self.field("card_number")).map_err(|error| match error {
            PanError::NotDigits => words.bad_digits,
            PanError::Length => words.bad_length,
            PanError::Luhn => words.bad_luhn,
        })
    }

    /// The card. Whether it has expired is not judged here.
    ///
    /// # Errors
    /// The form with every problem at its field.
    pub fn card(&self, words: &Words) -> Result<Card, Box<CardFields>> {
        let mut fields = self.kept();
        let holder = self.name("holder_name");
        if holder.is_none() {
            fields.holder_problem = Some(words.bad_holder.to_owned());
        }
        let pan = self.pan(words).map_err(|problem| fields.number_problem = Some(problem.to_owned())).ok();
        let brand = pan.as_ref().map_or(Brand::Other, Pan::brand);
        let cvc = Cvc::parse(self.field("cvc"), brand);
        if cvc.is_none() {
            fields.cvc_problem = Some(match brand {
                Brand::Amex => words.bad_cvc_front.to_owned(),
                _ => words.bad_cvc.to_owned(),
            });
        }
        let month = digits(self.field("exp_month"), 2).filter(|month| (1..=12).contains(month));
        if month.is_none() {
            fields.month_problem = Some(words.bad_month.to_owned());
        }
        let year = digits(self.field("exp_year"), 4).and_then(full_year);
        if year.is_none() {
            fields.year_problem = Some(words.bad_year.to_owned());
        }
        match (holder, pan, month, year, fields.is_clean()) {
            (Some(holder), Some(pan), Some(month), Some(year), true) => {
                let expiry = Expiry { month: month as u8, year };
                Ok(Card { holder, pan, cvc, expiry, cryptogram: None })
            }
            _ => Err(Box::new(fields)),
        }
    }
}

impl CardFields {
    fn is_clean(&self) -> bool {
        let problems =
            [&self.holder_problem, &self.number_problem, &self.month_problem, &self.year_problem, &self.cvc_problem];
        problems.iter().all(|problem| problem.is_none())
    }

    /// Where the problem of a field is shown.
    pub fn problem_of(&mut self, field: &str) -> Option<&mut Option<String>> {
        match field {
            "holder_name" => Some(&mut self.holder_problem),
            "card_number" => Some(&mut self.number_problem),
            "exp_month" => Some(&mut self.month_problem),
            "exp_year" => Some(&mut self.year_problem),
            "cvc" => Some(&mut self.cvc_problem),
            _ => None,
        }
    }
}

impl VoucherField {
    /// Where the problem of a field is shown.
    pub fn problem_of(&mut self, field: &str) -> Option<&mut Option<String>> {
        (field == "voucher_code").then_some(&mut self.problem)
    }
}

fn digits(text: &str, length_max: usize) -> Option<u16> {
    let plain = (1..=length_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `25` is 2025.
fn full_year(year: u16) -> Option<u16> {
    match year {
        0..=99 => Some(2000 + year),
        2000..=2099 => Some(year),
        _ => None,
    }
}
