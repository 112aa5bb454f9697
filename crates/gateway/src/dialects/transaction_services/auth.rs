//! Who calls, and whether they may: the token first, then the member and the checksum (contract, sections 2, 3 and 8.1).
//!
//! Logins are found by keyed hashes of their names; keys are compared in constant time.

use std::sync::Arc;

use axum::http::HeaderMap;
use florin_engine::directory::{Credential, Merchant, Permission, key_hash};
use florin_engine::{Engine, Owner};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use subtle::ConstantTimeEq;

use super::errors::Problem;
use super::settings::{Partner, Settings};
use super::token::{self, Claims, Role, TokenFault};

/// A merchant's program that acts for a member.
pub struct Caller {
    /// The member's credential.
    pub credential: Arc<Credential>,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The member's settings.
    pub settings: Settings,
    /// Its keys, newest first.
    pub keys: Vec<Secret>,
    /// Whose clock holds.
    pub lane: Lane,
}

impl Caller {
    /// Whose transactions it may touch.
    pub fn owner(&self) -> Owner {
        Owner { merchant: self.credential.merchant, mode: self.credential.mode }
    }

    /// Test or live.
    pub fn mode(&self) -> Mode {
        self.credential.mode
    }

    /// Whether the credential may do all of this.
    ///
    /// # Errors
    /// [`Problem::NotEnabled`].
    pub fn may(&self, permissions: &[Permission]) -> Result<(), Problem> {
        match permissions.iter().all(|permission| self.credential.permissions.contains(permission)) {
            true => Ok(()),
            false => Err(Problem::NotEnabled),
        }
    }
}

/// What a member's credential is found by: no secret.
pub fn member_key(member_id: &str) -> String {
    format!("member\n{member_id}")
}

/// What a member's credential is found by when it logs in.
pub fn login_key(partner_id: &str, username: &str) -> String {
    format!("login\n{partner_id}\n{username}")
}

/// What a partner's credential is found by.
pub fn partner_key(partner_id: &str) -> String {
    format!("partner\n{partner_id}")
}

/// Who a credential belongs to, as logins and tokens name them.
pub struct Login {
    /// The credential.
    pub credential: Arc<Credential>,
    /// Member or partner.
    pub role: Role,
    /// The login's name.
    pub username: String,
    /// The partner's id.
    pub partner_id: String,
    /// The member's id.
    pub member_id: Option<String>,
    /// The keys that are accepted, newest first.
    pub keys: Vec<Secret>,
}

impl Login {
    /// The login that a credential is.
    fn of(engine: &Engine, credential: Arc<Credential>) -> Login {
        match Partner::of(&credential) {
            Some(partner) => Login {
                keys: keys(engine, &credential, &partner.previous_key),
                credential,
                role: Role::Partner,
                username: partner.username,
                partner_id: partner.partner_id,
                member_id: None,
            },
            None => {
                let settings = Settings::of(&credential);
                Login {
                    keys: keys(engine, &credential, &settings.previous_key),
                    credential,
                    role: Role::Merchant,
                    username: settings.username,
                    partner_id: settings.partner_id,
                    member_id: Some(settings.member_id),
                }
            }
        }
    }

    /// Whether a key is one of its own.
    pub fn accepts(&self, key: &str) -> bool {
        let right = |known: &Secret| known.expose().as_bytes().ct_eq(key.as_bytes());
        let none = subtle::Choice::from(0);
        self.keys.iter().fold(none, |right_so_far, known| right_so_far | right(known)).into()
    }

    /// The version of its key in tokens: another key is another version.
    pub fn version(&self, engine: &Engine) -> String {
        let key = self.keys.first().map(Secret::expose).unwrap_or_default();
        let number = self.credential.id.number().to_be_bytes();
        let hash = engine.keyring().credential_hash(&[b"key version", &number, key.as_bytes()]);
        hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The keys of a credential: its own, and the one before while they are rotated.
fn keys(engine: &Engine, credential: &Credential, previous: &str) -> Vec<Secret> {
    let previous = (!previous.is_empty()).then(|| engine.keyring().open(previous));
    let previous = previous.and_then(|opened| {
        opened.inspect_err(|error| tracing::error!(credential = %credential.id, %error, "a key cannot be opened")).ok()
    });
    [credential.signature_password.clone()].into_iter().chain(previous).collect()
}

/// The login of a key that [`member_key`] and its like made; revoked and expired ones are none.
pub fn login(engine: &Engine, key: &str) -> Option<Login> {
    let hash = key_hash(engine.keyring(), Dialect::TransactionServices, key);
    let directory = engine.directory();
    let credential = directory.credential_by_hash(&hash).filter(|credential| !credential.revoked)?.clone();
    let now = engine.now(Lane::of(credential.merchant, credential.mode));
    let expired = credential.expires_at.is_some_and(|expires_at| expires_at <= now);
    (!expired).then(|| Login::of(engine, credential))
}

/// The token of the header `AuthToken`.
///
/// # Errors
/// [`Problem::NoToken`] without one, [`Problem::WrongToken`] with two.
pub fn header_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut lines = headers.get_all("authtoken").iter();
    let Some(line) = lines.next() else { return Err(Problem::NoToken) };
    let token = line.to_str().map_err(|_| Problem::WrongToken)?.trim();
    match (token.is_empty(), lines.next()) {
        (true, _) => Err(Problem::NoToken),
        (false, Some(_)) => Err(Problem::WrongToken),
        (false, None) => Ok(token),
    }
}

/// The login that a token of ours is for.
///
/// # Errors
/// [`Problem::WrongToken`], [`Problem::TokenExpired`].
pub fn by_token(engine: &Engine, text: &str) -> Result<Login, Problem> {
    let claims =
        token::read(&token::signing_key(engine), text, engine.now(Lane::Live)).map_err(|fault| match fault {
            TokenFault::Invalid => Problem::WrongToken,
            TokenFault::Expired(_) => Problem::TokenExpired,
        })?;
    still_valid(engine, &claims)
}

/// The login of a token, if it may still be used: it is active, and its key is the one of then.
///
/// # Errors
/// [`Problem::WrongToken`].
pub fn still_valid(engine: &Engine, claims: &Claims) -> Result<Login, Problem> {
    let key = match (claims.role, &claims.mid) {
        (Role::Merchant, Some(member_id)) => member_key(member_id),
        (Role::Merchant, None) => return Err(Problem::WrongToken),
        (Role::Partner, _) => partner_key(&claims.pid),
    };
    let login = login(engine, &key).ok_or(Problem::WrongToken)?;
    let same = login.role == claims.role && login.partner_id == claims.pid && login.version(engine) == claims.kv;
    if same { Ok(login) } else { Err(Problem::WrongToken) }
}

/// The member that a token's holder acts for.
///
/// # Errors
/// [`Problem::WrongMember`] for one that is no member of the partner's, or not the token's.
pub fn caller(engine: &Engine, holder: &Login, member_id: &str) -> Result<Caller, Problem> {
    if holder.member_id.as_ref().is_some_and(|own| own != member_id) {
        return Err(Problem::WrongMember);
    }
    let caller = member(engine, member_id)?;
    match caller.settings.partner_id == holder.partner_id {
        true => Ok(caller),
        false => Err(Problem::WrongMember),
    }
}

/// A member by its number alone: for forms that prove themselves by their checksum.
///
/// # Errors
/// [`Problem::WrongMember`] when there is none.
pub fn member(engine: &Engine, member_id: &str) -> Result<Caller, Problem> {
    let login = login(engine, &member_key(member_id)).ok_or(Problem::WrongMember)?;
    let Login { credential, keys, .. } = login;
    let directory = engine.directory();
    let merchant = directory.merchant(credential.merchant).ok_or(Problem::WrongMember)?.clone();
    let lane = Lane::of(credential.merchant, credential.mode);
    Ok(Caller { settings: Settings::of(&credential), merchant, keys, credential, lane })
}
