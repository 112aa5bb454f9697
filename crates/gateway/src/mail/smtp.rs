//! Mail servers (SMTP): by STARTTLS or TLS, and in the clear on this machine alone.

use std::time::Duration;

use async_trait::async_trait;
use florin_engine::mail::Mailer;
use florin_kernel::Timestamp;
use florin_kernel::mail::{Attempted, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::message::compose;
use super::settings::{Encryption, MailServer, Sender};

#[cfg(test)]
mod tests;

/// For one step of the conversation.
const STEP_MAX: Duration = Duration::from_secs(20);
/// For all of it; an e-mail that takes longer is tried again, and a worker that takes longer counts as dead.
const CARRY_MAX: Duration = Duration::from_secs(60);

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
}

impl Smtp {
    /// The server by its settings; nothing is connected yet.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(server: &MailServer) -> Result<Smtp, String> {
        Smtp::trusting(server, None)
    }

    /// As [`Smtp::new`]; certificates are the machine's to judge, and one more authority's.
    fn trusting(server: &MailServer, authority: Option<Certificate>) -> Result<Smtp, String> {
        let said = |error: Error| format!("mail.url: {error}");
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(server.url.expose()).map_err(said)?;
        let parameters = TlsParameters::builder(server.host.clone());
        let parameters = match authority {
            Some(authority) => parameters.add_root_certificate(authority),
            None => parameters,
        };
        let tls = match server.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(parameters.build().map_err(said)?),
            Encryption::Tls => Tls::Wrapper(parameters.build().map_err(said)?),
        };
        let name = ClientId::Domain(server.sender.from.email.domain().to_owned());
        let transport = builder.tls(tls).hello_name(name).timeout(Some(STEP_MAX)).build();
        Ok(Smtp { transport, sender: server.sender.clone() })
    }

    /// Whether the server can be reached and takes our greeting, our encryption and our password.
    ///
    /// # Errors
    /// What it says.
    pub async fn check(&self) -> Result<(), String> {
        match tokio::time::timeout(STEP_MAX, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("it hangs up".to_owned()),
            Ok(Err(error)) => Err(sentence(&error)),
            Err(_) => Err(format!("no answer within {} s", STEP_MAX.as_secs())),
        }
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn carry(&self, reference: &str, message: &Message, written_at: Timestamp) -> Attempted {
        let message = match compose(reference, message, written_at, &self.sender) {
            Ok(message) => message,
            Err(trouble) => return Attempted::Never(trouble),
        };
        match tokio::time::timeout(CARRY_MAX, self.transport.send(message)).await {
            Ok(Ok(_)) => Attempted::Sent,
            Ok(Err(error)) if is_for_good(&error) => Attempted::Never(sentence(&error)),
            Ok(Err(error)) => Attempted::NotNow(sentence(&error)),
            Err(_) => Attempted::NotNow(format!("not taken within {} s", CARRY_MAX.as_secs())),
        }
    }
}

/// Whether the server will never take this e-mail (a reply of 5yz), unless what it refuses is us: then an operator can mend it.
fn is_for_good(error: &Error) -> bool {
    // RFC 4954, 6: authentication required, weak, failed, encryption needed.
    let of_us = ["530", "534", "535", "538"];
    error.is_permanent() && error.status().is_none_or(|code| !of_us.contains(&code.to_string().as_str()))
}

/// What went wrong, with its causes.
fn sentence(error: &Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // Some causes repeat what their effect said.
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}
