//! Captures, reversals and refunds: `POST payments/{id}` with `CP`, `RV` or `RF`, and `refund/{id}` (contract, sections 8.3 to 8.5).
//!
//! What is wrong with the fields is a refusal like any other. What the payment does not allow is an answer about the payment, with the
//! operation's outcome in `transactionStatus` and where the payment stands in `status`.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::{Answer, ClaimKind, ClaimRequest, Earlier, OperationRequest, RenderOperation, Reuse, SubmitError};
use florin_kernel::payment::{Command, Dialect, Ending, Linked, OperationKind, Payment, Refusal, State};
use florin_kernel::{Asset, Money, Transaction};

use super::amounts;
use super::auth::Caller;
use super::content::content;
use super::document::Document;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Fields, Reader, one_of, text};
use super::references;
use super::settings::{Refunds, Switch};
use super::state::{Asked, ID_TYPES, IdType, TsState};
use super::wire::{self, Told};

mod outcome;

use outcome::Teller;

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `CP`
    Capture,
    /// `RV`
    Reversal,
    /// `RF`
    Refund,
}

/// The names of orders.
pub const KINDS: &[(&str, Kind)] = &[("CP", Kind::Capture), ("RV", Kind::Reversal), ("RF", Kind::Refund)];

impl Kind {
    /// As the wire writes it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Capture => "CP",
            Kind::Reversal => "RV",
            Kind::Refund => "RF",
        }
    }
}

/// What is kept with an operation that was ordered here: its answer tells that it is open.
pub const ORDERED_HERE: &str = "\"transaction services\"";

/// An order as it was read.
struct Order {
    kind: Kind,
    id: String,
    id_type: IdType,
    amount: Option<String>,
    currency: Option<Asset>,
    reference: Option<String>,
}

/// Does what is ordered, or finds that it was done before. `alias` is the kind that the path says.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn order(state: &TsState, asked: Asked, path_id: &str, alias: Option<Kind>) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let order = Order::read(&fields, path_id, alias)?;
    caller.may(&[Permission::Deposits])?;
    let (transaction, document) = state.find(&caller, &order.id, order.id_type).await?;
    let Transaction::Payment(payment) = transaction else { return Err(Problem::NotFound) };
    let amount = order.amount_in(&payment)?;
    let teller = Teller { viewer: state.viewer(&caller), kind: order.kind, document: document.clone() };
    let reuse = reuse(&payment);
    let (claims, digest) = claims(state, &caller, &order, &fields, (&document, amount, reuse), idempotency_key)?;
    let render: RenderOperation = {
        let teller = teller.clone();
        Arc::new(move |payment, seq| {
            let operation = seq.and_then(|seq| payment.operation(seq));
            Answer { status: 200, body: wire::text(&teller.told(payment, operation, amount)) }
        })
    };
    let repeat = Repeat { state, caller: &caller, claims, digest, render };
    let refuse = |payment: &Payment, reason| wire::text(&teller.refused(payment, amount, reason));
    let command = match command(&order, &payment, amount, &caller) {
        Ok(command) => command,
        // A copy of an order that was obeyed is told its answer, whatever stands against another one now.
        Err(reason) => {
            return match repeat.earlier(&repeat.claims).await? {
                Some(Earlier::Replay(reply)) => Ok(reply.into()),
                Some(Earlier::Taken(ClaimKind::IdempotencyKey)) => Err(Problem::KeyTaken),
                Some(Earlier::Taken(ClaimKind::Reference | ClaimKind::Number | ClaimKind::Operation)) | None => {
                    repeat.refuse(refuse(&payment, reason)).await
                }
            };
        }
    };
    let refusal = match state.engine.operate(caller.owner(), payment.id, repeat.request(command)).await {
        Ok(reply) => return Ok(reply.into()),
        Err(SubmitError::Refused(refusal)) => Some(refusal),
        Err(SubmitError::Taken(ClaimKind::Reference)) => match (order.kind, caller.settings.refunds) {
            (Kind::Refund, Refunds::Several) => return Err(Problem::ReferenceTaken),
            (Kind::Capture | Kind::Reversal, _) | (Kind::Refund, Refunds::Single) => None,
        },
        Err(error) => return Err(error.into()),
    };
    let payment = state.engine.find(caller.owner(), payment.id).await?.ok_or(Problem::NotFound)?;
    let reason = reason(order.kind, &payment, refusal.as_ref());
    repeat.refuse(refuse(&payment, reason)).await
}

/// An order as one that may come again.
struct Repeat<'a> {
    state: &'a TsState,
    caller: &'a Caller,
    claims: Vec<ClaimRequest>,
    digest: [u8; 16],
    render: RenderOperation,
}

impl Repeat<'_> {
    fn request(&self, command: Command) -> OperationRequest {
        OperationRequest {
            dialect: Dialect::TransactionServices,
            command,
            claims: self.claims.clone(),
            digest: self.digest,
            echo: ORDERED_HERE.to_owned(),
            promised: None,
            render: self.render.clone(),
        }
    }

    /// What was made under some of its claims before.
    async fn earlier(&self, claims: &[ClaimRequest]) -> Result<Option<Earlier>, Problem> {
        let (engine, owner) = (&self.state.engine, self.caller.owner());
        let dialect = Dialect::TransactionServices;
        Ok(engine.earlier_operation(owner, dialect, claims, self.digest, self.render.clone()).await?)
    }

    /// That the payment does not allow it. The key keeps that, since the payment may allow it later.
    async fn refuse(&self, body: String) -> Result<Told, Problem> {
        match references::keep(&self.state.engine, self.caller, &self.claims, self.digest, body).await {
            // A copy that was quicker may have been obeyed, and its answer may be still to come.
            Err(Problem::KeyTaken) => match self.earlier(&references::keys(&self.claims)).await? {
                Some(Earlier::Replay(reply)) => Ok(reply.into()),
                Some(Earlier::Taken(_)) | None => Err(Problem::KeyTaken),
            },
            told => told,
        }
    }
}

impl Order {
    fn read(fields: &Fields, path_id: &str, alias: Option<Kind>) -> Result<Order, Problem> {
        let mut reader = Reader::new(fields);
        let named = match alias {
            None => reader.require("paymentType", one_of(KINDS)),
            Some(_) => reader.read("paymentType", one_of(KINDS)),
        };
        if let (Some(alias), Some(named)) = (alias, named)
            && alias != named
        {
            reader.fault("paymentType", Complaint::new(Rule::Value, "must be RF here"));
        }
        let kind = alias.or(named);
        let id_type = reader.read("idType", one_of(ID_TYPES)).unwrap_or(IdType::Ours);
        reader.read("paymentId", |sent| match sent == path_id {
            true => Ok(()),
            false => Err(Complaint::new(Rule::Value, "must be the id in the path")),
        });
        let amount = match kind {
            Some(Kind::Reversal) => reader.read("amount", amounts::text),
            Some(Kind::Capture | Kind::Refund) | None => reader.require("amount", amounts::text),
        };
        let currency = reader.read("currency", amounts::currency);
        let reference = reader.read("merchantTransactionId", text(100));
        reader.finish()?;
        Ok(Order {
            kind: kind.ok_or(Problem::Fault)?,
            id: path_id.to_owned(),
            id_type,
            amount: amount.map(ToOwned::to_owned),
            currency,
            reference,
        })
    }

    /// The amount that was sent, in the payment's currency.
    fn amount_in(&self, payment: &Payment) -> Result<Option<Money>, Problem> {
        let currency = payment.asked.asset();
        if self.currency.is_some_and(|sent| sent != currency) {
            return Err(Problem::field("currency", Rule::Value, format!("must be {currency}, that of the payment")));
        }
        let amount = self.amount.as_deref().map(|text| amounts::amount(text, currency)).transpose();
        amount.map_err(|complaint| Problem::field("amount", complaint.rule, complaint.reason))
    }
}

/// What makes two orders the same one. A capture, a reversal and a single refund are one per payment, by amount; several refunds tell
/// themselves apart by a reference or key of their own. The key is looked at first: it may keep that this very call was refused.
fn claims(
    state: &TsState,
    caller: &Caller,
    order: &Order,
    fields: &Fields,
    (document, amount, reuse): (&Document, Option<Money>, Reuse),
    key: Option<String>,
) -> Result<(Vec<ClaimRequest>, [u8; 16]), Problem> {
    let (word, number) = (order.kind.word(), document.number.as_str());
    let within = |text: &str| ClaimRequest::reference(text).within(format!("{number} {word}"));
    let key = key.map(|text| references::key_claim(caller, &text));
    match (order.kind, caller.settings.refunds) {
        (Kind::Refund, Refunds::Several) => {
            let reference = order.reference.as_deref().map(within);
            if reference.is_none() && key.is_none() {
                let reason = "or an Idempotency-Key tells several refunds apart and is missing";
                return Err(Problem::field("merchantTransactionId", Rule::Missing, reason));
            }
            let digest = state.engine.digest(&[&content(word, number, fields)]);
            Ok((key.into_iter().chain(reference).collect(), digest))
        }
        (Kind::Capture | Kind::Reversal, _) | (Kind::Refund, Refunds::Single) => {
            let amount = amount.map(amounts::printed).unwrap_or_default();
            let digest = state.engine.digest(&[word.as_bytes(), number.as_bytes(), amount.as_bytes()]);
            let single = within("").reused(reuse);
            Ok((key.into_iter().chain([single]).collect(), digest))
        }
    }
}

/// An order that the provider refused may be given again. One that closed a payment without money is never over.
fn reuse(payment: &Payment) -> Reuse {
    match &payment.state {
        State::Created | State::PendingPayer { .. } | State::Ended(Ending::Cancelled) => Reuse::Never,
        State::Pending { .. } | State::Unknown { .. } | State::Funded(_) | State::Ended(_) => Reuse::Reopened,
    }
}

/// The core's command, or why there is none.
fn command(order: &Order, payment: &Payment, amount: Option<Money>, caller: &Caller) -> Result<Command, &'static str> {
    match (order.kind, amount) {
        (Kind::Capture, Some(amount)) => Ok(Command::CaptureFinal(amount)),
        (Kind::Refund, Some(amount)) => {
            let refunds = || payment.operations.iter().filter(|one| one.kind == OperationKind::Refund);
            let was_refunded = refunds().any(|refund| !refund.ended_without_money());
            match (caller.settings.refunds, was_refunded, is_charged_back(payment)) {
                (_, _, true) => Err("Transaction is charged back"),
                (Refunds::Single, true, _) => Err("Transaction has already been refunded"),
                (Refunds::Single, false, false) | (Refunds::Several, _, false) => Ok(Command::refund(amount)),
            }
        }
        (Kind::Reversal, amount) => match (&payment.state, amount.filter(|amount| *amount != payment.asked)) {
            // Another dialect's payer is that dialect's.
            (State::Created | State::PendingPayer { .. }, None) if payment.dialect == Dialect::TransactionServices => {
                Ok(Command::GiveUp)
            }
            (State::Funded(funds), _) if !funds.captured.is_zero() => Err("Transaction is captured, use refund"),
            (State::Funded(_), Some(part)) if part.exceeds(payment.asked) => {
                Err("Amount exceeds the authorised amount")
            }
            (State::Funded(_), Some(part)) if caller.settings.partial_reversal == Switch::On => {
                Ok(Command::VoidPart(part))
            }
            (State::Funded(_), Some(_)) => Err("Partial reversal is not possible"),
            (
                State::Created
                | State::PendingPayer { .. }
                | State::Pending { .. }
                | State::Unknown { .. }
                | State::Funded(_)
                | State::Ended(_),
                _,
            ) => Ok(Command::Reverse),
        },
        (Kind::Capture | Kind::Refund, None) => Err("Amount is missing"),
    }
}

fn is_charged_back(payment: &Payment) -> bool {
    matches!(payment.state, State::Funded(funds) if !funds.charged_back.is_zero())
}

/// Why the core did not obey, by where the payment stands; without a refusal an order of the kind was obeyed before.
fn reason(kind: Kind, payment: &Payment, refusal: Option<&Refusal>) -> &'static str {
    let open = |linked: &Linked<'_>| match linked {
        Linked::Operation(operation) => operation.is_open(),
        Linked::Chargeback { .. } => false,
    };
    if refusal == Some(&Refusal::HoldBusy) || payment.linked().iter().any(open) {
        return "Another operation is in progress";
    }
    match (kind, &payment.state) {
        (Kind::Capture, State::Funded(funds)) if !funds.captured.is_zero() => "Transaction is already captured",
        (Kind::Capture, State::Funded(_)) => "Amount exceeds the authorised amount",
        (Kind::Reversal, State::Funded(funds)) if !funds.captured.is_zero() => "Transaction is captured, use refund",
        (Kind::Refund, State::Funded(funds)) if funds.captured.is_zero() => "Transaction is not captured",
        (Kind::Refund, State::Funded(_)) if is_charged_back(payment) => "Transaction is charged back",
        (Kind::Refund, State::Funded(funds)) if funds.refundable().is_zero() || refusal.is_none() => {
            "Transaction has already been refunded"
        }
        (Kind::Refund, State::Funded(_)) => "Amount exceeds the captured amount",
        (Kind::Refund, _) => "Transaction is not captured",
        (Kind::Capture | Kind::Reversal, _) => "Transaction is not authorised",
    }
}
