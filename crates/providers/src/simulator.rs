//! The simulator: acquirer, bank, wallet and voucher company of test mode, on this machine.
//!
//! What it does is told by card number and amount (`triggers.rs`), written down in a book of its own ([`Book`]) before
//! it is answered, and the same for the same reference ever after. It knows neither dialects nor the gateway's
//! database; time is the payment's own clock. The gateway renders its pages ([`Simulator::page`],
//! [`Simulator::act`]) and gives it a door for callbacks ([`CallbackSink`]).

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use async_trait::async_trait;
use florin_kernel::Timestamp;
use florin_kernel::card::Card;
use florin_kernel::payment::{Circumstances, Doubt, Mode, OperationKind, Outcome, Report};
use florin_kernel::ports::{AccountSetting, Call, CallbackError, Clock, Notice, Provider, RawCallback, Secrecy};
use florin_kernel::routing::{Capabilities, ProviderAccount};
use florin_kernel::secret::Secret;
use jiff::SignedDuration;
use tokio::time::MissedTickBehavior;

mod answer;
mod book;
mod callbacks;
mod entry;
mod family;
mod issuer;
mod pages;
mod plan;
#[cfg(test)]
mod tests;
mod triggers;

pub use book::{Book, BookError, Connect, Movement, Order, unordered};
pub use callbacks::{CallbackSink, SIGNATURE_HEADER, Taken};
pub use entry::PageKind;
pub use pages::{Acted, Action, Door, FieldError, Form, Page, PageState};

use answer::{Answer, Word};
use book::Opened;
use callbacks::Body;
use entry::{Entry, Standing, Topic};
use plan::Plan;
use triggers::Manner;

/// How often due callbacks are looked for.
const TICK: Duration = Duration::from_millis(100);

/// How long a callback that was not taken waits for its next try, by its operation's clock.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// What an operator sets, and tests shorten.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// How long a silent answer is waited for until it counts as unknown ([`Provider::timeout`]).
    pub silence: Duration,
    /// The key that callbacks are signed with.
    pub callback_key: Secret,
}

impl SimulatorSettings {
    /// The product's settings: silence counts after 2 s.
    pub fn new(callback_key: Secret) -> SimulatorSettings {
        SimulatorSettings { silence: Duration::from_secs(2), callback_key }
    }
}

/// The simulator.
pub struct Simulator {
    book: Book,
    clock: Arc<dyn Clock>,
    settings: SimulatorSettings,
    sink: OnceLock<Arc<dyn CallbackSink>>,
    /// References whose callbacks are being sent, so that nobody else sends them too.
    sending: Mutex<HashSet<String>>,
}

impl Simulator {
    /// A simulator over its book. Callbacks wait until [`Simulator::connect`].
    pub fn new(book: Book, clock: Arc<dyn Clock>, settings: SimulatorSettings) -> Simulator {
        Simulator { book, clock, settings, sink: OnceLock::new(), sending: Mutex::default() }
    }

    /// Gives it the door for its callbacks, once; a second door is ignored.
    pub fn connect(&self, sink: Arc<dyn CallbackSink>) {
        // The engine needs its providers before it can take their callbacks, hence not in `new`.
        let _ = self.sink.set(sink);
    }

    /// Its book, for tests and the operator.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The payer page of an operation; `None` when it never had one.
    ///
    /// # Errors
    /// When the book cannot be read.
    #[boxed]
    pub async fn page(&self, reference: &str) -> Result<Option<Page>, BookError> {
        let entry = self.book.find(reference).await?;
        Ok(entry.and_then(|entry| Page::of(&entry, self.clock.now(entry.lane))))
    }

    /// Does what a payer's form asks for. A page is answered once; a second form changes nothing and leads to the same
    /// place. Before this returns, the outcome has been sent as a callback too.
    ///
    /// # Errors
    /// When the book cannot be read or written; nothing has changed then.
    #[boxed]
    pub async fn act(&self, reference: &str, door: Door, form: &Form) -> Result<Acted, BookError> {
        loop {
            let Some(entry) = self.book.find(reference).await? else { return Ok(Acted::NotFound) };
            let now = self.clock.now(entry.lane);
            let turn = match pages::turn(&entry, door, form, now) {
                Ok(turn) => turn,
                Err(acted) => return Ok(acted),
            };
            let acted = match turn.after.standing {
                Standing::NeedsPayer => Acted::Next(turn.after.visit.kind.path(reference)),
                Standing::Approved | Standing::Declined(_) | Standing::Cancelled | Standing::Pending { .. } => {
                    Acted::Done
                }
            };
            let claim = self.claim(reference);
            // Another form may have been faster; then this one is judged by what that one left.
            if self.book.turn_page(entry, turn.after, turn.letters).await? {
                self.deliver_or_log(reference, now).await;
                drop(claim);
                return Ok(acted);
            }
        }
    }

    /// Sends callbacks as they fall due, until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                _ = ticks.tick() => {
                    if let Err(error) = self.tick().await {
                        tracing::warn!(%error, "callbacks of the simulator wait");
                    }
                }
            }
        }
    }

    /// Sends every callback that is due now.
    ///
    /// # Errors
    /// When the book cannot be read or written; what was not noted as taken is sent again.
    #[boxed]
    pub async fn tick(&self) -> Result<(), BookError> {
        for lane in self.book.lanes_waiting().await? {
            let now = self.clock.now(lane);
            for reference in self.book.references_due(lane, now).await? {
                if let Some(_claim) = self.claim(&reference) {
                    self.deliver(&reference, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn deliver_or_log(&self, reference: &str, now: Timestamp) {
        if let Err(error) = self.deliver(reference, now).await {
            tracing::warn!(%error, reference, "a callback of the simulator waits");
        }
    }

    /// Sends an operation's callbacks that are due.
    async fn deliver(&self, reference: &str, now: Timestamp) -> Result<(), BookError> {
        let Some(sink) = self.sink.get() else { return Ok(()) };
        for letter in self.book.letters_due(reference, now).await? {
            for _ in 0..letter.left {
                let taken = match self.body(reference, letter.topic, now).await? {
                    Some(body) => sink.take(callbacks::signed(&body, &self.settings.callback_key)).await,
                    // Everything was refunded before the bank could take it back: nothing to tell.
                    None => Taken::Yes,
                };
                match taken {
                    Taken::Yes => self.book.letter_taken(letter.id).await?,
                    Taken::NotNow => return self.book.letter_put_off(letter.id, now + RETRY_AFTER).await,
                }
            }
        }
        Ok(())
    }

    async fn body(&self, reference: &str, topic: Topic, now: Timestamp) -> Result<Option<Body>, BookError> {
        let reference = reference.to_owned();
        Ok(match topic {
            Topic::Outcome => {
                let entry = self.book.find(&reference).await?;
                entry.map(|entry| Body::Outcome { reference, outcome: entry.word(now) })
            }
            Topic::Chargeback => {
                let amount = self.book.charge_back(&reference, now).await?;
                let kind = self.book.find(&reference).await?.map(|entry| entry.kind);
                amount.map(|amount| match kind {
                    Some(OperationKind::Payout) => {
                        Body::Returned { returned: format!("rt-{reference}"), reference, amount }
                    }
                    Some(_) | None => Body::Chargeback { chargeback: format!("cb-{reference}"), reference, amount },
                })
            }
        })
    }

    fn claim(&self, reference: &str) -> Option<Claim<'_>> {
        let claimed = lock(&self.sending).insert(reference.to_owned());
        claimed.then(|| Claim { sending: &self.sending, reference: reference.to_owned() })
    }

    fn say(&self, entry: &Entry) -> Report {
        answer::read(&Answer::of(&entry.word(self.clock.now(entry.lane))))
    }
}

#[async_trait]
impl Provider for Simulator {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capabilities(&self, account: &ProviderAccount) -> Capabilities {
        plan::capabilities(account.method)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Dev]
    }

    fn account_settings(&self) -> &'static [AccountSetting] {
        &[AccountSetting {
            name: triggers::APPROVES_DECLINED,
            label: "Approves what others decline",
            hint: "true: cards that decline with a code after which another provider may be tried are approved here. Empty: they decline.",
            secrecy: Secrecy::Open,
        }]
    }

    fn timeout(&self) -> Duration {
        self.settings.silence
    }

    fn foresees_payer(&self, card: &Card, circumstances: &Circumstances) -> bool {
        plan::challenges(card, circumstances)
    }

    /// The same reference asked again is answered from the book, without the fault of the first time.
    async fn execute(&self, call: &Call) -> Report {
        let now = self.clock.now(call.lane);
        let Plan { entry, letters, manner } = Plan::of(call, now);
        // Before the commit, so that no tick is faster and this answer waits until the callback was taken.
        let _claim = (manner == Manner::Early).then(|| self.claim(&call.reference));
        match self.book.open_entry(entry, letters).await {
            Ok(Opened::Known(entry) | Opened::Refused(entry)) => self.say(&entry),
            Ok(Opened::Fresh(entry)) => match manner {
                Manner::Silent => std::future::pending().await,
                Manner::Garbled => answer::read(&Answer::garbled()),
                Manner::Early => {
                    self.deliver_or_log(&call.reference, now).await;
                    self.say(&entry)
                }
                Manner::AtOnce | Manner::Thrice | Manner::After(_) | Manner::ThenChargedBack => self.say(&entry),
            },
            Ok(Opened::Other) => {
                tracing::error!(reference = call.reference, "asked for something else under a used reference");
                Outcome::Unknown(Doubt::Lost).into()
            }
            Err(error) => {
                tracing::error!(%error, reference = call.reference, "not written");
                Outcome::Unknown(Doubt::Lost).into()
            }
        }
    }

    async fn look_up(&self, call: &Call) -> Report {
        match self.book.find(&call.reference).await {
            Ok(Some(entry)) => self.say(&entry),
            Ok(None) => answer::read(&Answer::of(&Word::NotFound)),
            Err(error) => {
                tracing::error!(%error, reference = call.reference, "not read");
                Outcome::Unknown(Doubt::Lost).into()
            }
        }
    }

    fn parse_callback(&self, raw: &RawCallback) -> Result<Vec<Notice>, CallbackError> {
        callbacks::parse(raw, &self.settings.callback_key)
    }
}

/// The right to send an operation's callbacks, until dropped.
struct Claim<'a> {
    sending: &'a Mutex<HashSet<String>>,
    reference: String,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(self.sending).remove(&self.reference);
    }
}

fn lock(sending: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    // A set of names is whole whatever panicked beside it.
    sending.lock().unwrap_or_else(PoisonError::into_inner)
}
