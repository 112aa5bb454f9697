//! What payers' pages say, in the payer's language. A language is one file; the compiler lists what a new one lacks.

use axum::http::{HeaderMap, header};
use florin_kernel::card::CardSummary;
use florin_kernel::payment::Means;
use florin_kernel::routing::Method;
use florin_kernel::withdrawal::Destination;
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;

mod de;
mod en;
mod es;
mod fr;
#[cfg(test)]
mod tests;

/// The words of one language. Braces name what is filled in.
#[allow(missing_docs)]
pub struct Words {
    /// Its tag.
    pub lang: &'static str,
    /// Between thousands.
    pub group: &'static str,
    /// Before decimals.
    pub decimal: &'static str,
    /// How a moment is written.
    pub moment: &'static str,
    /// In place of a merchant without a name.
    pub shop: &'static str,
    pub test_mode: &'static str,
    pub test_mode_text: &'static str,
    /// With `{amount}`, `{merchant}` to fill in.
    pub title: &'static str,
    /// With `{merchant}` to fill in.
    pub to: &'static str,
    pub choose: &'static str,
    pub card: &'static str,
    pub bank_transfer: &'static str,
    pub e_wallet: &'static str,
    pub voucher: &'static str,
    pub crypto: &'static str,
    /// With `{provider}` to fill in.
    pub continue_at: &'static str,
    pub amount: &'static str,
    /// With `{min}`, `{max}` to fill in.
    pub amount_between: &'static str,
    pub holder_name: &'static str,
    pub card_number: &'static str,
    pub exp_month: &'static str,
    pub exp_year: &'static str,
    pub cvc: &'static str,
    pub voucher_code: &'static str,
    pub voucher_hint: &'static str,
    /// With `{amount}` to fill in.
    pub pay: &'static str,
    pub pay_open: &'static str,
    pub cancel: &'static str,
    /// With `{merchant}` to fill in.
    pub will_return: &'static str,
    /// With `{time}` to fill in.
    /// With `{coin}`.
    pub pay_in_coins: &'static str,
    pub coins_not_now: &'static str,
    pub time_left: &'static str,
    /// With `{count}` to fill in.
    pub minutes: &'static str,
    pub minute: &'static str,
    pub no_minute: &'static str,
    pub not_paid: &'static str,
    pub try_again: &'static str,
    pub no_general: &'static str,
    pub no_funds: &'static str,
    pub no_expired_card: &'static str,
    pub no_cvc: &'static str,
    pub no_authentication: &'static str,
    pub no_limit: &'static str,
    pub no_voucher: &'static str,
    pub no_cancelled: &'static str,
    pub no_time: &'static str,
    pub no_provider: &'static str,
    pub check_fields: &'static str,
    pub out_of_date: &'static str,
    pub choose_one: &'static str,
    /// With `{example}` to fill in.
    pub bad_amount: &'static str,
    /// With `{min}`, `{max}` to fill in.
    pub bad_bounds: &'static str,
    pub not_for_amount: &'static str,
    pub card_not_taken: &'static str,
    pub bad_holder: &'static str,
    pub bad_digits: &'static str,
    pub bad_length: &'static str,
    pub bad_luhn: &'static str,
    pub bad_cvc: &'static str,
    pub bad_cvc_front: &'static str,
    pub bad_month: &'static str,
    pub bad_year: &'static str,
    pub bad_expiry: &'static str,
    /// With `{merchant}` to fill in.
    pub not_taken: &'static str,
    pub card_brand: &'static str,
    pub save_card: &'static str,
    pub your_card: &'static str,
    pub verify_card: &'static str,
    /// With `{merchant}` to fill in.
    pub keeps_card: &'static str,
    pub another_card: &'static str,
    /// With `{date}` to fill in.
    pub valid_until: &'static str,
    pub stored_gone: &'static str,
    pub card_refused: &'static str,
    pub bad_voucher: &'static str,
    pub open_heading: &'static str,
    /// With `{provider}` to fill in.
    pub open_text: &'static str,
    pub go_on: &'static str,
    pub check_again: &'static str,
    /// With `{merchant}` to fill in.
    pub return_to: &'static str,
    pub close: &'static str,
    /// With `{merchant}` to fill in.
    pub keep_number: &'static str,
    /// With `{merchant}` to fill in.
    pub is_told: &'static str,
    pub fact_refunded: &'static str,
    pub fact_paid_with: &'static str,
    pub fact_tried_with: &'static str,
    pub fact_date: &'static str,
    pub fact_order: &'static str,
    pub fact_transaction: &'static str,
    /// With `{brand}`, `{digits}` to fill in.
    pub ending_in: &'static str,
    pub waiting_word: &'static str,
    pub waiting_heading: &'static str,
    pub waiting_text: &'static str,
    pub reserved_word: &'static str,
    pub reserved_heading: &'static str,
    pub reserved_text: &'static str,
    pub paid_word: &'static str,
    pub saved_word: &'static str,
    pub saved_heading: &'static str,
    pub saved_text: &'static str,
    pub verified_word: &'static str,
    pub verified_heading: &'static str,
    pub part_paid_heading: &'static str,
    pub part_paid_text: &'static str,
    pub paid_heading: &'static str,
    pub paid_text: &'static str,
    pub part_refunded_word: &'static str,
    pub part_refunded_heading: &'static str,
    pub refunded_text: &'static str,
    pub refunded_word: &'static str,
    pub refunded_heading: &'static str,
    pub charged_back_word: &'static str,
    pub charged_back_heading: &'static str,
    pub charged_back_text: &'static str,
    pub declined_word: &'static str,
    pub declined_heading: &'static str,
    pub declined_text: &'static str,
    pub failed_word: &'static str,
    pub failed_heading: &'static str,
    pub failed_text: &'static str,
    pub cancelled_word: &'static str,
    pub cancelled_heading: &'static str,
    pub nothing_charged: &'static str,
    pub expired_word: &'static str,
    pub expired_heading: &'static str,
    pub expired_text: &'static str,
    pub released_word: &'static str,
    pub released_heading: &'static str,
    pub over_word: &'static str,
    pub over_heading: &'static str,
    pub over_text: &'static str,
    pub blocked_word: &'static str,
    pub blocked_heading: &'static str,
    pub blocked_text: &'static str,
    pub none_word: &'static str,
    pub none_heading: &'static str,
    pub none_text: &'static str,
    pub withdrawal: WithdrawalWords,
    /// What only the pages of invoices and pay links say.
    pub invoice: InvoiceWords,
}

/// What only the pages of invoices and pay links say.
#[allow(missing_docs)]
pub struct InvoiceWords {
    pub about: &'static str,
    pub number: &'static str,
    pub what_for: &'static str,
    pub pay_by: &'static str,
    pub cancelled_heading: &'static str,
    pub cancelled_text: &'static str,
    pub expired_text: &'static str,
    pub questions: &'static str,
}

/// What only a withdrawal's pages say.
#[allow(missing_docs)]
pub struct WithdrawalWords {
    /// With `{amount}`, `{merchant}` to fill in.
    pub title: &'static str,
    /// With `{merchant}` to fill in.
    pub from: &'static str,
    pub choose: &'static str,
    /// With `{amount}` to fill in.
    pub withdraw: &'static str,
    pub cancel: &'static str,
    pub bank_account: &'static str,
    pub account_holder: &'static str,
    pub iban: &'static str,
    pub wallet_id: &'static str,
    pub out_of_date: &'static str,
    pub choose_one: &'static str,
    pub not_offered: &'static str,
    pub no_balance: &'static str,
    pub bad_account_holder: &'static str,
    pub bad_iban: &'static str,
    pub bad_wallet: &'static str,
    /// With `{merchant}` to fill in.
    pub is_told: &'static str,
    pub fact_returned: &'static str,
    pub fact_payout_to: &'static str,
    pub checked_heading: &'static str,
    pub checked_text: &'static str,
    pub sent_heading: &'static str,
    pub sent_text: &'static str,
    pub paid_word: &'static str,
    pub paid_heading: &'static str,
    pub paid_text: &'static str,
    pub returned_word: &'static str,
    pub returned_heading: &'static str,
    pub returned_text: &'static str,
    pub declined_heading: &'static str,
    pub declined_text: &'static str,
    pub failed_heading: &'static str,
    pub failed_text: &'static str,
    pub rejected_word: &'static str,
    pub rejected_heading: &'static str,
    pub cancelled_heading: &'static str,
    pub expired_heading: &'static str,
    pub nothing_paid: &'static str,
    pub blocked_heading: &'static str,
    pub blocked_text: &'static str,
    pub none_heading: &'static str,
    pub none_text: &'static str,
}

/// Every language; the first is spoken where none fits.
static LANGUAGES: [&Words; 4] = [&en::WORDS, &de::WORDS, &es::WORDS, &fr::WORDS];

/// The words for a page: of the language asked for, else of the browser's, else English.
pub fn of(locale: &str, headers: &HeaderMap) -> &'static Words {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    find(locale).or_else(|| preferred(accepted)).unwrap_or(LANGUAGES[0])
}

/// English, for pages that know no payment.
pub fn english() -> &'static Words {
    LANGUAGES[0]
}

/// A language by its tag; `de-AT` is `de`.
fn find(tag: &str) -> Option<&'static Words> {
    let base = tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    LANGUAGES.iter().copied().find(|words| words.lang == base)
}

/// The first language we have of an `Accept-Language`, by weight.
fn preferred(accepted: &str) -> Option<&'static Words> {
    let weighted = accepted.split(',').take(20).filter_map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let words = find(parts.next()?)?;
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        Some((weight.parse::<f32>().ok().filter(|weight| *weight > 0.0)?, words))
    });
    // Of equal weights the first counts.
    weighted.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, words)| words)
}

/// A text with its braces filled in.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    // In one pass: a value that holds braces itself, such as a merchant's name, is not filled in again.
    while let Some((before, name, after)) =
        rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

impl Words {
    /// `1,234,567.89`.
    pub fn number(&self, money: Money) -> String {
        let decimal = money.decimal();
        let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
        let mut number = String::from(sign);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                number.push_str(self.group);
            }
            number.push(digit);
        }
        if !fraction.is_empty() {
            number.push_str(self.decimal);
            number.push_str(fraction);
        }
        number
    }

    /// `1,234,567.89 EUR`.
    pub fn money(&self, money: Money) -> String {
        format!("{} {}", self.number(money), money.asset())
    }

    /// An amount as a payer may write it into a field: no grouping.
    pub fn writable(&self, money: Money) -> String {
        money.decimal().replace('.', self.decimal)
    }

    /// `5 Jul 2024, 11:53 UTC`.
    pub fn moment(&self, at: Timestamp) -> String {
        at.strftime(self.moment).to_string()
    }

    /// `14 minutes`, rounded down, so that nobody is promised more than there is.
    pub fn duration(&self, left: SignedDuration) -> String {
        match left.as_mins() {
            ..1 => self.no_minute.to_owned(),
            1 => self.minute.to_owned(),
            minutes => fill(self.minutes, &[("count", &minutes.to_string())]),
        }
    }

    /// A method's name.
    pub fn method(&self, method: Method) -> &'static str {
        match method {
            Method::Card => self.card,
            Method::BankTransfer => self.bank_transfer,
            Method::EWallet => self.e_wallet,
            Method::Voucher => self.voucher,
            Method::Crypto => self.crypto,
        }
    }

    /// `Bank account ending in 5555`; without the end where too little is known of it.
    pub fn destination(&self, destination: &Destination) -> String {
        let name = match destination.method {
            Method::BankTransfer => self.withdrawal.bank_account,
            Method::Card | Method::EWallet | Method::Voucher | Method::Crypto => self.method(destination.method),
        };
        match destination.shown.trim_start_matches('…') {
            "" => name.to_owned(),
            digits => fill(self.ending_in, &[("brand", name), ("digits", digits)]),
        }
    }

    /// `Visa ending in 1111`; for other means their name.
    pub fn means(&self, means: &Means) -> String {
        match &means.card {
            Some(card) => self.card_ending(card),
            None => self.method(means.method).to_owned(),
        }
    }

    /// `Visa ending in 1111`
    pub fn card_ending(&self, card: &CardSummary) -> String {
        let brand = card.brand.name().unwrap_or(self.card);
        fill(self.ending_in, &[("brand", brand), ("digits", &card.last4)])
    }
}
