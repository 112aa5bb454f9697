//! A signer outside, asked over HTTP (crypto contract, section 11). It is told what is to be paid and with which fee at most, and answers
//! something signed; what that is and whether it may be sent is for whoever asked to check.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use florin_kernel::coin::Units;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::chain::Signature;
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

#[cfg(test)]
mod tests;

/// How long it may take; a person may have to press a button.
const TIMEOUT: Duration = Duration::from_secs(25);
/// The status of an explicit no. Any other that is not a success leaves it open.
const REFUSED: u16 = 422;

/// Where it is, and the secret by which it knows us.
pub struct ExternalSigner {
    url: String,
    key: Secret,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

/// What is to be signed.
pub struct Request<'a> {
    /// Our id of it; the same id is to be answered with the same.
    pub operation_id: &'a str,
    /// The network's name.
    pub network: &'a str,
    /// What is to be signed, in the network's own form.
    pub unsigned: Value,
    /// Addresses and what each is to receive, change left aside.
    pub outputs: Vec<(String, Units)>,
    /// The most that may go to the network.
    pub fee_limit: Units,
}

impl ExternalSigner {
    /// At a URL, with a secret in the form `whsec_…` of Standard Webhooks.
    ///
    /// # Errors
    /// A sentence that does not hold the secret.
    pub fn new(url: &str, secret: &Secret, clock: Arc<dyn Clock>) -> Result<ExternalSigner, String> {
        let encoded = secret.expose().trim().strip_prefix("whsec_").unwrap_or_default();
        match STANDARD.decode(encoded) {
            Ok(key) if key.len() >= 16 => {}
            Ok(_) | Err(_) => {
                return Err("the signer's secret must be whsec_ and 16 bytes or more in Base64".to_owned());
            }
        }
        let client = crate::http::client().timeout(TIMEOUT).user_agent("Florin");
        let client = client.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())?;
        Ok(ExternalSigner { url: url.to_owned(), key: Secret::new(encoded.to_owned()), client, clock })
    }

    /// What it signed.
    ///
    /// # Errors
    /// [`Signature::Refused`] for its explicit no, [`Signature::Unknown`] for everything else.
    pub async fn sign(&self, request: &Request<'_>) -> Result<Value, Signature> {
        let outputs = request.outputs.iter();
        let outputs: Vec<Value> =
            outputs.map(|(address, units)| json!({"address": address, "amount_units": units})).collect();
        let body = json!({
            "operation_id": request.operation_id,
            "network": request.network,
            "kind": "refund",
            "unsigned": request.unsigned,
            "outputs": outputs,
            "fee_limit_units": request.fee_limit,
        });
        let (body, timestamp_s) = (body.to_string(), self.clock.now(Lane::Live).as_second());
        let id = format!("sign_{}", request.operation_id);
        let post = self.client.post(&self.url).header("content-type", "application/json");
        let post = post.header("webhook-signature", self.signature(&id, timestamp_s, &body));
        let post = post.header("webhook-id", id).header("webhook-timestamp", timestamp_s);
        let answer = post.body(body).send().await.map_err(|error| {
            tracing::warn!(error = %error.without_url(), "the signer does not answer");
            Signature::Unknown(Doubt::Lost)
        })?;
        let status = answer.status();
        let document = answer.bytes().await.unwrap_or_default();
        let mut document: Value = serde_json::from_slice(&document).unwrap_or_default();
        match status.as_u16() {
            200..=299 => match document.get_mut("signed") {
                Some(signed) => Ok(signed.take()),
                None => Err(Signature::Unknown(Doubt::Garbled)),
            },
            REFUSED => {
                let why = document.get("error").and_then(Value::as_str).unwrap_or("the signer refuses");
                Err(Signature::Refused(why.chars().take(200).collect()))
            }
            _ => {
                tracing::warn!(%status, "the signer does not sign");
                Err(Signature::Unknown(Doubt::Garbled))
            }
        }
    }

    /// Standard Webhooks: `v1,` and the HMAC of id, time and body.
    fn signature(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let key = STANDARD.decode(self.key.expose()).expect("it was looked at");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key will do");
        mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}
