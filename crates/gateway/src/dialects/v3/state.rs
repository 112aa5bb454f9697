//! What the handlers share, and the first steps of every call that needs a login.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use florin_engine::Engine;
use florin_kernel::payment::{Dialect, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::{Timestamp, Transaction};
use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::admission::Admission;
use super::auth::{self, Caller};
use super::checkout;
use super::errors::{FieldError, Problem};
use super::form::{Form, is_no_form};
use super::mounts::{Mount, Profile};
use super::request::Reading;
use super::stamp::Envelope;
use super::view::Viewer;
use crate::dialects::caller::{caller_address, is_blocked};
use crate::dialects::request::{BodyFault, idempotency_key, read_body};
use crate::pages::sim::Simulation;

/// The dialect's surroundings at one mount. Cheap to clone.
#[derive(Clone)]
pub struct V3State {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The simulated payer pages.
    pub simulation: Simulation,
    /// Believed about `X-Forwarded-For`.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Where.
    pub mount: Arc<Mount>,
    /// What the operator put before all calls.
    pub admission: Arc<Admission>,
}

/// A call that may be made.
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// The fields.
    pub form: Form,
    /// What is wrong with the form of some.
    pub faults: Vec<FieldError>,
    /// The key in the header.
    pub idempotency_key: Option<String>,
}

impl V3State {
    /// Reads a call as far as the login goes: token, body, entity. What is learnt is noted on the envelope.
    ///
    /// # Errors
    /// [`Problem`], in the contract's order.
    pub async fn read(&self, parts: &Parts, body: Body, envelope: &mut Envelope) -> Result<Asked, Problem> {
        let token = auth::token(&parts.headers);
        let by_token = match (&token, self.mount.profile) {
            (Ok(token), _) => Some(auth::credential(&self.engine, token)?),
            (Err(_), Profile::Oppwa) => None,
            (Err(problem), Profile::V3) => return Err(problem.clone()),
        };
        if let Some(credential) = &by_token {
            self.admit_address(credential, parts)?;
            self.admission.admit(credential.id)?;
        }
        let (form, faults) = read_form(parts, body).await?;
        let credential = match by_token {
            Some(credential) => credential,
            None => {
                let key = auth::legacy_login(&form).ok_or(Problem::NoLogin)?;
                let credential = auth::credential(&self.engine, &key)?;
                self.admit_address(&credential, parts)?;
                self.admission.admit(credential.id)?;
                credential
            }
        };
        envelope.now = self.engine.now(Lane::of(credential.merchant, credential.mode));
        let entity = auth::entity(&form).ok_or_else(|| Problem::Fields(vec![FieldError::missing("entityId")]))?;
        let caller = auth::caller(&self.engine, credential, entity)?;
        envelope.entity = caller.entity.clone();
        envelope.set = caller.settings.set(self.mount.profile);
        envelope.format = caller.settings.timestamp_format(self.mount.profile);
        envelope.declines = caller.settings.decline_status(self.mount.profile);
        let mut faults = faults;
        let idempotency_key = key_of(&parts.headers).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        Ok(Asked { caller, form, faults, idempotency_key })
    }

    /// A credential may be kept to the addresses of its merchant's machines; from elsewhere it is as one that does not exist.
    fn admit_address(&self, credential: &florin_engine::directory::Credential, parts: &Parts) -> Result<(), Problem> {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        match is_blocked(credential, caller_address(peer, &parts.headers, &self.trusted_proxies)) {
            true => Err(Problem::WrongLogin),
            false => Ok(()),
        }
    }

    /// What the rules of fields need to know.
    pub fn reading<'a>(&'a self, caller: &'a Caller) -> Reading<'a> {
        Reading {
            mode: caller.credential.mode,
            profile: self.mount.profile,
            prefix: &self.mount.prefix,
            settings: &caller.settings,
            entity: &caller.entity,
            today: utc_day(self.engine.now(caller.lane)),
            token: None,
        }
    }

    /// How answers to a caller are written.
    pub fn viewer(&self, caller: &Caller) -> Viewer {
        Viewer {
            engine: self.engine.clone(),
            mount: self.mount.clone(),
            set: caller.settings.set(self.mount.profile),
            pending: caller.settings.pending_codes,
            format: caller.settings.timestamp_format(self.mount.profile),
            entity: caller.entity.clone(),
        }
    }

    /// A transaction of the caller by our id or the id another dialect prints for it, and the sequence of the operation that is
    /// meant, 0 for the whole.
    pub async fn find(&self, caller: &Caller, text: &str) -> Result<Option<(Transaction, u16)>, Problem> {
        if let Some(payment) = checkout::read_id(&self.engine, text) {
            let found = self.engine.find_transaction(caller.owner(), payment).await?;
            return Ok(found.map(|transaction| (transaction, 0)));
        }
        let found = self.engine.find_printed(caller.owner(), Dialect::V3, text, None).await?;
        Ok(found.map(|found| (found.transaction, found.part.map_or(0, Seq::number))))
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, FieldError> {
    idempotency_key(headers).map_err(|fault| FieldError::new("Idempotency-Key", fault))
}

/// The fields of a call: a POST's are its body, all others' the query.
pub async fn read_form(parts: &Parts, body: Body) -> Result<(Form, Vec<FieldError>), Problem> {
    if parts.method != Method::POST {
        return Ok(Form::read(parts.uri.query().unwrap_or_default().as_bytes()));
    }
    let body = read_body(parts, body).await.map_err(|fault| match fault {
        BodyFault::TooLarge => Problem::BodyTooLarge,
        BodyFault::Incomplete => Problem::field("body", "must be complete"),
    })?;
    let content_type = parts.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    match content_type.is_some_and(|content_type| is_no_form(&content_type)) {
        true => Err(Problem::field("Content-Type", "must be application/x-www-form-urlencoded")),
        false => Ok(Form::read(&body)),
    }
}

/// The UTC day of a moment.
pub fn utc_day(instant: Timestamp) -> Date {
    Offset::UTC.to_datetime(instant).date()
}
