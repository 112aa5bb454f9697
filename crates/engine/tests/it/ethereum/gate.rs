//! Stands before a node and passes on what is said, but for what a test changes: answers that are lost, replaced or of another page.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of an answer.
pub enum Fate {
    Passed,
    /// The connection ends without one.
    Lost,
    /// A page of some proxy.
    Html,
    /// Another text.
    Said(String),
}

/// Decides about a request and the node's answer.
type Rule = Box<dyn Fn(&Value, &str) -> Fate + Send + Sync>;

pub struct Gate {
    port: u16,
    rule: Arc<Mutex<Rule>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gate {
    pub async fn before(node: u16) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_, _| Fate::Passed)));
        let rules = rule.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, node, rules.clone()));
            }
        });
        Gate { port, rule, task }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on answers go by a rule, given the request and what the node says.
    pub fn rule(&self, rule: impl Fn(&Value, &str) -> Fate + Send + Sync + 'static) {
        *self.rule.lock().expect("free") = Box::new(rule);
    }

    /// Everything is passed on again.
    pub fn open(&self) {
        self.rule(|_, _| Fate::Passed);
    }
}

/// Whether a request names a method, alone or among others.
pub fn asks(request: &Value, method: &str) -> bool {
    match request {
        Value::Array(calls) => calls.iter().any(|call| call["method"] == method),
        call => call["method"] == method,
    }
}

async fn serve(mut stream: TcpStream, node: u16, rule: Arc<Mutex<Rule>>) {
    let client = florin_providers::http::client().no_proxy().build().expect("a client");
    while let Some(body) = request(&mut stream).await {
        let url = format!("http://127.0.0.1:{node}");
        let post = client.post(url).header("content-type", "application/json").body(body.clone());
        let Ok(answer) = post.send().await else { return };
        let Ok(text) = answer.text().await else { return };
        let fate = rule.lock().expect("free")(&serde_json::from_slice(&body).unwrap_or_default(), &text);
        let (status, text) = match fate {
            Fate::Passed => ("200 OK", text),
            Fate::Lost => return,
            Fate::Html => ("502 Bad Gateway", "<html><body>Bad gateway</body></html>".to_owned()),
            Fate::Said(text) => ("200 OK", text),
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", text.len());
        if stream.write_all(format!("{head}{text}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The body of one request of HTTP/1.1.
pub async fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}
