//! The crypto dialect's answers, whole and to the byte, as the contract's section 5 prints them; only what differs from day to day, and
//! where this server listens, is put in the samples' terms.

use serde_json::Value;

use crate::ts::with;
use crate::world::{SOON, World};

const ID: &str = "123e4567-e89b-12d3-a456-426614174000";
const ADDRESS: &str = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
const TOKEN: &str = "fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa";
const NAMED: [(&str, &str); 3] = [("pos_id", "POS1"), ("currency", "BTC"), ("payment_id", ID)];

const STARTED: &str = r#"{"invoice_amount":"48.25","invoice_currency":"EUR","currency":"BTC","rate":"60622.2221","amount_exchange":"0.00079592","network_processing_fee":"0.00000152","amount":"0.00079744","fast_transaction_fee":"0.00000009","payment_id":"123e4567-e89b-12d3-a456-426614174000","fast_transaction_fee_currency":"BTC/Byte","wait_time":"5 seconds","address":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","qr":"bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744","qr_alt":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","qr_img":"http://127.0.0.1:8080/api/qr/?d=bitcoin%3Abcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk%3Famount%3D0.00079744","qr_alt_img":"http://127.0.0.1:8080/api/qr/?d=bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","min_confirmations":0,"sid":null,"cancelled":false,"print_string":"<SMALL>POS1</SMALL><BR><LINE>Reference: 12-23-456<BR>48.25 EUR<BR><BOLD><BIG>0.00079744 BTC</BIG></BOLD><BR><QR>bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744</QR><BR><CUT>","access_token":"fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa","access_url":"http://127.0.0.1:8080/pay/fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa","stats_token":"st_8Q2vX0","notices":[],"payment_deeplink":"bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744","payment_deeplink_alt":"bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","beneficiary_vasp_details":null,"item_name":null,"invoice_surcharge_amount":null,"invoice_amount_with_surcharge":null,"invoice_surcharge_percent":null,"wc_token":null,"expires_at":"2024-01-15 10:30:00","expires_in":900,"sandbox_wallet_url":"http://127.0.0.1:8080/sandbox/wallet?currency=BTC&address=bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk&amount=0.00079744"}"#;

const CHECKED: &str = r#"{"reference_no":"12-23-456","inserted":"2024-01-15 10:15:00","invoice_amount":"48.25","type":"Sell","invoice_currency":"EUR","currency":"BTC","amount":"0.00079744","original_amount":null,"payment":"0.00000000","confirmations":0,"min_confirmations":0,"accept_zero_confirmations":true,"require_kyt_for_confirmation":false,"confirmed":false,"confirmed_time":null,"state":"waiting","status":"Waiting for transaction.","reason":null,"wait_time":"5 seconds","unconfirmed_amount":null,"unconfirmed_invoice_amount":null,"underpayment":null,"cancelled":false,"cancelled_time":null,"refund":"","refund_amount_opened":"","refund_status":null,"refundable_amount":"0.00000000","double_spending_alert":null,"payment_id":"123e4567-e89b-12d3-a456-426614174000","address":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","sid":null,"access_token":"fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa","access_url":"http://127.0.0.1:8080/pay/fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa","print_string":"<BR>Reference: 12-23-456<BR>","item_name":null,"invoice_surcharge_amount":null,"invoice_amount_with_surcharge":null,"invoice_surcharge_percent":null,"invoice_date":null,"last_transaction_time":null,"expires_at":"2024-01-15 10:30:00","expires_in":900,"transactions":[]}"#;

const LISTED: &str = r#"{"state":"confirmed","status":"Confirmed","status_loc":"Confirmed","pos_id":"POS1","payment_id":"123e4567-e89b-12d3-a456-426614174000","reference_no":"12-23-456","invoice_currency":"EUR","invoice_amount":"48.25","currency":"BTC","amount":"0.00079744","amount_exchange":"0.00079592","network_processing_fee":"0.00000152","address":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","type":"Sell","type_loc":"Sell","payment":"0.00079744","refund":"","refund_amount_opened":"","refund_status":null,"refund_status_loc":null,"invoice_date":null,"inserted":"2024-01-15 10:15:00","confirmed":"2024-01-15 10:16:05","cancelled":null,"double_spending_alert":null,"accept_zero_confirmations":true,"item_name":"","access_token":"fz7RCsx3Vl5VwijzFfVy1TssSiD8V9f2c7CAjKEKPzO7YvjfTHXFI5TT5lg22tDa","sid":null,"user":null}"#;

async fn call(world: &World, path: &str, fields: &[(&str, &str)]) -> Value {
    world.crypto(path, fields).send().await.expect("an answer").json().await.expect("JSON")
}

/// The moments of a text by their form.
fn timeless(text: &str) -> String {
    let nines: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let mut told = text.to_owned();
    for (at, _) in nines.match_indices("\"9999-99-99 99:99:99\"") {
        told.replace_range(at..at + 21, "\"9999-99-99 99:99:99\"");
    }
    told
}

/// An answer in the terms of the samples.
fn as_printed(world: &World, started: &Value, answer: &Value) -> String {
    let own = |name: &str| started[name].as_str().unwrap_or_else(|| panic!("no {name} in {started}"));
    let mut answer = answer.clone();
    for (name, printed) in [("stats_token", Value::from("st_8Q2vX0")), ("expires_in", Value::from(900))] {
        if let Some(value) =
            answer.get_mut(name).filter(|value| value.is_string() || value.as_i64().is_some_and(|s| s > 800))
        {
            *value = printed;
        }
    }
    let text = answer.to_string().replace(own("address"), ADDRESS).replace(own("access_token"), TOKEN);
    timeless(&text.replace(&world.url(""), "http://127.0.0.1:8080"))
}

#[tokio::test]
async fn answers_are_the_contracts_to_the_byte() {
    let world = World::start().await;
    let fields = [
        ("invoice_currency", "EUR"),
        ("invoice_amount", "48.25"),
        ("reference_no", "12-23-456"),
        ("accept_zero_confirmations", "true"),
    ];
    let started = call(&world, "/v2/StartPayment/", &with(&NAMED, &fields)).await;
    assert_eq!(as_printed(&world, &started, &started), timeless(STARTED));
    let check = async || call(&world, "/v2/CheckPayment/", &NAMED).await;
    assert_eq!(as_printed(&world, &started, &check().await), timeless(CHECKED));

    let address = started["address"].as_str().expect("an address").to_owned();
    let send = [("address", address.as_str()), ("mode", "exact")];
    assert_eq!(call(&world, "/sandbox/api/send", &send).await["ok"], true);
    call(&world, "/sandbox/api/mine", &[("currency", "BTC"), ("blocks", "3")]).await;
    let confirmed = async {
        while check().await["state"] != "confirmed" {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, confirmed).await.is_ok(), "{}", check().await);
    let listed = call(&world, "/v2/GetTransactions/", &[]).await;
    assert_eq!(as_printed(&world, &started, &listed), timeless(&format!("[{LISTED}]")));
    let listed = call(&world, "/pay/v2/GetTransactions/", &[]).await;
    assert_eq!(as_printed(&world, &started, &listed), timeless(&format!(r#"{{"invoices":[{LISTED}]}}"#)));

    let out = [("address_out", ADDRESS), ("refund_amount", "0.00005256")];
    let mut refunded = call(&world, "/v2/RefundPayment/", &with(&NAMED, &out)).await;
    assert!(refunded["refund_id"].as_str().is_some_and(|id| id.len() == 36), "{refunded}");
    refunded["refund_id"] = "6d2f".into();
    assert_eq!(
        refunded.to_string(),
        r#"{"wait_time":"120 minutes","refund_id":"6d2f","refund_status":"Refund pending"}"#
    );

    let other = "00000000-0000-4000-8000-000000000001";
    let other = with(&NAMED, &[("payment_id", other)]);
    call(&world, "/v2/StartPayment/", &with(&other, &fields)).await;
    let cancelled = call(&world, "/v2/CancelPayment/", &with(&other, &[("reason", "curious")])).await;
    assert_eq!(cancelled.to_string(), r#"{"cancelled":true,"status":"Cancelled"}"#);
    let third = with(&NAMED, &[("payment_id", "00000000-0000-4000-8000-000000000002")]);
    let started = call(&world, "/v2/StartPayment/", &with(&third, &fields)).await;
    let address = started["address"].as_str().expect("an address").to_owned();
    call(&world, "/sandbox/api/send", &[("address", &address), ("amount", "0.00040000")]).await;
    let short = async {
        loop {
            let checked = call(&world, "/v2/CheckPayment/", &third).await;
            if checked["state"] == "underpayment" {
                break checked;
            }
            tokio::task::yield_now().await;
        }
    };
    let short = tokio::time::timeout(SOON, short).await.expect("it is seen");
    assert_eq!(short["unconfirmed_invoice_amount"], "24.20", "{short}");
    let accepted = call(&world, "/v2/AcceptPayment/", &with(&third, &[("accepted_amount", "0.0004")])).await;
    assert_eq!(accepted.to_string(), r#"{"success":true}"#);
    assert_eq!(call(&world, "/v2/Ping/", &[]).await.to_string(), r#"{"result":"pong"}"#);
    world.assert_book_agrees().await;
}
