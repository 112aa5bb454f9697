//! Making a deposit: the checks that look beyond the request, in the contract's order, and the start.
//!
//! A repeat of an earlier request goes before all these checks (section 1). On the way that nearly all requests take, the
//! engine finds a repeat while it commits; only a refusal makes it worth asking first.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::vault::OnFile;
use florin_engine::{ClaimRequest, Needs, NewPayment, NewSession, Reply};
use florin_kernel::payment::{
    CaptureMode, Circumstances, Details, Dialect, Hosted, Links, Payment, Retry, State, Times,
};
use florin_kernel::routing::{
    Candidate, CardFacts, Catalogue, Choice, Facts, Method, NoRoute, ProviderAccount, ProviderId,
};
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;

use super::answer;
use super::auth::Caller;
use super::errors::{FieldError, Problem};
use super::hosted::coins;
use super::hosted::offers::{facts, offers};
use super::settings::Settings;
use super::state::CashierState;
use super::wire::{Deposit, Operation};
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;

/// A session's time and tries (contract, section 6).
const SESSION_TIME: SignedDuration = SignedDuration::from_mins(30);
const ATTEMPTS_MAX: u16 = 5;

/// When it is chosen who takes the deposit.
enum Chosen {
    /// Already: these accounts, by this method.
    Now(Method, Candidate),
    /// By the payer, on our page.
    Later,
}

impl Operation {
    /// What a credential needs for the call.
    pub const fn permission(self) -> Permission {
        match self {
            Operation::Direct | Operation::Hosted => Permission::Deposits,
            Operation::S2s => Permission::S2sCards,
            Operation::Withdrawal => Permission::Withdrawals,
        }
    }
}

/// Makes the deposit, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn make(
    state: &CashierState,
    caller: &Caller,
    deposit: Box<Deposit>,
    idempotency_key: Option<String>,
) -> Result<Reply, Problem> {
    let engine = state.engine();
    let payment = Box::new(new_payment(state, caller, &deposit));
    let reference = ClaimRequest::reference(&deposit.tracking_id);
    let key = idempotency_key.map(ClaimRequest::idempotency_key);
    let claims: Vec<ClaimRequest> = [reference].into_iter().chain(key).collect();
    let (content, card) = deposit.content();
    let parts: Vec<&[u8]> = [content.as_bytes()].into_iter().chain(card).collect();
    let digest = engine.digest(&parts);
    let render = match deposit.operation {
        Operation::Hosted => answer::render_token(engine),
        Operation::Direct | Operation::S2s | Operation::Withdrawal => {
            answer::render(engine, caller.settings.s2s_error, caller.settings.extended_statuses)
        }
    };
    match check(state, caller, &deposit, &payment).await {
        Ok(Chosen::Later) => Ok(engine.open(NewSession { payment, claims, digest, render }).await?),
        Ok(Chosen::Now(method, candidate)) => {
            let card = deposit.card;
            let new = NewPayment {
                payment,
                claims,
                digest,
                candidate,
                method,
                brand: String::new(),
                circumstances: Circumstances::default(),
                card,
                on_file: OnFile::Not,
                render,
            };
            Ok(engine.start(new).await?)
        }
        Err(problem) => earlier_or(engine.earlier(&payment, &claims, digest, &render).await, problem),
    }
}

fn new_payment(state: &CashierState, caller: &Caller, deposit: &Deposit) -> Payment {
    let engine = state.engine();
    let credential = &caller.credential;
    let created_at = engine.now(caller.lane);
    Payment {
        id: engine.new_payment_id(),
        merchant: credential.merchant,
        mode: credential.mode,
        dialect: Dialect::Cashier,
        created_at,
        asked: deposit.amount,
        capture: CaptureMode::Now,
        times: Times::default(),
        retry: retry(caller, deposit, created_at),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            credential: Some(credential.id),
            reference: deposit.tracking_id.clone(),
            payer: deposit.payer.clone(),
            links: with_defaults(&deposit.links, &caller.settings),
            hosted: hosted_details(caller, deposit),
            ..Details::default()
        },
    }
}

/// A session lives 30 minutes from its creation, whatever happens in it.
fn retry(caller: &Caller, deposit: &Deposit, created_at: Timestamp) -> Retry {
    let Some(page) = &deposit.hosted else { return Retry::Never };
    let attempts_max = caller.settings.attempts_max.unwrap_or(ATTEMPTS_MAX).clamp(1, 10);
    Retry::Session { attempts_max, until: created_at + SESSION_TIME, amount: page.amount }
}

/// What our page needs to know, where the call is for one.
pub(super) fn hosted_details(caller: &Caller, deposit: &Deposit) -> Option<Box<Hosted>> {
    let page = deposit.hosted.as_ref()?;
    let theme = if page.theme.is_empty() { &caller.settings.theme } else { &page.theme };
    Some(Box::new(Hosted {
        theme: theme.clone(),
        methods: page.methods.clone(),
        providers: page.providers.clone(),
        amount_max: deposit.limit.as_ref().map(|limit| limit.largest(deposit.amount.asset())),
        framed_by: String::new(),
    }))
}

/// The credential's URLs and language stand in where the request has none.
pub(super) fn with_defaults(links: &Links, settings: &Settings) -> Links {
    let or = |asked: &String, set: &String| if asked.is_empty() { set.clone() } else { asked.clone() };
    Links {
        success: or(&links.success, &settings.success_url),
        failure: or(&links.failure, &settings.failure_url),
        pending: or(&links.pending, &settings.pending_url),
        webhook: or(&links.webhook, &settings.webhook_url),
        locale: or(&links.locale, &settings.locale),
    }
}

/// 1295 on the payer, 1016, 9004, 9003, 9005, 1229: the first that hits.
async fn check(state: &CashierState, caller: &Caller, deposit: &Deposit, payment: &Payment) -> Result<Chosen, Problem> {
    if deposit.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::PayerBlocked);
    }
    let chosen = choose(state, deposit, payment);
    match chosen {
        Err(NoRoute::NotFound) => return Err(Problem::CredentialNotFound),
        Err(NoRoute::Unavailable) => {
            return Err(Problem::ProviderUnavailable(misfits(state.engine().directory().catalogue(), deposit)));
        }
        Ok(_) | Err(NoRoute::Amount { .. } | NoRoute::NoRule) => {}
    }
    let bounds = broken_bounds(caller, deposit, chosen.as_ref().err());
    if !bounds.is_empty() {
        return Err(Problem::AmountOutside(bounds));
    }
    let chosen = chosen.map_err(|_| Problem::NoRule)?;
    let webhook = &payment.details.links.webhook;
    let (check, mode) = (caller.settings.webhook_check, payment.mode);
    // In a box: resolving and connecting, which are rare, make a large future.
    if !Box::pin(state.reach().is_available(state.engine().guard(), webhook, check, mode)).await {
        return Err(Problem::WebhookUnavailable);
    }
    Ok(chosen)
}

/// Who takes the deposit, and how the payer pays there; for our page, that there is anybody.
fn choose(state: &CashierState, deposit: &Deposit, payment: &Payment) -> Result<Chosen, NoRoute> {
    let card = deposit.card.as_ref().map_or(CardFacts::Unseen, |card| CardFacts::of(&card.pan));
    let facts = Facts { card, ..facts(payment, deposit.amount) };
    let choice = deposit.provider.map_or(Choice::Rules, Choice::Named);
    match (deposit.operation, choice) {
        (Operation::Hosted, _) => match offers(state.engine(), payment, deposit.amount) {
            Err(_) if !coins::offered(state.engine(), payment).is_empty() => Ok(Chosen::Later),
            offers => offers.map(|_| Chosen::Later),
        },
        (Operation::S2s | Operation::Withdrawal, _) | (Operation::Direct, Choice::Rules) => {
            let routed = state.engine().route(&facts, choice, Needs::TakesCards);
            routed.map(|candidate| Chosen::Now(Method::Card, candidate))
        }
        (Operation::Direct, Choice::Named(id)) => {
            choose_page(state, &facts, id).map(|(method, candidate)| Chosen::Now(method, candidate))
        }
    }
}

/// The account named, or a route's first member that offers a page; each by its own method.
fn choose_page(state: &CashierState, facts: &Facts<'_>, id: ProviderId) -> Result<(Method, Candidate), NoRoute> {
    let directory = state.engine().directory();
    let accounts = named(directory.catalogue(), facts, id).ok_or(NoRoute::NotFound)?;
    let mut refusal = NoRoute::Unavailable;
    let alone = accounts.len() == 1;
    for account in accounts {
        let facts = Facts { method: account.method, ..*facts };
        match state.engine().route(&facts, Choice::Named(account.id), Needs::Page) {
            Ok(candidate) => return Ok((account.method, candidate)),
            Err(NoRoute::NotFound) if alone => return Err(NoRoute::NotFound),
            Err(bounds @ NoRoute::Amount { .. }) => refusal = bounds,
            Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule) => {}
        }
    }
    Err(refusal)
}

/// The account or the members of the route that a number names for a merchant.
fn named<'c>(catalogue: &'c Catalogue, facts: &Facts<'_>, id: ProviderId) -> Option<Vec<&'c Arc<ProviderAccount>>> {
    let account = |id: ProviderId| catalogue.providers.iter().find(|account| account.id == id);
    if let Some(account) = account(id) {
        return Some(vec![account]);
    }
    let own = |merchant: Option<_>| merchant.is_none_or(|merchant| merchant == facts.merchant);
    let route = catalogue.routes.iter().find(|route| route.id == id && own(route.merchant))?;
    Some(route.members.iter().filter_map(|member| account(*member)).collect())
}

/// Everything that bounds the amount and does not admit it.
fn broken_bounds(caller: &Caller, deposit: &Deposit, refusal: Option<&NoRoute>) -> Vec<FieldError> {
    let (amount, mut errors) = (deposit.amount, Vec::new());
    let mut bounds = |min: Money, max: Money| {
        if min.exceeds(amount) || amount.exceeds(max) {
            let message = format!("must be between {} and {} {}", min.decimal(), max.decimal(), max.asset());
            errors.push(FieldError::new("request.amount", message));
        }
    };
    if let Some(NoRoute::Amount { min, max }) = refusal {
        bounds(*min, *max);
    }
    for limit in caller.merchant.limits.iter().filter(|limit| limit.asset() == amount.asset()) {
        bounds(limit.min, limit.max);
    }
    let largest = deposit.limit.as_ref().map(|limit| limit.largest(amount.asset()));
    if let Some(largest) = largest.filter(|largest| amount.exceeds(*largest)) {
        let message = format!("must be at most {largest}, which is request.customer.max_deposit_limit");
        errors.push(FieldError::new("request.amount", message));
    }
    errors
}

/// What of the request the named provider cannot take.
fn misfits(catalogue: &Catalogue, deposit: &Deposit) -> Vec<FieldError> {
    let account = catalogue.providers.iter().find(|account| Some(account.id) == deposit.provider);
    let (currency, country) = (deposit.amount.asset(), &deposit.payer.country);
    let mut errors = Vec::new();
    if account.is_some_and(|account| !account.currencies.is_empty() && !account.currencies.contains(&currency)) {
        errors.push(FieldError::new("request.currency", "is not taken by this provider"));
    }
    if account.is_some_and(|account| !account.countries.is_empty() && !account.countries.contains(country)) {
        errors.push(FieldError::new("request.customer.country_code", "is not served by this provider"));
    }
    if errors.is_empty() {
        let field = format!("request.{}", deposit.provider_field);
        errors.push(FieldError::new(field, "cannot take this payment"));
    }
    errors
}
