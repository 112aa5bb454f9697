//! The test cards of the v3 contract (section 13), 3-D Secure, verifications, and charges without the payer.

use reqwest::StatusCode;
use serde_json::json;

use crate::v3::payment;
use crate::world::World;

/// A frictionless or attempted authentication answers at once with what is known of it; a challenge leads to the payer.
#[tokio::test]
async fn every_card_does_what_the_contract_says() {
    let world = World::start().await;
    let check = async |numbers: &str, v3: &str, oppwa: &str, secure: &[&str]| {
        for (place, number) in numbers.split(' ').enumerate() {
            let form = payment("DB", "92.00", number);
            let (own, older) = (world.v3("/v3/payments", &form).await, world.v3("/oppwa/v1/payments", &form).await);
            assert_eq!((own.line().as_str(), older.line().as_str()), (v3, oppwa), "{number}: {}", own.text);
            let eci = own.body["threeDSecure"]["eci"].as_str();
            assert_eq!(eci, secure.get(place).or(secure.last()).copied(), "{number}: {}", own.text);
            let preconditions = own.body["redirect"]["preconditions"].as_array().map(Vec::len);
            let methods =
                "4200000000000042 4200000000000067 5200000000000015 5200000000000049 343434343434343 375987000000021";
            assert_eq!(
                preconditions,
                methods.split(' ').any(|with| with == number).then_some(1),
                "{number}: {}",
                own.text
            );
        }
    };
    let (approved, approved_there) = ("200 000.000.000", "200 000.100.110");
    check(
        "4111111111111111 4242424242424242 4200000000000000 4000000000000051 4000056655665556",
        approved,
        approved_there,
        &[],
    )
    .await;
    check(
        "5555555555554444 5454545454545454 5105105105105100 378282246310005 377777777777770",
        approved,
        approved_there,
        &[],
    )
    .await;
    check("4200000000000091 4200000000000026", approved, approved_there, &["05"]).await;
    check("5200000000000007 5200000000000056", approved, approved_there, &["02"]).await;
    check("374500262001008 375987000000062", approved, approved_there, &["05"]).await;
    check("4200000000000109 4200000000000059", approved, approved_there, &["06"]).await;
    check("5200000000000023 5200000000000106", approved, approved_there, &["01"]).await;
    check("377277081382243 373953192351004", approved, approved_there, &["06"]).await;
    check("4532497088771651 5497260847316287 343923092050144", approved, approved_there, &["07", "00", "07"]).await;
    let (open, open_there) = ("200 000.200.000", "200 000.200.000");
    check(
        "4200000000000042 4200000000000067 5200000000000015 5200000000000049 343434343434343 375987000000021",
        open,
        open_there,
        &[],
    )
    .await;
    check(
        "4000000000003220 4012001037141112 4000000000000002 4200000000000018 4200000000000075 4711100000000000",
        open,
        open_there,
        &[],
    )
    .await;
    check(
        "5200000000000064 5200000000000072 5212345678901234 375987000169867 371449635398431 375987000000005",
        open,
        open_there,
        &[],
    )
    .await;
    let check = async |numbers: &str, v3: &str, oppwa: &str| {
        for number in numbers.split(' ') {
            let form = payment("DB", "92.00", number);
            assert_eq!(world.v3("/v3/payments", &form).await.line(), v3, "{number}");
            assert_eq!(world.v3("/oppwa/v1/payments", &form).await.line(), oppwa, "{number}");
        }
    };
    check("4012001037461114 5434580000000006 375987000169875", "400 100.400.152", "200 100.390.112").await;
    check("4200000000000034 5457350076543210 375987000169883", "400 100.400.152", "200 100.380.401").await;
    check("4200000000000083", "400 300.100.100", "200 300.100.100").await;
    check("4000000000000341", "400 800.100.05", "200 800.100.152").await;
    check("4000000000009995", "400 800.100.51", "200 800.100.155").await;
    check("4000000000000069", "400 800.100.54", "200 800.100.157").await;
    check("4000000000000127", "400 800.100.153", "200 800.100.153").await;
    check("4111111111111112", "400 100.100.101", "400 100.100.101").await;
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_challenge_may_begin_with_a_hidden_form() {
    let world = World::start().await;
    let asked = world.v3("/v3/payments", &payment("DB", "92.00", "4200000000000042")).await;
    let redirect = &asked.body["redirect"];
    let url = redirect["url"].as_str().expect("a URL");
    let before = &redirect["preconditions"][0];
    let keys: Vec<&String> = before.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["origin", "waitUntil", "description", "method", "url", "parameters"]);
    assert_eq!((&before["origin"], &before["waitUntil"]), (&json!("iframe#hidden"), &json!("iframe#onload")));
    assert_eq!(before["url"], format!("{url}/method"));
    assert_eq!(before["parameters"][0]["name"], "threeDSMethodData");
    let data = before["parameters"][0]["value"].as_str().expect("text");
    assert_eq!(
        world.submit(&format!("{url}/method"), &format!("threeDSMethodData={data}")).await.status(),
        StatusCode::OK
    );
    assert_eq!(world.submit(url, "action=approve").await.status(), StatusCode::SEE_OTHER);
    let paid = world.v3_get(&format!("/v3/payments/{}", asked.id())).await;
    assert_eq!((paid.code(), &paid.body["threeDSecure"]["eci"]), ("000.000.000", &json!("05")));
}

#[tokio::test]
async fn a_result_obtained_elsewhere_is_passed_on() {
    let world = World::start().await;
    let form = format!(
        "{}&threeDSecure.eci=05&threeDSecure.verificationId=AAACAgSRBklmQCFgMpEGAAAAAAA=&threeDSecure.version=2.2.0\
         &threeDSecure.authenticationStatus=Y&threeDSecure.dsTransactionId=c272b04f-6e7b-43a2-bb78-90f4fb94aa25",
        payment("DB", "92.00", "4200000000000042")
    );
    let paid = world.v3("/v3/payments", &form).await;
    assert_eq!(paid.line(), "200 000.000.000");
    assert_eq!(
        paid.body["threeDSecure"].to_string(),
        r#"{"eci":"05","version":"2.2.0","authenticationStatus":"Y","dsTransactionId":"c272b04f-6e7b-43a2-bb78-90f4fb94aa25"}"#
    );
    assert!(!paid.text.contains("AAACAgSRBklmQCFgMpEGAAAAAAA"));
    // The issuer that wanted authentication has it.
    let soft = form.replace("4200000000000042", "4200000000000083");
    assert_eq!(world.v3("/v3/payments", &soft).await.line(), "200 000.000.000");
    let challenge = format!("{}&threeDSecure.challengeIndicator=04", payment("DB", "92.00", "4200000000000091"));
    assert_eq!(world.v3("/v3/payments", &challenge).await.line(), "200 000.200.000");
    for (parameter, expected) in [
        ("customParameters[3DS2_enrolled]=true", "200 000.200.000"),
        ("customParameters[3DS2_flow]=challenge", "200 000.200.000"),
        ("customParameters[3DS2_flow]=frictionless", "200 000.000.000"),
    ] {
        let form = format!("{}&{parameter}", payment("DB", "92.00", "4111111111111111"));
        assert_eq!(world.v3("/v3/payments", &form).await.line(), expected, "{parameter}");
    }
    let bad =
        format!("{}&threeDSecure.eci=x&threeDSecure.authenticationStatus=Z", payment("DB", "1.00", "4111111111111111"));
    assert_eq!(world.v3("/v3/payments", &bad).await.names(), ["threeDSecure.eci", "threeDSecure.authenticationStatus"]);
}

#[tokio::test]
async fn a_card_is_verified_without_money() {
    let world = World::start().await;
    let card = crate::v3::card("4111111111111111");
    let verified = world.v3("/v3/payments", &format!("paymentType=CV&{card}")).await;
    assert_eq!((verified.line().as_str(), &verified.body["paymentType"]), ("200 000.000.000", &json!("CV")));
    assert!(verified.body["amount"].is_null() && verified.body["currency"].is_null());
    for amount in ["0.00", "12.00"] {
        let verified = world.v3("/v3/payments", &format!("paymentType=CV&amount={amount}&currency=USD&{card}")).await;
        assert_eq!((verified.line().as_str(), &verified.body["amount"]), ("200 000.000.000", &json!(amount)));
    }
    let declined = world.v3("/v3/payments", &format!("paymentType=CV&{}", crate::v3::card("4000000000009995"))).await;
    assert_eq!(declined.line(), "400 800.100.51");
    assert_eq!(world.v3("/v3/payments", "paymentType=CV").await.line(), "400 100.100.100");
    let read = world.v3_get(&format!("/v3/payments/{}", verified.id())).await;
    assert_eq!(read.body["summary"]["authorized"], "0.00");
    assert!(world.charges().await.is_empty());
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn the_merchant_may_charge_alone_on_an_agreement() {
    let world = World::start().await;
    let first = format!("{}&recurringType=INITIAL", payment("DB", "10.00", "4111111111111111"));
    let first = world.v3("/v3/payments", &first).await;
    let instruction = &first.body["standingInstruction"];
    assert_eq!(
        (&instruction["mode"], &instruction["type"], &instruction["source"]),
        (&json!("INITIAL"), &json!("RECURRING"), &json!("CIT"))
    );
    let network_id =
        first.body["resultDetails"]["CardholderInitiatedTransactionID"].as_str().expect("an id").to_owned();
    assert_eq!(instruction["initialTransactionId"], network_id.as_str());
    assert_eq!(first.body["recurringType"], "INITIAL");
    let again = format!(
        "{}&standingInstruction.mode=REPEATED&standingInstruction.type=RECURRING&standingInstruction.source=MIT",
        payment("DB", "10.00", "4000000000003220")
    );
    let refused = world.v3("/v3/payments", &again).await;
    assert_eq!(refused.names(), ["standingInstruction.initialTransactionId"]);
    // Nobody is there to be challenged.
    let charged =
        world.v3("/v3/payments", &format!("{again}&standingInstruction.initialTransactionId={network_id}")).await;
    assert_eq!(charged.line(), "200 000.000.000");
    assert!(charged.body["resultDetails"]["CardholderInitiatedTransactionID"].is_null());
    let part = format!("{}&standingInstruction.mode=INITIAL", payment("DB", "1.00", "4111111111111111"));
    assert_eq!(
        world.v3("/v3/payments", &part).await.names(),
        ["standingInstruction.type", "standingInstruction.source"]
    );
}
