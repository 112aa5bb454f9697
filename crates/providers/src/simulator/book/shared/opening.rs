//! New entries of a shared book in groups: whoever gets a session writes what all have offered meanwhile, in one statement.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::super::columns::{card_column, kind_word, standing_columns, visit_column};
use super::super::{BookError, Opened};
use super::{Parameters, Session, Slot, statements};
use crate::simulator::entry::{Entry, Letter};

/// An entry to write, with its callbacks.
pub(super) struct Opening<'o> {
    pub(super) entry: &'o Entry,
    pub(super) root: Option<&'o str>,
    pub(super) letters: &'o [Letter],
}

/// An entry that waits for a session.
struct Offered {
    entry: Entry,
    letters: Vec<Letter>,
    /// Is told whether the reference was free.
    reply: oneshot::Sender<Result<bool, BookError>>,
}

/// Entries that wait. They have no original, so nothing is read before they are written.
#[derive(Default)]
pub(super) struct Queue(Mutex<Vec<Offered>>);

impl Queue {
    fn push(&self, offered: Offered) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(offered);
    }

    fn take(&self) -> Vec<Offered> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl super::SharedBook {
    /// Writes an entry without an original, together with others that are offered at the same time.
    pub(super) async fn open_in_group(&self, entry: Entry, letters: &[Letter]) -> Result<Opened, BookError> {
        let (reply, mut answer) = oneshot::channel();
        self.queue.push(Offered { entry: entry.clone(), letters: letters.to_vec(), reply });
        let is_free = tokio::select! {
            biased;
            told = &mut answer => told,
            mut kept = self.opener.lock() => {
                self.write_offered(&mut kept).await;
                answer.await
            }
        };
        match is_free.map_err(|_| BookError("whoever was to write it is gone".into()))?? {
            true => Ok(Opened::Fresh(entry)),
            false => self.pipe().await?.asked_again(&entry).await,
        }
    }

    /// Writes what waits. It may be nothing, if somebody else has been here.
    async fn write_offered(&self, slot: &mut Slot) {
        let mut offered = self.queue.take();
        if offered.is_empty() {
            return;
        }
        // In one order everywhere, lest two groups wait for each other's references.
        offered.sort_by(|a, b| a.entry.reference.cmp(&b.entry.reference));
        let openings: Vec<Opening<'_>> = offered
            .iter()
            .map(|offered| Opening { entry: &offered.entry, root: None, letters: &offered.letters })
            .collect();
        let opened = match self.kept(slot).await {
            Ok(session) => session.open(&openings, self.process).await,
            Err(error) => Err(error),
        };
        // Of copies in one group the first one is written.
        let mut opened = opened.map_err(|error| error.0);
        for offered in offered {
            let is_free = opened.as_mut().map(|opened| opened.remove(&offered.entry.reference));
            // Who does not wait any more finds it in the book.
            let _ = offered.reply.send(is_free.map_err(|sentence| BookError(sentence.clone())));
        }
    }
}

impl Session {
    /// Writes entries and their callbacks, and tells the references that were free, after they are durable.
    pub(super) async fn open(&self, openings: &[Opening<'_>], process: i64) -> Result<HashSet<String>, BookError> {
        let entries = || openings.iter().map(|opening| opening.entry);
        let references: Vec<&str> = entries().map(|entry| entry.reference.as_str()).collect();
        let accounts: Vec<i64> = entries().map(|entry| entry.account.number()).collect();
        let lanes: Vec<i64> = entries().map(|entry| entry.lane.number()).collect();
        let kinds: Vec<&str> = entries().map(|entry| kind_word(entry.kind)).collect();
        let amounts: Vec<i64> = entries().map(|entry| entry.amount.minor()).collect();
        let assets: Vec<&str> = entries().map(|entry| entry.amount.asset().code()).collect();
        let originals: Vec<Option<&str>> = entries().map(|entry| entry.on.as_deref()).collect();
        let roots: Vec<Option<&str>> = openings.iter().map(|opening| opening.root).collect();
        let standings: Vec<_> = entries().map(|entry| standing_columns(&entry.standing)).collect();
        let statuses: Vec<&str> = standings.iter().map(|standing| standing.0).collect();
        let declines: Vec<Option<&str>> = standings.iter().map(|standing| standing.1).collect();
        let pending_until: Vec<Option<i64>> = standings.iter().map(|standing| standing.2).collect();
        let visits: Vec<Option<String>> = entries().map(|entry| visit_column(entry.visit.as_ref())).collect();
        let charged_back: Vec<i64> = entries().map(|entry| entry.charged_back_minor).collect();
        let cards: Vec<Option<String>> = entries().map(|entry| card_column(entry.card.as_ref())).collect();
        let at: Vec<i64> = entries().map(|entry| entry.at.as_millisecond()).collect();
        let letters =
            || openings.iter().flat_map(|opening| opening.letters.iter().map(move |letter| (opening, letter)));
        let owners: Vec<&str> = letters().map(|(opening, _)| opening.entry.reference.as_str()).collect();
        let all_letters: Vec<Letter> = letters().map(|(_, letter)| *letter).collect();
        let (topics, due, times) = statements::letter_columns(&all_letters);
        let columns: Parameters<'_> = &[
            &references,
            &accounts,
            &lanes,
            &kinds,
            &amounts,
            &assets,
            &originals,
            &roots,
            &statuses,
            &declines,
            &pending_until,
            &visits,
            &charged_back,
            &at,
            &owners,
            &topics,
            &due,
            &times,
            &process,
            &cards,
        ];
        let opened = self.query(statements::OPEN, columns).await?;
        opened.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}
