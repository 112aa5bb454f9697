//! The acquirer's callbacks: one line of text with a check number, sent through the troubled network.

use std::sync::Arc;

use florin_kernel::payment::{Approval, AuthenticationFailure, Decline, Outcome, PayerStep, StepKind};
use florin_kernel::ports::{CallbackError, News, Notice, RawCallback};
use florin_kernel::{Asset, Money};

use super::super::trace::fold;
use super::super::weather::Trouble;
use super::{Acquirer, say};

/// How hard a callback is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Now and then not at all; once or twice; then look-ups must do.
    Perhaps,
    /// Again and again until the gateway has taken it.
    UntilTaken,
}

impl Acquirer {
    /// Tells the gateway how an operation stands at this moment; it may hear of it later.
    pub(super) fn tell(self: &Arc<Self>, reference: &str, effort: Effort) {
        if effort == Effort::Perhaps && self.network.percent(40) {
            return;
        }
        if let Some(record) = self.record(reference) {
            self.spread(reference, News::Report(record.standing.into()), effort);
        }
    }

    /// Sends news on their way, perhaps twice.
    pub(super) fn spread(self: &Arc<Self>, reference: &str, news: News, effort: Effort) {
        let body = write(reference, &news);
        let copies = if self.strikes(Trouble::CallbackTwice) { 3 } else { 1 };
        for _ in 0..copies {
            tokio::spawn(self.clone().bring(body.clone(), effort));
        }
    }

    async fn bring(self: Arc<Self>, body: String, effort: Effort) {
        let delayed = self.strikes(Trouble::CallbackDelayed);
        tokio::time::sleep(if delayed { self.network.seconds(1..=90) } else { self.network.ms(0..=500) }).await;
        loop {
            let taken = self.bring_once(&body).await;
            if taken || (effort == Effort::Perhaps && self.network.percent(50)) {
                return;
            }
            tokio::time::sleep(self.network.seconds(1..=30)).await;
        }
    }

    async fn bring_once(&self, body: &str) -> bool {
        if self.strikes(Trouble::CallbackLost) {
            say!(self.stage, "network: lost the callback {body}");
            return false;
        }
        let mut bytes = body.as_bytes().to_vec();
        if self.strikes(Trouble::CallbackGarbled) {
            let place = self.network.between(0..=bytes.len() as u64 - 1) as usize;
            bytes[place] ^= self.network.between(1..=255) as u8;
        }
        let Some(gateway) = self.stage.gateway() else { return false };
        let raw = RawCallback { headers: Vec::new(), body: bytes };
        let taken = gateway.hear(gateway.engine.callback("acquirer", &raw)).await;
        say!(self.stage, "callback: {body} {taken:?}");
        if let Some(Err(_)) = taken {
            self.stage.met("callback refused");
        }
        matches!(taken, Some(Ok(())))
    }
}

/// A callback's text: our reference, the news, and a number that a changed byte does not fit.
fn write(reference: &str, news: &News) -> String {
    let news = match news {
        News::Report(report) => outcome_text(&report.outcome),
        News::ChargedBack { amount, reference } => {
            format!("charged_back {reference} {} {}", amount.minor(), amount.asset())
        }
        News::Returned { amount, reference } => format!("returned {reference} {} {}", amount.minor(), amount.asset()),
    };
    let line = format!("{reference} {news}");
    format!("{line} #{:016x}", fold(1, line.as_bytes()))
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved(approval) => format!("approved {}", approval.provider_id),
        Outcome::Declined(Decline::Response(code)) => format!("declined {code}"),
        Outcome::Declined(Decline::Authentication(_)) => "unauthenticated -".to_owned(),
        Outcome::Declined(Decline::Risk) => "risk -".to_owned(),
        Outcome::Declined(Decline::Provider) => "refused -".to_owned(),
        Outcome::Cancelled => "cancelled -".to_owned(),
        Outcome::NeedsPayer(step) => match step.kind {
            StepKind::Challenge => format!("challenge {}", step.url),
            StepKind::Redirect => format!("redirect {}", step.url),
        },
        Outcome::Pending | Outcome::NotSent | Outcome::NotFound | Outcome::Unknown(_) => "pending -".to_owned(),
    }
}

/// Reads a callback.
pub(super) fn read(raw: &RawCallback) -> Result<Notice, CallbackError> {
    let text = std::str::from_utf8(&raw.body).map_err(|_| CallbackError::Malformed)?;
    let (line, number) = text.rsplit_once(" #").ok_or(CallbackError::Signature)?;
    if number != format!("{:016x}", fold(1, line.as_bytes())) {
        return Err(CallbackError::Signature);
    }
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or(CallbackError::Malformed);
    let reference = word()?.to_owned();
    let (kind, first) = (word()?, word()?.to_owned());
    let step = |kind| Outcome::NeedsPayer(PayerStep::page(kind, first.clone()));
    let outcome = match kind {
        "approved" => Outcome::Approved(Approval { provider_id: first.clone(), ..Approval::default() }),
        "declined" => Outcome::Declined(Decline::Response(first.clone())),
        "unauthenticated" => Outcome::Declined(Decline::Authentication(AuthenticationFailure::ChallengeFailed)),
        "risk" => Outcome::Declined(Decline::Risk),
        "refused" => Outcome::Declined(Decline::Provider),
        "cancelled" => Outcome::Cancelled,
        "challenge" => step(StepKind::Challenge),
        "redirect" => step(StepKind::Redirect),
        "pending" => Outcome::Pending,
        "charged_back" | "returned" => {
            let minor = word()?.parse().map_err(|_| CallbackError::Malformed)?;
            let asset = Asset::from_code(word()?).ok_or(CallbackError::Malformed)?;
            let amount = Money::new(minor, asset);
            let news = match kind {
                "returned" => News::Returned { amount, reference: first },
                _ => News::ChargedBack { amount, reference: first },
            };
            return Ok(Notice { reference, news });
        }
        _ => return Err(CallbackError::Malformed),
    };
    Ok(Notice { reference, news: News::Report(outcome.into()) })
}
