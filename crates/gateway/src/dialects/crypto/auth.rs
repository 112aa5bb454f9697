//! HTTP Basic: an API user and its key (contract, section 2).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use florin_engine::directory::{Credential, Merchant, key_hash};
use florin_engine::{Engine, Owner};
use florin_kernel::Timestamp;
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use jiff::SignedDuration;

use super::errors::Problem;
use super::settings::Settings;

/// A merchant's program.
pub struct Caller {
    /// Its credential.
    pub credential: Arc<Credential>,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The credential's settings for this dialect.
    pub settings: Settings,
    /// Whose clock holds.
    pub lane: Lane,
}

impl Caller {
    /// Whose payments it may touch.
    pub fn owner(&self) -> Owner {
        Owner { merchant: self.credential.merchant, mode: self.credential.mode }
    }
}

/// What a login is kept as: found by a keyed hash, so that finding it takes a time that says nothing about it.
pub fn key(user: &str, password: &str) -> String {
    format!("{}\n{password}", user.to_ascii_lowercase())
}

/// Wrong passwords of one user, and until when it is locked out.
#[derive(Default)]
struct Wrong {
    at: Vec<Timestamp>,
    locked_until: Option<Timestamp>,
}

/// Who tried wrong passwords lately. A call without any never counts: client libraries probe so.
#[derive(Default)]
pub struct Lockout(Mutex<HashMap<String, Wrong>>);

const WRONG_MAX: usize = 20;
const WRONG_WITHIN: SignedDuration = SignedDuration::from_mins(10);
const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(1);
/// Users that are remembered; whoever invents more makes us forget the first.
const USERS_MAX: usize = 10_000;

impl Lockout {
    fn is_locked(&self, user: &str, now: Timestamp) -> bool {
        let wrong = self.0.lock().expect("no holder of the lock panics");
        wrong.get(user).and_then(|wrong| wrong.locked_until).is_some_and(|until| now < until)
    }

    fn note(&self, user: &str, now: Timestamp) {
        let mut all = self.0.lock().expect("no holder of the lock panics");
        if all.len() >= USERS_MAX && !all.contains_key(user) {
            all.clear();
        }
        let wrong = all.entry(user.to_owned()).or_default();
        wrong.at.retain(|at| now.duration_since(*at) < WRONG_WITHIN);
        wrong.at.push(now);
        if wrong.at.len() >= WRONG_MAX {
            wrong.locked_until = Some(now + LOCKED_FOR);
            wrong.at.clear();
        }
    }
}

/// Who calls.
///
/// # Errors
/// [`Problem`]: 401, or 429 after too many wrong passwords.
pub fn admit(engine: &Engine, lockout: &Lockout, headers: &HeaderMap) -> Result<Caller, Problem> {
    let (user, password) = login(headers).ok_or_else(Problem::unauthenticated)?;
    let now = engine.now(Lane::Live);
    if lockout.is_locked(&user, now) {
        return Err(Problem::locked_out());
    }
    let hash = key_hash(engine.keyring(), Dialect::Crypto, &key(&user, &password));
    let directory = engine.directory();
    let known = directory.credential_by_hash(&hash).filter(|credential| !credential.revoked);
    let known = known.filter(|credential| {
        let now = engine.now(Lane::of(credential.merchant, credential.mode));
        credential.expires_at.is_none_or(|expires_at| expires_at > now)
    });
    let found = known.and_then(|credential| Some((credential, directory.merchant(credential.merchant)?)));
    let Some((credential, merchant)) = found else {
        lockout.note(&user, now);
        return Err(Problem::unauthenticated());
    };
    Ok(Caller {
        settings: Settings::of(credential),
        lane: Lane::of(credential.merchant, credential.mode),
        credential: credential.clone(),
        merchant: merchant.clone(),
    })
}

fn login(headers: &HeaderMap) -> Option<(String, String)> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (scheme, encoded) = line.to_str().ok()?.trim().split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    (!user.is_empty() && !password.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}
