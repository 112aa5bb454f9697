//! How the installation is doing, and what is stuck, by program.

use axum::Json;
use axum::response::{IntoResponse, Response};
use florin_engine::office::{NodeRow, Operation, Stuck, Suspended, Why};
use florin_kernel::PaymentId;
use florin_kernel::public_id::Reference;
use serde_json::{Value, json};

use super::{limit, parsed_scope, scope_value, unavailable};
use crate::admin::Refusal;
use crate::portal::amounts::decimal;
use crate::portal::visit::Guest;

/// `GET /admin/v1/operation`.
pub(in crate::portal) async fn operation(guest: Guest) -> Response {
    guest.engine().office_operation().await.map_err(unavailable).map(|told| Json(doing(&told))).into_response()
}

fn doing(operation: &Operation) -> Value {
    let Operation { backlog, counted_until, database, shared, version, nodes, draining } = operation;
    let node = |row: &NodeRow| {
        json!({
            "node": format!("{:016x}", row.node), "version": row.version, "started_at": row.started_at.to_string(),
            "seen_at": row.seen_at.to_string()
        })
    };
    json!({
        "version": version,
        "draining": draining,
        "database": {"version": database.version, "schema": database.schema, "bytes": database.bytes, "shared": shared},
        "backlog": {
            "commits": backlog.commits, "payments_due": backlog.payments, "webhooks": backlog.events,
            "oldest_webhook_ms": backlog.oldest_event_ms
        },
        "counted_until": counted_until.to_string(),
        "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
    })
}

/// `GET /admin/v1/stuck?merchant_id=&mode=&limit=`.
pub(in crate::portal) async fn stuck(guest: Guest) -> Response {
    let read = async {
        let (engine, scope) = (guest.engine(), parsed_scope(&guest)?);
        let stuck = engine.office_stuck(scope, limit(&guest)? as u32).await.map_err(unavailable)?;
        let (suspended, more) = engine.office_suspense(scope).await.map_err(unavailable)?;
        let mut told = scope_value(scope);
        told.insert("stuck".to_owned(), stuck.rows.iter().map(|stuck| standing(&guest, stuck)).collect());
        told.insert("stuck_more".to_owned(), json!(stuck.more));
        told.insert("suspense".to_owned(), suspended.iter().map(|left| waiting(&guest, left)).collect());
        told.insert("suspense_more".to_owned(), json!(more));
        Ok::<_, Refusal>(Json(Value::Object(told)))
    };
    read.await.into_response()
}

fn printed(guest: &Guest, payment: PaymentId) -> String {
    guest.engine().codec().base36(Reference { payment, sequence: 0 })
}

fn standing(guest: &Guest, stuck: &Stuck) -> Value {
    let Stuck { row, why, wake_at } = stuck;
    let why = match why {
        Why::Unknown => "unknown",
        Why::Review => "review",
        Why::Overdue => "overdue",
    };
    json!({
        "id": printed(guest, row.id), "merchant_id": row.merchant.number(), "why": why, "status": row.word,
        "amount": row.asked.decimal(), "currency": row.asked.asset().code(), "provider": row.provider_name,
        "created_at": row.created_at.to_string(), "goes_on_at": wake_at.map(|at| at.to_string())
    })
}

fn waiting(guest: &Guest, left: &Suspended) -> Value {
    json!({
        "id": printed(guest, left.payment), "amount": decimal(left.minor, &left.asset), "currency": left.asset,
        "at": left.at.to_string()
    })
}
