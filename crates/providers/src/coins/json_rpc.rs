//! JSON-RPC over HTTP, as chains' nodes speak it. Nothing is tried again here: whether that does harm is known by who calls.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::chain::ChainError;
use serde_json::{Value, json};

#[cfg(test)]
pub(crate) mod tests;

/// The largest answer that is read: a block in hexadecimal is 8 MB at most.
const ANSWER_MAX: usize = 64 << 20;

/// A node's address, with what it takes to be let in.
#[derive(Clone)]
pub struct JsonRpc {
    client: reqwest::Client,
    url: String,
    auth_file: Option<PathBuf>,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// Surely nothing was sent.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It may have been heard.
    #[error("no answer in time")]
    TimedOut,
    /// It may have been heard.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// The login is refused, or its file cannot be read; nothing was done.
    #[error("no login: {0}")]
    Login(String),
    /// An answer that is none: HTML, another protocol, a cut document.
    #[error("an answer that cannot be read: {0}")]
    Garbled(String),
    /// The node's own no.
    #[error("{message} ({code})")]
    Refused {
        /// The node's code.
        code: i64,
        /// Its words.
        message: String,
    },
}

impl RpcError {
    /// The node's code, where it answered a no.
    pub fn code(&self) -> Option<i64> {
        match self {
            RpcError::Refused { code, .. } => Some(*code),
            RpcError::Unreachable(_)
            | RpcError::TimedOut
            | RpcError::Lost(_)
            | RpcError::Login(_)
            | RpcError::Garbled(_) => None,
        }
    }

    /// Why what was asked for is not known to be done.
    pub fn doubt(&self) -> Doubt {
        match self {
            RpcError::TimedOut => Doubt::TimedOut,
            RpcError::Garbled(_) | RpcError::Refused { .. } => Doubt::Garbled,
            RpcError::Unreachable(_) | RpcError::Lost(_) | RpcError::Login(_) => Doubt::Lost,
        }
    }
}

impl From<RpcError> for ChainError {
    fn from(error: RpcError) -> ChainError {
        ChainError::Unavailable(error.to_string())
    }
}

impl JsonRpc {
    /// A node at a URL. The file holds `user:password` in one line, as a node's cookie does; it is read for every call, since a node
    /// writes a new one when it starts.
    ///
    /// # Errors
    /// A sentence, when no client can be made.
    pub fn new(url: &str, auth_file: Option<&Path>, timeout: Duration) -> Result<JsonRpc, String> {
        let client = crate::http::client().timeout(timeout).no_proxy().user_agent("Florin");
        // A node closes what was idle for long; it should not do so just when something is sent.
        let client = client.pool_idle_timeout(Duration::from_secs(10));
        let client = client.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(JsonRpc { client, url, auth_file: auth_file.map(Path::to_owned) })
    }

    /// The same node at a path below its URL.
    #[must_use]
    pub fn at(&self, path: &str) -> JsonRpc {
        JsonRpc { url: format!("{}{path}", self.url), ..self.clone() }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let answer = self.exchange(&request(0, method, &params)).await?;
        result(answer)
    }

    /// Calls methods, all in one message; a result or a no for each, in their order.
    ///
    /// # Errors
    /// [`RpcError`] when the message as a whole has no answer.
    pub async fn batch(&self, calls: &[(&str, Value)]) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let requests = calls.iter().enumerate().map(|(id, (method, params))| request(id, method, params));
        let Value::Array(answers) = self.exchange(&Value::Array(requests.collect())).await? else {
            return Err(RpcError::Garbled("not one answer for each call".to_owned()));
        };
        let mut results: Vec<Option<Result<Value, RpcError>>> = vec![None; calls.len()];
        for answer in answers {
            let id = answer.get("id").and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
            if let Some(place) = id.and_then(|id| results.get_mut(id)) {
                *place = Some(result(answer));
            }
        }
        let all: Option<Vec<_>> = results.into_iter().collect();
        all.ok_or_else(|| RpcError::Garbled("not one answer for each call".to_owned()))
    }

    async fn exchange(&self, body: &Value) -> Result<Value, RpcError> {
        let mut request = self.client.post(&self.url).header("content-type", "application/json").body(body.to_string());
        if let Some(file) = &self.auth_file {
            let login = std::fs::read_to_string(file);
            let login = login.map_err(|error| RpcError::Login(format!("{}: {error}", file.display())))?;
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(login.trim())));
        }
        let mut response = request.send().await.map_err(|error| trouble(&error))?;
        let status = response.status();
        if matches!(status.as_u16(), 401 | 403) {
            return Err(RpcError::Login(format!("HTTP {status}")));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
            document.extend_from_slice(&chunk);
            if document.len() > ANSWER_MAX {
                return Err(RpcError::Garbled("it is too large".to_owned()));
            }
        }
        // A no comes with HTTP 500 and the same JSON.
        serde_json::from_slice(&document).map_err(|_| RpcError::Garbled(format!("HTTP {status}, not JSON")))
    }
}

fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn result(mut answer: Value) -> Result<Value, RpcError> {
    match answer.get("error") {
        None | Some(Value::Null) => {}
        Some(error) => {
            let code = error.get("code").and_then(Value::as_i64);
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
            return Err(match code {
                Some(code) => RpcError::Refused { code, message: message.to_owned() },
                None => RpcError::Garbled("an error without a code".to_owned()),
            });
        }
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(RpcError::Garbled("neither a result nor an error".to_owned())),
    }
}

/// The reason of a failed exchange. URLs are left out: they may hold a key.
fn trouble(error: &reqwest::Error) -> RpcError {
    let mut why = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        why = inner.to_string();
        cause = inner.source();
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, _) => RpcError::Unreachable(why),
        (false, true) => RpcError::TimedOut,
        (false, false) => RpcError::Lost(why),
    }
}
