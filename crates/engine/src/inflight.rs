//! Which requests this process is answering right now, so that copies can wait for the first; and which payouts it is calling,
//! so that nobody takes one for lost meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use florin_kernel::public_id::Reference;
use tokio::sync::watch;

#[derive(Default)]
pub(crate) struct Inflight {
    requests: Mutex<HashMap<Reference, Running>>,
}

/// Several may be at the same request for a moment: all but one of them will meet a version conflict.
#[derive(Default)]
struct Running {
    count: usize,
    waiting: Option<watch::Sender<()>>,
}

/// Held while a request is being answered; dropping it wakes those that wait.
pub(crate) struct Answering {
    inflight: Arc<Inflight>,
    request: Reference,
}

impl Inflight {
    /// A payment with sequence 0 is the request that made it, else the one that began this operation.
    pub(crate) fn enter(self: &Arc<Self>, request: Reference) -> Answering {
        self.requests.lock().expect("no holder of the lock panics").entry(request).or_default().count += 1;
        Answering { inflight: self.clone(), request }
    }

    /// Whether this process is at it.
    pub(crate) fn is_at(&self, request: Reference) -> bool {
        self.requests.lock().expect("no holder of the lock panics").contains_key(&request)
    }

    /// Resolves when the request is not being answered here any more; `None` if it is not now.
    pub(crate) fn done(&self, request: Reference) -> Option<watch::Receiver<()>> {
        let mut requests = self.requests.lock().expect("no holder of the lock panics");
        let running = requests.get_mut(&request)?;
        Some(running.waiting.get_or_insert_with(|| watch::channel(()).0).subscribe())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut requests = self.inflight.requests.lock().expect("no holder of the lock panics");
        let Some(running) = requests.get_mut(&self.request) else { return };
        running.count -= 1;
        if running.count == 0 {
            // Dropping the sender, if anybody waits, ends their wait.
            requests.remove(&self.request);
        }
    }
}
