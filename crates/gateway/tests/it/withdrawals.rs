//! Withdrawals as a merchant, its payer and its approver see them: the contract's samples, the page, approval, outcomes,
//! webhooks, and many at once against a balance for few.

use std::sync::Arc;
use std::time::Duration;

use florin_engine::directory::{ApprovalBy, Limit, OverdraftDev, Permission, WithdrawalRules};
use florin_engine::setup;
use florin_engine::{ClaimRequest, Owner, WithdrawalRequest};
use florin_gateway::config::Config;
use florin_gateway::database::Place;
use florin_gateway::demo;
use florin_kernel::payment::{Dialect, Mode, OperationKind};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{Approver, Command, Withdrawal};
use florin_kernel::{Asset, Money};
use florin_store::conformance::database::Database;
use serde_json::{Value, json};

use crate::cashier_calls::{Answer, get, post};
use crate::cashier_keys::{call, credential, demo_merchant, put};
use crate::process::{finish_pending, secrets, serve};
use crate::world::{Receiver, SOON, World};

pub const IBAN: &str = "account_holder=John+Doe&iban=GB33BUKB20201555555555&provider_id=211";
pub const CARD: &str = "holder_name=John+Doe&card_number=4111111111111111&provider_id=210";
pub const WALLET: &str = "wallet_id=wallet-1&provider_id=212";
const APPROVED: &str =
    r#"{"message":"Transaction Withdrawal has been approved successfully","transaction_status":"pending"}"#;

pub fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a currency")).expect("an amount")
}

pub fn request(reference: &str, amount: &str, more: Value) -> String {
    let mut request =
        json!({"mode": "test", "user_id": "128", "tracking_id": reference, "amount": amount, "currency": "EUR"});
    let (Some(whole), Value::Object(more)) = (request.as_object_mut(), more) else { panic!("objects") };
    whole.extend(more);
    json!({ "request": request }).to_string()
}

pub async fn open(world: &World, reference: &str, amount: &str, more: Value) -> String {
    let answer = post(world, "/v1/withdrawals/hosted", request(reference, amount, more)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["token"].as_str().expect("a token").to_owned()
}

/// Fills the page in; returns the status of what came back.
pub async fn fill_in(world: &World, token: &str, fields: &str) -> (u16, String) {
    let page = world.open(&world.url(&format!("/cashier/{token}"))).await.text().await.expect("a page");
    let nonce =
        page.split("name=\"nonce\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let url = world.url(&format!("/cashier/{token}/pay"));
    let response = world.submit(&url, &format!("nonce={nonce}&{fields}")).await;
    (response.status().as_u16(), response.text().await.expect("a page"))
}

pub async fn confirmed(world: &World, reference: &str, amount: &str, fields: &str, more: Value) {
    let token = open(world, reference, amount, more).await;
    assert_eq!(fill_in(world, &token, fields).await.0, 303, "{reference}");
}

pub async fn approve(world: &World, id: &str) -> Answer {
    post(world, "/v1/withdrawals/approve", json!({ "transaction_id": id }).to_string()).await
}

pub async fn reject(world: &World, id: &str) -> Answer {
    post(world, "/v1/withdrawals/reject", json!({ "transaction_id": id }).to_string()).await
}

async fn reason(world: &World, reference: &str) -> Value {
    get(world, &format!("/v1/transactions/{reference}")).await.json()["rejected_reason"].clone()
}

pub async fn rules(world: &World, change: impl FnOnce(&mut WithdrawalRules)) {
    let mut merchant = demo_merchant(world);
    change(&mut merchant.withdrawals);
    put(world, setup::merchant_row(&merchant, world.engine().keyring())).await;
}

pub async fn balance(world: &World, account: &str) -> i64 {
    let balances = world.engine().store().balances().await.expect("balances");
    let own = balances.iter().find(|balance| balance.account == account && balance.asset == "EUR");
    own.map_or(0, |balance| balance.posted_minor)
}

pub async fn payouts(world: &World) -> usize {
    world.charges().await.iter().filter(|movement| movement.kind == OperationKind::Payout).count()
}

/// Sections 9 to 12 and 14: from the token to the money, the bytes and the book.
#[tokio::test]
async fn a_withdrawal_from_its_token_to_its_webhook() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let body = request("w-1", "200.00", json!({"settings": {"webhook_url": receiver.url()}}));
    let opened = post(&world, "/v1/withdrawals/hosted", body.clone()).await;
    let token = opened.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(opened.body, format!("{{\"token\":\"{token}\"}}"));
    assert!(token.len() == 50 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(opened.header("x-cashier-url").ends_with(&format!("/cashier/{token}")), "{opened:?}");
    let id = opened.header("x-transaction-id").to_owned();
    let again = post(&world, "/v1/withdrawals/hosted", body.clone()).await;
    assert_eq!((again.body.as_str(), again.header("idempotency-replayed")), (opened.body.as_str(), "true"));
    assert_eq!(post(&world, "/v1/withdrawals/hosted", body.replace("200.00", "200.01")).await.code(), 9002);
    assert_eq!(world.status("w-1").await, "pending");
    assert_eq!((approve(&world, &id).await.code(), balance(&world, "merchant:1:held").await), (1076, 0));

    let wrong = fill_in(&world, &token, &IBAN.replace("GB33", "GB34")).await;
    assert!(wrong.0 == 422 && wrong.1.contains("Check the IBAN") && wrong.1.contains("John Doe"), "{wrong:?}");
    assert_eq!(world.submit(&world.url(&format!("/cashier/{token}/pay")), IBAN).await.status(), 422, "no nonce");
    assert_eq!(fill_in(&world, &token, IBAN).await.0, 303);
    assert_eq!(
        (balance(&world, "merchant:1:available").await, balance(&world, "merchant:1:held").await),
        (-20_000, 20_000)
    );
    assert_eq!(fill_in(&world, &token, CARD).await.0, 303, "a second form changes nothing");
    assert_eq!(payouts(&world).await, 0);

    let keyed = async |path: &str| {
        let request = world.post(&format!("/v1/withdrawals/{path}")).header("idempotency-key", "k-1");
        call(request.body(json!({"transaction_id": "w-1"}).to_string()), world.demo().api_key().expose()).await
    };
    assert_eq!((keyed("approve").await.body.as_str(), keyed("approve").await.body.as_str()), (APPROVED, APPROVED));
    assert_eq!(keyed("reject").await.code(), 9009);
    for name in ["w-1", id.as_str()] {
        let approved = approve(&world, name).await;
        assert_eq!((approved.status, approved.body.as_str()), (200, APPROVED));
    }
    world.status_becomes("w-1", "successful").await;
    assert_eq!((balance(&world, "merchant:1:available").await, balance(&world, "merchant:1:held").await), (-20_000, 0));
    assert_eq!(
        (payouts(&world).await, reject(&world, &id).await.code(), approve(&world, &id).await.body.as_str()),
        (1, 1129, APPROVED)
    );

    let told = |status: &str| {
        format!(
            r#"{{"transaction_id":"{id}","user_id":"128","tracking_id":"w-1","status":"{status}","currency":"EUR","amount":"200.00","transaction_type":"withdrawal","provider":"bank_simulator"}}"#
        )
    };
    let received: Vec<String> = receiver.wait_for(2).await.iter().map(|hook| hook.body.clone()).collect();
    assert_eq!(received, [told("pending"), told("successful")]);
    let row = get(&world, "/v1/transactions").await.json()[0].clone();
    assert_eq!(
        (&row["transaction"]["type"], &row["transaction"]["status"]),
        (&json!("withdrawal"), &json!("successful"))
    );
    assert_eq!(
        (&row["provider"]["provider"], &row["provider"]["amount"]["value"]),
        (&json!("bank_simulator"), &json!(200))
    );
    let page = world.open(&world.url(&format!("/cashier/{token}"))).await.text().await.expect("a page");
    assert!(
        page.contains("was paid out") && page.contains("Bank account ending in 5555") && !page.contains("GB33"),
        "{page}"
    );
    world.assert_book_agrees().await;
}

/// "64 concurrent withdrawals against a balance for ten: ten succeed."
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_against_a_balance_for_ten() {
    let world = Arc::new(World::start().await);
    rules(&world, |rules| rules.overdraft_dev = OverdraftDev::UpTo(Vec::new())).await;
    let early = post(&world, "/v1/withdrawals/hosted", request("early", "10.00", json!({}))).await;
    assert_eq!((early.status, early.code()), (400, 9007));
    world.pay_by_card("deposit", "4111111111111111", "100.00", json!({})).await;
    let mut tokens = Vec::new();
    for number in 0..64 {
        tokens.push(open(&world, &format!("w-{number}"), "10.00", json!({})).await);
    }
    let confirm = |token: String| {
        let world = world.clone();
        tokio::spawn(async move { fill_in(&world, &token, WALLET).await })
    };
    let under_way: Vec<_> = tokens.into_iter().map(confirm).collect();
    let mut held = 0;
    for confirmed in under_way {
        let (status, page) = confirmed.await.expect("an answer");
        assert!(status == 303 || (status == 422 && page.contains("cannot be made right now")), "{status} {page}");
        held += usize::from(status == 303);
    }
    assert_eq!(
        (held, balance(&world, "merchant:1:available").await, balance(&world, "merchant:1:held").await),
        (10, 0, 10_000)
    );

    let approvals: Vec<_> = (0..64)
        .flat_map(|number| [number, number])
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move { approve(&world, &format!("w-{number}")).await })
        })
        .collect();
    let mut approved = 0;
    for approval in approvals {
        let answer = approval.await.expect("an answer");
        assert!(answer.body == APPROVED || answer.code() == 1076, "{answer:?}");
        approved += usize::from(answer.status == 200);
    }
    assert_eq!(approved, 20, "each of ten, twice");
    for number in 0..64 {
        let reference = format!("w-{number}");
        if approve(&world, &reference).await.status == 200 {
            world.status_becomes(&reference, "successful").await;
        }
    }
    assert_eq!((payouts(&world).await, balance(&world, "merchant:1:held").await), (10, 0));
    world.assert_book_agrees().await;
}

/// Lets time pass until a withdrawal stands so. Nobody asks after a call that is still under way, so one step may not do.
async fn becomes_in_time(world: &World, reference: &str, expected: &str) {
    let reached = async {
        while world.status(reference).await != expected {
            world.advance(Duration::from_secs(10)).await;
        }
    };
    tokio::time::timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{reference} is not {expected}"));
}

/// Section 17 on payouts, by every method; what is unknown is found paid once.
#[tokio::test]
async fn outcomes_by_amount_and_card() {
    let world = World::start().await;
    for (amount, fields, status, text) in [
        ("9000.00", CARD, "successful", json!(null)),
        ("9051.00", IBAN, "rejected", json!("Insufficient funds")),
        (
            "10.00",
            "holder_name=John+Doe&card_number=4000000000000341&provider_id=210",
            "rejected",
            json!("Do not honour"),
        ),
        ("9101.00", IBAN, "successful", json!(null)),
        ("9102.00", WALLET, "successful", json!(null)),
        ("9103.00", IBAN, "successful", json!(null)),
        ("9104.00", WALLET, "successful", json!(null)),
        ("9105.00", IBAN, "successful", json!(null)),
        ("9106.00", WALLET, "rejected", json!("Do not honour")),
    ] {
        let before = payouts(&world).await;
        confirmed(&world, amount, amount, fields, json!({})).await;
        assert_eq!(approve(&world, amount).await.status, 200);
        becomes_in_time(&world, amount, status).await;
        assert_eq!(reason(&world, amount).await, text, "{amount}");
        assert_eq!(payouts(&world).await - before, usize::from(status == "successful"), "{amount}");
        let code = if status == "successful" { 1129 } else { 1076 };
        assert_eq!(
            (approve(&world, amount).await.status, reject(&world, amount).await.code()),
            (200, code),
            "{amount}"
        );
    }
    assert_eq!(balance(&world, "merchant:1:held").await, 0);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_payout_that_comes_back_is_the_merchants_again() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let key = credential(&world, 7, |credential| {
        credential.permissions = vec![Permission::Withdrawals, Permission::Approve, Permission::Read];
        credential.settings = json!({"extended_statuses": true, "webhook_url": receiver.url(), "edition": "flat"});
    })
    .await;
    let opened = call(world.post("/v1/withdrawals/hosted").body(request("back", "9107.00", json!({}))), &key).await;
    let token = opened.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(fill_in(&world, &token, IBAN).await.0, 303);
    let approve = json!({"transaction_id": "back"}).to_string();
    assert_eq!(call(world.post("/v1/withdrawals/approve").body(approve), &key).await.body, APPROVED);
    world.status_becomes("back", "successful").await;
    world.advance(Duration::from_secs(60)).await;
    let statuses: Vec<String> = receiver.wait_for(3).await.iter().map(|hook| hook.field("status")).collect();
    assert_eq!(statuses, ["pending", "successful", "returned"]);
    // Whoever does not know the further statuses sees what was true first.
    assert_eq!(world.status("back").await, "successful");
    assert_eq!((balance(&world, "merchant:1:available").await, balance(&world, "merchant:1:held").await), (0, 0));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn given_up_rejected_and_expired() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let hook = json!({"settings": {"webhook_url": receiver.url(), "failure_url": "https://shop.example/no"}});
    let token = open(&world, "cancelled", "10.00", hook.clone()).await;
    let page = world.open(&world.url(&format!("/cashier/{token}"))).await.text().await.expect("a page");
    let nonce = page.split("name=\"nonce\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    let left = world.submit(&world.url(&format!("/cashier/{token}/cancel")), &format!("nonce={nonce}")).await;
    let location = left.headers()["location"].to_str().expect("a URL").to_owned();
    assert!(
        left.status() == 303
            && location.starts_with("https://shop.example/no?")
            && location.ends_with("status=rejected"),
        "{location}"
    );
    open(&world, "closed", "10.00", hook.clone()).await;
    assert_eq!(reject(&world, "closed").await.body, r#"{"message":"Withdrawal has been rejected successfully"}"#);
    let token = open(&world, "expired", "10.00", hook.clone()).await;
    confirmed(&world, "refused", "10.00", IBAN, hook).await;
    let body = json!({"transaction_id": "refused", "reason": "Name differs"}).to_string();
    for _ in 0..2 {
        let answer = post(&world, "/v1/withdrawals/reject", body.clone()).await;
        assert_eq!(answer.body, r#"{"message":"Withdrawal has been rejected successfully"}"#);
    }
    assert_eq!(approve(&world, "refused").await.code(), 1076);
    world.advance(Duration::from_secs(1801)).await;
    world.status_becomes("expired", "rejected").await;
    assert_eq!(world.open(&world.url(&format!("/cashier/{token}"))).await.status(), 410, "it says that it is over");
    for (reference, text) in [
        ("cancelled", "Cancelled by customer"),
        ("closed", "Rejected by merchant"),
        ("expired", "Expired"),
        ("refused", "Name differs"),
    ] {
        assert_eq!(reason(&world, reference).await, json!(text), "{reference}");
    }
    let told: Vec<String> = receiver.wait_for(5).await.iter().map(|hook| hook.field("tracking_id")).collect();
    assert_eq!(told.iter().filter(|reference| *reference == "refused").count(), 2, "pending, then rejected");
    assert_eq!((balance(&world, "merchant:1:available").await, payouts(&world).await), (0, 0));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn who_may_approve() {
    let world = World::start().await;
    rules(&world, |rules| {
        rules.four_eyes_from = vec![eur("50.00")];
        rules.approval_days = Some(2);
    })
    .await;
    let tagged = json!({"customer": {"tags": ["auto-payout"]}});
    confirmed(&world, "itself", "49.99", IBAN, tagged.clone()).await;
    world.status_becomes("itself", "successful").await;
    confirmed(&world, "eyes", "50.00", IBAN, tagged).await;
    for _ in 0..2 {
        assert_eq!(approve(&world, "eyes").await.body, APPROVED, "all keys of a merchant are one approver");
    }
    assert_eq!((world.status("eyes").await.as_str(), payouts(&world).await), ("pending", 1));
    let withdrawal = find(&world, "eyes").await;
    let owner = Owner { merchant: demo::MERCHANT, mode: Mode::Dev };
    let second = Command::Approve(Approver::User(5));
    world
        .engine()
        .submit_withdrawal(owner, withdrawal.id, WithdrawalRequest::plain(Dialect::Cashier, second))
        .await
        .expect("the second approval");
    world.status_becomes("eyes", "successful").await;

    confirmed(&world, "forgotten", "10.00", IBAN, json!({})).await;
    world.advance(Duration::from_secs(2 * 86_400)).await;
    world.status_becomes("forgotten", "rejected").await;
    assert_eq!(reason(&world, "forgotten").await, json!("Approval expired"));

    confirmed(&world, "portal", "10.00", IBAN, json!({})).await;
    rules(&world, |rules| rules.approval = ApprovalBy::PortalOnly).await;
    assert_eq!((approve(&world, "portal").await.code(), reject(&world, "portal").await.code()), (9010, 9010));
    world.assert_book_agrees().await;
}

pub async fn find(world: &World, reference: &str) -> Withdrawal {
    let owner = Owner { merchant: demo::MERCHANT, mode: Mode::Dev };
    let claim = ClaimRequest::reference(reference);
    let found =
        world.engine().find_printed(owner, Dialect::Cashier, "", Some(&claim)).await.expect("the store answers");
    found.and_then(|found| found.transaction.withdrawal()).expect("a withdrawal")
}

#[tokio::test]
async fn refusals() {
    let world = World::start().await;
    world.pay_by_card("deposit", "4111111111111111", "10.00", json!({})).await;
    rules(&world, |rules| rules.limits = vec![Limit { min: eur("5.00"), max: eur("50.00") }]).await;
    let hosted = |reference: &'static str, amount: &'static str| {
        let world = &world;
        async move { post(world, "/v1/withdrawals/hosted", request(reference, amount, json!({}))).await }
    };
    let outside = hosted("w", "50.01").await;
    assert_eq!((outside.code(), outside.fields()), (9003, vec!["request.amount".to_owned()]));
    assert_eq!(hosted("deposit", "10.00").await.code(), 9002, "one tracking_id is one transaction over all operations");
    assert_eq!(hosted("w", "0").await.code(), 9001);
    for (path, body, code) in [
        ("approve", r#"{"transaction_id":"deposit"}"#, 1076),
        ("reject", r#"{"transaction_id":"deposit"}"#, 1076),
        ("approve", r#"{"transaction_id":"nobody"}"#, 1039),
        ("approve", r#"{"transaction_id":""}"#, 1021),
        ("reject", "{}", 1021),
        ("approve", r#"{"transaction_id":7}"#, 9001),
        ("reject", "[]", 9001),
        ("reject", r#"{"transaction_id":"deposit","reason":"caf\u00e9"}"#, 9001),
    ] {
        let answer = post(&world, &format!("/v1/withdrawals/{path}"), body).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{path} {body}");
    }
    let key = credential(&world, 7, |_| ()).await;
    for path in ["hosted", "approve", "reject"] {
        assert_eq!(call(world.post(&format!("/v1/withdrawals/{path}")).body("{}"), &key).await.code(), 9008, "{path}");
        assert_eq!(get(&world, &format!("/v1/withdrawals/{path}")).await.status, 405);
    }
    let token = world.engine().page_token("receipt", Reference { payment: find_deposit(&world).await, sequence: 0 });
    assert_eq!(
        world.submit(&world.url(&format!("/cashier/{token}/pay")), IBAN).await.status(),
        303,
        "another page's token leads to that page"
    );
}

async fn find_deposit(world: &World) -> florin_kernel::PaymentId {
    world.payments().await.remove(0).id
}

/// SIGKILL while payouts are called, unanswered and answered: each is paid once or never, and its merchant is told which.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_paying_out() {
    let data = tempfile::tempdir().expect("a folder");
    let database = Database::chosen().await;
    let flags = match &database {
        Some(database) => vec!["--demo", "--database", database.url()],
        None => vec!["--demo"],
    };
    let florin = serve(data.path(), &flags).await;
    let (known, client) = (secrets(data.path()), florin_providers::http::client().no_proxy());
    let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let (base, key) =
        (known["base_url"].as_str().expect("a URL"), known["cashier"]["api_key"].as_str().expect("a key"));
    let references: Vec<String> = (0..12).map(|number| format!("w-{number}")).collect();
    for (number, reference) in references.iter().enumerate() {
        // Every third is never answered.
        let amount = if number % 3 == 0 { "9101.00" } else { "10.00" };
        let opened = client.post(format!("{base}/v1/withdrawals/hosted")).header("x-api-key", key);
        let opened = opened.body(request(reference, amount, json!({}))).send().await.expect("an answer");
        let url = opened.headers()["x-cashier-url"].to_str().expect("a URL").to_owned();
        let page = client.get(&url).send().await.expect("an answer").text().await.expect("a page");
        let nonce =
            page.split("name=\"nonce\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
        let form = client.post(format!("{url}/pay")).header("content-type", "application/x-www-form-urlencoded");
        let confirmed = form.body(format!("nonce={nonce}&{WALLET}")).send().await.expect("an answer");
        assert_eq!(confirmed.status(), 303);
    }
    for reference in &references {
        let approve = client.post(format!("{base}/v1/withdrawals/approve")).header("x-api-key", key);
        let body = json!({ "transaction_id": reference }).to_string();
        let approved = approve.body(body).send().await.expect("an answer").text().await.expect("text");
        assert_eq!(approved, APPROVED);
    }
    florin.end("KILL").await;
    let florin = serve(data.path(), &flags).await;
    let known = secrets(data.path());
    finish_pending(&client, &known, references.iter()).await;
    florin.end("TERM").await;

    let database = database.as_ref().map(|database| database.url().into());
    let config = Config { data: data.path().to_owned(), database, ..Config::default() };
    each_was_paid_once_or_never(&config, references.len()).await;
}

async fn each_was_paid_once_or_never(config: &Config, withdrawals: usize) {
    let place = Place::of(config).expect("a place");
    let store = place.open_read_only().await.expect("the database");
    assert_eq!(store.verify_ledger().await.expect("a report").faults, Vec::<String>::new());
    let key = std::fs::read_to_string(config.data.join("master.key")).expect("the master key");
    let key = florin_engine::keys::MasterKey::from_hex(&key).expect("a key");
    let codec = key.codec();
    let book = crate::simulated::book(&config.data, place, key.codec()).expect("the simulator's book");
    let charges = book.charges(&florin_engine::clock::Clocks::default()).await.expect("charges");
    let query = florin_engine::PaymentQuery {
        merchant: demo::MERCHANT,
        mode: Mode::Dev,
        from: florin_kernel::Timestamp::UNIX_EPOCH,
        until: florin_kernel::Timestamp::MAX,
        after: None,
        limit: 1_000,
    };
    let stored = store.transactions(query).await.expect("transactions");
    assert_eq!(stored.len(), withdrawals);
    for stored in stored {
        let withdrawal = stored.transaction.withdrawal().expect("only withdrawals were made");
        let reference = codec.base36(Reference { payment: withdrawal.id, sequence: 1 });
        let paid = charges.iter().filter(|movement| movement.reference == reference).count();
        match withdrawal.word().text() {
            "paid" => assert_eq!(paid, 1, "{}", withdrawal.id),
            // Killed between the approval and its call: nothing was sent, and the hold is free again.
            "failed" => assert_eq!(paid, 0, "{}", withdrawal.id),
            word => panic!("{} is {word}", withdrawal.id),
        }
    }
}
