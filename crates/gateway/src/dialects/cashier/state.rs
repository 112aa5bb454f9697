//! What the handlers share, and the first steps of every call.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use florin_engine::directory::Permission;
use florin_engine::{ClaimRequest, Engine};
use florin_kernel::payment::Dialect;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::ProviderId;
use florin_kernel::{PaymentId, Transaction};
use ipnet::IpNet;
use jiff::civil::Date;

use super::auth::{self, Caller};
use super::errors::Problem;
use super::list::utc_day;
use super::reach::Reach;
use super::wire::{self, Deposit, Operation, Reading};
use crate::dialects::request::{self, BodyFault, idempotency_key};

/// The dialect's surroundings. Cheap to clone.
#[derive(Clone)]
pub struct CashierState {
    engine: Arc<Engine>,
    trusted_proxies: Arc<[IpNet]>,
    reach: Arc<Reach>,
}

/// A create call that may be made and whose fields are all right.
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// What is asked; in a box, since futures carry it.
    pub deposit: Box<Deposit>,
    /// The key in the header.
    pub idempotency_key: Option<String>,
}

impl CashierState {
    /// The dialect on an engine. `trusted_proxies` are believed about `X-Forwarded-For`.
    pub fn new(engine: Arc<Engine>, trusted_proxies: Vec<IpNet>) -> CashierState {
        CashierState { engine, trusted_proxies: trusted_proxies.into(), reach: Arc::default() }
    }

    pub(super) fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The UTC day by the merchant's clock.
    pub(super) fn today(&self, caller: &Caller) -> Date {
        utc_day(self.engine.now(caller.lane))
    }

    /// Checks who calls and whether they may.
    pub(super) fn admit(&self, request: &Parts, permission: Permission) -> Result<Caller, Problem> {
        auth::admit(&self.engine, &self.trusted_proxies, request, permission)
    }

    /// A create call, from key to fields, in the contract's order.
    pub(super) async fn read_create(&self, request: Request, operation: Operation) -> Result<Asked, Problem> {
        let (parts, body) = request.into_parts();
        let caller = self.admit(&parts, operation.permission())?;
        let body = read_body(&parts, body).await?;
        let reading = Reading {
            mode: caller.credential.mode,
            today: self.today(&caller),
            dob_format: caller.settings.dob_format,
            schemes: &caller.merchant.schemes,
        };
        let mut draft = wire::read(&body, operation, reading)?;
        if let Some(tracking_id) = &draft.tracking_id
            && Box::pin(self.is_our_id(tracking_id)).await?
        {
            draft.refuse("request.tracking_id", "must not be one of our transaction ids");
        }
        let directory = self.engine.directory();
        let known = |id: ProviderId| {
            let own = |merchant: Option<_>| merchant.is_none_or(|merchant| merchant == caller.merchant.id);
            directory.catalogue().providers.iter().any(|account| account.id == id && own(account.merchant))
        };
        draft.refuse_strangers(known);
        let idempotency_key = idempotency_key(&parts.headers).unwrap_or_else(|fault| {
            draft.refuse("Idempotency-Key", fault);
            None
        });
        Ok(Asked { deposit: Box::new(draft.finish()?), caller, idempotency_key })
    }

    /// An approve or reject call: who calls, and the body's bytes.
    pub(super) async fn read_approval(&self, request: Request) -> Result<(Caller, HeaderMap, Bytes), Problem> {
        let (parts, body) = request.into_parts();
        let caller = self.admit(&parts, Permission::Approve)?;
        let body = read_body(&parts, body).await?;
        Ok((caller, parts.headers, body))
    }

    /// A transaction of the caller by our id, its own reference, or the id another dialect prints for it.
    pub(super) async fn find(&self, caller: &Caller, text: &str) -> Result<Option<Transaction>, Problem> {
        let reference = ClaimRequest::reference(text);
        let found = self.engine.find_printed(caller.owner(), Dialect::Cashier, text, Some(&reference)).await?;
        // This dialect shows transactions, not their parts.
        Ok(found.filter(|found| found.part.is_none()).map(|found| found.transaction))
    }

    /// Whether a text is the printed id of a transaction or of one of its attempts, whoever owns it.
    async fn is_our_id(&self, text: &str) -> Result<bool, Problem> {
        match self.engine.codec().read_base36(text) {
            Some(reference) => Ok(self.engine.store().transaction(reference.payment).await?.is_some()),
            None => Ok(false),
        }
    }

    /// A payment's id as this dialect prints it.
    pub(super) fn print(&self, payment: PaymentId) -> String {
        self.engine.codec().base36(Reference { payment, sequence: 0 })
    }
}

/// The body, at most 64 KiB of it.
pub(super) async fn read_body(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    request::read_body(parts, body).await.map_err(|fault| match fault {
        BodyFault::TooLarge => Problem::BodyTooLarge,
        BodyFault::Incomplete => Problem::field("body", "must be complete"),
    })
}
