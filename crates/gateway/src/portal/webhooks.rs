//! What was told to the merchant's receivers: each event with its attempts and answers, telling it again, how the receivers are, and the
//! secrets that it is signed with.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::StoreError;
use florin_engine::masked::masked_url;
use florin_engine::merchants::Rotation;
use florin_engine::office::{DeliveryRow, EndpointHealth, EventFilter, EventRow, EventState};
use florin_kernel::ports::Lane;
use florin_kernel::user::Permission;
use florin_kernel::{CredentialId, EventId, Timestamp};

use super::answer::{page as answer, see_other};
use super::credentials::title;
use super::refused;
use super::shell::Shell;
use super::show::{Badge, Id, Moment};
use super::visit::{AtMerchant, Fields};
use crate::dialects::connect::{Trial, Unfit};
use crate::dialects::connection;

mod replays;

use replays::replayed;
pub(super) use replays::{ask, replay, replay_one};

/// Events on a page.
const LIMIT: u32 = 50;

#[derive(Template)]
#[template(path = "portal/webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    note: String,
    error: String,
    base: String,
    filter: Shown,
    is_filtered: bool,
    endpoints: Vec<EndpointLine>,
    lines: Vec<EventLine>,
    older: String,
    /// The way to telling these again; empty where she may not.
    replay: String,
    receivers: Vec<Receiver>,
    may_replay: bool,
    /// Nothing where she may not see them.
    secrets: Option<Secrets>,
}

/// The filter as it was typed.
struct Shown {
    state: String,
    endpoint: String,
    from: String,
    until: String,
}

struct EndpointLine {
    endpoint: String,
    state: Badge,
    taken: String,
    latency: String,
    last: Moment,
    failure: Option<Failure>,
    /// The list of its events.
    url: String,
}

struct Failure {
    at: Moment,
    text: String,
}

struct EventLine {
    url: String,
    id: Id,
    endpoint: String,
    state: Badge,
    attempts: u32,
    first: Moment,
}

/// A credential whose receiver can be tried.
struct Receiver {
    number: i64,
    name: String,
    url: String,
}

struct Secrets {
    current: String,
    before: String,
}

#[derive(Template)]
#[template(path = "portal/webhook.html")]
struct WebhookPage {
    shell: Shell,
    note: &'static str,
    base: String,
    list: String,
    id: Id,
    state: Badge,
    url: String,
    verb: &'static str,
    content_type: String,
    credential: String,
    payment: Id,
    payment_url: String,
    first: Moment,
    body: String,
    attempts: Vec<AttemptLine>,
    may_replay: bool,
}

struct AttemptLine {
    at: Moment,
    status: String,
    is_taken: bool,
    latency_ms: u32,
    note: String,
}

/// `GET …/webhooks`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "replayed" => replayed(at.query.text("count"), at.query.text("more")),
        "tried" => format!("The message is on its way as {}.", at.query.text("id")),
        "secret" => "The new secret signs from now on, and the one before signs beside it.".to_owned(),
        "secret-ended" => "Only the newest secret signs now.".to_owned(),
        _ => String::new(),
    };
    list(&at, StatusCode::OK, note, String::new()).await
}

async fn list(at: &AtMerchant, status: StatusCode, note: String, error: String) -> Response {
    let (filter, error) = match filter(&at.query) {
        Ok(filter) => (filter, error),
        Err(unfit) => (EventFilter::default(), format!("The filter\u{2019}s {} {}.", unfit.field, unfit.message)),
    };
    match listed(at, &filter, note, error).await {
        Ok(page) => answer(status, &page),
        Err(error) => unavailable(&error),
    }
}

async fn listed(
    at: &AtMerchant,
    filter: &EventFilter,
    note: String,
    error: String,
) -> Result<WebhooksPage, StoreError> {
    let before = at.query.text("before").parse().ok().map(EventId::from_number);
    let found = at.engine().office_events(at.scope(), filter, before, LIMIT).await?;
    let endpoints = at.engine().office_endpoints(at.scope()).await?;
    let (base, query) = (at.path_to("webhooks"), at.query.as_query(&["before", "note", "count", "more", "id"]));
    let may_replay = at.may(Permission::ReplayWebhooks);
    let now = now(at);
    Ok(WebhooksPage {
        shell: at.shell("Webhooks"),
        note,
        error,
        filter: Shown::of(&at.query),
        is_filtered: *filter != EventFilter::default(),
        endpoints: endpoints.into_iter().map(|health| EndpointLine::of(health, &base, now)).collect(),
        older: found.onward.map_or(String::new(), |onward| format!("{base}?{query}&before={}", onward.number())),
        replay: match may_replay && !found.rows.is_empty() {
            true => format!("{base}/replay?{query}"),
            false => String::new(),
        },
        lines: found.rows.iter().map(|event| EventLine::of(event, at, now)).collect(),
        receivers: if may_replay { receivers(at) } else { Vec::new() },
        may_replay,
        secrets: at.may_manage_credentials().then(|| secrets(at)),
        base,
    })
}

/// `GET …/webhooks/{event}`.
pub(super) async fn show(at: AtMerchant) -> Response {
    let Some(id) = event_id(at.parameter("event")) else { return refused::not_found(&at) };
    match at.engine().office_event(at.scope(), id).await {
        Ok(Some((event, attempts))) => answer(StatusCode::OK, &detail(&at, event, &attempts)),
        Ok(None) => refused::not_found(&at),
        Err(error) => unavailable(&error),
    }
}

/// `POST …/webhooks/try`: sends a receiver the message for trying it.
pub(super) async fn try_receiver(at: AtMerchant) -> Response {
    let credential = at.form.text("credential").parse().ok().map(CredentialId::from_number);
    let tried = match credential {
        Some(credential) => at.engine().office_try(at.scope(), credential, &at.who()).await,
        None => Ok(None),
    };
    match tried {
        Ok(Some(id)) => see_other(&format!("{}?note=tried&id={id}", at.path_to("webhooks"))),
        Ok(None) => {
            let error =
                "That credential has no URL for notifications, or its API no message for trying one.".to_owned();
            list(&at, StatusCode::UNPROCESSABLE_ENTITY, String::new(), error).await
        }
        Err(error) => unavailable(&error),
    }
}

/// `POST …/webhooks/secret`: begins or ends the rotation of the secret.
pub(super) async fn rotate(at: AtMerchant) -> Response {
    if !at.may_manage_credentials() {
        return refused::live_only(&at);
    }
    let (rotation, note) = match at.form.text("do") {
        "begin" => (Rotation::Begin, "secret"),
        "end" => (Rotation::End, "secret-ended"),
        _ => {
            let error = "Say whether a new secret is made or the one before ends.".to_owned();
            return list(&at, StatusCode::UNPROCESSABLE_ENTITY, String::new(), error).await;
        }
    };
    match at.engine().rotate_webhook_secret(&at.who(), at.merchant.id, at.mode, rotation).await {
        Ok(()) => see_other(&format!("{}?note={note}", at.path_to("webhooks"))),
        Err(_) => refused::unavailable(),
    }
}

fn detail(at: &AtMerchant, event: EventRow, attempts: &[DeliveryRow]) -> WebhookPage {
    let now = now(at);
    let directory = at.engine().directory();
    let credential = directory.credential(event.credential);
    let payment = at.print(event.payment);
    let verb = match event.form.verb {
        florin_engine::Verb::Get => "GET",
        florin_engine::Verb::Post => "POST",
    };
    WebhookPage {
        shell: at.shell("Webhook"),
        note: match at.query.text("note") {
            "replayed" => "It is to be sent again.",
            "waits" => "It waits for its next attempt already, so nothing was changed.",
            _ => "",
        },
        base: at.path_to(&format!("webhooks/{}", event.id.number())),
        list: at.path_to("webhooks"),
        id: Id::of(at.engine().webhook_id(event.id)),
        state: badge(event.state),
        verb,
        content_type: event.form.content_type.to_string(),
        credential: credential.map_or(String::new(), |known| title(known, connection(known.dialect))),
        payment_url: at.path_to(&format!("payments/{payment}")),
        payment: Id::of(payment),
        first: Moment::at(event.first_at, now),
        body: readable(&event.body),
        attempts: attempts.iter().map(|attempt| AttemptLine::of(attempt, now)).collect(),
        may_replay: at.may(Permission::ReplayWebhooks) && event.state != EventState::Due,
        url: masked_url(&event.url),
    }
}

/// Which events a query or form means.
pub(super) fn filter(fields: &Fields) -> Result<EventFilter, Unfit> {
    let endpoint = fields.text("endpoint");
    Ok(EventFilter {
        state: state(fields.text("state"))?,
        endpoint: (!endpoint.is_empty()).then(|| endpoint.to_owned()),
        from: time("from", fields.text("from"))?,
        until: time("until", fields.text("until"))?,
    })
}

fn state(word: &str) -> Result<Option<EventState>, Unfit> {
    match word {
        "" => Ok(None),
        "due" => Ok(Some(EventState::Due)),
        "delivered" => Ok(Some(EventState::Delivered)),
        "given_up" => Ok(Some(EventState::GivenUp)),
        _ => Err(Unfit::new("state", "must be due, delivered or given_up")),
    }
}

/// A state's word in filters and in the admin API.
pub(super) fn state_word(state: EventState) -> &'static str {
    match state {
        EventState::Due => "due",
        EventState::Delivered => "delivered",
        EventState::GivenUp => "given_up",
    }
}

/// `2026-03-02T09:30:00Z`, or as forms have it, `2026-03-02T09:30` or `2026-03-02`, by UTC.
fn time(field: &'static str, text: &str) -> Result<Option<Timestamp>, Unfit> {
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    if text.is_empty() {
        return Ok(None);
    }
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let read = text.parse::<Timestamp>().ok().or_else(civil);
    read.map(Some).ok_or_else(|| Unfit::new(field, "must be a time such as 2026-03-02T09:30:00Z"))
}

/// An event by its number.
pub(super) fn event_id(text: &str) -> Option<EventId> {
    text.parse().ok().map(EventId::from_number)
}

fn now(at: &AtMerchant) -> Timestamp {
    at.engine().now(Lane::of(at.merchant.id, at.mode))
}

fn badge(state: EventState) -> Badge {
    match state {
        EventState::Due => Badge { meaning: "waiting", word: "Waiting" },
        EventState::Delivered => Badge { meaning: "good", word: "Delivered" },
        EventState::GivenUp => Badge { meaning: "bad", word: "Given up" },
    }
}

/// JSON with line ends, for reading; anything else as it stands.
fn readable(body: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(body).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| body.to_owned())
}

fn receivers(at: &AtMerchant) -> Vec<Receiver> {
    let directory = at.engine().directory();
    let own = directory.credentials().filter(|known| (known.merchant, known.mode) == (at.merchant.id, at.mode));
    let receiver = |credential: &std::sync::Arc<florin_engine::directory::Credential>| {
        let dialect = connection(credential.dialect);
        let setting = match dialect.trial() {
            Trial::ToSetting(setting) if !credential.revoked => setting,
            Trial::ToSetting(_) | Trial::None => return None,
        };
        let url = credential.settings.get(setting)?.as_str().filter(|url| !url.is_empty()).map(masked_url)?;
        Some(Receiver { number: credential.id.number(), name: title(credential, dialect), url })
    };
    let mut receivers: Vec<Receiver> = own.filter_map(receiver).collect();
    receivers.sort_by_key(|receiver| receiver.number);
    receivers
}

fn secrets(at: &AtMerchant) -> Secrets {
    let mut secrets = at.merchant.webhook_secrets(at.mode).iter().map(|secret| secret.expose().to_owned());
    Secrets { current: secrets.next().unwrap_or_default(), before: secrets.next().unwrap_or_default() }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "webhooks cannot be shown");
    refused::unavailable()
}

impl Shown {
    fn of(fields: &Fields) -> Shown {
        let text = |name: &str| fields.text(name).to_owned();
        Shown { state: text("state"), endpoint: text("endpoint"), from: text("from"), until: text("until") }
    }
}

impl EndpointLine {
    fn of(health: EndpointHealth, base: &str, now: Timestamp) -> EndpointLine {
        let permille = health.taken_permille();
        let state = match permille {
            990.. => Badge { meaning: "good", word: "Answers" },
            500..990 => Badge { meaning: "attention", word: "Fails at times" },
            0..500 => Badge { meaning: "bad", word: "Fails" },
        };
        let failure = health.last_failure.map(|(at, status, note)| {
            let status = status.map_or("no answer".to_owned(), |status| status.to_string());
            Failure { at: Moment::at(at, now), text: format!("{status}: {}", short(&note)) }
        });
        EndpointLine {
            state,
            taken: format!("{} of {} ({}.{} %)", health.taken, health.attempts, permille / 10, permille % 10),
            latency: format!("{} ms, 95 of 100 within {} ms", health.latency_ms_p50, health.latency_ms_p95),
            last: Moment::at(health.last_at, now),
            failure,
            url: format!(
                "{base}?endpoint={}",
                url::form_urlencoded::byte_serialize(health.endpoint.as_bytes()).collect::<String>()
            ),
            endpoint: health.endpoint,
        }
    }
}

impl EventLine {
    fn of(event: &EventRow, at: &AtMerchant, now: Timestamp) -> EventLine {
        EventLine {
            url: at.path_to(&format!("webhooks/{}", event.id.number())),
            id: Id::of(at.engine().webhook_id(event.id)),
            endpoint: event.endpoint.clone(),
            state: badge(event.state),
            attempts: event.attempts,
            first: Moment::at(event.first_at, now),
        }
    }
}

impl AttemptLine {
    fn of(attempt: &DeliveryRow, now: Timestamp) -> AttemptLine {
        AttemptLine {
            at: Moment::at(attempt.at, now),
            status: attempt.status.map_or("none".to_owned(), |status| status.to_string()),
            is_taken: matches!(attempt.status, Some(200..=299)),
            latency_ms: attempt.latency_ms,
            note: attempt.note.clone(),
        }
    }
}

/// The first line of an answer, as far as a table has room.
fn short(note: &str) -> String {
    const SHOWN: usize = 80;
    let line = note.lines().next().unwrap_or_default();
    match line.chars().count() {
        0..=SHOWN => line.to_owned(),
        _ => format!("{}\u{2026}", line.chars().take(SHOWN).collect::<String>()),
    }
}
