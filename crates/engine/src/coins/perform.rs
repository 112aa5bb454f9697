//! What follows from a coin payment's commits: refunds are signed, sent and looked after, outputs are screened. Each answer is again a
//! command.

use std::collections::VecDeque;
use std::sync::Arc;

use florin_kernel::PaymentId;
use florin_kernel::coin::{CoinPayment, Command, RefundStatus, Units};
use florin_kernel::payment::{Doubt, Effect, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{RefundOrder, Screening, ScreeningRequest, Signature};
use florin_kernel::public_id::Reference;

use super::CoinError;
use crate::Engine;
use crate::submit::{Announced, Changes};

impl Engine {
    /// Acts on the effects of a commit until none is left.
    pub(crate) async fn perform_coins(self: Arc<Self>, changes: Changes<CoinPayment>) {
        let id = changes.transaction.id;
        if let Err(error) = self.act(changes).await {
            tracing::error!(payment = %id, %error, "what follows could not be stored; it is tried again later");
        }
    }

    async fn act(self: &Arc<Self>, changes: Changes<CoinPayment>) -> Result<(), CoinError> {
        let Changes { transaction, effects, announced, .. } = changes;
        if announced {
            self.events_due.notify_one();
        }
        let (id, mut current) = (transaction.id, *transaction);
        let mut effects = VecDeque::from(effects);
        loop {
            while let Some(effect) = effects.pop_front() {
                let command = match effect {
                    Effect::Call(seq) => self.carry_on_refund(&current, seq).await,
                    Effect::LookUp(seq) => self.look_for_refund(&current, seq).await,
                    Effect::Notify { from: _, to } => {
                        metrics::counter!(CoinPayment::CHANGES, "word" => to.text()).increment(1);
                        None
                    }
                    Effect::Post(_) | Effect::Floor { .. } => None,
                };
                if let Some(command) = command {
                    self.take(id, &command, &mut current, &mut effects).await?;
                }
            }
            match self.screen(&current).await {
                Some(command) => self.take(id, &command, &mut current, &mut effects).await?,
                None => return Ok(()),
            }
        }
    }

    async fn take(
        self: &Arc<Self>,
        id: PaymentId,
        command: &Command,
        current: &mut CoinPayment,
        effects: &mut VecDeque<Effect<florin_kernel::coin::Word>>,
    ) -> Result<(), CoinError> {
        let Some(next) = self.commit_coins(id, command).await? else { return Ok(()) };
        if next.announced {
            self.events_due.notify_one();
        }
        *current = *next.transaction;
        effects.extend(next.effects);
        Ok(())
    }

    /// The next step of a refund: to be signed, or to be sent as it was signed.
    async fn carry_on_refund(&self, payment: &CoinPayment, seq: Seq) -> Option<Command> {
        let refund = payment.refund(seq)?;
        let lane = Lane::of(payment.merchant, payment.mode);
        match (&refund.status, &refund.transaction) {
            (RefundStatus::Ordered, _) => {
                let signers = &self.chains.ports.signers;
                let signer = signers.iter().find(|signer| signer.signs(&payment.network, lane));
                let signature = match signer {
                    Some(signer) => signer.sign(&self.order(payment, seq, refund.units)).await,
                    None => Signature::Refused("nobody signs for this network".to_owned()),
                };
                Some(Command::Signed { seq, signature })
            }
            (RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent, Some(transaction)) => {
                let chain = self.chain(&payment.network, lane)?;
                Some(Command::Broadcast { seq, broadcast: chain.broadcast(lane, transaction).await })
            }
            (RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent, None)
            | (RefundStatus::Done(_) | RefundStatus::Failed(_), _) => None,
        }
    }

    fn order(&self, payment: &CoinPayment, seq: Seq, units: Units) -> RefundOrder {
        RefundOrder {
            operation: self.codec.base36(Reference { payment: payment.id, sequence: seq.number() }),
            merchant: payment.merchant,
            lane: Lane::of(payment.merchant, payment.mode),
            network: payment.network.clone(),
            coin: payment.price.coin,
            to: payment.refund(seq).map(|refund| refund.to.clone()).unwrap_or_default(),
            units,
            invoice: payment.price.invoice,
        }
    }

    /// Where a refund is. A node that does not answer says nothing.
    async fn look_for_refund(&self, payment: &CoinPayment, seq: Seq) -> Option<Command> {
        let transaction = payment.refund(seq)?.transaction.as_ref()?;
        let lane = Lane::of(payment.merchant, payment.mode);
        let chain = self.chain(&payment.network, lane)?;
        match chain.transaction(lane, &transaction.txid).await {
            Ok(place) => Some(Command::RefundFound { seq, place, tip: payment.tip.clone() }),
            Err(error) => {
                tracing::warn!(payment = %payment.id, %error, doubt = ?Doubt::Lost, "a refund could not be looked for");
                None
            }
        }
    }

    /// The first answer of screening about an output that has none.
    async fn screen(&self, payment: &CoinPayment) -> Option<Command> {
        let screener = self.chains.ports.screener.as_ref()?;
        for deposit in payment.to_be_screened() {
            let request = ScreeningRequest {
                lane: Lane::of(payment.merchant, payment.mode),
                network: payment.network.clone(),
                coin: payment.price.coin,
                outpoint: deposit.outpoint.clone(),
                address: payment.address.clone(),
                units: deposit.units,
            };
            match screener.check(&request).await {
                Screening::Pending => {}
                screening @ (Screening::Pass | Screening::Review | Screening::Reject) => {
                    return Some(Command::Screened { outpoint: request.outpoint, screening });
                }
            }
        }
        None
    }
}
