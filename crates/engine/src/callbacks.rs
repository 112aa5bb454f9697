//! Providers speak unasked: one door for their callbacks.

use std::sync::Arc;

use florin_kernel::payment::{Command, Payment, Refusal, Seq};
use florin_kernel::ports::{CallbackError, News, Notice, RawCallback};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{self, Withdrawal};

use crate::submit::SubmitError;
use crate::{Boxed, Engine};

/// Why a callback was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallbackRefusal {
    /// No such driver.
    #[error("no such provider")]
    NoSuchProvider,
    /// It is not authentic or not readable.
    #[error(transparent)]
    NotBelieved(#[from] CallbackError),
    /// It could not be stored; the provider should send it again.
    #[error("the callback could not be stored")]
    TryAgain,
}

impl Engine {
    /// Takes a callback: when this returns `Ok`, what it said is on disk or needs no keeping.
    ///
    /// # Errors
    /// [`CallbackRefusal`]; nothing has changed then, or a part that may be sent again.
    pub fn callback<'a>(
        self: &'a Arc<Self>,
        driver: &'a str,
        raw: &'a RawCallback,
    ) -> Boxed<'a, Result<(), CallbackRefusal>> {
        Box::pin(async move {
            let provider = self.providers.get(driver).ok_or(CallbackRefusal::NoSuchProvider)?;
            for notice in provider.parse_callback(raw)? {
                self.take_notice(driver, notice).await?;
            }
            Ok(())
        })
    }

    async fn take_notice(self: &Arc<Self>, driver: &str, notice: Notice) -> Result<(), CallbackRefusal> {
        let Some(reference) = self.codec.read_base36(&notice.reference) else {
            tracing::warn!(driver, "a callback names a reference that is not ours; ignored");
            return Ok(());
        };
        match self.submit_news(reference, notice.news).await {
            Ok(()) => Ok(()),
            // Between the call and the commit of its answer a chargeback or return may come first: it is sent again.
            Err(
                SubmitError::Refused(Refusal::NotFunded)
                | SubmitError::WithdrawalRefused(withdrawal::Refusal::NotPaid)
                | SubmitError::Store(_)
                | SubmitError::Draining,
            ) => Err(CallbackRefusal::TryAgain),
            Err(
                refused @ (SubmitError::NotFound
                | SubmitError::Refused(_)
                | SubmitError::WithdrawalRefused(_)
                | SubmitError::Taken(_)
                | SubmitError::BalanceInsufficient),
            ) => {
                tracing::error!(payment = %reference.payment, driver, %refused, "a callback does not fit its payment; an operator should look");
                Ok(())
            }
        }
    }

    /// Tells what happened to whom it happened: an id does not say whether it is a payment's, and most are.
    async fn submit_news(self: &Arc<Self>, reference: Reference, news: News) -> Result<(), SubmitError> {
        let (id, seq) = (reference.payment, Seq::new(reference.sequence));
        match news {
            News::Report(report) => {
                let outcome = report.outcome.clone();
                let command = Command::Answered { seq, report, fallback: None };
                match self.submit_always::<Payment>(id, command).await {
                    Err(SubmitError::NotFound) => {
                        let command = withdrawal::Command::Answered { seq, outcome, resolution: None };
                        self.submit_always::<Withdrawal>(id, command).await.map(drop)
                    }
                    other => other.map(drop),
                }
            }
            News::ChargedBack { amount, reference } => {
                let command = Command::ChargedBack { seq, moved: amount, reference };
                self.submit_always::<Payment>(id, command).await.map(drop)
            }
            News::Returned { amount, reference } => {
                let command = withdrawal::Command::Returned { seq, moved: amount, reference };
                self.submit_always::<Withdrawal>(id, command).await.map(drop)
            }
        }
    }
}
