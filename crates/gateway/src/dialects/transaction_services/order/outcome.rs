//! What the caller of a capture, reversal or refund is told.

use florin_kernel::Money;
use florin_kernel::payment::{Decline, Operation, OperationStatus, Payment};
use florin_kernel::ports::Lane;
use serde::Serialize;

use super::Kind;
use crate::dialects::transaction_services::amounts;
use crate::dialects::transaction_services::codes::{ResultBody, bank_words, description};
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::standing::of_payment;
use crate::dialects::transaction_services::view::Viewer;
use crate::dialects::transaction_services::wire::timestamp;

/// The answer to an order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderBody {
    payment_id: String,
    payment_type: &'static str,
    status: &'static str,
    transaction_status: &'static str,
    amount: String,
    currency: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    merchant_transaction_id: String,
    captureamount: String,
    refundamount: String,
    remark: String,
    result: ResultBody,
    timestamp: String,
}

/// Writes answers to one order.
#[derive(Clone)]
pub struct Teller {
    /// Who reads.
    pub viewer: Viewer,
    /// What was ordered.
    pub kind: Kind,
    /// What is known of the payment here.
    pub document: Document,
}

impl Teller {
    /// What became of the order; one that began no operation closed a payment that waited for its payer.
    pub fn told(&self, payment: &Payment, operation: Option<&Operation>, amount: Option<Money>) -> OrderBody {
        let moved = operation.map(|operation| operation.amount).or(amount).unwrap_or(payment.asked);
        let failed = |reason: &str| self.failure(reason);
        let (short, result) = match operation.map(|operation| &operation.status) {
            None | Some(OperationStatus::Approved | OperationStatus::Late) => ("Y", ResultBody::of(self.done())),
            Some(OperationStatus::Pending | OperationStatus::NeedsPayer(_) | OperationStatus::Unknown(_)) => {
                ("P", ResultBody::of("00002"))
            }
            Some(OperationStatus::Declined(Decline::Response(code))) => ("N", failed(bank_words(code)).with_bank(code)),
            Some(OperationStatus::Declined(Decline::Risk)) => ("N", failed("Refused by a risk rule")),
            Some(OperationStatus::Declined(Decline::Authentication(_) | Decline::Provider)) => {
                ("N", failed("Refused by the provider"))
            }
            Some(OperationStatus::Failed | OperationStatus::Cancelled | OperationStatus::Expired) => {
                ("N", failed("The provider was not reached"))
            }
        };
        let remark = match (short, self.kind) {
            ("Y", Kind::Capture) => "Captured".to_owned(),
            ("Y", Kind::Reversal) => "Cancelled".to_owned(),
            ("Y", Kind::Refund) => "Refunded".to_owned(),
            (_, Kind::Capture | Kind::Reversal | Kind::Refund) => result.description.to_string(),
        };
        self.body(payment, moved, short, remark, result)
    }

    /// That the payment does not allow it.
    pub fn refused(&self, payment: &Payment, amount: Option<Money>, reason: &str) -> OrderBody {
        let result = self.failure(reason);
        let remark = result.description.to_string();
        self.body(payment, amount.unwrap_or(payment.asked), "N", remark, result)
    }

    fn done(&self) -> &'static str {
        match self.kind {
            Kind::Capture => "00004",
            Kind::Refund => "00005",
            Kind::Reversal => "00006",
        }
    }

    fn failure(&self, reason: &str) -> ResultBody {
        let code = match self.kind {
            Kind::Capture => "10005",
            Kind::Refund => "10006",
            Kind::Reversal => "10007",
        };
        ResultBody::saying(code, format!("{}. {reason}", description(code)))
    }

    fn body(
        &self,
        payment: &Payment,
        amount: Money,
        short: &'static str,
        remark: String,
        result: ResultBody,
    ) -> OrderBody {
        let totals = payment.totals();
        OrderBody {
            payment_id: self.document.number.clone(),
            payment_type: self.kind.word(),
            status: of_payment(payment, self.viewer.wording).long,
            transaction_status: short,
            amount: amounts::printed(amount),
            currency: payment.asked.asset().code(),
            merchant_transaction_id: payment.details.reference.clone(),
            captureamount: amounts::printed(totals.captured),
            refundamount: amounts::printed(totals.refunded),
            remark,
            result,
            timestamp: timestamp(self.viewer.engine.now(Lane::of(payment.merchant, payment.mode))),
        }
    }
}
