//! Nodes that answer, refuse, babble, hang up and are silent.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{JsonRpc, RpcError};

/// A node that says whatever a test lets it say: it is given each message, and gives a status line and a body; nothing: it hangs up.
pub struct Fake {
    url: String,
}

type Says = dyn Fn(&Value) -> Option<(&'static str, String)> + Send + Sync;

impl Fake {
    pub fn new(says: impl Fn(&Value) -> Option<(&'static str, String)> + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let says: Arc<Says> = Arc::new(says);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let says = says.clone();
                std::thread::spawn(move || serve(stream, &*says));
            }
        });
        Fake { url }
    }

    /// A node that answers each call of a message by its method.
    pub fn by_method(answers: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Fake {
        Fake::new(move |message| {
            let one = |call: &Value| {
                let method = call["method"].as_str().expect("a method");
                json!({"id": call["id"], "result": answers(method, &call["params"]), "error": null})
            };
            let body = match message {
                Value::Array(calls) => Value::Array(calls.iter().map(one).collect()),
                call => one(call),
            };
            Some(("200 OK", body.to_string()))
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn rpc(&self) -> JsonRpc {
        JsonRpc::new(&self.url, None, Duration::from_secs(5)).expect("a client")
    }
}

fn serve(mut stream: std::net::TcpStream, says: &Says) {
    let mut read = Vec::new();
    loop {
        let mut chunk = [0_u8; 4096];
        let Ok(length @ 1..) = stream.read(&mut chunk) else { return };
        read.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let Some((status, body)) = says(&serde_json::from_str(body).expect("a call")) else { return };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        read.clear();
    }
}

#[tokio::test]
async fn what_a_node_says_is_a_result_a_no_or_nothing_to_go_by() {
    let garbled = |result: &Result<Value, RpcError>| matches!(result, Err(RpcError::Garbled(_)));
    type Expected = fn(&Result<Value, RpcError>) -> bool;
    let cases: [(&'static str, &str, Expected); 8] = [
        (
            "200 OK",
            r#"{"id":0,"result":0.10000000,"error":null}"#,
            |result| matches!(result, Ok(Value::Number(number)) if number.as_str() == "0.10000000"),
        ),
        ("200 OK", r#"{"id":0,"result":null}"#, |result| *result == Ok(Value::Null)),
        ("500 Internal Server Error", r#"{"id":0,"result":null,"error":{"code":-28,"message":"Loading"}}"#, |result| {
            *result == Err(RpcError::Refused { code: -28, message: "Loading".into() })
        }),
        ("401 Unauthorized", "", |result| matches!(result, Err(RpcError::Login(_)))),
        ("502 Bad Gateway", "<html>Bad gateway</html>", garbled),
        ("200 OK", r#"{"id":0,"result":"00"#, garbled),
        ("200 OK", r#"{"id":0}"#, garbled),
        ("200 OK", r#"{"id":0,"error":"no"}"#, garbled),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::new(move |_| Some((status, body.to_owned())));
        let result = fake.rpc().call("any", json!([])).await;
        assert!(expected(&result), "{status} {body}: {result:?}");
    }
}

#[tokio::test]
async fn answers_of_one_message_are_put_in_order_and_none_may_lack() {
    let fake = Fake::new(|message| {
        let ids = message.as_array().expect("a batch").iter().rev().map(|call| call["id"].clone());
        let answers: Vec<Value> = ids.map(|id| json!({"id": id, "result": format!("of {id}")})).collect();
        Some(("200 OK", Value::Array(answers).to_string()))
    });
    let told = fake.rpc().batch(&[("a", json!([])), ("b", json!([]))]).await.expect("answers");
    assert_eq!(told, [Ok(json!("of 0")), Ok(json!("of 1"))]);
    assert_eq!(fake.rpc().batch(&[]).await, Ok(Vec::new()));
    let lacking = Fake::new(|_| Some(("200 OK", json!([{"id": 0, "result": 1}, {"id": 7, "result": 1}]).to_string())));
    let told = lacking.rpc().batch(&[("a", json!([])), ("b", json!([]))]).await;
    assert!(matches!(told, Err(RpcError::Garbled(_))), "{told:?}");
}

#[tokio::test]
async fn silence_and_absence_are_told_apart() {
    let hangs_up = Fake::new(|_| None).rpc().call("any", json!([])).await;
    assert!(matches!(hangs_up, Err(RpcError::Lost(_))), "{hangs_up:?}");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let nobody = JsonRpc::new(&format!("http://{port}"), None, Duration::from_secs(5)).expect("a client");
    let nobody = nobody.call("any", json!([])).await;
    assert!(matches!(nobody, Err(RpcError::Unreachable(_))), "{nobody:?}");
    // Accepts, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let silent_rpc = JsonRpc::new(&url, None, Duration::from_millis(50)).expect("a client");
    assert_eq!(silent_rpc.call("any", json!([])).await, Err(RpcError::TimedOut));
}

#[tokio::test]
async fn the_login_is_read_from_its_file_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cookie");
    let fake = Fake::new(|_| Some(("200 OK", json!({"id": 0, "result": true}).to_string())));
    let rpc = JsonRpc::new(fake.url(), Some(&file), Duration::from_secs(5)).expect("a client");
    assert!(matches!(rpc.call("any", json!([])).await, Err(RpcError::Login(_))));
    std::fs::write(&file, "__cookie__:abc\n").expect("written");
    assert_eq!(rpc.call("any", json!([])).await, Ok(json!(true)));
}
