//! Amounts and times as people read them.

use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Means, Payment};
use florin_kernel::routing::Method;
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;

/// `1,234,567.89 EUR`.
pub fn amount(money: Money) -> String {
    let decimal = money.decimal();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        "" => format!("{grouped} {}", money.asset()),
        fraction => format!("{grouped}.{fraction} {}", money.asset()),
    }
}

/// `5 Jul 2024, 11:53 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// `11:53 UTC`.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// `14 minutes`, rounded down, so that nobody is promised more than there is.
pub fn duration(left: SignedDuration) -> String {
    match left.as_mins() {
        ..1 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// `Visa ending in 1111`; for other means their name.
pub fn means(means: &Means) -> String {
    match &means.card {
        Some(found) => card(found),
        None => method(means.method).to_owned(),
    }
}

/// What the payer paid with, as far as it is known.
pub fn paid_with(payment: &Payment) -> Option<String> {
    payment.last_attempt().and_then(|attempt| attempt.means.as_ref()).map(means)
}

/// `Visa ending in 1111`.
pub fn card(card: &CardSummary) -> String {
    let brand = card.brand.name().unwrap_or("Card");
    format!("{brand} ending in {}", card.last4)
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Card => "Card",
        Method::BankTransfer => "Bank transfer",
        Method::EWallet => "E-wallet",
        Method::Voucher => "Voucher",
        Method::Crypto => "Coins",
    }
}

#[cfg(test)]
mod tests {
    use super::{amount, duration};
    use florin_kernel::{Asset, Money};
    use jiff::SignedDuration;

    #[test]
    fn amounts_are_grouped_and_keep_their_decimals() {
        let check = |code: &str, minor: i64, shown: &str| {
            assert_eq!(amount(Money::new(minor, Asset::currency(code).expect("a currency"))), shown);
        };
        check("EUR", 1_005, "10.05 EUR");
        check("EUR", 123_456_789, "1,234,567.89 EUR");
        check("EUR", 5, "0.05 EUR");
        check("EUR", -123_456, "-1,234.56 EUR");
        check("JPY", 100_000, "100,000 JPY");
        check("KWD", 999, "0.999 KWD");
    }

    #[test]
    fn time_left_is_never_promised_too_long() {
        assert_eq!(duration(SignedDuration::from_secs(59)), "less than a minute");
        assert_eq!(duration(SignedDuration::from_secs(119)), "1 minute");
        assert_eq!(duration(SignedDuration::from_secs(900)), "15 minutes");
    }
}
