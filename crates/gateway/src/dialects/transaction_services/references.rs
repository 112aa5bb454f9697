//! A member's references and keys as the engine's claims (contract, section 6). Purchases and payouts have spaces of their own.

use florin_engine::{Answer, Boxed, ClaimKind, ClaimRequest, Earlier, Engine, Repeatable, Reuse};
use florin_kernel::invoice::Origin;
use florin_kernel::payment::Dialect;

use super::auth::Caller;
use super::content::content;
use super::envelope::{Envelope, Topic};
use super::errors::Problem;
use super::fields::Fields;
use super::format::Format;
use super::settings::{ReuseReference, Settings};
use super::state::{Asked, TsState};
use super::wire::Told;

/// An answer that is being found.
type Answering<'a> = Boxed<'a, Result<Told, Problem>>;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Payments of every kind.
    Purchase,
    /// Tries to pay an invoice.
    Invoice,
    /// Tries to pay a pay link.
    Link,
    /// Payouts.
    Payout,
}

impl Space {
    /// Where inquiries look, in this order (contract, section 8.6).
    const ALL: [Space; 4] = [Space::Purchase, Space::Invoice, Space::Link, Space::Payout];

    fn within(self, member_id: &str) -> String {
        let word = match self {
            Space::Purchase => "purchase",
            Space::Invoice => "invoice",
            Space::Link => "pay link",
            Space::Payout => "payout",
        };
        format!("{member_id} {word}")
    }
}

/// Within what references of a member stand: where people look for one.
pub fn scopes(member_id: &str) -> Vec<String> {
    Space::ALL.iter().map(|space| space.within(member_id)).collect()
}

/// A reference's claim by a REST call.
pub fn claim(caller: &Caller, space: Space, text: &str) -> ClaimRequest {
    let reuse = match caller.settings.reuse_reference {
        ReuseReference::Hosted | ReuseReference::Never => Reuse::Never,
        ReuseReference::All => Reuse::AfterFailure,
    };
    ClaimRequest::reference(text).within(space.within(&caller.settings.member_id)).reused(reuse)
}

/// A reference's claim by our page, where a person may try a failed one again.
pub fn of_page(caller: &Caller, text: &str) -> ClaimRequest {
    let reuse = match caller.settings.reuse_reference {
        ReuseReference::Hosted | ReuseReference::All => Reuse::Reopened,
        ReuseReference::Never => Reuse::Never,
    };
    claim(caller, Space::Purchase, text).reused(reuse)
}

/// What leads from the merchant's number of an invoice or pay link to the payments that tried to pay it.
pub fn of_try(settings: &Settings, origin: Origin, text: &str) -> ClaimRequest {
    let space = match origin {
        Origin::Invoice => Space::Invoice,
        Origin::Link => Space::Link,
    };
    ClaimRequest::reference(text).within(space.within(&settings.member_id)).reused(Reuse::Always)
}

/// An `Idempotency-Key`'s claim.
pub fn key_claim(caller: &Caller, text: &str) -> ClaimRequest {
    ClaimRequest::idempotency_key(text).within(caller.settings.member_id.as_str())
}

/// What makes two calls the same one, of a call that makes no payment.
pub fn repeatable(engine: &Engine, caller: &Caller, key: Option<&str>, content: &[u8]) -> Repeatable {
    Repeatable {
        owner: caller.owner(),
        dialect: Dialect::TransactionServices,
        claims: key.map(|text| key_claim(caller, text)).into_iter().collect(),
        digest: engine.digest(&[content]),
    }
}

/// What a copy of an earlier call is told, whatever has changed since.
///
/// # Errors
/// [`Problem::KeyTaken`], or that the store cannot answer.
pub async fn earlier(engine: &Engine, request: &Repeatable) -> Result<Option<Told>, Problem> {
    match engine.earlier_kept(request).await? {
        Some(Earlier::Replay(reply)) => Ok(Some(reply.into())),
        Some(Earlier::Taken(kind)) => Err(kind.into()),
        None => Ok(None),
    }
}

/// Answers a call that makes nothing; its key keeps the answer, its reference can be used again.
///
/// # Errors
/// [`Problem::KeyTaken`], or that the store cannot take it.
pub async fn keep(
    engine: &Engine,
    caller: &Caller,
    claims: &[ClaimRequest],
    digest: [u8; 16],
    body: String,
) -> Result<Told, Problem> {
    let (owner, claims) = (caller.owner(), keys(claims));
    let request = Repeatable { owner, dialect: Dialect::TransactionServices, claims, digest };
    Ok(engine.answer_once(&request, Answer { status: 200, body }).await?.into())
}

/// The keys among the claims of a call.
pub fn keys(claims: &[ClaimRequest]) -> Vec<ClaimRequest> {
    claims.iter().filter(|claim| claim.kind == ClaimKind::IdempotencyKey).cloned().collect()
}

/// A call that was refused.
pub struct Refused<'a> {
    /// Who called.
    pub caller: &'a Caller,
    /// What was sent.
    pub fields: &'a Fields,
    /// What it was about.
    pub topic: Topic,
    /// What it would have taken.
    pub claims: &'a [ClaimRequest],
    /// Of its content.
    pub digest: [u8; 16],
}

impl Refused<'_> {
    /// Tells why. What the state of things, a limit or a rule refuses is kept by the call's key, so that a copy is told the same when it
    /// would be allowed; bad input and what is not there use nothing up (contract, section 6).
    ///
    /// # Errors
    /// The refusal where nothing keeps it; [`Problem::KeyTaken`].
    pub async fn tell(&self, engine: &Engine, problem: Problem) -> Result<Told, Problem> {
        if !problem.is_kept() || keys(self.claims).is_empty() {
            return Err(problem);
        }
        let mut envelope = Envelope::new(Format::Json, self.topic, engine.now(self.caller.lane));
        envelope.http_errors = self.caller.settings.http_errors;
        envelope.note(self.fields);
        keep(engine, self.caller, self.claims, self.digest, envelope.refusal(&problem)).await
    }
}

/// Answers a call that only reads. With a key it is answered once: a copy is told the same, whatever has changed since.
///
/// # Errors
/// As `answer`; [`Problem::KeyTaken`].
pub fn read_once<'a, F: Future<Output = Result<Told, Problem>> + Send + 'a>(
    state: &'a TsState,
    asked: Asked,
    call: (&'a str, &'a str),
    answer: impl FnOnce(Asked) -> F + Send + 'a,
) -> Answering<'a> {
    Box::pin(kept(state, asked, call, Box::new(|asked| Box::pin(answer(asked)))))
}

async fn kept<'a>(
    state: &TsState,
    asked: Asked,
    (call, path_id): (&str, &str),
    answer: Box<dyn FnOnce(Asked) -> Answering<'a> + Send + 'a>,
) -> Result<Told, Problem> {
    let Some(key) = &asked.idempotency_key else { return answer(asked).await };
    let content = content(call, path_id, &asked.fields);
    let request = repeatable(&state.engine, &asked.caller, Some(key), &content);
    if let Some(told) = earlier(&state.engine, &request).await? {
        return Ok(told);
    }
    let Told { status, body, provider_time, .. } = answer(asked).await?;
    let kept = state.engine.answer_once(&request, Answer { status, body }).await?;
    Ok(Told { provider_time, ..kept.into() })
}

/// The claim of the space in which a reference was used, purchases first.
///
/// # Errors
/// [`Problem`] when the store cannot answer.
pub async fn taken(engine: &Engine, caller: &Caller, text: &str) -> Result<Option<ClaimRequest>, Problem> {
    for space in Space::ALL {
        let claim = claim(caller, space, text);
        if !engine.referenced(caller.owner(), Dialect::TransactionServices, &claim, 1).await?.is_empty() {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}
