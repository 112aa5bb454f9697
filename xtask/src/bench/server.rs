//! The release binary under load over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::http::PaymentRequest;
use super::latency::Latencies;
use super::{closed_loop, open_loop};
use crate::Fallible;
use crate::process::{Guarded, dying_with_us, processor_time, resident_max_kib};

/// The binary, running with demo data.
pub struct Server {
    process: Guarded,
    pub address: SocketAddr,
    /// From the start of the process to its ready line.
    pub ready_after: Duration,
}

/// One closed-loop measurement.
pub struct Closed {
    pub connections: usize,
    pub payments: usize,
    pub time: Duration,
    pub latency: Latencies,
    /// Processor time a payment, in the server and in the generator.
    pub server_time: Duration,
    pub generator_time: Duration,
    /// The highest resident memory so far.
    pub resident_kib: u64,
}

/// All that was measured over HTTP.
pub struct Measured {
    pub closed: Vec<Closed>,
    /// The same payment in the v3 dialect, before and after `beside`.
    pub v3: [Closed; 2],
    /// The cashier dialect once more, on a file that has grown as much: a growing file makes every later run slower.
    pub beside: Closed,
    pub open_rate: u32,
    pub open: open_loop::Measured,
}

const WARM_UP: Duration = Duration::from_secs(3);
const OPEN_RATE: u32 = 1000;

/// Measures the binary at 64, 16 and 256 connections, in another dialect, and at a fixed rate.
///
/// # Errors
/// The server does not start, or an answer is not a successful payment.
pub fn measure(binary: &Path, folder: &Path, seconds: u64) -> Fallible<Measured> {
    let mut server = Server::start(binary, folder, None)?;
    let host = server.address.to_string();
    let request = PaymentRequest::cashier(&host, &demo(folder, &["cashier", "api_key"])?);
    let half = seconds.div_ceil(2);
    let mut closed = server.closed_loops(&request, &[(64, seconds)])?;
    eprintln!("bench: 64 connections in the v3 dialect, in the cashier's, in v3 again, {half} s each");
    let [entity_id, token] = ["entity_id", "access_token"].map(|name| demo(folder, &["v3", name]));
    let in_v3 = PaymentRequest::v3(&host, &entity_id?, &token?);
    let run = |request| server.closed(request, 64, Duration::from_secs(half));
    let (before, beside, after) = (run(&in_v3)?, run(&request)?, run(&in_v3)?);
    let v3 = [before, after];
    closed.extend(server.closed_loops(&request, &[(16, half), (256, half)])?);
    eprintln!("bench: {OPEN_RATE} payments a second, {half} s");
    let open = open_loop::run(server.address, &request, OPEN_RATE, Duration::from_secs(half))?;
    server.stop()?;
    Ok(Measured { closed, v3, beside, open_rate: OPEN_RATE, open })
}

/// Measures the binary on a database at numbers of connections, each for so many seconds.
///
/// # Errors
/// The server does not start, or an answer is not a successful payment.
pub fn closed_loops(
    binary: &Path,
    folder: &Path,
    database: Option<&str>,
    runs: &[(usize, u64)],
) -> Fallible<Vec<Closed>> {
    let mut server = Server::start(binary, folder, database)?;
    let request = PaymentRequest::cashier(&server.address.to_string(), &demo(folder, &["cashier", "api_key"])?);
    let closed = server.closed_loops(&request, runs)?;
    server.stop()?;
    Ok(closed)
}

impl Server {
    /// Starts the binary on a free port with its data in `folder`, or in a PostgreSQL database.
    ///
    /// # Errors
    /// It ends, or says nothing for a minute.
    pub fn start(binary: &Path, folder: &Path, database: Option<&str>) -> Fallible<Server> {
        std::fs::create_dir_all(folder)?;
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log"))?;
        let begin = Instant::now();
        let mut command = dying_with_us(binary, None);
        command.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"]).arg(folder);
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        let mut process = Guarded(command.stdout(Stdio::piped()).stderr(log).spawn()?);
        let output = process.0.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        for line in &mut lines {
            let line = line?;
            if let Some(address) = line.strip_prefix("florin ready on http://") {
                let (ready_after, address) = (begin.elapsed(), address.trim().parse()?);
                // What it prints later must not fill the pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Server { process, address, ready_after });
            }
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        Err(format!("the server ended before it was ready:\n{log}").into())
    }

    /// Asks for `/healthz` until it answers 200.
    ///
    /// # Errors
    /// It answers something else.
    pub fn healthy(&self) -> Fallible<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        if &answer == b"HTTP/1.1 200" { Ok(()) } else { Err("/healthz does not answer 200".into()) }
    }

    /// Ends the server as an operator does.
    ///
    /// # Errors
    /// It does not drain and end within half a minute.
    pub fn stop(&mut self) -> Fallible<()> {
        self.process.stop("-TERM", Duration::from_secs(30))
    }

    fn closed_loops(&self, request: &PaymentRequest, runs: &[(usize, u64)]) -> Fallible<Vec<Closed>> {
        let measure = |(connections, seconds): &(usize, u64)| {
            eprintln!("bench: {connections} connections, {seconds} s");
            self.closed(request, *connections, Duration::from_secs(*seconds))
        };
        runs.iter().map(measure).collect()
    }

    fn closed(&self, request: &PaymentRequest, connections: usize, time: Duration) -> Fallible<Closed> {
        let (server, generator) = (self.process.0.id(), std::process::id());
        let before = (processor_time(server)?, processor_time(generator)?);
        let begin = Instant::now();
        let (latency, time) = closed_loop::run(self.address, request, connections, WARM_UP, time)?;
        let share = time.as_secs_f64() / begin.elapsed().as_secs_f64();
        let payments = latency.count();
        let each = |used: Duration| used.mul_f64(share / payments.max(1) as f64);
        Ok(Closed {
            connections,
            payments,
            time,
            latency,
            server_time: each(processor_time(server)? - before.0),
            generator_time: each(processor_time(generator)? - before.1),
            resident_kib: resident_max_kib(server)?,
        })
    }
}

/// One of the demo merchant's credentials.
fn demo(folder: &Path, path: &[&str]) -> Fallible<String> {
    let text = std::fs::read_to_string(folder.join("demo.json"))?;
    let demo: serde_json::Value = serde_json::from_str(&text)?;
    let value = path.iter().fold(&demo, |value, key| &value[*key]);
    let text = value.as_str().ok_or_else(|| format!("demo.json has no {}", path.join(".")))?;
    Ok(text.to_owned())
}
