use super::Entry;
use super::chart::{self, Movement};
use crate::payment::Mode;
use crate::routing::ProviderId;
use crate::{Asset, MerchantId, Money};

fn movement(moved: &str, code: &str) -> Movement {
    let money = |text, code| Money::parse(text, Asset::from_code(code).expect("a known asset")).expect("an amount");
    Movement {
        book: Mode::Dev,
        merchant: MerchantId::from_number(1),
        provider: ProviderId::new(210),
        credited: money("10.05", "EUR"),
        moved: money(moved, code),
    }
}

fn show(entry: &Entry) -> String {
    let line = |t: &super::Transfer| format!("{:?} {} -> {}: {}", t.layer, t.debit, t.credit, t.amount);
    entry.transfers.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_event_has_its_posting() {
    let same = movement("10.05", "EUR");
    for (entry, expected) in [
        (chart::authorised(&same), "Pending provider:210:clearing -> merchant:1:available: 10.05 EUR"),
        (chart::hold_released(&same), "Pending merchant:1:available -> provider:210:clearing: 10.05 EUR"),
        (chart::captured(&same), "Posted provider:210:clearing -> merchant:1:available: 10.05 EUR"),
        (
            chart::captured_from_hold(&same, same.moved),
            "Pending merchant:1:available -> provider:210:clearing: 10.05 EUR; \
             Posted provider:210:clearing -> merchant:1:available: 10.05 EUR",
        ),
        (chart::refunded(&same), "Posted merchant:1:available -> provider:210:clearing: 10.05 EUR"),
        (chart::charged_back(&same), "Posted merchant:1:available -> provider:210:clearing: 10.05 EUR"),
        (chart::chargeback_reversed(&same), "Posted provider:210:clearing -> merchant:1:available: 10.05 EUR"),
        (chart::late_money(&same), "Posted provider:210:clearing -> merchant:1:suspense: 10.05 EUR"),
        (chart::late_refund(&same), "Posted merchant:1:suspense -> provider:210:clearing: 10.05 EUR"),
        (chart::late_money_charged_back(&same), "Posted merchant:1:suspense -> provider:210:clearing: 10.05 EUR"),
        (chart::suspense_accepted(&same), "Posted merchant:1:suspense -> merchant:1:available: 10.05 EUR"),
        (chart::suspense_refunded(&same), "Posted merchant:1:suspense -> provider:210:clearing: 10.05 EUR"),
        (chart::fee_charged(&same), "Posted merchant:1:available -> fees: 10.05 EUR"),
        (chart::withdrawal_held(&same), "Posted merchant:1:available -> merchant:1:held: 10.05 EUR"),
        (chart::withdrawal_released(&same), "Posted merchant:1:held -> merchant:1:available: 10.05 EUR"),
        (chart::withdrawal_paid(&same), "Posted merchant:1:held -> provider:210:clearing: 10.05 EUR"),
        (chart::withdrawal_returned(&same), "Posted provider:210:clearing -> merchant:1:available: 10.05 EUR"),
        (chart::acquirer_payout_made(&same), "Posted merchant:1:acquirer -> provider:210:clearing: 10.05 EUR"),
        (chart::acquirer_payout_returned(&same), "Posted provider:210:clearing -> merchant:1:acquirer: 10.05 EUR"),
        (chart::late_payout(&same), "Posted merchant:1:suspense -> provider:210:clearing: 10.05 EUR"),
        (chart::late_payout_returned(&same), "Posted provider:210:clearing -> merchant:1:suspense: 10.05 EUR"),
    ] {
        assert_eq!(show(&entry), expected, "{}", entry.event);
    }
}

#[test]
fn a_conversion_balances_in_each_currency() {
    assert_eq!(
        show(&chart::captured(&movement("8.61", "GBP"))),
        "Posted provider:210:clearing -> provider:210:fx: 8.61 GBP; Posted provider:210:fx -> merchant:1:available: 10.05 EUR"
    );
}
