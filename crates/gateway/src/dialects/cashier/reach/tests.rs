//! Code 1229 as section 14.4 of the contract judges it.

use florin_engine::outgoing::Guard;
use florin_kernel::payment::Mode;
use tokio::net::TcpListener;

use super::Reach;
use crate::dialects::cashier::settings::WebhookCheck;

#[tokio::test]
async fn judges_as_deep_as_the_setting_says() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream)
        }
    });
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let allowing = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let (off, resolve, connect) = (WebhookCheck::Off, WebhookCheck::Resolve, WebhookCheck::Connect);
    for (guard, check, scheme, host, port, available) in [
        (&allowing, connect, "http", "127.0.0.1", open, true),
        // It takes connections and does not speak TLS.
        (&allowing, connect, "https", "127.0.0.1", open, false),
        (&allowing, connect, "http", "127.0.0.1", closed, false),
        (&allowing, resolve, "https", "127.0.0.1", closed, true),
        (&Guard::default(), resolve, "http", "127.0.0.1", open, false),
        (&Guard::default(), off, "http", "127.0.0.1", open, true),
        (&Guard::default(), connect, "https", "shop.example", 443, true),
    ] {
        let url = format!("{scheme}://{host}:{port}/hook");
        let found = Reach::default().is_available(guard, &url, check, Mode::Dev).await;
        assert_eq!(found, available, "{check:?} {url}");
    }
}
