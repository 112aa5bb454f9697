//! Transaction services: invoices, pay links, and the pages where they are paid.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use crate::ts::{Answer, digest, form, send, with};
use crate::world::{Receiver, SOON, World};

mod keys;

const I: &str = "/invoiceServices/REST/v1";
const CARD: &str = "4000000000000051";
const DECLINED: &str = "4000000000009995";
const CHALLENGE: &str = "4000000000000002";
const HOUR: Duration = Duration::from_secs(3600);

/// What stands in the contract's sample.
const SAMPLE: [(&str, &str); 8] = [
    ("merchantInvoiceId", "1001"),
    ("amount", "50.00"),
    ("currency", "USD"),
    ("merchantRedirectUrl", "https://shop.example/return"),
    ("customer.email", "jon.doe@example.com"),
    ("customer.givenName", "Jon"),
    ("customer.surname", "Doe"),
    ("orderDescription", "Two tickets"),
];

impl World {
    async fn signed(&self, path: &str, fields: &[(&str, &str)], sum: &str) -> reqwest::RequestBuilder {
        let (member, _, _) = self.demo().member();
        let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
        let body = form(login.iter().chain(fields).copied());
        let request = self.post(path).header("AuthToken", self.ts_token().await);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    async fn generate(&self, fields: &[(&str, &str)]) -> Answer {
        send(self.generating(fields).await).await
    }

    async fn generating(&self, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let sent = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        let sum = self.ts_sum(&[sent("merchantInvoiceId"), sent("amount"), sent("merchantRedirectUrl")]);
        self.signed(&format!("{I}/generate"), fields, &sum).await
    }

    /// A call about an invoice by the member's number.
    async fn about(&self, call: &str, reference: &str, more: &[(&str, &str)]) -> Answer {
        let fields = with(&[("merchantInvoiceId", reference)], more);
        send(self.signed(&format!("{I}/{call}"), &fields, &self.ts_sum(&[reference])).await).await
    }

    async fn regenerate(&self, id: &str, more: &[(&str, &str)]) -> Answer {
        let url = "https://shop.example/return";
        let (member, _, key) = self.demo().member();
        let fields = with(&[("invoiceId", id), ("merchantRedirectUrl", url)], more);
        let sum = digest(&[id, member, key.expose(), url]);
        send(self.signed(&format!("{I}/regenerate"), &fields, &sum).await).await
    }

    async fn plain(&self, call: &str, fields: &[(&str, &str)]) -> Answer {
        send(self.signed(&format!("{I}/{call}"), fields, &self.ts_sum(&[])).await).await
    }

    async fn link(&self, order: &str, amount: &str, more: &[(&str, &str)]) -> Answer {
        let (member, _, key) = self.demo().member();
        let fields = [("merchant.orderID", order), ("merchant.amount", amount), ("merchant.currency", "USD")];
        let sum = digest(&[member, order, amount, key.expose()]);
        send(self.signed("/merchantServices/api/v1/generatePayByLink", &with(&fields, more), &sum).await).await
    }

    /// The letters in the outbox: their texts, sorted by name.
    async fn letters(&self, count: usize) -> Vec<String> {
        let folder = self.data().join("outbox");
        let read = || {
            let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
            let mut files: Vec<_> =
                entries.filter(|path| path.extension().is_some_and(|extension| extension == "eml")).collect();
            files.sort();
            files.iter().map(|path| std::fs::read_to_string(path).expect("a letter")).collect::<Vec<_>>()
        };
        let reached = async {
            while read().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(SOON, reached).await.is_ok(), "{} of {count} letters", read().len());
        read()
    }

    async fn invoice_becomes(&self, reference: &str, expected: &str) -> Answer {
        let reached = async {
            loop {
                let answer = self.about("inquiry", reference, &[]).await;
                if answer.at("/invoiceDetails/invoiceStatus") == expected {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{reference} is not {expected}"))
    }
}

async fn text(response: Response) -> String {
    response.text().await.expect("a page")
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&from).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').expect("an end").0.to_owned()
}

fn card_form(page: &str, number: &str) -> String {
    let nonce = hidden(page, "nonce");
    format!("nonce={nonce}&provider_id=210&card_number={number}&exp_month=07&exp_year=2030&cvc=745&holder_name=Jon+Doe")
}

/// Pays with a card on the page as it is drawn now.
async fn pay(world: &World, url: &str, number: &str) -> Response {
    let page = text(world.open(url).await).await;
    world.submit(url, &card_form(&page, number)).await
}

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().expect("text")
}

/// An answer with what differs from day to day replaced by its form.
fn like(answer: &Answer) -> String {
    let id = answer.at("/invoiceDetails/invoiceId");
    let link = answer.at("/invoiceDetails/transactionUrl");
    let (_, secret) = link.split_once("&ct=").expect("a secret");
    assert!(secret.len() == 16 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
    let mut text = answer.text.replace(link, "{base}/transaction/PayInvoice?inv={id}&ct={ct}").replace(id, "{id}");
    for (path, shape) in [
        ("/invoiceDetails/createdDate", "{created}"),
        ("/invoiceDetails/expiryDate", "{expiry}"),
        ("/invoiceDetails/dtstamp", "{stamp}"),
        ("/timestamp", "{timestamp}"),
    ] {
        text = text.replace(&format!("\"{}\"", answer.at(path)), &format!("\"{shape}\""));
    }
    text
}

#[tokio::test]
async fn an_invoice_is_answered_as_the_contract_prints_it() {
    let world = World::start().await;
    let made = world.generate(&with(&SAMPLE, &[("raiseby", "Shop Ltd")])).await;
    assert_eq!(
        like(&made),
        concat!(
            r#"{"memberId":"MEMBER","result":{"code":"00011","description":"Invoice generated successfully"},"#,
            r#""invoiceDetails":{"invoiceId":"{id}","systemInvoiceId":"{id}","merchantInvoiceId":"1001","orderId":"1001","#,
            r#""amount":"50.00","currency":"USD","expirationPeriod":"48","createdDate":"{created}","expiryDate":"{expiry}","#,
            r#""transactionUrl":"{base}/transaction/PayInvoice?inv={id}&ct={ct}","invoiceStatus":"generated","#,
            r#""transactionStatus":"","trackingid":"","raiseby":"Shop Ltd","orderDescription":"Two tickets","#,
            r#""customerDetails":{"customername":"Jon Doe","customeraddress":"","customermobileno":"","customeremail":"jon.doe@example.com"},"#,
            r#""mailStatus":"queued","remindersSent":"0","cancelReason":"","dtstamp":"{stamp}"},"timestamp":"{timestamp}"}"#,
        )
        .replace("MEMBER", world.demo().member().0)
    );
    assert!(made.at("/invoiceDetails/createdDate").ends_with(".0"));
    let letters = world.letters(1).await;
    let subject = "Subject: Invoice 1001 from Demo Shop: 50.00 USD";
    assert!(
        letters[0].contains(subject) && letters[0].contains("To: ") && letters[0].contains("PayInvoice"),
        "{}",
        letters[0]
    );
    let found = world.about("inquiry", "1001", &[]).await;
    assert_eq!(found.code(), "00026");
    let id = made.at("/invoiceDetails/invoiceId");
    let by_number = send(world.signed(&format!("{I}/inquiry"), &[("invoiceId", id)], &world.ts_sum(&[id])).await).await;
    assert_eq!(by_number.at("/invoiceDetails/merchantInvoiceId"), "1001");
    let xml = world.signed(&format!("{I}/inquiry"), &[("invoiceId", id)], &world.ts_sum(&[id])).await;
    let xml = send(xml.header(ACCEPT, "application/xml")).await;
    assert!(
        xml.text.contains("<response><memberId>") && xml.text.contains("<invoiceStatus>generated<"),
        "{}",
        xml.text
    );
    let missing = world.about("inquiry", "1002", &[]).await;
    assert_eq!((missing.line().as_str(), missing.at("/transactionStatus")), ("200 10026 notfound", ""));
}

#[tokio::test]
async fn the_same_invoice_again_is_the_same_answer() {
    let world = World::start().await;
    let first = world.generate(&SAMPLE).await;
    let again = world.generate(&with(&SAMPLE, &[("amount", "50.0")])).await;
    assert_eq!((again.replayed, &again.text), (true, &first.text));
    assert_eq!(world.generate(&with(&SAMPLE, &[("amount", "51.00")])).await.line(), "200 20010 failed");
    let keyed = |reference| with(&SAMPLE, &[("merchantInvoiceId", reference)]);
    let key = "invoice-key";
    let one = send(world.generating(&keyed("1002")).await.header("Idempotency-Key", key)).await;
    assert_eq!(one.code(), "00011");
    let other = send(world.generating(&keyed("1003")).await.header("Idempotency-Key", key)).await;
    assert_eq!(other.code(), "20011");
    world.letters(2).await;
    assert_eq!(world.plain("getInvoice", &[]).await.at("/totalrecords"), "2");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::start().await;
    let check = async |more: &[(&str, &str)], faults: &[&str]| {
        let answer = world.generate(&with(&SAMPLE, more)).await;
        assert_eq!(
            (answer.code(), answer.faults()),
            ("20007", faults.iter().map(|fault| (*fault).to_owned()).collect())
        );
        assert_eq!(answer.at("/transactionStatus"), "");
    };
    check(&[("customer.email", ""), ("orderDescription", "")], &["customer.email missing", "orderDescription missing"])
        .await;
    check(&[("customer.email", "a@b>, c@d")], &["customer.email format"]).await;
    check(&[("merchantRedirectUrl", "")], &["merchantRedirectUrl missing"]).await;
    check(&[("expirationPeriod", "8761")], &["expirationPeriod range"]).await;
    check(&[("amount", "0")], &["amount range"]).await;
    check(&[("merchantInvoiceId", "")], &["merchantInvoiceId missing"]).await;
    let elsewhere = world.generate(&with(&SAMPLE, &[("authentication.terminalId", "1")])).await;
    assert_eq!(elsewhere.code(), "20012");
    let unsigned = send(world.signed(&format!("{I}/generate"), &SAMPLE, "0".repeat(32).as_str()).await).await;
    assert_eq!(unsigned.code(), "20006");
    assert_eq!(world.about("cancel", "1001", &[]).await.faults(), ["cancelReason missing"]);
    assert_eq!(world.plain("getInvoice", &[]).await.at("/result/code"), "10026");
}

#[tokio::test]
async fn a_customer_pays_an_invoice_and_the_shop_hears_of_it() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let hook = receiver.url();
    let made = world.generate(&with(&SAMPLE, &[("notificationUrl", &hook)])).await;
    let link = made.at("/invoiceDetails/transactionUrl").to_owned();
    let page = text(world.open(&link).await).await;
    for part in ["50.00 USD", "Two tickets", "1001", "Demo Shop", "cc-number", "Pay by"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    // A no leaves the invoice open, and the page says why.
    let refused = pay(&world, &link, DECLINED).await;
    assert_eq!((refused.status().as_u16(), location(&refused)), (303, link.as_str()));
    assert!(text(world.open(&link).await).await.contains("There is not enough money available."));
    assert_eq!(world.about("inquiry", "1001", &[]).await.at("/invoiceDetails/invoiceStatus"), "generated");
    assert_eq!(world.ts_inquire("1001").await.at("/status"), "capturefailed");
    let back = text(pay(&world, &link, CARD).await).await;
    let id = hidden(&back, "paymentId");
    assert!(back.contains(r#"action="https://shop.example/return""#), "{back}");
    assert_eq!(hidden(&back, "invoiceId"), made.at("/invoiceDetails/invoiceId"));
    assert_eq!((hidden(&back, "merchantInvoiceId"), hidden(&back, "status")), ("1001".to_owned(), "Y".to_owned()));
    assert_eq!(receiver.received().len(), 2, "a decline and a payment");
    let paid = world.about("inquiry", "1001", &[]).await;
    let told = |name: &str| paid.at(&format!("/invoiceDetails/{name}")).to_owned();
    assert_eq!(
        (told("invoiceStatus"), told("transactionStatus"), told("trackingid")),
        ("processed".to_owned(), "capturesuccess".to_owned(), id.clone())
    );
    assert_eq!(world.ts_inquire("1001").await.id(), id, "the newest try answers");
    let receipt = world.open(&link).await;
    assert_eq!(receipt.status(), 200);
    assert!(text(receipt).await.contains("The payment is complete"));
    world.advance(48 * HOUR).await;
    assert_eq!(world.open(&link).await.status(), 200, "the receipt is shown for good");
    let letters = world.letters(2).await;
    assert!(letters.iter().any(|letter| letter.contains("is paid")));
    for (call, code) in [("cancel", "10012"), ("remind", "10013")] {
        let answer = world.about(call, "1001", &[("cancelReason", "late")]).await;
        assert_eq!(answer.line(), format!("200 {code} failed"));
        assert!(answer.at("/result/description").ends_with("the invoice is paid"), "{}", answer.text);
    }
    assert_eq!(world.regenerate(&hidden(&back, "invoiceId"), &[]).await.code(), "10014");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn one_form_makes_one_try_and_one_try_is_open_at_a_time() {
    let world = World::start().await;
    let link = world.generate(&SAMPLE).await.at("/invoiceDetails/transactionUrl").to_owned();
    let page = text(world.open(&link).await).await;
    let body = card_form(&page, CHALLENGE);
    let (first, second) = tokio::join!(world.submit(&link, &body), world.submit(&link, &body));
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (303, 303));
    assert_eq!(location(&first), location(&second));
    assert_eq!(world.payments().await.len(), 1);
    let challenge = location(&first).to_owned();
    assert!(text(world.open(&link).await).await.contains("/transaction/PGRRedirect"), "the step goes on");
    assert_eq!(world.about("cancel", "1001", &[("cancelReason", "x")]).await.code(), "10012");
    let status = link.replace("PayInvoice?", "PayInvoice/status?");
    assert!(text(world.open(&status).await).await.contains("pending"));
    // A cancelled challenge leaves the invoice open.
    let left = world.submit(&challenge, "action=cancel").await;
    assert_eq!((left.status().as_u16(), location(&left)), (303, link.as_str()));
    let stale = world.submit(&link, "nonce=x&provider_id=210").await;
    assert_eq!(stale.status(), 422);
    let faulty = world.submit(&link, &card_form(&text(world.open(&link).await).await, "4000000000000052")).await;
    assert_eq!(faulty.status(), 422);
    let challenge = pay(&world, &link, CHALLENGE).await;
    let approved = text(world.submit(location(&challenge), "action=approve").await).await;
    assert_eq!(hidden(&approved, "longStatus"), "capturesuccess");
    world.invoice_becomes("1001", "processed").await;
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn links_end_and_wrong_ones_lead_nowhere() {
    let world = World::start().await;
    let made = world.generate(&SAMPLE).await;
    let (id, link) = (made.at("/invoiceDetails/invoiceId"), made.at("/invoiceDetails/transactionUrl"));
    let other = if id == "1234567890" { "1234567891" } else { "1234567890" };
    let wrong_secret = format!("{link}x");
    let mut pages = Vec::new();
    for wrong in [link.replace(id, other), wrong_secret, world.url("/transaction/PayInvoice")] {
        let answer = world.open(&wrong).await;
        assert_eq!(answer.status(), 404, "{wrong}");
        pages.push(text(answer).await);
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "one page for every cause");
    let again = world.regenerate(id, &[("expirationPeriod", "1")]).await;
    assert_eq!((again.code(), again.at("/invoiceDetails/expirationPeriod")), ("00014", "1"));
    assert_eq!(world.open(link).await.status(), 404, "the old link is dead");
    let newer = again.at("/invoiceDetails/transactionUrl").to_owned();
    assert_eq!(world.open(&newer).await.status(), 200);
    let page = text(world.open(&newer).await).await;
    world.advance(HOUR).await;
    let late = world.submit(&newer, &card_form(&page, CARD)).await;
    assert_eq!((late.status().as_u16(), location(&late)), (303, newer.as_str()));
    let expired = world.open(&newer).await;
    assert_eq!(expired.status(), 410);
    assert!(text(expired).await.contains("The time to pay is over"));
    world.invoice_becomes("1001", "expired").await;
    assert_eq!(world.about("remind", "1001", &[]).await.code(), "10013");
    let anew = world.regenerate(id, &[]).await;
    assert_eq!(anew.at("/invoiceDetails/invoiceStatus"), "generated");
    let called_off = world.about("cancel", "1001", &[("cancelReason", "sold out")]).await;
    assert_eq!((called_off.code(), called_off.at("/invoiceDetails/cancelReason")), ("00012", "sold out"));
    let over = world.open(anew.at("/invoiceDetails/transactionUrl")).await;
    assert_eq!(over.status(), 410);
    assert!(text(over).await.contains("The invoice was cancelled"));
    assert!(world.payments().await.is_empty());
    world.letters(4).await;
}

#[tokio::test]
async fn reminders_go_by_order_and_by_the_clock() {
    let world = World::start().await;
    let set = world
        .plain(
            "setInvoiceConfig",
            &[
                ("remindAfter", "2"),
                ("maxReminders", "1"),
                ("expirationPeriod", "24"),
                ("raiseby", "Shop Ltd"),
                ("merchantRedirectUrl", "https://shop.example/default"),
            ],
        )
        .await;
    assert_eq!(set.code(), "00020");
    let shown = world.plain("getinvoiceconfigdetails", &[]).await;
    assert_eq!((shown.code(), shown.body["invoiceConfig"].to_string()), (
        "00023",
        r#"{"expirationPeriod":"24","remindAfter":"2","maxReminders":"1","merchantRedirectUrl":"https://shop.example/default","notificationUrl":"","raiseby":"Shop Ltd"}"#.to_owned()
    ));
    assert_eq!(world.plain("setInvoiceConfig", &[("maxReminders", "6")]).await.faults(), ["maxReminders range"]);
    let made = world.generate(&with(&SAMPLE, &[("merchantRedirectUrl", "")])).await;
    assert_eq!((made.code(), made.at("/invoiceDetails/expirationPeriod")), ("00011", "24"), "{}", made.text);
    assert_eq!(made.at("/invoiceDetails/raiseby"), "Shop Ltd");
    for _ in 0..2 {
        let reminded = world.about("remind", "1001", &[]).await;
        assert_eq!((reminded.code(), reminded.at("/invoiceDetails/remindersSent")), ("00013", "1"));
    }
    world.letters(2).await;
    world.advance(3 * HOUR).await;
    let letters = world.letters(3).await;
    assert_eq!(letters.iter().filter(|letter| letter.contains("is open")).count(), 2);
    assert_eq!(world.about("inquiry", "1001", &[]).await.at("/invoiceDetails/remindersSent"), "2");
    world.advance(24 * HOUR).await;
    world.invoice_becomes("1001", "expired").await;
    assert_eq!(world.letters(3).await.len(), 3, "an expiry writes no letter");
}

#[tokio::test]
async fn the_list_is_paged_and_filtered() {
    let world = World::start().await;
    for reference in ["A", "B", "C"] {
        assert_eq!(world.generate(&with(&SAMPLE, &[("merchantInvoiceId", reference)])).await.code(), "00011");
    }
    assert_eq!(world.link("D", "20.00", &[]).await.code(), "00026");
    world.about("cancel", "B", &[("cancelReason", "x")]).await;
    let names = |answer: &Answer| {
        let list = answer.body["invoiceList"].as_object().cloned().unwrap_or_default();
        list.iter()
            .map(|(place, row)| format!("{place} {}", row["merchantInvoiceId"].as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let all = world.plain("getInvoice", &[]).await;
    assert_eq!((names(&all), all.at("/totalrecords")), (vec!["0 C".into(), "1 B".into(), "2 A".into()], "3"));
    let members: Vec<&String> = all.body.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["memberId", "invoiceList", "totalrecords", "result"]);
    let second = world.plain("getInvoice", &[("pagination.records", "2"), ("pagination.pageno", "2")]).await;
    assert_eq!((names(&second), second.at("/totalrecords")), (vec!["0 A".into()], "3"));
    assert_eq!(names(&world.plain("getInvoice", &[("invoiceStatus", "cancelled")]).await), ["0 B"]);
    assert_eq!(world.plain("getInvoice", &[("fromdate", "01/01/2090")]).await.code(), "10026");
    let (member, _, _) = world.demo().member();
    let unsigned = world.post(&format!("{I}/getInvoice")).header("AuthToken", world.ts_token().await);
    let unsigned = unsigned.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(send(unsigned.body(format!("authentication.memberId={member}"))).await.at("/totalrecords"), "3");
    let xml = world.signed(&format!("{I}/getInvoice"), &[], &world.ts_sum(&[])).await;
    assert!(send(xml.header(ACCEPT, "text/xml")).await.text.contains(r#"<item index="0"><invoiceId>"#));
}

#[tokio::test]
async fn a_pay_link_is_paid_once() {
    let world = World::start().await;
    let made = world.link("LINK-5", "20.00", &[("merchant.orderDescription", "A ticket")]).await;
    let url = made.at("/result/url").to_owned();
    let (base, secret) = url.split_once("&authToken=").expect("a secret");
    assert!(base.ends_with("/transaction/PayByLink?orderId=LINK-5"), "{url}");
    assert_eq!((secret.len(), secret.matches('-').count()), (36, 4));
    let description = "Your record found successfully";
    assert_eq!(made.text, format!(r#"{{"result":{{"code":"00026","description":"{description}","url":"{url}"}}}}"#));
    let again = world.link("LINK-5", "20.00", &[("merchant.orderDescription", "A ticket")]).await;
    assert_eq!((again.replayed, again.text), (true, made.text));
    assert_eq!(world.link("LINK-5", "21.00", &[]).await.code(), "20010");
    let too_long = world.link("LINK-6", "21.00", &[("authentication.expirationTime", "8761")]).await;
    assert_eq!(too_long.faults(), ["authentication.expirationTime range"]);
    assert_eq!(world.open(&url.replace("LINK-5", "LINK-6")).await.status(), 404);
    assert_eq!(world.open(&format!("{base}&authToken=a4000890-6b0e-4d3d-83f7-ca172753edae")).await.status(), 404);
    let page = text(world.open(&url).await).await;
    assert!(page.contains("A ticket") && page.contains("LINK-5"), "{page}");
    // Without an address of the shop's the payer sees a receipt.
    let paid = pay(&world, &url, CARD).await;
    assert_eq!((paid.status().as_u16(), location(&paid)), (303, url.as_str()));
    assert!(text(world.open(&url).await).await.contains("The payment is complete"));
    assert_eq!(world.ts_inquire("LINK-5").await.line(), "200 00026 Y capturesuccess");
    let second = world.link("LINK-7", "20.00", &[("authentication.expirationTime", "2")]).await;
    world.advance(2 * HOUR).await;
    assert_eq!(world.open(second.at("/result/url")).await.status(), 410);
    assert!(!world.data().join("outbox").exists() || world.letters(0).await.is_empty(), "no e-mail is sent");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_bank_takes_the_payer_along() {
    let world = World::start().await;
    let link = world.generate(&SAMPLE).await.at("/invoiceDetails/transactionUrl").to_owned();
    let nonce = hidden(&text(world.open(&link).await).await, "nonce");
    let left = world.submit(&link, &format!("nonce={nonce}&provider_id=211")).await;
    assert_eq!(left.status(), 303);
    let step = location(&left).to_owned();
    assert!(step.contains("/transaction/PGRRedirect?id="), "{step}");
    let back = text(world.submit(&step, "action=approve").await).await;
    assert_eq!((hidden(&back, "status"), hidden(&back, "merchantInvoiceId")), ("Y".to_owned(), "1001".to_owned()));
    world.invoice_becomes("1001", "processed").await;
}
