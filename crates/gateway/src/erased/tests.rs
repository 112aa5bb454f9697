use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::Method;
use axum::routing;
use tower::ServiceExt;

use super::{any, get, get_post, post};

async fn shows(State(state): State<u8>, path: MatchedPath, Path(id): Path<u32>) -> String {
    format!("{state} shows {id} at {}", path.as_str())
}

async fn does(body: String) -> String {
    format!("does {body}")
}

#[tokio::test]
async fn an_erased_handler_answers_as_the_handler_does() {
    let erased = Router::new()
        .route("/get/{id}", get(shows))
        .route("/post/{id}", post(does))
        .route("/both/{id}", get_post(shows, does))
        .route("/any/{id}", any(does));
    let typed = Router::new()
        .route("/get/{id}", routing::get(shows))
        .route("/post/{id}", routing::post(does))
        .route("/both/{id}", routing::get(shows).post(does))
        .route("/any/{id}", routing::any(does));
    let (erased, typed) = (erased.with_state(7), typed.with_state(7));
    for path in ["/get/1", "/get/x", "/post/1", "/both/1", "/both/x", "/any/1", "/none"] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = tell(&erased, &method, path).await;
            assert_eq!(answer, tell(&typed, &method, path).await, "{method} {path}");
        }
    }
    assert!(tell(&erased, &Method::GET, "/both/1").await.ends_with("7 shows 1 at /both/{id}"));
}

/// Status, headers and body.
async fn tell(router: &Router, method: &Method, path: &str) -> String {
    let request = Request::builder().method(method).uri(path).body(Body::from("it")).expect("a request");
    let Ok(answer) = router.clone().oneshot(request).await;
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    format!("{} {:?} {}", parts.status, parts.headers, String::from_utf8_lossy(&body))
}
