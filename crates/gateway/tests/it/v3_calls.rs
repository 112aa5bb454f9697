//! Payments by the v3 dialect on the demo: the contract's samples, cards, the payer's step, inquiry, and the older platform's mount.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::v3::{Answer, assert_like, payment, send};
use crate::world::World;

const SAMPLE: &str = "entityType=MERCHANT&amount=92.00&currency=EUR&paymentType=DB&paymentBrand=VISA&card.number=4200000000000000\
    &card.holder=Jane Jones&card.expiryMonth=05&card.expiryYear=2034&card.cvv=123&merchantTransactionId=order-1001";

#[tokio::test]
async fn the_samples_work_as_printed() {
    let world = World::start().await;
    let paid = world.v3("/v3/payments", SAMPLE).await;
    assert_eq!(paid.line(), "200 000.000.000");
    assert_like(
        r#"{"id":"8ac7a4a282d522f70182d53e7a873640","paymentType":"DB","paymentBrand":"VISA","amount":"92.00","currency":"EUR","descriptor":"4610.8883.4210 Demo Shop",
         "merchantTransactionId":"order-1001","result":{"code":"000.000.000","description":"Transaction succeeded"},"resultDetails":{"ExtendedDescription":"Approved","AcquirerResponse":"00",
         "ConnectorTxID1":"9474883d-6c07-4205-8d89-d7ee0a6f3d7a","AuthCode":"831000","clearingInstituteName":"Card Simulator","CardholderInitiatedTransactionID":"x"},"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","expiryMonth":"05","expiryYear":"2034"},
         "risk":{"score":"100"},"buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:39:00+00:00","ndc":"EB000001_2bac8e434db544f7898023457f80c78f"}"#,
        &paid,
    );
    let declined = world.v3("/v3/payments", &payment("DB", "92.00", "4000000000009995")).await;
    assert_eq!(declined.line(), "400 800.100.51");
    assert_eq!(declined.body["result"]["description"], "Bank response 51: insufficient funds");
    assert_eq!(declined.body["resultDetails"]["AcquirerResponse"], "51");
    // A reading of a declined payment worked.
    assert_eq!(world.v3_get(&format!("/v3/payments/{}", declined.id())).await.line(), "200 800.100.51");
    let refused = world.v3("/v3/payments", "amount=-20.20&currency=EUR").await;
    assert_eq!(refused.line(), "400 200.300.404");
    assert_like(
        r#"{"result":{"code":"200.300.404","description":"invalid or missing parameter","parameterErrors":[
          {"name":"amount","value":"-20.20","message":"must match ^[0-9]{1,12}(\\.[0-9]{2})?$"},{"name":"paymentType","message":"may not be empty"}]},
         "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:39:00+00:00","ndc":"EB000001_2bac8e434db544f7898023457f80c78f"}"#,
        &refused,
    );
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_payment_is_found_by_id_and_reference() {
    let world = World::start().await;
    let paid = world
        .v3("/v3/payments", &format!("{}&merchantTransactionId=order-1001", payment("PA", "92.00", "4200000000000000")))
        .await;
    let sample = r#"{"result":{"code":"000.000.100","description":"successful request"},"buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp":"2025-11-21T01:43:00+00:00","ndc":"EB000001_a8efc35bca764fcf8fb4f6711f928c0c","payments":[{"id":"8ac7a4a282d522f70182d53e7a873640","paymentType":"PA",
        "paymentBrand":"VISA","amount":"92.00","currency":"EUR","descriptor":"4610.8883.4210 Demo Shop","merchantTransactionId":"order-1001","result":{"code":"000.000.000",
        "description":"Transaction succeeded"},"resultDetails":{"ExtendedDescription":"Approved","AcquirerResponse":"00","ConnectorTxID1":"x","AuthCode":"x","clearingInstituteName":"Card Simulator","CardholderInitiatedTransactionID":"x"},"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones",
        "expiryMonth":"05","expiryYear":"2034"},"risk":{"score":"100"},"summary":{"state":"authorised","authorized":"92.00","captured":"0.00","refunded":"0.00","reversed":"0.00",
        "chargedBack":"0.00"},"buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:39:00+00:00","ndc":"EB000001_2bac8e434db544f7898023457f80c78f"}]}"#;
    let listed = world.v3_get("/v3/query?merchantTransactionId=order-1001").await;
    assert_like(sample, &listed);
    let newest = world.v3_get("/v3/payments?merchantTransactionId=order-1001").await;
    assert_eq!((newest.id(), newest.body["payments"].as_array().map(Vec::len)), (paid.id(), Some(1)));
    for path in [format!("/v3/payments/{}", paid.id()), format!("/v3/query/{}", paid.id().to_uppercase())] {
        let read = world.v3_get(&path).await;
        // An inquiry says what the first answer said, and where the money stands.
        assert_eq!((read.id(), &read.body["ndc"]), (paid.id(), &paid.body["ndc"]));
        assert_eq!(read.body["summary"]["authorized"], "92.00");
        assert!(read.body["payments"].is_null());
    }
    let linked = world.v3_get(&format!("/v3/query/{}?includeLinkedTransactions=true", paid.id())).await;
    assert_eq!(linked.body["payments"], json!([]));
    let unknown = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("/v3/payments/{unknown}"),
        "/v3/payments/nothing".to_owned(),
        "/v3/query?merchantTransactionId=never".to_owned(),
        "/v3/payments?merchantTransactionId=never".to_owned(),
    ] {
        assert_eq!(world.v3_get(&path).await.line(), "404 700.400.580", "{path}");
        assert_eq!(world.v3_get(&path.replace("/v3/", "/oppwa/v1/")).await.line(), "400 700.400.580", "{path}");
    }
    assert_eq!(world.v3_get("/v3/query").await.names(), ["merchantTransactionId"]);
}

#[tokio::test]
async fn every_mount_and_spelling_leads_to_the_same() {
    let world = World::start().await;
    let id = world.v3("/v3/payments", &payment("DB", "92.00", "4111111111111111")).await.id().to_owned();
    for mount in [
        "/v3",
        "//v3",
        "/v3/",
        "/v3/v3",
        "/gateway/v3",
        "/gateway//v3",
        "/eastpay/v3",
        "/pay/v3//v3",
        "/oppwa/v1",
        "/oppwa//v1/",
    ] {
        let read = world.v3_get(&format!("{mount}/payments/{id}/")).await;
        assert_eq!((read.status, read.id()), (StatusCode::OK, id.as_str()), "{mount}");
    }
    // An unknown path is this dialect's, a wrong method too; what nobody mounted is nobody's.
    let check = async |method: &str, path: &str, expected: &str| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        assert_eq!(send(world.v3_raw(method, path, String::new())).await.line(), expected, "{path}");
    };
    check("GET", "/v3", "404 200.300.406").await;
    check("GET", "/v3/threeDSecure/1", "404 200.300.406").await;
    check("PUT", "/v3/payments", "404 200.300.403").await;
    check("PATCH", "/gateway/v3/query", "404 200.300.403").await;
    assert_eq!(
        world.get("/gateway/payments").send().await.expect("an answer").text().await.expect("a body"),
        "Not found\n"
    );
    let allowed = world.request(Method::PUT, "/v3/payments").send().await.expect("an answer");
    assert_eq!(allowed.headers()["allow"], "GET, HEAD, POST");
}

#[tokio::test]
async fn the_older_platform_reads_its_own_codes() {
    let world = World::start().await;
    let paid = world.v3("/oppwa/v1/payments", &payment("DB", "92.00", "4111111111111111")).await;
    assert_eq!(paid.line(), "200 000.100.110");
    let timestamp = paid.body["timestamp"].as_str().expect("a time");
    assert!(timestamp.ends_with("+0000") && timestamp.as_bytes()[10] == b' ', "{timestamp}");
    let external = format!("{}&testMode=EXTERNAL", payment("DB", "92.00", "4111111111111111"));
    assert_eq!(world.v3("/oppwa/v1/payments", &external).await.line(), "200 000.100.112");
    let declined = world.v3("/oppwa/v1/payments", &payment("DB", "92.00", "4000000000009995")).await;
    assert_eq!(declined.line(), "200 800.100.155");
    // Each mount reads a payment in its own words.
    assert_eq!(world.v3_get(&format!("/v3/payments/{}", declined.id())).await.line(), "200 800.100.51");
    assert_eq!(
        world.v3("/oppwa/v1/payments", &payment("DB", "92.00", "4111111111111112")).await.line(),
        "400 100.100.101"
    );
}

#[tokio::test]
async fn amounts_decide_as_in_every_dialect() {
    let world = World::start().await;
    let check = async |amount: &str, v3: &str, oppwa: &str| {
        let paid = payment("DB", amount, "4111111111111111");
        assert_eq!(world.v3("/v3/payments", &paid).await.line(), v3, "{amount}");
        assert_eq!(world.v3("/oppwa/v1/payments", &paid).await.line(), oppwa, "{amount}");
    };
    check("9051.00", "400 800.100.51", "200 800.100.155").await;
    check("9000.00", "200 000.000.000", "200 000.100.110").await;
    check("9102.00", "200 000.000.000", "200 000.100.110").await;
    check("9077.00", "400 800.100.77", "200 800.100.100").await;
    check("9105.00", "200 000.200.300", "200 000.200.000").await;
    let pending = world.v3("/v3/payments", &payment("DB", "9105.00", "4111111111111111")).await;
    world.advance(Duration::from_secs(31)).await;
    world.v3_becomes(pending.id(), "000.000.000").await;
    let resolved = world.v3_get(&format!("/v3/payments/{}", pending.id())).await;
    let time = |answer: &Answer| answer.body["timestamp"].as_str().expect("a time").parse().expect("ISO 8601");
    let passed = florin_kernel::Timestamp::duration_since(time(&resolved), time(&pending)).as_secs();
    assert!(passed >= 30, "it changed {passed} s after it was made");
    let unknown = world.v3("/v3/payments", &payment("DB", "9101.00", "4111111111111111")).await;
    assert_eq!(unknown.line(), "200 000.200.300");
    world.advance(Duration::from_secs(61)).await;
    world.v3_becomes(unknown.id(), "000.000.000").await;
    let yen =
        "paymentType=DB&amount=9051&currency=JPY&card.number=4111111111111111&card.expiryMonth=05&card.expiryYear=2034";
    assert_eq!(world.v3("/v3/payments", yen).await.line(), "400 800.100.51");
    assert_eq!(world.v3("/v3/payments", &yen.replace("9051", "9051.00")).await.body["amount"], "9051.00");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn the_payer_of_a_challenge_comes_back() {
    let world = World::start().await;
    let check = async |action: &str, code: &str, mount: &str| {
        let asked = world.v3(&format!("{mount}/payments"), &payment("DB", "92.00", "4000000000003220")).await;
        assert_eq!(asked.line(), "200 000.200.000");
        let redirect = &asked.body["redirect"];
        assert_eq!((&redirect["method"], &redirect["parameters"]), (&json!("POST"), &json!([])));
        let url = redirect["url"].as_str().expect("a URL");
        assert!(url.starts_with(&world.url(&format!("{mount}/redirect/"))), "{url}");
        // GET shows, and so does a POST of whatever a client was told to send.
        assert_eq!(world.open(url).await.status(), StatusCode::OK);
        assert_eq!(world.submit(url, "MD=1&PaReq=2").await.status(), StatusCode::OK);
        let back = world.submit(url, &format!("action={action}")).await;
        assert_eq!(back.status(), StatusCode::SEE_OTHER);
        let (id, version) = (asked.id(), if mount == "/v3" { "v3" } else { "v1" });
        let expected =
            format!("https://shop.example/return?order=7&id={id}&resourcePath=%2F{version}%2Fpayments%2F{id}");
        assert_eq!(back.headers()["location"], expected.as_str());
        let read = world.v3_get(&format!("{mount}/payments/{id}")).await;
        assert_eq!(read.code(), code, "{action} {mount}");
        assert!(read.body["redirect"].is_null(), "{}", read.text);
        // Repeating the step only returns the browser.
        assert_eq!(world.submit(url, "action=approve").await.headers()["location"], expected.as_str());
        assert_eq!(world.open(url).await.headers()["location"], expected.as_str());
        assert_eq!(world.v3_get(&format!("{mount}/payments/{id}")).await.code(), code);
    };
    check("approve", "000.000.000", "/v3").await;
    check("decline", "100.400.152", "/v3").await;
    check("cancel", "100.396.101", "/v3").await;
    check("pending", "000.200.300", "/v3").await;
    check("approve", "000.100.110", "/oppwa/v1").await;
    check("decline", "100.380.401", "/oppwa/v1").await;
    // Nobody could come back: nothing is written.
    let before = world.payments().await.len();
    let form = payment("DB", "92.00", "4000000000003220").replace("shopperResultUrl=", "x=");
    let refused = world.v3("/v3/payments", &form).await;
    assert_eq!((refused.line().as_str(), refused.names()), ("400 200.300.404", vec!["shopperResultUrl"]));
    assert_eq!(world.payments().await.len(), before);
    assert_eq!(world.open(&world.url("/v3/redirect/nothing")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_step_not_taken_in_time_is_declined() {
    let world = World::start().await;
    let asked = world.v3("/v3/payments", &payment("DB", "92.00", "4000000000003220")).await;
    world.advance(Duration::from_secs(31 * 60)).await;
    world.v3_becomes(asked.id(), "100.396.103").await;
    let url = asked.body["redirect"]["url"].as_str().expect("a URL");
    let back = world.submit(url, "action=approve").await;
    assert!(back.headers()["location"].to_str().expect("text").starts_with("https://shop.example/return?order=7&id="));
    assert_eq!(world.v3_code(asked.id()).await, "100.396.103");
}

#[tokio::test]
async fn redirect_brands_lead_to_their_pages() {
    let world = World::start().await;
    let check = async |brand: &str, action: &str, code: &str| {
        let form = format!(
            "paymentType=DB&amount=92.00&currency=EUR&paymentBrand={brand}&shopperResultUrl=https://shop.example/r"
        );
        let asked = world.v3("/v3/payments", &form).await;
        assert_eq!((asked.line().as_str(), &asked.body["paymentBrand"]), ("200 000.200.000", &json!(brand)));
        assert!(asked.body["card"].is_null() && asked.body["risk"].is_null());
        let url = asked.body["redirect"]["url"].as_str().expect("a URL");
        let page = world.open(url).await;
        assert_eq!(page.status(), StatusCode::SEE_OTHER, "the bank's page is elsewhere");
        let back = world.submit(url, &format!("action={action}")).await;
        assert!(back.headers()["location"].to_str().expect("text").starts_with("https://shop.example/r?id="));
        assert_eq!(world.v3_code(asked.id()).await, code, "{brand} {action}");
    };
    check("IDEAL", "approve", "000.000.000").await;
    check("PAYPAL", "approve", "000.000.000").await;
    check("SOFORTUEBERWEISUNG", "decline", "800.100.05").await;
    check("GIROPAY", "cancel", "100.396.101").await;
    let form = "paymentType=DB&amount=92.00&currency=EUR&paymentBrand=PAYPAL";
    assert_eq!(world.v3("/v3/payments", form).await.names(), ["shopperResultUrl"]);
    let form = "paymentType=DB&amount=92.00&currency=EUR&paymentBrand=KLARNA&shopperResultUrl=https://shop.example/r";
    assert_eq!(world.v3("/v3/payments", form).await.line(), "400 600.200.200");
    // Nothing was written for what was refused.
    assert_eq!(world.payments().await.len(), 4);
}

#[tokio::test]
async fn payments_of_the_cashier_are_read_here_and_the_other_way_round() {
    let world = World::start().await;
    world.pay_by_card("order-1", "4111111111111111", "10.05", json!({})).await;
    let payment_id = world.payments().await[0].id;
    let codec = world.engine().codec();
    let reference = florin_kernel::public_id::Reference { payment: payment_id, sequence: 0 };
    for id in [codec.hex(reference), codec.base36(reference)] {
        let read = world.v3_get(&format!("/v3/payments/{id}")).await;
        assert_eq!(read.id(), codec.hex(reference));
        assert_eq!((&read.body["paymentType"], &read.body["amount"]), (&json!("DB"), &json!("10.05")));
        assert_eq!((&read.body["paymentBrand"], &read.body["card"]["holder"]), (&json!("VISA"), &json!("")));
        assert_eq!(read.body["merchantTransactionId"], "order-1");
    }
    // References are looked up only in the dialect that took them.
    assert_eq!(world.v3_get("/v3/query?merchantTransactionId=order-1").await.line(), "404 700.400.580");
    let made = world
        .v3("/v3/payments", &format!("{}&merchantTransactionId=order-1", payment("DB", "3.00", "4111111111111111")))
        .await;
    assert_eq!(world.status(made.id()).await, "successful");
    assert_eq!(world.status("order-1").await, "successful");
}

#[tokio::test]
async fn what_was_sent_along_comes_back() {
    let world = World::start().await;
    let form = format!(
        "{}&customer.givenName=Jane&customer[surname]=Jones&customer.browser.userAgent=UA&billing.street1=Main 1&billing.country=DE\
         &shipping[city]=Bonn&cart.items[1].name=Second&cart.items[0].name=First&cart.items[0].price=1.00\
         &customParameters[SHOPPER_promo.code]=A1&merchant.id=sub-1&merchantInvoiceId=INV-9&descriptor=My Shop&unknown.field=1",
        payment("DB", "92.00", "4111111111111111")
    );
    let paid = world.v3("/v3/payments", &form).await;
    let read = world.v3_get(&format!("/v3/payments/{}", paid.id())).await;
    for answer in [&paid, &read] {
        let body = &answer.body;
        assert_eq!(
            body["customer"].to_string(),
            r#"{"givenName":"Jane","surname":"Jones","browser":{"userAgent":"UA"}}"#
        );
        assert_eq!(body["billing"], json!({"street1": "Main 1", "country": "DE"}));
        assert_eq!(body["shipping"], json!({"city": "Bonn"}));
        assert_eq!(body["cart"], json!({"items": [{"name": "First", "price": "1.00"}, {"name": "Second"}]}));
        assert_eq!(body["customParameters"], json!({"SHOPPER_promo.code": "A1"}));
        assert_eq!((&body["merchant"]["id"], &body["merchantInvoiceId"]), (&json!("sub-1"), &json!("INV-9")));
        assert_eq!(body["descriptor"], "My Shop");
        assert!(!answer.text.contains("unknown") && !answer.text.contains("4111111111111111"));
    }
}

#[tokio::test]
async fn result_codes_are_for_everybody() {
    let world = World::start().await;
    let list = async |path: &str| {
        let list: serde_json::Value = world.get(path).send().await.expect("an answer").json().await.expect("JSON");
        list["resultCodes"].as_array().expect("a list").len()
    };
    let (own, older) = (list("/v3/resultcodes").await, list("/oppwa/v1/resultcodes").await);
    assert_eq!(list("/v3/resultcodes?set=oppwa").await, older);
    assert!(own < older && own > 400, "{own} {older}");
}
