//! The list: the contract's rows in both editions, byte for byte; ranges of days; conversion.

use florin_kernel::payment::{Approval, Decline, Outcome, Payment};
use jiff::civil::Date;

use super::super::errors::Problem;
use super::super::list::read;
use super::super::query::Query;
use super::super::rows::{Shown, write_with_ids};
use super::super::settings::{Edition, ListProviderId, ListUserId, Settings};
use super::{asked, card_simulator, eur, gbp_simulator, sent, told};

const NESTED: &str = concat!(
    r#"{"transaction":{"id":"g7xp8kudinz3tyi","date":"2024-07-05 11:53:25","type":"deposit","status":"pending","transaction_id":"g7xp8kudinz3tyi","#,
    r#""tracking_id":"fb832194-34e1-4e6c-8494-d88034cf3e47"},"#,
    r#""provider":{"provider":"gbp_simulator","provider_name":"Card Simulator (GBP)","provider_id":"sh7gv8knfxpktgh","amount":{"value":8.56,"currency":"GBP"},"#,
    r#""credited_amount":{"value":10,"currency":"EUR"},"fx":{"value":10,"currency":"EUR"}},"#,
    r#""customer":{"id":128,"first_name":"John","last_name":"Doe","dob":"1985-05-20","country":"US","tags":["Premium","Trusted"],"IP":"192.168.0.1"}}"#
);
const FLAT: &str = concat!(
    r#"{"transaction_id":"g7xp8kudinz3tyi","gateway_transaction_id":"sh7gv8knfxpktgh","provider_transaction_id":"9474883d-6c07-4205-8d89-d7ee0a6f3d7a","#,
    r#""transaction_type":"deposit","transaction_date":"2024-07-05 11:53:25","status":"rejected","payment_provider":"gbp_simulator","customer_id":128,"#,
    r#""amount":8.56,"currency":"GBP","user_amount":10,"user_currency":"EUR","fx_amount":0}"#
);

fn row(payment: &Payment, settings: &Settings) -> String {
    let mut out = Vec::new();
    let reference = if payment.operations.is_empty() { "" } else { "sh7gv8knfxpktgh" };
    write_with_ids(&mut out, &Shown::deposit(payment, settings), settings, "g7xp8kudinz3tyi", reference);
    String::from_utf8(out).expect("UTF-8")
}

fn flat() -> Settings {
    Settings { edition: Edition::Flat, ..Settings::default() }
}

/// Section 12, both samples.
#[test]
fn the_contracts_rows() {
    let pending = told(&sent(asked(eur("10")), gbp_simulator()), Outcome::Pending);
    assert_eq!(row(&pending, &Settings::default()), NESTED);
    let mut rejected = told(&pending, Outcome::Declined(Decline::Response("05".into())));
    rejected.operations[0].provider_id = "9474883d-6c07-4205-8d89-d7ee0a6f3d7a".into();
    assert_eq!(row(&rejected, &flat()), FLAT);
    let account = Settings { list_provider_id: ListProviderId::Account, ..Settings::default() };
    assert!(row(&pending, &account).contains(r#""provider_id":"216""#));
}

#[test]
fn what_is_not_known_is_empty() {
    let mut payment = asked(eur("10.05"));
    payment.details.payer = Default::default();
    payment.details.reference = String::new();
    let nested = concat!(
        r#"{"transaction":{"id":"g7xp8kudinz3tyi","date":"2024-07-05 11:53:25","type":"deposit","status":"pending","transaction_id":"g7xp8kudinz3tyi","tracking_id":""},"#,
        r#""provider":{"provider":"","provider_name":"","provider_id":"","amount":{"value":10.05,"currency":"EUR"},"#,
        r#""credited_amount":{"value":10.05,"currency":"EUR"},"fx":{"value":10.05,"currency":"EUR"}},"#,
        r#""customer":{"id":"","first_name":"","last_name":"","dob":"","country":"","tags":[],"IP":""}}"#
    );
    assert_eq!(row(&payment, &Settings::default()), nested);
    assert!(row(&payment, &flat()).contains(r#""gateway_transaction_id":"","provider_transaction_id":"","#));
}

/// Section 12, the vectors at 0.856.
#[test]
fn conversion() {
    let check = |amount: &str, expected: &str| {
        let paid = told(&sent(asked(eur(amount)), gbp_simulator()), Outcome::Approved(Approval::default()));
        assert!(row(&paid, &flat()).ends_with(expected), "{}", row(&paid, &flat()));
    };
    check("10.00", r#""amount":8.56,"currency":"GBP","user_amount":10,"user_currency":"EUR","fx_amount":0}"#);
    check("10.05", r#""amount":8.61,"currency":"GBP","user_amount":10.05,"user_currency":"EUR","fx_amount":0.01}"#);
    let paid = told(&sent(asked(eur("10.05")), gbp_simulator()), Outcome::Approved(Approval::default()));
    assert!(row(&paid, &Settings::default()).contains(r#""fx":{"value":10.06,"currency":"EUR"}"#));
    let same = told(&sent(asked(eur("10.50")), card_simulator()), Outcome::Approved(Approval::default()));
    assert!(
        row(&same, &flat())
            .ends_with(r#""amount":10.5,"currency":"EUR","user_amount":10.5,"user_currency":"EUR","fx_amount":0}"#)
    );
}

#[test]
fn customer_ids() {
    let check = |text: &str, shape, expected: &str| {
        let mut payment = asked(eur("10"));
        payment.details.payer.user_id = text.into();
        let settings = Settings { list_user_id: shape, ..flat() };
        let row = row(&payment, &settings);
        assert!(row.contains(&format!("\"customer_id\":{expected},")), "{row}");
    };
    check("128", ListUserId::Auto, "128");
    check("0", ListUserId::Auto, "0");
    check("999999999999999", ListUserId::Auto, "999999999999999");
    check("1000000000000000", ListUserId::Auto, "\"1000000000000000\"");
    check("0128", ListUserId::Auto, "\"0128\"");
    check("-5", ListUserId::Auto, "\"-5\"");
    check("1.5", ListUserId::Auto, "\"1.5\"");
    check("U\"1", ListUserId::Auto, "\"U\\\"1\"");
    check("128", ListUserId::String, "\"128\"");
}

#[test]
fn ranges_of_days() {
    let today: Date = "2024-07-05".parse().expect("a date");
    let range = |query: &str| {
        let wanted = read(&Query::read(Some(query)), today).map_err(|problem| match problem {
            Problem::Validation(errors) => {
                errors.into_iter().map(|error| error.field.into_owned()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{other:?}"),
        })?;
        Ok::<_, String>(format!("{} {}", wanted.from, wanted.to))
    };
    let check = |query: &str, expected: Result<&str, &str>| {
        assert_eq!(range(query), expected.map(str::to_owned).map_err(str::to_owned), "{query}");
    };
    check("", Ok("2024-07-05 2024-07-05"));
    check("from=&to=", Ok("2024-07-05 2024-07-05"));
    check("from=01-07-2024", Ok("2024-07-01 2024-07-05"));
    check("from=01-06-2024", Ok("2024-06-01 2024-06-08"));
    check("from=2024-06-01", Ok("2024-06-01 2024-06-08"));
    check("to=03-07-2024", Ok("2024-07-03 2024-07-03"));
    check("from=01-07-2024&to=08-07-2024", Ok("2024-07-01 2024-07-08"));
    check("from=2024-07-01T23:30:00-02:00&to=2024-07-02T00:30:00%2B01:00", Err("from to"));
    check("from=2024-07-01T23:30:00Z&to=2024-07-03T00:30:00+01:00", Ok("2024-07-01 2024-07-02"));
    check("from=01-07-2024&to=09-07-2024", Err("from to"));
    check("from=02-07-2024&to=01-07-2024", Err("from to"));
    check("from=31-06-2024", Err("from"));
    check("from=07/01/2024&to=x", Err("from to"));
    check("limit=0", Err("limit"));
    check("limit=1001", Err("limit"));
    check("limit=ten&from=x", Err("from limit"));
    check("limit=1000", Ok("2024-07-05 2024-07-05"));
}
