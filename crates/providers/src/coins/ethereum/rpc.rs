//! What is asked of a node, as what it must be. The exchange itself is [`JsonRpc`]'s.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::coins::json_rpc::{JsonRpc, RpcError};

/// Calls that are sent together; public nodes refuse more.
const BATCH_MAX: usize = 50;
/// JSON-RPC 2.0: the method does not exist.
const NO_SUCH_METHOD: i64 = -32_601;

/// Where a node is.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its URL.
    pub url: String,
    /// A file with `user:password`, where the node asks for a login.
    pub auth_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A call: its method and parameters.
pub type Call = (&'static str, Value);

/// A node that is asked.
pub struct Rpc(JsonRpc);

/// Whether the node does not know the method.
pub fn is_unknown_method(error: &RpcError) -> bool {
    error.code() == Some(NO_SUCH_METHOD)
}

impl Rpc {
    /// A client of a node.
    ///
    /// # Errors
    /// A sentence, when no client can be made.
    pub fn new(node: &Node) -> Result<Rpc, String> {
        JsonRpc::new(&node.url, node.auth_file.as_deref(), node.timeout).map(Rpc)
    }

    /// One call.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn call<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, RpcError> {
        convert(method, self.0.call(method, params).await?)
    }

    /// Several calls in few requests, their outcomes in the same order.
    ///
    /// # Errors
    /// [`RpcError`] when a request as a whole has no answer.
    pub async fn batch(&self, calls: &[Call]) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let mut outcomes = Vec::with_capacity(calls.len());
        for part in calls.chunks(BATCH_MAX) {
            outcomes.extend(self.0.batch(part).await?);
        }
        Ok(outcomes)
    }

    /// As [`Rpc::batch`], where each of the calls must have a result of one kind.
    ///
    /// # Errors
    /// [`RpcError`] of the first that has none.
    pub async fn all<T: DeserializeOwned>(&self, calls: &[Call]) -> Result<Vec<T>, RpcError> {
        let outcomes = self.batch(calls).await?;
        let one = |(outcome, (method, _)): (Result<Value, RpcError>, &Call)| convert(method, outcome?);
        outcomes.into_iter().zip(calls).map(one).collect()
    }
}

/// A result as what it must be.
///
/// # Errors
/// [`RpcError::Garbled`] where it is something else.
pub fn convert<T: DeserializeOwned>(method: &str, result: Value) -> Result<T, RpcError> {
    serde_json::from_value(result).map_err(|error| RpcError::Garbled(format!("{method}: {error}")))
}
