//! The people who use the portal: users, their sessions, and what is done about them. One function a verb, used by screens, the admin API
//! and the command line alike; each change is one commit with its entry of the audit log.
//!
//! A session lives in its user's row ([`florin_kernel::user`]), so a request costs one row to admit, and whatever is taken from a user is
//! taken from all her browsers in the same commit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use async_recursion::async_recursion as boxed;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, Level, Session, Throttle, TokenDigest, User, Wait};
use florin_kernel::{Timestamp, UserId};
use florin_store::audit::last_entry;
use florin_store::{Changeset, RecordQuery, RecordWrite, Store, StoreError, Verdict};
use serde_json::{Value, json};

use crate::Engine;
use crate::audit::{self, Note, TRIES_MAX, Who};
use crate::keys::Keyring;

mod account;
mod links;
mod members;
pub mod one_time;
pub mod password;
mod sign_in;
#[cfg(test)]
mod tests;

pub use account::Offer;
pub use florin_store::audit::{AuditReport, verify_audit};
pub use links::Invited;
pub use members::Grant;
pub use sign_in::SignedIn;

use password::{Busy, Hashing, Weak};

/// How often a session's last request is written down.
const SEEN_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
/// Unknown addresses whose attempts are counted; beyond them the count begins anew.
const UNKNOWN_MAX: usize = 4_096;
const AGENT_LENGTH_MAX: usize = 200;

/// What all who come to the door share: few passwords looked at at a time, and the attempts made on addresses that are nobody's, so
/// that these are answered as others are.
#[derive(Default)]
pub struct Door {
    hashing: Hashing,
    unknown: Mutex<HashMap<UserId, Throttle>>,
}

/// The users of an installation at a moment.
pub struct People<'e> {
    store: &'e dyn Store,
    keyring: &'e Keyring,
    door: &'e Door,
    now: Timestamp,
}

/// From where somebody comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// A user with the session by which she is known.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// She.
    pub user: User,
    /// Her session.
    pub session: Session,
    /// From where her request comes.
    pub address: IpAddr,
}

impl Visitor {
    /// She as the audit log names her.
    pub fn who(&self) -> Who {
        who(&self.user, self.session.name(), self.address)
    }
}

/// Why something about a user is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// Address, password or code is wrong. It is not said which.
    #[error("the address, the password or the code is wrong")]
    Wrong,
    /// Too many attempts.
    #[error("too many attempts; the next one is taken at {until}")]
    Wait {
        /// Then.
        until: Timestamp,
    },
    /// Too many passwords are being looked at.
    #[error("too many people sign in at once")]
    Busy,
    /// There is no such user, session or link any more.
    #[error("there is no such user, session or link")]
    NotFound,
    /// It cannot be a password.
    #[error("it cannot be a password: {0:?}")]
    Weak(Weak),
    /// A field that cannot be read.
    #[error("{0} cannot be used")]
    Invalid(&'static str),
    /// Another user has the address, or is already what she was to become.
    #[error("there is such a user already")]
    Taken,
    /// Nobody may do that to herself, and no merchant to a user of others.
    #[error("that is not yours to do")]
    NotYours,
    /// The store cannot answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> PeopleError {
        PeopleError::Unavailable(error.to_string())
    }
}

impl From<Wait> for PeopleError {
    fn from(wait: Wait) -> PeopleError {
        PeopleError::Wait { until: wait.until }
    }
}

impl From<Busy> for PeopleError {
    fn from(Busy: Busy) -> PeopleError {
        PeopleError::Busy
    }
}

impl From<Weak> for PeopleError {
    fn from(weak: Weak) -> PeopleError {
        PeopleError::Weak(weak)
    }
}

impl Engine {
    /// The people who use the portal.
    pub fn people(&self) -> People<'_> {
        People::new(self.store.as_ref(), &self.keyring, &self.door, self.clocks.wall())
    }
}

impl<'e> People<'e> {
    /// The users in a store, at a moment of the wall clock.
    pub fn new(store: &'e dyn Store, keyring: &'e Keyring, door: &'e Door, now: Timestamp) -> People<'e> {
        People { store, keyring, door, now }
    }

    /// The id that belongs to an address.
    pub fn id_of(&self, email: &Email) -> UserId {
        let digest = self.keyring.digest(&[b"user", email.text().as_bytes()]);
        let number = i64::from_be_bytes(digest[..8].try_into().expect("8 of 16 bytes"));
        UserId::from_number(number & i64::MAX)
    }

    /// A user.
    ///
    /// # Errors
    /// The store cannot answer.
    #[boxed]
    pub async fn user(&self, id: UserId) -> Result<Option<User>, PeopleError> {
        Ok(self.load(id).await?.map(|(user, _)| user))
    }

    /// All users, by address.
    ///
    /// # Errors
    /// The store cannot answer.
    #[boxed]
    pub async fn users(&self) -> Result<Vec<User>, PeopleError> {
        let (merchant, mode) = User::OWNER;
        let query = RecordQuery::all(merchant, mode, florin_kernel::RecordKind::User);
        let mut users = Vec::new();
        for stored in self.store.records(query).await? {
            users.extend(stored.read::<User>()?);
        }
        users.sort_by(|a: &User, b: &User| a.email.text().cmp(b.email.text()));
        Ok(users)
    }

    /// Who has a session by its token; nothing where it is over. Notes now and then that it is used.
    ///
    /// # Errors
    /// The store cannot answer.
    #[boxed]
    pub async fn visitor(&self, token: &str, level: Level, address: IpAddr) -> Result<Option<Visitor>, PeopleError> {
        let Some((id, digest)) = self.read_token("session", token) else { return Ok(None) };
        let Some((user, version)) = self.load(id).await? else { return Ok(None) };
        let Some(session) = user.session(&digest, self.now).filter(|session| session.level == level).cloned() else {
            return Ok(None);
        };
        if self.now.duration_since(session.seen_at) >= SEEN_EVERY {
            let mut seen = user.clone();
            let of_token = seen.sessions.iter_mut().filter(|session| session.token == digest);
            of_token.for_each(|session| session.seen_at = self.now);
            // That somebody was quicker, or that it cannot be written now, harms nobody: the next request notes it.
            let write = Changeset { records: vec![RecordWrite::update(&seen, version)], ..Changeset::default() };
            let _ = self.store.commit(write).await;
        }
        Ok(Some(Visitor { user, session, address }))
    }

    /// What the forms of a session carry, so that no other site can post them.
    pub fn form_token(&self, session: &Session) -> String {
        let digest = self.keyring.digest(&[b"portal form", session.token.expose().as_bytes()]);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn load(&self, id: UserId) -> Result<Option<(User, i64)>, PeopleError> {
        let Some(stored) = self.store.record(id.record()).await? else { return Ok(None) };
        Ok(stored.read::<User>()?.map(|user| (user, stored.version)))
    }

    /// Changes a user by a decision, with what is told of it, in one commit; decided again where somebody was quicker. A decision that
    /// changes nothing writes nothing.
    async fn change<T: Send>(
        &self,
        id: UserId,
        who: &Who,
        decide: impl Fn(&mut User) -> Result<(T, Vec<Note>), PeopleError> + Sync,
    ) -> Result<T, PeopleError> {
        let mut decided = None;
        let mut decide = |user: &mut User| {
            let (value, notes) = decide(user)?;
            decided = Some(value);
            Ok(notes)
        };
        self.change_by(id, who, &mut decide).await?;
        Ok(decided.expect("what was not decided is not done"))
    }

    /// As [`People::change`], which is one for each decision; this is there once.
    #[boxed]
    async fn change_by(
        &self,
        id: UserId,
        who: &Who,
        decide: &mut (dyn FnMut(&mut User) -> Result<Vec<Note>, PeopleError> + Send),
    ) -> Result<(), PeopleError> {
        for _ in 0..TRIES_MAX {
            let last = last_entry(self.store).await?;
            let (user, version) = self.load(id).await?.ok_or(PeopleError::NotFound)?;
            let mut changed = user.clone();
            let notes = decide(&mut changed)?;
            if changed == user && notes.is_empty() {
                return Ok(());
            }
            let audit = audit::rows(last, self.now, who, &notes);
            let records = vec![RecordWrite::update(&changed, version)];
            if self.commit(Changeset { records, audit, ..Changeset::default() }).await? == Took::Yes {
                return Ok(());
            }
        }
        Err(StoreError::Overloaded.into())
    }

    async fn commit(&self, changeset: Changeset) -> Result<Took, PeopleError> {
        match self.store.commit(changeset).await? {
            Verdict::Committed => Ok(Took::Yes),
            Verdict::Conflict => Ok(Took::No),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }

    /// A new token that names its user, and what is kept of it.
    fn new_token(&self, purpose: &str, user: UserId) -> (Secret, TokenDigest) {
        let text = format!("{:016x}{}", user.number(), one_time::new_token());
        let kept = digest(self.keyring, purpose, &text);
        (Secret::new(text), kept)
    }

    /// Whose a token would be, and what would be kept of it.
    fn read_token(&self, purpose: &str, token: &str) -> Option<(UserId, TokenDigest)> {
        let number = token.get(..16).and_then(|digits| i64::from_str_radix(digits, 16).ok())?;
        Some((UserId::from_number(number), digest(self.keyring, purpose, token)))
    }

    /// Counts an attempt on an address that is nobody's, as one on a user's is.
    fn begin_unknown(&self, id: UserId, client: &Client) -> Result<(), Wait> {
        let mut unknown = self.door.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if unknown.len() >= UNKNOWN_MAX && !unknown.contains_key(&id) {
            unknown.clear();
        }
        unknown.entry(id).or_default().begin(florin_kernel::user::Network::of(client.address), self.now)
    }
}

/// Whether a commit was in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    Yes,
    No,
}

impl Client {
    /// From an address; of the browser's name as much as is worth keeping.
    pub fn new(address: IpAddr, agent: &str) -> Client {
        Client { address, agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_LENGTH_MAX).collect() }
    }
}

/// What is kept of a token or code for a purpose.
fn digest(keyring: &Keyring, purpose: &str, text: &str) -> TokenDigest {
    let hash = keyring.credential_hash(&[b"portal", purpose.as_bytes(), text.as_bytes()]);
    TokenDigest::new(crate::directory::hash_to_hex(&hash))
}

fn who(user: &User, session: &str, address: IpAddr) -> Who {
    Who::User { id: user.id, email: user.email.text().to_owned(), session: session.to_owned(), address }
}

/// A user as the audit log and the admin API show her: nothing secret.
pub fn view(user: &User) -> Value {
    use florin_kernel::Record as _;
    json!({
        "id": user.id.number(), "email": user.email.text(), "name": user.name, "standing": user.standing,
        "state": user.word_text(), "one_time_password": user.one_time.is_some(),
        "created_at": user.created_at.to_string()
    })
}

/// A note about a user that names what was before and is after.
fn changed(action: &'static str, before: &User, after: &User, merchant: Option<florin_kernel::MerchantId>) -> Note {
    Note { action, object: after.email.text().to_owned(), merchant, before: view(before), after: view(after) }
}

/// A note about something that leaves no trace in what is shown of a user.
fn happened(action: &'static str, user: &User, after: Value) -> Note {
    Note { action, object: user.email.text().to_owned(), merchant: None, before: Value::Null, after }
}
