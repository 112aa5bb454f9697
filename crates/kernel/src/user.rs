//! A user of the portal: who somebody is, what she may do, and what is known of her signing in. Pure: hashes and codes are made and
//! compared by the engine, which tells what it found.

use std::fmt;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::payment::Mode;
use crate::{MerchantId, Record, RecordId, RecordKind, UserId};

mod permission;
#[cfg(test)]
mod tests;
mod throttle;

pub use permission::{Permission, Role};
pub use throttle::{Network, Throttle, Wait};

/// A session without a request for so long is over (OWASP ASVS 5.0, 7.3).
pub const IDLE_MAX: SignedDuration = SignedDuration::from_mins(30);
/// No session lasts longer, however busy it is.
pub const SESSION_MAX: SignedDuration = SignedDuration::from_hours(12);
/// How long the one-time code may be thought about.
pub const CODE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How long an invitation is good for.
pub const INVITATION_MAX: SignedDuration = SignedDuration::from_hours(72);
/// Sessions of one user at a time; a newer one ends the oldest.
const SESSIONS_MAX: usize = 20;
const EMAIL_LENGTH_MAX: usize = 254;
const NAME_LENGTH_MAX: usize = 100;

/// Whose records users are: nobody's of the merchants, which are numbered from 1.
const INSTALLATION: MerchantId = MerchantId::from_number(0);

/// An e-mail address in lower case, by which a user signs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address; nothing where it cannot be one.
    pub fn parse(text: &str) -> Option<Email> {
        let text = text.trim().to_lowercase();
        let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        let (local, domain) = text.split_once('@')?;
        let good = plain(local) && plain(domain) && !domain.contains('@') && text.len() <= EMAIL_LENGTH_MAX;
        good.then_some(Email(text))
    }

    /// The address.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

/// Reads a person's name; nothing where it is empty or too long.
pub fn parse_name(text: &str) -> Option<String> {
    let text = text.trim();
    let good = !text.is_empty() && text.chars().count() <= NAME_LENGTH_MAX && !text.contains(char::is_control);
    good.then(|| text.to_owned())
}

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text in.
            pub fn new(text: String) -> $name {
                $name(text)
            }

            /// The text, for the one place that needs it.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

opaque! {
    /// What is kept of a password; only the engine knows how it is made.
    PasswordHash
    /// A secret sealed under the master key.
    Sealed
    /// What is kept of a token or code: a keyed digest.
    TokenDigest
}

/// Where a user stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Of the installation: all merchants, everything.
    Operator,
    /// Of merchants, with a role at each; none: nowhere any more.
    Member(Vec<Membership>),
}

/// A user's role at a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The merchant.
    pub merchant: MerchantId,
    /// What she is there.
    pub role: Role,
}

/// The second factor: one-time passwords by time (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTime {
    /// What the codes are computed from.
    pub secret: Sealed,
    /// The newest step whose code was used; it and older ones are used up (RFC 6238, section 5.2).
    pub last_step: u64,
    /// Of the recovery codes that are left.
    pub recovery: Vec<TokenDigest>,
}

/// A link by which a user sets her password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Of its token.
    pub token: TokenDigest,
    /// From then on it leads nowhere.
    pub expires_at: Timestamp,
}

/// A browser that a user has signed in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Of its token.
    pub token: TokenDigest,
    /// How far it has come.
    pub level: Level,
    /// When it began.
    pub begun_at: Timestamp,
    /// Its last request, to the minute.
    pub seen_at: Timestamp,
    /// Where it was begun.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The password was right; the one-time code is awaited.
    AwaitsCode,
    /// Signed in.
    Full,
}

impl Session {
    /// What it is called in lists; it tells nothing about its token.
    pub fn name(&self) -> &str {
        self.token.expose().get(..12).unwrap_or_default()
    }

    /// Whether it is alive.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let (age, idle) = (now.duration_since(self.begun_at), now.duration_since(self.seen_at));
        match self.level {
            Level::AwaitsCode => age < CODE_MAX,
            Level::Full => age < SESSION_MAX && idle < IDLE_MAX,
        }
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Her id, computed from the address.
    pub id: UserId,
    /// By which she signs in; it stays.
    pub email: Email,
    /// Her name.
    pub name: String,
    /// What she may do, and where.
    pub standing: Standing,
    /// None until she has chosen one.
    pub password: Option<PasswordHash>,
    /// The second factor, if she has one.
    pub one_time: Option<OneTime>,
    /// A second factor that is being set up: its secret, until a code of it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_time_offered: Option<Sealed>,
    /// A link that is alive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// What is known of attempts to sign in.
    #[serde(default)]
    pub throttle: Throttle,
    /// Browsers she is signed in with, the oldest first.
    #[serde(default)]
    pub sessions: Vec<Session>,
    /// When she was added.
    pub created_at: Timestamp,
    /// Since when she may not sign in.
    pub disabled_at: Option<Timestamp>,
}

/// Why a user's one-time password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRefusal {
    /// There is no second factor.
    None,
    /// The code was used before, or is older than one that was.
    Used,
}

impl User {
    /// A user who has to choose a password by a link.
    pub fn invited(id: UserId, email: Email, name: String, standing: Standing, now: Timestamp) -> User {
        User {
            id,
            email,
            name,
            standing,
            password: None,
            one_time: None,
            one_time_offered: None,
            invitation: None,
            throttle: Throttle::default(),
            sessions: Vec::new(),
            created_at: now,
            disabled_at: None,
        }
    }

    /// What she may do at a merchant.
    pub fn may(&self, merchant: MerchantId, permission: Permission) -> bool {
        match &self.standing {
            Standing::Operator => true,
            Standing::Member(_) => self.role_at(merchant).is_some_and(|role| role.permits(permission)),
        }
    }

    /// Whether she knows a merchant at all.
    pub fn sees(&self, merchant: MerchantId) -> bool {
        match &self.standing {
            Standing::Operator => true,
            Standing::Member(_) => self.role_at(merchant).is_some(),
        }
    }

    /// Whether the installation is hers to run.
    pub fn is_operator(&self) -> bool {
        self.standing == Standing::Operator
    }

    /// Her role at a merchant, if she is a member of it.
    pub fn role_at(&self, merchant: MerchantId) -> Option<Role> {
        match &self.standing {
            Standing::Operator => None,
            Standing::Member(members) => {
                members.iter().find(|member| member.merchant == merchant).map(|member| member.role)
            }
        }
    }

    /// Whether she is of this merchant and of no other, so that its owner may give her a new password link.
    pub fn is_only_of(&self, merchant: MerchantId) -> bool {
        match &self.standing {
            Standing::Operator => false,
            Standing::Member(members) => {
                !members.is_empty() && members.iter().all(|member| member.merchant == merchant)
            }
        }
    }

    /// Gives her a role at a merchant, or takes it away. Nothing is changed of an operator.
    pub fn set_role(&mut self, merchant: MerchantId, role: Option<Role>) {
        let Standing::Member(members) = &mut self.standing else { return };
        members.retain(|member| member.merchant != merchant);
        members.extend(role.map(|role| Membership { merchant, role }));
        members.sort_by_key(|member| member.merchant);
    }

    /// Whether she can sign in at all.
    pub fn can_sign_in(&self) -> bool {
        self.disabled_at.is_none() && self.password.is_some()
    }

    /// Her session with a token; nothing where it is over.
    pub fn session(&self, token: &TokenDigest, now: Timestamp) -> Option<&Session> {
        let alive = |session: &&Session| session.token == *token && session.is_alive(now);
        self.sessions.iter().find(alive).filter(|_| self.disabled_at.is_none())
    }

    /// Adds a session; what is over goes, and the oldest where there are too many.
    pub fn begin_session(&mut self, session: Session, now: Timestamp) {
        self.sessions.retain(|session| session.is_alive(now));
        while self.sessions.len() >= SESSIONS_MAX {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
    }

    /// Ends sessions by a rule that tells which go; returns how many went.
    pub fn end_sessions(&mut self, goes: impl Fn(&Session) -> bool) -> usize {
        let before = self.sessions.len();
        self.sessions.retain(|session| !goes(session));
        before - self.sessions.len()
    }

    /// Takes the code of a step, once.
    ///
    /// # Errors
    /// [`StepRefusal`]; nothing is changed then.
    pub fn use_step(&mut self, step: u64) -> Result<(), StepRefusal> {
        let one_time = self.one_time.as_mut().ok_or(StepRefusal::None)?;
        if step <= one_time.last_step {
            return Err(StepRefusal::Used);
        }
        one_time.last_step = step;
        Ok(())
    }

    /// Takes a recovery code, once; false where there is none like it.
    pub fn use_recovery(&mut self, code: &TokenDigest) -> bool {
        let Some(one_time) = self.one_time.as_mut() else { return false };
        let before = one_time.recovery.len();
        one_time.recovery.retain(|left| left != code);
        one_time.recovery.len() < before
    }

    /// A new password. It ends every session and every link; who knew the old one is out.
    pub fn set_password(&mut self, password: PasswordHash) {
        self.password = Some(password);
        self.invitation = None;
        self.sessions.clear();
    }

    /// Keeps her from signing in, and signs her out.
    pub fn disable(&mut self, now: Timestamp) {
        self.disabled_at = Some(self.disabled_at.unwrap_or(now));
        self.invitation = None;
        self.sessions.clear();
    }
}

impl Record for User {
    const KINDS: &'static [RecordKind] = &[RecordKind::User];

    fn kind(&self) -> RecordKind {
        RecordKind::User
    }

    fn record_id(&self) -> RecordId {
        self.id.record()
    }

    fn merchant(&self) -> MerchantId {
        INSTALLATION
    }

    fn mode(&self) -> Mode {
        Mode::Live
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        None
    }

    fn word_text(&self) -> &'static str {
        match (self.disabled_at, &self.password) {
            (Some(_), _) => "disabled",
            (None, Some(_)) => "active",
            (None, None) => "invited",
        }
    }
}

impl User {
    /// Whose records users are, for lists.
    pub const OWNER: (MerchantId, Mode) = (INSTALLATION, Mode::Live);
}
