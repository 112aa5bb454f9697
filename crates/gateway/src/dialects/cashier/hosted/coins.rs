//! Coins among the ways to pay. Whoever chooses one cannot choose again: the transaction is one made with coins from then on, with a page
//! of its own. So nothing can be charged beside it, however often the form is sent.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_kernel::Coin;
use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::Payment;
use florin_kernel::ports::Lane;
use florin_kernel::routing::Method;

use super::super::payer::{Asked, Visited};
use super::view::Shown;
use super::{Session, Visit, form};
use crate::pages::back::{self, Standing};
use crate::pages::card::Submitted;
use crate::pages::choose::{Choice, Entry};
use crate::pages::coins::{self, NotNow};
use crate::pages::polled::Polled;
use crate::pages::see_other;
use crate::pages::words::{Words, fill};

/// The coins that a session is offered. A request that names methods must name this one, and one that names providers means no coins.
pub fn offered(engine: &Engine, payment: &Payment) -> Vec<Coin> {
    let wanted = payment.details.hosted.as_deref().is_some_and(|hosted| {
        hosted.providers.is_empty() && (hosted.methods.is_empty() || hosted.methods.contains(&Method::Crypto))
    });
    if wanted { coins::offered(engine, payment) } else { Vec::new() }
}

/// The coin that a form names, if it is offered.
pub(super) fn named(session: &Session<'_>, submitted: &Submitted) -> Option<Coin> {
    coins::read(submitted.field("provider_id")).filter(|coin| session.coins.contains(coin))
}

/// A coin as the page lists it.
pub(super) fn choice(coin: Coin, words: &'static Words, chosen: &str) -> Choice {
    let word = coins::word(coin);
    Choice {
        chosen: chosen == word,
        id: word,
        name: coins::name(coin),
        provider: coin.code().to_owned(),
        icon: "coin",
        entry: Entry::Nothing,
        continues: fill(words.pay_in_coins, &[("coin", coins::name(coin))]),
    }
}

impl Visit<'_> {
    /// The payer chose a coin.
    pub(super) async fn pay_in_coins(
        &self,
        session: &Session<'_>,
        coin: Coin,
        submitted: &Submitted,
    ) -> Visited<Response> {
        let amount = match form::chosen_amount(session, submitted) {
            Ok(amount) => amount.unwrap_or(self.payment.asked),
            Err(shown) => return Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, *shown)),
        };
        let problem = match coins::begin(self.engine(), &self.payment, coin, amount).await {
            Ok(Some(payment)) => return Ok(see_other(&coins::page(self.engine(), &payment))),
            // Something else was tried meanwhile: the page says where it stands.
            Ok(None) => return Ok(see_other(&back::own_page(self.engine(), &self.payment))),
            Err(NotNow::Amount) => session.look.words.not_for_amount,
            Err(NotNow::Unavailable) => session.look.words.coins_not_now,
        };
        let chosen = Some(coins::word(coin));
        Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, Shown { chosen, problem: Some(problem), ..Shown::default() }))
    }
}

/// A visit to a transaction that is paid with coins: its page is elsewhere.
pub(in super::super) fn answer(engine: &Engine, payment: &CoinPayment, asked: &Asked) -> Response {
    let page = || coins::page(engine, payment);
    match asked {
        Asked::Page | Asked::Pay(_) | Asked::Cancel(_) => see_other(&page()),
        Asked::Status => {
            let now = engine.now(Lane::of(payment.merchant, payment.mode));
            let left = payment.state.awaits_coins().then(|| payment.deadline.duration_since(now).as_secs().max(0));
            Polled::new(Standing::of(&payment.as_payment()), left, page).into_response()
        }
    }
}
