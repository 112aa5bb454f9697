//! Amounts and counts as figures: sums that may be below zero, short labels in charts, how one time compares with the one before.

use florin_kernel::{Asset, Money};

use crate::pages::text;

/// Letters of a small amount in a chart.
const SMALL_MAX: usize = 6;

/// `1,234.56 EUR` of minor units.
pub(super) fn amount(minor: i64, asset: Asset) -> String {
    text::amount(Money::new(minor, asset))
}

/// The same by an asset's code, as the book writes it.
pub(super) fn amount_of(minor: i64, code: &str) -> String {
    match Asset::from_code(code) {
        Some(asset) => amount(minor, asset),
        // The book has no other assets than ours; should one be gone, its bare number is true still.
        None => format!("{} minor units {code}", count(minor)),
    }
}

/// A sum that may be too large for one amount.
pub(super) fn sum(minor: i128, asset: Asset) -> String {
    match i64::try_from(minor) {
        Ok(minor) => amount(minor, asset),
        Err(_) => format!("{minor} minor units {asset}"),
    }
}

/// `10.05`, without the currency, for programs and exports.
pub(super) fn decimal(minor: i64, code: &str) -> String {
    match Asset::from_code(code) {
        Some(asset) => Money::new(minor, asset).decimal(),
        None => minor.to_string(),
    }
}

/// `1,234`.
pub(super) fn count(count: impl Into<i128>) -> String {
    let count = count.into();
    let digits = count.unsigned_abs().to_string();
    let mut grouped = String::from(if count < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A few letters for a chart: `1.2k`, `340`, `10.05`. The exact amount stands beside it.
pub(super) fn compact(minor: i64, asset: Asset) -> String {
    let decimal = Money::new(minor, asset).shortest();
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |digits| ("-", digits));
    let whole: u128 = digits.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0);
    for (unit, word) in [(1_000_u128, "k"), (1_000_000, "m"), (1_000_000_000, "bn"), (1_000_000_000_000, "tn")] {
        let tenths = (whole + unit / 20) / (unit / 10);
        match tenths {
            _ if whole < 1_000 => break,
            1_000..10_000 => return format!("{sign}{}{word}", (whole + unit / 2) / unit),
            ..1_000 => return format!("{sign}{}.{}{word}", tenths / 10, tenths % 10),
            10_000.. => {}
        }
    }
    match whole {
        100.. => format!("{sign}{whole}"),
        _ => format!("{sign}{}", digits.chars().take(SMALL_MAX).collect::<String>().trim_end_matches('.')),
    }
}

/// How a figure compares with the one before: `+12 %`, `-3 %`, `the same`; nothing where there was nothing before.
pub(super) fn change(now: i64, before: i64) -> String {
    if before == 0 {
        return String::new();
    }
    let (now, before) = (i128::from(now), i128::from(before));
    let permille = (now - before) * 1_000 / before.abs();
    match (permille + permille.signum() * 5) / 10 {
        0 if now == before => "the same".to_owned(),
        0 => "about the same".to_owned(),
        percent @ 1.. => format!("+{} %", count(percent)),
        percent @ ..0 => format!("\u{2212}{} %", count(-percent)),
    }
}

#[cfg(test)]
mod tests {
    use super::{change, compact, count, sum};
    use florin_kernel::Asset;

    fn eur() -> Asset {
        Asset::currency("EUR").expect("a currency")
    }

    #[test]
    fn labels_are_short() {
        for (minor, shown) in [
            (0, "0"),
            (5, "0.05"),
            (1_005, "10.05"),
            (99_999, "999"),
            (100_000, "1.0k"),
            (123_456, "1.2k"),
            (1_250_000, "12.5k"),
            (99_994_900, "1000k"),
            (99_999_900, "1.0m"),
            (12_345_678_900, "123m"),
            (123_456_789_000_000, "1.2tn"),
            (-123_456, "-1.2k"),
        ] {
            assert_eq!(compact(minor, eur()), shown, "{minor}");
        }
        let bitcoin = Asset::from_code("BTC").expect("a coin");
        assert_eq!(compact(1_234_567, bitcoin), "0.0123");
        assert_eq!(compact(100_000_000, bitcoin), "1");
    }

    #[test]
    fn figures_are_compared_with_the_time_before() {
        for (now, before, shown) in [
            (112, 100, "+12 %"),
            (97, 100, "\u{2212}3 %"),
            (100, 100, "the same"),
            (100_001, 100_000, "about the same"),
            (0, 50, "\u{2212}100 %"),
            (5, 0, ""),
            (0, 0, ""),
            (1_350, 100, "+1,250 %"),
            (1_005, 1_000, "+1 %"),
            (-50, -100, "+50 %"),
            (i64::MIN, i64::MAX, "\u{2212}200 %"),
        ] {
            assert_eq!(change(now, before), shown, "{now} {before}");
        }
    }

    #[test]
    fn counts_and_sums_are_grouped() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(count(number), shown);
        }
        assert_eq!(sum(-123_456, eur()), "-1,234.56 EUR");
        assert_eq!(sum(i128::from(i64::MAX) + 1, eur()), "9223372036854775808 minor units EUR");
    }
}
