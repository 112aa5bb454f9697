//! One life of the gateway's process. When it ends by a crash, none of its calls ever returns, nobody hears an answer from
//! it, and all that is left of it is what other actors have seen.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use florin_engine::Engine;
use tokio_util::sync::CancellationToken;

/// Counts the steps until a crash; a step is a call of a port, before and after.
pub struct Life {
    pub number: u32,
    steps_left: AtomicI64,
    dead: CancellationToken,
}

impl Life {
    /// A life that ends at a step.
    pub fn new(number: u32, steps: i64) -> Life {
        Life { number, steps_left: AtomicI64::new(steps), dead: CancellationToken::new() }
    }

    /// The place between two steps: a process that dies here, or has died, never goes on.
    pub async fn step(&self) {
        if self.steps_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.dead.cancel();
        }
        self.go_on().await;
    }

    /// Goes on, unless the process has died.
    pub async fn go_on(&self) {
        if self.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    /// No crash at a step any more.
    pub fn spare(&self) {
        self.steps_left.store(i64::MAX, Ordering::Relaxed);
    }

    /// Dies now.
    pub fn die(&self) {
        self.dead.cancel();
    }

    /// Whether it has died.
    pub fn is_dead(&self) -> bool {
        self.dead.is_cancelled()
    }

    /// Resolves at its death.
    pub async fn death(&self) {
        self.dead.cancelled().await;
    }
}

/// The gateway as others reach it.
#[derive(Clone)]
pub struct Gateway {
    pub engine: Arc<Engine>,
    pub life: Arc<Life>,
}

impl Gateway {
    /// What a call answers; `None` when the process dies before it does.
    pub async fn hear<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.life.death() => None,
            answer = call => Some(answer),
        }
    }
}
