//! Which of a member's terminals takes a payment (contract, sections 2 and 7).

use florin_kernel::Asset;

use super::brands::Mode;
use super::settings::Terminal;

/// What is to be paid, as far as terminals differ by it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The terminal that was named.
    pub terminal_id: Option<&'a str>,
    /// The currency.
    pub currency: Asset,
    /// How it is paid.
    pub mode: Mode,
    /// The brand's name.
    pub brand: &'a str,
}

/// The terminal that fits, the default one first, and the brand as we write it.
pub fn find<'t>(terminals: &'t [Terminal], wanted: Wanted<'_>) -> Option<(&'t Terminal, String)> {
    let fitting = |terminal: &'t Terminal| Some((terminal, fits(terminal, wanted)?));
    let default = terminals.iter().filter(|terminal| terminal.default).find_map(fitting);
    default.or_else(|| terminals.iter().find_map(fitting))
}

/// The brand as a terminal writes it, if it takes the payment.
fn fits(terminal: &Terminal, wanted: Wanted<'_>) -> Option<String> {
    let named = wanted.terminal_id.is_none_or(|id| id == terminal.terminal_id);
    let currency = terminal.currencies.is_empty() || terminal.currencies.contains(&wanted.currency);
    let mode = terminal.modes.is_empty() || terminal.modes.contains(&wanted.mode);
    if terminal.disabled || !named || !currency || !mode {
        return None;
    }
    match wanted.mode {
        Mode::Cc => terminal.takes_cards_of(wanted.brand).then(|| wanted.brand.to_owned()),
        Mode::Ew => Mode::Ew.brand(wanted.brand, &terminal.wallets),
        Mode::Nb => Mode::Nb.brand(wanted.brand, &terminal.banks),
    }
}

#[cfg(test)]
mod tests {
    use florin_kernel::Asset;

    use super::{Mode, Terminal, Wanted, find};

    #[test]
    fn the_default_one_is_taken_where_it_fits() {
        let euro = Asset::currency("EUR").expect("a currency");
        let terminal = |id: &str| Terminal { terminal_id: id.to_owned(), ..Terminal::default() };
        let terminals = [
            Terminal { currencies: vec![euro], ..terminal("1") },
            Terminal { default: true, modes: vec![Mode::Cc], ..terminal("2") },
            Terminal { wallets: vec!["PAYPAL".to_owned()], ..terminal("3") },
            Terminal { disabled: true, ..terminal("4") },
        ];
        let check = |id: Option<&str>, currency: &str, mode: Mode, brand: &str, expected: Option<(&str, &str)>| {
            let currency = Asset::currency(currency).expect("a currency");
            let found = find(&terminals, Wanted { terminal_id: id, currency, mode, brand });
            let found = found.as_ref().map(|(terminal, brand)| (terminal.terminal_id.as_str(), brand.as_str()));
            assert_eq!(found, expected, "{id:?} {currency} {brand}");
        };
        check(None, "EUR", Mode::Cc, "VISA", Some(("2", "VISA")));
        check(None, "EUR", Mode::Nb, "sepa", Some(("1", "SEPA")));
        check(None, "USD", Mode::Nb, "bank transfer", Some(("3", "Bank Transfer")));
        check(None, "USD", Mode::Ew, "paypal", Some(("3", "PAYPAL")));
        check(None, "USD", Mode::Ew, "NOSUCH", None);
        check(Some("1"), "USD", Mode::Cc, "VISA", None);
        check(Some("4"), "EUR", Mode::Cc, "VISA", None);
        check(Some("9"), "EUR", Mode::Cc, "VISA", None);
    }
}
