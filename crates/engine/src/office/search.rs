//! Finding transactions by whatever somebody has in hand: an id of any dialect, a reference, a webhook's id, the end of a card.

use std::collections::BTreeSet;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::Dialect;
use florin_kernel::{EventId, PaymentId};
use florin_store::StoreError;
use florin_store::office::Order;

use super::transactions::Walked;
use super::{Filter, Scope, Summary};
use crate::Engine;
use crate::claims::ClaimRequest;
use crate::owner::Owner;
use crate::webhooks::EVENT_SPACE;

/// So many are found, at most.
const FOUND_MAX: u32 = 50;
/// Within so many scopes of dialects a reference is looked for.
const SCOPES_MAX: usize = 2_000;
/// So many rows are looked at for what no index tells.
const SCAN_MAX: u32 = 20_000;

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What was found, the newest first.
    pub rows: Vec<Summary>,
    /// Whether older transactions were not looked at: the text is no id and no reference that is claimed, and only the newest
    /// transactions were looked through.
    pub more: bool,
}

impl Engine {
    /// What a text means within a scope.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_search(&self, scope: Scope, text: &str) -> Result<Search, StoreError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Search { rows: Vec::new(), more: false });
        }
        let mut rows = Vec::new();
        for id in self.meant(scope, text).await? {
            rows.extend(self.office_transaction(scope, id).await?.as_ref().map(Summary::of));
        }
        if !rows.is_empty() {
            rows.sort_by_key(|row: &Summary| std::cmp::Reverse(row.place()));
            return Ok(Search { rows, more: false });
        }
        let mut more = false;
        for filter in filters(text) {
            let Walked { found, more: left, .. } =
                self.walk(scope, &filter, Order::NewestFirst, None, FOUND_MAX, SCAN_MAX).await?;
            more |= left;
            if !found.is_empty() {
                return Ok(Search { rows: found.iter().map(Summary::of).collect(), more: left });
            }
        }
        Ok(Search { rows, more })
    }

    /// Transactions that a text may name, whoever's they are.
    async fn meant(&self, scope: Scope, text: &str) -> Result<BTreeSet<PaymentId>, StoreError> {
        let mut meant = BTreeSet::new();
        let printed = text.strip_prefix("pay_").unwrap_or(text).parse::<i64>().ok().filter(|number| *number > 0);
        meant.extend(printed.map(PaymentId::from_number));
        let event = text.strip_prefix("msg_").unwrap_or(text);
        for reference in [self.codec.read_base36(event), self.codec.read_hex(text)].into_iter().flatten() {
            meant.insert(reference.payment);
            if reference.sequence == EVENT_SPACE {
                let event = self.store.office().event(EventId::from_number(reference.payment.number())).await?;
                meant.extend(event.map(|(event, _)| event.payment));
            }
        }
        for merchant in self.merchants_of(scope) {
            let owner = Owner { merchant, mode: scope.mode };
            meant.extend(self.numbered(owner, text).await?.map(|reference| reference.payment));
            for dialect in [Dialect::Cashier, Dialect::Crypto] {
                let request = ClaimRequest::reference(text);
                let made = self.referenced(owner, dialect, &request, FOUND_MAX as usize).await?;
                meant.extend(made.iter().map(|reference| reference.payment));
            }
        }
        for ReferenceScope { owner, dialect, within } in self.reference_scopes(scope) {
            let request = ClaimRequest::reference(text).within(within);
            let made = self.referenced(owner, dialect, &request, FOUND_MAX as usize).await?;
            meant.extend(made.iter().map(|reference| reference.payment));
        }
        Ok(meant)
    }

    /// Where the dialects keep references apart, by the credentials of a scope, ended ones included.
    fn reference_scopes(&self, scope: Scope) -> Vec<ReferenceScope> {
        let directory = self.directory();
        let mut scopes: Vec<ReferenceScope> = Vec::new();
        for credential in self.credentials_of(scope).into_iter().filter_map(|id| directory.credential(id)) {
            let owner = Owner { merchant: credential.merchant, mode: credential.mode };
            let announcer = self.announcers.get(&credential.dialect);
            for within in announcer.map(|known| known.reference_scopes(credential)).unwrap_or_default() {
                scopes.push(ReferenceScope { owner, dialect: credential.dialect, within });
            }
        }
        scopes.sort_by(|a, b| (a.owner.merchant, &a.within).cmp(&(b.owner.merchant, &b.within)));
        scopes.dedup();
        scopes.truncate(SCOPES_MAX);
        scopes
    }
}

/// Within what an owner's references of a dialect stand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReferenceScope {
    owner: Owner,
    dialect: Dialect,
    within: String,
}

/// What a text may be, where it is no id.
fn filters(text: &str) -> Vec<Filter> {
    let last4 = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut filters = vec![
        Filter { reference: text.to_owned(), ..Filter::default() },
        Filter { payer: text.to_owned(), ..Filter::default() },
    ];
    if last4 {
        filters.insert(0, Filter { last4: text.to_owned(), ..Filter::default() });
    }
    if text.contains('@') {
        filters.insert(0, Filter { email: text.to_owned(), ..Filter::default() });
    }
    filters
}
