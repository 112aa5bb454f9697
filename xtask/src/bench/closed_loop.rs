//! The closed loop: every connection sends its next payment when the last one is answered.
//!
//! One thread, one event loop, two system calls a payment: the generator shares the processor with what it measures.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::http::{Answer, PaymentRequest};
use super::latency::Latencies;
use crate::Fallible;

struct Connection {
    stream: TcpStream,
    request: PaymentRequest,
    sent_at: Instant,
    inbox: Vec<u8>,
    filled: usize,
}

/// Pays over `connections` connections for `seconds`, after `warm_up` whose payments do not count.
///
/// # Errors
/// A connection that breaks, or any answer that is not a successful payment.
pub fn run(
    address: SocketAddr,
    request: &PaymentRequest,
    connections: usize,
    warm_up: Duration,
    time: Duration,
) -> Fallible<(Latencies, Duration)> {
    let mut poll = Poll::new()?;
    let mut all = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut connection = Connection::open(address, request.clone())?;
        poll.registry().register(&mut connection.stream, Token(number), Interest::READABLE)?;
        all.push(connection);
    }
    for connection in &mut all {
        connection.send()?;
    }
    let mut events = Events::with_capacity(connections);
    let mut latencies = Latencies::default();
    let begin = Instant::now() + warm_up;
    let end = begin + time;
    let mut last_answer = Instant::now();
    loop {
        poll.poll(&mut events, Some(Duration::from_secs(1)))?;
        for event in &events {
            let connection = &mut all[event.token().0];
            if !connection.receive()? {
                continue;
            }
            let now = Instant::now();
            last_answer = now;
            if now >= begin {
                latencies.add(now - connection.sent_at);
            }
            connection.sent_at = now;
            connection.send()?;
        }
        let now = Instant::now();
        if now >= end {
            return Ok((latencies, now - begin));
        }
        if now - last_answer > Duration::from_secs(10) {
            return Err("no payment was answered for 10 s".into());
        }
    }
}

impl Connection {
    fn open(address: SocketAddr, request: PaymentRequest) -> Fallible<Connection> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let (sent_at, inbox) = (Instant::now(), vec![0; 8192]);
        Ok(Connection { stream: TcpStream::from_std(stream), request, sent_at, inbox, filled: 0 })
    }

    fn send(&mut self) -> Fallible<()> {
        let bytes = self.request.next();
        // A request fits many times into the socket's buffer, which is empty: it was answered.
        let sent = self.stream.write(bytes)?;
        if sent == bytes.len() { Ok(()) } else { Err("the socket took only a part of a request".into()) }
    }

    /// Reads what has arrived; true when it is a whole answer, and a good one.
    fn receive(&mut self) -> Fallible<bool> {
        let read = match self.stream.read(&mut self.inbox[self.filled..]) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.filled += read;
        let Some(answer) = Answer::read(&self.inbox[..self.filled]) else { return Ok(false) };
        if !answer.is_successful() {
            return Err(format!("a payment was not successful:\n{}", answer.text()).into());
        }
        self.filled = 0;
        Ok(true)
    }
}
