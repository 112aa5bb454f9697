use florin_kernel::payment::Mode;
use florin_kernel::routing::ProviderId;
use florin_kernel::{MerchantId, PaymentId, Timestamp};
use florin_store::office::BookRow;
use florin_store::{DeliveryRow, EntryRow};

use super::Scope;
use super::csv::escaped;
use super::events::health;
use super::figures::{Figure, read};
use super::ledger::{AccountBalance, trial_balance};
use super::timeline::without_query;
use super::transactions::Cursor;
use super::waiting::suspended;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("the year 2027")
}

/// What touches a merchant's own money counts, by its event; of a conversion only the merchant's side.
#[test]
fn transfers_count_by_their_event() {
    let clearing = "provider:3:clearing";
    for (event, debit, credit, expected) in [
        ("captured", clearing, "merchant:1:available", Some((Figure::Captured, 1, 1, Some(3)))),
        ("captured", clearing, "provider:3:fx", None),
        ("captured", "provider:3:fx", "merchant:1:available", Some((Figure::Captured, 1, 1, Some(3)))),
        ("captured_from_hold", clearing, "merchant:2:available", Some((Figure::Captured, 1, 2, Some(3)))),
        ("refunded", "merchant:1:available", clearing, Some((Figure::Refunded, 1, 1, Some(3)))),
        ("charged_back", "merchant:1:available", clearing, Some((Figure::ChargedBack, 1, 1, Some(3)))),
        ("chargeback_reversed", clearing, "merchant:1:available", Some((Figure::ChargedBack, -1, 1, Some(3)))),
        ("fee_charged", "merchant:1:available", "fees", Some((Figure::Fees, 1, 1, None))),
        ("withdrawal_held", "merchant:1:available", "merchant:1:held", None),
        ("withdrawal_paid", "merchant:1:held", clearing, Some((Figure::PaidOut, 1, 1, Some(3)))),
        ("withdrawal_returned", clearing, "merchant:1:available", Some((Figure::PaidOut, -1, 1, Some(3)))),
        ("acquirer_payout_made", "merchant:1:acquirer", clearing, Some((Figure::PaidOut, 1, 1, Some(3)))),
        ("late_money", clearing, "merchant:1:suspense", None),
        ("suspense_accepted", "merchant:1:suspense", "merchant:1:available", Some((Figure::Captured, 1, 1, None))),
        (
            "coins_accepted",
            "merchant:1:coins:unallocated",
            "merchant:1:available",
            Some((Figure::Captured, 1, 1, None)),
        ),
        (
            "coin_refund_reversed",
            "merchant:1:coins:hot_wallet",
            "merchant:1:available",
            Some((Figure::Refunded, -1, 1, None)),
        ),
        ("authorised", clearing, "merchant:1:available", None),
    ] {
        let counts = read(event, debit, credit);
        let told = counts.map(|c| (c.figure, c.sign, c.merchant.number(), c.provider.map(ProviderId::number)));
        assert_eq!(told, expected, "{event} {debit} {credit}");
    }
}

/// Cells keep their text, and none begins what a spreadsheet would compute.
#[test]
fn cells_are_texts() {
    for (cell, expected) in [
        ("plain", "plain"),
        ("", ""),
        ("a,b", "\"a,b\""),
        ("say \"yes\"", "\"say \"\"yes\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5,+7", "\"'-5,+7\""),
    ] {
        assert_eq!(escaped(cell), expected);
    }
}

/// Of a URL nothing is told that merchants use as a key.
#[test]
fn urls_are_told_without_keys() {
    for (url, expected) in [
        ("https://shop.example/hook?key=1", "https://shop.example/hook"),
        ("https://user:secret@shop.example:8443/a/b#c", "https://shop.example:8443/a/b"),
        ("https://shop.example", "https://shop.example"),
        ("/sim/page?token=1", "/sim/page"),
    ] {
        assert_eq!(without_query(url), expected);
    }
}

#[test]
fn places_are_read_back() {
    let place = florin_store::office::Place { at_ms: -5, id: PaymentId::from_number(7) };
    assert_eq!(Cursor::parse(&Cursor(place).to_text()), Some(Cursor(place)));
    for text in ["", "7", "a.b", "1.2.3"] {
        assert_eq!(Cursor::parse(text), None, "{text}");
    }
}

#[test]
fn a_receivers_health_is_of_its_attempts() {
    let attempt = |second, latency_ms, status: Option<u16>, note: &str| DeliveryRow {
        at: at(second),
        latency_ms,
        status,
        note: note.to_owned(),
    };
    let attempts = [
        attempt(9, 10, Some(204), ""),
        attempt(7, 400, Some(503), "busy"),
        attempt(5, 30, Some(200), ""),
        attempt(3, 20, None, "refused"),
    ];
    let health = health("shop.example:443".to_owned(), &attempts).expect("there are attempts");
    assert_eq!((health.attempts, health.taken, health.taken_permille()), (4, 2, 500));
    assert_eq!((health.latency_ms_p50, health.latency_ms_p95), (20, 400));
    assert_eq!((health.last_at, health.last_failure), (at(9), Some((at(7), Some(503), "busy".to_owned()))));
    assert_eq!(super::events::health(String::new(), &[]), None);
}

#[test]
fn a_trial_balance_has_two_sides() {
    let account = |account: &str, asset: &str, posted_minor| AccountBalance {
        account: account.to_owned(),
        asset: asset.to_owned(),
        posted_minor,
        pending_minor: 0,
    };
    let accounts =
        [account("a", "EUR", 700), account("b", "EUR", -1_000), account("c", "EUR", 300), account("a", "USD", 5)];
    let told: Vec<_> = trial_balance(&accounts)
        .into_iter()
        .map(|sum| (sum.asset.code(), sum.debit_minor, sum.credit_minor, sum.balances()))
        .collect();
    assert_eq!(told, [("EUR", 1_000, 1_000, true), ("USD", 0, 5, false)]);
}

/// What came into suspense and left it again is not there.
#[test]
fn what_is_left_in_suspense_is_told() {
    let row = |payment, event: &str, debit: &str, credit: &str, amount_minor| BookRow {
        entry: payment,
        payment: PaymentId::from_number(payment),
        row: EntryRow {
            event: event.to_owned(),
            layer: "posted".to_owned(),
            debit: debit.to_owned(),
            credit: credit.to_owned(),
            asset: "EUR".to_owned(),
            amount_minor,
            at: at(payment),
        },
    };
    let clearing = "provider:3:clearing";
    let rows = [
        row(4, "late_refund", "merchant:1:suspense", clearing, 250),
        row(3, "late_money", clearing, "merchant:2:suspense", 900),
        row(1, "suspense_accepted", "merchant:1:suspense", "merchant:1:available", 500),
        row(2, "late_money", clearing, "merchant:1:suspense", 700),
        row(1, "late_money", clearing, "merchant:1:suspense", 500),
    ];
    let told = |merchant: Option<i64>| {
        let scope = Scope { mode: Mode::Live, merchant: merchant.map(MerchantId::from_number) };
        let told = suspended(&rows, scope).into_iter().map(|left| (left.payment.number(), left.minor));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(None), [(4, -250), (3, 900), (2, 700)]);
    assert_eq!(told(Some(1)), [(4, -250), (2, 700)]);
}
