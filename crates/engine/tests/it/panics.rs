//! A fault of ours in one payment: the others go on, and so does it, later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use florin_engine::announce::{Announcement, Announcer, Newer, Schedule, Until};
use florin_engine::clock::Clocks;
use florin_engine::directory::Credential;
use florin_engine::{ClaimRequest, Engine};
use florin_kernel::payment::{Approval, Dialect, Outcome, Payment};
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{PaymentId, Timestamp};
use florin_store::memory::MemoryStore;

use crate::lookups::{Scripted, UNCLEAR, announcing, request, word};

const BAD: &str = "the bad one";

/// A dialect that cannot tell about one payment, while it is broken.
#[derive(Default)]
struct Broken(AtomicBool);

impl Announcer for Broken {
    fn announce(&self, _before: &Payment, after: &Payment, _engine: &Engine) -> Vec<Announcement> {
        assert!(!(self.0.load(Ordering::SeqCst) && after.details.reference == BAD), "cannot tell about it");
        Vec::new()
    }

    fn announce_withdrawal(&self, _before: &Withdrawal, _after: &Withdrawal, _engine: &Engine) -> Vec<Announcement> {
        Vec::new()
    }

    fn sign(&self, _body: &str, _credential: &Credential) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn schedule(&self) -> Schedule {
        Schedule { pauses: &[], until: Until::Attempts(1), newer: Newer::Waits }
    }
}

async fn unclear(engine: &Arc<Engine>, reference: &str) -> PaymentId {
    let mut new = request(engine, crate::world::render());
    new.payment.details.reference = reference.to_owned();
    new.claims = vec![ClaimRequest::reference(reference)];
    engine.start(new).await.expect("begun").payment
}

/// An engine with a payment that cannot be told about and one that can, both of which are to be looked up.
struct Faulty {
    engine: Arc<Engine>,
    provider: Arc<Scripted>,
    broken: Arc<Broken>,
    wall_s: Arc<AtomicI64>,
    bad: PaymentId,
    good: PaymentId,
}

impl Faulty {
    async fn start() -> Faulty {
        let (broken, wall_s) = (Arc::new(Broken::default()), Arc::new(AtomicI64::new(1_800_000_000)));
        let told = wall_s.clone();
        let wall = move || Timestamp::from_second(told.load(Ordering::SeqCst)).expect("a time");
        let approved = || Outcome::Approved(Approval::default());
        let says = [UNCLEAR, UNCLEAR, approved(), approved()];
        let announcers: Vec<(Dialect, Arc<dyn Announcer>)> = vec![(Dialect::Cashier, broken.clone())];
        let clocks = Clocks::on(Arc::new(wall));
        let (engine, provider) = announcing(Arc::new(MemoryStore::new()), says, announcers, clocks).await;
        provider.permits.add_permits(4);
        let (bad, good) = (unclear(&engine, BAD).await, unclear(&engine, "a good one").await);
        provider.is_asked().await;
        provider.is_asked().await;
        broken.0.store(true, Ordering::SeqCst);
        let faulty = Faulty { engine, provider, broken, wall_s, bad, good };
        faulty.pass(60);
        faulty
    }

    /// Moves the wall clock on.
    fn pass(&self, seconds: i64) {
        self.wall_s.fetch_add(seconds, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.broken.0.store(false, Ordering::SeqCst);
    }

    async fn words(&self) -> [&'static str; 2] {
        [word(&self.engine, self.bad).await, word(&self.engine, self.good).await]
    }
}

#[tokio::test]
async fn one_payments_panic_is_no_other_payments_trouble() {
    let faulty = Faulty::start().await;
    faulty.engine.settle().await.expect("the store answers");
    assert_eq!(faulty.words().await, ["unknown", "captured"]);
    // It rests; still broken when its rest is over, it rests twice as long, also once it is mended.
    faulty.pass(9);
    faulty.engine.settle().await.expect("the store answers");
    assert_eq!(faulty.words().await[0], "unknown");
    faulty.pass(1);
    faulty.engine.settle().await.expect("the store answers");
    faulty.mend();
    faulty.pass(19);
    faulty.engine.settle().await.expect("the store answers");
    assert_eq!(faulty.words().await[0], "unknown");
    faulty.pass(1);
    faulty.engine.settle().await.expect("the store answers");
    assert_eq!(faulty.words().await, ["captured", "captured"]);
}

/// As it is in a server: the worker that saw the panic takes up the others, and the payment itself once it has rested.
#[tokio::test]
async fn the_worker_outlives_a_panic() {
    let faulty = Faulty::start().await;
    let workers = tokio::spawn(faulty.engine.clone().run());
    faulty.provider.is_asked().await;
    faulty.mend();
    faulty.pass(3_600);
    faulty.provider.is_asked().await;
    faulty.engine.shutdown().await;
    workers.await.expect("no worker panicked");
    assert_eq!(faulty.words().await, ["captured", "captured"]);
}
