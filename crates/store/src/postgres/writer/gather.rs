//! Gathering a batch: changesets that do not touch each other. One that touches a key, payment, stored card or event already in the batch is
//! put aside for the next; one with a floor goes alone, because its balance must be read under a lock.

use std::collections::{HashMap, HashSet};

use super::super::claims::Key;
use super::{Aside, Commit, Queue};
use crate::{Changeset, Claim, ConfigKind, Verdict};

pub(super) struct Gathering {
    queue: Queue,
    batch_max: usize,
    aside: Aside,
}

/// What a batch touches.
#[derive(Default)]
struct Touched {
    claims: HashSet<Key>,
    payments: HashSet<i64>,
    records: HashSet<i64>,
    registrations: HashSet<i64>,
    events: HashSet<i64>,
    chains: HashSet<(String, i64)>,
    config: HashSet<(ConfigKind, i64)>,
    audit: HashSet<i64>,
}

impl Touched {
    /// Adds what a changeset touches; false, and nothing added, if some of it is touched already.
    fn add(&mut self, changeset: &Changeset) -> bool {
        let claims = || changeset.claims.iter().map(|claim| claim.key);
        let payments = || changeset.payments.iter().map(|write| write.id.number());
        let records = || changeset.records.iter().map(|write| write.record().number());
        let registrations = || changeset.registrations.iter().map(|write| write.registration().number());
        let announced = changeset.events.iter().map(|event| event.id.number());
        let attempted = changeset.deliveries.iter().map(|delivery| delivery.event.number());
        let events: Vec<i64> = announced.chain(attempted).collect();
        let chains = || changeset.chains.iter().map(|write| (write.name.clone(), write.lane.number()));
        let config = || changeset.config.iter().map(|row| (row.kind, row.id));
        let audit = || changeset.audit.iter().map(|row| row.number);
        let free = claims().all(|key| !self.claims.contains(&key))
            && payments().all(|id| !self.payments.contains(&id))
            && records().all(|id| !self.records.contains(&id))
            && registrations().all(|id| !self.registrations.contains(&id))
            && chains().all(|chain| !self.chains.contains(&chain))
            && config().all(|row| !self.config.contains(&row))
            && audit().all(|number| !self.audit.contains(&number))
            && events.iter().all(|id| !self.events.contains(id));
        if free {
            self.claims.extend(claims());
            self.payments.extend(payments());
            self.records.extend(records());
            self.registrations.extend(registrations());
            self.events.extend(events);
            self.chains.extend(chains());
            self.config.extend(config());
            self.audit.extend(audit());
        }
        free
    }
}

impl Gathering {
    pub(super) fn new(queue: Queue, batch_max: usize) -> Gathering {
        Gathering { queue, batch_max: batch_max.max(1), aside: Aside::new() }
    }

    /// The next batch: what was put aside first, then what waits in the queue; waits for an order if there is none. `None`
    /// when nothing will come any more.
    pub(super) async fn next(&mut self) -> Option<Vec<Commit>> {
        let mut batch = Vec::new();
        let mut touched = Touched::default();
        for commit in std::mem::take(&mut self.aside) {
            self.put(commit, &mut batch, &mut touched);
        }
        if batch.is_empty() {
            let queue = self.queue.clone();
            let mut queue = queue.lock().await;
            let first = queue.recv().await?;
            self.put(first, &mut batch, &mut touched);
            self.fill(&mut queue, &mut batch, &mut touched);
        } else if let Ok(mut queue) = self.queue.clone().try_lock() {
            self.fill(&mut queue, &mut batch, &mut touched);
        }
        Some(batch)
    }

    fn fill(
        &mut self,
        queue: &mut tokio::sync::mpsc::Receiver<Commit>,
        batch: &mut Vec<Commit>,
        touched: &mut Touched,
    ) {
        while batch.len() + self.aside.len() < self.batch_max {
            let Ok(commit) = queue.try_recv() else { return };
            self.put(commit, batch, touched);
        }
    }

    /// Puts an order into the batch, or aside.
    fn put(&mut self, commit: Commit, batch: &mut Vec<Commit>, touched: &mut Touched) {
        let alone = |commit: &Commit| !commit.changeset.floors.is_empty();
        let fits = match batch.first() {
            None => touched.add(&commit.changeset),
            Some(first) => !alone(first) && !alone(&commit) && touched.add(&commit.changeset),
        };
        if fits { batch.push(commit) } else { self.aside.push_back(commit) }
    }

    /// Keys that changesets put aside want to take.
    pub(super) fn keys_aside(&self) -> Vec<Key> {
        self.aside.iter().flat_map(|commit| &commit.changeset.claims).map(|claim| claim.key).collect()
    }

    /// Answers those put aside whose key is taken.
    pub(super) fn answer_known(&mut self, claims: &HashMap<Key, Claim>) {
        for commit in std::mem::take(&mut self.aside) {
            match commit.changeset.claims.iter().find_map(|claim| claims.get(&claim.key)) {
                Some(claim) => commit.answer(Ok(Verdict::Duplicate(*claim))),
                None => self.aside.push_back(commit),
            }
        }
    }
}
