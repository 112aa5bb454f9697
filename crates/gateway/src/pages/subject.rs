//! What a payer's page is about: a payment or a withdrawal, as far as the page's look and the way back to the shop depend on it.

use florin_kernel::payment::{self, Details, Dialect, Mode, Payment};
use florin_kernel::withdrawal::{self, Withdrawal};
use florin_kernel::{Kind, MerchantId, PaymentId};

use super::back::Standing;

/// What a page is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Money in, or money out.
    pub kind: Kind,
    /// Its number.
    pub id: PaymentId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The API it was made in, which says how the payer goes back.
    pub dialect: Dialect,
    /// What the merchant told about it.
    pub details: &'a Details,
    /// The payment, where it is one.
    pub payment: Option<&'a Payment>,
    /// Where it stands for the payer.
    pub standing: Standing,
    /// Whether the payer is yet to choose on our page.
    pub chooses: bool,
}

impl<'a> From<&'a Payment> for Subject<'a> {
    fn from(payment: &'a Payment) -> Subject<'a> {
        Subject {
            kind: Kind::Payment,
            id: payment.id,
            merchant: payment.merchant,
            mode: payment.mode,
            dialect: payment.dialect,
            details: &payment.details,
            payment: Some(payment),
            standing: Standing::of(payment),
            chooses: payment.details.hosted.is_some() && payment.state == payment::State::Created,
        }
    }
}

impl<'a> From<&'a Withdrawal> for Subject<'a> {
    fn from(withdrawal: &'a Withdrawal) -> Subject<'a> {
        Subject {
            kind: Kind::Withdrawal,
            id: withdrawal.id,
            merchant: withdrawal.merchant,
            mode: withdrawal.mode,
            dialect: withdrawal.dialect,
            details: &withdrawal.details,
            payment: None,
            standing: Standing::of_withdrawal(withdrawal),
            chooses: matches!(withdrawal.state, withdrawal::State::Created { .. }),
        }
    }
}
