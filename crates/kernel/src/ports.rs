//! What the engine needs from outside, as small traits. A provider costs its folder and one line in the registry.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::card::Card;
use crate::payment::{Circumstances, Mode, OperationKind, Report};
use crate::routing::{Capabilities, ProviderAccount};
use crate::secret::Secret;
use crate::{MerchantId, Money};

pub mod chain;

/// The time, by a merchant's clock: test mode's can be advanced, live mode's is the wall clock.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self, lane: Lane) -> Timestamp;
}

/// Whose clock: live mode has the wall clock, each merchant's test mode its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The wall clock.
    Live,
    /// A merchant's test clock.
    Dev(MerchantId),
}

impl Lane {
    /// The lane of a merchant in a mode.
    pub const fn of(merchant: MerchantId, mode: Mode) -> Lane {
        match mode {
            Mode::Live => Lane::Live,
            Mode::Dev => Lane::Dev(merchant),
        }
    }

    /// Its number in rows: 0 for the wall clock, else the merchant's.
    pub const fn number(self) -> i64 {
        match self {
            Lane::Live => 0,
            Lane::Dev(merchant) => merchant.number(),
        }
    }
}

/// One operation as a provider sees it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Our reference and the idempotency key: the same for every call about this operation.
    pub reference: String,
    /// The reference of the operation this one acts on (the sale of a refund).
    pub on: Option<String>,
    /// What is asked.
    pub kind: OperationKind,
    /// How much, in the currency the provider moves.
    pub amount: Money,
    /// How much the merchant asked for, before any conversion: what the simulator's triggers look at.
    pub asked: Money,
    /// The provider account.
    pub account: Arc<ProviderAccount>,
    /// Whose clock the operation runs by.
    pub lane: Lane,
    /// The card, where the payer entered it with us.
    pub card: Option<Card>,
    /// The voucher's code, where the payer entered it with us.
    pub voucher: Option<Secret>,
    /// Where a payout goes; not known when it is only looked up.
    pub payee: Option<Payee>,
    /// Whether the payer takes part and how she is authenticated: of an attempt.
    pub circumstances: Circumstances,
    /// How long a simulated bank takes over a payout that nothing delays otherwise; nothing under LIVE.
    pub payout_takes: SignedDuration,
    /// The payer's time for a step, in minutes, where the product's times do not hold.
    pub step_minutes: Option<u16>,
}

/// Who gets a payout, in memory only while the provider is asked.
#[derive(Clone, Debug)]
pub struct Payee {
    /// The account holder's or card holder's name; empty for wallets.
    pub holder: String,
    /// Card number, IBAN or the wallet's id: the account's method says which.
    pub number: Secret,
}

/// What a provider tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Our reference of the operation it is about.
    pub reference: String,
    /// What it says.
    pub news: News,
}

/// The content of a [`Notice`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How the operation stands.
    Report(Report),
    /// The payer's bank took money back.
    ChargedBack {
        /// How much, in the currency the provider moves.
        amount: Money,
        /// The provider's reference of the chargeback.
        reference: String,
    },
    /// The receiving bank sent a payout back.
    Returned {
        /// How much, in the currency the provider moves.
        amount: Money,
        /// The provider's reference of the return.
        reference: String,
    },
}

/// A callback as it came in.
#[derive(Clone, Debug)]
pub struct RawCallback {
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// Why a callback is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The signature is missing or wrong.
    #[error("the callback's signature is missing or wrong")]
    Signature,
    /// The content cannot be read.
    #[error("the callback cannot be read")]
    Malformed,
}

/// Something that a driver may be told about an account, under [`ProviderAccount::settings`] or [`ProviderAccount::secrets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSetting {
    /// Its name there.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// What it does, and what holds without it.
    pub hint: &'static str,
    /// Who may read it.
    pub secrecy: Secrecy,
}

/// Who may read a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Whoever may see the account.
    Open,
    /// The driver alone: it is sealed in its row and never shown.
    Sealed,
}

/// An acquirer, bank, wallet or voucher company, or the simulator of them.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The driver's name, as provider accounts and `/callbacks/{provider}` write it.
    fn name(&self) -> &'static str;

    /// What it can do for an account.
    fn capabilities(&self, account: &ProviderAccount) -> Capabilities;

    /// In which modes an account of it may be made: what only plays a provider takes no live money.
    fn modes(&self) -> &'static [Mode] {
        &[Mode::Dev, Mode::Live]
    }

    /// What it may be told about an account; whatever else is in an account's settings it does not read.
    fn account_settings(&self) -> &'static [AccountSetting] {
        &[]
    }

    /// How long a call may take before its outcome counts as unknown.
    fn timeout(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// Whether an attempt by this card is sure to need its payer first, as far as that can be told without asking: a merchant that
    /// gave no way back for the payer is then refused before anything is written (v3 contract, section 11).
    fn foresees_payer(&self, card: &Card, circumstances: &Circumstances) -> bool {
        let (_, _) = (card, circumstances);
        false
    }

    /// Asks for an operation. It cannot fail: a network error *is* [`Unknown`](crate::payment::Outcome::Unknown), `NotSent`
    /// only where surely no connection was made, and only an explicit no is `Declined`. Where no payer takes part it never
    /// asks for one.
    async fn execute(&self, call: &Call) -> Report;

    /// Asks what became of an operation. [`NotFound`](crate::payment::Outcome::NotFound) only when the provider says that it
    /// does not know it.
    async fn look_up(&self, call: &Call) -> Report;

    /// Checks and reads a callback.
    ///
    /// # Errors
    /// [`CallbackError`] when it is not authentic or not readable; nothing may change then.
    fn parse_callback(&self, raw: &RawCallback) -> Result<Vec<Notice>, CallbackError>;
}
