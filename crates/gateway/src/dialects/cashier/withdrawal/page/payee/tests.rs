use super::{Offer, Shown, iban, read};
use crate::pages::card::Submitted;
use crate::pages::words;
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
        secrets: Default::default(),
    };
    let methods = [(210, Method::Card), (211, Method::BankTransfer), (212, Method::EWallet), (213, Method::Voucher)];
    methods.map(account).iter().filter_map(Offer::of).collect()
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
        assert_eq!(iban(text).is_some(), good, "{text}");
    }
}

fn fill_in(form: &str) -> Result<(i64, String, String), Box<Shown>> {
    let (provider, payee) = read(&offers(), &Submitted::read(form.as_bytes()), words::english())?;
    Ok((provider.number(), payee.holder, payee.number.expose().to_owned()))
}

fn faulty(shown: &Shown) -> Vec<&'static str> {
    let all = [
        ("holder_name", shown.holder_problem),
        ("card_number", shown.card_problem),
        ("account_holder", shown.account_holder_problem),
        ("iban", shown.iban_problem),
        ("wallet_id", shown.wallet_problem),
    ];
    all.into_iter().filter(|(_, problem)| problem.is_some()).map(|(name, _)| name).collect()
}

#[test]
fn a_form_is_read_or_every_problem_named() {
    let good = |form: &str, provider: i64, holder: &str, number: &str| {
        let read = fill_in(form).unwrap_or_else(|shown| panic!("{form}: {shown:?}"));
        assert_eq!(read, (provider, holder.to_owned(), number.to_owned()), "{form}");
    };
    let bad = |form: &str, expected: &[&str]| {
        let shown = fill_in(form).expect_err(form);
        assert_eq!((faulty(&shown).as_slice(), shown.problem.is_some()), (expected, true), "{form}");
    };
    good("provider_id=210&holder_name=John+Doe&card_number=4111+1111+1111+1111", 210, "John Doe", "4111111111111111");
    bad("provider_id=210&card_number=4111111111111112", &["holder_name", "card_number"]);
    good("provider_id=211&account_holder=John&iban=GB33BUKB20201555555555", 211, "John", "GB33BUKB20201555555555");
    bad("provider_id=211&account_holder=J&iban=1", &["account_holder", "iban"]);
    bad("provider_id=211&account_holder=Jo%07hn&iban=GB33BUKB20201555555555", &["account_holder"]);
    good("provider_id=212&wallet_id=w-1", 212, "", "w-1");
    bad("provider_id=212&wallet_id=a+b", &["wallet_id"]);
    bad("provider_id=213&wallet_id=w-1", &[]);
    bad("wallet_id=w-1", &[]);
}

#[test]
fn names_come_back_and_numbers_do_not() {
    let form = "provider_id=211&account_holder=John+Doe&iban=GB34BUKB20201555555555";
    let shown = fill_in(form).expect_err("a wrong IBAN");
    assert_eq!((shown.chosen, shown.account_holder.as_str()), (Some(211), "John Doe"));
    let text = format!("{shown:?}");
    assert!(!text.contains("GB34") && !text.contains("5555"), "{text}");
}
