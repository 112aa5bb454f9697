//! A proxy between store and server that cuts a writer's connection at its COMMIT.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What happens to the next COMMIT of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The server never gets it.
    Before,
    /// The server gets it, its answer is lost.
    After,
    /// The connection is cut, and the server gets it when told.
    Late,
}

/// The proxy.
pub(super) struct Proxy {
    url: String,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    next: Mutex<Option<Cut>>,
    go_on: Notify,
}

impl Proxy {
    /// Begins to listen in front of the server that a URL names.
    pub(super) async fn start(url: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = listener.local_addr().unwrap().to_string();
        let begin = url.find('@').map_or_else(|| url.find("://").unwrap() + 3, |at| at + 1);
        let end = begin + url[begin..].find('/').unwrap();
        let theirs = url[begin..end].to_owned();
        let plan = Arc::new(Plan::default());
        let shared = Arc::clone(&plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&theirs).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&shared)));
            }
        });
        Proxy { url: format!("{}{ours}{}?sslmode=disable", &url[..begin], &url[end..]), plan }
    }

    /// The server's URL through the proxy, which must be able to read what it carries.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Says what happens to the next COMMIT of a writer.
    pub(super) fn plan(&self, cut: Cut) {
        *self.plan.next.lock().unwrap() = Some(cut);
    }

    /// Whether the planned cut was made.
    pub(super) fn is_done(&self) -> bool {
        self.plan.next.lock().unwrap().is_none()
    }

    /// The server gets the COMMIT held back.
    pub(super) fn go_on(&self) {
        self.plan.go_on.notify_one();
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

async fn carry(client: TcpStream, server: TcpStream, plan: Arc<Plan>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 1 << 20];
    let mut is_writer = false;
    while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
        let said = &bytes[..count];
        is_writer |= contains(said, b"INSERT INTO batches");
        let cut = match is_writer && contains(said, b"COMMIT\0") {
            true => plan.next.lock().unwrap().take(),
            false => None,
        };
        match cut {
            None => to_server.write_all(said).await.unwrap(),
            Some(Cut::Before) => break,
            Some(Cut::After) => {
                // Nothing of the answer goes back.
                back.abort();
                to_server.write_all(said).await.unwrap();
                break;
            }
            Some(Cut::Late) => {
                back.abort();
                drop(from_client);
                plan.go_on.notified().await;
                to_server.write_all(said).await.unwrap();
                to_server.shutdown().await.unwrap();
                return;
            }
        }
    }
    back.abort();
}
