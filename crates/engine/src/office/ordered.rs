//! What a person orders about a transaction, as the audit log tells it: in the commit that obeys, with what the transaction was before and
//! is after.

use florin_kernel::Aggregate;
use florin_kernel::public_id::Reference;
use serde_json::{Map, Value};

use crate::Engine;
use crate::audit::{Note, Who};

/// What a person orders, for the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered {
    /// Who.
    pub who: Who,
    /// What, as in [`Note::action`]: `payment.refund_ordered`.
    pub action: &'static str,
    /// The order itself, field by field: amount, reason. Without secrets.
    pub order: Map<String, Value>,
}

impl Ordered {
    /// An order with its fields; those without a text are left out.
    pub fn new(who: Who, action: &'static str, fields: &[(&str, String)]) -> Ordered {
        let told = fields.iter().filter(|(_, text)| !text.is_empty());
        let order = told.map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str()))).collect();
        Ordered { who, action, order }
    }

    /// What is told once it is known what the order changes.
    pub(crate) fn note<A: Aggregate>(&self, engine: &Engine, before: &A, after: &A) -> Note {
        let status = |of: &A| ("status".to_owned(), Value::from(of.word_text()));
        let told = [status(after)].into_iter().chain(self.order.clone()).collect();
        Note {
            action: self.action,
            object: engine.codec().base36(Reference { payment: after.id(), sequence: 0 }),
            merchant: Some(after.merchant()),
            before: Value::Object([status(before)].into_iter().collect()),
            after: Value::Object(told),
        }
    }
}

/// Somebody, as a transaction itself keeps who decided about it.
pub(super) fn named(who: &Who) -> String {
    match who {
        Who::User { email, .. } => email.clone(),
        Who::AdminToken { .. } => "the admin token".to_owned(),
        Who::CommandLine => "the command line".to_owned(),
        Who::Program => "Florin".to_owned(),
    }
}
