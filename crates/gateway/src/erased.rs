//! Handlers without their types. axum compiles a whole stack of services for each type of handler that a router is given, which for our
//! two hundred was a twentieth of this crate; here a handler is a pointer before axum sees it, so that there is one such stack for each type of
//! state. What a handler is and what it may take stays axum's affair, and so does all else of `get`, `post` and `any`.

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{self, MethodRouter};
use florin_engine::Boxed;

#[cfg(test)]
mod tests;

/// An answer on its way.
pub type Answer = Boxed<'static, Response>;

/// A handler behind a pointer.
pub struct Erased<S: 'static>(&'static (dyn Fn(Request, S) -> Answer + Send + Sync));

impl<S: 'static> Clone for Erased<S> {
    fn clone(&self) -> Erased<S> {
        *self
    }
}

impl<S: 'static> Copy for Erased<S> {}

impl<S: Clone + Send + Sync + 'static> Erased<S> {
    /// A function of axum's kind.
    pub fn of<H: Handler<T, S, Future = Answer>, T>(handler: H) -> Erased<S> {
        Erased::from_fn(move |request, state| handler.clone().call(request, state))
    }

    /// What answers a request itself. It may hold nothing: of such a thing the box that is leaked here is no memory.
    pub fn from_fn<F: Fn(Request, S) -> Answer + Send + Sync + 'static>(answer: F) -> Erased<S> {
        const { assert!(size_of::<F>() == 0, "a handler holds nothing; what it needs is state") };
        Erased(Box::leak(Box::new(answer)))
    }

    /// As [`routing::get`].
    pub fn get(self) -> MethodRouter<S> {
        routing::get(self)
    }

    /// As [`routing::post`].
    pub fn post(self) -> MethodRouter<S> {
        routing::post(self)
    }
}

/// Tells axum that [`Erased`] is none of its own kinds of handlers.
pub struct ByPointer;

impl<S: 'static> Handler<ByPointer, S> for Erased<S> {
    type Future = Answer;

    fn call(self, request: Request, state: S) -> Answer {
        (self.0)(request, state)
    }
}

/// As [`routing::get`].
pub fn get<H, T, S>(handler: H) -> MethodRouter<S>
where
    H: Handler<T, S, Future = Answer>,
    S: Clone + Send + Sync + 'static,
{
    Erased::of(handler).get()
}

/// As [`routing::post`].
pub fn post<H, T, S>(handler: H) -> MethodRouter<S>
where
    H: Handler<T, S, Future = Answer>,
    S: Clone + Send + Sync + 'static,
{
    Erased::of(handler).post()
}

/// What shows and what is done at the same path.
pub fn get_post<G, P, T, U, S>(shows: G, does: P) -> MethodRouter<S>
where
    G: Handler<T, S, Future = Answer>,
    P: Handler<U, S, Future = Answer>,
    S: Clone + Send + Sync + 'static,
{
    get(shows).post(Erased::of(does))
}

/// As [`routing::any`].
pub fn any<H, T, S>(handler: H) -> MethodRouter<S>
where
    H: Handler<T, S, Future = Answer>,
    S: Clone + Send + Sync + 'static,
{
    routing::any(Erased::of(handler))
}
