//! A forwarder in front of PostgreSQL that cuts writers' connections inside COMMIT.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Fallible;

/// Of a writer's COMMITs this one is cut, counted over all connections.
const EVERY: u32 = 7;
/// How long all cuts may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The forwarder.
pub struct Forwarder {
    port: u16,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    left: AtomicU32,
    made: AtomicU32,
    commits: AtomicU32,
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The server never gets the COMMIT.
    Before,
    /// The server gets it, its answer is lost.
    After,
}

impl Forwarder {
    /// Begins to listen in front of a server's port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(server: u16) -> Fallible<Forwarder> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, plan) = (listener.local_addr()?.port(), Arc::<Plan>::default());
        let shared = Arc::clone(&plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let plan = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                        // A connection that breaks ends here, on both sides.
                        let _ = carry(client, server, &plan).await;
                    }
                });
            }
        });
        Ok(Forwarder { port, plan })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts so many connections from now on.
    pub fn cut(&self, count: u32) {
        self.plan.made.store(0, Ordering::Relaxed);
        self.plan.left.store(count, Ordering::Relaxed);
    }

    /// Waits until all cuts are made; tells how many.
    ///
    /// # Errors
    /// They are not made within a minute.
    pub async fn all_cut(&self) -> Fallible<u32> {
        let all = async {
            while self.plan.left.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.map_err(|_| "the nodes send no COMMIT to cut")?;
        Ok(self.plan.made.load(Ordering::Relaxed))
    }
}

impl Plan {
    /// What happens to the COMMIT that a writer sends now.
    fn next(&self) -> Option<Cut> {
        let commit = self.commits.fetch_add(1, Ordering::Relaxed);
        let is_turn = commit.is_multiple_of(EVERY);
        let take = |left: u32| left.checked_sub(1);
        if !is_turn || self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return None;
        }
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        Some(if made.is_multiple_of(2) { Cut::Before } else { Cut::After })
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

async fn carry(client: TcpStream, server: TcpStream, plan: &Plan) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut bytes = vec![0; 1 << 16];
    let mut is_writer = false;
    let there = async {
        loop {
            let count = from_client.read(&mut bytes).await?;
            let said = &bytes[..count];
            // A writer is known by a statement that it prepares. It sends COMMIT alone, in one piece.
            is_writer |= contains(said, b"INSERT INTO batches");
            let cut = if is_writer && contains(said, b"COMMIT\0") { plan.next() } else { None };
            if count == 0 || cut == Some(Cut::Before) {
                return Ok::<(), std::io::Error>(());
            }
            to_server.write_all(said).await?;
            if cut == Some(Cut::After) {
                return Ok(());
            }
        }
    };
    // Whichever side ends ends both; of the answer to a COMMIT that was cut nothing goes back any more.
    tokio::select! {
        biased;
        done = there => done,
        copied = tokio::io::copy(&mut from_server, &mut to_client) => copied.map(drop),
    }
}
