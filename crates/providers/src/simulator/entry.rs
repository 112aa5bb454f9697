//! One operation in the simulator's book: what was asked, where it stands, and which page its payer sees. Pure.

use florin_kernel::payment::{Authentication, Circumstances, Decline, OperationKind, StepKind};
use florin_kernel::ports::{Call, Lane};
use florin_kernel::routing::ProviderId;
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::answer::Word;
use super::issuer::{self, Challenge};
use super::triggers::{Ending, Habit, Manner, Terms, Verdict};

/// When `9107.00` is charged back.
const CHARGED_BACK_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// One operation. A card number or security code never gets in here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The asker's reference.
    pub(super) reference: String,
    /// The account it was asked of.
    pub(super) account: ProviderId,
    /// Whose clock it runs by.
    pub(super) lane: Lane,
    /// What was asked.
    pub(super) kind: OperationKind,
    /// How much is moved.
    pub(super) amount: Money,
    /// The operation it acts on.
    pub(super) on: Option<String>,
    /// Where it stood when it was last written.
    pub(super) standing: Standing,
    /// The payer's page, also after it was answered.
    pub(super) visit: Option<Visit>,
    /// What is known of the card, where one is used.
    pub(super) card: Option<CardFacts>,
    /// How much of it was charged back (of a payout: came back), in minor units.
    pub(super) charged_back_minor: i64,
    /// When it was asked.
    pub(super) at: Timestamp,
}

/// Where an operation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Done.
    Approved,
    /// Refused.
    Declined(Decline),
    /// Given up by the payer.
    Cancelled,
    /// The page of [`Entry::visit`] is open.
    NeedsPayer,
    /// Decided, but told only later.
    Pending {
        /// Until then.
        until: Timestamp,
        /// What is told then.
        then: Verdict,
    },
}

/// A payer page and what follows from its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    /// Which page.
    pub(super) kind: PageKind,
    /// The page takes no answer from then on.
    pub(super) until: Timestamp,
    /// The card's own verdict, on a challenge; else approval.
    pub(super) own: Verdict,
    /// The amount before any conversion, which decides after the payer's yes.
    pub(super) asked: Money,
    /// The account's habit.
    pub(super) habit: Habit,
    /// The account's display name.
    pub(super) account_name: String,
    /// What a challenge leads to, on a challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) challenge: Option<Challenge>,
    /// How the attempt is made, for the card that a page asks for.
    #[serde(default, skip_serializing_if = "Circumstances::is_ordinary")]
    pub(super) circumstances: Circumstances,
}

/// What is known of a card that an attempt is made with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CardFacts {
    /// How its holder was authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authentication: Option<Box<Authentication>>,
}

/// Kinds of simulated payer page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// A 3-D Secure challenge, at `/sim/3ds/{reference}`.
    Challenge,
    /// A bank's page, at `/sim/pay/{reference}` like all that follow.
    Bank,
    /// A wallet's page.
    Wallet,
    /// A page that asks for a card.
    Card,
    /// A page that asks for a voucher code.
    Voucher,
}

/// A callback to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// What it tells.
    pub(super) topic: Topic,
    /// When it is sent, by the operation's clock.
    pub(super) due: Timestamp,
    /// How many times.
    pub(super) times: u32,
}

/// What a callback tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Where the operation stands.
    Outcome,
    /// That it is charged back, or a payout sent back.
    Chargeback,
}

/// How an answer is first heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// In the answer to the call.
    InTheAnswer,
    /// By callback, since the payer decided on a page.
    AfterThePage,
}

impl PageKind {
    /// How long the payer has (product document, "Payer's time").
    pub(super) const fn life(self) -> SignedDuration {
        match self {
            PageKind::Challenge => SignedDuration::from_mins(15),
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => SignedDuration::from_mins(30),
        }
    }

    /// The kind of step it is to the asker.
    pub(super) const fn step(self) -> StepKind {
        match self {
            PageKind::Challenge => StepKind::Challenge,
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => StepKind::Redirect,
        }
    }

    /// The page's path on this server.
    pub(super) fn path(self, reference: &str) -> String {
        match self.step() {
            StepKind::Challenge => format!("/sim/3ds/{reference}"),
            StepKind::Redirect => format!("/sim/pay/{reference}"),
        }
    }
}

impl Standing {
    /// Where an ending leaves the operation.
    pub(super) fn after(ending: &Ending, now: Timestamp) -> Standing {
        match ending.manner {
            Manner::After(delay) => Standing::Pending { until: now + delay, then: ending.verdict.clone() },
            Manner::AtOnce
            | Manner::Silent
            | Manner::Garbled
            | Manner::Thrice
            | Manner::Early
            | Manner::ThenChargedBack => Standing::told(&ending.verdict),
        }
    }

    /// Where a verdict leaves the operation.
    fn told(verdict: &Verdict) -> Standing {
        match verdict {
            Verdict::Approved => Standing::Approved,
            Verdict::Declined(code) => Standing::Declined(Decline::Response(code.clone())),
        }
    }

    /// Where it stands now: what was pending is told once its time has come.
    pub(super) fn at(&self, now: Timestamp) -> Standing {
        match self {
            Standing::Pending { until, then } if now >= *until => Standing::told(then),
            Standing::Pending { .. }
            | Standing::Approved
            | Standing::Declined(_)
            | Standing::Cancelled
            | Standing::NeedsPayer => self.clone(),
        }
    }
}

impl Letter {
    /// The callbacks that follow from an ending.
    pub(super) fn after(ending: &Ending, heard: Heard, now: Timestamp) -> Vec<Letter> {
        let outcome = |due, times| Letter { topic: Topic::Outcome, due, times };
        let first = match heard {
            Heard::InTheAnswer => None,
            Heard::AfterThePage => Some(outcome(now, 1)),
        };
        let (first, later) = match ending.manner {
            Manner::AtOnce => (first, None),
            Manner::Silent | Manner::Garbled => (None, None),
            Manner::Thrice => (Some(outcome(now, 3)), None),
            Manner::Early => (Some(outcome(now, 1)), None),
            Manner::After(delay) => (first, Some(outcome(now + delay, 1))),
            Manner::ThenChargedBack => {
                (first, Some(Letter { topic: Topic::Chargeback, due: now + CHARGED_BACK_AFTER, times: 1 }))
            }
        };
        first.into_iter().chain(later).collect()
    }
}

impl Entry {
    /// A call's entry.
    pub(super) fn new(call: &Call, standing: Standing, visit: Option<Visit>, now: Timestamp) -> Entry {
        Entry {
            reference: call.reference.clone(),
            account: call.account.id,
            lane: call.lane,
            kind: call.kind,
            amount: call.amount,
            on: call.on.clone(),
            standing,
            visit,
            card: None,
            charged_back_minor: 0,
            at: now,
        }
    }

    /// Whether it is what another call under the same reference asks for.
    pub(super) fn same_request(&self, other: &Entry) -> bool {
        let content = |entry: &Entry| (entry.account, entry.lane, entry.kind, entry.amount);
        content(self) == content(other) && self.on == other.on
    }

    /// What the acquirer says about it now.
    pub(super) fn word(&self, now: Timestamp) -> Word {
        let authentication = || self.card.as_ref().and_then(|card| card.authentication.clone());
        match (self.standing.at(now), &self.visit) {
            (Standing::Approved, _) => Word::Approved {
                id: format!("sim-{}", self.reference),
                auth_code: self.card.as_ref().map(|_| issuer::auth_code(&self.reference)).unwrap_or_default(),
                network_id: self.card.as_ref().map(|_| issuer::network_id(&self.reference)).unwrap_or_default(),
                authentication: authentication(),
            },
            (Standing::Declined(decline), _) => {
                let code = super::answer::code(&decline).to_owned();
                Word::Declined { code, authentication: authentication() }
            }
            (Standing::Cancelled, _) => Word::Cancelled,
            (Standing::NeedsPayer, Some(visit)) => {
                let method = visit.challenge.as_ref().and_then(|challenge| challenge.method(&self.reference));
                Word::Payer { step: visit.kind.step(), url: visit.kind.path(&self.reference), method }
            }
            (Standing::Pending { .. } | Standing::NeedsPayer, _) => Word::Pending,
        }
    }
}

impl Visit {
    /// How the bank ends the operation after the payer's yes.
    pub(super) fn ending(&self, kind: OperationKind, own: Verdict) -> Ending {
        Terms { kind, asked: self.asked, habit: self.habit }.ending(own)
    }
}
