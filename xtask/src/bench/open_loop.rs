//! The open loop: payments start at fixed times, whether the last ones are answered or not.
//!
//! Latency counts from the time a payment was due, so a server that stalls cannot hide it by slowing the generator down.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::http::{Answer, PaymentRequest};
use super::latency::Latencies;
use crate::Fallible;

/// Threads that pay in turn; one whose answer is late lets its later payments wait, which their latency shows.
const LANES: u32 = 32;

/// What was measured: from due to answered, and inside the gateway by its own account.
#[derive(Default)]
pub struct Measured {
    pub latency: Latencies,
    pub gateway: Latencies,
}

/// Pays `rate` times a second for `time`, after a second that does not count.
///
/// # Errors
/// As the closed loop.
pub fn run(address: SocketAddr, request: &PaymentRequest, rate: u32, time: Duration) -> Fallible<Measured> {
    let start = Instant::now() + Duration::from_millis(100);
    let begin = start + Duration::from_secs(1);
    let end = begin + time;
    let threads: Vec<_> = (0..LANES)
        .map(|lane| {
            let request = request.clone();
            let first = start + Duration::from_secs(1) * lane / rate;
            let period = Duration::from_secs(1) * LANES / rate;
            std::thread::spawn(move || {
                pay(address, request, first, period, begin, end).map_err(|error| error.to_string())
            })
        })
        .collect();
    let mut all = Measured::default();
    for thread in threads {
        let measured = thread.join().map_err(|_| "a thread of the generator panicked")??;
        all.latency.merge(measured.latency);
        all.gateway.merge(measured.gateway);
    }
    Ok(all)
}

fn pay(
    address: SocketAddr,
    mut request: PaymentRequest,
    first: Instant,
    period: Duration,
    begin: Instant,
    end: Instant,
) -> Fallible<Measured> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut measured = Measured::default();
    let mut inbox = vec![0; 8192];
    let mut due = first;
    while due < end {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(request.next())?;
        let gateway_micros = receive(&mut stream, &mut inbox)?;
        if due >= begin {
            measured.latency.add(due.elapsed());
            measured.gateway.add(Duration::from_micros(gateway_micros));
        }
        due += period;
    }
    Ok(measured)
}

/// Waits for an answer; returns the microseconds it spent in the gateway.
fn receive(stream: &mut TcpStream, inbox: &mut [u8]) -> Fallible<u64> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut inbox[filled..])?;
        if read == 0 {
            return Err("the server closed a connection".into());
        }
        filled += read;
        let Some(answer) = Answer::read(&inbox[..filled]) else { continue };
        if !answer.is_successful() {
            return Err(format!("a payment was not successful:\n{}", answer.text()).into());
        }
        return answer.gateway_micros().ok_or_else(|| "an answer has no Server-Timing: gw;dur=…".into());
    }
}
