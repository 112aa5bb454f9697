//! Providers speak unasked: one door for their callbacks.

use std::sync::Arc;

use florin_kernel::payment::{Command, Refusal, Seq};
use florin_kernel::ports::{CallbackError, News, Notice, RawCallback};

use crate::Engine;
use crate::submit::SubmitError;

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
    pub async fn callback(self: &Arc<Self>, driver: &str, raw: &RawCallback) -> Result<(), CallbackRefusal> {
        let provider = self.providers.get(driver).ok_or(CallbackRefusal::NoSuchProvider)?;
        for notice in provider.parse_callback(raw)? {
            self.take_notice(driver, notice).await?;
        }
        Ok(())
    }

    async fn take_notice(self: &Arc<Self>, driver: &str, notice: Notice) -> Result<(), CallbackRefusal> {
        let Some(reference) = self.codec.read_base36(&notice.reference) else {
            tracing::warn!(driver, "a callback names a reference that is not ours; ignored");
            return Ok(());
        };
        let seq = Seq::new(reference.sequence);
        let command = match notice.news {
            News::Outcome(outcome) => Command::Answered { seq, outcome, fallback: None },
            News::ChargedBack { amount, reference } => Command::ChargedBack { seq, moved: amount, reference },
        };
        match self.submit_always(reference.payment, command).await {
            Ok(_) => Ok(()),
            // Between the call and the commit of its answer a chargeback may come first: it is sent again.
            Err(SubmitError::Refused(Refusal::NotFunded)) | Err(SubmitError::Store(_) | SubmitError::Draining) => {
                Err(CallbackRefusal::TryAgain)
            }
            Err(refused @ (SubmitError::NotFound | SubmitError::Refused(_))) => {
                tracing::error!(payment = %reference.payment, driver, %refused, "a callback does not fit its payment; an operator should look");
                Ok(())
            }
        }
    }
}
