//! A book in PostgreSQL tables of its own, shared by all processes on one database. What stands in one statement goes over
//! sessions that many use at once; what must read before it writes locks the family's root first.
//!
//! What it has answered is durable, on a standby too where there is one: a gateway that goes on after the loss of a server
//! must find its acquirer as it left it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use florin_kernel::payment::Decline;
use florin_kernel::ports::Lane;
use florin_kernel::{Money, Timestamp};
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::columns::{card_column, lane, standing_columns, topic, visit_column};
use super::{BookError, Opened, Turned, Waiting};
use crate::simulator::entry::{Entry, Letter, Standing};

mod opening;
mod statements;

use opening::{Opening, Queue};
use statements::{LETTERS_DUE, read_entry, select};

/// How a session with the database is had; what goes wrong is a sentence.
pub type Connect = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Client, String>> + Send>> + Send + Sync>;

type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Sessions that many use at once.
const PIPES: usize = 3;
/// Sessions for transactions.
const ALONE: usize = 2;

/// A place for a session.
type Slot = Option<Arc<Session>>;

pub(super) struct SharedBook {
    connect: Connect,
    is_prepared: OnceCell<()>,
    pipes: [Mutex<Slot>; PIPES],
    alone: [Mutex<Slot>; ALONE],
    /// For new entries: while a group is on its way to disk the next one gathers. A second one would only make groups smaller.
    opener: Mutex<Slot>,
    queue: Queue,
    next: AtomicUsize,
    /// By which this process is told from others in leases.
    process: i64,
}

/// A session and the statements it knows.
struct Session {
    client: Client,
    statements: std::sync::Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    async fn query(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<Vec<Row>, Error> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.client.prepare(sql).await?;
                self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, statement.clone());
                statement
            }
        };
        self.client.query(&statement, parameters).await
    }

    async fn find(&self, reference: &str) -> Result<Option<Entry>, BookError> {
        self.query(select!("WHERE reference = $1"), &[&reference]).await?.first().map(read_entry).transpose()
    }

    /// Locks an operation's family, so that nobody else changes it before the transaction ends; returns its root and its
    /// members. `None` when there is no such operation.
    async fn family(&self, reference: &str) -> Result<Option<(String, Vec<Entry>)>, BookError> {
        let roots = self.query(statements::ROOT, &[&reference]).await?;
        let Some(root) = roots.first() else { return Ok(None) };
        let root: String = root.try_get(0)?;
        self.query(statements::LOCK, &[&root]).await?;
        let family = self.query(select!("WHERE root = $1 OR reference = $1"), &[&root]).await?;
        Ok(Some((root, family.iter().map(read_entry).collect::<Result<_, _>>()?)))
    }

    async fn asked_again(&self, entry: &Entry) -> Result<Opened, BookError> {
        let rows = self.query(statements::ASKED_AGAIN, &[&entry.reference]).await?;
        let known = rows.first().map(read_entry).transpose()?;
        let known = known.ok_or_else(|| BookError("an operation is gone".into()))?;
        Ok(if known.same_request(entry) { Opened::Known(known) } else { Opened::Other })
    }
}

impl SharedBook {
    pub(super) fn new(connect: Connect) -> SharedBook {
        SharedBook {
            connect,
            is_prepared: OnceCell::new(),
            pipes: std::array::from_fn(|_| Mutex::default()),
            alone: std::array::from_fn(|_| Mutex::default()),
            opener: Mutex::default(),
            queue: Queue::default(),
            next: AtomicUsize::new(0),
            process: RandomState::new().hash_one(()) as i64,
        }
    }

    /// Takes turns among places.
    fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    async fn session(&self) -> Result<Arc<Session>, BookError> {
        let client = (self.connect)().await.map_err(BookError)?;
        self.is_prepared.get_or_try_init(|| client.batch_execute(statements::SCHEMA)).await?;
        Ok(Arc::new(Session { client, statements: std::sync::Mutex::default() }))
    }

    /// The session in a place, made now if there is none that works.
    async fn kept(&self, place: &mut Slot) -> Result<Arc<Session>, BookError> {
        match place {
            Some(session) if !session.client.is_closed() => Ok(session.clone()),
            Some(_) | None => Ok(place.insert(self.session().await?).clone()),
        }
    }

    /// A session that others use at the same time.
    async fn pipe(&self) -> Result<Arc<Session>, BookError> {
        let place = self.turn() % PIPES;
        self.kept(&mut *self.pipes[place].lock().await).await
    }

    /// One statement.
    async fn query(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<Vec<Row>, BookError> {
        Ok(self.pipe().await?.query(sql, parameters).await?)
    }

    /// Several statements in one transaction.
    async fn in_transaction<T>(
        &self,
        work: impl AsyncFnOnce(&Session) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        let place = self.turn() % ALONE;
        let mut kept = self.alone[place].lock().await;
        // Taken away meanwhile, so that a transaction left half way is not found by the next one.
        let session = self.kept(&mut kept).await?;
        *kept = None;
        session.client.batch_execute("BEGIN").await?;
        let done = work(&session).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        session.client.batch_execute(end).await?;
        *kept = Some(session);
        done
    }

    pub(super) async fn attempts(&self, reference: &str) -> Result<u32, BookError> {
        let rows = self.query("SELECT attempts FROM simulator_operations WHERE reference = $1", &[&reference]).await?;
        let attempts = rows.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
        Ok(u32::try_from(attempts).unwrap_or(u32::MAX))
    }

    pub(super) async fn all(&self) -> Result<Vec<Entry>, BookError> {
        self.query(select!("ORDER BY reference COLLATE \"C\""), &[]).await?.iter().map(read_entry).collect()
    }

    pub(super) async fn find(&self, reference: &str) -> Result<Option<Entry>, BookError> {
        self.query(select!("WHERE reference = $1"), &[&reference]).await?.first().map(read_entry).transpose()
    }

    pub(super) async fn open_entry(&self, entry: Entry, letters: &[Letter]) -> Result<Opened, BookError> {
        let Some(on) = entry.on.clone() else {
            return self.open_in_group(entry, letters).await;
        };
        let process = self.process;
        self.in_transaction(async move |session| {
            let family = session.family(&on).await?;
            if session.find(&entry.reference).await?.is_some() {
                return session.asked_again(&entry).await;
            }
            let fitting = family.as_ref().filter(|(_, family)| {
                let original = family.iter().find(|member| member.reference == on);
                original.is_some_and(|original| entry.fits(original, family, entry.at))
            });
            if let Some((root, _)) = fitting {
                let opening = Opening { entry: &entry, root: Some(root.as_str()), letters };
                let opened = session.open(&[opening], process).await?;
                return if !opened.is_empty() { Ok(Opened::Fresh(entry)) } else { session.asked_again(&entry).await };
            }
            let refused = Entry { standing: Standing::Declined(Decline::Response("12".into())), ..entry };
            let opened = session.open(&[Opening { entry: &refused, root: None, letters: &[] }], process).await?;
            if !opened.is_empty() { Ok(Opened::Refused(refused)) } else { session.asked_again(&refused).await }
        })
        .await
    }

    pub(super) async fn turn_page(
        &self,
        before: &Entry,
        after: &Turned,
        letters: &[Letter],
    ) -> Result<bool, BookError> {
        let (status, decline, pending_until) = standing_columns(&after.standing);
        let (old, new) = (visit_column(before.visit.as_ref()), visit_column(Some(&after.visit)));
        let (topics, due, times) = statements::letter_columns(letters);
        let card = card_column(after.card.as_ref());
        let parameters: Parameters<'_> = &[
            &before.reference,
            &old,
            &status,
            &decline,
            &pending_until,
            &new,
            &topics,
            &due,
            &times,
            &self.process,
            &card,
        ];
        let turned = self.query(statements::TURN, parameters).await?;
        Ok(!turned.is_empty())
    }

    pub(super) async fn lanes_waiting(&self) -> Result<Vec<Lane>, BookError> {
        let lanes = self.query("SELECT DISTINCT lane FROM simulator_letters", &[]).await?;
        lanes.iter().map(|row| Ok(lane(row.try_get(0)?))).collect()
    }

    pub(super) async fn references_due(&self, lane: Lane, now: Timestamp) -> Result<Vec<String>, BookError> {
        let (lane, now_ms) = (lane.number(), now.as_millisecond());
        let rows = self.query(statements::LEASE, &[&lane, &now_ms, &self.process]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub(super) async fn letters_due(&self, reference: &str, now: Timestamp) -> Result<Vec<Waiting>, BookError> {
        let parameters: Parameters<'_> = &[&reference, &now.as_millisecond(), &self.process];
        let read = |row: &Row| {
            let topic = topic(row.try_get(1)?).ok_or_else(|| BookError("an unknown topic".into()))?;
            let left = u32::try_from(row.try_get::<_, i64>(2)?).unwrap_or(0);
            Ok(Waiting { id: row.try_get(0)?, topic, left })
        };
        self.query(LETTERS_DUE, parameters).await?.iter().map(read).collect()
    }

    pub(super) async fn letter_taken(&self, letter: i64) -> Result<(), BookError> {
        self.query(statements::TAKEN, &[&letter]).await.map(drop)
    }

    pub(super) async fn letter_put_off(&self, letter: i64, until: Timestamp) -> Result<(), BookError> {
        self.query(statements::PUT_OFF, &[&letter, &until.as_millisecond()]).await.map(drop)
    }

    pub(super) async fn charge_back(&self, reference: &str, now: Timestamp) -> Result<Option<Money>, BookError> {
        self.in_transaction(async |session| {
            let Some((_, family)) = session.family(reference).await? else { return Ok(None) };
            let Some(entry) = family.iter().find(|member| member.reference == reference) else { return Ok(None) };
            let mut struck_minor = entry.charged_back_minor;
            if struck_minor == 0 {
                struck_minor = entry.strikeable_minor(&family, now);
                session.query(statements::STRIKE, &[&reference, &struck_minor]).await?;
            }
            Ok((struck_minor > 0).then(|| Money::new(struck_minor, entry.amount.asset())))
        })
        .await
    }
}

impl From<Error> for BookError {
    fn from(error: Error) -> BookError {
        match error.as_db_error() {
            Some(said) => BookError(said.message().to_owned()),
            None => BookError(error.to_string()),
        }
    }
}
