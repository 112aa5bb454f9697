//! Payments in coins, end to end: a shop asks, a simulated payer pays, the chain does what chains do. Samples are those of the
//! contract; the book agrees after each story.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{Receiver, World};

/// A till at the demo's point of sale.
pub struct Till {
    pub world: World,
    mount: &'static str,
}

impl Till {
    pub async fn open() -> Till {
        Till { world: World::start().await, mount: "/v2" }
    }

    pub async fn call(&self, action: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.world.crypto(&format!("{}/{action}/", self.mount), fields).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    pub async fn told(&self, action: &str, fields: &[(&str, &str)]) -> Value {
        let (status, body) = self.call(action, fields).await;
        assert_eq!(status, StatusCode::OK, "{action}: {body}");
        body
    }

    pub async fn starts(&self, more: &[(&str, &str)]) -> Value {
        let mut fields =
            vec![("pos_id", "POS1"), ("invoice_currency", "EUR"), ("invoice_amount", "48.25"), ("currency", "BTC")];
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        self.told("StartPayment", &fields).await
    }

    pub fn of<'a>(payment: &'a Value, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let text = |name: &str| payment[name].as_str().expect("a text");
        let mut fields = vec![("pos_id", "POS1"), ("currency", text("currency")), ("payment_id", text("payment_id"))];
        fields.extend(more);
        fields
    }

    pub async fn checks(&self, payment: &Value) -> Value {
        self.told("CheckPayment", &Till::of(payment, &[])).await
    }

    pub async fn stands(&self, payment: &Value, expected: &[(&str, Value)]) {
        let checked = self.checks(payment).await;
        for (name, value) in expected {
            assert_eq!(&checked[*name], value, "{name} of {checked}");
        }
    }

    pub async fn sandbox(&self, operation: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.world.crypto(&format!("/sandbox/api/{operation}"), fields).send().await.expect("an answer");
        let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
        assert_eq!(status, StatusCode::OK, "{operation}: {body}");
        assert_eq!(body["ok"], true);
        body
    }

    pub async fn pays(&self, payment: &Value, mode: &str) -> String {
        let address = payment["address"].as_str().expect("an address");
        let told = self.sandbox("send", &[("address", address), ("mode", mode)]).await;
        told["txid"].as_str().expect("an id").to_owned()
    }

    pub async fn mines(&self, blocks: &str) {
        self.sandbox("mine", &[("currency", "BTC"), ("blocks", blocks)]).await;
    }

    /// Lets blocks come until a refund is in one: it is signed and sent beside.
    pub async fn is_refunded(&self, payment: &Value) {
        let reached = async {
            while self.checks(payment).await["refund_status"] != "Refunded" {
                self.world.advance(std::time::Duration::from_secs(15)).await;
            }
        };
        if tokio::time::timeout(crate::world::SOON, reached).await.is_err() {
            panic!("it is not refunded: {}", self.checks(payment).await);
        }
    }

    pub async fn closes(self) {
        self.world.assert_book_agrees().await;
    }

    /// Waits until a field has a value: what follows runs on beside.
    pub async fn becomes(&self, payment: &Value, name: &str, expected: Value) {
        let reached = async {
            while self.checks(payment).await[name] != expected {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(crate::world::SOON, reached).await.is_err() {
            panic!("{name} does not become {expected}: {}", self.checks(payment).await);
        }
    }
}

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_rate_has_the_samples_keys_and_values() {
    let till = Till::open().await;
    let asked = [
        ("pos_id", "POS1"),
        ("invoice_currency", "EUR"),
        ("invoice_amount", "48.25"),
        ("currency", "btc"),
        ("accept_zero_confirmations", "true"),
    ];
    let mut rate = till.told("GetRate", &asked).await;
    assert!(rate["payment_id"].as_str().is_some_and(|id| id.len() == 36));
    rate["payment_id"] = "123e4567-e89b-12d3-a456-426614174000".into();
    let sample = r#"{"invoice_amount":"48.25","invoice_currency":"EUR","currency":"BTC","rate":"60622.2221","amount_exchange":"0.00079592","network_processing_fee":"0.00000152","amount":"0.00079744","fast_transaction_fee":"0.00000009","fast_transaction_fee_currency":"BTC/Byte","wait_time":"5 seconds","payment_id":"123e4567-e89b-12d3-a456-426614174000","sid":null}"#;
    assert_eq!(rate.to_string(), sample);
    let other = Till { mount: "/pay/v2", ..till };
    let rate = other.told("GetRate", &asked).await;
    assert_eq!(
        (&rate["fast_transaction_fee"], &rate["fast_transaction_fee_currency"]),
        (&json!("0.00009000"), &json!("BTC/kB"))
    );
    let mut rates = other
        .told(
            "GetRates",
            &[
                ("pos_id", "POS1"),
                ("invoice_currency", "EUR"),
                ("invoice_amount", "100"),
                ("currencies", "ETH,USDT_ERC20,eth"),
            ],
        )
        .await;
    rates["payment_id"] = "c55a45a5-8ddf-46f4-b9ed-7c59439ea9e6".into();
    let sample = r#"{"payment_id":"c55a45a5-8ddf-46f4-b9ed-7c59439ea9e6","invoice_amount":"100.00","invoice_currency":"EUR","sid":null,"currencies":[{"currency":"ETH","rate":"2982.2166","amount_exchange":"0.03353211","network_processing_fee":"0.00002100","amount":"0.03355311","wait_time":"Less than 3 minutes","fast_transaction_fee":"0.00004200","fast_transaction_fee_currency":"ETH"},{"currency":"USDT","rate":"0.9108","amount_exchange":"109.79358900","network_processing_fee":"0.00000000","amount":"109.79358900","wait_time":"Less than 3 minutes","fast_transaction_fee":"0.00013000","fast_transaction_fee_currency":"ETH"}]}"#;
    assert_eq!(rates.to_string(), sample);
}

#[tokio::test]
async fn a_started_payment_has_the_samples_keys_in_their_order() {
    let till = Till::open().await;
    let started = till.starts(&[("reference_no", "12-23-456"), ("accept_zero_confirmations", "1")]).await;
    let expected = "invoice_amount invoice_currency currency rate amount_exchange network_processing_fee amount \
        fast_transaction_fee payment_id fast_transaction_fee_currency wait_time address qr qr_alt qr_img qr_alt_img min_confirmations sid \
        cancelled print_string access_token access_url stats_token notices payment_deeplink payment_deeplink_alt \
        beneficiary_vasp_details item_name invoice_surcharge_amount invoice_amount_with_surcharge invoice_surcharge_percent wc_token \
        expires_at expires_in sandbox_wallet_url";
    assert_eq!(keys(&started), expected.split_whitespace().collect::<Vec<_>>());
    let address = started["address"].as_str().expect("an address");
    assert!(address.starts_with("bcrt1q"), "{address}");
    assert_eq!(started["qr"], format!("bitcoin:{address}?amount=0.00079744"));
    assert_eq!(started["min_confirmations"], 0);
    assert_eq!(started["expires_in"], 900);
    let printed = format!(
        "<SMALL>POS1</SMALL><BR><LINE>Reference: 12-23-456<BR>48.25 EUR<BR><BOLD><BIG>0.00079744 BTC</BIG></BOLD><BR>\
         <QR>bitcoin:{address}?amount=0.00079744</QR><BR><CUT>"
    );
    assert_eq!(started["print_string"], printed);
    let checked = till.checks(&started).await;
    let expected = "reference_no inserted invoice_amount type invoice_currency currency amount original_amount payment confirmations \
        min_confirmations accept_zero_confirmations require_kyt_for_confirmation confirmed confirmed_time state status reason wait_time \
        unconfirmed_amount unconfirmed_invoice_amount underpayment cancelled cancelled_time refund refund_amount_opened refund_status \
        refundable_amount double_spending_alert payment_id address sid access_token access_url print_string item_name \
        invoice_surcharge_amount invoice_amount_with_surcharge invoice_surcharge_percent invoice_date last_transaction_time expires_at \
        expires_in transactions";
    assert_eq!(keys(&checked), expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!((&checked["status"], &checked["confirmations"]), (&json!("Waiting for transaction."), &json!(0)));
    let other = Till { mount: "/pay/v2", ..till };
    let checked = other.checks(&started).await;
    let status = checked["status"].as_str().expect("a text");
    assert!(status.starts_with("Waiting for transaction. [1") && status.ends_with(']'), "{status}");
    assert_eq!(checked["confirmations"], "0");
    let token = other.starts(&[]).await;
    assert!(token["address"].as_str().is_some_and(|address| address.starts_with("btc-")), "{token}");
    assert!(token["qr"].as_str().is_some_and(|text| text.contains("/sandbox/wallet?currency=BTC&address=btc-")));
}

#[tokio::test]
async fn an_exact_payment_is_confirmed_by_its_block_and_told_in_order() {
    let till = Till::open().await;
    let receiver = Receiver::start().await;
    let payment = till.starts(&[("webhook_url", &receiver.url()), ("user", "till 3"), ("reference_no", "A-1")]).await;
    till.pays(&payment, "exact").await;
    till.stands(
        &payment,
        &[
            ("state", json!("processing")),
            ("status", json!("Transaction received. Waiting for confirmations (0/1).")),
            ("payment", json!("0.00079744")),
            ("confirmed", json!(false)),
        ],
    )
    .await;
    till.mines("1").await;
    till.stands(
        &payment,
        &[
            ("state", json!("confirmed")),
            ("status", json!("Confirmed")),
            ("confirmed", json!(true)),
            ("confirmations", json!(1)),
            ("refundable_amount", json!("0.00079744")),
        ],
    )
    .await;
    let events = receiver.wait_for(3).await;
    let told: Vec<String> = events.iter().map(|event| event.field("event")).collect();
    assert_eq!(told, ["payment.received", "payment.processing", "payment.confirmed"]);
    let last = &events[2];
    let secret = till.world.demo().webhook_secret();
    let body: Value = serde_json::from_str(&last.body).expect("JSON");
    let expected = "event payment_id pos_id status amount currency timestamp user address reference_no state payment confirmations \
        min_confirmations invoice_amount invoice_currency refund refund_amount_opened refund_status reason double_spending_alert txids \
        sequence";
    assert_eq!(keys(&body), expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!((&body["sequence"], &body["user"], &body["state"]), (&json!(3), &json!("till 3"), &json!("confirmed")));
    let (id, timestamp) = (last.header("webhook-id"), last.header("webhook-timestamp"));
    let timestamp: i64 = timestamp.parse().expect("a number");
    let signature = florin_engine::webhooks::standard_signature(id, timestamp, &last.body, &[secret]);
    assert_eq!(last.header("webhook-signature"), signature);
    assert_eq!(last.header("x-signature").len(), 64);
    let listed = till.told("GetTransactions", &[("reference_no", "A-1")]).await;
    assert_eq!(listed[0]["status"], "Confirmed");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let other = Till { mount: "/pay/v2", ..till };
    assert_eq!(other.told("GetTransactions", &[("reference_no", "none")]).await, json!({"invoices": []}));
    other.closes().await;
}

#[tokio::test]
async fn too_little_is_topped_up_and_too_much_goes_back_once() {
    let till = Till::open().await;
    let payment = till.starts(&[]).await;
    till.pays(&payment, "under").await;
    let checked = till.checks(&payment).await;
    assert_eq!(checked["status"], "Underpayment. Waiting for the remaining amount.");
    assert_eq!(checked["underpayment"]["missing_amount"], "0.00039872");
    assert_eq!(
        (&checked["unconfirmed_amount"], &checked["unconfirmed_invoice_amount"]),
        (&json!("0.00039872"), &json!("24.12"))
    );
    let address = payment["address"].as_str().expect("an address");
    till.sandbox("send", &[("address", address), ("amount", "0.00045128")]).await;
    till.mines("1").await;
    let opened = [
        ("state", json!("confirmed")),
        ("refund_amount_opened", json!("0.00005256")),
        ("refund_status", json!("Refund needed")),
    ];
    till.stands(&payment, &opened).await;
    let to = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    let refund = |amount: &'static str| Till::of(&payment, &[("address_out", to), ("refund_amount", amount)]);
    let code = async |fields: &[(&str, &str)]| till.call("RefundPayment", fields).await.1["err_code"].clone();
    assert_eq!(code(&refund("0.00005255")).await, "refund_amount_mismatch");
    assert_eq!(code(&refund("0.00005256")).await, "payment_unconfirmed");
    assert_eq!(
        code(&Till::of(&payment, &[("address_out", "nowhere"), ("refund_amount", "0.00005256")])).await,
        "invalid_address"
    );
    assert_eq!(
        code(&Till::of(&payment, &[("address_out", address), ("refund_amount", "0.00005256")])).await,
        "invalid_address"
    );
    till.mines("1").await;
    let first = till.told("RefundPayment", &refund("0.00005256")).await;
    assert_eq!(keys(&first), ["wait_time", "refund_id", "refund_status"]);
    assert_eq!(till.told("RefundPayment", &refund("0.00005256")).await, first, "the same refund");
    till.becomes(&payment, "refund_status", json!("Refund pending")).await;
    till.world.advance(std::time::Duration::from_secs(60)).await;
    till.becomes(&payment, "refund_status", json!("Refunded")).await;
    till.stands(&payment, &[("refund", json!("0.00005256")), ("refund_amount_opened", json!(""))]).await;
    assert_eq!(code(&refund("0.00079745")).await, "refund_exceeds_payment");
    till.closes().await;
}

#[tokio::test]
async fn what_nobody_pays_ends_in_time_and_what_comes_late_waits_for_the_merchant() {
    let till = Till::open().await;
    let payment = till.starts(&[]).await;
    let timed_out = [
        ("state", json!("cancelled")),
        ("status", json!("Cancelled")),
        ("reason", json!("timeout")),
        ("cancelled", json!(true)),
    ];
    till.sandbox("clock", &[("seconds", "931")]).await;
    till.becomes(&payment, "state", json!("cancelled")).await;
    till.stands(&payment, &timed_out).await;
    till.pays(&payment, "exact").await;
    till.mines("1").await;
    till.stands(&payment, &[("refund_status", json!("Refund needed")), ("unconfirmed_amount", json!("0.00079744"))])
        .await;
    assert_eq!(
        till.told("AcceptPayment", &Till::of(&payment, &[("accepted_amount", "0.00079744")])).await,
        json!({"success": true})
    );
    till.becomes(&payment, "state", json!("confirmed")).await;
    let cancelled = till.starts(&[]).await;
    let answer = json!({"cancelled": true, "status": "Cancelled"});
    assert_eq!(till.told("CancelPayment", &Till::of(&cancelled, &[("reason", "curious")])).await, answer);
    assert_eq!(till.told("CancelPayment", &Till::of(&cancelled, &[])).await, answer, "again is the same");
    till.stands(&cancelled, &[("reason", json!("curious"))]).await;
    let final_one = till.call("CancelPayment", &Till::of(&payment, &[])).await.1;
    assert_eq!(
        (&final_one["err_code"], &final_one["err"]),
        (&json!("payment_final"), &json!("Payment is already Confirmed"))
    );
    till.closes().await;
}

#[tokio::test]
async fn a_reorganisation_takes_the_credit_back_and_a_double_spend_ends_it() {
    let till = Till::open().await;
    let payment = till.starts(&[]).await;
    let txid = till.pays(&payment, "exact").await;
    till.mines("1").await;
    till.stands(&payment, &[("state", json!("confirmed"))]).await;
    till.sandbox("reorg", &[("currency", "BTC"), ("depth", "1")]).await;
    till.stands(&payment, &[("state", json!("processing")), ("confirmed", json!(false)), ("reason", json!("reorg"))])
        .await;
    till.mines("1").await;
    till.stands(&payment, &[("state", json!("confirmed"))]).await;
    till.sandbox("clock", &[("seconds", "1000")]).await;
    till.sandbox("reorg", &[("currency", "BTC"), ("depth", "144"), ("drop", "all")]).await;
    till.sandbox("double_spend", &[("txid", &txid), ("mined", "true")]).await;
    till.stands(
        &payment,
        &[("state", json!("cancelled")), ("reason", json!("double_spend")), ("payment", json!("0.00000000"))],
    )
    .await;
    assert!(till.checks(&payment).await["double_spending_alert"].as_str().is_some_and(|alert| alert.ends_with(&txid)));
    till.closes().await;
}

#[tokio::test]
async fn without_confirmations_after_five_seconds_and_never_what_can_be_replaced() {
    let till = Till::open().await;
    let wish = [("accept_zero_confirmations", "true")];
    let payment = till.starts(&wish).await;
    till.pays(&payment, "exact").await;
    till.sandbox("clock", &[("seconds", "6")]).await;
    till.becomes(&payment, "state", json!("zero_confirmed")).await;
    till.stands(&payment, &[("status", json!("Confirmed")), ("confirmed", json!(true)), ("confirmations", json!(0))])
        .await;
    till.world.assert_book_agrees().await;
    till.mines("1").await;
    till.becomes(&payment, "state", json!("confirmed")).await;
    let other = till.starts(&wish).await;
    let address = other["address"].as_str().expect("an address");
    till.sandbox("send", &[("address", address), ("replaceable", "true")]).await;
    till.stands(
        &other,
        &[
            ("state", json!("processing")),
            ("min_confirmations", json!(1)),
            ("reason", json!("replaceable_transaction")),
        ],
    )
    .await;
    till.closes().await;
}

#[tokio::test]
async fn amounts_make_simulated_payers_act_by_themselves() {
    let till = Till::open().await;
    let mut payments = Vec::new();
    for (amount, name, expected) in [
        ("9000.00", "state", "confirmed"),
        ("9005.00", "reason", "simulated_05"),
        ("9051.00", "state", "underpayment"),
        ("9102.00", "state", "confirmed"),
    ] {
        payments.push((till.starts(&[("invoice_amount", amount)]).await, name, expected));
    }
    till.sandbox("clock", &[("seconds", "4")]).await;
    for (payment, name, expected) in &payments {
        till.becomes(payment, name, json!(expected)).await;
    }
    assert_eq!(
        till.checks(&payments[3].0).await["payment"],
        payments[3].0["amount"],
        "told three times, credited once"
    );
    till.closes().await;
}

#[tokio::test]
async fn the_same_request_is_answered_as_before_also_at_once_and_another_is_refused() {
    let till = Till::open().await;
    let id = "123E4567-e89b-12d3-a456-426614174000";
    let asked = [("payment_id", id), ("reference_no", "R")];
    let (first, second, third) = tokio::join!(till.starts(&asked), till.starts(&asked), till.starts(&asked));
    assert_eq!((&first, &first), (&second, &third));
    assert_eq!(first["payment_id"], id.to_ascii_lowercase());
    let fields = [
        ("pos_id", "POS1"),
        ("invoice_currency", "EUR"),
        ("invoice_amount", "48.26"),
        ("currency", "BTC"),
        ("payment_id", id),
    ];
    assert_eq!(till.call("StartPayment", &fields).await.1["err_code"], "payment_id_conflict");
    let (one, other) = (till.starts(&[]).await, till.starts(&[]).await);
    assert_ne!(one["address"], other["address"], "without an id each is a new one, with an address of its own");
    till.closes().await;
}

#[tokio::test]
async fn the_coins_on_offer_have_the_samples_keys_and_values() {
    let till = Till::open().await;
    let listed = till.told("GetCurrencyList", &[]).await;
    let url = till.world.url("");
    let sample = format!(
        r#"{{"currency":"BTC","description":"Bitcoin","status":"OK","zero_confirmations_enabled":"1","currency_fiat":"EUR","icon_url":"{url}/static/coins/btc.svg","rate":"60622.2221","sell_status":"OK","sell_rate":"60622.2221","buy_status":"DISABLED","buy_rate":"","sell_min_invoice_amount":"0.50","sell_max_invoice_amount":"100000.00","sell_network_processing_fee":"0.00000152","buy_min_invoice_amount":"","buy_max_invoice_amount":"","buy_network_processing_fee":""}}"#
    );
    assert_eq!(listed[0].to_string(), sample);
    let in_yen = till.told("GetCurrencyList", &[("invoice_currency", "JPY")]).await;
    assert_eq!(in_yen[0]["sell_min_invoice_amount"], "81");
    let icon = till.world.get("/static/coins/btc.svg").send().await.expect("an answer");
    assert_eq!(icon.headers()["content-type"], "image/svg+xml");
    assert_eq!(till.told("Ping", &[]).await, json!({"result": "pong"}));
    let receiver = Receiver::start().await;
    let pinged = till.told("Ping", &[("webhook_url", &receiver.url())]).await;
    let answer = &pinged["webhook_response"];
    assert_eq!((&answer["status"], &answer["response_code"]), (&json!("ok"), &json!(200)), "{pinged}");
    assert!(answer["duration"].is_number());
    assert_eq!(receiver.wait_for(1).await[0].field("event"), "webhook.test");
}

#[tokio::test]
async fn other_dialects_show_a_coin_payment_in_the_invoices_currency() {
    let till = Till::open().await;
    let payment = till.starts(&[("reference_no", "seen elsewhere")]).await;
    till.pays(&payment, "exact").await;
    till.mines("1").await;
    let key = till.world.demo().api_key();
    let list = till.world.get("/v1/transactions").header("x-api-key", key.expose()).send().await.expect("an answer");
    let list: Value = list.json().await.expect("JSON");
    let (row, amount) = (&list[0]["transaction"], &list[0]["provider"]["amount"]);
    assert_eq!((&row["type"], &row["status"]), (&json!("deposit"), &json!("successful")), "{list}");
    assert_eq!(amount, &json!({"value": 48.25, "currency": "EUR"}));
}

#[tokio::test]
async fn payments_survive_a_restart() {
    let mut till = Till::open().await;
    let payment = till.starts(&[]).await;
    till.pays(&payment, "exact").await;
    till.world.restart().await;
    till.mines("1").await;
    till.stands(&payment, &[("state", json!("confirmed"))]).await;
    till.closes().await;
}
