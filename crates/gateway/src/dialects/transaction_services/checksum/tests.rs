use florin_kernel::secret::Secret;
use florin_kernel::{Asset, Money};

use super::{
    CAPTURE, CARDS, CHECKOUT, DELETION, Formula, INQUIRY, INVOICE, INVOICE_AGAIN, INVOICE_LIST, INVOICE_ORDER, LINK,
    LIST, PAYMENT, PAYOUT, REGISTRATION, REPEAT, REVERSAL, SIGN_UP, TOKEN_PAYMENT, Values, ours,
};

const KEY: &str = "Kq7vT2mXw9ZrB4cN8pLs6dHf3gJy1aEu";
const TOKEN: &str = "kGuadVKOymeTYkuAYoxon2vKUzu88Po1";

fn verify(formula: Formula, path: &str, fields: &[(&str, &str)], given: &str) -> bool {
    let keys = [Secret::new("the newer one".to_owned()), Secret::new(KEY.to_owned())];
    let partner_keys = [Secret::new("p".to_owned())];
    let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let partner = Some(("195", &partner_keys[..]));
    Values { member: "11344", keys: &keys, partner, path, field: &field }.verify(formula, given)
}

/// The contract's vectors, one a row of its table.
#[test]
fn every_vector_of_the_contract_verifies() {
    let check = |formula: Formula, path: &str, fields: &[(&str, &str)], vector: &str| {
        assert!(verify(formula, path, fields, vector), "{path} {fields:?}");
        assert!(verify(formula, path, fields, &vector.to_uppercase()), "letter case is ignored: {fields:?}");
        let last = if vector.ends_with('0') { '1' } else { '0' };
        assert!(!verify(formula, path, fields, &format!("{}{last}", &vector[..31])), "one digit is wrong: {fields:?}");
    };
    let (reference, amount) = (("merchantTransactionId", "ORDER-1001"), ("amount", "50.00"));
    let back = ("merchantRedirectUrl", "https://shop.example/return");
    check(PAYMENT, "", &[reference, amount], "e49bedda4ba5e8669b4866080953e23e");
    check(CAPTURE, "54289", &[amount], "1a7d6ac847ebeedd7a6f56a2ada53b8e");
    check(REVERSAL, "54289", &[], "72f918ea8e660514df360bf12ac035c8");
    check(INQUIRY, "54289", &[], "72f918ea8e660514df360bf12ac035c8");
    check(INQUIRY, "", &[("paymentId", "54289")], "72f918ea8e660514df360bf12ac035c8");
    check(INQUIRY, "", &[reference], "e1fefcd634a961f234f062061e9c2c2a");
    check(INQUIRY, "ORDER-1001", &[], "e1fefcd634a961f234f062061e9c2c2a");
    check(REPEAT, "54289", &[amount], "1a7d6ac847ebeedd7a6f56a2ada53b8e");
    check(REPEAT, "54289", &[reference, amount], "e49bedda4ba5e8669b4866080953e23e");
    check(REGISTRATION, "", &[("card.number", "4000000000000051")], "a7d2bed832f1302e4f19d8d9b70f5709");
    check(TOKEN_PAYMENT, TOKEN, &[amount], "7b22c81365a3041e5ddd520e369714dc");
    check(DELETION, TOKEN, &[], "a00b693e7b73f2b41a9d6e3a2c219ede");
    check(LIST, "", &[], "10e34279fa7ef1da816a8f4c521c6ea1");
    check(CARDS, "", &[], "10e34279fa7ef1da816a8f4c521c6ea1");
    let person =
        [("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("customer.email", "jon.doe@example.com")];
    check(SIGN_UP, "", &person, "b2c68caa1a25bb0cf1a71eef800dcda8");
    check(
        PAYOUT,
        "",
        &[("merchantTransactionId", "PAYOUT-7"), ("amount", "25.00")],
        "d3e7810be74f8d963b92da34a8ec80af",
    );
    check(CHECKOUT, "", &[("totype", "florin"), amount, reference, back], "738d6048ea6711d3dd5c23f941f6780e");
    check(INVOICE, "", &[("merchantInvoiceId", "1001"), amount, back], "1afae06edb639c527bc0245d511bc5c1");
    check(INVOICE_AGAIN, "", &[("invoiceId", "1746"), back], "bc0769302a27774562a5a510bb770487");
    check(INVOICE_ORDER, "", &[("merchantInvoiceId", "1001")], "d882959cb42b7ad440337229f861f307");
    check(INVOICE_LIST, "", &[], "10e34279fa7ef1da816a8f4c521c6ea1");
    check(
        LINK,
        "",
        &[("merchant.orderID", "LINK-5"), ("merchant.amount", "20.00")],
        "d0ad4d4cb1b3cdd00620ebe0770bc61b",
    );
}

/// The strings that the contract takes beside the first of each row, written out; `k` is the member's key.
#[test]
fn every_other_string_of_the_contract_verifies() {
    let check = |formula: Formula, path: &str, fields: &[(&str, &str)], hashed: &str| {
        let vector =
            |text: &str| super::hex(&<md5::Md5 as md5::Digest>::digest(text.replace("|k", &format!("|{KEY}"))));
        assert!(verify(formula, path, fields, &vector(hashed)), "{hashed}");
        assert!(!verify(formula, path, fields, &vector(&format!("{hashed}|more"))), "{hashed} and more");
    };
    let (reference, amount) = (("merchantTransactionId", "ORDER-1001"), ("amount", "50.00"));
    let id = ("paymentId", "54289");
    check(CAPTURE, "PATH", &[id, amount], "11344|k|54289|50.00");
    check(CAPTURE, "PATH", &[id, amount], "11344|k|PATH|50.00");
    check(REVERSAL, "PATH", &[id], "11344|k|PATH");
    check(REVERSAL, "PATH", &[id, amount], "11344|k|54289");
    check(REVERSAL, "PATH", &[id, amount], "11344|k|54289|50.00");
    check(REVERSAL, "PATH", &[id, amount], "11344|k|PATH|50.00");
    check(INQUIRY, "PATH", &[id, amount], "11344|k|54289|50.00");
    check(INQUIRY, "PATH", &[reference, amount], "11344|k|ORDER-1001|50.00");
    check(INQUIRY, "PATH", &[reference], "11344|k|PATH");
    check(REPEAT, "PATH", &[id, amount], "11344|k|PATH|50.00");
    let account = [("bankAccount.iban", "IBAN"), ("bankAccount.bic", "BIC"), ("bankAccount.accountNumber", "7")];
    for hashed in ["11344|k|IBAN", "11344|k|BIC", "11344|k|7", "11344|k"] {
        check(REGISTRATION, "", &account, hashed);
    }
    check(TOKEN_PAYMENT, TOKEN, &[reference, amount], "11344|k|ORDER-1001|50.00");
    check(CARDS, "", &[], "195|p");
    let person = [("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("customer.email", "j@example.com")];
    check(SIGN_UP, "", &person, "195|p|Jon|Doe|j@example.com");
    check(SIGN_UP, "", &person, "11344|k");
    check(INVOICE_ORDER, "", &[("invoiceId", "1746")], "11344|k|1746");
    check(INVOICE_LIST, "", &[("merchantRedirectUrl", "https://shop.example/")], "11344|k|https://shop.example/");
    // What is optional and was not sent is hashed as nothing.
    check(INVOICE, "", &[("merchantInvoiceId", "1001"), amount], "11344|k|1001|50.00|");
    check(TOKEN_PAYMENT, TOKEN, &[amount], "11344|k||50.00");
}

#[test]
fn what_we_sign_is_the_contracts() {
    let amount = Money::new(5000, Asset::currency("USD").expect("a currency"));
    let check = |status: &str, expected: &str| assert_eq!(ours(KEY, "54289", "ORDER-1001", amount, status), expected);
    check("Y", "8446a377386e5a2aa38e33274ff118ca");
    check("N", "93786c731ddc1c5cc2ba27315f6eb35d");
    check("C", "ac2b1ddd82366ca12f945bea6d392851");
    check("reversed", "377873d255a6ac2e6d46a2069eeee0db");
    check("capturesuccess", "a512f2c30c6d87b54223da7a3aae9bc7");
}

#[test]
fn an_amount_may_be_spelt_in_several_ways() {
    let fields = |amount| [("merchantTransactionId", "ORDER-1001"), ("amount", amount)];
    for amount in ["50", "50.0", "50.00", "050.000"] {
        assert!(verify(PAYMENT, "", &fields(amount), "e49bedda4ba5e8669b4866080953e23e"), "{amount}");
    }
    assert!(!verify(PAYMENT, "", &fields("50.01"), "e49bedda4ba5e8669b4866080953e23e"));
    // With the currency's own decimals: the digest of 1000 yen.
    let yen = [("merchantTransactionId", "A"), ("amount", "1000.00"), ("currency", "JPY")];
    let given = super::hex(&<md5::Md5 as md5::Digest>::digest(format!("11344|{KEY}|A|1000")));
    assert!(verify(PAYMENT, "", &yen, &given));
}

#[test]
fn a_url_may_be_encoded_once() {
    let fields = [
        ("totype", "florin"),
        ("amount", "50.00"),
        ("merchantTransactionId", "ORDER-1001"),
        ("merchantRedirectUrl", "https%3A%2F%2Fshop.example%2Freturn"),
    ];
    assert!(verify(CHECKOUT, "", &fields, "738d6048ea6711d3dd5c23f941f6780e"));
}

#[test]
fn nothing_verifies_without_a_key() {
    let field = |_: &str| None;
    let values = Values { member: "11344", keys: &[], partner: None, path: "", field: &field };
    for formula in [LIST, CARDS, PAYMENT] {
        assert!(!values.verify(formula, "10e34279fa7ef1da816a8f4c521c6ea1"));
        assert!(!values.verify(formula, ""));
    }
}
