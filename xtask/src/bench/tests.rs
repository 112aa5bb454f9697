use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::http::PaymentRequest;
use super::{closed_loop, open_loop};

const SUCCESSFUL: &str = "{\"url\":\"\",\"transaction_status\":\"successful\"}";

/// A server that gives every request on every connection the same answer, in two pieces.
fn server(status: &'static str, body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, status, body));
        }
    });
    address
}

fn answer(mut stream: TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\nserver-timing: gw;dur=0.25\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

#[test]
fn the_closed_loop_counts_what_is_answered() {
    let request = PaymentRequest::cashier("localhost", "key");
    let (warm_up, time) = (Duration::from_millis(10), Duration::from_millis(200));
    let (latency, _) =
        closed_loop::run(server("200 OK", SUCCESSFUL), &request, 4, warm_up, time).expect("good answers");
    assert!(latency.count() > 4, "{} payments", latency.count());
}

#[test]
fn any_other_answer_ends_the_run() {
    let request = PaymentRequest::cashier("localhost", "key");
    for (status, body) in [("200 OK", "{\"transaction_status\":\"pending\"}"), ("503 Service Unavailable", SUCCESSFUL)]
    {
        let found = closed_loop::run(server(status, body), &request, 2, Duration::ZERO, Duration::from_secs(5));
        let error = found.expect_err("the answer is not a successful payment").to_string();
        assert!(error.contains(status) && error.contains(body), "{error}");
    }
}

#[test]
fn the_open_loop_keeps_its_rate() {
    let request = PaymentRequest::cashier("localhost", "key");
    let time = Duration::from_millis(500);
    let measured = open_loop::run(server("200 OK", SUCCESSFUL), &request, 200, time).expect("good answers");
    assert_eq!(measured.latency.count(), 100);
    assert_eq!(measured.gateway.percentiles(&[50.0]), [Duration::from_micros(250)]);
}
