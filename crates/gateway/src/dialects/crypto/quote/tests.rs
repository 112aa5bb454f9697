use florin_kernel::Asset;
use florin_kernel::fx::Rate;

use super::{amount, from_euro, new_uuid};

#[test]
fn amounts_are_read_as_old_clients_write_them() {
    let (eur, jpy) = (Asset::currency("EUR").expect("a currency"), Asset::currency("JPY").expect("a currency"));
    let read = |text: &str, fiat| amount("invoice_amount", text, fiat).map(|money| money.decimal()).ok();
    for (text, read_as) in [
        ("48.25", Some("48.25")),
        ("48.2", Some("48.20")),
        ("1,234.00", Some("1234.00")),
        ("1,234,567.89", Some("1234567.89")),
        ("1,234", None),
        ("1,23.00", None),
        ("1,234.0", None),
        ("48,25", None),
        ("48.255", None),
        ("0", None),
        ("-1", None),
    ] {
        assert_eq!(read(text, eur).as_deref(), read_as, "{text}");
    }
    assert_eq!(read("4825", jpy).as_deref(), Some("4825"));
    assert_eq!(read("4,825", jpy), None);
}

#[test]
fn limits_in_euro_are_turned_by_what_a_coin_costs() {
    let usd = Asset::currency("USD").expect("a currency");
    let (mid, in_euro) = (Rate::parse("66439.5060").expect("a rate"), Rate::parse("61234.5678").expect("a rate"));
    assert_eq!(from_euro(10_000, mid, in_euro, usd).decimal(), "108.50");
}

#[test]
fn ids_are_uuids() {
    let id = new_uuid();
    let shape: String = id.chars().map(|character| if character == '-' { '-' } else { 'x' }).collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    assert_eq!(&id[14..15], "4");
}
