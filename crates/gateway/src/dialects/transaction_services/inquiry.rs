//! Reading one transaction: by our id, by the merchant's, or by an id that another dialect prints (contract, section 8.6).

use florin_engine::directory::Permission;
use florin_kernel::Transaction;
use florin_kernel::payment::Operation;
use florin_kernel::public_id::Reference;
use jiff::SignedDuration;

use super::auth::Caller;
use super::document::Document;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Reader, one_of, text};
use super::state::{Asked, ID_TYPES, IdType, TsState};
use super::view::{Detail, Viewer};
use super::wire::{self, PaymentBody, Told};

/// What is unknown is asked at the provider at most so often.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// The transaction that the fields name, else the path.
///
/// # Errors
/// [`Problem::NotFound`] for an id that is nobody's or somebody else's.
pub async fn inquire(state: &TsState, asked: Asked, path_id: &str) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let kind = reader.read("idType", one_of(ID_TYPES)).unwrap_or(IdType::Either);
    let ours = reader.read("paymentId", text(100));
    let merchants = reader.read("merchantTransactionId", text(100));
    let named = match kind {
        IdType::Ours => ours.map(|id| (id, IdType::Ours)),
        // Clients put the reference where the id belongs, and say so.
        IdType::Merchants => merchants.or(ours).map(|id| (id, IdType::Merchants)),
        IdType::Either => ours.map(|id| (id, IdType::Either)).or(merchants.map(|id| (id, IdType::Merchants))),
    };
    let in_path = (!path_id.is_empty()).then(|| (path_id.to_owned(), kind));
    let named = named.or(in_path);
    if named.is_none() && fields.get("paymentId").is_none() {
        reader.fault("paymentId", Complaint::new(Rule::Missing, "is missing"));
    }
    reader.finish()?;
    caller.may(&[Permission::Read])?;
    let (id, kind) = named.ok_or(Problem::Fault)?;
    let (transaction, document) = state.find(&caller, &id, kind).await?;
    let transaction = asked_again(state, &caller, transaction).await;
    Ok(Told::of(wire::text(&shown(&state.viewer(&caller), &transaction, &document))))
}

/// What is unknown is asked at the provider first, unless that was done a moment ago.
async fn asked_again(state: &TsState, caller: &Caller, transaction: Transaction) -> Transaction {
    let now = state.engine.now(caller.lane);
    let stale =
        |operation: &&Operation| operation.unknown_since().is_some_and(|at| now.duration_since(at) > ASKED_EVERY);
    let at = |id, operation: &Operation| Reference { payment: id, sequence: operation.seq.number() };
    let asked = match &transaction {
        Transaction::Payment(payment) => match payment.operations.iter().find(stale) {
            Some(operation) => state.engine.payer_returned(at(payment.id, operation)).await.map(Transaction::Payment),
            None => return transaction,
        },
        Transaction::Withdrawal(withdrawal) => match withdrawal.payout.iter().find(stale) {
            Some(operation) => state
                .engine
                .payout_asked_after(at(withdrawal.id, operation))
                .await
                .map(|withdrawal| Transaction::Withdrawal(Box::new(withdrawal))),
            None => return transaction,
        },
        // Its chain is followed anyway.
        Transaction::Coin(_) => return transaction,
    };
    asked.unwrap_or_else(|error| {
        tracing::debug!(%error, "what is unknown stays so");
        transaction
    })
}

/// A transaction as an inquiry shows it.
pub fn shown(viewer: &Viewer, transaction: &Transaction, document: &Document) -> PaymentBody {
    match transaction {
        Transaction::Payment(payment) => viewer.payment(payment, document, Detail::Inquired),
        Transaction::Withdrawal(withdrawal) => viewer.payout(withdrawal, document),
        Transaction::Coin(coin) => viewer.payment(&coin.as_payment(), document, Detail::Inquired),
    }
}
