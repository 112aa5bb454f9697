//! What happened to a transaction, as lines of a timeline.

use std::collections::HashMap;

use florin_engine::Engine;
use florin_engine::office::{Answered, Asked, DeliveryRow, EntryRow, EventState, Step, What};
use florin_kernel::payment::{OperationStatus, Seq};
use florin_kernel::routing::{ProviderId, Trail};
use florin_kernel::withdrawal::Approver;
use florin_kernel::{Asset, EventId, Money, Timestamp, UserId};

use super::show::{Badge, Moment};
use super::words;
use crate::pages::text;

/// Something that happened.
pub(super) struct Line {
    pub(super) at: Moment,
    /// Which mark stands beside it.
    pub(super) mark: &'static str,
    pub(super) title: String,
    pub(super) badge: Option<Badge>,
    pub(super) facts: Vec<Fact>,
    pub(super) transfers: Vec<Transfer>,
}

/// A name and what is known.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Whether it is an id or an address, to be copied.
    pub(super) is_code: bool,
}

/// An amount from one account to another.
pub(super) struct Transfer {
    pub(super) debit: String,
    pub(super) credit: String,
    pub(super) amount: String,
    pub(super) layer: &'static str,
}

impl Line {
    /// A line; what is not known is left out.
    pub(super) fn new(at: Moment, mark: &'static str, title: String, facts: Vec<Fact>) -> Line {
        let facts = facts.into_iter().filter(|fact| !fact.value.is_empty()).collect();
        Line { at, mark, title, badge: None, facts, transfers: Vec::new() }
    }

    pub(super) fn with(self, badge: Badge) -> Line {
        Line { badge: Some(badge), ..self }
    }
}

impl Fact {
    /// Something to be read.
    pub(super) fn new(name: &'static str, value: impl Into<String>) -> Fact {
        Fact { name, value: value.into(), is_code: false }
    }

    /// Something to be copied.
    pub(super) fn code(name: &'static str, value: impl Into<String>) -> Fact {
        Fact { is_code: true, ..Fact::new(name, value) }
    }
}

/// Names of the people who decided about a withdrawal.
#[derive(Default)]
pub(super) struct Names(HashMap<i64, String>);

impl Names {
    /// Reads the names of those who approved or rejected. Who is gone is told by number.
    pub(super) async fn of(engine: &Engine, approvers: impl IntoIterator<Item = Approver>) -> Names {
        let mut names = HashMap::new();
        for approver in approvers {
            let Approver::User(number) = approver else { continue };
            if let Ok(Some(user)) = engine.people().user(UserId::from_number(number)).await {
                names.insert(number, format!("{} ({})", user.name, user.email.text()));
            }
        }
        Names(names)
    }

    /// Who somebody is.
    pub(super) fn name(&self, approver: Approver) -> String {
        match approver {
            Approver::Api => "the merchant\u{2019}s program".to_owned(),
            Approver::User(number) => self.0.get(&number).cloned().unwrap_or_else(|| format!("user {number}")),
        }
    }
}

/// How lines are made.
pub(super) struct Reading<'r> {
    pub(super) engine: &'r Engine,
    pub(super) names: &'r Names,
    /// By the merchant's clock.
    pub(super) now: Timestamp,
}

impl Reading<'_> {
    /// Lines of steps, in their order.
    pub(super) fn lines(&self, steps: &[Step]) -> Vec<Line> {
        steps.iter().map(|step| self.line(step)).collect()
    }

    fn line(&self, step: &Step) -> Line {
        let at = step.at;
        let line = |mark, title: String, facts| Line::new(Moment::at(at, self.now), mark, title, facts);
        match &step.what {
            What::Made { dialect, asked, reference } => {
                let facts = vec![Fact::new("API", words::dialect(*dialect)), Fact::code("Reference", reference)];
                line("request", format!("{} asked for", text::amount(*asked)), facts)
            }
            What::Chosen { seq: _, provider, trail } => {
                line("decision", format!("{provider} chosen"), self.trail(trail))
            }
            What::Approved { by } => line("decision", format!("Approved by {}", self.names.name(*by)), Vec::new()),
            What::Rejected { by, reason } => {
                line("decision", format!("Rejected by {}", self.names.name(*by)), vec![Fact::new("Reason", reason)])
            }
            What::Asked(asked) => {
                let what = format!("{} of {}", words::operation(asked.kind), text::amount(asked.amount));
                line("provider", format!("{what}: {} asked", asked.provider), asked_facts(asked))
            }
            What::Answered(answered) => {
                let facts = answer_facts(answered, self.now);
                line("provider", "The answer".to_owned(), facts).with(Badge::of_operation(&answered.status))
            }
            What::Resolved { seq, by, reason } => {
                let title = format!("{by} said what became of operation {}", seq.number());
                line("decision", title, vec![Fact::new("How it is known", reason)])
            }
            What::ChargedBack { on, amount, reference } => {
                let of = Fact::new("Of operation", on.number().to_string());
                let title = format!("{} charged back by the payer\u{2019}s bank", text::amount(*amount));
                line("provider", title, vec![of, Fact::code("Reference", reference)])
            }
            What::Returned { amount, reference } => {
                let title = format!("{} sent back by the receiving bank", text::amount(*amount));
                line("provider", title, vec![Fact::code("Reference", reference)])
            }
            What::Coins(step) => self.coins(at, step),
            What::Booked { event, transfers } => {
                let booked = line("book", format!("Booked: {}", words::sentence(event).to_lowercase()), Vec::new());
                Line { transfers: transfers.iter().map(transfer).collect(), ..booked }
            }
            What::Announced { event, url, state } => {
                line("webhook", "Webhook".to_owned(), vec![Fact::code("To", url), self.webhook(*event)])
                    .with(event_badge(*state))
            }
            What::Delivered { event: _, attempt } => {
                let facts = delivery_facts(attempt);
                line("webhook", "Attempt to deliver it".to_owned(), facts).with(delivery_badge(attempt))
            }
        }
    }

    fn webhook(&self, event: EventId) -> Fact {
        Fact::code("Webhook\u{2019}s id", self.engine.webhook_id(event))
    }

    fn trail(&self, trail: &Trail) -> Vec<Fact> {
        let directory = self.engine.directory();
        let rule = |id: i64| format!("rule {id}");
        let accounts = &directory.catalogue().providers;
        let account = |id: ProviderId| {
            let known = accounts.iter().find(|account| account.id == id).map(|account| account.name.clone());
            known.unwrap_or_else(|| format!("provider {id}"))
        };
        let chosen = match (trail.rule, trail.route) {
            (Some(id), _) => rule(id),
            (None, Some(route)) => format!("route {route}, named by the merchant"),
            (None, None) => "the merchant named it".to_owned(),
        };
        let mut facts = vec![Fact::new("By", chosen)];
        let passed = trail.passed.iter().map(|(id, unmet)| format!("{} ({})", rule(*id), words::condition(*unmet)));
        facts.push(Fact::new("Rules not met", passed.collect::<Vec<_>>().join(", ")));
        let left = trail.left_out.iter().map(|(id, why)| format!("{} {}", account(*id), words::misfit(*why)));
        facts.push(Fact::new("Left out", left.collect::<Vec<_>>().join(", ")));
        facts
    }
}

fn asked_facts(asked: &Asked) -> Vec<Fact> {
    let card = asked.card.as_ref();
    let masked = card.map(|card| format!("{}, {}\u{2026}{}", text::card(card), card.bin, card.last4));
    let moved = (asked.moved != asked.amount).then(|| text::amount(asked.moved));
    let operation = |seq: Seq| format!("operation {}", seq.number());
    vec![
        Fact::new("Operation", asked.seq.number().to_string()),
        Fact::new("Card", masked.unwrap_or_default()),
        Fact::new("In the provider\u{2019}s currency", moved.unwrap_or_default()),
        Fact::new("On", asked.on.map(operation).unwrap_or_default()),
        Fact::new("Goes on from", asked.cascaded_from.map(operation).unwrap_or_default()),
        Fact::code("Our reference", &asked.reference),
    ]
}

fn answer_facts(answered: &Answered, now: Timestamp) -> Vec<Fact> {
    let why = match &answered.status {
        OperationStatus::Declined(decline) => words::sentence(&words::decline(decline)),
        OperationStatus::Unknown(doubt) => words::sentence(words::doubt(*doubt)),
        OperationStatus::NeedsPayer(_) => "The payer has to act on a page".to_owned(),
        OperationStatus::Approved | OperationStatus::Late => match answered.response.as_deref() {
            Some("00") | None => String::new(),
            Some(code) => format!("Response {code}"),
        },
        OperationStatus::Failed => "It was not sent, or surely not done".to_owned(),
        OperationStatus::Pending | OperationStatus::Cancelled | OperationStatus::Expired => String::new(),
    };
    let looked = match (answered.look_ups, answered.look_up_at) {
        (0, None) => String::new(),
        (made, Some(next)) => format!("{made} made, the next {}", Moment::at(next, now).relative),
        (made, None) => format!("{made} made"),
    };
    vec![
        Fact::new("Of operation", answered.seq.number().to_string()),
        Fact::new("Why", why),
        Fact::new("Payer", if answered.payer_acted { "was on the provider\u{2019}s page" } else { "" }),
        Fact::code("Provider\u{2019}s id", &answered.provider_id),
        Fact::code("Authorisation code", &answered.auth_code),
        Fact::new("Look-ups", looked),
    ]
}

fn delivery_badge(attempt: &DeliveryRow) -> Badge {
    match attempt.status {
        Some(200..=299) => Badge::from(("good", "Taken")),
        Some(_) | None => Badge::from(("bad", "Not taken")),
    }
}

fn delivery_facts(attempt: &DeliveryRow) -> Vec<Fact> {
    vec![
        Fact::new("Status", attempt.status.map(|status| status.to_string()).unwrap_or_default()),
        Fact::new("After", format!("{} ms", attempt.latency_ms)),
        Fact::new("Said", &attempt.note),
    ]
}

fn transfer(row: &EntryRow) -> Transfer {
    let amount = match Asset::from_code(&row.asset) {
        Some(asset) => text::amount(Money::new(row.amount_minor, asset)),
        None => format!("{} {}", row.amount_minor, row.asset),
    };
    let layer = match row.layer.as_str() {
        "pending" => "held",
        _ => "moved",
    };
    Transfer { debit: row.debit.clone(), credit: row.credit.clone(), amount, layer }
}

fn event_badge(state: EventState) -> Badge {
    match state {
        EventState::Due => Badge::from(("waiting", "Due")),
        EventState::Delivered => Badge::from(("good", "Delivered")),
        EventState::GivenUp => Badge::from(("bad", "Given up")),
    }
}
