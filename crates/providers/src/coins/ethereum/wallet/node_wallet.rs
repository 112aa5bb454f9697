//! A node that holds the key itself and signs without sending (`eth_signTransaction`).

use florin_kernel::payment::Doubt;
use serde_json::{Value, json};

use super::Reply;
use crate::coins::ethereum::rpc::Rpc;
use crate::coins::ethereum::words::unhex;
use crate::coins::json_rpc::RpcError;

/// Asks the node for its signature.
pub(super) async fn sign(rpc: &Rpc, fields: Value) -> Reply {
    let told: Value = match rpc.call("eth_signTransaction", json!([fields])).await {
        Ok(told) => told,
        Err(RpcError::Refused { message, .. }) => return Reply::Refused(format!("the node's wallet: {message}")),
        Err(error) => return Reply::Unknown(error.doubt()),
    };
    // Some answer with the bytes, others with the bytes and what they say.
    let raw = told.as_str().or_else(|| told.get("raw").and_then(Value::as_str)).and_then(unhex);
    raw.map_or(Reply::Unknown(Doubt::Garbled), Reply::Raw)
}
