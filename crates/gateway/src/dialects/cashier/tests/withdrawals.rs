//! Withdrawals in this dialect's words: statuses, reasons and the bytes of events.

use florin_kernel::payment::{Decline, Details, Dialect, Mode, Payer, Route};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::withdrawal::{Approver, Destination, Ending, Funding, Plan, State, Withdrawal};
use florin_kernel::{Asset, MerchantId, Money, PaymentId, Timestamp};

use super::super::notify::{signature, withdrawal_body, withdrawal_status_to_tell};
use super::super::settings::{Edition, Settings, Statuses};
use super::super::status::{withdrawal_reason, withdrawal_status};

fn withdrawal(state: State) -> Withdrawal {
    Withdrawal {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        created_at: Timestamp::UNIX_EPOCH,
        asked: Money::parse("200.00", Asset::from_code("GBP").expect("a currency")).expect("an amount"),
        funding: Funding::Balance,
        state,
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details {
            reference: "b8f04416-116a-11ed-861d-0242ac120002".into(),
            payer: Payer { user_id: "1111222".into(), ..Payer::default() },
            ..Details::default()
        },
    }
}

fn rejected(reason: &str) -> State {
    State::Ended(Ending::Rejected { by: Approver::Api, reason: reason.into() })
}

/// Section 14.3, vector A: bytes and signature.
#[test]
fn the_contracts_vector() {
    let body = withdrawal_body("r21nmrtpcmrcava", &withdrawal(rejected("")), "rejected", Edition::Flat);
    let expected = r#"{"transaction_id":"r21nmrtpcmrcava","user_id":"1111222","tracking_id":"b8f04416-116a-11ed-861d-0242ac120002","status":"rejected","currency":"GBP","amount":"200.00","transaction_type":"withdrawal"}"#;
    assert_eq!(body, expected);
    let password = "spg_test_companyxxxxQyGAheyMqcHVmp8ZMQtkYcev27sCu7RF";
    assert_eq!(signature(&body, password), "5FDDA8F46411C132DCFBEE53C39BA06298CB48BC");
    let route = Route {
        provider: ProviderId::new(211),
        code: "bank".into(),
        name: "Bank".into(),
        conversion: None,
        trail: None,
    };
    let destination =
        Destination { method: Method::BankTransfer, shown: "…5555".into(), card: None, sealed: String::new() };
    let planned = Withdrawal { plan: Some(Plan { route, destination }), ..withdrawal(rejected("No")) };
    let body = withdrawal_body("r21nmrtpcmrcava", &planned, "rejected", Edition::Nested);
    assert!(body.ends_with(r#""transaction_type":"withdrawal","provider":"bank","rejected_reason":"No"}"#), "{body}");
}

/// Section 15.
#[test]
fn states_have_their_statuses_and_reasons() {
    let amount = withdrawal(State::Paid).asked;
    let ended = State::Ended;
    for (state, basic, extended, reason) in [
        (State::Created { until: Timestamp::MAX }, "pending", "pending", None),
        (State::AwaitingApproval { required: 1, until: None }, "pending", "pending", None),
        (State::Approved, "pending", "pending", None),
        (State::Sent, "pending", "pending", None),
        (State::Unknown, "pending", "pending", None),
        (State::Paid, "successful", "successful", None),
        (State::Returned { amount }, "successful", "returned", None),
        (ended(Ending::Declined(Decline::Response("51".into()))), "rejected", "rejected", Some("Insufficient funds")),
        (ended(Ending::Declined(Decline::Provider)), "rejected", "rejected", Some("Provider unavailable")),
        (ended(Ending::Failed), "rejected", "rejected", Some("Provider unavailable")),
        (rejected(""), "rejected", "rejected", Some("Rejected by merchant")),
        (rejected("Name differs"), "rejected", "rejected", Some("Name differs")),
        (ended(Ending::Cancelled), "rejected", "cancelled", Some("Cancelled by customer")),
        (ended(Ending::Expired), "rejected", "expired", Some("Expired")),
        (ended(Ending::ApprovalExpired), "rejected", "expired", Some("Approval expired")),
    ] {
        let withdrawal = withdrawal(state);
        let word = withdrawal.word();
        let seen = (withdrawal_status(word, Statuses::Basic), withdrawal_status(word, Statuses::Extended));
        assert_eq!(seen, (basic, extended), "{word:?}");
        let told = withdrawal_reason(&withdrawal).map(|reason| reason.text.into_owned());
        assert_eq!(told.as_deref(), reason, "{word:?}");
    }
}

/// Section 14.1: `pending` once, when the payer has confirmed; approval alone is silent; then the final status.
#[test]
fn changes_are_told_once() {
    let settings = Settings::default();
    let mut now = withdrawal(State::Created { until: Timestamp::MAX });
    let mut told = Vec::new();
    for state in [
        State::AwaitingApproval { required: 2, until: None },
        State::AwaitingApproval { required: 2, until: None },
        State::Approved,
        State::Unknown,
        State::Sent,
        State::Paid,
        State::Returned { amount: now.asked },
    ] {
        let after = Withdrawal { state, ..now.clone() };
        let status = withdrawal_status_to_tell(&now, &after, &settings);
        told.extend(status);
        now = Withdrawal { announced: status.map(str::to_owned).or(now.announced), ..after };
    }
    assert_eq!(told, ["pending", "successful"]);
    let token = withdrawal(State::Created { until: Timestamp::MAX });
    let abandoned = withdrawal(State::Ended(Ending::Expired));
    assert_eq!(withdrawal_status_to_tell(&token, &abandoned, &settings), Some("rejected"));
    let itself = withdrawal(State::Approved);
    assert_eq!(withdrawal_status_to_tell(&token, &itself, &settings), Some("pending"));
}
