//! SIGKILL under load, and again: nothing acknowledged is lost, nothing is charged twice, nothing stays pending.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use florin_gateway::config::Config;
use florin_gateway::database::Place;
use florin_kernel::payment::OperationKind;
use florin_store::conformance::database::Database;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::process::{Florin, serve};

const CLIENTS: usize = 16;
const KILL_AFTER: usize = 150;
const KILLS: usize = 3;

/// What the merchant knows: the answer to each reference, or that none came.
type Known = HashMap<String, Option<String>>;

/// The demo's secrets.
pub fn demo(data: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(data.join("demo.json")).expect("demo.json");
    serde_json::from_str(&text).expect("JSON")
}

async fn pay(client: &reqwest::Client, demo: &Value, reference: &str) -> Option<String> {
    let body = json!({
        "request": {"routing_id": 210, "user_id": "U1", "tracking_id": reference, "ip": "127.34.125.54", "amount": 10.05, "currency": "EUR"},
        "card_details": {"holder_name": "John Doe", "card_number": "4111111111111111", "cvc": "444", "exp_month": "05", "exp_year": "2025"}
    });
    let base = demo["base_url"].as_str().expect("a URL");
    let key = demo["cashier"]["api_key"].as_str().expect("a key");
    let request = client.post(format!("{base}/v1/payments/s2s")).header("x-api-key", key).json(&body);
    let answer = request.send().await.ok()?;
    (answer.status() == 200).then_some(())?;
    answer.text().await.ok()
}

/// Pays from many clients until the process is killed, which is after `KILL_AFTER` answers.
async fn load_and_kill(florin: Florin, demo: Arc<Value>, round: usize) -> Known {
    let (answered, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (demo, answered, enough) = (demo.clone(), answered.clone(), enough.clone());
            tokio::spawn(async move {
                let (http, mut known) =
                    (reqwest::Client::builder().no_proxy().build().expect("a client"), Known::new());
                for number in 0.. {
                    let reference = format!("{round}-{client}-{number}");
                    let answer = pay(&http, &demo, &reference).await;
                    let lost = answer.is_none();
                    known.insert(reference, answer);
                    if answered.fetch_add(1, Ordering::Relaxed) == KILL_AFTER {
                        enough.notify_one();
                    }
                    if lost {
                        break;
                    }
                }
                known
            })
        })
        .collect();
    enough.notified().await;
    florin.end("KILL").await;
    let mut known = Known::new();
    for client in clients {
        known.extend(client.await.expect("a client"));
    }
    known
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_by_sigkill_under_load() {
    let data = tempfile::tempdir().expect("a folder");
    let database = Database::chosen().await;
    let flags = match &database {
        Some(database) => vec!["--demo", "--database", database.url()],
        None => vec!["--demo"],
    };
    let mut known = Known::new();
    for round in 0..KILLS {
        let florin = serve(data.path(), &flags).await;
        let demo = Arc::new(demo(data.path()));
        known.extend(load_and_kill(florin, demo, round).await);
    }
    let florin = serve(data.path(), &flags).await;
    let demo = demo(data.path());
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let acknowledged = known.values().flatten().count();
    assert!(acknowledged >= KILLS * KILL_AFTER, "{acknowledged}");
    // The merchant sends again what it had no answer to, and asks for what it had.
    for (reference, answer) in &known {
        let again = pay(&client, &demo, reference).await.expect("an answer");
        if let Some(answer) = answer {
            assert_eq!(&again, answer, "{reference}: the same bytes after the restart");
        }
    }
    finish_pending(&client, &demo, known.keys()).await;
    florin.end("TERM").await;
    let database = database.as_ref().map(|database| database.url().into());
    both_books_agree(&Config { data: data.path().to_owned(), database, ..Config::default() }, &known).await;
}

/// Lets time pass until nothing is pending.
pub async fn finish_pending(client: &reqwest::Client, demo: &Value, references: impl Iterator<Item = &String> + Clone) {
    let base = demo["base_url"].as_str().expect("a URL");
    let key = demo["cashier"]["api_key"].as_str().expect("a key");
    let token = demo["admin"]["token"].as_str().expect("a token");
    let settled = async {
        loop {
            let clock =
                client.post(format!("{base}/admin/v1/clock")).bearer_auth(token).json(&json!({"advance_s": 61}));
            assert_eq!(clock.send().await.expect("an answer").status(), 200);
            let mut pending = 0;
            for reference in references.clone() {
                let status = client.get(format!("{base}/v1/transactions/{reference}")).header("x-api-key", key);
                let status = status.send().await.expect("an answer").text().await.expect("text");
                pending += usize::from(status.contains("pending"));
            }
            if pending == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(crate::world::SOON * 3, settled).await.expect("everything ends");
}

async fn both_books_agree(config: &Config, known: &Known) {
    use florin_engine::keys::MasterKey;
    use florin_kernel::public_id::Reference;

    let place = Place::of(config).expect("a place");
    let store = place.open_read_only().await.expect("the database");
    let report = store.verify_ledger().await.expect("a report");
    assert_eq!(report.faults, Vec::<String>::new());
    let key = std::fs::read_to_string(config.data.join("master.key")).expect("the master key");
    let codec = MasterKey::from_hex(&key).expect("a key").codec();
    let book = crate::simulated::book(&config.data, place).expect("the simulator's book");
    let charges = book.charges(&florin_engine::clock::Clocks::default()).await.expect("charges");
    let mut charged: HashMap<i64, usize> = HashMap::new();
    for movement in charges.iter().filter(|movement| movement.kind == OperationKind::Sale) {
        let Reference { payment, .. } = codec.read_base36(&movement.reference).expect("our reference");
        *charged.entry(payment.number()).or_default() += 1;
    }
    let query = florin_engine::PaymentQuery {
        merchant: florin_gateway::demo::MERCHANT,
        mode: florin_kernel::payment::Mode::Dev,
        from: florin_kernel::Timestamp::UNIX_EPOCH,
        until: florin_kernel::Timestamp::MAX,
        after: None,
        limit: 100_000,
    };
    let payments = store.transactions(query).await.expect("payments");
    assert_eq!(payments.len(), known.len(), "one payment a reference");
    for stored in payments {
        let payment = stored.transaction.payment().expect("only payments were made");
        let times = charged.remove(&payment.id.number()).unwrap_or(0);
        match payment.word().text() {
            "captured" => assert_eq!(times, 1, "{}", payment.id),
            "failed" => assert_eq!(times, 0, "{}", payment.id),
            word => panic!("{} is {word}", payment.id),
        }
        let answer = known.get(&payment.details.reference).expect("a reference of ours");
        if answer.as_deref().is_some_and(|answer| answer.contains("successful")) {
            assert_eq!(payment.word().text(), "captured", "{} was acknowledged", payment.id);
        }
    }
    assert!(charged.is_empty(), "charged without a payment: {charged:?}");
}
