use super::{Fields, Offer, iban, read};
use crate::pages::card::Submitted;
use florin_kernel::payment::Mode;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};

fn offers() -> Vec<Offer> {
    let account = |(id, method)| ProviderAccount {
        id: ProviderId::new(id),
        code: String::new(),
        name: String::new(),
        driver: String::new(),
        method,
        merchant: None,
        modes: vec![Mode::Dev],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: None,
        conversion: None,
        settings: std::collections::BTreeMap::new(),
    };
    let methods = [(210, Method::Card), (211, Method::BankTransfer), (212, Method::EWallet), (213, Method::Voucher)];
    methods.map(account).iter().filter_map(|account| Offer::of(account, &Fields::default())).collect()
}

#[test]
fn ibans_are_checked() {
    for (text, good) in [
        ("GB33BUKB20201555555555", true),
        ("gb33 bukb 2020 1555 5555 55", true),
        ("DE89370400440532013000", true),
        ("GB34BUKB20201555555555", false),
        ("GB33BUKB2020155555555é", false),
        ("3333BUKB20201555555555", false),
        ("GB33", false),
        ("", false),
    ] {
        assert_eq!(iban(text).is_ok(), good, "{text}");
    }
}

#[test]
fn a_form_is_read_or_every_problem_named() {
    let check = |form: &str, expected: Result<(i64, &str, &str), &[&str]>| {
        let seen = read(&offers(), &Submitted::read(form.as_bytes()));
        match (seen, expected) {
            (Ok((provider, payee)), Ok(expected)) => {
                assert_eq!((provider.number(), payee.holder.as_str(), payee.number.expose()), expected, "{form}");
            }
            (Err(fields), Err(expected)) => {
                let names: Vec<&str> = fields.problems.iter().map(|(name, _)| *name).collect();
                assert_eq!(names, expected, "{form}");
            }
            (seen, expected) => panic!("{form}: {} and not {expected:?}", seen.is_ok()),
        }
    };
    check(
        "provider_id=210&holder_name=John+Doe&card_number=4111+1111+1111+1111",
        Ok((210, "John Doe", "4111111111111111")),
    );
    check("provider_id=210&card_number=4111111111111112", Err(&["holder_name", "card_number"]));
    check(
        "provider_id=211&account_holder=John&iban=GB33BUKB20201555555555",
        Ok((211, "John", "GB33BUKB20201555555555")),
    );
    check("provider_id=211&account_holder=J&iban=1", Err(&["account_holder", "iban"]));
    check("provider_id=212&wallet_id=w-1", Ok((212, "", "w-1")));
    check("provider_id=212&wallet_id=a+b", Err(&["wallet_id"]));
    check("provider_id=213&wallet_id=w-1", Err(&[]));
    check("wallet_id=w-1", Err(&[]));
}

#[test]
fn names_come_back_and_numbers_do_not() {
    let form = Submitted::read(b"provider_id=211&account_holder=John+Doe&iban=GB34BUKB20201555555555");
    let fields = read(&offers(), &form).map(|_| ()).expect_err("a wrong IBAN");
    let account = offers();
    assert_eq!((account.len(), fields.provider, fields.holder.as_str()), (3, Some(211), "John Doe"));
    assert!(fields.problems.iter().all(|(_, text)| !text.contains("GB34")));
}
