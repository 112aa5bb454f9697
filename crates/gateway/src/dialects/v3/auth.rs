//! Who calls, and whether they may (contract, section 3).
//!
//! The token is found by a keyed hash, and so is the older platform's login: neither takes a time that says anything about it.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use florin_engine::directory::{Credential, Merchant, Permission, key_hash};
use florin_engine::{Engine, Owner};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;

use super::errors::Problem;
use super::form::Form;
use super::settings::Settings;

/// A merchant's program.
pub struct Caller {
    /// Its credential.
    pub credential: Arc<Credential>,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The credential's settings for this dialect.
    pub settings: Arc<Settings>,
    /// The entity that it acts for.
    pub entity: String,
    /// Whose clock holds.
    pub lane: Lane,
}

impl Caller {
    /// Whose transactions it may touch.
    pub fn owner(&self) -> Owner {
        Owner { merchant: self.credential.merchant, mode: self.credential.mode }
    }

    /// Whether the credential may do all of this.
    ///
    /// # Errors
    /// [`Problem::NotPermitted`].
    pub fn may(&self, permissions: &[Permission]) -> Result<(), Problem> {
        match permissions.iter().all(|permission| self.credential.permissions.contains(permission)) {
            true => Ok(()),
            false => Err(Problem::NotPermitted),
        }
    }
}

/// The token of a header `Authorization: Bearer {token}`.
///
/// # Errors
/// [`Problem::NoLogin`] without one.
pub fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Err(Problem::NoLogin) };
    let (scheme, token) = line.to_str().ok().and_then(|line| line.trim().split_once(' ')).ok_or(Problem::NoLogin)?;
    let token = token.trim();
    match scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        true => Ok(token),
        false => Err(Problem::NoLogin),
    }
}

/// The credential of a token or of an older login's [`legacy_key`].
///
/// # Errors
/// [`Problem::WrongLogin`] for one that is unknown, revoked or expired.
pub fn credential(engine: &Engine, key: &str) -> Result<Arc<Credential>, Problem> {
    let hash = key_hash(engine.keyring(), Dialect::V3, key);
    let directory = engine.directory();
    let credential = directory.credential_by_hash(&hash).filter(|credential| !credential.revoked);
    let credential = credential.ok_or(Problem::WrongLogin)?;
    let now = engine.now(Lane::of(credential.merchant, credential.mode));
    match credential.expires_at.is_some_and(|expires_at| expires_at <= now) {
        true => Err(Problem::WrongLogin),
        false => Ok(credential.clone()),
    }
}

/// What the older platform's login is kept as: a key of its own for each entity.
pub fn legacy_key(user: &str, password: &str, entity: &str) -> String {
    format!("legacy\n{entity}\n{user}\n{password}")
}

/// The key of the older platform's login in a form, if there is one.
pub fn legacy_login(form: &Form) -> Option<String> {
    let field = |name: &str| form.get(&format!("authentication.{name}"));
    Some(legacy_key(field("userId")?, field("password")?, field("entityId").or(form.get("entityId"))?))
}

/// The entity that a form names.
pub fn entity(form: &Form) -> Option<&str> {
    form.get("entityId").or_else(|| form.get("authentication.entityId"))
}

/// The caller, once token and entity belong together.
///
/// # Errors
/// [`Problem::WrongLogin`] for an entity that is unknown or another credential's.
pub fn caller(engine: &Engine, credential: Arc<Credential>, entity: &str) -> Result<Caller, Problem> {
    let settings = Settings::of(&credential);
    let directory = engine.directory();
    let merchant = directory.merchant(credential.merchant).ok_or(Problem::WrongLogin)?.clone();
    if !settings.entity_ids.iter().any(|known| known == entity) {
        return Err(Problem::WrongLogin);
    }
    let lane = Lane::of(credential.merchant, credential.mode);
    Ok(Caller { credential, merchant, settings, entity: entity.to_owned(), lane })
}
