//! Work that its caller polls, and that goes on in a task of its own when the caller goes away first. Where callers nearly
//! always stay, this spares a task for each.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TrackedFuture;

/// A future that is done in any case, whether its caller waits or not. Made within a runtime.
pub(crate) struct Enduring<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` once it is ready or has panicked.
    rest: Option<Pin<Box<TrackedFuture<F>>>>,
    runtime: Handle,
}

impl<F> Enduring<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// The tracker waits for it until it is done.
    pub(crate) fn new(tracker: &TaskTracker, work: F) -> Enduring<F> {
        Enduring { rest: Some(Box::pin(tracker.track_future(work))), runtime: Handle::current() }
    }
}

impl<F> Future for Enduring<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out meanwhile: what panics is dropped by the unwinding and never polled again.
        let mut rest = self.rest.take().expect("a future is not polled after it was ready");
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some(rest);
        }
        polled
    }
}

impl<F> Drop for Enduring<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            drop(self.runtime.spawn(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::{Notify, oneshot};
    use tokio_util::task::TaskTracker;

    use super::Enduring;

    #[tokio::test]
    async fn goes_on_without_its_caller() {
        let tracker = TaskTracker::new();
        let go_on = std::sync::Arc::new(Notify::new());
        let (done, is_done) = oneshot::channel();
        let waiting = go_on.clone();
        let work = Enduring::new(&tracker, async move {
            waiting.notified().await;
            let _ = done.send("done");
        });
        // The caller polls it, waits no longer, and is gone.
        assert!(tokio::time::timeout(Duration::ZERO, work).await.is_err());
        tracker.close();
        assert!(tokio::time::timeout(Duration::ZERO, tracker.wait()).await.is_err(), "the tracker waits for it");
        go_on.notify_one();
        assert_eq!(is_done.await, Ok("done"));
        tracker.wait().await;
    }

    #[tokio::test]
    async fn answers_a_caller_that_waits() {
        let tracker = TaskTracker::new();
        let answer = Enduring::new(&tracker, async {
            tokio::task::yield_now().await;
            7
        });
        assert_eq!(answer.await, 7);
        assert!(tracker.is_empty());
    }
}
