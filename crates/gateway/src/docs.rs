//! stub
use axum::response::IntoResponse;
pub async fn cashier_document() -> impl IntoResponse { "" }
pub async fn index() -> impl IntoResponse { "" }
pub async fn cashier() -> impl IntoResponse { "" }
