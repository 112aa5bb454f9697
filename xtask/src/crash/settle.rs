//! After a round: everything is sent again, time passes until nothing is open, and what was told is compared with the books.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::books::Books;
use super::load::Load;
use super::merchant::{Client, Heard, Known, Sent};
use super::site::Site;
use super::tally::Tally;
use crate::Fallible;

const AT_ONCE: usize = 64;
/// How long everything may take to come to its end; time on the merchant's clock passes quicker.
const PATIENCE: Duration = Duration::from_secs(60);
/// The other node hears of an advanced clock within half of this.
const CLOCKS_AGREE: Duration = Duration::from_secs(1);
/// How long a new payment may take from its first commit to its last.
const NEW_ARE_DONE: Duration = Duration::from_secs(2);
/// How often the merchant's clock is advanced.
const BEAT: Duration = Duration::from_millis(250);

/// A merchant's side of a scenario over all its rounds.
#[derive(Default)]
pub struct Story {
    known: Known,
    pub tally: Tally,
}

impl Story {
    /// Ends a round's load, sends everything again, waits for the end of everything and compares.
    ///
    /// # Errors
    /// Something that is not about money: a node is not ready, the books cannot be read.
    pub async fn end_round(&mut self, site: &Site, load: Load) -> Fallible<()> {
        let (known, odd) = load.stop().await?;
        self.tally.rounds += 1;
        self.tally.acknowledged += known.values().filter(|sent| sent.answer.is_some()).count();
        self.tally.sent_again += known.values().filter(|sent| sent.answer.is_none()).count();
        self.tally.disagreeing.extend(odd);
        self.known.extend(known);
        let client = Client::new(&site.demo)?;
        ready(site, &client).await?;
        self.repeat_acknowledged(site, &client).await?;
        self.send_again(site, &client).await?;
        let books = self.wait_for_the_end(site, &client).await?;
        books.compare(&self.known, &mut self.tally);
        let (agrees, said) = site.nodes[0].say(&["ledger", "verify"])?;
        if !agrees {
            self.tally.disagreeing.push(format!("florin ledger verify: {said}"));
        }
        // A payment made by a slow clock would look given up to a node whose clock is a minute ahead.
        tokio::time::sleep(CLOCKS_AGREE).await;
        Ok(())
    }

    /// The scenario's numbers, after the nodes have ended in order.
    ///
    /// # Errors
    /// A node does not end.
    pub fn end(self, mut site: Site) -> Fallible<Tally> {
        site.stop()?;
        Ok(self.tally)
    }

    /// Every answer that was given is given again, to the byte.
    async fn repeat_acknowledged(&mut self, site: &Site, client: &Client) -> Fallible<()> {
        let answered = |sent: &Sent| sent.answer.is_some();
        for (reference, heard) in self.ask_all(site, client, answered).await? {
            let told = self.known.get(&reference).and_then(|sent| sent.answer.clone());
            if Some(&heard) != told.map(Heard::Answer).as_ref() {
                self.tally.lost.push(format!("{reference} was answered something else before: {heard:?}"));
            }
        }
        Ok(())
    }

    /// What was not answered is sent again until it is. At first the clock stands still: what never arrived is a new payment now,
    /// and a minute that passes between its first commit and its provider would make it look given up. What is left then
    /// waits for a dead process, by the merchant's clock.
    async fn send_again(&mut self, site: &Site, client: &Client) -> Fallible<()> {
        let end = Instant::now() + PATIENCE;
        let (clock, node) = (client.clone(), site.nodes[0].address().clone());
        let time = tokio::spawn(async move {
            tokio::time::sleep(NEW_ARE_DONE).await;
            loop {
                clock.advance_a_minute(&node).await;
                tokio::time::sleep(BEAT).await;
            }
        });
        while Instant::now() < end && self.known.values().any(|sent| sent.answer.is_none()) {
            for (reference, heard) in self.ask_all(site, client, |sent| sent.answer.is_none()).await? {
                match heard {
                    Heard::Answer(text) => {
                        self.known.entry(reference).and_modify(|sent| sent.answer = Some(text));
                    }
                    Heard::Odd(text) => self.tally.disagreeing.push(format!("{reference} was answered {text}")),
                    Heard::NotNow | Heard::Nothing => {}
                }
            }
        }
        time.abort();
        let open = self.known.iter().filter(|(_, sent)| sent.answer.is_none());
        self.tally.stuck.extend(open.map(|(reference, _)| format!("{reference} is never answered")));
        Ok(())
    }

    /// Asks for many payments at once, in turn on all nodes.
    async fn ask_all(
        &self,
        site: &Site,
        client: &Client,
        which: impl Fn(&Sent) -> bool,
    ) -> Fallible<Vec<(String, Heard)>> {
        let (slots, nodes) = (Arc::new(Semaphore::new(AT_ONCE)), site.addresses());
        let mut asked = JoinSet::new();
        for (number, (reference, sent)) in self.known.iter().filter(|(_, sent)| which(sent)).enumerate() {
            let slot = Arc::clone(&slots).acquire_owned().await?;
            let (client, node) = (client.clone(), nodes[number % nodes.len()].clone());
            let (reference, kind) = (reference.clone(), sent.kind);
            asked.spawn(async move {
                let heard = client.pay(&node, &reference, kind).await;
                drop(slot);
                (reference, heard)
            });
        }
        Ok(asked.join_all().await)
    }

    /// Lets time pass until no payment is open, or for a minute.
    async fn wait_for_the_end(&self, site: &Site, client: &Client) -> Fallible<Books> {
        let end = Instant::now() + PATIENCE;
        loop {
            client.advance_a_minute(site.nodes[0].address()).await;
            tokio::time::sleep(BEAT).await;
            let books = Books::read(site).await?;
            if !books.has_open_payments() || Instant::now() > end {
                return Ok(books);
            }
        }
    }
}

/// Waits until every node can write.
async fn ready(site: &Site, client: &Client) -> Fallible<()> {
    let all = async {
        for node in &site.nodes {
            while !client.is_ready(node.address()).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, all).await;
    waited.map_err(|_| format!("a node does not get ready:\n{}", site.nodes[0].last_words()).into())
}
