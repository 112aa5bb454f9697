//! The payer's side of a withdrawal (contract, sections 9 and 13): where the money shall go, confirming, giving up, and where it
//! stands afterwards. The first form that is obeyed confirms; every later one finds what it left.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::{Engine, PayoutChoice, SubmitError};
use florin_kernel::Timestamp;
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{Refusal, State as Stands, Withdrawal};

use super::super::payer::{Asked, Visited, Visitor};
use super::super::state::CashierState;
use crate::dialects::caller::is_in;
use crate::pages::back::{self, Standing};
use crate::pages::card::Submitted;
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::polled::Polled;
use crate::pages::receipt::Outcome;
use crate::pages::{notice, see_other};

mod payee;
mod receipt;
mod view;

use payee::Offer;
use view::Shown;

/// What the hidden field of its forms is made for.
const NONCE: &str = "withdrawal-form";

/// A request of a payer for a withdrawal.
pub(in super::super) struct Visit<'a> {
    state: &'a CashierState,
    withdrawal: Withdrawal,
    visitor: Visitor,
    now: Timestamp,
}

/// A visit while there is something to choose.
struct Session<'a> {
    engine: &'a Engine,
    withdrawal: &'a Withdrawal,
    look: Look,
    offers: Vec<Offer>,
    until: Timestamp,
    now: Timestamp,
}

impl<'a> Visit<'a> {
    pub(in super::super) fn of(state: &'a CashierState, withdrawal: Withdrawal, visitor: Visitor) -> Visit<'a> {
        let now = state.engine().now(Lane::of(withdrawal.merchant, withdrawal.mode));
        Visit { state, withdrawal, visitor, now }
    }

    pub(in super::super) async fn answer(self, asked: Asked) -> Response {
        let visited = match asked {
            Asked::Page => self.show().await,
            Asked::Pay(form) => self.confirm(&form).await,
            Asked::Cancel(form) => self.cancel(&form).await,
            Asked::Status => Ok(self.poll().into_response()),
        };
        visited.unwrap_or_else(|page| *page)
    }

    fn engine(&self) -> &'a Arc<Engine> {
        self.state.engine()
    }

    fn look(&self) -> Look {
        Look::of(self.engine(), &self.withdrawal, &self.visitor.headers)
    }

    /// Until when the payer may choose; `None` once that is done.
    fn open_until(&self) -> Option<Timestamp> {
        match &self.withdrawal.state {
            Stands::Created { until } => Some(*until),
            Stands::AwaitingApproval { .. }
            | Stands::Approved
            | Stands::Sent
            | Stands::Unknown
            | Stands::Paid
            | Stands::Returned { .. }
            | Stands::Ended(_) => None,
        }
    }

    async fn show(self) -> Visited<Response> {
        match self.open_until() {
            Some(until) => Ok(self.session(until).await?.draw(StatusCode::OK, Shown::default())),
            None => Ok(receipt::page(self.engine(), &self.withdrawal, &self.look(), self.now).await),
        }
    }

    /// What there is to choose, while there is something.
    async fn session(&self, until: Timestamp) -> Visited<Session<'_>> {
        let (engine, withdrawal, look) = (self.engine(), &self.withdrawal, self.look());
        let refusal = |status, outcome: fn(&_) -> Outcome| {
            Box::new(receipt::refusal(engine, withdrawal, &look, status, outcome(look.words)))
        };
        let directory = engine.directory();
        let merchant = directory.merchant(withdrawal.merchant);
        if merchant.is_some_and(|merchant| is_in(&merchant.blocked_payers, self.visitor.address)) {
            return Err(refusal(StatusCode::FORBIDDEN, Outcome::withdrawal_blocked));
        }
        if until <= self.now {
            return Err(self.expired());
        }
        let candidates = engine.payout_offers(withdrawal).await.map_err(|error| {
            tracing::warn!(%error, "a withdrawal's page waits");
            Box::new(notice::unavailable())
        })?;
        let candidates = candidates.unwrap_or_default();
        let accounts = candidates.iter().filter_map(|candidate| candidate.accounts.first());
        let offers: Vec<Offer> = accounts.filter_map(|account| Offer::of(account)).collect();
        if offers.is_empty() {
            return Err(refusal(StatusCode::OK, Outcome::no_payout_offered));
        }
        Ok(Session { engine, withdrawal, look, offers, until, now: self.now })
    }

    /// The page of a withdrawal whose time is over, which nobody has noted yet.
    fn expired(&self) -> Box<Response> {
        let look = self.look();
        let outcome = Outcome::of_withdrawal(florin_kernel::withdrawal::Word::Expired, look.words);
        Box::new(receipt::refusal(self.engine(), &self.withdrawal, &look, StatusCode::GONE, outcome))
    }

    async fn confirm(self, submitted: &Submitted) -> Visited<Response> {
        let Some(until) = self.open_until() else { return Ok(self.go_on(&self.withdrawal)) };
        let session = self.session(until).await?;
        if !self.is_own(submitted) {
            return Ok(session.draw_again(Shown::of(session.look.words.withdrawal.out_of_date)));
        }
        let (provider, payee) = match payee::read(&session.offers, submitted, session.look.words) {
            Ok(choice) => choice,
            Err(shown) => return Ok(session.draw_again(*shown)),
        };
        match self.engine().confirm_withdrawal(self.withdrawal.id, PayoutChoice { provider, payee }).await {
            Ok(withdrawal) => Ok(self.go_on(&withdrawal)),
            Err(error) => self.refused(error, &session, submitted),
        }
    }

    /// What the payer reads when the confirmation was not taken.
    fn refused(&self, error: SubmitError, session: &Session<'_>, submitted: &Submitted) -> Visited<Response> {
        let words = &session.look.words.withdrawal;
        let again = |problem| Ok(session.draw_again(Shown { problem: Some(problem), ..Shown::kept(submitted) }));
        match error {
            SubmitError::BalanceInsufficient => again(words.no_balance),
            SubmitError::NotFound | SubmitError::WithdrawalRefused(Refusal::BadAmount) => again(words.not_offered),
            // Somebody else was faster, or the last second passed: the page says where it stands.
            SubmitError::WithdrawalRefused(
                Refusal::NotConfirmed
                | Refusal::AlreadyConfirmed
                | Refusal::SessionOver
                | Refusal::UnderWay
                | Refusal::Decided(_)
                | Refusal::NotPaid
                | Refusal::ReturnExceedsPayout { .. }
                | Refusal::NotUnknown
                | Refusal::NoSuchOperation,
            )
            | SubmitError::Taken(_)
            | SubmitError::Refused(_) => Ok(self.to_own_page()),
            SubmitError::Store(_) | SubmitError::Draining => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    async fn cancel(self, submitted: &Submitted) -> Visited<Response> {
        let Some(until) = self.open_until() else { return Ok(self.go_on(&self.withdrawal)) };
        // What its time has ended is expired, not cancelled.
        if until <= self.now {
            return Err(self.expired());
        }
        if !self.is_own(submitted) {
            let session = self.session(until).await?;
            return Ok(session.draw_again(Shown::of(session.look.words.withdrawal.out_of_date)));
        }
        match self.engine().cancel_withdrawal(self.withdrawal.id).await {
            Ok(withdrawal) => Ok(self.go_on(&withdrawal)),
            Err(
                SubmitError::Refused(_)
                | SubmitError::WithdrawalRefused(_)
                | SubmitError::Taken(_)
                | SubmitError::BalanceInsufficient,
            ) => Ok(self.to_own_page()),
            Err(SubmitError::NotFound) => Ok(notice::not_found()),
            Err(error @ (SubmitError::Store(_) | SubmitError::Draining)) => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    /// Whether a form is from a page of this withdrawal.
    fn is_own(&self, submitted: &Submitted) -> bool {
        submitted.field("nonce") == nonce(self.engine(), &self.withdrawal)
    }

    fn to_own_page(&self) -> Response {
        see_other(&back::own_page(self.engine(), &self.withdrawal))
    }

    /// Where the payer goes as things stand: our page again, or the shop.
    fn go_on(&self, withdrawal: &Withdrawal) -> Response {
        see_other(&back::url(self.engine(), withdrawal, Seat::of(&self.visitor.headers)))
    }

    /// Once confirmed, nothing the payer waits for expires.
    fn poll(&self) -> Polled {
        let left = self.open_until().map(|until| until.duration_since(self.now).as_secs().max(0));
        let standing = Standing::of_withdrawal(&self.withdrawal);
        Polled::new(standing, left, || back::url(self.engine(), &self.withdrawal, Seat::Window))
    }
}

fn nonce(engine: &Engine, withdrawal: &Withdrawal) -> String {
    engine.page_token(NONCE, Reference { payment: withdrawal.id, sequence: 0 })
}
