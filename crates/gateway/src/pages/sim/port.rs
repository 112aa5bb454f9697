//! What the gateway asks of whoever simulates the payer pages.

use async_trait::async_trait;
use florin_kernel::card::Card;
use florin_kernel::{Money, Timestamp};

/// Who simulates the payer pages.
#[async_trait]
pub trait SimulatedPages: Send + Sync {
    /// The page of an operation; `None` when it never had one.
    async fn page(&self, reference: &str) -> Result<Option<SimulatedPage>, Unavailable>;

    /// Does what a form asks for. Before this returns, the outcome is known to whoever asks.
    async fn act(&self, reference: &str, door: Door, form: Form) -> Result<Acted, Unavailable>;
}

/// The simulation cannot be read or written now; nothing has changed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// A simulated page.
#[derive(Clone, Debug)]
pub struct SimulatedPage {
    /// Which page.
    pub kind: PageKind,
    /// Its path.
    pub path: String,
    /// What the provider moves.
    pub amount: Money,
    /// Whether it takes an answer.
    pub state: PageState,
    /// The provider's display name.
    pub provider: String,
    /// When it closes, by the payment's clock.
    pub until: Timestamp,
}

/// Kinds of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PageKind {
    Challenge,
    Bank,
    Wallet,
    Card,
    Voucher,
}

impl PageKind {
    /// Which path its form comes in at.
    pub fn door(self) -> Door {
        match self {
            PageKind::Challenge => Door::Challenge,
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => Door::Pay,
        }
    }
}

/// Whether a page takes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PageState {
    Open,
    Answered,
    Expired,
}

/// Which path a form came in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Door {
    Challenge,
    Pay,
}

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Approve,
    Decline,
    Cancel,
    Pending,
}

/// A form.
#[derive(Debug, Default)]
pub struct Form {
    /// The button; without one, filled fields count as approval.
    pub action: Option<Action>,
    /// The card page's card.
    pub card: Option<Card>,
    /// The voucher page's code.
    pub voucher_code: Option<String>,
}

/// What a form did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// The page is answered, now or before.
    Done,
    /// The payer goes on to another page, at this path.
    Next(String),
    /// Nothing changed; a field and what is wrong with it.
    Redraw(Vec<(&'static str, String)>),
    /// Nothing changed; the page's time is over.
    Expired,
    /// There is no such page.
    NotFound,
}
