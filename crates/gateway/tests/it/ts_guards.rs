//! Transaction services: a wrong checksum, a token whose time is over, and another's member id change nothing, whatever is asked for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_gateway::dialects::transaction_services::token::{Claims, signing_key};
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;

use crate::ts::{Answer, S, card_payment, digest, form, send, with};
use crate::world::World;

const CARD: &str = "4000000000000051";
const I: &str = "/invoiceServices/REST/v1";
const M: &str = "/merchantServices/api/v1";
const BACK: &str = "https://shop.example/return";

/// A call that changes something: its path, its own fields, its checksum, and the code of having been obeyed.
struct Change {
    path: String,
    fields: Vec<(&'static str, String)>,
    sum: String,
    code: &'static str,
}

fn change<const N: usize>(path: String, fields: [(&'static str, &str); N], sum: String, code: &'static str) -> Change {
    Change { path, fields: fields.map(|(name, value)| (name, value.to_owned())).into(), sum, code }
}

/// A call as a member with a token and a checksum.
fn calling(world: &World, change: &Change, [token, member, sum]: [&str; 3]) -> RequestBuilder {
    let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
    let fields = change.fields.iter().map(|(name, value)| (*name, value.as_str()));
    let request = world.post(&change.path).header("AuthToken", token);
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(login.into_iter().chain(fields)))
}

/// What a payment with a card, its holds and tokens, an invoice and the settings allow to change.
async fn changes(world: &World) -> Vec<Change> {
    let pa = [("paymentType", "PA")];
    let held = world.ts_pay(&with(&card_payment("G1", "50.00", CARD), &pa)).await.id().to_owned();
    let second = world.ts_pay(&with(&card_payment("G2", "50.00", CARD), &pa)).await.id().to_owned();
    let more = [("createRegistration", "true"), ("recurringType", "INITIAL")];
    let paid = world.ts_pay(&with(&card_payment("G3", "50.00", CARD), &more)).await;
    let (id, token) = (paid.id(), paid.at("/registrationId"));
    let (member, _, key) = world.demo().member();
    let key = key.expose();
    let invoice = generate(world, "G5");
    let made = send(calling(world, &invoice, [&world.ts_token().await, member, &invoice.sum])).await;
    let number = made.at("/invoiceDetails/invoiceId");
    assert!(!number.is_empty(), "{}", made.text);
    let order = |id: &str, kind: &'static str, amount: &'static str, code| {
        let sum = world.ts_sum(&[id, amount]);
        change(format!("{S}/payments/{id}"), [("paymentType", kind), ("amount", amount)], sum, code)
    };
    let named = ("merchantInvoiceId", "G5");
    vec![
        change(
            format!("{S}/payments/{id}"),
            [("paymentType", "DB"), ("recurringType", "REPEATED"), ("amount", "5.00")],
            world.ts_sum(&[id, "5.00"]),
            "00001",
        ),
        order(&held, "CP", "30.00", "00004"),
        order(&second, "RV", "50.00", "00006"),
        order(id, "RF", "20.00", "00005"),
        change(
            format!("{S}/payout"),
            [("merchantTransactionId", "G6"), ("amount", "5.00"), ("currency", "USD"), ("registrationId", token)],
            digest(&[member, "G6", "5.00", key]),
            "00002",
        ),
        change(
            format!("{S}/registrations"),
            [
                ("card.number", "4111110000000021"),
                ("card.expiryMonth", "7"),
                ("card.expiryYear", "30"),
                ("card.cvv", "745"),
            ],
            world.ts_sum(&["4111110000000021"]),
            "00003",
        ),
        change(
            format!("{S}/paywithtoken/{token}"),
            [("paymentType", "DB"), ("amount", "7.00"), ("currency", "USD"), ("merchantTransactionId", "G7")],
            world.ts_sum(&[token, "7.00"]),
            "00001",
        ),
        change(format!("{S}/registrations/{token}"), [("paymentType", "DL")], world.ts_sum(&[token]), "00008"),
        change(
            format!("{M}/customerSignup"),
            [("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("customer.email", "jon@example.com")],
            world.ts_sum(&["Jon", "Doe", "jon@example.com"]),
            "00007",
        ),
        change(
            format!("{M}/generatePayByLink"),
            [("merchant.orderID", "G8"), ("merchant.amount", "20.00"), ("merchant.currency", "USD")],
            digest(&[member, "G8", "20.00", key]),
            "00026",
        ),
        generate(world, "G9"),
        change(
            format!("{I}/regenerate"),
            [("invoiceId", number), ("merchantRedirectUrl", BACK)],
            digest(&[number, member, key, BACK]),
            "00014",
        ),
        change(format!("{I}/remind"), [named], world.ts_sum(&["G5"]), "00013"),
        change(format!("{I}/cancel"), [named, ("cancelReason", "sold out")], world.ts_sum(&["G5"]), "00012"),
        change(format!("{I}/setInvoiceConfig"), [("expirationPeriod", "24")], world.ts_sum(&[]), "00020"),
        change(format!("{I}/getinvoiceconfigdetails"), [("remindAfter", "7")], world.ts_sum(&[]), "00020"),
    ]
}

fn generate(world: &World, reference: &'static str) -> Change {
    change(
        format!("{I}/generate"),
        [
            ("merchantInvoiceId", reference),
            ("amount", "50.00"),
            ("currency", "USD"),
            ("merchantRedirectUrl", BACK),
            ("customer.email", "jon.doe@example.com"),
            ("orderDescription", "Two tickets"),
        ],
        world.ts_sum(&[reference, "50.00", BACK]),
        "00011",
    )
}

/// Everything that the calls could change: payments and payouts, cards, invoices, settings, the simulated acquirer's book, letters.
async fn everything(world: &World) -> String {
    let (member, _, _) = world.demo().member();
    let token = world.ts_token().await;
    let mut seen = format!("{:?}\n{:?}\n", world.payments().await, world.charges().await);
    for path in [
        format!("{S}/getTransactionList"),
        format!("{S}/getCardsAndAccounts"),
        format!("{I}/getInvoice"),
        format!("{I}/getinvoiceconfigdetails"),
    ] {
        let reading = change(path, [], world.ts_sum(&[]), "00026");
        let told = send(calling(world, &reading, [&token, member, &reading.sum])).await;
        let mut body = told.body.clone();
        body.as_object_mut().expect("an object").remove("timestamp");
        seen.push_str(&format!("{body}\n"));
    }
    let letters = std::fs::read_dir(world.data().join("outbox")).into_iter().flatten().flatten();
    let mut letters: Vec<_> = letters.map(|entry| entry.file_name()).collect();
    letters.sort();
    format!("{seen}{letters:?}")
}

/// A token as it will be in an hour and a second.
fn outdated(world: &World, token: &str) -> String {
    let claims = token.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let mut claims: Claims = serde_json::from_slice(&claims).expect("claims");
    claims.exp = claims.iat - 1;
    claims.sign(&signing_key(world.engine()))
}

#[tokio::test]
async fn whoever_is_not_believed_changes_nothing() {
    let world = World::start().await;
    let changes = changes(&world).await;
    let (member, _, _) = world.demo().member();
    let token = world.ts_token().await;
    let old = outdated(&world, &token);
    // The letter of the invoice that was made is on its way until it is there.
    let mut before = everything(&world).await;
    for _ in 0..1000 {
        if before.contains(r#""mailStatus":"sent""#) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        before = everything(&world).await;
    }
    let check = |change: &Change, answer: Answer, status: u16, code: &str| {
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{}: {}", change.path, answer.text);
    };
    for change in &changes {
        let wrong = format!("{:032x}", 0x1234);
        check(change, send(calling(&world, change, [&token, member, &wrong])).await, 200, "20006");
        check(change, send(calling(&world, change, [&old, member, &change.sum])).await, 401, "20003");
        check(change, send(calling(&world, change, [&token, "99999", &change.sum])).await, 200, "20005");
        check(change, send(calling(&world, change, ["", member, &change.sum])).await, 401, "20001");
    }
    assert_eq!(everything(&world).await, before);
    // Who is believed is obeyed, and all but a customer, whom no list shows, is to be seen.
    for change in &changes {
        check(change, send(calling(&world, change, [&token, member, &change.sum])).await, 200, change.code);
    }
    assert_ne!(everything(&world).await, before);
    world.assert_book_agrees().await;
}
