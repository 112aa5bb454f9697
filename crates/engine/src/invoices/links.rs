//! The secrets in the links of invoices: computed from the invoice and the number of its link, so that a new link makes the old
//! one dead and no row holds any.

use async_recursion::async_recursion as boxed;
use florin_kernel::invoice::{Invoice, Origin};
use florin_kernel::payment::Dialect;
use florin_kernel::public_id::Reference;
use florin_kernel::{InvoiceId, PaymentId};
use florin_store::StoreError;
use subtle::ConstantTimeEq;

use crate::Engine;

/// Letters and digits of an invoice's secret (transaction services contract, section 8.16).
const LENGTH: usize = 16;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Engine {
    /// The secret of an invoice's link: 16 letters and digits.
    pub fn invoice_secret(&self, invoice: &Invoice) -> String {
        self.invoice_secret_of(invoice.id, invoice.issue.number)
    }

    /// As [`Engine::invoice_secret`], of one of the invoice's links, dead or not.
    pub fn invoice_secret_of(&self, id: InvoiceId, issue: u16) -> String {
        let tag = self.keyring.page_tag(&[b"invoice", &id.number().to_be_bytes(), &issue.to_be_bytes()]);
        let mut rest = u128::from_be_bytes(std::array::from_fn(|at| tag[at]));
        let mut text = [0; LENGTH];
        for place in &mut text {
            *place = BASE_62[(rest % 62) as usize];
            rest /= 62;
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The invoice behind a link, whoever asks. A wrong id and a wrong secret cannot be told apart.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn invoice_behind(
        &self,
        dialect: Dialect,
        id: InvoiceId,
        secret: &str,
    ) -> Result<Option<Invoice>, StoreError> {
        let found = self.load_record::<Invoice>(id.record()).await?;
        let found = found.map(|(invoice, _)| invoice).filter(|invoice| invoice.dialect == dialect);
        let expected = self.invoice_secret_of(id, found.as_ref().map_or(0, |invoice| invoice.issue.number));
        let opens = bool::from(expected.as_bytes().ct_eq(secret.as_bytes()));
        Ok(found.filter(|invoice| opens && invoice.origin == Origin::Invoice))
    }

    /// The secret of a pay link, in the form of a UUID. It leads to the link, since the merchant's own number beside it may be
    /// another merchant's too.
    pub fn pay_link_secret(&self, link: &Invoice) -> String {
        self.pay_link_secret_of(link.id, link.issue.number)
    }

    /// As [`Engine::pay_link_secret`], of one of the link's issues, dead or not.
    pub fn pay_link_secret_of(&self, id: InvoiceId, issue: u16) -> String {
        let payment = PaymentId::from_number(id.number());
        let hex = self.codec.hex(Reference { payment, sequence: issue });
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The pay link behind a merchant's own number and its secret, whoever asks.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn pay_link_behind(
        &self,
        dialect: Dialect,
        reference: &str,
        secret: &str,
    ) -> Result<Option<Invoice>, StoreError> {
        let dashes = |at: usize| [8, 13, 18, 23].contains(&at);
        let is_uuid = secret.len() == 36 && secret.bytes().enumerate().all(|(at, byte)| (byte == b'-') == dashes(at));
        let Some(meant) = self.codec.read_hex(&secret.replace('-', "")).filter(|_| is_uuid) else { return Ok(None) };
        let id = InvoiceId::from_number(meant.payment.number());
        let found = self.load_record::<Invoice>(id.record()).await?.map(|(invoice, _)| invoice);
        Ok(found.filter(|link| {
            (link.dialect, link.origin) == (dialect, Origin::Link)
                && link.issue.number == meant.sequence
                && link.details.reference == reference
        }))
    }
}
