//! What the bank and the payer decide, and when.

use std::sync::Arc;

use florin_kernel::Money;
use florin_kernel::payment::{AuthenticationFailure, Decline, OperationKind, Outcome, PayerStep, StepKind};
use florin_kernel::ports::{Call, News};
use florin_kernel::public_id::Reference;

use super::callbacks::Effort;
use super::{Acquirer, Record, say};

impl Acquirer {
    /// The first answer to a request.
    pub(super) fn decide(&self, call: &Call) -> Outcome {
        let luck = self.bank.between(0..=99);
        match call.kind {
            OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify => match luck {
                0..=49 => self.approval(&call.reference),
                50..=62 => declined(self.bank.pick(&["05", "91", "96"])),
                63..=70 => declined(self.bank.pick(&["51", "14", "54"])),
                71..=72 => Outcome::Declined(Decline::Risk),
                73..=84 => Outcome::Pending,
                _ => Outcome::NeedsPayer(PayerStep::page(
                    self.bank.pick(&[StepKind::Challenge, StepKind::Redirect]),
                    format!("/page/{}", call.reference),
                )),
            },
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Payout => {
                match luck {
                    0..=74 => self.approval(&call.reference),
                    75..=84 => declined("05"),
                    _ => Outcome::Pending,
                }
            }
        }
    }

    /// What happens to an operation after its first answer, by itself.
    pub(super) fn follow(self: &Arc<Self>, reference: &str) {
        let Some(record) = self.record(reference) else { return };
        let (acquirer, reference) = (self.clone(), reference.to_owned());
        tokio::spawn(async move {
            match &record.standing {
                Outcome::Pending => acquirer.make_up_its_mind(&reference).await,
                Outcome::NeedsPayer(_) => acquirer.wait_for_payer(&reference).await,
                Outcome::Approved(_)
                | Outcome::Declined(_)
                | Outcome::Cancelled
                | Outcome::NotSent
                | Outcome::NotFound
                | Outcome::Unknown(_) => acquirer.tell(&reference, Effort::Perhaps),
            }
            acquirer.charge_back_perhaps(&reference).await;
        });
    }

    async fn make_up_its_mind(self: &Arc<Self>, reference: &str) {
        self.tell(reference, Effort::Perhaps);
        tokio::time::sleep(self.bank.seconds(1..=150)).await;
        let verdict = if self.bank.percent(70) { self.approval(reference) } else { declined("05") };
        self.settle(reference, verdict);
        self.tell(reference, Effort::Perhaps);
    }

    /// The payer does something on the page, in time, late or never, and comes back, not at all or twice.
    async fn wait_for_payer(self: &Arc<Self>, reference: &str) {
        self.tell(reference, Effort::Perhaps);
        if self.bank.percent(10) {
            self.come_back(reference).await;
        }
        match self.bank.between(0..=99) {
            0..=14 => return,
            // After the gateway has given the payer up.
            15..=22 => tokio::time::sleep(self.bank.seconds(1_860..=2_400)).await,
            _ => tokio::time::sleep(self.bank.seconds(2..=140)).await,
        }
        let verdict = match self.bank.between(0..=99) {
            0..=64 => self.approval(reference),
            65..=79 => Outcome::Cancelled,
            _ => Outcome::Declined(Decline::Authentication(AuthenticationFailure::ChallengeFailed)),
        };
        self.settle(reference, verdict);
        // The gateway asks no more after an attempt that it gave up, so this news must arrive.
        self.tell(reference, Effort::UntilTaken);
        for _ in 0..self.bank.between(0..=2) {
            self.come_back(reference).await;
        }
    }

    async fn come_back(&self, reference: &str) {
        tokio::time::sleep(self.bank.ms(100..=4_000)).await;
        let Some(gateway) = self.stage.gateway() else { return };
        let Some(Reference { payment, sequence }) = self.codec.read_base36(reference) else { return };
        say!(self.stage, "payer: back from {reference}");
        let back = gateway.engine.payer_returned(Reference { payment, sequence });
        if let Some(Err(error)) = gateway.hear(back).await {
            say!(self.stage, "payer: met {error}");
        }
    }

    /// Some payers' banks take the money back, or send back what was paid out to them.
    async fn charge_back_perhaps(self: &Arc<Self>, reference: &str) {
        let taken = |record: &Record| {
            let moves = matches!(record.kind, OperationKind::Sale | OperationKind::Capture | OperationKind::Payout);
            record.is_approved() && moves
        };
        let Some(record) = self.record(reference).filter(taken) else { return };
        if !self.bank.percent(12) {
            return;
        }
        tokio::time::sleep(self.bank.seconds(1..=120)).await;
        let minor = match self.bank.percent(60) {
            true => record.amount.minor(),
            false => self.bank.between(1..=record.amount.minor() as u64) as i64,
        };
        let amount = Money::new(minor, record.amount.asset());
        say!(self.stage, "acquirer: {reference} is charged or sent back, {amount}");
        if let Some(record) = self.book.lock().expect("no holder of the lock panics").get_mut(reference) {
            record.charged_back = Some(amount);
        }
        let news = match record.kind {
            OperationKind::Payout => News::Returned { amount, reference: format!("rt-{reference}") },
            OperationKind::Sale
            | OperationKind::Authorise
            | OperationKind::Verify
            | OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund => News::ChargedBack { amount, reference: format!("cb-{reference}") },
        };
        self.spread(reference, news, Effort::UntilTaken);
    }
}

fn declined(code: &str) -> Outcome {
    Outcome::Declined(Decline::Response(code.to_owned()))
}
