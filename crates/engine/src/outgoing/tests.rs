use florin_store::Form;

use super::{Courier, Guard, NotCallable, Outgoing};

#[test]
fn only_public_addresses_are_permitted() {
    let guard = Guard::default();
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001::1",
        "64:ff9b::7f00:1",
        "ff02::1",
    ] {
        assert!(!guard.permits(address.parse().expect("an address")), "{address}");
    }
    for address in ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"] {
        assert!(guard.permits(address.parse().expect("an address")), "{address}");
    }
    let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
    assert!(guard.permits("127.0.0.1".parse().expect("an address")));
    assert!(guard.permits("::ffff:127.0.0.1".parse().expect("an address")));
    assert!(!guard.permits("10.0.0.1".parse().expect("an address")));
}

#[tokio::test]
async fn a_refused_address_is_never_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let outgoing = Outgoing::new(Guard::default());
    for url in
        [format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/"), format!("http://[::1]:{port}/")]
    {
        let answered = outgoing.send(&url, &Form::default(), Vec::new(), "{}".into()).await;
        assert_eq!((answered.status, answered.note.contains("may not be called")), (None, true), "{url}: {answered:?}");
    }
    assert_eq!(Guard::default().check("127.0.0.1", port).await.err(), Some(NotCallable::NotPublic));
    assert_eq!(Guard::default().check("localhost", port).await.err(), Some(NotCallable::NotPublic));
    assert_eq!(outgoing.guard.check("[::1]", port).await.err(), Some(NotCallable::NotPublic));
    let nobody = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
    assert!(nobody.is_err(), "nobody may have connected");
}
