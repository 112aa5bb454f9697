//! A writer's line to the database: a session that is made again when it breaks, with growing pauses. Knows no changeset.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Error;

use super::super::apply::{BatchId, Session};
use super::super::connection::{Purpose, Server};
use super::super::rows::sentence;
use crate::StoreError;

/// How long an order waits for a database that is away; later ones are refused at once until it is back.
const PATIENCE: Duration = Duration::from_secs(5);
/// A server that takes longer to let us in counts as away.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(3);

pub(super) struct Line {
    server: Server,
    session: Option<Numbered>,
    /// Drawn once, so that it stays the same over sessions; 0 until the first.
    writer: i64,
    away: Option<Away>,
}

/// A session with its writer's number.
pub(super) struct Numbered {
    pub(super) writer: i64,
    session: Session,
}

impl Deref for Numbered {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// The database is not reached.
struct Away {
    since: Instant,
    pause: Duration,
    next_try: Instant,
    reason: String,
}

impl Line {
    pub(super) fn new(server: Server) -> Line {
        Line { server, session: None, writer: 0, away: None }
    }

    /// The session, made now if there is none.
    ///
    /// # Errors
    /// The database has been away for a while.
    pub(super) async fn session(&mut self) -> Result<&Numbered, StoreError> {
        while self.session.as_ref().is_none_or(|numbered| numbered.client.is_closed()) {
            self.session = None;
            if let Some(away) = &self.away {
                if away.since.elapsed() > PATIENCE {
                    if Instant::now() < away.next_try {
                        return Err(StoreError::Unavailable(away.reason.clone()));
                    }
                } else {
                    tokio::time::sleep_until(away.next_try).await;
                }
            }
            self.try_once().await;
        }
        self.session.as_ref().ok_or_else(|| StoreError::Unavailable("there is no session".to_owned()))
    }

    /// Connects, or notes when to try again.
    async fn try_once(&mut self) {
        match self.connect().await {
            Ok(session) => {
                if let Some(away) = self.away.take() {
                    let away_ms = away.since.elapsed().as_millis() as u64;
                    tracing::info!(writer = self.writer, away_ms, "the database is back");
                }
                self.session = Some(Numbered { writer: self.writer, session });
            }
            Err(reason) => {
                tracing::warn!(error = reason, "the database is not reached");
                let now = Instant::now();
                let (since, pause) = match &self.away {
                    Some(away) => (away.since, (away.pause * 2).min(PAUSE_MAX)),
                    None => (now, PAUSE_FIRST),
                };
                self.away = Some(Away { since, pause, next_try: now + spread(pause), reason });
            }
        }
    }

    async fn connect(&mut self) -> Result<Session, String> {
        match tokio::time::timeout(CONNECT_MAX, self.connect_slowly()).await {
            Ok(connected) => connected.map_err(|error| sentence(&error)),
            Err(_) => Err("PostgreSQL does not answer".to_owned()),
        }
    }

    async fn connect_slowly(&mut self) -> Result<Session, Error> {
        let client = self.server.connect(Purpose::Write).await?;
        if self.writer == 0 {
            self.writer = client.query_one("SELECT nextval('writers')", &[]).await?.try_get(0)?;
        }
        Session::prepare(client).await
    }

    /// Gives the session up; whatever its transaction did is undone by the server.
    pub(super) fn hang_up(&mut self) {
        self.session = None;
    }

    /// Undoes the transaction.
    pub(super) async fn roll_back(&mut self) {
        if let Some(session) = &self.session
            && session.client.batch_execute("ROLLBACK").await.is_err()
        {
            self.hang_up();
        }
    }

    /// Whether a transaction whose COMMIT was not answered is committed: read, never guessed, however long it takes.
    pub(super) async fn is_committed(&mut self, id: BatchId) -> bool {
        self.hang_up();
        loop {
            match self.session().await {
                Ok(session) => match session.is_committed(id).await {
                    Ok(is_committed) => return is_committed,
                    Err(error) => {
                        tracing::warn!(error = sentence(&error), "what became of a commit cannot be read yet");
                        self.hang_up();
                        tokio::time::sleep(spread(PAUSE_FIRST)).await;
                    }
                },
                Err(_) => tokio::time::sleep(spread(PAUSE_MAX)).await,
            }
        }
    }
}

/// Between a half and the whole of a pause, so that processes do not come back all at once.
fn spread(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) as u32;
    pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}
