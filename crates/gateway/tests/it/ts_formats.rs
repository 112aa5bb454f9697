//! Transaction services: JSON and XML say the same, and the contract's samples of a payment that waits for its payer.

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::ts::{Answer, S, card_payment, digest, form, like, send, with};
use crate::world::World;

const CARD: &str = "4000000000000051";
const CHALLENGE: &str = "4000000000000002";
const I: &str = "/invoiceServices/REST/v1";
const M: &str = "/merchantServices/api/v1";

/// JSON as XML, by the contract's section 1 and with none of our code.
fn as_xml(name: &str, value: &Value) -> String {
    let (tag, end) = match name.bytes().all(|byte| byte.is_ascii_digit()) {
        true => (format!("item index=\"{name}\""), "item"),
        false => (name.to_owned(), name),
    };
    let inner = match value {
        Value::Array(items) => return items.iter().map(|item| as_xml(name, item)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| as_xml(name, value)).collect::<String>(),
        Value::String(text) => {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&apos;")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{name} is no text"),
    };
    format!("<{tag}>{inner}</{end}>")
}

/// Without what stands in `timestamp`, which differs between two refusals.
fn timeless(text: &str) -> String {
    let (before, rest) = text.rsplit_once("<timestamp>").unwrap_or((text, ""));
    format!("{before}{}", rest.get(19..).unwrap_or_default())
}

/// Asked for both ways, the answers have the same content.
async fn both(first: RequestBuilder, second: RequestBuilder) -> Answer {
    let json = send(first).await;
    let xml = send(second.header("accept", "application/xml")).await;
    assert_eq!((json.status, xml.content_type.as_str()), (xml.status, "application/xml; charset=UTF-8"));
    let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", as_xml("response", &json.body));
    let (told, expected) = (timeless(xml.text.trim_end()), timeless(&expected));
    // What the escapes of one character may be is the writer's choice.
    let plain = |text: String| text.replace("&#39;", "&apos;").replace("&#34;", "&quot;");
    assert_eq!(plain(told), plain(expected));
    json
}

/// A call at any of the services, not yet sent.
async fn call(world: &World, path: &str, fields: &[(&str, &str)], sum: &str) -> RequestBuilder {
    let (member, _, _) = world.demo().member();
    let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
    let request =
        world.post(path).header("AuthToken", world.ts_token().await).header("Idempotency-Key", digest(&[path]));
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(login.iter().chain(fields).copied()))
}

#[tokio::test]
async fn json_and_xml_have_the_same_content() {
    let world = World::start().await;
    let (member, _, key) = world.demo().member();
    let check = async |path: &str, fields: &[(&str, &str)], sum: &str, code: &str| {
        let answer = both(call(&world, path, fields, sum).await, call(&world, path, fields, sum).await).await;
        assert_eq!(answer.code(), code, "{path}: {}", answer.text);
        answer
    };
    let odd = [("customer.givenName", "<Jon> & \"J\""), ("customer.surname", "O'Doe"), ("createRegistration", "true")];
    let fields = with(&card_payment("X1", "50.00", CARD), &odd);
    let paid = check(&format!("{S}/payments"), &fields, &world.ts_sum(&["X1", "50.00"]), "00001").await;
    assert_eq!(paid.at("/firstName"), "<Jon> & \"J\"");
    let (id, token) = (paid.id(), paid.at("/registrationId"));
    let refund = [("paymentType", "RF"), ("amount", "20.00")];
    check(&format!("{S}/refund/{id}"), &refund, &world.ts_sum(&[id, "20.00"]), "00005").await;
    check(&format!("{S}/payments/{id}"), &[("paymentType", "IN")], &world.ts_sum(&[id]), "00026").await;
    check(&format!("{S}/inquiry"), &[("paymentId", "7")], &world.ts_sum(&["7"]), "10026").await;
    let payout = [("merchantTransactionId", "X2"), ("amount", "5.00"), ("currency", "USD"), ("registrationId", token)];
    check(&format!("{S}/payout"), &payout, &digest(&[member, "X2", "5.00", key.expose()]), "00002").await;
    // A list of two, and one of one.
    check(&format!("{S}/getTransactionList"), &[], &world.ts_sum(&[]), "00026").await;
    check(&format!("{S}/getCardsAndAccounts"), &[], &world.ts_sum(&[]), "00026").await;
    let person = [("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("customer.email", "j@example.com")];
    let sum = world.ts_sum(&["Jon", "Doe", "j@example.com"]);
    check(&format!("{M}/customerSignup"), &person, &sum, "00007").await;
    let invoice = [
        ("merchantInvoiceId", "X3"),
        ("amount", "50.00"),
        ("currency", "USD"),
        ("merchantRedirectUrl", "https://shop.example/?a=b&c=d"),
        ("customer.email", "jon.doe@example.com"),
        ("orderDescription", "Two tickets"),
    ];
    let sum = world.ts_sum(&["X3", "50.00", "https://shop.example/?a=b&c=d"]);
    check(&format!("{I}/generate"), &invoice, &sum, "00011").await;
    check(&format!("{I}/getInvoice"), &[], &world.ts_sum(&[]), "00026").await;
    check(&format!("{I}/getinvoiceconfigdetails"), &[], &world.ts_sum(&[]), "00023").await;
    let link = [("merchant.orderID", "X4"), ("merchant.amount", "20.00"), ("merchant.currency", "USD")];
    let sum = digest(&[member, "X4", "20.00", key.expose()]);
    check(&format!("{M}/generatePayByLink"), &link, &sum, "00026").await;
    // Faults are elements of their own, empty lists none.
    let faulty = with(&card_payment("X5", "50.00", CARD), &[("card.number", "1"), ("card.cvv", "x")]);
    let sum = world.ts_sum(&["X5", "50.00"]);
    let request = async || world.ts_request("/payments", &faulty, &sum).await;
    assert_eq!(both(request().await, request().await).await.faults().len(), 2);
    let sum = world.ts_sum(&[]);
    let nobody = async || world.ts_request("/getCardsAndAccounts", &[("customer.customerId", "7")], &sum).await;
    let none = both(nobody().await, nobody().await).await;
    assert_eq!((none.code(), &none.body["cards"]), ("10026", &serde_json::json!([])));
}

/// Sections 1 and 8.2: the sample of a challenge, in both forms.
#[tokio::test]
async fn a_challenge_is_answered_as_the_contract_prints_it() {
    let world = World::start().await;
    let fields = with(
        &card_payment("ORDER-1001", "50.00", CHALLENGE),
        &[("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("card.holder", "Jon Doe")],
    );
    let begun = both(world.ts_payment(&fields).await, world.ts_payment(&fields).await).await;
    let parameters = r#"[{"name":"xid","value":"9999999999"},{"name":"TermUrl","value":"…/transaction/3DReturn/…"}]"#;
    let redirect = format!(
        r#""redirect":{{"url":"…/transaction/PGRRedirect?id=…","method":"POST","target":"_self","parameters":{parameters},"listofParameters":{parameters}}}"#
    );
    let told = like(&begun);
    assert!(told.contains(&redirect), "{told}");
    let words = r#""merchantTransactionId":"ORDER-1001","status":"3D Authstarted","transactionStatus":"3D","remark":"#;
    assert!(told.contains(words), "{told}");
    assert!(told.contains(r#""result":{"code":"00002","description":"Transaction pending"}"#), "{told}");
    let xml = send(world.ts_payment(&fields).await.header("accept", "text/xml")).await.text;
    let expected = format!(
        "<redirect><url>{}</url><method>POST</method><target>_self</target><parameters><name>xid</name><value>{}</value></parameters><parameters><name>TermUrl</name>",
        begun.at("/redirect/url"),
        begun.id()
    );
    assert!(xml.contains(&expected), "{xml}");
}
