//! What the handlers share, and the first steps of every call: token, body, member, checksum, in the contract's order (section 3).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::Method;
use axum::http::request::Parts;
use florin_engine::Engine;
use florin_kernel::Transaction;
use florin_kernel::payment::Dialect;
use ipnet::IpNet;

use super::auth::{self, Caller, Login};
use super::calls::{Call, InvoiceCall};
use super::checksum::{self, Formula, Values};
use super::document::Document;
use super::envelope::{Envelope, Topic};
use super::errors::{Fault, Problem, Rule};
use super::failures::Failures;
use super::fields::{Complaint, Fields, body, form};
use super::references;
use super::settings::Settings;
use super::standing::Wording;
use super::view::{Viewer, foreign};
use crate::dialects::caller::{caller_address, is_blocked};
use crate::dialects::request::idempotency_key;
use crate::pages::sim::Simulation;

/// The dialect's surroundings. Cheap to clone.
#[derive(Clone)]
pub struct TsState {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The simulated payer pages.
    pub simulation: Simulation,
    /// Believed about `X-Forwarded-For`.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Failed logins.
    pub failures: Arc<Failures>,
}

/// A call that may be made.
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// The fields.
    pub fields: Fields,
    /// The key in the header.
    pub idempotency_key: Option<String>,
}

/// Which id a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    /// `PID`: ours.
    Ours,
    /// `MID`: the merchant's.
    Merchants,
    /// Not said.
    Either,
}

/// The names of kinds of ids.
pub const ID_TYPES: &[(&str, IdType)] = &[("PID", IdType::Ours), ("MID", IdType::Merchants)];

impl TsState {
    /// Reads a call as far as it is known who asks for what. What is learnt is noted on the envelope.
    ///
    /// # Errors
    /// [`Problem`], in the contract's order.
    pub fn read(&self, parts: &Parts, bytes: &Bytes, call: &Call, envelope: &mut Envelope) -> Result<Asked, Problem> {
        let holder = auth::by_token(&self.engine, auth::header_token(&parts.headers)?)?;
        if is_blocked(&holder.credential, self.address(parts)) {
            return Err(Problem::WrongToken);
        }
        if holder.member_id.is_some() {
            envelope.http_errors = Settings::of(&holder.credential).http_errors;
        }
        let fields = match parts.method {
            Method::POST => body::read(&parts.headers, bytes)?,
            _ => form::read(parts.uri.query().unwrap_or_default().as_bytes())?.checked()?,
        };
        envelope.note(&fields);
        if matches!(call, Call::Order(_)) && !is_inquiry(&fields) {
            envelope.topic = Topic::Money;
        }
        if matches!(call, Call::Token(_)) && is_deletion(&fields) {
            envelope.topic = Topic::Other;
        }
        let caller = self.caller(&holder, &fields, call)?;
        envelope.http_errors = caller.settings.http_errors;
        envelope.now = self.engine.now(caller.lane);
        check_signature(&caller, &holder, &fields, call)?;
        let key = idempotency_key(&parts.headers);
        let idempotency_key = key.map_err(|fault| Problem::field("Idempotency-Key", Rule::Format, fault))?;
        Ok(Asked { caller, fields, idempotency_key })
    }

    fn caller(&self, holder: &Login, fields: &Fields, call: &Call) -> Result<Caller, Problem> {
        let sent = fields.get("authentication.memberId");
        let own = holder.member_id.as_deref().filter(|_| matches!(call, Call::Show(_)));
        let caller = match sent.or(own) {
            Some(member_id) => auth::caller(&self.engine, holder, member_id)?,
            // A partner may ask for itself here.
            None if matches!(call, Call::Cards | Call::SignUp) => auth::partner(&self.engine, holder)?,
            None => return Err(Problem::WrongMember),
        };
        match fields.get("authentication.partnerId").is_none_or(|sent| sent == holder.partner_id) {
            true => Ok(caller),
            false => Err(Problem::WrongMember),
        }
    }

    /// Where a request came from.
    pub fn address(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        caller_address(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), &parts.headers, &self.trusted_proxies)
    }

    /// How answers to a caller are written.
    pub fn viewer(&self, caller: &Caller) -> Viewer {
        Viewer { engine: self.engine.clone(), wording: Wording::of(&caller.settings) }
    }

    /// A member's transaction by an id of ours, a reference, or an id that another dialect prints for it; and what is known of it here.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for one that is nobody's or somebody else's.
    pub async fn find(&self, caller: &Caller, text: &str, kind: IdType) -> Result<(Transaction, Document), Problem> {
        let (engine, owner) = (&self.engine, caller.owner());
        let reference = match kind {
            IdType::Ours => None,
            IdType::Merchants | IdType::Either => references::taken(engine, caller, text).await?,
        };
        let found = match (kind, &reference) {
            (IdType::Merchants, None) => None,
            (IdType::Merchants, Some(claim)) => {
                match engine.referenced(owner, Dialect::TransactionServices, claim, 1).await?.first() {
                    Some(newest) => engine.find_referenced(owner, *newest).await?,
                    None => None,
                }
            }
            (IdType::Ours | IdType::Either, reference) => {
                engine.find_printed(owner, Dialect::TransactionServices, text, reference.as_ref()).await?
            }
        };
        let transaction = found.ok_or(Problem::NotFound)?.transaction;
        let document = self.document(caller, &transaction).await?;
        Ok((transaction, document))
    }

    /// What is known here of a transaction; one of another dialect gets its number now.
    ///
    /// # Errors
    /// [`Problem`] when the store cannot answer.
    pub async fn document(&self, caller: &Caller, transaction: &Transaction) -> Result<Document, Problem> {
        let dialect = match transaction {
            Transaction::Payment(payment) => payment.dialect,
            Transaction::Withdrawal(withdrawal) => withdrawal.dialect,
            Transaction::Coin(coin) => coin.dialect,
        };
        let own = (dialect == Dialect::TransactionServices).then(|| Document::of(transaction.details())).flatten();
        match own {
            Some(document) => Ok(document),
            None => Ok(foreign(self.engine.number_of(caller.owner(), transaction.id()).await?)),
        }
    }
}

/// Whether a call below `payments/{id}` only reads.
pub fn is_inquiry(fields: &Fields) -> bool {
    fields.get("paymentType").is_some_and(|kind| kind.eq_ignore_ascii_case("IN"))
}

/// Whether a call charges the card of an earlier payment again.
pub fn is_repeat(fields: &Fields) -> bool {
    let is = |name: &str, word: &str| fields.get(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
    is("recurringType", "REPEATED") && (is("paymentType", "DB") || is("paymentType", "PA"))
}

/// Whether a call about a stored card deletes it.
pub fn is_deletion(fields: &Fields) -> bool {
    fields.get("paymentType").is_some_and(|kind| kind.eq_ignore_ascii_case("DL"))
}

/// What is hashed in a call, and which of its fields must be there.
fn signature(call: &Call, fields: &Fields) -> (Formula, &'static [&'static str]) {
    let is = |word: &str| fields.get("paymentType").is_some_and(|kind| kind.eq_ignore_ascii_case(word));
    let repeated = fields.get("recurringType").is_some_and(|kind| kind.eq_ignore_ascii_case("REPEATED"));
    match call {
        Call::Pay if repeated => (checksum::REPEAT, &["amount"]),
        Call::Order(_) if is("IN") => (checksum::INQUIRY, &[]),
        Call::Order(_) if is("RV") => (checksum::REVERSAL, &[]),
        Call::Order(_) if is("DB") || is("PA") => (checksum::REPEAT, &["amount"]),
        Call::Order(_) | Call::Refund(_) => (checksum::CAPTURE, &["amount"]),
        Call::Pay => (checksum::PAYMENT, &["merchantTransactionId", "amount"]),
        Call::Show(_) | Call::Inquire => (checksum::INQUIRY, &[]),
        Call::Payout => (checksum::PAYOUT, &["merchantTransactionId", "amount"]),
        Call::Register => (checksum::REGISTRATION, &[]),
        Call::Token(_) if is("DL") => (checksum::DELETION, &[]),
        Call::Token(_) => (checksum::TOKEN_PAYMENT, &["amount"]),
        Call::Cards => (checksum::CARDS, &[]),
        Call::SignUp => (checksum::SIGN_UP, &[]),
        Call::Invoice(InvoiceCall::Generate) => (checksum::INVOICE, &["merchantInvoiceId", "amount"]),
        Call::Invoice(InvoiceCall::Regenerate) => (checksum::INVOICE_AGAIN, &["invoiceId", "merchantRedirectUrl"]),
        Call::Invoice(InvoiceCall::Inquire | InvoiceCall::Cancel | InvoiceCall::Remind) => {
            (checksum::INVOICE_ORDER, &[])
        }
        Call::Invoice(InvoiceCall::List | InvoiceCall::Settings | InvoiceCall::SetSettings) => {
            (checksum::INVOICE_LIST, &[])
        }
        Call::PayLink => (checksum::LINK, &["merchant.orderID", "merchant.amount"]),
        Call::List | Call::MemberToken | Call::PartnerToken | Call::TokenAgain | Call::Reserved => {
            (checksum::LIST, &[])
        }
    }
}

fn check_signature(caller: &Caller, holder: &Login, fields: &Fields, call: &Call) -> Result<(), Problem> {
    let (formula, required) = signature(call, fields);
    let given = fields.get("authentication.checksum");
    if given.is_none() && matches!(call, Call::Show(_) | Call::Invoice(InvoiceCall::List)) {
        return Ok(());
    }
    let missing = required.iter().chain(&["authentication.checksum"]).filter(|name| fields.get(name).is_none());
    let mut faults: Vec<Fault> =
        missing.map(|name| Fault::new(*name, Complaint::new(Rule::Missing, "is missing"))).collect();
    for name in hashed(formula) {
        if fields.get(name).is_some_and(|value| value.contains('|') || value.chars().any(char::is_control)) {
            faults.push(Fault::new(name, Complaint::new(Rule::Format, "must not contain bars or control characters")));
        }
    }
    if !faults.is_empty() {
        return Err(Problem::Fields(faults));
    }
    let member_id = caller.settings.member_id.as_str();
    let field = |name: &str| fields.get(name);
    let partner = holder.member_id.is_none().then_some((holder.partner_id.as_str(), holder.keys.as_slice()));
    let values = Values { member: member_id, keys: &caller.keys, partner, path: call.id(), field: &field };
    match values.verify(formula, given.unwrap_or_default()) {
        true => Ok(()),
        false => Err(Problem::WrongChecksum),
    }
}

/// The fields that a formula hashes.
fn hashed(formula: Formula) -> Vec<&'static str> {
    use checksum::Part::{Amount, Field, FieldOrPath, Key, Member, Partner, PartnerKey, Path, Url};
    let mut names: Vec<&'static str> = formula
        .iter()
        .flat_map(|string| string.iter())
        .filter_map(|part| match part {
            Amount(name) | Field(name) | FieldOrPath(name) | Url(name) => Some(*name),
            Member | Key | Partner | PartnerKey | Path => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
