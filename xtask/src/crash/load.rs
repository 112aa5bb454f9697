//! Many clients that pay until they are told to stop, whatever happens to the nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::merchant::{Client, Heard, Kind, Known, Sent};
use super::node::Address;
use super::site::Site;
use crate::Fallible;

const CLIENTS: usize = 16;
/// How long a client waits after it got no good answer.
const PAUSE: Duration = Duration::from_millis(50);
/// How long payments may be without any good answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Clients at work.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Known>>,
}

#[derive(Default)]
struct Shared {
    answered: AtomicU64,
    refused: AtomicU64,
    odd: std::sync::Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Load {
    /// Begins to pay on all nodes, under references that begin with the round's number.
    ///
    /// # Errors
    /// There can be no clients.
    pub fn start(site: &Site, round: u32) -> Fallible<Load> {
        let (shared, nodes) = (Arc::<Shared>::default(), site.addresses());
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let client = Client::new(&site.demo)?;
            let (shared, nodes) = (Arc::clone(&shared), nodes.clone());
            clients.push(tokio::spawn(pay_until_over(client, nodes, number, format!("{round}-{number}"), shared)));
        }
        Ok(Load { shared, clients })
    }

    /// Waits for so many more answers.
    ///
    /// # Errors
    /// They do not come.
    pub async fn more_answers(&self, count: u64) -> Fallible<()> {
        more(&self.shared.answered, count).await.map_err(|()| "payments are not answered any more".into())
    }

    /// Waits for so many more requests that are answered 503.
    ///
    /// # Errors
    /// They do not come.
    pub async fn more_refusals(&self, count: u64) -> Fallible<()> {
        more(&self.shared.refused, count).await.map_err(|()| "no payment is answered 503".into())
    }

    /// Ends it and tells all that was sent, and the answers that must not be.
    ///
    /// # Errors
    /// A client panicked.
    pub async fn stop(self) -> Fallible<(Known, Vec<String>)> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut known = Known::new();
        for client in self.clients {
            known.extend(client.await?);
        }
        let odd = self.shared.odd.lock().map(|odd| odd.clone()).unwrap_or_default();
        Ok((known, odd))
    }
}

async fn more(counter: &AtomicU64, count: u64) -> Result<(), ()> {
    let enough = counter.load(Ordering::Relaxed) + count;
    let reached = async {
        while counter.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.map_err(drop)
}

async fn pay_until_over(
    client: Client,
    nodes: Vec<Address>,
    first: usize,
    prefix: String,
    shared: Arc<Shared>,
) -> Known {
    let (mut known, mut node) = (Known::new(), first);
    for number in 0.. {
        if shared.is_over.load(Ordering::Relaxed) {
            break;
        }
        let (reference, kind) = (format!("{prefix}-{number}"), Kind::of(number));
        let heard = client.pay(&nodes[node % nodes.len()], &reference, kind).await;
        let answer = match heard {
            Heard::Answer(text) => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
                Some(text)
            }
            Heard::NotNow | Heard::Nothing | Heard::Odd(_) => {
                if heard == Heard::NotNow {
                    shared.refused.fetch_add(1, Ordering::Relaxed);
                }
                if let Heard::Odd(text) = heard
                    && let Ok(mut odd) = shared.odd.lock()
                {
                    odd.push(format!("{reference} was answered {text}"));
                }
                node += 1;
                tokio::time::sleep(PAUSE).await;
                None
            }
        };
        known.insert(reference, Sent { kind, answer });
    }
    known
}
