//! What an operator meets: health, figures, files, the admin API, limits, stopping and starting.

use std::time::Duration;

use florin_gateway::commands::serve;
use florin_gateway::config::Config;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::simulated;
use crate::world::World;

#[tokio::test]
async fn health_and_readiness() {
    let world = World::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = world.get(path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_its_time() {
    let world = World::start().await;
    for path in ["/healthz", "/nowhere", "/v1/nowhere", "/docs/cashier", "/sim/pay/nothing"] {
        let answer = world.get(path).send().await.expect("an answer");
        let timing = answer.headers()["server-timing"].to_str().expect("text");
        let duration = timing.strip_prefix("gw;dur=").and_then(|duration| duration.split_once('.'));
        let (whole, part) = duration.unwrap_or_else(|| panic!("{path}: {timing}"));
        assert!(whole.parse::<u64>().is_ok() && part.len() == 2, "{path}: {timing}");
        assert_eq!(answer.headers()["x-request-id"].len(), 16, "{path}");
    }
    let check = async |given: &str, kept: bool| {
        let answer = world.get("/healthz").header("x-request-id", given).send().await.expect("an answer");
        assert_eq!(answer.headers()["x-request-id"] == given, kept, "{given}");
    };
    check("order-77_a.b:c", true).await;
    check("with blanks", false).await;
    check(&"x".repeat(129), false).await;
}

#[tokio::test]
async fn paths_that_nobody_owns_and_methods_that_nobody_takes() {
    let world = World::start().await;
    let check = async |method: reqwest::Method, path: &str, status: u16| {
        let answer = world.request(method.clone(), path).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{method} {path}");
    };
    use reqwest::Method;
    check(Method::GET, "/nowhere", 404).await;
    check(Method::GET, "/static/nothing.css", 404).await;
    check(Method::POST, "/healthz", 405).await;
    check(Method::GET, "/admin/v1/clock", 405).await;
    check(Method::GET, "/callbacks/simulator", 405).await;
    check(Method::DELETE, "/sim/pay/g7xp8kudinz3tyi", 405).await;
    check(Method::HEAD, "/", 200).await;
}

#[tokio::test]
async fn figures_name_routes_and_not_ids() {
    let world = World::start().await;
    world.pay_by_card("figures-1", "4111111111111111", "10.05", json!({})).await;
    assert_eq!(world.status("figures-1").await, "successful");
    let figures = world.get("/metrics").send().await.expect("an answer").text().await.expect("text");
    for part in [
        "# HELP florin_http_requests_total",
        "# TYPE florin_http_request_seconds histogram",
        r#"florin_http_requests_total{route="/v1/payments/s2s",method="POST",status="200"}"#,
        r#"route="/v1/transactions/{id}""#,
        "florin_build_info",
        "florin_payment_changes_total",
        "florin_commits_waiting 0",
        "florin_webhooks_waiting 0",
        "florin_payments_overdue 0",
    ] {
        assert!(figures.contains(part), "{part} is not in\n{figures}");
    }
    assert!(!figures.contains("figures-1"));
}

#[tokio::test]
async fn files_are_asked_for_again_and_answered_in_short() {
    let world = World::start().await;
    let first = world.get("/static/style.css").send().await.expect("an answer");
    assert_eq!(first.headers()["content-type"], "text/css; charset=utf-8");
    let tag = first.headers()["etag"].clone();
    let again = world.get("/static/style.css").header("if-none-match", tag).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn the_reference_and_its_document() {
    let world = World::start().await;
    for (dialect, shown) in [
        ("cashier", "<span class=\"soft\">request.</span><wbr>tracking_id"),
        ("crypto", "pos_id"),
        ("v3", "-H &#39;Authorization: Bearer YOUR_TOKEN&#39; \\\n  -d &#39;entityId=EB000001&#39;"),
    ] {
        let document = world.get(&format!("/openapi/{dialect}.json")).send().await.expect("an answer");
        let document: Value = document.json().await.expect("JSON");
        assert_eq!(document["openapi"], "3.1.0");
        let page = world.get(&format!("/docs/{dialect}")).send().await.expect("an answer").text().await.expect("text");
        for path in document["paths"].as_object().expect("paths").keys() {
            assert!(page.contains(&format!("<span>{path}</span>")), "{path} is not shown");
        }
        assert!(page.contains(shown) && !page.contains("<script"), "{page}");
    }
    for path in ["/openapi/nothing.json", "/openapi/cashier", "/docs/nothing"] {
        assert_eq!(world.get(path).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn callbacks_are_believed_only_when_signed() {
    let world = World::start().await;
    let check = async |path: &str, body: String, status: u16| {
        let answer = world.post(path).body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
    };
    check("/callbacks/nobody", "{}".into(), 404).await;
    check("/callbacks/simulator", "{}".into(), 401).await;
    check("/callbacks/simulator", "x".repeat(65 * 1024), 413).await;
}

#[tokio::test]
async fn only_the_operator_advances_the_clock() {
    let world = World::start().await;
    let token = world.demo().admin_token();
    let check = async |body: Value, status: u16, field: &str| {
        let request = world.post("/admin/v1/clock").bearer_auth(token.expose()).json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{body}");
        let said: Value = answer.json().await.expect("JSON");
        assert_eq!(said["field"], field, "{body}: {said}");
    };
    check(json!({}), 400, "advance_s").await;
    check(json!({"advance_s": 0}), 400, "advance_s").await;
    check(json!({"advance_s": -5}), 400, "advance_s").await;
    check(json!({"advance_s": "60"}), 400, "advance_s").await;
    check(json!({"advance_s": 60, "merchant_id": 77}), 400, "merchant_id").await;
    assert_eq!(world.advance_s(60, "wrong").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.post("/admin/v1/clock").send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);

    let before = world.engine().now(florin_kernel::ports::Lane::Live);
    let said: Value = world.advance_s(3_600, token.expose()).await.json().await.expect("JSON");
    let now: florin_kernel::Timestamp = said["now"].as_str().expect("a time").parse().expect("a time");
    assert!((3_600..3_660).contains(&now.duration_since(before).as_secs()), "{said}");
}

#[tokio::test]
async fn too_many_connections_are_told_to_come_back() {
    let world = World::with(|config| config.connections_max = 1).await;
    let address = world.server().address();
    let mut first = TcpStream::connect(address).await.expect("connected");
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut head = [0; 15];
    first.read_exact(&mut head).await.expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let mut second = TcpStream::connect(address).await.expect("connected");
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1\r\n"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(answer.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
}

#[tokio::test]
async fn requests_under_way_are_finished_before_stopping() {
    let mut world = World::with(|config| config.simulator_silence_ms = 300).await;
    // The simulator's silence keeps this request under way while the server stops.
    let paying = tokio::spawn(world.card_payment("drained", "4111111111111111", "9101.00", json!({})).send());
    while world.payments().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let address = world.server().address();
    world.stop().await;
    let answer: Value = paying.await.expect("no panic").expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["transaction_status"], "pending");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    world.restart().await;
    world.advance(Duration::from_secs(60)).await;
    world.status_becomes("drained", "successful").await;
    assert_eq!(world.charges().await.len(), 1);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_data_folder_has_one_server() {
    let world = World::on(None, |_| ()).await;
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), data: world.data().to_owned(), ..Config::default() };
    let refused = serve::start(&config, &simulated::registry).await.err().expect("refused");
    assert!(refused.contains("in use by another process"), "{refused}");
}

#[tokio::test]
async fn another_installations_key_is_refused() {
    let mut world = World::start().await;
    world.stop().await;
    let file = world.data().join("other.key");
    std::fs::write(&file, "ab".repeat(32)).expect("written");
    let config = Config { demo: false, master_key_file: Some(file), ..world.config().clone() };
    let refused = serve::start(&config, &simulated::registry).await.err().expect("refused");
    assert!(refused.contains("made with another master key"), "{refused}");
    std::fs::remove_file(world.data().join("master.key")).expect("removed");
    let config = Config { master_key_file: None, ..config };
    let refused = serve::start(&config, &simulated::registry).await.err().expect("refused");
    assert!(refused.contains("has a master key, and none was found"), "{refused}");
}

#[tokio::test]
async fn starting_is_quick() {
    let begun = std::time::Instant::now();
    let _world = World::start().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
