//! Transaction services: the contract's samples, the three workflows of a payment, inquiry and list.

use std::time::Duration;

use florin_kernel::public_id::Reference;

use crate::ts::{S, card_payment, digest, form, like, send, with};
use crate::world::World;

const APPROVED: &str = "4000000000000051";
const CHALLENGE: &str = "4000000000000002";

/// What stands in the contract's samples beside the card.
const SAMPLE: [(&str, &str); 6] = [
    ("customer.givenName", "Jon"),
    ("customer.surname", "Doe"),
    ("customer.email", "jon.doe@example.com"),
    ("card.holder", "Jon Doe"),
    ("tmpl_amount", "50.00"),
    ("tmpl_currency", "USD"),
];

fn sample(reference: &'static str) -> Vec<(&'static str, &'static str)> {
    with(&card_payment(reference, "50.00", APPROVED), &SAMPLE)
}

#[tokio::test]
async fn the_samples_of_the_contract_are_answered_as_printed() {
    let world = World::start().await;
    let paid = world.ts_pay(&with(&sample("ORDER-1001"), &[("createRegistration", "true")])).await;
    assert_eq!(paid.content_type, "application/json; charset=utf-8");
    let (common, rest) = (
        r#""paymentBrand":"VISA","paymentMode":"CC","firstName":"Jon","lastName":"Doe","amount":"50.00","currency":"USD","tmpl_amount":"50.00","tmpl_currency":"USD","descriptor":"FLORIN*SHOP","#,
        r#""card":{"bin":"400000","last4Digits":"0051","lastFourDigits":"0051","holder":"Jon Doe","expiryMonth":"07","expiryYear":"2030"},"customer":{"email":"jon.doe@example.com","id":""},"eci":"07","bankReferenceId":"…","terminalId":"19671","timestamp":"9999-99-99 99:99:99""#,
    );
    let succeeded =
        r#"{"code":"00001","description":"Transaction succeeded","bankCode":"00","bankDescription":"Approved"}"#;
    let reference = r#""merchantTransactionId":"ORDER-1001","registrationId":"…","status":"capturesuccess","transactionStatus":"Y","remark":"Approved","#;
    assert_eq!(
        like(&paid),
        format!(r#"{{"paymentId":"9999999999","paymentType":"DB",{common}{reference}"result":{succeeded},{rest}}}"#)
    );
    let registration = paid.at("/registrationId");
    assert!(registration.len() == 32 && registration.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let found = world.ts_inquire(paid.id()).await;
    let totals = r#""captureamount":"50.00","refundamount":"0.00","chargebackamount":"0.00","result":{"code":"00026","description":"Your record found successfully"}"#;
    assert_eq!(
        like(&found),
        format!(
            r#"{{"paymentId":"9999999999","paymentType":"DB",{common}{reference}{rest},{totals},"transactionResult":{succeeded}}}"#
        )
    );
    let held = world.ts_pay(&with(&sample("ORDER-1002"), &[("paymentType", "PA")])).await;
    assert_eq!(held.line(), "200 00001 Y authsuccessful");
    assert_eq!(held.at("/paymentType"), "PA");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn every_card_and_amount_has_its_outcome() {
    let world = World::start().await;
    let mut count = 0;
    let mut check = async |number: &str, amount: &str, kind: &str, expected: &str, description: &str| {
        count += 1;
        let reference = format!("R{count}");
        let fields = with(&card_payment(&reference, amount, number), &[("paymentType", kind), ("card.cvv", "123")]);
        let answer = world.ts_pay(&fields).await;
        assert_eq!(answer.line(), expected, "{number} {amount}: {}", answer.text);
        assert_eq!(answer.at("/result/description"), description, "{number} {amount}");
        assert_eq!(answer.id().len(), 10);
        answer
    };
    let succeeded = "Transaction succeeded";
    for number in
        [APPROVED, "5101082187256503", "5105105105105100", "375510513169537", "378282246310005", "4111110000000021"]
    {
        check(number, "50.00", "DB", "200 00001 Y capturesuccess", succeeded).await;
    }
    let declined = check("4000000000009995", "50.00", "DB", "200 11051 N capturefailed", "Insufficient funds").await;
    assert_eq!((declined.at("/result/bankCode"), declined.at("/remark")), ("51", "Insufficient funds"));
    assert!(declined.body.get("redirect").is_none() && declined.body.get("eci").is_none());
    check("4000000000009995", "50.00", "PA", "200 11051 N authfailed", "Insufficient funds").await;
    check("4000000000000341", "50.00", "DB", "200 11005 N capturefailed", "Authorization declined").await;
    check("4000000000000069", "50.00", "DB", "200 11054 N capturefailed", "Card expired").await;
    let odd = check("4000000000000127", "50.00", "DB", "200 10001 N capturefailed", "Transaction failed").await;
    assert_eq!(odd.at("/result/bankCode"), "N7");
    check(APPROVED, "9091.00", "DB", "200 11091 N capturefailed", "Issuer unavailable").await;
    check(APPROVED, "9105.00", "DB", "200 00002 P authstarted", "Transaction pending").await;
    let unknown = check(APPROVED, "9101.00", "DB", "200 00002 P authstarted", "Transaction pending").await;
    assert!(unknown.body.get("redirect").is_none());
    world.advance(Duration::from_secs(60)).await;
    world.ts_becomes(unknown.id(), "capturesuccess").await;
    let struck = check(APPROVED, "9107.00", "DB", "200 00001 Y capturesuccess", succeeded).await;
    world.advance(Duration::from_secs(61)).await;
    let struck = world.ts_becomes(struck.id(), "chargeback").await;
    assert_eq!((struck.at("/transactionStatus"), struck.at("/chargebackamount")), ("N", "9107.00"));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn amounts_are_printed_with_two_decimals_or_more() {
    let world = World::start().await;
    let mut count = 0;
    let mut check = async |amount: &str, currency: &str, expected: &str| {
        count += 1;
        let reference = format!("A{count}");
        let answer = world.ts_pay(&with(&card_payment(&reference, amount, APPROVED), &[("currency", currency)])).await;
        assert_eq!(answer.at("/amount"), expected, "{}", answer.text);
    };
    check("100.00", "JPY", "100.00").await;
    check("1.25", "KWD", "1.250").await;
    check("50", "usd", "50.00").await;
    check("50.0", "EUR", "50.00").await;
}

#[tokio::test]
async fn a_challenge_is_answered_at_our_address() {
    let world = World::start().await;
    let mut count = 0;
    let mut check = async |action: &str, method: &str, expected: &str, description: &str| {
        count += 1;
        let reference = format!("C{count}");
        let back = [("merchantRedirectUrl", "https://shop.example/return?a=b"), ("redirectMethod", method)];
        let begun = world.ts_pay(&with(&card_payment(&reference, "50.00", CHALLENGE), &back)).await;
        assert_eq!(begun.line(), "200 00002 3D 3D Authstarted", "{}", begun.text);
        let url = begun.at("/redirect/url").to_owned();
        assert_eq!(begun.body["redirect"]["parameters"], begun.body["redirect"]["listofParameters"]);
        assert_eq!(begun.at("/redirect/parameters/0/value"), begun.id());
        assert_eq!(world.open(&url).await.status(), 200, "by GET");
        let posted = world.submit(&url, "xid=1&TermUrl=x").await;
        assert_eq!(posted.status(), 200, "by POST, with whatever was asked for");
        let back = world.submit(&url, &format!("action={action}")).await;
        let found = world.ts_inquire(begun.id()).await;
        assert_eq!(found.at("/status"), expected, "{action}: {}", found.text);
        assert_eq!(found.at("/transactionResult/description"), description, "{action}");
        (begun, back, found)
    };
    let (begun, back, found) = check("approve", "POST", "capturesuccess", "Transaction succeeded").await;
    assert_eq!(found.at("/eci"), "05");
    assert_eq!(back.status(), 200);
    let page = back.text().await.expect("a page");
    assert!(page.contains(r#"action="https://shop.example/return?a=b""#), "{page}");
    let field = |name: &str| {
        let from = format!("name=\"{name}\" value=\"");
        let rest = page.split_once(&from).unwrap_or_else(|| panic!("no {name} in {page}")).1;
        rest.split_once('"').expect("an end").0.to_owned()
    };
    let (_, _, key) = world.demo().member();
    assert_eq!(field("paymentId"), begun.id());
    assert_eq!((field("status"), field("longStatus")), ("Y".to_owned(), "capturesuccess".to_owned()));
    assert_eq!(field("resultDescription"), "Transaction processed successfully");
    assert_eq!(field("checksum"), digest(&[begun.id(), "C1", "50.00", "Y", key.expose()]));
    assert_eq!(field("resourcePath"), format!("{S}/payments/{}", begun.id()));
    // The address goes on to lead back, whoever opens it.
    let again = world.open(begun.at("/redirect/url")).await;
    assert!(again.text().await.expect("a page").contains("shop.example/return"));

    let (begun, back, _) = check("decline", "GET", "capturefailed", "3D authentication failed").await;
    assert_eq!(back.status(), 303);
    let target = url::Url::parse(back.headers()["location"].to_str().expect("text")).expect("a URL");
    let query: std::collections::HashMap<String, String> = target.query_pairs().into_owned().collect();
    assert_eq!((query["a"].as_str(), query["status"].as_str(), query["trackingid"].as_str()), ("b", "N", begun.id()));
    assert_eq!(query["checksum"], digest(&[begun.id(), "C2", "50.00", "N", key.expose()]));

    let (_, back, found) = check("cancel", "POST", "cancelled", "Transaction failed: cancelled").await;
    assert_eq!(found.at("/transactionStatus"), "C");
    assert!(back.text().await.expect("a page").contains(r#"name="status" value="C""#));
    let (begun, _, _) = check("pending", "POST", "authstarted", "Transaction pending").await;
    world.advance(Duration::from_secs(30)).await;
    world.ts_becomes(begun.id(), "capturesuccess").await;
}

#[tokio::test]
async fn a_challenge_that_nobody_answers_is_a_decline() {
    let world = World::start().await;
    let begun = world.ts_pay(&card_payment("LATE", "50.00", CHALLENGE)).await;
    world.advance(Duration::from_secs(16 * 60)).await;
    let found = world.ts_becomes(begun.id(), "capturefailed").await;
    assert_eq!(found.at("/transactionResult/description"), "3D authentication not completed");
    // Without an address to return to, the payer sees a receipt.
    let page = world.open(begun.at("/redirect/url")).await;
    let receipt = world.open(page.headers()["location"].to_str().expect("text")).await;
    assert!(receipt.text().await.expect("a page").contains("50.00"));
}

#[tokio::test]
async fn three_d_secure_is_as_the_merchant_wants() {
    let world = World::start().await;
    let check = async |reference: &str, number: &str, wish: &str, expected: &str| {
        let answer = world.ts_pay(&with(&card_payment(reference, "50.00", number), &[("attemptThreeD", wish)])).await;
        assert_eq!(answer.at("/transactionStatus"), expected, "{number} {wish}: {}", answer.text);
    };
    check("W1", APPROVED, "3D", "Y").await;
    check("W2", APPROVED, "only3D", "3D").await;
    check("W3", CHALLENGE, "direct", "Y").await;
    check("W4", "4000000000003220", "3d", "3D").await;
}

#[tokio::test]
async fn wallets_and_banks_send_the_payer_on() {
    let world = World::start().await;
    let page = |reference: &'static str, mode: &'static str, brand: &'static str| {
        let back = ("merchantRedirectUrl", "https%3A%2F%2Fshop.example%2Freturn");
        vec![
            ("merchantTransactionId", reference),
            ("amount", "50.00"),
            ("currency", "EUR"),
            ("paymentType", "DB"),
            ("paymentMode", mode),
            ("paymentBrand", brand),
            back,
        ]
    };
    for (reference, mode, brand, action, expected) in [
        ("N1", "NB", "SEPA", "approve", "200 00026 Y capturesuccess"),
        ("N2", "nb", "Bank Transfer", "decline", "200 00026 N capturefailed"),
        ("N3", "EW", "PayPal", "cancel", "200 00026 C cancelled"),
    ] {
        let begun = world.ts_pay(&page(reference, mode, brand)).await;
        assert_eq!(begun.line(), "200 00002 P authstarted", "{}", begun.text);
        assert!(begun.body.get("card").is_none());
        world.submit(begun.at("/redirect/url"), &format!("action={action}")).await;
        assert_eq!(world.ts_inquire(begun.id()).await.line(), expected);
    }
    let declined = world.ts_inquire("N2").await;
    assert_eq!(declined.at("/transactionResult/code"), "11005");
    let unknown = world.ts_pay(&page("N4", "EW", "NOSUCH")).await;
    assert_eq!(unknown.line(), "200 20012 N failed");
    let homeless = world.ts_pay(&with(&page("N5", "EW", "PAYPAL"), &[("merchantRedirectUrl", "")])).await;
    assert_eq!(homeless.faults(), ["merchantRedirectUrl missing"]);
}

#[tokio::test]
async fn an_inquiry_takes_every_id_there_is() {
    let world = World::start().await;
    let paid = world.ts_pay(&sample("ORDER-7")).await;
    let check = async |path: &str, fields: &[(&str, &str)], sum: &[&str], expected: &str| {
        let answer = send(world.ts_request(path, fields, &world.ts_sum(sum)).await).await;
        assert_eq!(answer.line(), expected, "{path} {fields:?}: {}", answer.text);
        answer
    };
    let found = "200 00026 Y capturesuccess";
    let id = paid.id();
    check("/inquiry", &[("paymentId", id)], &[id], found).await;
    check("/inquiry", &[("merchantTransactionId", "ORDER-7"), ("idType", "MID")], &["ORDER-7"], found).await;
    check("/inquiry", &[("merchantTransactionId", "ORDER-7"), ("amount", "50.0")], &["ORDER-7", "50.00"], found).await;
    check("/payments/ORDER-7", &[("paymentType", "IN"), ("idType", "MID")], &["ORDER-7"], found).await;
    check("/payments/ORDER-7", &[("paymentType", "IN")], &["ORDER-7"], found).await;
    let missing = check("/payments/ORDER-8", &[("paymentType", "IN")], &["ORDER-8"], "200 10026 notfound").await;
    assert_eq!(missing.id(), "-");
    check("/payments/ORDER-7", &[("paymentType", "IN"), ("idType", "PID")], &["ORDER-7"], "200 10026 notfound").await;
    check("/inquiry", &[], &[""], "200 20007 failed").await;

    let token = world.ts_token().await;
    let shown = send(world.get(&format!("{S}/payments/{id}")).header("authtoken", token.as_str())).await;
    assert_eq!(shown.line(), found);
    let wrong = format!("{S}/payments/{id}?authentication.checksum={}", "0".repeat(32));
    assert_eq!(send(world.get(&wrong).header("AuthToken", token)).await.line(), "200 20006 failed");

    // A payment made elsewhere has a number here from its first showing on, and each id leads to it.
    world.pay_by_card("cashier-1", "4111111111111111", "10.05", serde_json::json!({})).await;
    let made = world.payments().await.into_iter().find(|payment| payment.details.reference == "cashier-1");
    let made = Reference { payment: made.expect("it was made").id, sequence: 0 };
    for printed in [world.engine().codec().base36(made), world.engine().codec().hex(made)] {
        let here = world.ts_inquire(&printed).await;
        assert_eq!(here.line(), found);
        assert_eq!(here.at("/merchantTransactionId"), "cashier-1");
        assert_eq!(world.ts_inquire(here.id()).await.id(), here.id());
        assert_eq!(world.status(here.id()).await, "successful", "the other dialects take the number, too");
        assert_eq!(world.v3_code(here.id()).await, "000.000.000");
    }
}

#[tokio::test]
async fn xml_says_the_same() {
    let world = World::start().await;
    let request = world.ts_payment(&sample("ORDER-X")).await.header("accept", "application/xml");
    let made = send(request).await;
    assert_eq!(made.content_type, "application/xml; charset=UTF-8");
    assert!(
        made.text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><paymentId>"),
        "{}",
        made.text
    );
    assert!(
        made.text.contains("<result><code>00001</code><description>Transaction succeeded</description>"),
        "{}",
        made.text
    );
    let again = world.ts_pay(&sample("ORDER-X")).await;
    assert!(again.replayed && again.content_type.starts_with("application/json"));
    assert!(made.text.contains(&format!("<paymentId>{}</paymentId>", again.id())));
    let refused = send(world.post(&format!("{S}/payments")).header("accept", "text/xml")).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("<code>20001</code>"), "{}", refused.text);
}

#[tokio::test]
async fn json_bodies_are_nested_or_dotted() {
    let world = World::start().await;
    let (member, _, _) = world.demo().member();
    let token = world.ts_token().await;
    for (reference, amount) in [("J1", serde_json::json!(50.0)), ("J2", serde_json::json!("50"))] {
        let body = serde_json::json!({
            "authentication": {"memberId": member, "checksum": world.ts_sum(&[reference, "50.00"])},
            "merchantTransactionId": reference, "amount": amount, "currency": "USD", "paymentType": "DB",
            "card": {"number": APPROVED, "expiryMonth": 7, "expiryYear": 30}, "card.cvv": "745", "createRegistration": false
        });
        let answer = send(world.post(&format!("{S}/payments")).header("AuthToken", &token).json(&body)).await;
        assert_eq!(answer.line(), "200 00001 Y capturesuccess", "{}", answer.text);
        assert_eq!((answer.at("/paymentBrand"), answer.at("/paymentMode")), ("VISA", "CC"));
    }
}

#[tokio::test]
async fn the_list_is_newest_first_and_has_all_dialects() {
    let world = World::start().await;
    let list = async |fields: &[(&str, &str)]| {
        send(world.ts_request("/getTransactionList", fields, &world.ts_sum(&[])).await).await
    };
    let nothing = list(&[]).await;
    assert_eq!((nothing.code(), nothing.at("/totalrecords")), ("10026", "0"));
    assert_eq!(nothing.body["transaction"], serde_json::json!([]));
    world.ts_pay(&sample("L1")).await;
    world.ts_pay(&card_payment("L2", "50.00", "4000000000009995")).await;
    world.pay_by_card("L3", "4111111111111111", "10.05", serde_json::json!({})).await;
    let all = list(&[]).await;
    let references = |answer: &crate::ts::Answer| {
        let rows = answer.body["transaction"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["merchantTransactionId"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(references(&all), ["L3", "L2", "L1"]);
    assert_eq!(all.at("/totalrecords"), "3");
    assert_eq!(
        like(&all)
            .split_once(
                r#"{"amount":"50.00","currency":"USD","systemPaymentId":"9999999999","merchantTransactionId":"L1","#
            )
            .expect("the first")
            .1,
        concat!(
            r#""transactionStatus":"capturesuccess","status":"capturesuccess","shortStatus":"Y","captureamount":"50.00","refundamount":"0.00","chargebackamount":"0.00","payoutamount":"0.00","date":"9999-99-99","transactionDate":"9999-99-99 99:99:99","remark":"Approved","#,
            r#""customer":{"givenName":"Jon","surname":"Doe","phone":"","email":"jon.doe@example.com","telnocc":"","country":"","city":"","street":""},"card":{"bin":"400000","last4Digits":"0051","expiryMonth":"07","expiryYear":"2030"},"transactionReceiptImg":"","bankReferenceId":"…","terminalid":"19671"}],"timestamp":"9999-99-99 99:99:99"}"#
        )
    );
    let page = list(&[("pagination.pageno", "2"), ("pagination.records", "2")]).await;
    assert_eq!((references(&page), page.at("/totalrecords")), (vec!["L1".to_owned()], "3"));
    let beyond = list(&[("pagination.pageno", "999999999"), ("pagination.records", "100")]).await;
    assert_eq!((references(&beyond).len(), beyond.at("/totalrecords"), beyond.code()), (0, "3", "00026"));
    let second = list(&[("status", "CAPTURESUCCESS"), ("pageno", "2"), ("records", "1")]).await;
    assert_eq!((references(&second), second.at("/totalrecords")), (vec!["L1".to_owned()], "2"));
    assert_eq!(references(&list(&[("records", "1")]).await), ["L3"]);
    assert_eq!(references(&list(&[("status", "capturefailed")]).await), ["L2"]);
    let today = world.engine().now(florin_kernel::ports::Lane::Live);
    let day = today.strftime("%d/%m/%Y").to_string();
    assert_eq!(references(&list(&[("fromdate", &day), ("todate", &day)]).await).len(), 3);
    assert_eq!(references(&list(&[("fromdate", "2020-01-01"), ("todate", "31-01-2020")]).await).len(), 0);
    let faulty = list(&[("pagination.fromdate", "2020-01-01"), ("pagination.todate", "2022-01-01")]).await;
    assert_eq!(faulty.faults(), ["pagination.todate range"]);
    assert_eq!(faulty.line(), "200 20007 failed");
    assert_eq!(list(&[("pageno", "0")]).await.faults(), ["pageno range"]);
}

#[tokio::test]
async fn what_is_reserved_is_not_enabled() {
    let world = World::start().await;
    for path in ["/merchantServices/api/v1/merchantSignup", "/merchantServices/api/v1/verifyAppOtp"] {
        assert_eq!(send(world.post(path).body(form([]))).await.line(), "200 20013 failed");
    }
}
