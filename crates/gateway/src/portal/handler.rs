//! How functions of the portal become handlers of routes: each is given what [`super::guard`] has found, and some a program's body.

use std::future::ready;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::Portal;
use super::visit::{Admitted, AtMerchant, Guest, Visit};
use crate::erased::{Answer, Erased};

/// What the guard finds, as far as a handler needs it.
pub(super) trait Given: Sized + Send + 'static {
    /// Of what was found; `None` when it is less.
    fn of(admitted: Admitted) -> Option<Self>;
}

impl Given for Guest {
    fn of(admitted: Admitted) -> Option<Guest> {
        Some(match admitted {
            Admitted::Guest(guest) => guest,
            Admitted::Visit(visit) => visit.guest,
            Admitted::AtMerchant(at) => at.visit.guest,
        })
    }
}

impl Given for Visit {
    fn of(admitted: Admitted) -> Option<Visit> {
        match admitted {
            Admitted::Guest(_) => None,
            Admitted::Visit(visit) => Some(visit),
            Admitted::AtMerchant(at) => Some(at.visit),
        }
    }
}

impl Given for AtMerchant {
    fn of(admitted: Admitted) -> Option<AtMerchant> {
        match admitted {
            Admitted::Guest(_) | Admitted::Visit(_) => None,
            Admitted::AtMerchant(at) => Some(at),
        }
    }
}

/// A function that answers what it is given.
pub(super) trait Handler<Arguments>: Send + Sync + 'static {
    fn answer(&self, request: Request) -> Answer;
}

impl<H, T, F> Handler<(T,)> for H
where
    H: Fn(T) -> F + Send + Sync + 'static,
    T: Given,
    F: Future<Output = Response> + Send + 'static,
{
    fn answer(&self, mut request: Request) -> Answer {
        match given(&mut request) {
            Ok(given) => Box::pin(self(given)),
            Err(mismatch) => mismatch,
        }
    }
}

impl<H, T, B, F> Handler<(T, B)> for H
where
    H: Fn(T, B) -> F + Copy + Send + Sync + 'static,
    T: Given,
    B: FromRequest<()> + Send,
    F: Future<Output = Response> + Send + 'static,
{
    fn answer(&self, mut request: Request) -> Answer {
        let handler = *self;
        match given(&mut request) {
            Ok(given) => Box::pin(async move {
                let body = match B::from_request(request, &()).await {
                    Ok(body) => body,
                    Err(rejection) => return rejection.into_response(),
                };
                handler(given, body).await
            }),
            Err(mismatch) => mismatch,
        }
    }
}

fn given<T: Given>(request: &mut Request) -> Result<T, Answer> {
    request.extensions_mut().remove().and_then(T::of).ok_or_else(mismatch)
}

fn mismatch() -> Answer {
    let answer = (StatusCode::INTERNAL_SERVER_ERROR, "The route does not give what its handler needs\n");
    Box::pin(ready(answer.into_response()))
}

/// Answered when it is looked at.
pub(super) fn get<H: Handler<A>, A>(handler: H) -> MethodRouter<Arc<Portal>> {
    erased(handler).get()
}

/// Answered when it is ordered.
pub(super) fn post<H: Handler<A>, A>(handler: H) -> MethodRouter<Arc<Portal>> {
    erased(handler).post()
}

fn erased<H: Handler<A>, A>(handler: H) -> Erased<Arc<Portal>> {
    Erased::from_fn(move |request, _| handler.answer(request))
}
