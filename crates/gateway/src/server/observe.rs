//! What every request gets, whoever answers it: an id, its time, its place in the figures, and a 500 instead of a dropped
//! connection when code of ours panics. One layer, no allocation of its own beyond the headers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_kernel::card::looks_like_a_number;
use metrics::{Counter, Gauge, Histogram};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::dialects::ProviderTime;

#[cfg(test)]
mod tests;

/// The header with a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The longest id taken over from a caller.
const ID_LENGTH_MAX: usize = 128;

/// A request's id, for handlers that want to name it.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

/// The layer.
#[derive(Clone, Copy, Debug)]
pub struct Observe;

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner }
    }
}

/// A service under observation.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
}

impl<S: Service<Request, Response = Response, Error = Infallible>> Service<Request> for Observed<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = request_id(request.headers());
        request.extensions_mut().insert(RequestId(id.clone()));
        let route = request.extensions().get::<MatchedPath>().cloned();
        let seen =
            Seen { id, route, method: request.method().clone(), begun: Instant::now(), in_flight: InFlight::one() };
        Observing { inner: self.inner.call(request), seen: Some(seen) }
    }
}

/// What is kept of a request until it is answered.
struct Seen {
    id: HeaderValue,
    route: Option<MatchedPath>,
    method: Method,
    begun: Instant,
    in_flight: InFlight,
}

/// A request in flight; also uncounted when its client goes away and the future is dropped.
struct InFlight;

static IN_FLIGHT: LazyLock<Gauge> = LazyLock::new(|| metrics::gauge!("florin_http_requests_in_flight"));

impl InFlight {
    fn one() -> InFlight {
        IN_FLIGHT.increment(1.0);
        InFlight
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.decrement(1.0);
    }
}

pin_project! {
    /// An answer to come.
    pub struct Observing<F> {
        #[pin]
        inner: F,
        seen: Option<Seen>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let response = match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(response))) => response,
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error\n").into_response(),
        };
        let seen = this.seen.take().expect("a future is not polled after it was ready");
        Poll::Ready(Ok(seen.answered(response)))
    }
}

impl Seen {
    fn answered(self, mut response: Response) -> Response {
        let took = self.begun.elapsed();
        let status = response.status();
        let route = self.route.as_ref().map_or("other", MatchedPath::as_str);
        count(route, &self.method, status, took);
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(request_id = ?self.id, route, method = %self.method, status = status.as_u16(), "answered with an error of ours");
        } else {
            tracing::debug!(request_id = ?self.id, route, method = %self.method, status = status.as_u16(), ?took, "answered");
        }
        let provider = response.extensions().get::<ProviderTime>().map_or(Duration::ZERO, |time| time.0);
        let headers = response.headers_mut();
        headers.insert(SERVER_TIMING, timing(took.saturating_sub(provider)));
        headers.insert(REQUEST_ID, self.id);
        drop(self.in_flight);
        response
    }
}

fn timing(took: Duration) -> HeaderValue {
    let mut text = String::with_capacity(24);
    let hundredths = took.as_micros() / 10;
    let _ = write!(text, "gw;dur={}.{:02}", hundredths / 100, hundredths % 100);
    HeaderValue::try_from(text).expect("digits and letters")
}

/// The caller's own id if it is a plain short word and nothing that may not stand in a log, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let given = headers.get(REQUEST_ID).filter(|id| (1..=ID_LENGTH_MAX).contains(&id.len()));
    let is_card = |id: &HeaderValue| id.to_str().is_ok_and(looks_like_a_number);
    match given {
        Some(id) if id.as_bytes().iter().all(plain) && !is_card(id) => id.clone(),
        Some(_) | None => new_id(),
    }
}

/// 16 hexadecimal digits that differ within this process and hardly ever meet another's.
fn new_id() -> HeaderValue {
    static SEED: LazyLock<u64> = LazyLock::new(|| {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("the system's random source answers");
        u64::from_be_bytes(seed)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // An odd factor permutes the 64-bit numbers: neighbours look unlike and never repeat.
    let mixed = COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ *SEED;
    let mut text = [0; 16];
    for (place, digit) in text.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(mixed >> (place * 4)) as usize & 15];
    }
    HeaderValue::from_bytes(&text).expect("hexadecimal digits")
}

/// The figures of one route, looked up once per thread.
struct RouteFigures {
    latency: Histogram,
    answers: Vec<(&'static str, StatusCode, Counter)>,
}

thread_local! {
    static FIGURES: RefCell<HashMap<String, RouteFigures>> = RefCell::default();
}

fn count(route: &str, method: &Method, status: StatusCode, took: Duration) {
    FIGURES.with_borrow_mut(|figures| {
        if !figures.contains_key(route) {
            let latency = metrics::histogram!("florin_http_request_seconds", "route" => route.to_owned());
            figures.insert(route.to_owned(), RouteFigures { latency, answers: Vec::new() });
        }
        let Some(figures) = figures.get_mut(route) else { return };
        figures.latency.record(took);
        let method = label(method);
        let known = figures.answers.iter().find(|(of, with, _)| *of == method && *with == status);
        match known {
            Some((_, _, counter)) => counter.increment(1),
            None => {
                let counter = metrics::counter!("florin_http_requests_total",
                    "route" => route.to_owned(), "method" => method, "status" => status.as_str().to_owned());
                counter.increment(1);
                figures.answers.push((method, status, counter));
            }
        }
    });
}

/// Methods anybody can invent share one label, so that nobody can fill the memory with labels.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
