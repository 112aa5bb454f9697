//! Which payments this process is answering right now, so that copies of a request can wait for the first; and which payouts it
//! is calling, so that nobody takes one for lost meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use florin_kernel::PaymentId;
use tokio::sync::watch;

#[derive(Default)]
pub(crate) struct Inflight {
    payments: Mutex<HashMap<PaymentId, Option<watch::Sender<()>>>>,
}

/// Held while the first request is being answered; dropping it wakes those that wait.
pub(crate) struct Answering {
    inflight: Arc<Inflight>,
    payment: PaymentId,
}

impl Inflight {
    pub(crate) fn enter(self: &Arc<Self>, payment: PaymentId) -> Answering {
        self.payments.lock().expect("no holder of the lock panics").insert(payment, None);
        Answering { inflight: self.clone(), payment }
    }

    /// Whether this process is at it.
    pub(crate) fn is_at(&self, payment: PaymentId) -> bool {
        self.payments.lock().expect("no holder of the lock panics").contains_key(&payment)
    }

    /// Resolves when the payment is not being answered here any more; `None` if it is not now.
    pub(crate) fn done(&self, payment: PaymentId) -> Option<watch::Receiver<()>> {
        let mut payments = self.payments.lock().expect("no holder of the lock panics");
        let waiting = payments.get_mut(&payment)?;
        Some(waiting.get_or_insert_with(|| watch::channel(()).0).subscribe())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // Dropping the sender, if anybody waits, ends their wait.
        self.inflight.payments.lock().expect("no holder of the lock panics").remove(&self.payment);
    }
}
