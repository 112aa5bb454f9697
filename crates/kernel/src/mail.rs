//! An e-mail on its way: queued in the commit that causes it, tried a few times, and forgotten but for what became of it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::payment::Mode;
use crate::record::{Record, RecordKind};
use crate::{InvoiceId, MailId, MerchantId, RecordId};

#[cfg(test)]
mod tests;

/// From the start of one attempt to the start of the next (transaction services contract, section 8.16).
const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(12),
];
/// An attempt that is heard of no more after this long has died with its process. Longer than any attempt may take.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// An e-mail. Rows hold it whole; [`Mail::take`] and [`Mail::end`] alone change it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Its id, of the number space it shares with payments.
    pub id: MailId,
    /// In whose name it is sent.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// When it was written, by the merchant's clock.
    pub created_at: Timestamp,
    /// What it is about.
    pub invoice: InvoiceId,
    /// To whom and what; its texts are wiped once it is sent or given up, because the link in them is a secret.
    pub message: Message,
    /// Attempts begun.
    pub attempts: u8,
    /// Where it stands.
    pub state: State,
    /// Why the last attempt failed, in the mail server's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trouble: String,
}

/// What is sent. The sender is the installation's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The name that it is sent in: the merchant's.
    pub sender_name: String,
    /// The receiver's name, possibly empty.
    pub name: String,
    /// The receiver's address.
    pub address: String,
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Where an e-mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An attempt is due then.
    Queued {
        /// Then.
        due_at: Timestamp,
    },
    /// An attempt was begun.
    Sending {
        /// If nothing is heard of it by then, another begins.
        until: Timestamp,
    },
    /// A mail server has it.
    Sent {
        /// Since.
        at: Timestamp,
    },
    /// No attempt is left, or a mail server will never take it.
    Failed {
        /// Since.
        at: Timestamp,
    },
}

/// The words for an e-mail's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Word {
    Queued,
    Sent,
    Failed,
}

impl Word {
    /// The word as rows and contracts write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Queued => "queued",
            Word::Sent => "sent",
            Word::Failed => "failed",
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// A mail server has it.
    Sent,
    /// It may do later: no connection, a server that is busy.
    NotNow(String),
    /// It never will: the address does not exist.
    Never(String),
}

impl Mail {
    /// The word for where it stands.
    pub fn word(&self) -> Word {
        match self.state {
            State::Queued { .. } | State::Sending { .. } => Word::Queued,
            State::Sent { .. } => Word::Sent,
            State::Failed { .. } => Word::Failed,
        }
    }

    /// Begins an attempt, if one is due; `None` when there is nothing to do. Only who commits this may send it.
    pub fn take(&self, now: Timestamp) -> Option<Mail> {
        let due_at = self.wake_at().filter(|due_at| *due_at <= now)?;
        let mut mail = self.clone();
        if usize::from(self.attempts) > PAUSES.len() {
            // The last attempt died with its process.
            mail.fail(now);
        } else {
            mail.attempts += 1;
            mail.state = State::Sending { until: due_at.max(now) + LEASE };
        }
        Some(mail)
    }

    /// Notes what came of an attempt. One that was sent stays sent.
    pub fn end(&self, attempted: Attempted, now: Timestamp) -> Mail {
        let mut mail = self.clone();
        match self.state {
            State::Sent { .. } | State::Failed { .. } => return mail,
            State::Queued { .. } | State::Sending { .. } => {}
        }
        match attempted {
            Attempted::Sent => {
                mail.state = State::Sent { at: now };
                mail.trouble = String::new();
                mail.wipe();
            }
            Attempted::Never(trouble) => {
                mail.trouble = trouble;
                mail.fail(now);
            }
            Attempted::NotNow(trouble) => {
                mail.trouble = trouble;
                match usize::from(self.attempts).checked_sub(1).and_then(|place| PAUSES.get(place)) {
                    Some(pause) => mail.state = State::Queued { due_at: now + *pause },
                    None => mail.fail(now),
                }
            }
        }
        mail
    }

    fn fail(&mut self, now: Timestamp) {
        self.state = State::Failed { at: now };
        self.wipe();
    }

    fn wipe(&mut self) {
        self.message.text = String::new();
        self.message.html = String::new();
    }
}

impl Record for Mail {
    const KINDS: &'static [RecordKind] = &[RecordKind::Mail];

    fn kind(&self) -> RecordKind {
        RecordKind::Mail
    }

    fn record_id(&self) -> RecordId {
        self.id.record()
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Queued { due_at } => Some(due_at),
            State::Sending { until } => Some(until),
            State::Sent { .. } | State::Failed { .. } => None,
        }
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }
}
