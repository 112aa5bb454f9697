//! What happens: submit and answer, routing, workers, webhooks.
//!
//! A command is decided by the kernel, committed by the store, and only then is a provider called; what it answers is
//! again a command. Everything slow or uncertain is a row that a worker picks up, so a crash at any point only delays.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_recursion::async_recursion as boxed;
use florin_kernel::card::Card;
use florin_kernel::payment::{Circumstances, Dialect, OperationKind};
use florin_kernel::ports::{Clock, Lane, Provider};
use florin_kernel::public_id::{Codec, Reference};
use florin_kernel::routing::{Candidate, Choice, Facts, Method, NoRoute, ProviderAccount, RuleOperation, choose};
use florin_kernel::{MerchantId, PaymentId, Timestamp};
use florin_store::Store;
use jiff::SignedDuration;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod advance;
pub mod announce;
pub mod audit;
mod callbacks;
mod calls;
mod claims;
pub mod clock;
mod coins;
pub mod credentials;
pub mod customers;
pub mod directory;
mod find;
mod inflight;
pub mod invoices;
mod kept;
pub mod keys;
pub mod mail;
pub mod masked;
pub mod merchants;
mod numbers;
pub mod office;
mod operate;
mod orders;
pub mod outgoing;
mod owner;
mod payouts;
pub mod people;
pub mod plans;
mod records;
mod replay;
mod resting;
pub mod routing;
#[cfg(feature = "sabotage")]
mod sabotage;
mod session;
pub mod setup;
mod start;
mod submit;
mod tokens;
pub mod vault;
pub mod webhooks;
mod withdrawals;
mod workers;

pub use callbacks::CallbackRefusal;
pub use claims::{ClaimKind, ClaimRequest, Reuse};
pub use coins::follow::order_claim;
pub use coins::{
    CoinError, CoinObeyed, CoinPorts, CoinRequest, FollowError, Followed, NewCoinPayment, SessionInCoins, is_untried,
};
pub use find::Found;
pub use florin_store::{Answer, Backlog, ConfigRow, Form, NewestQuery, PaymentQuery, StoreError, Stored, Verb};
pub use kept::Repeatable;
pub use operate::{Obeyed, OperationRequest, WithdrawalRequest};
pub use orders::OrderRefusal;
pub use owner::Owner;
pub use payouts::{Approval, NewPayout};
pub use replay::{Earlier, Render, RenderOperation, Reply};
pub use session::{FirstRead, NewSession, NextAttempt, SessionChange};
pub use start::{NewPayment, StartError};
pub use submit::SubmitError;
pub use withdrawals::{NewWithdrawal, PayoutChoice};

use announce::Announcer;
use clock::{Clocks, Ids};
use directory::Directory;
use inflight::Inflight;
use invoices::Correspondent;
use keys::{Keyring, MasterKey};
use mail::Mailers;
use outgoing::{Courier, Guard};
use vault::Vault;

/// A future in a box, as `#[boxed]` makes it of an async function: returned by hand where the receiver is `&Arc<Self>`, which that
/// attribute cannot read.
pub type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// What an operation needs of a provider account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It takes card numbers that the payer gave to us.
    TakesCards,
    /// It takes voucher codes that the payer gave to us.
    TakesVouchers,
    /// It has a page of its own to send the payer to.
    Page,
    /// It pays out.
    Payout,
    /// It asks about card numbers without moving money.
    Verification,
}

impl Needs {
    /// What may be asked of an account for a payer who chooses on our page, what is best for the payer first.
    pub const fn of(operation: RuleOperation, method: Method) -> &'static [Needs] {
        match (operation, method) {
            (RuleOperation::Withdrawal, _) => &[Needs::Payout],
            (RuleOperation::Deposit, Method::Card) => &[Needs::TakesCards, Needs::Page],
            (RuleOperation::Deposit, Method::Voucher) => &[Needs::TakesVouchers, Needs::Page],
            (RuleOperation::Deposit, Method::BankTransfer | Method::EWallet | Method::Crypto) => &[Needs::Page],
        }
    }
}

/// What an engine is made of.
pub struct Parts {
    /// Where everything is remembered.
    pub store: Arc<dyn Store>,
    /// The installation's key.
    pub master_key: MasterKey,
    /// The card vault's key.
    pub vault: Vault,
    /// The clocks, shared with simulated providers.
    pub clocks: Arc<Clocks>,
    /// Drivers by name.
    pub providers: Vec<Arc<dyn Provider>>,
    /// Dialects that announce payments.
    pub announcers: Vec<(Dialect, Arc<dyn Announcer>)>,
    /// Who is asked about coins.
    pub coins: CoinPorts,
    /// Dialects that write to customers about invoices.
    pub correspondents: Vec<(Dialect, Arc<dyn Correspondent>)>,
    /// Who carries e-mails.
    pub mailers: Mailers,
    /// Brings events to merchants' URLs.
    pub courier: Arc<dyn Courier>,
    /// Which addresses merchants may name.
    pub guard: Guard,
    /// This process's part in new ids, see [`clock::random_node`].
    pub node: u16,
    /// What absolute links begin with, no slash at the end.
    pub public_url: String,
}

/// The engine. One per process.
pub struct Engine {
    store: Arc<dyn Store>,
    keyring: Keyring,
    vault: Vault,
    codec: Codec,
    clocks: Arc<Clocks>,
    ids: Ids,
    providers: HashMap<&'static str, Arc<dyn Provider>>,
    announcers: HashMap<Dialect, Arc<dyn Announcer>>,
    chains: coins::Chains,
    correspondents: HashMap<Dialect, Arc<dyn Correspondent>>,
    mailers: Mailers,
    courier: Arc<dyn Courier>,
    guard: Guard,
    public_url: String,
    directory: ArcSwap<Directory>,
    inflight: Arc<Inflight>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    payments_due: Notify,
    events_due: Notify,
    records_due: Notify,
    carrying: Arc<Semaphore>,
    door: people::Door,
    audit: office::Audit,
    resting_payments: resting::Resting,
    resting_records: resting::Resting,
    /// A number drawn at the start, by which this process is told from others.
    node: i64,
    started_at: Timestamp,
}

/// No test clock goes beyond the year 2100: what times are added to later still fits, ids included, which end in 2109.
const CLOCK_LAST_MS: i64 = 4_102_444_800_000;

impl Engine {
    /// Makes an engine: reads the configuration and the test clocks.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    #[boxed]
    pub async fn new(parts: Parts) -> Result<Arc<Engine>, StoreError> {
        let keyring = Keyring::new(&parts.master_key);
        let directory = Directory::load(parts.store.as_ref(), &keyring).await?;
        for (lane, offset_ms) in parts.store.clocks().await? {
            parts.clocks.set(lane, offset_ms);
        }
        let ids = Ids::new(parts.clocks.clone(), parts.node);
        Ok(Arc::new(Engine {
            node: ids.payment().number(),
            started_at: parts.clocks.wall(),
            codec: parts.master_key.codec(),
            keyring,
            vault: parts.vault,
            store: parts.store,
            ids,
            clocks: parts.clocks,
            providers: parts.providers.into_iter().map(|provider| (provider.name(), provider)).collect(),
            announcers: parts.announcers.into_iter().collect(),
            chains: coins::Chains::new(parts.coins),
            correspondents: parts.correspondents.into_iter().collect(),
            mailers: parts.mailers,
            courier: parts.courier,
            guard: parts.guard,
            public_url: parts.public_url,
            directory: ArcSwap::from_pointee(directory),
            inflight: Arc::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            payments_due: Notify::new(),
            events_due: Notify::new(),
            records_due: Notify::new(),
            carrying: Arc::new(Semaphore::new(mail::CARRIED_MAX)),
            door: people::Door::default(),
            audit: office::Audit::default(),
            resting_payments: resting::Resting::default(),
            resting_records: resting::Resting::default(),
        }))
    }

    /// Where everything is remembered, for reading.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// How much waits, for the operator's figures.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.store.backlog(self.clocks.wall()).await
    }

    /// The mapping of printed ids.
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Keyed digests and sealing.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Which addresses merchants may name, for checks ahead of time.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// What absolute links begin with, no slash at the end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// A snapshot of the configuration.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Reads the configuration again, after it was written.
    ///
    /// # Errors
    /// [`StoreError`]; the old snapshot stays then.
    #[boxed]
    pub async fn reload_directory(&self) -> Result<(), StoreError> {
        let directory = Directory::load(self.store.as_ref(), &self.keyring).await?;
        self.directory.store(Arc::new(directory));
        Ok(())
    }

    /// Now, by the wall clock, for what concerns people and not payments.
    pub fn wall(&self) -> Timestamp {
        self.clocks.wall()
    }

    /// Now, by a lane's clock.
    pub fn now(&self, lane: Lane) -> Timestamp {
        self.clocks.now(lane)
    }

    /// Advances a merchant's test clock, to the year 2100 at the furthest; every timer follows. Returns the new time.
    ///
    /// # Errors
    /// [`StoreError`]; the clock stays then.
    #[boxed]
    pub async fn advance_clock(&self, merchant: MerchantId, by: SignedDuration) -> Result<Timestamp, StoreError> {
        let left_ms = CLOCK_LAST_MS.saturating_sub(self.now(Lane::Dev(merchant)).as_millisecond()).max(0);
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX).min(left_ms);
        let offset_ms = self.store.advance_clock(merchant, by_ms).await?;
        let lane = Lane::Dev(merchant);
        self.clocks.set(lane, offset_ms);
        self.payments_due.notify_one();
        self.events_due.notify_one();
        self.records_due.notify_waiters();
        Ok(self.now(lane))
    }

    /// An id for a new payment.
    pub fn new_payment_id(&self) -> PaymentId {
        self.ids.payment()
    }

    /// Whether a text is the admin token, compared in constant time.
    pub fn is_admin_token(&self, token: &str) -> bool {
        let expected = self.directory.load();
        let expected = expected.installation().admin_token_hash.as_bytes();
        let given = directory::hash_to_hex(&setup::admin_hash(&self.keyring, token));
        !expected.is_empty() && bool::from(subtle::ConstantTimeEq::ct_eq(given.as_bytes(), expected))
    }

    /// The token of a page for a purpose: 50 letters and digits.
    pub fn page_token(&self, purpose: &str, reference: Reference) -> String {
        tokens::page_token(&self.codec, &self.keyring, purpose, reference)
    }

    /// Reads a page token made for the same purpose.
    pub fn read_page_token(&self, purpose: &str, token: &str) -> Option<Reference> {
        tokens::read_page_token(&self.codec, &self.keyring, purpose, token)
    }

    /// Chooses who takes a request, among the accounts whose driver can do what it needs.
    ///
    /// # Errors
    /// [`NoRoute`] says why nobody can.
    pub fn route(&self, facts: &Facts<'_>, choice: Choice, needs: Needs) -> Result<Candidate, NoRoute> {
        let directory = self.directory.load();
        choose(directory.catalogue(), facts, choice, &|account| self.can(account, needs))
    }

    /// Whether an account's driver can do what an operation needs.
    pub fn can(&self, account: &ProviderAccount, needs: Needs) -> bool {
        let Some(provider) = self.providers.get(account.driver.as_str()) else { return false };
        let capabilities = provider.capabilities(account);
        match needs {
            Needs::TakesCards => capabilities.takes_cards,
            Needs::TakesVouchers => capabilities.takes_vouchers,
            Needs::Page => capabilities.has_page,
            Needs::Payout => capabilities.operations.contains(&OperationKind::Payout),
            Needs::Verification => capabilities.takes_cards && capabilities.operations.contains(&OperationKind::Verify),
        }
    }

    /// Whether an attempt by a card is sure to need its payer first, as far as the account's driver knows that without asking.
    pub fn foresees_payer(&self, account: &ProviderAccount, card: &Card, circumstances: &Circumstances) -> bool {
        let provider = self.providers.get(account.driver.as_str());
        provider.is_some_and(|provider| provider.foresees_payer(card, circumstances))
    }

    /// Whether the process is stopping: no new money-moving request is taken.
    pub fn is_draining(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Stops the workers and waits until everything under way has been answered and committed.
    #[boxed]
    pub async fn shutdown(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
